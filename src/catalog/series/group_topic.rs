//! A group's part of a topic: sums over its partitions, without those that it has unsubscribed.

use super::seconds;
use crate::catalog::{Kind, Read, Series, Unit};
use crate::model::PartitionView;

pub(super) static ALL: &[Series] = &[
    Series {
        name: "laggard_group_topic_lag",
        help: "Log end minus committed offset, summed over the topic.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::GroupTopic(|rows, emit| emit.maybe(total(rows, |p| p.lag().value()))),
    },
    Series {
        name: "laggard_group_topic_effective_lag",
        help: "Records that can still be read, summed over the topic; a lower bound beside unknown partitions.",
        unit: Unit::Records,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::GroupTopic(|rows, emit| {
            emit.maybe(total(rows, |p| p.row().effective_lag.value()));
        }),
    },
    Series {
        name: "laggard_group_topic_time_lag_seconds",
        help: "Age of the oldest unread record of the topic, best guess.",
        unit: Unit::Seconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::GroupTopic(|rows, emit| {
            let ages = taking_part(rows).filter_map(|p| p.row().time_lag.age(emit.at).value());
            let oldest = ages.max();
            emit.maybe(oldest.map(seconds));
        }),
    },
    Series {
        name: "laggard_group_topic_unknown_partitions",
        help: "Partitions of the topic whose lag is unknown for the group.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::GroupTopic(|rows, emit| {
            let unknown = taking_part(rows).filter(|p| p.row().effective_lag.is_unknown());
            emit.value(unknown.count() as f64);
        }),
    },
];

fn taking_part<'a>(rows: &'a [PartitionView<'a>]) -> impl Iterator<Item = &'a PartitionView<'a>> {
    rows.iter().filter(|p| p.row().verdict.is_some())
}

/// The sum of what has a value; `None` if nothing has.
fn total(
    rows: &[PartitionView<'_>],
    of: impl Fn(&PartitionView<'_>) -> Option<i64>,
) -> Option<f64> {
    let values = taking_part(rows).filter_map(of);
    values.reduce(|a, b| a + b).map(|sum| sum as f64)
}
