//! Advice of all groups at a cut: worked out anew only for groups that were rebuilt.
//!
//! In: the clusters of a cut. Out: pieces in order. What is kept is a function of what is shown, so it need not
//! stand in a checkpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::advice::say::{Said, order, say, servers};
use crate::model::{Advice, ClusterName, ClusterSnapshot, GroupId, GroupSnapshot, Timestamp};

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct Advising {
    clusters: BTreeMap<ClusterName, Known>,
}

/// What was said of a cluster's groups.
#[derive(Debug, Default)]
struct Known {
    servers: String,
    /// In name order.
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    id: GroupId,
    generation: u64,
    said: Vec<Said>,
}

impl Advising {
    /// All advice as of `at`, most urgent first.
    pub(super) fn cut(
        &mut self,
        clusters: &[Arc<ClusterSnapshot>],
        at: Timestamp,
    ) -> Vec<Arc<Advice>> {
        let mut before = std::mem::take(&mut self.clusters);
        let mut all = Vec::new();
        for cluster in clusters {
            let known = before.remove(&cluster.cluster).unwrap_or_default();
            let known = known.renewed(cluster);
            let said = known.groups.iter().flat_map(|g| &g.said);
            let due = said.filter(|s| s.not_before.is_none_or(|from| from <= at));
            all.extend(due.map(|s| Arc::clone(&s.advice)));
            self.clusters.insert(cluster.cluster.clone(), known);
        }
        all.sort_by(|a, b| order(a, b));
        all
    }
}

impl Known {
    /// The same for what the cluster is now. Both stand in name order, so one walk finds what stays.
    fn renewed(self, cluster: &ClusterSnapshot) -> Self {
        let servers = servers(cluster);
        let same_way = servers == self.servers;
        let mut before = self.groups.into_iter().peekable();
        let groups = cluster.groups.iter().map(|group| {
            while before.next_if(|b| b.id < group.group).is_some() {}
            let same =
                |b: &Group| same_way && b.id == group.group && b.generation == group.generation;
            before
                .next_if(same)
                .unwrap_or_else(|| Group::new(cluster, &servers, group))
        });
        Self {
            groups: groups.collect(),
            servers,
        }
    }
}

impl Group {
    fn new(cluster: &ClusterSnapshot, servers: &str, group: &GroupSnapshot) -> Self {
        Self {
            id: group.group.clone(),
            generation: group.generation,
            said: say(&cluster.cluster, servers, group),
        }
    }
}
