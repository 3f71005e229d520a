//! A workload evaluated: the state of a cluster at any instant, as a function of scenario, seed and time.
//!
//! In: a [`Scenario`], a seed, an epoch (Unix time in milliseconds) and instants. Out: offsets, times, commits, groups
//! and the truth. Answers agree with each other and never go back in time, whatever the order of the questions. No
//! clock is read here. Instants in this module's public functions are Unix milliseconds unless they say otherwise.

mod arrival;
mod assign;
mod cell;
mod changes;
mod commit_log;
mod consume;
mod filler;
mod group;
mod groups;
mod members;
mod record;
mod remedy;
mod service;
mod simulated;
#[cfg(test)]
mod tests;
mod topic;
mod truth;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use self::cell::Cell;
pub use self::commit_log::CommitRecord;
pub use self::group::{Brief, Commit, GroupView, Member, Row};
use self::groups::{Group, fill, simulate};
pub use self::record::{Record, RecordKind};
pub use self::topic::Topic;
pub use self::truth::{Condition, RowTruth};
use crate::sim::random::{derive, mix};
use crate::sim::spec::{Millis, Scenario};

/// Name of the topic that holds the commits.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// Partitions of [`OFFSETS_TOPIC`].
pub const OFFSETS_PARTITIONS: i32 = 50;

/// The partition of [`OFFSETS_TOPIC`] that a group's commits go to: Java's `String.hashCode` over UTF-16 units, made
/// positive as Kafka does.
pub fn offsets_partition(group: &str) -> i32 {
    let step = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
    let hash = group.encode_utf16().fold(0, step);
    let positive = if hash == i32::MIN { 0 } else { hash.abs() };
    positive % OFFSETS_PARTITIONS
}

/// A scenario evaluated for one seed and epoch.
pub struct World {
    /// The scenario's name.
    pub name: String,
    scenario: Scenario,
    epoch: Millis,
    seed: u64,
    brokers: i32,
    topics: Vec<Topic>,
    groups: Vec<Group>,
    cells: Vec<Cell>,
    /// Groups by the partition of the offsets topic that they lie in.
    coordinated: Vec<Vec<usize>>,
    topic_names: FxHashMap<Arc<str>, usize>,
    topic_ids: FxHashMap<u128, usize>,
    group_names: FxHashMap<Arc<str>, usize>,
}

impl World {
    /// `epoch` is the Unix time in milliseconds that the scenario's instant 0 stands for.
    pub fn new(scenario: &Scenario, seed: u64, epoch: Millis) -> Self {
        let mut topics: Vec<Topic> = scenario
            .topics
            .iter()
            .map(|spec| Topic::new(spec, seed))
            .collect();
        let brokers = scenario.brokers.max(1);
        for topic in &mut topics {
            topic.brokers = brokers;
        }
        let mut groups = Vec::new();
        let cells = simulate(scenario, seed, &topics, &mut groups);
        if let Some(filler) = scenario.filler {
            fill(filler, seed, &mut topics, &mut groups);
            for topic in &mut topics {
                topic.brokers = brokers;
            }
        }
        Self {
            cells,
            coordinated: coordinated(&groups),
            name: scenario.name.clone(),
            scenario: scenario.clone(),
            epoch,
            seed,
            brokers,
            topic_names: topics
                .iter()
                .enumerate()
                .map(|(k, topic)| (topic.name.clone(), k))
                .collect(),
            topic_ids: topics
                .iter()
                .enumerate()
                .flat_map(|(k, topic)| topic.ids().map(move |id| (id, k)))
                .collect(),
            group_names: groups
                .iter()
                .enumerate()
                .map(|(k, group)| (group.name.clone(), k))
                .collect(),
            topics,
            groups,
        }
    }

    /// The scenario's instant 0 in Unix milliseconds.
    pub fn epoch(&self) -> Millis {
        self.epoch
    }

    /// How many brokers there are; their ids count from 1.
    pub fn brokers(&self) -> i32 {
        self.brokers
    }

    /// An instant as the specification counts it.
    pub fn relative(&self, t: Millis) -> Millis {
        t - self.epoch
    }

    /// All topics, also those that do not exist at some instants; [`OFFSETS_TOPIC`] is not among them.
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Index of a topic.
    pub fn topic_named(&self, name: &str) -> Option<usize> {
        self.topic_names.get(name).copied()
    }

    /// Index of the topic that has this id at `t`.
    pub fn topic_with_id(&self, id: u128, t: Millis) -> Option<usize> {
        let index = *self.topic_ids.get(&id)?;
        (self.topics.get(index)?.id(self.relative(t)) == Some(id)).then_some(index)
    }

    /// Id of [`OFFSETS_TOPIC`].
    pub fn offsets_topic_id(&self) -> u128 {
        u128::from(mix(self.seed, 103)) << 64 | u128::from(derive(self.seed, OFFSETS_TOPIC))
    }

    /// The cluster's own id.
    pub fn cluster_id(&self) -> String {
        format!("sim-{}", self.name)
    }

    /// The preferred leader of a partition of [`OFFSETS_TOPIC`].
    pub fn offsets_leader(&self, partition: i32) -> i32 {
        1 + partition % self.brokers
    }

    /// The replicas of a partition, the preferred leader first.
    pub fn replicas(&self, topic: usize, partition: i32) -> Vec<i32> {
        let first = self.topics.get(topic).map_or(0, Topic::placement);
        self.replicas_from(first, partition)
    }

    /// The replicas of a partition of [`OFFSETS_TOPIC`].
    pub fn offsets_replicas(&self, partition: i32) -> Vec<i32> {
        self.replicas_from(0, partition)
    }

    /// The preferred leader of a partition.
    pub fn preferred_leader(&self, topic: usize, partition: i32) -> i32 {
        let led = self.topics.get(topic);
        led.map_or(1, |topic| topic.preferred_leader(partition))
    }

    fn replicas_from(&self, first: u64, partition: i32) -> Vec<i32> {
        let leader = (first % self.brokers as u64) as i32 + partition;
        (0..self.brokers.min(3))
            .map(|k| 1 + (leader + k) % self.brokers)
            .collect()
    }

    /// The log end of a partition at `t`; none while the topic does not exist.
    pub fn log_end(&self, topic: usize, partition: i32, t: Millis) -> Option<i64> {
        self.topics.get(topic)?.log_end(partition, self.relative(t))
    }

    /// The log start of a partition at `t`.
    pub fn log_start(&self, topic: usize, partition: i32, t: Millis) -> Option<i64> {
        self.topics
            .get(topic)?
            .log_start(partition, self.relative(t))
    }

    /// The last stable offset of a partition at `t`.
    pub fn last_stable(&self, topic: usize, partition: i32, t: Millis) -> Option<i64> {
        self.topics
            .get(topic)?
            .last_stable(partition, self.relative(t))
    }

    /// The record at an offset as the log has it at `t`, its time in Unix milliseconds.
    pub fn record(&self, topic: usize, partition: i32, offset: i64, t: Millis) -> Option<Record> {
        self.topics
            .get(topic)?
            .record(partition, offset, self.relative(t))
            .map(|record| self.absolute(record))
    }

    /// Up to `limit` records from `offset` on as the log has them at `t`, their times in Unix milliseconds.
    pub fn records(
        &self,
        topic: usize,
        partition: i32,
        offset: i64,
        limit: usize,
        t: Millis,
    ) -> Vec<Record> {
        let Some(topic) = self.topics.get(topic) else {
            return Vec::new();
        };
        let mut records = topic.records(partition, offset, limit, self.relative(t));
        for record in &mut records {
            *record = self.absolute(*record);
        }
        records
    }

    /// The first record with a timestamp of `at` or later, as the log has it at `t`.
    pub fn first_at(&self, topic: usize, partition: i32, at: Millis, t: Millis) -> Option<Record> {
        let (at, t) = (self.relative(at), self.relative(t));
        self.topics
            .get(topic)?
            .first_at(partition, at, t)
            .map(|record| self.absolute(record))
    }

    /// The record with the highest timestamp, as the log has it at `t`.
    pub fn newest(&self, topic: usize, partition: i32, t: Millis) -> Option<Record> {
        self.topics
            .get(topic)?
            .newest(partition, self.relative(t))
            .map(|record| self.absolute(record))
    }

    fn absolute(&self, record: Record) -> Record {
        Record {
            at: record.at + self.epoch,
            ..record
        }
    }
}

fn coordinated(groups: &[Group]) -> Vec<Vec<usize>> {
    let mut by_partition = vec![Vec::new(); OFFSETS_PARTITIONS as usize];
    for (index, group) in groups.iter().enumerate() {
        by_partition[offsets_partition(&group.name) as usize].push(index);
    }
    by_partition
}
