//! Nothing is done about the backlog: nobody there, nobody awake, nobody staying; and what retention makes of it.

use super::Part;
use crate::sim::spec::{Cause, EventKind, FeedSpec, GroupSpec, HOUR, MINUTE, SECOND, TopicSpec};

/// Scaled to nothing by mistake.
pub(super) fn stopped() -> Part {
    let topic = TopicSpec::new("catalog.changes", 6).fed(FeedSpec::steady(60.0));
    Part::new(
        topic,
        GroupSpec::new("search-indexer", "catalog.changes")
            .members(3, 60.0)
            .event(-9 * MINUTE, None, EventKind::Stopped),
    )
}

/// Every worker waits for a lock that is never given back; heartbeats go on.
pub(super) fn stuck() -> Part {
    let topic = TopicSpec::new("mail.outgoing", 4).fed(FeedSpec::steady(25.0));
    Part::new(
        topic,
        GroupSpec::new("invoice-mailer", "mail.outgoing")
            .members(2, 40.0)
            .event(-11 * MINUTE, None, EventKind::Stuck),
    )
}

/// Handling takes longer than `max.poll.interval.ms`: members are thrown out and come back, and all wait each time.
pub(super) fn rebalance_storm() -> Part {
    let topic = TopicSpec::new("clicks.enriched", 16).fed(FeedSpec::steady(320.0));
    let storm = EventKind::Storm {
        every: 35 * SECOND,
        away: 18 * SECOND,
    };
    let mut group = GroupSpec::new("recommendation-features", "clicks.enriched").members(5, 110.0);
    group.rebalance = 14 * SECOND;
    Part::new(topic, group.event(-18 * MINUTE, None, storm))
}

/// Traffic grew five hours ago; the archive gets older by a third of a second each second, and the topic keeps two
/// hours.
pub(super) fn retention() -> Part {
    let grown = FeedSpec::steady(180.0)
        .since(-5 * HOUR)
        .causing(Cause::TooFewConsumers);
    let topic = TopicSpec::new("clicks.raw", 8)
        .fed(FeedSpec::steady(250.0))
        .fed(grown)
        .keeps(2 * HOUR, 10 * MINUTE);
    Part::new(
        topic,
        GroupSpec::new("clickstream-archiver", "clicks.raw")
            .members(2, 135.0)
            .commits_every(30 * SECOND),
    )
}

/// Stopped for longer than the topic keeps its records.
pub(super) fn data_loss() -> Part {
    let topic = TopicSpec::new("audit.events", 4)
        .fed(FeedSpec::steady(30.0))
        .keeps(HOUR, 5 * MINUTE);
    Part::new(
        topic,
        GroupSpec::new("audit-archive", "audit.events")
            .members(2, 40.0)
            .event(-75 * MINUTE, None, EventKind::Stopped),
    )
}
