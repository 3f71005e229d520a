//! Each scenario is at its telling moment at the epoch, and what is healthy is well.

use std::time::Instant;

use super::*;
use crate::sim::spec::{Cause, MINUTE, Millis, SECOND};
use crate::sim::world::World;

const EPOCH: Millis = 1_800_000_000_000;

fn worst_age(world: &World, group: usize, t: Millis) -> Millis {
    world
        .truth(group, EPOCH + t)
        .iter()
        .filter_map(|row| row.time_lag)
        .max()
        .unwrap_or(0)
}

fn cause(world: &World, group: usize) -> Option<Cause> {
    world
        .conditions(group, EPOCH)
        .first()
        .map(|condition| condition.cause)
}

#[test]
fn every_trouble_of_the_demo_is_there_at_its_first_frame() {
    for seed in [1, 7] {
        let started = Instant::now();
        all_troubles_are_there(&World::new(&demo(), seed, EPOCH));
        println!("seed {seed}: the first frame took {:?}", started.elapsed());
    }
}

fn all_troubles_are_there(world: &World) {
    let group = |name: &str| {
        world
            .group_named(name)
            .unwrap_or_else(|| panic!("no {name}"))
    };
    let age = |name: &str| worst_age(world, group(name), 0) / SECOND;
    for (name, expected, at_least) in [
        ("payments-settle", Cause::SlowService, 120),
        ("image-resizer", Cause::TooFewConsumers, 120),
        ("fraud-scoring", Cause::HotKey, 300),
        ("shipment-tracker", Cause::SickMember, 300),
        ("order-projector", Cause::SlowDownstream, 120),
        ("loyalty-points", Cause::SlowDownstream, 120),
        ("stock-reservations", Cause::SlowDownstream, 120),
        ("billing-export", Cause::PoisonRecord, 800),
        ("ledger-poster", Cause::HangingTransaction, 1_300),
        ("search-indexer", Cause::Stopped, 530),
        ("invoice-mailer", Cause::Stuck, 650),
        ("recommendation-features", Cause::RebalanceStorm, 120),
        ("clickstream-archiver", Cause::TooFewConsumers, 5_400),
        ("audit-archive", Cause::Stopped, 3_000),
        ("notification-sender", Cause::Rewound, 3_600),
    ] {
        assert_eq!(cause(world, group(name)), Some(expected), "{name}");
        assert!(age(name) >= at_least, "{name}: {} s", age(name));
    }
    assert_eq!(cause(world, group("crm-import")), Some(Cause::NeverCommits));
    assert!(
        world
            .truth(group("crm-import"), EPOCH)
            .iter()
            .all(|row| row.lag.is_none())
    );
    assert_eq!(
        cause(world, group("geo-enricher")),
        Some(Cause::TopicRecreated)
    );
    assert!(
        world
            .truth(group("geo-enricher"), EPOCH)
            .iter()
            .all(|row| row.lag.is_none())
    );
    assert!(
        world
            .truth(group("audit-archive"), EPOCH)
            .iter()
            .all(|row| row.lost > 0)
    );
}

#[test]
fn what_is_healthy_is_well() {
    let world = World::new(&named("healthy").expect("healthy"), 1, EPOCH);
    for group in 0..world.group_count() {
        let name = world.group_name(group).to_string();
        assert_eq!(world.conditions(group, EPOCH), [], "{name}");
        let limit = match name.as_str() {
            "hourly-reconcile" | "lakehouse-sink" => 62 * MINUTE,
            "usage-rollup" => 11 * MINUTE,
            "warehouse-loader" => 10 * MINUTE,
            "flink-revenue" | "pricing-cache" => 3 * MINUTE,
            "customer-360-backfill" | "feature-store-replay" => 8 * 24 * 60 * MINUTE,
            _ => 40 * SECOND,
        };
        for t in -20..20 {
            let age = worst_age(&world, group, t * 97 * SECOND);
            assert!(age <= limit, "{name}: {} s at {t}", age / SECOND);
        }
    }
}

#[test]
fn backlogs_of_the_healthy_are_worked_off() {
    let world = World::new(&named("backfill").expect("backfill"), 1, EPOCH);
    let group = world.group_named("customer-360-backfill").expect("group");
    assert!(worst_age(&world, group, 0) > 60 * MINUTE);
    assert!(worst_age(&world, group, 120 * MINUTE) < MINUTE);
}

#[test]
fn every_name_is_a_scenario_whose_groups_have_topics() {
    for (name, _) in names() {
        let scenario = named(name).unwrap_or_else(|| panic!("{name}"));
        let has = |topic: &String| scenario.topics.iter().any(|spec| spec.name == *topic);
        assert!(
            scenario
                .groups
                .iter()
                .all(|group| group.topics.iter().all(has)),
            "{name}"
        );
        let mut groups: Vec<&str> = scenario
            .groups
            .iter()
            .map(|group| group.name.as_str())
            .collect();
        groups.sort_unstable();
        groups.dedup();
        assert_eq!(groups.len(), scenario.groups.len(), "{name}");
    }
    assert!(named("no such").is_none());
}
