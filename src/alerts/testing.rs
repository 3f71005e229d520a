//! The evaluator on series given by hand, for tests against a real Prometheus.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::eval::{evaluate, vector};
use super::expr::compile;
use super::frame::{Frame, Label, Source};
use super::rules::{self, RuleGroup};
use super::state::{RuleState, Surroundings, tell_alerts};
use crate::catalog::{self, Doubt, Graded, Options};
use crate::model::{Alert, RuleFile, RulePlace, Snapshot, Timestamp};

/// Labels of a sample.
pub type Labels = BTreeMap<String, String>;

/// Series by name, each with its samples of one instant. All are known.
#[derive(Clone, Debug, Default)]
pub struct Given(pub BTreeMap<String, Vec<(Labels, f64)>>);

impl Given {
    /// What a scrape gets of a snapshot: values without how sure they are.
    pub fn scraped(snapshot: &Snapshot) -> Self {
        let mut given = Self::default();
        for series in catalog::all() {
            let samples = given.0.entry(series.name.to_owned()).or_default();
            series.samples(snapshot, &Options::default(), &mut |labels, value| {
                let labels = labels
                    .iter()
                    .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
                samples.push((labels.collect(), value));
            });
        }
        given
    }
}

impl Source for Given {
    fn samples(&self, name: &str, sink: &mut dyn FnMut(&[Label<'_>], Graded)) {
        for (labels, value) in self.0.get(name).into_iter().flatten() {
            let labels: Vec<Label<'_>> = labels.iter().map(|(n, v)| (&**n, &**v)).collect();
            let graded = Graded {
                value: Some(*value),
                doubt: Doubt::None,
            };
            sink(&labels, graded);
        }
    }
}

/// What an expression gives, without the series' name.
///
/// # Errors
///
/// What is wrong with it.
pub fn instant(expr: &str, given: &Given) -> Result<Vec<(Labels, f64)>, String> {
    let mut frame = Frame::new(given);
    let value = evaluate(&compile(expr)?, &mut frame)?;
    let samples = vector(value, &mut frame);
    let labels = |set| {
        let texts = frame.texts(set);
        texts.map(|(n, v)| (n.to_string(), v.to_string())).collect()
    };
    let known = samples.iter().filter_map(|s| Some((s.labels, s.value?)));
    Ok(known.map(|(set, value)| (labels(set), value)).collect())
}

/// Rules over time, on series given by hand; series need not be the catalog's.
#[derive(Debug)]
pub struct OverTime {
    groups: Vec<RuleGroup>,
    states: Vec<RuleState>,
}

impl OverTime {
    /// Rules that have seen nothing.
    ///
    /// # Errors
    ///
    /// Every error in the file.
    pub fn new(text: &str) -> Result<Self, String> {
        let file = RuleFile {
            name: "rules.yml".into(),
            text: text.into(),
        };
        let groups = rules::load_any(&[file]).map_err(|errors| {
            let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })?;
        let count = groups.iter().map(|g| g.rules.len()).sum();
        let states = std::iter::repeat_with(RuleState::default);
        Ok(Self {
            groups,
            states: states.take(count).collect(),
        })
    }

    /// All alerts after an evaluation of all rules at `at`.
    pub fn evaluate(&mut self, at: Timestamp, given: &Given) -> Vec<Alert> {
        let mut frame = Frame::new(given);
        let now = Surroundings {
            at,
            cluster_label: "kafka_cluster",
            unread: Vec::new(),
        };
        let place = RulePlace {
            file: Arc::from("rules.yml"),
            ..RulePlace::default()
        };
        let rules = self.groups.iter().flat_map(|g| &g.rules);
        let mut alerts = Vec::new();
        for (i, rule) in rules.enumerate() {
            tell_alerts(self.states.iter(), &mut frame);
            self.states[i].evaluate(rule, 0, &now, &mut frame);
            alerts.extend(self.states[i].alerts(rule, &place));
        }
        alerts
    }
}
