//! KMinion. It has no label for the cluster; ours stays.

use super::{Naming, gauge, total};
use crate::catalog::series::whole;
use crate::catalog::{Kind, Read, Series, Unit};
use crate::model::{Offset, Reading, TopicPartition, TopicSnapshot};

pub(super) const NAMING: Naming = Naming {
    cluster: None,
    group: "group_id",
    topic: "topic_name",
    partition: "partition_id",
};

pub(super) static ALL: &[Series] = &[
    Series {
        name: "kminion_exporter_up",
        help: "Build info about this exporter; it is up as long as it answers.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &["version"],
        read: Read::Laggard(|_, emit| {
            emit.labelled(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
        }),
    },
    gauge(
        "kminion_kafka_topic_partition_low_water_mark",
        "Partition low water mark.",
        Unit::Offset,
        &[],
        Read::TopicPartition(|p, emit| emit.maybe(whole(&p.log_start_offset))),
    ),
    gauge(
        "kminion_kafka_topic_partition_high_water_mark",
        "Partition high water mark.",
        Unit::Offset,
        &[],
        Read::TopicPartition(|p, emit| emit.maybe(whole(&p.log_end_offset))),
    ),
    gauge(
        "kminion_kafka_topic_low_water_mark_sum",
        "Sum of all the topic's partition low water marks.",
        Unit::Offset,
        &[],
        Read::Topic(|topic, emit| emit.maybe(marks(topic, |p| &p.log_start_offset))),
    ),
    gauge(
        "kminion_kafka_topic_high_water_mark_sum",
        "Sum of all the topic's partition high water marks.",
        Unit::Offset,
        &[],
        Read::Topic(|topic, emit| emit.maybe(marks(topic, |p| &p.log_end_offset))),
    ),
    Series {
        name: "kminion_kafka_consumer_group_info",
        help: "Consumer group info: 1 if the group is stable, else 0.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &["protocol", "protocol_type", "state", "coordinator_id"],
        read: Read::Group(|group, emit| {
            let state = group.state.value().map(|s| format!("{s:?}"));
            let Some(state) = state else { return };
            let coordinator = group.coordinator.map(|id| id.to_string());
            let labels = [
                ("protocol", group.assignor.as_deref().unwrap_or("")),
                ("protocol_type", &*group.protocol_type),
                ("state", &state),
                ("coordinator_id", coordinator.as_deref().unwrap_or("")),
            ];
            emit.labelled(&labels, f64::from(u8::from(state == "Stable")));
        }),
    },
    gauge(
        "kminion_kafka_consumer_group_members",
        "It will report the number of members in the consumer group.",
        Unit::Count,
        &[],
        Read::Group(|group, emit| emit.maybe(group.members.as_ref().map(|m| m.len() as f64))),
    ),
    gauge(
        "kminion_kafka_consumer_group_empty_members",
        "Number of members in the consumer group with no partition assigned.",
        Unit::Count,
        &[],
        Read::Group(|group, emit| {
            let members = group.members.as_deref();
            let empty = members.map(|m| m.iter().filter(|m| m.assignment.is_empty()).count());
            emit.maybe(empty.map(|n| n as f64));
        }),
    ),
    gauge(
        "kminion_kafka_consumer_group_topic_members",
        "Number of members that have a partition of the topic assigned.",
        Unit::Count,
        &[],
        Read::GroupTopic(|rows, emit| {
            let mut owners: Vec<_> = rows.iter().filter_map(|p| p.row().owner).collect();
            owners.sort_unstable();
            owners.dedup();
            emit.value(owners.len() as f64);
        }),
    ),
    gauge(
        "kminion_kafka_consumer_group_topic_assigned_partitions",
        "Number of partitions of the topic that are assigned to a member.",
        Unit::Count,
        &[],
        Read::GroupTopic(|rows, emit| {
            emit.value(rows.iter().filter(|p| p.row().owner.is_some()).count() as f64);
        }),
    ),
    gauge(
        "kminion_kafka_consumer_group_topic_offset_sum",
        "The sum of all committed group offsets across all partitions in a topic.",
        Unit::Offset,
        &[],
        Read::GroupTopic(|rows, emit| {
            emit.maybe(total(rows, |p| p.row().committed_offset.value()));
        }),
    ),
    gauge(
        "kminion_kafka_consumer_group_topic_partition_lag",
        "The number of messages a consumer group is lagging behind the latest offset of a partition.",
        Unit::Records,
        &[],
        Read::Partition(|p, emit| emit.maybe(whole(&p.lag()))),
    ),
    gauge(
        "kminion_kafka_consumer_group_topic_lag",
        "The number of messages a consumer group is lagging behind across all partitions in a topic.",
        Unit::Records,
        &[],
        Read::GroupTopic(|rows, emit| emit.maybe(total(rows, |p| p.lag().value()))),
    ),
];

fn marks(topic: &TopicSnapshot, of: impl Fn(&TopicPartition) -> &Reading<Offset>) -> Option<f64> {
    let offsets = topic.partitions.iter().map(|p| of(p).value());
    let sum = offsets.sum::<Option<i64>>();
    sum.filter(|_| !topic.partitions.is_empty())
        .map(|s| s as f64)
}
