//! Not enough of something: service speed, members, one partition's share, a healthy peer, a database.

use super::Part;
use crate::sim::spec::{
    Assignor, Cause, DownstreamSpec, EventKind, FeedSpec, GroupSpec, HOUR, Keys, MINUTE, Outage,
    Protocol, Shape, TopicSpec,
};

/// A leak takes a good third of each member's speed within 40 minutes; nobody notices for a quarter of an hour.
pub(super) fn slow_service() -> Part {
    let topic =
        TopicSpec::new("payments.captured", 12).fed(FeedSpec::steady(240.0).keyed(Keys::Zipf(0.2)));
    let leak = EventKind::Slower {
        factor: 0.6,
        over: 40 * MINUTE,
    };
    Part::new(
        topic,
        GroupSpec::new("payments-settle", "payments.captured")
            .members(4, 82.0)
            .event(-55 * MINUTE, None, leak),
    )
}

/// Uploads have tripled within an hour; three members are what they were.
pub(super) fn too_few() -> Part {
    let campaign = FeedSpec::new(Shape::Ramp {
        start: 0.0,
        end: 130.0,
        over: HOUR,
    })
    .since(-80 * MINUTE)
    .causing(Cause::TooFewConsumers);
    let topic = TopicSpec::new("media.uploaded", 9)
        .fed(FeedSpec::steady(60.0))
        .fed(campaign);
    Part::new(
        topic,
        GroupSpec::new("image-resizer", "media.uploaded").members(3, 46.0),
    )
}

/// One merchant's terminals go wild: all their events have one key.
pub(super) fn hot_key() -> Part {
    let merchant = FeedSpec::steady(150.0)
        .keyed(Keys::Only(7))
        .since(-20 * MINUTE)
        .causing(Cause::HotKey);
    let topic = TopicSpec::new("card.authorisations", 12)
        .fed(FeedSpec::steady(300.0))
        .fed(merchant);
    let protocol = Protocol::Classic(Assignor::CooperativeSticky);
    Part::new(
        topic,
        GroupSpec::new("fraud-scoring", "card.authorisations")
            .members(6, 90.0)
            .protocol(protocol),
    )
}

/// One of four pods sits on a throttled node.
pub(super) fn sick_member() -> Part {
    let topic = TopicSpec::new("parcels.scanned", 12).fed(FeedSpec::steady(180.0));
    let group = GroupSpec::new("shipment-tracker", "parcels.scanned")
        .members(4, 85.0)
        .protocol(Protocol::Consumer(Assignor::Uniform))
        .event(
            -25 * MINUTE,
            None,
            EventKind::SickMember {
                member: 2,
                factor: 0.3,
            },
        );
    Part::new(topic, group)
}

/// A node's disk is full of somebody else's logs: both pods on it crawl.
pub(super) fn sick_host() -> Part {
    let topic = TopicSpec::new("meters.read", 12).fed(FeedSpec::steady(180.0));
    let host = "/10.42.7.90";
    let group = GroupSpec::new("meter-billing", "meters.read")
        .members(6, 60.0)
        .on_one_host(&[1, 4], host)
        .event(
            -25 * MINUTE,
            None,
            EventKind::SickHost {
                host: host.to_owned(),
                factor: 0.3,
            },
        );
    Part::new(topic, group)
}

/// One broker's disk is failing: it hands out what it leads at a trickle.
pub(super) fn slow_leader() -> Part {
    let topic = TopicSpec::new("tickets.opened", 12).fed(FeedSpec::steady(180.0));
    let slow = EventKind::SlowLeader {
        broker: 2,
        per_second: 6.0,
    };
    Part::new(
        topic,
        GroupSpec::new("ticket-router", "tickets.opened")
            .members(4, 80.0)
            .event(-25 * MINUTE, None, slow),
    )
}

/// The orders database takes a fifth of what it did; three groups write to it.
pub(super) fn slow_downstream() -> Part {
    let placed = TopicSpec::new("orders.placed", 8).fed(FeedSpec::steady(150.0));
    let cancelled = TopicSpec::new("orders.cancelled", 4).fed(FeedSpec::steady(6.0));
    let reserved = TopicSpec::new("orders.reserved", 6).fed(FeedSpec::steady(120.0));
    let outage = Outage {
        from: -12 * MINUTE,
        until: None,
        per_second: 180.0,
    };
    let group = |name: &str, topic: &str| {
        GroupSpec::new(name, topic)
            .members(3, 110.0)
            .calls("orders-db")
    };
    Part {
        topics: vec![placed, cancelled, reserved],
        groups: vec![
            group("order-projector", "orders.placed").also_reads("orders.cancelled"),
            group("loyalty-points", "orders.placed"),
            group("stock-reservations", "orders.reserved"),
        ],
        downstreams: vec![DownstreamSpec {
            name: "orders-db".to_owned(),
            per_second: 900.0,
            outages: vec![outage],
        }],
    }
}
