//! The figures that may not get worse, as a small file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Score;
use super::Scores;

/// By workload.
pub type Figures = BTreeMap<String, Figure>;

/// One workload's. Less is better for all but the shares told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Error of the time lag, in seconds: half of the samples are at or below this.
    pub p50: f64,
    /// 95 of 100 are.
    pub p95: f64,
    /// All are.
    pub max: f64,
    /// Samples with something unread and no number.
    pub unknown: u64,
    /// Samples with the truth outside of provable bounds.
    pub outside: u64,
    /// False alarms.
    pub false_alarms: u64,
    /// Samples of rows of which only "older than" was told.
    #[serde(default)]
    pub open: u64,
    /// By status: the slowest of 95 of 100 delays in seconds.
    pub delay: BTreeMap<String, f64>,
    /// By status: how many were not told within what the rules imply.
    pub late: BTreeMap<String, u64>,
    /// Minutes in which a wrong cause was told.
    #[serde(default)]
    pub wrong: u64,
    /// Minutes of knowable cases in which no cause was told.
    #[serde(default)]
    pub silent: u64,
}

/// The figures of all workloads.
pub fn figures(scores: &Scores) -> Figures {
    scores
        .iter()
        .map(|((_, name), score)| ((*name).to_owned(), figure(score)))
        .collect()
}

fn figure(score: &Score) -> Figure {
    let ours = &score.time_lags.ours;
    let mut figure = Figure {
        p50: rounded(ours.quantile(0.5)),
        p95: rounded(ours.quantile(0.95)),
        max: rounded(ours.quantile(1.0)),
        unknown: score.time_lags.unknown,
        open: score.time_lags.open,
        outside: score.time_lags.outside,
        false_alarms: score.verdicts.alarms(),
        wrong: score.diagnoses.spoken - score.diagnoses.right,
        silent: score.diagnoses.knowable - score.diagnoses.answered,
        ..Figure::default()
    };
    for (status, delays) in &score.verdicts.delays {
        let late = delays.iter().filter(|d| !d.in_time()).count() as u64;
        let told = delays.iter().filter_map(|d| d.told);
        let slowest = rounded(quantile(told, 0.95));
        figure.delay.insert((*status).to_owned(), slowest);
        figure.late.insert((*status).to_owned(), late);
    }
    figure
}

/// The value that this share of them does not exceed; 0 of none.
pub fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let place = (share * last as f64).ceil() as usize;
    sorted.get(place).copied().unwrap_or(0.0)
}

/// To a tenth; 0 where there is nothing to measure.
fn rounded(seconds: f64) -> f64 {
    if seconds.is_finite() {
        (seconds * 10.0).round() / 10.0
    } else {
        0.0
    }
}

impl Figure {
    /// What is worse than in `before`, in words.
    pub fn worse_than(&self, before: &Self) -> Vec<String> {
        let mut worse = Vec::new();
        let mut hold = |what: &str, now: f64, then: f64, slack: f64| {
            if now > then + slack {
                worse.push(format!("{what}: {now}, was {then}"));
            }
        };
        // Another platform's sines differ in the last bit: a tenth is no difference.
        let slack = |then: f64| 0.15 + 0.02 * then;
        hold("p50", self.p50, before.p50, slack(before.p50));
        hold("p95", self.p95, before.p95, slack(before.p95));
        hold("max", self.max, before.max, slack(before.max));
        hold("unknown", self.unknown as f64, before.unknown as f64, 2.0);
        hold("outside", self.outside as f64, before.outside as f64, 0.0);
        let alarms = (self.false_alarms as f64, before.false_alarms as f64);
        hold("false alarms", alarms.0, alarms.1, 0.0);
        for (status, then) in &before.delay {
            let now = self.delay.get(status).copied().unwrap_or(f64::INFINITY);
            hold(&format!("delay of {status}"), now, *then, 10.0);
        }
        for (status, then) in &before.late {
            let now = self.late.get(status).copied().unwrap_or(u64::MAX);
            hold(&format!("late {status}"), now as f64, *then as f64, 0.0);
        }
        hold("open", self.open as f64, before.open as f64, 2.0);
        let (wrong, silent) = (before.wrong as f64, before.silent as f64);
        hold("wrong causes", self.wrong as f64, wrong, 2.0);
        hold("no cause", self.silent as f64, silent, 3.0);
        worse
    }
}
