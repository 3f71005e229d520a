//! The rules in force and how they fare, for faces.

use std::sync::Arc;

use super::rules::{Rule, RuleGroup};
use super::state::RuleState;
use super::template::LabelMap;
use crate::model::{Span, Timestamp};

/// Rules that are evaluated together.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupView {
    /// The file that it stands in.
    pub file: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// How often it is evaluated.
    pub interval: Span,
    /// The most alerts that a rule of it may have; 0: any number.
    pub limit: usize,
    /// Its rules, in order.
    pub rules: Vec<RuleView>,
}

/// An alert rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleView {
    /// The name of its alerts.
    pub name: Arc<str>,
    /// Its expression, as it was written.
    pub query: Arc<str>,
    /// How long it must hold before it fires.
    pub hold_for: Span,
    /// How long it goes on firing after it held last.
    pub keep_firing_for: Span,
    /// Its labels, as they were written.
    pub labels: LabelMap,
    /// Its annotations, as they were written.
    pub annotations: LabelMap,
    /// Why its last evaluation failed, if it did.
    pub error: Option<Arc<str>>,
    /// When it was last evaluated.
    pub evaluated: Option<Timestamp>,
}

pub(super) fn group<'a>(
    group: &RuleGroup,
    states: impl Iterator<Item = Option<&'a RuleState>>,
) -> GroupView {
    let rules = group.rules.iter().zip(states);
    GroupView {
        file: Arc::clone(&group.file),
        name: Arc::clone(&group.name),
        interval: group.interval,
        limit: group.limit,
        rules: rules.map(|(r, state)| rule(r, state)).collect(),
    }
}

fn rule(rule: &Rule, state: Option<&RuleState>) -> RuleView {
    RuleView {
        name: Arc::clone(&rule.name),
        query: Arc::clone(&rule.text),
        hold_for: rule.hold_for,
        keep_firing_for: rule.keep_firing_for,
        labels: rule.written_labels.clone(),
        annotations: rule.written_annotations.clone(),
        error: state.and_then(|s| s.error.clone()),
        evaluated: state.and_then(|s| s.evaluated),
    }
}
