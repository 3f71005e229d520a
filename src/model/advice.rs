//! Advice: what would help, by how much, and the exact command.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::{ClusterName, GroupId};

/// How much it matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AdviceSeverity {
    /// Do it now.
    Urgent,
    /// It would help.
    Useful,
    /// Good to know.
    Hint,
}

/// One piece of advice. Laggard itself changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Advice {
    /// On which cluster.
    pub cluster: ClusterName,
    /// For which group.
    pub group: GroupId,
    /// How much it matters.
    pub severity: AdviceSeverity,
    /// What to do, in one sentence.
    pub title: Arc<str>,
    /// The numbers behind it, a sentence each.
    pub evidence: Vec<Arc<str>>,
    /// What it would bring, if that can be said.
    pub gain: Option<Arc<str>>,
    /// What could be wrong with it.
    pub caveats: Vec<Arc<str>>,
    /// The exact command to copy, if there is one.
    pub command: Option<Arc<str>>,
}
