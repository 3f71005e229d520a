//! kafka-lag-exporter: lag in records and in seconds.

use super::{Naming, gauge, total};
use crate::catalog::series::{seconds, whole};
use crate::catalog::{Emit, Read, Series, Unit};
use crate::model::PartitionView;

pub(super) const NAMING: Naming = Naming {
    cluster: Some("cluster_name"),
    group: "group",
    topic: "topic",
    partition: "partition",
};

const OWNER: &[&str] = &["member_host", "consumer_id", "client_id"];

pub(super) static ALL: &[Series] = &[
    gauge(
        "kafka_partition_latest_offset",
        "Latest offset of a partition.",
        Unit::Offset,
        &[],
        Read::TopicPartition(|p, emit| emit.maybe(whole(&p.log_end_offset))),
    ),
    gauge(
        "kafka_partition_earliest_offset",
        "Earliest offset of a partition.",
        Unit::Offset,
        &[],
        Read::TopicPartition(|p, emit| emit.maybe(whole(&p.log_start_offset))),
    ),
    gauge(
        "kafka_consumergroup_group_offset",
        "Last group consumed offset of a partition.",
        Unit::Offset,
        OWNER,
        Read::Partition(|p, emit| owned(p, emit, whole(&p.row().committed_offset))),
    ),
    gauge(
        "kafka_consumergroup_group_lag",
        "Group offset lag of a partition.",
        Unit::Records,
        OWNER,
        Read::Partition(|p, emit| owned(p, emit, whole(&p.lag()))),
    ),
    gauge(
        "kafka_consumergroup_group_lag_seconds",
        "Group time lag of a partition: the age of its oldest unread record.",
        Unit::Seconds,
        OWNER,
        Read::Partition(|p, emit| {
            let age = p.row().time_lag.age(emit.at).value();
            owned(p, emit, age.map(seconds));
        }),
    ),
    gauge(
        "kafka_consumergroup_group_max_lag",
        "Max group offset lag over its partitions.",
        Unit::Records,
        &[],
        Read::Group(|group, emit| {
            let lags = group.partitions().filter(|p| p.row().verdict.is_some());
            emit.maybe(lags.filter_map(|p| p.lag().value()).max().map(|l| l as f64));
        }),
    ),
    gauge(
        "kafka_consumergroup_group_max_lag_seconds",
        "Max group time lag over its partitions.",
        Unit::Seconds,
        &[],
        Read::Group(|group, emit| {
            emit.maybe(group.time_lag.age(emit.at).value().map(seconds));
        }),
    ),
    gauge(
        "kafka_consumergroup_group_sum_lag",
        "Sum of group offset lag.",
        Unit::Records,
        &[],
        Read::Group(|group, emit| emit.maybe(whole(&group.lag))),
    ),
    gauge(
        "kafka_consumergroup_group_topic_sum_lag",
        "Sum of group offset lag across topic partitions.",
        Unit::Records,
        &[],
        Read::GroupTopic(|rows, emit| emit.maybe(total(rows, |p| p.lag().value()))),
    ),
    gauge(
        "kafka_consumergroup_poll_time_ms",
        "Group time poll time.",
        Unit::Count,
        &[],
        Read::Cluster(|cluster, emit| {
            let took = cluster.health.cycle.as_ref().map(|c| c.took);
            emit.maybe(took.map(|t| t.as_millis() as f64));
        }),
    ),
];

/// With the member that owns the partition; empty labels where nobody does.
fn owned(view: &PartitionView<'_>, emit: &mut Emit<'_>, value: Option<f64>) {
    let Some(value) = value else { return };
    let owner = view.owner();
    let labels = [
        // Java writes a host with a slash before the address; that tool takes it off.
        (
            OWNER[0],
            owner.map_or("", |m| m.host.trim_start_matches('/')),
        ),
        (OWNER[1], owner.map_or("", |m| m.member_id.as_str())),
        (OWNER[2], owner.map_or("", |m| &*m.client_id)),
    ];
    emit.labelled(&labels, value);
}
