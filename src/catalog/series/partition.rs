//! A group's part of a partition.

use super::{freshness, seconds, staleness, status_code, until_loss, whole};
use crate::catalog::{Kind, Read, Series, Unit};

pub(super) static ALL: &[Series] = &[
    Series {
        name: "laggard_group_partition_committed_offset",
        help: "The committed offset.",
        unit: Unit::Offset,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Partition(|p, emit| emit.maybe(whole(&p.row().committed_offset))),
    },
    Series {
        name: "laggard_group_partition_lag",
        help: "Log end minus committed offset.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Partition(|p, emit| emit.maybe(whole(&p.lag()))),
    },
    Series {
        name: "laggard_group_partition_effective_lag",
        help: "Records that can still be read.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Partition(|p, emit| emit.maybe(whole(&p.row().effective_lag))),
    },
    Series {
        name: "laggard_group_partition_last_stable_lag",
        help: "Last stable offset minus committed offset; only where it differs from the lag.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Partition(|p, emit| {
            let stable = p.last_stable_lag().value();
            emit.maybe(
                stable
                    .filter(|s| p.lag().value() != Some(*s))
                    .map(|s| s as f64),
            );
        }),
    },
    Series {
        name: "laggard_group_partition_time_lag_seconds",
        help: "Age of the oldest unread record, best guess; 0 when nothing is unread.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Partition(|p, emit| {
            emit.maybe(p.row().time_lag.age(emit.at).value().map(seconds));
        }),
    },
    Series {
        name: "laggard_group_partition_time_lag_low_seconds",
        help: "The oldest unread record is at least this old.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Partition(|p, emit| {
            emit.maybe(p.row().time_lag.age(emit.at).low().map(seconds));
        }),
    },
    Series {
        name: "laggard_group_partition_time_lag_high_seconds",
        help: "The oldest unread record is at most this old; absent where that is open.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Partition(|p, emit| {
            emit.maybe(p.row().time_lag.age(emit.at).high().map(seconds));
        }),
    },
    Series {
        name: "laggard_group_partition_consume_records_per_second",
        help: "Records that the group reads from the partition.",
        unit: Unit::RecordsPerSecond,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Partition(|p, emit| emit.maybe(p.row().consume_rate.value())),
    },
    Series {
        name: "laggard_group_partition_time_to_loss_seconds",
        help: "Until Kafka deletes the first record that the group has not read there; +Inf for never.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Partition(|p, emit| {
            emit.maybe(p.loss_at().value().map(|l| until_loss(l, emit.at)));
        }),
    },
    Series {
        name: "laggard_group_partition_status",
        help: "The status as a number, the higher the worse; absent for an unsubscribed partition.",
        unit: Unit::Code,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Partition(|p, emit| {
            emit.maybe(p.status().map(|s| f64::from(status_code(s))));
        }),
    },
    Series {
        name: "laggard_group_partition_staleness_seconds",
        help: "Since when committed offset or log end could not be read again; 0 while both are fresh.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Partition(|p, emit| {
            let parts = [
                freshness(&p.row().committed_offset),
                freshness(&p.log_end_offset()),
            ];
            emit.maybe(staleness(&parts, emit.at));
        }),
    },
];
