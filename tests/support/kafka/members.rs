//! Members of consumer groups, each polling on a thread of its own. In: a cluster, a group, topics. Out: what they hold and have processed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};

use super::KafkaCluster;
use super::clients::config;
use crate::support::eventually;

/// How a member joins its group.
#[derive(Debug, Clone)]
pub struct MemberOptions {
    properties: Vec<(String, String)>,
    pause_per_record: Duration,
}

impl MemberOptions {
    /// The classic protocol, from the beginning of the log, commits after each record, as quickly as records come.
    pub fn classic() -> Self {
        Self {
            properties: Vec::new(),
            pause_per_record: Duration::ZERO,
        }
        .with("auto.offset.reset", "earliest")
        .with("session.timeout.ms", "10000")
    }

    /// The consumer protocol of KIP-848.
    pub fn consumer() -> Self {
        Self {
            properties: Vec::new(),
            pause_per_record: Duration::ZERO,
        }
        .with("auto.offset.reset", "earliest")
        .with("group.protocol", "consumer")
    }

    /// Any librdkafka property: `client.id`, `group.instance.id` (a static member), `partition.assignment.strategy`, …
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.properties.push((key.to_owned(), value.to_owned()));
        self
    }

    /// How long each record takes.
    pub fn slow(mut self, pause_per_record: Duration) -> Self {
        self.pause_per_record = pause_per_record;
        self
    }
}

/// A member of a group, polling on a thread of its own until dropped, when it leaves in an orderly way.
pub struct Member {
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    paused: AtomicBool,
    is_paused: AtomicBool,
    records: AtomicU64,
    assigned: Mutex<Vec<(String, i32)>>,
}

impl Member {
    pub fn join(
        cluster: &KafkaCluster,
        group: &str,
        topics: &[&str],
        options: &MemberOptions,
    ) -> Self {
        let mut config = config(&cluster.bootstrap());
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false");
        for (key, value) in &options.properties {
            config.set(key, value);
        }
        let consumer: BaseConsumer = config.create().unwrap();
        consumer.subscribe(topics).unwrap();
        let seen = Arc::new(Seen::default());
        let (shared, pause) = (Arc::clone(&seen), options.pause_per_record);
        let thread = thread::spawn(move || work(&consumer, &shared, pause));
        Self {
            seen,
            thread: Some(thread),
        }
    }

    /// Records that were processed and committed.
    pub fn records(&self) -> u64 {
        self.seen.records.load(Ordering::Relaxed)
    }

    /// The partitions that the member holds now.
    pub fn assigned(&self) -> Vec<(String, i32)> {
        self.seen.assigned.lock().unwrap().clone()
    }

    /// Stops processing while the membership lives on (a stalled consumer), or goes on; returns once it is so.
    #[track_caller]
    pub fn pause(&self, paused: bool) {
        self.seen.paused.store(paused, Ordering::Relaxed);
        eventually(Duration::from_secs(30), || {
            let done = self.seen.is_paused.load(Ordering::Relaxed) == paused;
            if done {
                Ok(())
            } else {
                Err("the member does not heed".to_owned())
            }
        });
    }

    /// Waits until the member holds at least this many partitions.
    #[track_caller]
    pub fn wait_assigned(&self, partitions: usize) {
        eventually(Duration::from_mins(1), || {
            let held = self.assigned().len();
            if held >= partitions {
                Ok(())
            } else {
                Err(format!(
                    "the member holds {held} of {partitions} partitions"
                ))
            }
        });
    }

    /// Waits until the member has committed this many records.
    #[track_caller]
    pub fn wait_records(&self, records: u64) {
        eventually(Duration::from_mins(1), || {
            let done = self.records();
            if done >= records {
                Ok(())
            } else {
                Err(format!(
                    "the member has processed {done} of {records} records"
                ))
            }
        });
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.seen.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _its_panic_is_reported_by_its_thread = thread.join();
        }
    }
}

fn work(consumer: &BaseConsumer, seen: &Seen, pause: Duration) {
    let mut is_paused = false;
    while !seen.stop.load(Ordering::Relaxed) {
        note_assignment(consumer, seen);
        let pausing = seen.paused.load(Ordering::Relaxed);
        if pausing != is_paused {
            is_paused = pausing;
            let held = consumer.assignment().unwrap();
            if is_paused {
                consumer.pause(&held).unwrap();
            } else {
                consumer.resume(&held).unwrap();
            }
            seen.is_paused.store(is_paused, Ordering::Relaxed);
        }
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let until = Instant::now() + pause;
        while Instant::now() < until && !seen.stop.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(5).min(pause));
        }
        // A commit may fail in a rebalance: the record then comes again, here or elsewhere.
        if consumer.commit_message(&message, CommitMode::Sync).is_ok() {
            seen.records.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn note_assignment(consumer: &BaseConsumer, seen: &Seen) {
    if let Ok(assignment) = consumer.assignment() {
        let held = assignment
            .elements()
            .iter()
            .map(|element| (element.topic().to_owned(), element.partition()))
            .collect();
        *seen.assigned.lock().unwrap() = held;
    }
}
