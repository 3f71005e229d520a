//! A part of a snapshot: some clusters, some groups.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::{Alert, ClusterName, ClusterSnapshot, GroupId, Snapshot};

/// What is asked for; a side that is empty asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrow {
    /// These clusters.
    pub clusters: BTreeSet<ClusterName>,
    /// These groups, with the topics that they read.
    pub groups: BTreeSet<GroupId>,
}

impl Narrow {
    /// The part of `snapshot` that is asked for. What it keeps is shared, not copied.
    pub fn apply(&self, snapshot: &Arc<Snapshot>) -> Arc<Snapshot> {
        if self.clusters.is_empty() && self.groups.is_empty() {
            return Arc::clone(snapshot);
        }
        let clusters = snapshot
            .clusters
            .iter()
            .filter(|c| self.has_cluster(&c.cluster));
        let advice = snapshot.advice.iter();
        let advice = advice.filter(|a| self.has_cluster(&a.cluster) && self.has_group(&a.group));
        let advised = snapshot.advised_members.iter();
        let advised = advised.filter(|a| self.has_cluster(&a.cluster) && self.has_group(&a.group));
        let alerts = snapshot.alerts.iter().filter(|a| self.has_alert(a));
        Arc::new(Snapshot {
            generation: snapshot.generation.clone(),
            at: snapshot.at,
            clusters: clusters.map(|c| self.cluster(c)).collect(),
            advice: advice.cloned().collect(),
            advised_members: advised.cloned().collect(),
            alerts: alerts.cloned().collect(),
            rules: Arc::clone(&snapshot.rules),
            receivers: Arc::clone(&snapshot.receivers),
            notices: Arc::clone(&snapshot.notices),
        })
    }

    fn has_cluster(&self, cluster: &ClusterName) -> bool {
        self.clusters.is_empty() || self.clusters.contains(cluster)
    }

    fn has_group(&self, group: &GroupId) -> bool {
        self.groups.is_empty() || self.groups.contains(group)
    }

    /// An alert that names no cluster, or no group, is not about the ones asked for.
    fn has_alert(&self, alert: &Alert) -> bool {
        let label = |name: &str| alert.labels.get(name).map(|v| &**v);
        let cluster = self.clusters.is_empty()
            || label("kafka_cluster").is_some_and(|c| self.clusters.contains(c));
        let group =
            self.groups.is_empty() || label("group").is_some_and(|g| self.groups.contains(g));
        cluster && group
    }

    fn cluster(&self, cluster: &Arc<ClusterSnapshot>) -> Arc<ClusterSnapshot> {
        if self.groups.is_empty() {
            return Arc::clone(cluster);
        }
        let groups = cluster.groups.iter().filter(|g| self.has_group(&g.group));
        let groups: Vec<_> = groups.cloned().collect();
        let read: BTreeSet<_> = groups
            .iter()
            .flat_map(|g| g.topics.iter().map(|t| &t.topic))
            .collect();
        let topics = cluster.topics.iter().filter(|t| read.contains(&t.topic));
        let topics = topics.cloned().collect();
        Arc::new(ClusterSnapshot {
            groups,
            topics,
            brokers: cluster.brokers.clone(),
            issues: cluster.issues.clone(),
            cluster: cluster.cluster.clone(),
            health: cluster.health.clone(),
            ..**cluster
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::World;

    #[test]
    fn a_group_keeps_its_topics_and_no_others() {
        let snapshot = Arc::new(
            World::new()
                .cluster("eu", |c| {
                    c.topic("orders", &[(0, 9)]);
                    c.topic("clicks", &[(0, 9)]);
                    c.group("pay", |g| g.commits("orders", &[Some(1)]));
                    c.group("ads", |g| g.commits("clicks", &[Some(1)]));
                })
                .cluster("us", |_| {})
                .build(),
        );
        let narrow = Narrow {
            groups: [GroupId::from("pay")].into(),
            ..Narrow::default()
        };
        let part = narrow.apply(&snapshot);
        let eu = part.cluster("eu").unwrap();
        assert_eq!((eu.groups.len(), eu.topics.len()), (1, 1));
        assert!(eu.group("pay").is_some() && eu.topic("orders").is_some());
        assert_eq!(part.generation, snapshot.generation);
        let narrow = Narrow {
            clusters: [ClusterName::from("us")].into(),
            ..Narrow::default()
        };
        let part = narrow.apply(&snapshot);
        assert_eq!(part.clusters.len(), 1);
        assert!(Arc::ptr_eq(
            &part.clusters[0],
            snapshot.cluster("us").unwrap()
        ));
    }
}
