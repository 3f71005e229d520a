//! What a poller has seen so far of each partition and each group's commit on it: what all methods work on, and what the
//! truth is asked about.

use std::collections::{BTreeMap, VecDeque};

use laggard::model::{
    Fact, GroupId, Isolation, Observation, OffsetRead, PartitionId, Timestamp, TopicName,
};

/// Log ends that are remembered.
pub const ENDS: usize = 60;
/// Commits that are remembered.
pub const COMMITS: usize = 10;

/// A partition's key.
pub type Log = (TopicName, PartitionId);

/// What was read of a log.
#[derive(Debug, Default)]
pub struct SeenLog {
    /// When, how far: the newest last, flat stretches by their two edges.
    pub ends: VecDeque<(Timestamp, i64)>,
    /// All of the newest reads, flat or not.
    pub recent_ends: VecDeque<i64>,
    /// The log start as last read.
    pub start: Option<i64>,
}

/// What was read of a commit.
#[derive(Debug, Default)]
pub struct SeenCommit {
    /// The newest commit.
    pub offset: Option<i64>,
    /// When it was seen, where it stood, how much was unread by the newest log end of then.
    pub ring: VecDeque<(Timestamp, i64, i64)>,
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// By partition.
    pub logs: BTreeMap<Log, SeenLog>,
    /// By group and partition.
    pub commits: BTreeMap<(GroupId, Log), SeenCommit>,
}

impl Seen {
    /// Takes in an observation.
    pub fn take(&mut self, observation: &Observation) {
        let Observation::Read { answered, fact, .. } = observation else {
            return;
        };
        match fact {
            Fact::LogStarts { topic, offsets } => {
                for (partition, offset) in good(offsets) {
                    self.log(topic, partition).start = Some(offset);
                }
            }
            Fact::LogEnds {
                topic,
                isolation: Isolation::ReadUncommitted,
                offsets,
            } => {
                for (partition, offset) in good(offsets) {
                    self.log(topic, partition).take_end(*answered, offset);
                }
            }
            Fact::Commits { group, topics, .. } => {
                for commits in topics {
                    for read in &commits.partitions {
                        if let Ok(Some(offset)) = read.offset {
                            let log = (commits.topic.clone(), read.partition);
                            self.take_commit(group, log, *answered, offset, read.committed_at);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn log(&mut self, topic: &TopicName, partition: PartitionId) -> &mut SeenLog {
        self.logs.entry((topic.clone(), partition)).or_default()
    }

    fn take_commit(
        &mut self,
        group: &GroupId,
        log: Log,
        at: Timestamp,
        offset: i64,
        committed_at: Option<Timestamp>,
    ) {
        let end = self.logs.get(&log).and_then(|l| l.ends.back()).map(|e| e.1);
        let seen = self.commits.entry((group.clone(), log)).or_default();
        let at = committed_at.unwrap_or(at);
        let again = seen.ring.back().is_some_and(|last| last.0 == at);
        seen.offset = Some(offset);
        if !again {
            if seen.ring.len() == COMMITS {
                seen.ring.pop_front();
            }
            let lag = end.map_or(0, |end| (end - offset).max(0));
            seen.ring.push_back((at, offset, lag));
        }
    }
}

fn good(offsets: &[OffsetRead]) -> impl Iterator<Item = (PartitionId, i64)> {
    offsets
        .iter()
        .filter_map(|read| Some((read.partition, *read.offset.as_ref().ok()?)))
}

impl SeenLog {
    fn take_end(&mut self, at: Timestamp, offset: i64) {
        if self.ends.back().is_some_and(|last| last.1 > offset) {
            self.ends.clear();
            self.recent_ends.clear();
        }
        let flat =
            self.ends.len() >= 2 && self.ends.iter().rev().take(2).all(|end| end.1 == offset);
        if flat {
            self.ends.pop_back();
        } else if self.ends.len() == ENDS {
            self.ends.pop_front();
        }
        self.ends.push_back((at, offset));
        if self.recent_ends.len() == COMMITS {
            self.recent_ends.pop_front();
        }
        self.recent_ends.push_back(offset);
    }

    /// The newest log end.
    pub fn end(&self) -> Option<i64> {
        self.ends.back().map(|end| end.1)
    }
}
