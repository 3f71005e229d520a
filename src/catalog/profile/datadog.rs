//! Datadog's kafka_consumer check, for DogStatsD.

use super::{Naming, gauge};
use crate::catalog::series::{seconds, whole};
use crate::catalog::{Read, Series, Unit};

pub(super) const NAMING: Naming = Naming {
    cluster: None,
    group: "consumer_group",
    topic: "topic",
    partition: "partition",
};

pub(super) static ALL: &[Series] = &[
    gauge(
        "kafka.broker_offset",
        "Current message offset on the broker.",
        Unit::Offset,
        &[],
        Read::TopicPartition(|p, emit| emit.maybe(whole(&p.log_end_offset))),
    ),
    gauge(
        "kafka.consumer_offset",
        "Current message offset on the consumer.",
        Unit::Offset,
        &[],
        Read::Partition(|p, emit| emit.maybe(whole(&p.row().committed_offset))),
    ),
    gauge(
        "kafka.consumer_lag",
        "Lag in messages between consumer and broker.",
        Unit::Records,
        &[],
        Read::Partition(|p, emit| emit.maybe(whole(&p.lag()))),
    ),
    gauge(
        "kafka.estimated_consumer_lag",
        "Lag in seconds between consumer and broker.",
        Unit::Seconds,
        &[],
        Read::Partition(|p, emit| {
            emit.maybe(p.row().time_lag.age(emit.at).value().map(seconds));
        }),
    ),
];
