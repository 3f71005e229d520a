//! What could not be read.

use crate::catalog::doubt::{self, Doubt};
use crate::catalog::{Kind, Read, Series, Unit};
use crate::model::ClusterSnapshot;

pub(super) static ALL: &[Series] = &[Series {
    name: "laggard_cluster_groups_not_read",
    help: "Groups whose lag could not be read anew: it is stale, or missing for want of an answer.",
    unit: Unit::Count,
    kind: Kind::Gauge,
    labels: &[],
    read: Read::Cluster(|cluster, emit| emit.value(not_read(cluster) as f64)),
}];

fn not_read(cluster: &ClusterSnapshot) -> usize {
    let doubt = |g| doubt::group("laggard_group_effective_lag", g);
    let groups = cluster.groups.iter().filter(|g| !g.inactive);
    groups.filter(|g| doubt(g) >= Doubt::Stale).count()
}
