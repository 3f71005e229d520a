//! The rules in force and how they fare, for faces.

use std::sync::Arc;

use super::rules;
use super::state::RuleState;
use crate::model::{Rule, RuleGroup};

pub(super) fn group<'a>(
    group: &rules::RuleGroup,
    states: impl Iterator<Item = Option<&'a RuleState>>,
) -> RuleGroup {
    let rules = group.rules.iter().zip(states);
    RuleGroup {
        file: Arc::clone(&group.file),
        name: Arc::clone(&group.name),
        interval: group.interval,
        limit: group.limit as u64,
        rules: rules.map(|(r, state)| rule(r, state)).collect(),
    }
}

fn rule(rule: &rules::Rule, state: Option<&RuleState>) -> Rule {
    Rule {
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
