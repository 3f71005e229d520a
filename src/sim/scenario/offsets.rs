//! Offsets that are not what they should be.

use super::Part;
use crate::sim::spec::{
    DAY, EventKind, FeedSpec, GroupSpec, HOUR, MINUTE, Recreation, Rewind, SECOND, TopicSpec,
};

/// `enable.auto.commit=false`, and nobody calls `commitSync`.
pub(super) fn never_commits() -> Part {
    let topic = TopicSpec::new("leads.created", 4).fed(FeedSpec::steady(8.0));
    let group = GroupSpec::new("crm-import", "leads.created").members(2, 30.0);
    Part::new(topic, group.event(-30 * DAY, None, EventKind::NeverCommits))
}

/// An operator sets the offsets back by two hours: everybody gets their messages twice.
pub(super) fn rewind() -> Part {
    let topic = TopicSpec::new("notifications.due", 6).fed(FeedSpec::steady(70.0));
    let group = GroupSpec::new("notification-sender", "notifications.due").members(3, 70.0);
    Part::new(
        topic,
        group.event(-6 * MINUTE, None, EventKind::Rewind(Rewind::Back(2 * HOUR))),
    )
}

/// The topic is made again with offsets from 0, and its consumer lives on with its old position.
pub(super) fn recreated_topic() -> Part {
    let mut topic = TopicSpec::new("devices.positions", 6).fed(FeedSpec::steady(50.0));
    topic.recreated = Some(Recreation {
        deleted: -7 * MINUTE,
        created: -7 * MINUTE + 20 * SECOND,
    });
    Part::new(
        topic,
        GroupSpec::new("geo-enricher", "devices.positions").members(3, 50.0),
    )
}
