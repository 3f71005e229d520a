//! The log of commits: what lies in each partition of `__consumer_offsets`, as a function of time.
//!
//! In: all groups' commits. Out: an ordered log with offsets, its old part compacted to the newest commit of each key.
//! Nothing is stored: an offset is the number of commits before it, and is found by bisecting time.

use super::World;
use super::cell::BEGINNING;
use super::groups::Body;
use crate::sim::spec::{MINUTE, Millis};

/// Up to this instant (relative to the epoch) the log is compacted.
const CLEAN: Millis = -10 * MINUTE;
/// How much time one look at the log spans.
const LOOK: Millis = 5_000;

/// A record of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitRecord {
    /// Its offset in the partition.
    pub offset: i64,
    /// When it was appended, Unix milliseconds.
    pub at: Millis,
    /// Index of the group.
    pub group: usize,
    /// Which of the group's rows.
    pub row: usize,
    /// What was committed; none: a tombstone.
    pub committed: Option<i64>,
}

/// One commit: when (relative to the epoch), which group and row, what (−1: a tombstone).
type Event = (Millis, usize, usize, i64);

impl World {
    /// The groups whose commits go to this partition.
    pub fn groups_in(&self, partition: i32) -> &[usize] {
        self.coordinated
            .get(partition as usize)
            .map_or(&[], Vec::as_slice)
    }

    /// The log end of a partition of the commit log.
    pub fn commit_log_end(&self, partition: i32, t: Millis) -> i64 {
        self.commit_count(partition, self.relative(t))
    }

    /// Up to `limit` records from `offset` on, as the log has them at `t`.
    pub fn commit_records(
        &self,
        partition: i32,
        offset: i64,
        limit: usize,
        t: Millis,
    ) -> Vec<CommitRecord> {
        let t = self.relative(t);
        let clean = CLEAN.min(t);
        let mut records = Vec::new();
        if offset < self.commit_count(partition, clean) {
            records = self.survivors(partition, clean);
            records.retain(|record| record.offset >= offset);
        }
        let mut after = if records.is_empty() && offset > 0 {
            self.commit_time(partition, offset, t)
                .map_or(t, |at| at - 1)
                .max(clean)
        } else {
            clean
        };
        while records.len() < limit && after < t {
            let upto = (after + LOOK).min(t);
            let events = self.commit_events(partition, after, upto);
            let first = self.commit_count(partition, after);
            let numbered = events
                .into_iter()
                .zip(first..)
                .map(|(event, offset)| self.commit_record(event, offset));
            records.extend(numbered.filter(|record| record.offset >= offset));
            after = upto;
        }
        records.truncate(limit);
        records
    }

    /// The first record appended at `at` or later, as the log has it at `t`.
    pub fn commit_first_at(&self, partition: i32, at: Millis, t: Millis) -> Option<CommitRecord> {
        let before = self.commit_count(partition, self.relative(at) - 1);
        self.commit_records(partition, before, 1, t)
            .into_iter()
            .next()
    }

    /// The newest record, as the log has it at `t`.
    pub fn commit_newest(&self, partition: i32, t: Millis) -> Option<CommitRecord> {
        let end = self.commit_log_end(partition, t);
        self.commit_records(partition, (end - 1).max(0), 1, t)
            .into_iter()
            .next()
    }

    fn commit_record(&self, (at, group, row, committed): Event, offset: i64) -> CommitRecord {
        let committed = (committed >= 0).then_some(committed);
        CommitRecord {
            offset,
            at: at + self.epoch,
            group,
            row,
            committed,
        }
    }

    /// Commits up to and including `t` (relative to the epoch).
    fn commit_count(&self, partition: i32, t: Millis) -> i64 {
        self.groups_in(partition)
            .iter()
            .map(|group| self.commits_of(*group, t))
            .sum()
    }

    fn commits_of(&self, group: usize, t: Millis) -> i64 {
        if t < BEGINNING {
            return 0;
        }
        match self.groups[group].body {
            Body::Filler(filler) => {
                let sessions = filler.sessions(t) - filler.sessions(BEGINNING);
                sessions * i64::from(self.topics[filler.topic as usize].partitions)
            }
            Body::Simulated(cell, index) => {
                self.cells[cell].at(&self.topics, t).groups[index].commit_count(t)
            }
        }
    }

    /// When the commit at `offset` was appended.
    fn commit_time(&self, partition: i32, offset: i64, t: Millis) -> Option<Millis> {
        if offset >= self.commit_count(partition, t) {
            return None;
        }
        let (mut low, mut high) = (BEGINNING - 1, t);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.commit_count(partition, middle) > offset {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high)
    }

    /// All commits in `(after, upto]`, in the order of the log.
    fn commit_events(&self, partition: i32, after: Millis, upto: Millis) -> Vec<Event> {
        let mut events = Vec::new();
        for group in self.groups_in(partition) {
            match self.groups[*group].body {
                Body::Filler(filler) => {
                    let topic = &self.topics[filler.topic as usize];
                    for session in filler.sessions_between(after.max(BEGINNING), upto) {
                        let commit = |row| {
                            (
                                session,
                                *group,
                                row as usize,
                                filler.offset(topic, row, session),
                            )
                        };
                        events.extend((0..topic.partitions).map(commit));
                    }
                }
                Body::Simulated(cell, index) => {
                    let inner = self.cells[cell].at(&self.topics, upto);
                    let each = inner.groups[index].commits_between(after, upto);
                    events
                        .extend(each.map(|(row, commit)| (commit.at, *group, row, commit.offset)));
                }
            }
        }
        // Stable: a row's own order is kept.
        events.sort_by_key(|(at, group, row, _)| (*at, *group, *row));
        events
    }

    /// What compaction has left of the commits up to `clean`: the newest of each key.
    fn survivors(&self, partition: i32, clean: Millis) -> Vec<CommitRecord> {
        let mut newest: Vec<Event> = Vec::new();
        for group in self.groups_in(partition) {
            match self.groups[*group].body {
                Body::Filler(filler) => {
                    let (topic, at) = (
                        &self.topics[filler.topic as usize],
                        filler.last_commit(clean),
                    );
                    let commit = |row| (at, *group, row as usize, filler.offset(topic, row, at));
                    newest.extend((0..topic.partitions).map(commit));
                }
                Body::Simulated(cell, index) => {
                    let inner = self.cells[cell].at(&self.topics, clean);
                    let each = inner.groups[index].newest_commits(clean);
                    newest
                        .extend(each.map(|(row, commit)| (commit.at, *group, row, commit.offset)));
                }
            }
        }
        newest.sort_by_key(|(at, group, row, _)| (*at, *group, *row));
        let mut survivors = Vec::with_capacity(newest.len());
        for same in newest.chunk_by(|one, other| one.0 == other.0) {
            let at = same[0].0;
            let (first, all) = (
                self.commit_count(partition, at - 1),
                self.commit_events(partition, at - 1, at),
            );
            // The last of its key within its millisecond is the one that stays.
            survivors.extend(same.iter().filter_map(|event| {
                let rank = all
                    .iter()
                    .rposition(|other| (other.1, other.2) == (event.1, event.2))?;
                Some(self.commit_record(*event, first + rank as i64))
            }));
        }
        survivors
    }
}
