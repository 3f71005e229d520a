//! Topics' logs.

use super::{seconds, whole};
use crate::catalog::{Kind, Read, Series, Unit};
use crate::model::{Offset, Reading, TopicPartition, TopicSnapshot};

pub(super) static ALL: &[Series] = &[
    Series {
        name: "laggard_topic_partitions",
        help: "Partitions of the topic.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Topic(|topic, emit| emit.value(topic.partitions.len() as f64)),
    },
    Series {
        name: "laggard_topic_log_start_offset",
        help: "Sum of the partitions' log start offsets; absent while one is unknown.",
        unit: Unit::Offset,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Topic(|topic, emit| emit.maybe(total(topic, |p| &p.log_start_offset))),
    },
    Series {
        name: "laggard_topic_log_end_offset",
        help: "Sum of the partitions' log end offsets; absent while one is unknown.",
        unit: Unit::Offset,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Topic(|topic, emit| emit.maybe(total(topic, |p| &p.log_end_offset))),
    },
    Series {
        name: "laggard_topic_arrival_records_per_second",
        help: "Records coming in to the topic.",
        unit: Unit::RecordsPerSecond,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Topic(|topic, emit| emit.maybe(topic.arrival_rate.value())),
    },
    Series {
        name: "laggard_topic_retention_seconds",
        help: "The topic's retention.ms; +Inf for no limit, absent until it is read.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Topic(|topic, emit| {
            let config = topic.config.as_ref();
            emit.maybe(config.map(|c| c.retention.map_or(f64::INFINITY, seconds)));
        }),
    },
    Series {
        name: "laggard_topic_retention_bytes",
        help: "The topic's retention.bytes, a partition; +Inf for no limit, absent until it is read.",
        unit: Unit::Bytes,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Topic(|topic, emit| {
            let config = topic.config.as_ref();
            emit.maybe(config.map(|c| c.retention_bytes.map_or(f64::INFINITY, |b| b as f64)));
        }),
    },
];

pub(super) static PARTITIONS: &[Series] = &[
    Series {
        name: "laggard_topic_partition_log_start_offset",
        help: "The first offset that can still be read.",
        unit: Unit::Offset,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::TopicPartition(|p, emit| emit.maybe(whole(&p.log_start_offset))),
    },
    Series {
        name: "laggard_topic_partition_log_end_offset",
        help: "The high watermark.",
        unit: Unit::Offset,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::TopicPartition(|p, emit| emit.maybe(whole(&p.log_end_offset))),
    },
    Series {
        name: "laggard_topic_partition_last_stable_offset",
        help: "The offset below which no transaction is open.",
        unit: Unit::Offset,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::TopicPartition(|p, emit| emit.maybe(whole(&p.last_stable_offset))),
    },
    Series {
        name: "laggard_topic_partition_arrival_records_per_second",
        help: "Records coming in to the partition.",
        unit: Unit::RecordsPerSecond,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::TopicPartition(|p, emit| emit.maybe(p.arrival_rate.value())),
    },
];

/// A sum that jumps down when a part is missing would look like a topic made anew.
fn total(topic: &TopicSnapshot, of: impl Fn(&TopicPartition) -> &Reading<Offset>) -> Option<f64> {
    let offsets = topic.partitions.iter().map(|p| of(p).value());
    offsets
        .sum::<Option<i64>>()
        .filter(|_| !topic.partitions.is_empty())
        .map(|sum| sum as f64)
}
