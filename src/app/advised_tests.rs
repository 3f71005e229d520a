//! Advice on simulated clusters: each trouble of the demo gets the right piece first, health gets none.
//!
//! `LAGGARD_SEEDS=20` looks at more seeds.

use std::collections::BTreeMap;

use super::judged_tests::{seeds, watch_named};
use crate::model::{AdviceKind, Snapshot};
use AdviceKind::{
    AddPartitions, CalmRebalances, CommitOffsets, DoNotAddConsumers, EndTransaction,
    ExtendRetention, FindBlock, ReplaceMember, ResetOffsets, ReviewRewind, Scale, SkipRecord,
    SpreadKey, StartConsumers,
};

/// Scenario, group, and what may come first.
const RIGHT: [(&str, &str, &[AdviceKind]); 15] = [
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
];

/// The first piece for a group.
fn first(snapshot: &Snapshot, group: &str) -> Option<AdviceKind> {
    let mut all = snapshot.advice.iter();
    Some(all.find(|a| a.group.as_str() == group)?.kind)
}

#[test]
fn every_trouble_of_the_demo_gets_the_right_advice_first() {
    let mut wrong = Vec::new();
    for seed in seeds() {
        watch_named("demo", seed, 1, |snapshot| {
            for (name, group, right) in RIGHT {
                let found = first(snapshot, group);
                if !found.is_some_and(|f| right.contains(&f)) {
                    let g = snapshot.clusters[0].group(group).unwrap();
                    wrong.push(format!(
                        "{seed} {name} {group}: {found:?}, status {:?}, {:?}, loads {:?}",
                        g.status.status, g.diagnosis, g.loads
                    ));
                }
            }
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_healthy_group_gets_none() {
    let mut said = BTreeMap::new();
    for seed in seeds() {
        watch_named("healthy", seed, 5, |snapshot| {
            for advice in &snapshot.advice {
                let key = (advice.group.to_string(), advice.kind);
                said.insert(key, advice.title.to_string());
            }
        });
    }
    assert!(said.is_empty(), "{said:#?}");
}
