//! The StatsD and Datadog reporters of ruby-kafka, which live in the consumer and freeze with it.

use super::{Naming, gauge};
use crate::catalog::series::whole;
use crate::catalog::{Emit, Read, Series, Unit};
use crate::model::PartitionView;

pub(super) const NAMING: Naming = Naming {
    cluster: None,
    group: "group_id",
    topic: "topic",
    partition: "partition",
};

/// `ruby_kafka.consumer.` is of the Datadog names alone.
pub(super) const TEMPLATE: &str = "consumer.{client}.{group}.{topic}.{partition}.{last}";

const CLIENT: &[&str] = &["client"];

pub(super) static ALL: &[Series] = &[
    gauge(
        "ruby_kafka.consumer.lag",
        "Records between commit and log end.",
        Unit::Records,
        CLIENT,
        Read::Partition(|p, emit| of_client(p, emit, whole(&p.lag()))),
    ),
    gauge(
        "ruby_kafka.consumer.offset",
        "The committed offset.",
        Unit::Offset,
        CLIENT,
        Read::Partition(|p, emit| of_client(p, emit, whole(&p.row().committed_offset))),
    ),
    gauge(
        "ruby_kafka.consumer.time_lag",
        "Age of the oldest unread record in milliseconds.",
        Unit::Count,
        CLIENT,
        Read::Partition(|p, emit| {
            let age = p.row().time_lag.age(emit.at).value();
            of_client(p, emit, age.map(|a| a.as_millis() as f64));
        }),
    ),
];

/// With the owner's `client.id`; nobody's partition has none to be named by, and is called so.
fn of_client(view: &PartitionView<'_>, emit: &mut Emit<'_>, value: Option<f64>) {
    let Some(value) = value else { return };
    let client = view.owner().map_or("none", |m| &*m.client_id);
    emit.labelled(&[(CLIENT[0], client)], value);
}
