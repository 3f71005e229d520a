//! What a cycle costs the pipeline: fold and cut of 10,000 groups × 20 rows on 50,000 partitions.
//!
//! `cargo bench --bench engine` prints, for a cycle in which everything moved and one group in twenty
//! is in trouble and for one in which nothing did: milliseconds of fold and of cut, and observations
//! a second; by a counting allocator, the bytes that facts take a partition and a row, and a snapshot a
//! row; and what a checkpoint and the recorder cost, on the folding thread and beside it. Goals: 500 ms,
//! 20 ms; 1.3 KiB a partition, 128 B a row of snapshot.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints"
)]

use std::alloc::System;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use laggard::model::{
    AssignedTopic, ClusterSettings, CommitRead, Fact, GroupDescription, GroupState, GroupType,
    Isolation, ListedGroup, Member, Observation, OffsetRead, PartitionMetadata, Settings, Snapshot,
    Timestamp, TopicCommits, TopicMetadata, TopicName,
};
use laggard::pipeline::Pipeline;
use laggard::recording::{Checkpoint, Recorder, Sink, Writer};
use mimalloc as _; // what the system allocates with in the binary
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

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
        subscription: None,
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

/// Bytes in use.
fn in_use() -> f64 {
    let stats = ALLOCATED.stats();
    stats.bytes_allocated as f64 - stats.bytes_deallocated as f64
}

/// The pipeline under measurement, with the snapshot that it last made.
struct Measured {
    pipeline: Pipeline,
    last: Option<Arc<Snapshot>>,
}

impl Measured {
    fn run(&mut self, name: &str, n: i64, end: i64, print: bool) {
        let observations = cycle(n * 10_000, end);
        let count = observations.len();
        let (mut folded, started) = (0.0, Instant::now());
        for observation in &observations {
            if matches!(observation, Observation::Tick { .. }) {
                folded = started.elapsed().as_secs_f64();
            }
            if let Some(cut) = self.pipeline.fold(observation) {
                self.last = Some(cut.snapshot);
            }
        }
        let took = started.elapsed().as_secs_f64();
        if print {
            println!(
                "{name}: {:.1} ms (fold {:.1}, cut {:.1}), {count} observations, {:.0} a second",
                took * 1e3,
                folded * 1e3,
                (took - folded) * 1e3,
                count as f64 / took
            );
        }
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// What a checkpoint costs: the folding thread freezes it, the recorder's makes bytes and a line of it.
fn checkpoint(pipeline: &Pipeline, dir: &Path) {
    let before = in_use();
    let started = Instant::now();
    let frozen = pipeline.freeze().expect("it can be written");
    let (froze, copy) = (ms(started), in_use() - before);
    let started = Instant::now();
    let bytes = frozen.into_bytes().expect("it can be written");
    let (made, size) = (ms(started), bytes.len());
    let started = Instant::now();
    let sink = Sink::create(&dir.join("checkpoint.jsonl.zst")).expect("a file");
    let mut writer = Writer::begin(sink, None, None).expect("a file");
    let form = Pipeline::CHECKPOINT_FORM;
    let line = writer.checkpoint(&Checkpoint { form, bytes });
    line.expect("it can be written");
    println!(
        "a checkpoint: {froze:.1} ms of the folding thread, {:.1} MiB for its copy; beside it {made:.0} ms \
         to make {:.1} MiB of it and {:.0} ms to write them as a line of {:.1} MiB",
        copy / 1048576.0,
        size as f64 / 1048576.0,
        ms(started),
        writer.bytes() as f64 / 1048576.0
    );
}

/// What the recorder costs in a cycle: the folding thread hands over, another thread writes.
fn recorder(name: &str, cycles: [Vec<Observation>; 3], dir: &Path) {
    let cycles = cycles.map(|all| all.into_iter().map(Arc::new).collect::<Vec<_>>());
    let sink = Sink::create(&dir.join("written.jsonl.zst")).expect("a file");
    let mut writer = Writer::begin(sink, None, None).expect("a file");
    let (mut wrote, mut bytes) = (0.0, 0);
    for cycle in &cycles {
        // The first is told in full; what counts is the last.
        let (started, before) = (Instant::now(), writer.bytes());
        for observation in cycle {
            writer.write(observation).expect("it can be written");
        }
        (wrote, bytes) = (ms(started), writer.bytes() - before);
    }
    let (recorder, mut tap) = Recorder::file(&dir.join("taken.jsonl.zst")).expect("a file");
    let started = Instant::now();
    for observation in &cycles[0] {
        tap.record(observation);
    }
    let handed = ms(started);
    drop(tap);
    let lost = recorder.join().expect("it can be written").lost;
    println!(
        "the recorder, {name}: {handed:.1} ms of the folding thread ({lost} lost), {wrote:.0} ms beside it \
         for {:.1} MiB of lines",
        bytes as f64 / 1048576.0
    );
}

fn main() {
    let (rows, partitions) = (
        GROUPS as f64 * f64::from(ROWS),
        TOPICS as f64 * f64::from(PARTITIONS),
    );
    let nothing = in_use();
    let mut measured = Measured {
        pipeline: Pipeline::new(),
        last: None,
    };
    let settings = Settings {
        clusters: vec![ClusterSettings::named("big".into())],
        ..Settings::default()
    };
    measured.pipeline.fold(&Observation::Configured {
        at: Timestamp::default(),
        settings: Arc::new(settings),
    });
    measured.pipeline.fold(&metadata());
    // Log ends alone first: what a partition takes.
    for n in 1..=400 {
        for observation in cycle(n * 10_000, n * 1000) {
            let is_end = matches!(
                &observation,
                Observation::Read {
                    fact: Fact::LogEnds { .. } | Fact::LogStarts { .. },
                    ..
                }
            );
            if is_end {
                measured.pipeline.fold(&observation);
            }
        }
    }
    let with_partitions = in_use();
    println!(
        "facts of a partition: {:.0} bytes",
        (with_partitions - nothing) / partitions
    );
    for g in 0..GROUPS {
        measured.pipeline.fold(&description(g));
    }
    for n in 401..=430 {
        measured.run("warming", n, n * 1000, false);
    }
    let name = "all moved, one group in twenty in trouble";
    for n in 431..=433 {
        measured.run(name, n, n * 1000, true);
    }
    // Who holds a snapshot while all of it is made anew sees what one takes.
    let (kept, with_all) = (measured.last.clone(), in_use());
    measured.run(name, 434, 434_000, false);
    let snapshot = in_use() - with_all;
    drop(kept);
    println!(
        "snapshot of a row, its group's and topic's share in it: {:.0} bytes",
        snapshot / rows
    );
    let facts = with_all - with_partitions - snapshot;
    println!(
        "facts of a row, its group's share in it: {:.0} bytes",
        facts / rows
    );
    for n in 435..=600 {
        measured.run("settling", n, 434_000, false);
    }
    for n in 601..=606 {
        measured.run("nothing moved", n, 434_000, true);
    }
    let dir = tempfile::tempdir().expect("a directory");
    checkpoint(&measured.pipeline, dir.path());
    let at = |n: i64, end: i64| cycle(n * 10_000, end);
    let moved = [at(604, 434_000), at(605, 435_000), at(606, 436_000)];
    recorder("all moved", moved, dir.path());
    let quiet = [at(604, 434_000), at(605, 434_000), at(606, 434_000)];
    recorder("nothing moved", quiet, dir.path());
}
