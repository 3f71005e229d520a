//! Advice of all groups at a cut: worked out anew only for groups that were rebuilt; and the members that autoscalers
//! are advised, which are held over time.
//!
//! In: the clusters of a cut. Out: pieces in order, and the advised members. What is said is a function of what is shown
//! and held, so it need not stand in a checkpoint; what is held over time stands there.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::advice::hold::Hold;
use crate::advice::say::{Said, order, say};
use crate::model::{
    Advice, AdvisedMembers, Broker, ClusterName, ClusterSnapshot, GroupId, GroupSnapshot, Timestamp,
};

/// What was said and held last.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Advising {
    clusters: BTreeMap<ClusterName, Known>,
    #[serde(skip)]
    advised: Arc<[AdvisedMembers]>,
}

/// What was said of a cluster's groups, and what is held for them.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    #[serde(skip)]
    brokers: Vec<Broker>,
    /// In name order.
    groups: Vec<Group>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Group {
    id: GroupId,
    /// The generation of which something was said; none: nothing was yet.
    #[serde(skip)]
    generation: Option<u64>,
    #[serde(skip)]
    said: Vec<Said>,
    hold: Hold,
}

impl Advising {
    /// Generations begin anew, and what was said went by them; what is held goes on.
    pub(super) fn reboot(&mut self) {
        let groups = self.clusters.values_mut().flat_map(|k| &mut k.groups);
        groups.for_each(|group| group.generation = None);
    }

    /// All advice as of `at`, most urgent first.
    pub(super) fn cut(
        &mut self,
        clusters: &[Arc<ClusterSnapshot>],
        at: Timestamp,
    ) -> Vec<Arc<Advice>> {
        let mut before = std::mem::take(&mut self.clusters);
        let mut all = Vec::new();
        for cluster in clusters {
            let mut known = before.remove(&cluster.cluster).unwrap_or_default();
            known.renew(cluster, at);
            let said = known.groups.iter().flat_map(|g| &g.said);
            let due = said.filter(|s| s.not_before.is_none_or(|from| from <= at));
            all.extend(due.map(|s| Arc::clone(&s.advice)));
            self.clusters.insert(cluster.cluster.clone(), known);
        }
        all.sort_by(|a, b| order(a, b));
        self.share();
        all
    }

    /// The advised members as of the last cut.
    pub(super) fn advised(&self) -> Arc<[AdvisedMembers]> {
        Arc::clone(&self.advised)
    }

    /// Keeps the list that readers share while nothing in it changes.
    pub(super) fn share(&mut self) {
        let all = self.clusters.iter().flat_map(|(cluster, known)| {
            let held = |g: &Group| Some((g.id.clone(), g.hold.advised()?));
            let held = known.groups.iter().filter_map(held);
            held.map(move |(group, (members, since))| AdvisedMembers {
                cluster: cluster.clone(),
                group,
                members,
                since,
            })
        });
        if !all.clone().eq(self.advised.iter().cloned()) {
            self.advised = all.collect();
        }
    }
}

impl Known {
    /// Goes by what the cluster is now.
    fn renew(&mut self, cluster: &ClusterSnapshot, at: Timestamp) {
        let same_way = cluster.brokers == self.brokers;
        if !same_way {
            self.brokers.clone_from(&cluster.brokers);
        }
        let same = self.groups.len() == cluster.groups.len()
            && self
                .groups
                .iter()
                .zip(&cluster.groups)
                .all(|(known, group)| known.id == group.group);
        if !same {
            self.follow(cluster);
        }
        for (known, group) in self.groups.iter_mut().zip(&cluster.groups) {
            let is_new = !same_way || known.generation != Some(group.generation);
            let before = known.hold.memory();
            if is_new {
                known.generation = Some(group.generation);
                known.hold.look(group, at);
            } else {
                known.hold.look_again(group, at);
            }
            let memory = known.hold.memory();
            if is_new || memory != before {
                known.said = say(&cluster.cluster, &self.brokers, group, memory);
            }
        }
    }

    /// Has the groups that the cluster has. Both stand in name order, so one walk finds what stays.
    fn follow(&mut self, cluster: &ClusterSnapshot) {
        let mut before = std::mem::take(&mut self.groups).into_iter().peekable();
        let groups = cluster.groups.iter().map(|group| {
            while before.next_if(|b| b.id < group.group).is_some() {}
            before
                .next_if(|b| b.id == group.group)
                .unwrap_or_else(|| Group::new(group))
        });
        self.groups = groups.collect();
    }
}

impl Group {
    fn new(group: &GroupSnapshot) -> Self {
        Self {
            id: group.group.clone(),
            generation: None,
            said: Vec::new(),
            hold: Hold::default(),
        }
    }
}
