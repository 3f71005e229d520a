//! Predicted assignments against what real clients do on a real Kafka: members join and leave, and each time who
//! owns what is compared with what was foretold from the ownership before.
//!
//! `LAGGARD_REBALANCES=N` sets how many a kind of client and assignor (default 2); CONTRIBUTING.md names the long run.

mod clients;
mod live;
mod tally;

use std::sync::Arc;

use laggard::advice::assign::Assignor;

use self::clients::{Clients, Java, Jvm, Librdkafka};
use self::live::{live, shapes};
use self::tally::Tally;
use crate::support::inside::Inside;
use crate::support::kafka::members::MemberOptions;
use crate::support::kafka::{KafkaCluster, shared};
use crate::support::unique;

/// Assignors as `Members.java` takes them.
fn java_ways() -> [(Assignor, String); 6] {
    let classic = |name: &str| format!("classic org.apache.kafka.clients.consumer.{name}");
    [
        (Assignor::Range, classic("RangeAssignor")),
        (Assignor::RoundRobin, classic("RoundRobinAssignor")),
        (Assignor::Sticky, classic("StickyAssignor")),
        (
            Assignor::CooperativeSticky,
            classic("CooperativeStickyAssignor"),
        ),
        (Assignor::Uniform, "consumer uniform".to_owned()),
        (Assignor::ServerRange, "consumer range".to_owned()),
    ]
}

/// Those that librdkafka has.
fn librdkafka_ways() -> [(Assignor, MemberOptions); 5] {
    // On a busy machine ten seconds without a heartbeat are no death.
    let classic = || MemberOptions::classic().with("session.timeout.ms", "45000");
    let strategy = |name: &str| classic().with("partition.assignment.strategy", name);
    let remote = |name: &str| MemberOptions::consumer().with("group.remote.assignor", name);
    [
        (Assignor::Range, strategy("range")),
        (Assignor::RoundRobin, strategy("roundrobin")),
        (Assignor::CooperativeSticky, strategy("cooperative-sticky")),
        (Assignor::Uniform, remote("uniform")),
        (Assignor::ServerRange, remote("range")),
    ]
}

/// Each assignor's groups one after the other, beside those of the others: most of the time is waiting.
fn side_by_side<W: Sync>(
    cluster: &KafkaCluster,
    ways: &[(Assignor, W)],
    mixed: bool,
    clients: impl Fn(&str, &W) -> Box<dyn Clients> + Sync,
) -> Vec<(Assignor, Tally)> {
    let watched = Inside::start(cluster);
    let lives = |assignor: Assignor, way: &W| {
        let mut tally = Tally::default();
        for shape in shapes(cluster, assignor, rounds(), mixed) {
            let group = unique("dealt");
            let mut clients = clients(&group, way);
            tally.add(live(&mut *clients, (&watched, &group), assignor, &shape));
        }
        tally
    };
    let lives = &lives;
    std::thread::scope(|scope| {
        let start = |(assignor, way)| (assignor, scope.spawn(move || lives(assignor, way)));
        let running: Vec<_> = ways.iter().map(|(a, way)| start((*a, way))).collect();
        let ended = running.into_iter().map(|(a, t)| (a, t.join().unwrap()));
        ended.collect()
    })
}

fn rounds() -> usize {
    std::env::var("LAGGARD_REBALANCES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2)
}

/// Prints what came of it; no promise may be broken, and nothing may be left out.
fn report(kind: &str, tallies: &[(Assignor, Tally)]) {
    for (assignor, t) in tallies {
        eprintln!(
            "{kind} {assignor:?}: {} rebalances with up to {} members and {} topics; what-if said {:?}, {} of them on equal subscriptions in vain; {} broken promises; {} disturbed",
            t.rebalances(),
            t.most.0,
            t.most.1,
            t.foretold,
            t.assumed_wrongly,
            t.broken.len(),
            t.disturbed,
        );
        for (certainty, held) in &t.said {
            eprintln!(
                "  said {certainty:?}: {}; same sets {}, same loads {}, worst member off by {:.2}",
                held.rebalances,
                held.same_sets,
                held.same_loads,
                held.off as f64 / held.rebalances.max(1) as f64,
            );
        }
    }
    let broken: Vec<_> = tallies
        .iter()
        .flat_map(|(a, t)| t.broken.iter().map(move |b| format!("{a:?}: {b}")))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    for (assignor, tally) in tallies {
        assert_eq!(tally.rebalances(), rounds(), "{assignor:?}");
        assert_eq!(
            tally.foretold.values().sum::<usize>(),
            rounds(),
            "{assignor:?}"
        );
    }
}

fn java(mixed: bool) -> Vec<(Assignor, Tally)> {
    let (cluster, jvm) = (shared(), Arc::new(Jvm::start()));
    side_by_side(cluster, &java_ways(), mixed, |group, way| {
        Box::new(Java::new(Arc::clone(&jvm), cluster, group, way))
    })
}

fn librdkafka(mixed: bool) -> Vec<(Assignor, Tally)> {
    let cluster = shared();
    side_by_side(cluster, &librdkafka_ways(), mixed, |group, options| {
        Box::new(Librdkafka::new(cluster, group, options))
    })
}

#[test]
fn java_clients_own_what_was_foretold() {
    require!(kafka);
    report("Java", &java(false));
}

#[test]
fn librdkafka_clients_own_what_was_foretold() {
    require!(kafka);
    report("librdkafka", &librdkafka(false));
}

/// Members that subscribe to different topics: the rules know how sure they are when they know the subscriptions, and
/// `what-if`, which does not, claims no more than holds.
#[test]
fn java_clients_of_different_subscriptions_are_promised_no_more_than_holds() {
    require!(kafka);
    report("Java, mixed", &java(true));
}

/// librdkafka's cooperative-sticky with mixed subscriptions is no rule that is known here: all is an estimate.
#[test]
fn librdkafka_clients_of_different_subscriptions_are_promised_no_more_than_holds() {
    require!(kafka);
    report("librdkafka, mixed", &librdkafka(true));
}
