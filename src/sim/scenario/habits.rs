//! Healthy habits that are not everybody's.

use super::Part;
use crate::sim::spec::{
    FeedSpec, GroupSpec, HOUR, Keys, MINUTE, Protocol, SECOND, Schedule, Shape, TopicSpec,
};

/// Keeps up, commits each 5 s by itself.
pub(super) fn plain() -> Part {
    let topic =
        TopicSpec::new("inventory.moved", 8).fed(FeedSpec::steady(90.0).keyed(Keys::Zipf(0.5)));
    Part::new(
        topic,
        GroupSpec::new("inventory-sync", "inventory.moved").members(4, 70.0),
    )
}

/// Four times as much by day as by night.
pub(super) fn diurnal() -> Part {
    let wave = Shape::Diurnal {
        mean: 120.0,
        swing: 0.6,
        peak: 2 * HOUR,
    };
    let topic = TopicSpec::new("web.pageviews", 10).fed(FeedSpec::new(wave));
    Part::new(
        topic,
        GroupSpec::new("web-analytics", "web.pageviews")
            .members(5, 80.0)
            .commits_every(SECOND),
    )
}

/// Nothing has been produced for three hours.
pub(super) fn idle() -> Part {
    let topic = TopicSpec::new("refunds.requested", 4).fed(FeedSpec::steady(2.0).until(-3 * HOUR));
    Part::new(
        topic,
        GroupSpec::new("refund-approver", "refunds.requested").members(2, 20.0),
    )
}

/// A contract now and then.
pub(super) fn sparse() -> Part {
    let topic = TopicSpec::new("contracts.signed", 3).fed(FeedSpec::steady(0.02).unsteady(0.7));
    Part::new(
        topic,
        GroupSpec::new("contract-filer", "contracts.signed").members(1, 5.0),
    )
}

/// An export writes everything within minutes, once an hour.
pub(super) fn hourly_batches() -> Part {
    let shape = Shape::Bursts {
        every: HOUR,
        records: 60_000.0,
        length: [2 * MINUTE, 4 * MINUTE],
        late: 5 * MINUTE,
    };
    let topic = TopicSpec::new("warehouse.exports", 6).fed(FeedSpec::new(shape).unsteady(0.0));
    Part::new(
        topic,
        GroupSpec::new("warehouse-loader", "warehouse.exports").members(3, 150.0),
    )
}

/// Comes at ten past each hour, works off what is there, goes.
pub(super) fn cron() -> Part {
    let topic = TopicSpec::new("settlement.lines", 4).fed(FeedSpec::steady(3.0));
    let mut group = GroupSpec::new("hourly-reconcile", "settlement.lines").members(1, 400.0);
    group.schedule = Schedule::Windows {
        every: HOUR,
        length: 5 * MINUTE,
        phase: 25 * MINUTE,
    };
    Part::new(topic, group)
}

/// Writes one file an hour and commits with it.
pub(super) fn hourly_sink() -> Part {
    let topic = TopicSpec::new("telemetry.readings", 6).fed(FeedSpec::steady(45.0));
    Part::new(
        topic,
        GroupSpec::new("lakehouse-sink", "telemetry.readings")
            .members(2, 90.0)
            .commits_every(HOUR),
    )
}

/// A stream job with its own checkpoints: commits each minute, never joins.
pub(super) fn memberless() -> Part {
    let topic = TopicSpec::new("revenue.lines", 6).fed(FeedSpec::steady(55.0));
    let group = GroupSpec::new("flink-revenue", "revenue.lines")
        .members(3, 60.0)
        .commits_every(MINUTE);
    Part::new(topic, group.protocol(Protocol::Manual))
}

/// Commits each ten minutes.
pub(super) fn rare_commits() -> Part {
    let topic = TopicSpec::new("usage.metered", 4).fed(FeedSpec::steady(20.0));
    Part::new(
        topic,
        GroupSpec::new("usage-rollup", "usage.metered")
            .members(2, 40.0)
            .commits_every(10 * MINUTE),
    )
}
