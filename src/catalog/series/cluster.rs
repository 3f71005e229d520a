//! How well a cluster is read.

use std::sync::Arc;

use super::seconds;
use crate::catalog::{Kind, Read, Series, Unit};
use crate::model::{ClusterSnapshot, Cycle, GroupSnapshot, HealthState, Status, Timestamp};

pub(super) static ALL: &[Series] = &[
    Series {
        name: "laggard_cluster_up",
        help: "1 if at least one broker answers, 0 if none does; absent until that is known.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| {
            emit.maybe(match cluster.health.state {
                HealthState::Connecting => None,
                HealthState::Up => Some(1.0),
                HealthState::Down => Some(0.0),
            });
        }),
    },
    Series {
        name: "laggard_cluster_info",
        help: "Kafka's own id of the cluster.",
        unit: Unit::Flag,
        kind: Kind::Info,
        labels: &["cluster_id"],
        read: Read::Cluster(|cluster, emit| {
            if let Some(id) = &cluster.health.cluster_id {
                emit.labelled(&[("cluster_id", id)], 1.0);
            }
        }),
    },
    Series {
        name: "laggard_cluster_brokers",
        help: "Brokers that the cluster has.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| {
            let known = !cluster.brokers.is_empty();
            emit.maybe(known.then_some(cluster.brokers.len() as f64));
        }),
    },
    Series {
        name: "laggard_cluster_groups",
        help: "Groups that are seen.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| {
            let listed = cluster.health.last_complete_listing.is_some();
            let known = listed || !cluster.groups.is_empty();
            emit.maybe(known.then_some(cluster.groups.len() as f64));
        }),
    },
    Series {
        name: "laggard_cluster_groups_by_status",
        help: "Groups in each status, without the inactive ones.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &["status"],
        read: Read::Cluster(|cluster, emit| {
            for status in Status::ALL {
                let groups = active(cluster).filter(|g| g.status.status == status);
                emit.labelled(&[("status", status.name())], groups.count() as f64);
            }
        }),
    },
    Series {
        name: "laggard_cluster_groups_over_limit",
        help: "Groups that are over one of their limits for certain.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| {
            emit.value(active(cluster).filter(|g| g.breaches(emit.at)).count() as f64);
        }),
    },
    Series {
        name: "laggard_cluster_inactive_groups",
        help: "Groups that have been idle for so long that they stand outside totals and alerts.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| {
            emit.value((cluster.groups.len() - active(cluster).count()) as f64);
        }),
    },
    Series {
        name: "laggard_cluster_effective_lag",
        help: "Records that can still be read, summed over all active groups; a lower bound beside unknown ones.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| {
            let lags = active(cluster).filter_map(|g| g.effective_lag.value());
            emit.maybe(lags.reduce(|a, b| a + b).map(|sum| sum as f64));
        }),
    },
    Series {
        name: "laggard_cluster_topics",
        help: "Topics that are seen.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| {
            let known = !cluster.topics.is_empty() || cluster.health.cycle.is_some();
            emit.maybe(known.then_some(cluster.topics.len() as f64));
        }),
    },
    Series {
        name: "laggard_cluster_issues",
        help: "Things that went wrong in reading the cluster and have not gone right since.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| emit.value(cluster.issues.len() as f64)),
    },
    Series {
        name: "laggard_cluster_last_success_timestamp_seconds",
        help: "When a cycle last brought anything.",
        unit: Unit::UnixSeconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| {
            emit.maybe(cluster.health.last_success.map(Timestamp::as_secs_f64));
        }),
    },
    Series {
        name: "laggard_cluster_last_success_age_seconds",
        help: "How long ago a cycle last brought anything.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| {
            let at = cluster.health.last_success;
            emit.maybe(at.map(|at| seconds(at.age_at(emit.at)).max(0.0)));
        }),
    },
    Series {
        name: "laggard_cluster_last_complete_listing_timestamp_seconds",
        help: "When a listing of groups was last complete: every coordinator answered.",
        unit: Unit::UnixSeconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| {
            let at = cluster.health.last_complete_listing;
            emit.maybe(at.map(Timestamp::as_secs_f64));
        }),
    },
    Series {
        name: "laggard_cluster_cycle_duration_seconds",
        help: "How long the last cycle took, from its first request to its last answer.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| emit.maybe(cycle(cluster, |c| seconds(c.took)))),
    },
    Series {
        name: "laggard_cluster_cycle_interval_seconds",
        help: "How often the cluster is read: longer than configured when the budget asks for it.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        // As configured, before the first cycle has ended: whoever is blind by then must be told.
        read: Read::Cluster(|cluster, emit| {
            let interval = cycle(cluster, |c| seconds(c.interval));
            emit.value(interval.unwrap_or(seconds(cluster.health.poll_interval)));
        }),
    },
    Series {
        name: "laggard_cluster_cycle_throttled_seconds",
        help: "Throttle time that brokers asked for in the last cycle, summed.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| emit.maybe(cycle(cluster, |c| seconds(c.throttled)))),
    },
    Series {
        name: "laggard_cluster_cycle_failed_parts",
        help: "Parts of the last cycle that failed after their retries.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Cluster(|cluster, emit| emit.maybe(cycle(cluster, |c| c.failed_parts as f64))),
    },
    Series {
        name: "laggard_cluster_cycle_requests",
        help: "Requests of the last cycle, by Kafka's API.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &["api"],
        read: Read::Cluster(|cluster, emit| {
            let requests = cluster.health.cycle.iter().flat_map(|c| &c.requests);
            requests.for_each(|(api, count)| emit.labelled(&[("api", api)], *count as f64));
        }),
    },
];

fn cycle(cluster: &ClusterSnapshot, read: impl Fn(&Cycle) -> f64) -> Option<f64> {
    cluster.health.cycle.as_ref().map(read)
}

fn active(cluster: &ClusterSnapshot) -> impl Iterator<Item = &Arc<GroupSnapshot>> {
    cluster.groups.iter().filter(|g| !g.inactive)
}
