//! Alerts: instances of rules, pending or firing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

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
    /// Its identity.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// What it says.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
    /// The expression's value when last evaluated.
    pub value: Option<f64>,
    /// Since when it holds.
    pub active_since: Timestamp,
    /// Why a transition towards resolved is withheld, if it is.
    pub held: Option<Arc<str>>,
}
