//! kafka_exporter: the most used names. It has no label for the cluster; ours stays.

use super::{Naming, gauge, total};
use crate::catalog::series::whole;
use crate::catalog::{Read, Series, Unit};
use crate::model::Replicas;

pub(super) const NAMING: Naming = Naming {
    cluster: None,
    group: "consumergroup",
    topic: "topic",
    partition: "partition",
};

pub(super) static ALL: &[Series] = &[
    gauge(
        "kafka_brokers",
        "Number of brokers in the Kafka cluster.",
        Unit::Count,
        &[],
        Read::Cluster(|cluster, emit| {
            let known = !cluster.brokers.is_empty();
            emit.maybe(known.then_some(cluster.brokers.len() as f64));
        }),
    ),
    gauge(
        "kafka_topic_partitions",
        "Number of partitions for this topic.",
        Unit::Count,
        &[],
        Read::Topic(|topic, emit| emit.value(topic.partitions.len() as f64)),
    ),
    gauge(
        "kafka_topic_partition_current_offset",
        "Current offset of a broker at topic and partition.",
        Unit::Offset,
        &[],
        Read::TopicPartition(|p, emit| emit.maybe(whole(&p.log_end_offset))),
    ),
    gauge(
        "kafka_topic_partition_oldest_offset",
        "Oldest offset of a broker at topic and partition.",
        Unit::Offset,
        &[],
        Read::TopicPartition(|p, emit| emit.maybe(whole(&p.log_start_offset))),
    ),
    gauge(
        "kafka_topic_partition_leader",
        "Leader broker ID of this topic and partition.",
        Unit::Code,
        &[],
        Read::TopicPartition(|p, emit| emit.maybe(p.leader.map(f64::from))),
    ),
    gauge(
        "kafka_topic_partition_replicas",
        "Number of Replicas for this topic and partition.",
        Unit::Count,
        &[],
        Read::TopicPartition(|p, emit| emit.maybe(p.replicas.map(|r| f64::from(r.all)))),
    ),
    gauge(
        "kafka_topic_partition_in_sync_replica",
        "Number of In-Sync Replicas for this topic and partition.",
        Unit::Count,
        &[],
        Read::TopicPartition(|p, emit| emit.maybe(p.replicas.map(|r| f64::from(r.in_sync)))),
    ),
    gauge(
        "kafka_topic_partition_under_replicated_partition",
        "1 if topic and partition is under replicated.",
        Unit::Flag,
        &[],
        Read::TopicPartition(|p, emit| {
            let under = |r: Replicas| f64::from(u8::from(r.in_sync < r.all));
            emit.maybe(p.replicas.map(under));
        }),
    ),
    gauge(
        "kafka_consumergroup_current_offset",
        "Current offset of a consumer group at topic and partition.",
        Unit::Offset,
        &[],
        Read::Partition(|p, emit| emit.maybe(whole(&p.row().committed_offset))),
    ),
    gauge(
        "kafka_consumergroup_current_offset_sum",
        "Current offset of a consumer group at topic for all partitions.",
        Unit::Offset,
        &[],
        Read::GroupTopic(|rows, emit| {
            emit.maybe(total(rows, |p| p.row().committed_offset.value()));
        }),
    ),
    gauge(
        "kafka_consumergroup_lag",
        "Current approximate lag of a consumer group at topic and partition.",
        Unit::Records,
        &[],
        Read::Partition(|p, emit| emit.maybe(whole(&p.lag()))),
    ),
    gauge(
        "kafka_consumergroup_lag_sum",
        "Current approximate lag of a consumer group at topic for all partitions.",
        Unit::Records,
        &[],
        Read::GroupTopic(|rows, emit| emit.maybe(total(rows, |p| p.lag().value()))),
    ),
    gauge(
        "kafka_consumergroup_members",
        "Number of members in a consumer group.",
        Unit::Count,
        &[],
        Read::Group(|group, emit| emit.maybe(group.members.as_ref().map(|m| m.len() as f64))),
    ),
];
