//! Burrow: its series, and its words for a status, which its HTTP API uses too.

use super::{Naming, gauge};
use crate::catalog::series::whole;
use crate::catalog::{Read, Series, Unit};
use crate::model::Status;

pub(super) const NAMING: Naming = Naming {
    cluster: Some("cluster"),
    group: "consumer_group",
    topic: "topic",
    partition: "partition",
};

/// Burrow's words, each at its number.
pub const WORDS: [&str; 7] = ["NOTFOUND", "OK", "WARN", "ERR", "STOP", "STALL", "REWIND"];

/// Burrow's number for a partition's status; `None` where Burrow has no word for it.
pub const fn of_partition(status: Status) -> Option<u8> {
    match status {
        Status::Idle | Status::Ok | Status::Steady | Status::Recovering => Some(1),
        Status::Suspect | Status::FallingBehind | Status::Unassigned => Some(2),
        Status::DataLoss | Status::Truncated => Some(3),
        Status::Stopped => Some(4),
        Status::Stalled | Status::TxnBlocked => Some(5),
        Status::Rewound | Status::Recreated => Some(6),
        Status::Unknown | Status::NeverCommitted | Status::CommitExpired => None,
    }
}

/// Burrow's number for a group's status: good, getting worse, or broken.
pub const fn of_group(status: Status) -> Option<u8> {
    match of_partition(status) {
        Some(n @ (1 | 2)) => Some(n),
        Some(_) => Some(3),
        None => None,
    }
}

pub(super) static ALL: &[Series] = &[
    gauge(
        "burrow_kafka_consumer_lag_total",
        "The sum of all partition current lag values for the group.",
        Unit::Records,
        &[],
        Read::Group(|group, emit| emit.maybe(whole(&group.lag))),
    ),
    gauge(
        "burrow_kafka_consumer_status",
        "The status of the consumer group: 1 OK, 2 WARN, 3 ERR; absent where it is not known.",
        Unit::Code,
        &[],
        Read::Group(|group, emit| emit.maybe(of_group(group.status.status).map(f64::from))),
    ),
    gauge(
        "burrow_kafka_consumer_partition_lag",
        "The latest lag of a consumer group on a partition.",
        Unit::Records,
        &[],
        Read::Partition(|p, emit| emit.maybe(whole(&p.lag()))),
    ),
    gauge(
        "burrow_kafka_consumer_current_offset",
        "The latest offset that the consumer group has committed.",
        Unit::Offset,
        &[],
        Read::Partition(|p, emit| emit.maybe(whole(&p.row().committed_offset))),
    ),
    gauge(
        "burrow_kafka_topic_partition_status",
        "The status of a partition for the group: 1 OK, 2 WARN, 3 ERR, 4 STOP, 5 STALL, 6 REWIND.",
        Unit::Code,
        &[],
        Read::Partition(|p, emit| emit.maybe(p.status().and_then(of_partition).map(f64::from))),
    ),
    gauge(
        "burrow_kafka_topic_partition_offset",
        "The latest offset of the topic's partition.",
        Unit::Offset,
        &[],
        Read::TopicPartition(|p, emit| emit.maybe(whole(&p.log_end_offset))),
    ),
];
