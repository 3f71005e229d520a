//! Healthy change: deploys and new groups.

use super::Part;
use crate::sim::spec::{
    Assignor, EventKind, FeedSpec, GroupSpec, MINUTE, Protocol, SECOND, Start, TopicSpec,
};

/// Twenty members, one after the other, half a minute each.
pub(super) fn rolling() -> Part {
    let topic = TopicSpec::new("sessions.updated", 20).fed(FeedSpec::steady(160.0));
    let deploy = EventKind::RollingDeploy {
        gap: 30 * SECOND,
        boot: 15 * SECOND,
    };
    let group = GroupSpec::new("session-tracker", "sessions.updated")
        .members(20, 25.0)
        .protocol(Protocol::Classic(Assignor::CooperativeSticky))
        .event(-4 * MINUTE, None, deploy);
    Part::new(topic, group)
}

/// All members go, new ones are up 90 s later.
pub(super) fn recreate() -> Part {
    let topic = TopicSpec::new("prices.changed", 6).fed(FeedSpec::steady(40.0));
    let deploy = EventKind::RecreateDeploy { boot: 90 * SECOND };
    Part::new(
        topic,
        GroupSpec::new("pricing-cache", "prices.changed")
            .members(3, 60.0)
            .event(-50 * SECOND, None, deploy),
    )
}

/// One new group that has read most of a week in half an hour, and one that began five minutes ago.
pub(super) fn backfill() -> Part {
    let topic = TopicSpec::new("profiles.changed", 6).fed(FeedSpec::steady(4.0));
    let new = |name: &str, since| {
        let mut group = GroupSpec::new(name, "profiles.changed").members(3, 450.0);
        (group.since, group.start) = (Some(since), Start::Earliest);
        group
    };
    Part::new(topic, new("customer-360-backfill", -25 * MINUTE))
        .and(new("feature-store-replay", -5 * MINUTE))
}
