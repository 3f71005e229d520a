//! What an evaluation of alert rules costs: 200 rules over some 500,000 series.
//!
//! `cargo bench --bench alerts` prints the milliseconds of one evaluation of all rules, templates
//! and states included: the first, on which everything is new, the median and the worst of the
//! others, of which each sees a snapshot of its own. It fails when an evaluation is wrong: each
//! rule must find what the snapshot was made to hold. The aim is a median of 250 ms.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that prints"
)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use laggard::alerts::{Alerting, shipped};
use laggard::catalog::{Options, all};
use laggard::model::testing::World;
use laggard::model::{AlertState, Pattern, RuleFile, Snapshot, Span};

/// Samples that rules can see.
const SERIES: usize = 500_000;
/// Rules in all, the shipped ones among them.
const RULES: usize = 200;
/// Partitions of each group.
const PARTITIONS: usize = 10;
/// Evaluations after the first.
const ROUNDS: usize = 15;

/// What rules ask for, each with a number of its own in the place of `N`; every one of them reads a
/// series of all groups, topics or partitions.
const SHAPES: [&str; 12] = [
    "laggard_group_effective_lag > N",
    "laggard_group_time_lag_seconds > 100000 + N",
    "laggard_group_lag_limit < N and on (kafka_cluster, group) laggard_group_lag > 10",
    "sum by (kafka_cluster) (laggard_group_effective_lag) > 1e12 + N",
    "max without (partition) (laggard_group_partition_effective_lag) > 1e9 + N",
    "(laggard_group_effective_lag > N) * on (kafka_cluster, group) group_left (owner, severity) laggard_group_info",
    "laggard_group_status{status=\"stalled\"} == N",
    "laggard_group_members - N > 1e6",
    "laggard_group_consume_records_per_second / laggard_group_arrival_records_per_second < -N",
    "count by (group) (laggard_group_partition_effective_lag > 1e9 + N) > 2",
    "laggard_group_unknown_partitions > N unless on (kafka_cluster, group) laggard_group_mark_info",
    "laggard_group_lag{group=~\"payments-service-000.*\"} > 1e9 + N",
];

fn main() {
    let snapshot = snapshot();
    let groups = snapshot.clusters[0].groups.len();
    println!(
        "{} series, {groups} groups of {PARTITIONS} partitions",
        samples(&snapshot)
    );
    let (files, own) = rules();
    let mut alerting = Alerting::default();
    alerting.load(&files).unwrap();
    let count: usize = alerting.rules().iter().map(|g| g.rules.len()).sum();
    assert_eq!(count, RULES);
    let mut took = Vec::new();
    for round in 0..=ROUNDS {
        let at = snapshot.at + Span::from_secs(60 * round as i64);
        let snapshot = Snapshot {
            at,
            ..snapshot.clone()
        };
        let began = Instant::now();
        let alerts = alerting.evaluate(&snapshot).len();
        took.push(began.elapsed().as_secs_f64() * 1e3);
        assert!(alerts > 0, "nothing was found");
    }
    check(&alerting, own);
    let first = took.remove(0);
    took.sort_by(f64::total_cmp);
    let worst = took.last().copied().unwrap_or_default();
    let median = took[took.len() / 2];
    println!("{RULES} rules: first {first:.0} ms, median {median:.0} ms, worst {worst:.0} ms");
}

/// One in a hundred groups is far behind: each rule that asks for the lag alone finds these.
fn snapshot() -> Snapshot {
    let ends = vec![(0, 1_000_000); PARTITIONS];
    let fine = vec![Some(1_000_000); PARTITIONS];
    let late = vec![Some(0); PARTITIONS];
    let world = |groups: usize| {
        World::new()
            .cluster("production", |c| {
                c.topic("orders-of-all-kinds", &ends);
                for g in 0..groups {
                    c.group(&format!("payments-service-{g:05}"), |group| {
                        let commits = if g % 100 == 0 { &late } else { &fine };
                        group.commits("orders-of-all-kinds", commits);
                    });
                }
            })
            .build()
    };
    let of_one = samples(&world(201)) - samples(&world(200));
    world(SERIES / of_one + 1)
}

fn samples(snapshot: &Snapshot) -> usize {
    let options = Options {
        partitions_of: Pattern::new(".*").ok(),
        ..Options::default()
    };
    let mut count = 0;
    for series in all() {
        series.samples(snapshot, &options, &mut |_, _| count += 1);
    }
    count
}

/// The shipped rules and others beside them; and how many of these are the first shape's.
fn rules() -> (Vec<RuleFile>, usize) {
    let mut files = shipped();
    let mut alerting = Alerting::default();
    alerting.load(&files).unwrap();
    let there: usize = alerting.rules().iter().map(|g| g.rules.len()).sum();
    let mut text = "groups:\n- name: own\n  interval: 30s\n  rules:\n".to_owned();
    let mut firsts = 0;
    for i in 0..RULES - there {
        let shape = SHAPES[i % SHAPES.len()];
        firsts += usize::from(shape == SHAPES[0]);
        let expr = shape.replace('N', &(i + 2).to_string());
        write!(
            text,
            "  - alert: Own{i}\n    expr: {expr:?}\n    annotations:\n      summary: '{{{{ $labels.group }}}} has {{{{ $value | humanize }}}}'\n"
        )
        .unwrap();
    }
    files.push(RuleFile {
        name: "own.yml".into(),
        text: text.into(),
    });
    (files, firsts)
}

/// Every rule of the first shape fires for each group that is far behind, and for no other.
fn check(alerting: &Alerting, firsts: usize) {
    let behind = |alert: &laggard::model::Alert| {
        let group: &Arc<str> = &alert.labels["group"];
        group.ends_with("00")
    };
    for i in (0..firsts).map(|k| k * SHAPES.len()) {
        let name = format!("Own{i}");
        let of: Vec<_> = alerting
            .standing()
            .iter()
            .filter(|a| *a.name == *name)
            .collect();
        assert!(!of.is_empty() && of.iter().all(|a| behind(a)), "{name}");
        assert!(of.iter().all(|a| a.state == AlertState::Firing), "{name}");
    }
    for rule in alerting.rules().iter().flat_map(|g| g.rules.iter()) {
        assert!(rule.error.is_none(), "{}: {:?}", rule.name, rule.error);
    }
}
