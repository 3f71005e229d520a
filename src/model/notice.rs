//! What stands beside what was read: what people ordered, what is missing, and what is wrong with
//! Laggard itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::{ClusterName, GroupId};
use super::matcher::Matcher;
use super::policy::Policy;
use super::snapshot::Issue;
use super::time::Timestamp;

/// Everything of that kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Notices {
    /// Silences in force, by id.
    pub silences: Vec<Silence>,
    /// Marks in force, in order of their groups.
    pub marks: Vec<Mark>,
    /// Groups that must be there, by their policy, and are not.
    pub missing: Vec<Missing>,
    /// What is wrong with Laggard itself: a configuration that was not taken.
    pub issues: Vec<Issue>,
}

/// Alerts that are known: nobody is told of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Silence {
    /// What it is called.
    pub id: Arc<str>,
    /// Alerts whose labels fulfil all of these.
    pub matchers: Vec<Matcher>,
    /// Since when.
    pub since: Timestamp,
    /// Until before when.
    pub until: Timestamp,
    /// By whom.
    pub author: Arc<str>,
    /// Why.
    pub why: Arc<str>,
    /// The Alertmanagers that have it, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alertmanagers: Vec<Elsewhere>,
}

/// A silence in an Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Elsewhere {
    /// The receiver whose Alertmanager has it.
    pub receiver: Arc<str>,
    /// What it is called there.
    pub id: Arc<str>,
}

impl Silence {
    /// Whether it is for an alert with these labels.
    pub fn is_for(&self, labels: &BTreeMap<Arc<str>, Arc<str>>) -> bool {
        self.matchers.iter().all(|m| m.holds(labels))
    }
}

/// A note that something is being done to a group on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Mark {
    /// On which cluster; none: on every one that has the group.
    pub cluster: Option<ClusterName>,
    /// Which group.
    pub group: GroupId,
    /// Since when.
    pub since: Timestamp,
    /// Until before when.
    pub until: Timestamp,
    /// What is being done.
    pub why: Arc<str>,
    /// By whom.
    pub author: Arc<str>,
}

/// A group that must be there and is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Missing {
    /// On which cluster.
    pub cluster: ClusterName,
    /// Which group.
    pub group: GroupId,
    /// Since when it is not seen.
    pub since: Timestamp,
    /// What is expected of it.
    pub policy: Arc<Policy>,
}
