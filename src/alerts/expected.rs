//! Groups that must be there, by their policy, and are not.
//!
//! In: the clusters of a cut, the policies. Out: which expected groups a cluster's complete listings
//! do not have. A group is expected once it was seen under such a policy, or when the policy names
//! it outright: a pattern alone tells of no name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{
    ClusterName, ClusterSnapshot, GroupId, Missing, Policy, PolicyRule, Span, Timestamp, policy_of,
};

/// What is expected, and since when it is missed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Expected {
    groups: BTreeMap<(ClusterName, GroupId), Option<Timestamp>>,
    policies: Vec<PolicyRule>,
}

impl Expected {
    /// Goes by other policies from here on.
    pub(super) fn judge_by(&mut self, policies: &[PolicyRule]) {
        policies.clone_into(&mut self.policies);
        self.groups
            .retain(|(cluster, group), _| policy_of(policies, cluster, group).expected);
    }

    /// The clock was set back.
    pub(super) fn set_back(&mut self, by: Span) {
        for since in self.groups.values_mut() {
            *since = since.map(|t| t - by);
        }
    }

    /// What is missing at `at`.
    pub(super) fn look(
        &mut self,
        clusters: &[Arc<ClusterSnapshot>],
        at: Timestamp,
    ) -> Vec<Missing> {
        if !self.policies.iter().any(|r| r.policy.expected) {
            return Vec::new();
        }
        for cluster in clusters {
            let expected = cluster.groups.iter().filter(|g| g.policy.expected);
            for group in expected {
                let key = (cluster.cluster.clone(), group.group.clone());
                self.groups.insert(key, None);
            }
            for name in named(&self.policies, &cluster.cluster) {
                let key = (cluster.cluster.clone(), name);
                self.groups.entry(key).or_insert(None);
            }
        }
        let mut missing = Vec::new();
        for ((name, group), since) in &mut self.groups {
            let cluster = clusters.iter().find(|c| c.cluster == *name);
            let Some(cluster) = cluster.filter(|c| c.health.last_complete_listing.is_some()) else {
                continue;
            };
            if cluster.group(group.as_str()).is_some() {
                continue;
            }
            missing.push(Missing {
                cluster: name.clone(),
                group: group.clone(),
                since: *since.get_or_insert(at),
                policy: policy_of(&self.policies, name, group),
            });
        }
        missing
    }
}

/// The groups that policies name outright and expect on a cluster.
fn named(policies: &[PolicyRule], cluster: &ClusterName) -> Vec<GroupId> {
    let plain = |rule: &&PolicyRule| {
        let text = rule.group.as_str();
        regex::escape(text).replace("\\-", "-") == text
    };
    let on_it = policies
        .iter()
        .filter(|r| r.policy.expected && r.cluster.matches(cluster.as_str()));
    let names = on_it.filter(plain).map(|r| GroupId::from(r.group.as_str()));
    // An earlier policy may say otherwise.
    let names = names.filter(|name| {
        let policy: Arc<Policy> = policy_of(policies, cluster, name);
        policy.expected
    });
    names.collect()
}
