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
    /// By status: the slowest of 95 of 100 delays in seconds.
    pub delay: BTreeMap<String, f64>,
    /// By status: how many were never told.
    pub missed: BTreeMap<String, u64>,
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
        outside: score.time_lags.outside,
        false_alarms: score.verdicts.alarms(),
        ..Figure::default()
    };
    for (status, delays) in &score.verdicts.delays {
        let name = status.name().to_owned();
        let missed = delays.iter().filter(|d| d.is_none()).count() as u64;
        figure
            .delay
            .insert(name.clone(), rounded(slowest(delays, 0.95)));
        figure.missed.insert(name, missed);
    }
    figure
}

/// The delay that this share of those told does not exceed.
pub fn slowest(delays: &[Option<f64>], share: f64) -> f64 {
    let mut told: Vec<f64> = delays.iter().flatten().copied().collect();
    told.sort_unstable_by(f64::total_cmp);
    let last = told.len().saturating_sub(1);
    told.get((share * last as f64).ceil() as usize)
        .copied()
        .unwrap_or(0.0)
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
        for (status, then) in &before.missed {
            let now = self.missed.get(status).copied().unwrap_or(u64::MAX);
            hold(&format!("missed {status}"), now as f64, *then as f64, 0.0);
        }
        worse
    }
}
