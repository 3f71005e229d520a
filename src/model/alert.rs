//! Alerts: instances of rules, pending or firing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::time::{Span, Timestamp};

/// Where an alert stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It holds, and has for longer than the rule's `for`.
    Firing,
    /// It holds.
    Pending,
    /// It held lately.
    Resolved,
}

/// One instance of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Alert {
    /// The rule's name.
    pub name: Arc<str>,
    /// Where it stands.
    pub state: AlertState,
    /// Which rule it is an instance of.
    #[serde(default)]
    pub rule: RulePlace,
    /// Its identity.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// What it says.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
    /// The expression's value when last evaluated.
    pub value: Option<f64>,
    /// Since when it holds.
    pub active_since: Timestamp,
    /// When it began to fire, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
    /// When it was resolved, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// Why a transition towards resolved is withheld, if it is.
    pub held: Option<Arc<str>>,
    /// What the value is held against, where the rule compares it with a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Who keeps it from being told, if somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silenced: Option<Silenced>,
    /// How telling somebody of it went the last time, if it was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// A silence that an alert lies under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Silenced {
    /// Until when.
    pub until: Timestamp,
    /// By whom.
    pub by: Arc<str>,
    /// Why.
    pub why: Arc<str>,
}

/// A try to tell a receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Delivery {
    /// When.
    pub at: Timestamp,
    /// Whom.
    pub receiver: Arc<str>,
    /// What went wrong, if anything did.
    pub failure: Option<Arc<str>>,
}

/// Rules that are evaluated together, and how they fare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RuleGroup {
    /// The file that it stands in.
    pub file: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// How often it is evaluated.
    pub interval: Span,
    /// The most alerts that a rule of it may have; 0: any number.
    pub limit: u64,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

/// An alert rule, and how it fares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rule {
    /// The name of its alerts.
    pub name: Arc<str>,
    /// Its expression, as it was written.
    pub query: Arc<str>,
    /// How long it must hold before it fires.
    pub hold_for: Span,
    /// How long it goes on firing after it held last.
    pub keep_firing_for: Span,
    /// Its labels, as they were written.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Its annotations, as they were written.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
    /// Why its last evaluation failed, if it did; its alerts are then as they were.
    pub error: Option<Arc<str>>,
    /// When it was last evaluated.
    pub evaluated: Option<Timestamp>,
}

/// Where a rule stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RulePlace {
    /// The file.
    pub file: Arc<str>,
    /// The group.
    pub group: Arc<str>,
    /// Which rule of the group, from 0.
    pub index: u32,
}

/// A file of alert rules, as Prometheus has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFile {
    /// Its name, for errors and the API.
    pub name: Arc<str>,
    /// What stands in it: YAML.
    pub text: Arc<str>,
}
