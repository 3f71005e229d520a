//! Topics' logs.

use super::whole;
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
];

/// A sum that jumps down when a part is missing would look like a topic made anew.
fn total(topic: &TopicSnapshot, of: impl Fn(&TopicPartition) -> &Reading<Offset>) -> Option<f64> {
    let offsets = topic.partitions.iter().map(|p| of(p).value());
    offsets
        .sum::<Option<i64>>()
        .filter(|_| !topic.partitions.is_empty())
        .map(|sum| sum as f64)
}
