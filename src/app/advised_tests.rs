//! Advice on simulated clusters: each trouble of the demo gets the right piece first, health gets none.
//!
//! `LAGGARD_SEEDS=20` looks at more seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::judged_tests::{EPOCH, seeds, watch, watch_named};
use crate::model::{AdviceKind, Diagnosis, Snapshot};
use crate::sim::scenario;
use crate::sim::world::World;
use AdviceKind::{
    AddPartitions, CalmRebalances, CheckBroker, CheckHost, CommitOffsets, DoNotAddConsumers,
    EndTransaction, ExtendRetention, FindBlock, ReplaceMember, ResetOffsets, ReviewRewind, Scale,
    SkipRecord, SpreadKey, StartConsumers,
};

/// Scenario, group, and what may come first.
const RIGHT: [(&str, &str, &[AdviceKind]); 17] = [
    // All members at their limit: whether they are too few or became slower does not show, and it says both.
    (
        "slow-service",
        "payments-settle",
        &[DoNotAddConsumers, Scale],
    ),
    ("too-few", "image-resizer", &[Scale, AddPartitions]),
    ("hot-key", "fraud-scoring", &[SpreadKey]),
    ("sick-member", "shipment-tracker", &[ReplaceMember]),
    ("slow-downstream", "order-projector", &[DoNotAddConsumers]),
    ("poison", "billing-export", &[SkipRecord]),
    ("hanging-transaction", "ledger-poster", &[EndTransaction]),
    ("stopped", "search-indexer", &[StartConsumers]),
    ("stuck", "invoice-mailer", &[FindBlock]),
    (
        "rebalance-storm",
        "recommendation-features",
        &[CalmRebalances],
    ),
    // Too few for what has come in for five hours, and the records run out.
    (
        "retention",
        "clickstream-archiver",
        &[Scale, ExtendRetention],
    ),
    ("data-loss", "audit-archive", &[StartConsumers]),
    ("never-commits", "crm-import", &[CommitOffsets]),
    ("rewind", "notification-sender", &[ReviewRewind]),
    ("recreated-topic", "geo-enricher", &[ResetOffsets]),
    // Not in the demo.
    ("sick-host", "meter-billing", &[CheckHost]),
    ("slow-leader", "ticket-router", &[CheckBroker]),
];

/// The first piece for a group.
fn first(snapshot: &Snapshot, group: &str) -> Option<AdviceKind> {
    let mut all = snapshot.advice.iter();
    all.find(|a| a.group.as_str() == group).map(|a| a.kind)
}

/// What is wrong with the first piece for a group, if anything is.
fn wrong(snapshot: &Snapshot, group: &str, right: &[AdviceKind]) -> Option<String> {
    let first = first(snapshot, group);
    if first.is_some_and(|kind| right.contains(&kind)) {
        return None;
    }
    let found = snapshot.clusters[0].group(group).unwrap();
    Some(format!(
        "{} {group}: {first:?}, status {:?}, {:?}, loads {:?}",
        snapshot.at, found.status.status, found.diagnosis, found.loads
    ))
}

#[test]
fn every_trouble_of_the_demo_gets_the_right_advice_first() {
    let mut all = Vec::new();
    for seed in seeds() {
        watch_named("demo", seed, 4, |snapshot| {
            let there = |group: &str| snapshot.clusters[0].group(group).is_some();
            let demo = RIGHT.iter().filter(|(_, group, _)| there(group));
            all.extend(demo.filter_map(|(_, group, right)| wrong(snapshot, group, right)));
        });
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

/// The same stories with other numbers, one by one, and for some minutes each. Where the diagnosis abstains, silence is
/// right too, now and then.
#[test]
fn every_trouble_gets_the_right_advice_first_whatever_its_numbers() {
    let (mut all, mut silent, mut looks) = (Vec::new(), 0, 0);
    for (name, group, right) in RIGHT {
        for seed in seeds().chain([1, 2, 3]).collect::<BTreeSet<_>>() {
            let mut scenario = scenario::named(name).unwrap().varied(seed);
            scenario
                .groups
                .truncate(if name == "slow-downstream" { 3 } else { 1 });
            let world = Arc::new(World::new(&scenario, seed, EPOCH));
            watch(&world, 4, |snapshot| {
                looks += 1;
                let diagnosis = &snapshot.clusters[0].group(group).unwrap().diagnosis;
                let abstains = matches!(diagnosis, Diagnosis::Abstains { .. });
                if abstains && first(snapshot, group).is_none() {
                    silent += 1;
                    return;
                }
                let found = wrong(snapshot, group, right);
                all.extend(found.map(|what| format!("{name} {seed}: {what}")));
            });
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
    assert!(silent * 20 <= looks, "silent in {silent} of {looks} looks");
}

#[test]
fn every_piece_has_all_that_it_takes_to_judge_it() {
    watch_named("demo", 1, 1, |snapshot| {
        assert!(snapshot.advice.len() >= 15, "{:#?}", snapshot.advice);
        for advice in &snapshot.advice {
            let whole = !advice.evidence.is_empty()
                && advice.gain.is_some()
                && !advice.caveats.is_empty()
                && advice.command.is_some()
                && (0.5..=1.0).contains(&advice.confidence);
            assert!(whole, "{advice:#?}");
        }
    });
}

#[test]
fn a_healthy_group_gets_none() {
    let mut said = BTreeMap::new();
    let mut note = |snapshot: &Snapshot| {
        for advice in &snapshot.advice {
            let key = (advice.group.to_string(), advice.kind);
            said.insert(key, advice.title.to_string());
        }
    };
    for seed in seeds() {
        watch_named("healthy", seed, 5, &mut note);
    }
    for seed in [2, 3] {
        let scenario = scenario::named("healthy").unwrap().varied(seed);
        watch(&Arc::new(World::new(&scenario, seed, EPOCH)), 5, &mut note);
    }
    assert!(said.is_empty(), "{said:#?}");
}
