//! The part of the configuration that the pipeline needs: it is observed, so that a replay judges
//! by the same.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::alert::RuleFile;
use super::id::{ClusterName, GroupId};
use super::notify::Notify;
use super::policy::{Policy, PolicyRule, policy_of};
use super::time::Span;

/// Everything that the pipeline judges by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The clusters, in name order.
    pub clusters: Vec<ClusterSettings>,
    /// Policies; the first match wins.
    pub policies: Vec<PolicyRule>,
    /// The alert rules in force.
    pub rules: Vec<RuleFile>,
    /// Who is told of which alerts, and when.
    pub notify: Notify,
}

impl Settings {
    /// The policy in force for a group.
    pub fn policy(&self, cluster: &ClusterName, group: &GroupId) -> Arc<Policy> {
        policy_of(&self.policies, cluster, group)
    }
}

/// One cluster's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterSettings {
    /// Its name.
    pub cluster: ClusterName,
    /// How often it is read; the p of the formulas.
    pub poll_interval: Span,
    /// How long a stale reading keeps its value.
    pub stale_for: Span,
    /// How long a group may be idle before it stands outside totals and alerts.
    pub inactive_after: Span,
}

impl ClusterSettings {
    /// The defaults: read each 10 s, stale for 15 m, inactive after 24 h.
    pub fn named(cluster: ClusterName) -> Self {
        Self {
            cluster,
            poll_interval: Span::from_secs(10),
            stale_for: Span::from_secs(15 * 60),
            inactive_after: Span::from_secs(24 * 3600),
        }
    }
}
