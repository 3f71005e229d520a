//! What a cycle costs the pipeline: fold and cut of 10,000 groups × 20 rows on 50,000 partitions.
//!
//! `cargo bench --bench engine` prints seconds for a cycle in which everything moved and for one in
//! which nothing did, and the bytes that the facts and one snapshot take.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints"
)]

use std::sync::Arc;
use std::time::Instant;

use laggard::model::{
    AssignedTopic, ClusterSettings, CommitRead, Fact, GroupDescription, GroupState, GroupType,
    Isolation, ListedGroup, Member, Observation, OffsetRead, PartitionMetadata, Settings,
    Timestamp, TopicCommits, TopicMetadata, TopicName,
};
use laggard::pipeline::Pipeline;

const GROUPS: usize = 10_000;
const ROWS: i32 = 20;
const TOPICS: usize = 2_500;
const PARTITIONS: i32 = 20;

fn topic(t: usize) -> TopicName {
    format!("topic-{t:04}").into()
}

fn read(ms: i64, fact: Fact) -> Observation {
    let at = Timestamp::from_millis(ms);
    Observation::Read {
        cluster: "big".into(),
        asked: at,
        answered: at,
        fact,
    }
}

fn metadata() -> Observation {
    let partitions: Vec<_> = (0..PARTITIONS)
        .map(|partition| PartitionMetadata {
            partition,
            leader: Some(partition % 6),
            replicas: 3,
            in_sync: 3,
        })
        .collect();
    let topics = (0..TOPICS)
        .map(|t| TopicMetadata {
            topic: topic(t),
            topic_id: None,
            partitions: partitions.clone(),
        })
        .collect();
    read(
        0,
        Fact::Topics {
            topics,
            complete: true,
        },
    )
}

fn listing(ms: i64) -> Observation {
    let groups = (0..GROUPS)
        .map(|g| ListedGroup {
            group: format!("group-{g:05}").into(),
            group_type: GroupType::Classic,
            state: GroupState::Stable,
            protocol_type: "consumer".into(),
        })
        .collect();
    read(
        ms,
        Fact::Groups {
            groups,
            complete: true,
            failures: Vec::new(),
        },
    )
}

fn description(g: usize) -> Observation {
    let member = |m: i32| Member {
        member_id: format!("member-{g}-{m}").into(),
        client_id: "client".into(),
        host: "/10.0.0.1".into(),
        group_instance_id: None,
        assignment: vec![AssignedTopic {
            topic: topic(g % TOPICS),
            partitions: (0..PARTITIONS).filter(|p| p % 2 == m).collect(),
        }],
    };
    let description = GroupDescription {
        group: format!("group-{g:05}").into(),
        group_type: GroupType::Classic,
        state: GroupState::Stable,
        protocol_type: None,
        assignor: Some("range".into()),
        coordinator: Some(1),
        members: Some(vec![member(0), member(1)]),
    };
    read(
        0,
        Fact::Group {
            description: Arc::new(description),
        },
    )
}

/// One cycle's observations: log ends at `end`, commits at `end` less what each group lags.
fn cycle(ms: i64, end: i64) -> Vec<Observation> {
    let offsets = |value: i64| -> Vec<OffsetRead> {
        (0..PARTITIONS)
            .map(|partition| OffsetRead {
                partition,
                offset: Ok(value),
                leader_epoch: None,
            })
            .collect()
    };
    let mut all = vec![listing(ms)];
    for t in 0..TOPICS {
        all.push(read(
            ms,
            Fact::LogStarts {
                topic: topic(t),
                offsets: offsets(0),
            },
        ));
    }
    for g in 0..GROUPS {
        // One group in twenty falls ever further behind.
        let committed = if g % 20 == 0 { end / 2 } else { end };
        let partitions = (0..ROWS)
            .map(|partition| CommitRead {
                partition,
                offset: Ok(Some(committed)),
                committed_at: None,
            })
            .collect();
        let topics = vec![TopicCommits {
            topic: topic(g % TOPICS),
            partitions,
        }];
        let group = format!("group-{g:05}").into();
        all.push(read(
            ms,
            Fact::Commits {
                group,
                topics,
                complete: true,
            },
        ));
    }
    for t in 0..TOPICS {
        let fact = Fact::LogEnds {
            topic: topic(t),
            isolation: Isolation::ReadUncommitted,
            offsets: offsets(end),
        };
        all.push(read(ms, fact));
    }
    all.push(Observation::Tick {
        at: Timestamp::from_millis(ms),
    });
    all
}

/// Resident memory in MiB, where the system tells.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|l| l.starts_with("VmRSS:"))
        .unwrap_or("");
    let kib: f64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|v| v.parse().ok())
        .unwrap_or(0.0);
    kib / 1024.0
}

fn main() {
    let before = resident();
    let mut pipeline = Pipeline::new();
    let settings = Settings {
        clusters: vec![ClusterSettings::named("big".into())],
        ..Settings::default()
    };
    pipeline.fold(&Observation::Configured {
        at: Timestamp::default(),
        settings: Arc::new(settings),
    });
    pipeline.fold(&metadata());
    for g in 0..GROUPS {
        pipeline.fold(&description(g));
    }
    let mut last = None;
    let mut run = |name: &str, n: i64, end: i64, print: bool| {
        let observations = cycle(n * 10_000, end);
        let count = observations.len();
        let started = Instant::now();
        for observation in &observations {
            if let Some(cut) = pipeline.fold(observation) {
                last = Some(cut.snapshot);
            }
        }
        let took = started.elapsed().as_secs_f64();
        if print {
            println!(
                "{name}: {:.1} ms for {count} observations ({:.0} a second)",
                took * 1e3,
                count as f64 / took
            );
        }
    };
    for n in 1..=30 {
        run("warming", n, n * 1000, false);
    }
    for n in 31..=33 {
        run(
            "all moved, one group in twenty in trouble",
            n,
            n * 1000,
            true,
        );
    }
    for n in 34..=200 {
        run("settling", n, 33_000, false);
    }
    for n in 201..=203 {
        run("nothing moved", n, 33_000, true);
    }
    println!("resident: {:.0} MiB more than before", resident() - before);
    drop(last);
}
