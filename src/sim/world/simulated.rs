//! One group under simulation: where its consumers are, what it has committed, and what happens to it between steps.

use rustc_hash::FxHashMap;

use super::cell::{BEGINNING, STEP};
use super::group::{Commit, Row};
use super::members::Timeline;
use super::topic::Topic;
use crate::sim::random::derive;
use crate::sim::spec::{EventKind, GroupSpec, Millis, Protocol, Rewind, Start};

/// One group under simulation.
#[derive(Clone)]
pub(super) struct Simulated {
    pub(super) spec: GroupSpec,
    pub(super) rows: Vec<Row>,
    pub(super) timeline: Timeline,
    pub(super) commits: Vec<Vec<Commit>>,
    /// How many older commits of each row have been forgotten.
    forgotten: Vec<i64>,
    pub(super) seed: u64,
    /// Rows that an event poisons: event, row.
    pub(super) poisoned: Vec<(usize, usize)>,
    /// The next record each row's consumer handles.
    pub(super) positions: Vec<f64>,
    /// What each row's consumer could see at the end of the last step.
    pub(super) seen: Vec<i64>,
    /// What it can see at the end of this step.
    pub(super) visible: Vec<i64>,
    /// The record that a poisoned row can't get past.
    pub(super) poison: Vec<Option<i64>>,
}

impl Simulated {
    pub(super) fn new(
        spec: GroupSpec,
        names: &FxHashMap<std::sync::Arc<str>, usize>,
        topics: &[Topic],
        seed: u64,
    ) -> Self {
        let mut indexes: Vec<usize> = spec
            .topics
            .iter()
            .filter_map(|name| names.get(name.as_str()).copied())
            .collect();
        indexes.sort_unstable();
        let rows: Vec<Row> = indexes
            .into_iter()
            .flat_map(|topic| {
                (0..topics[topic].partitions).map(move |partition| Row {
                    topic: topic as u32,
                    partition,
                })
            })
            .collect();
        let mut group = Self {
            timeline: Timeline::new(&spec, &rows, BEGINNING),
            seed: derive(seed, &spec.name),
            poisoned: Vec::new(),
            commits: vec![Vec::new(); rows.len()],
            forgotten: vec![0; rows.len()],
            positions: vec![0.0; rows.len()],
            seen: vec![0; rows.len()],
            visible: vec![0; rows.len()],
            poison: vec![None; rows.len()],
            spec,
            rows,
        };
        group.restart(topics);
        group
    }

    pub(super) fn restart(&mut self, topics: &[Topic]) {
        self.timeline = Timeline::new(&self.spec, &self.rows, BEGINNING);
        self.poisoned = self.find_poisoned(topics);
        for row in 0..self.rows.len() {
            let (topic, partition) = (
                &topics[self.rows[row].topic as usize],
                self.rows[row].partition,
            );
            let end = topic.log_end(partition, BEGINNING).unwrap_or(0);
            self.positions[row] = end as f64;
            (self.seen[row], self.visible[row]) = (end, end);
            self.poison[row] = None;
            self.commits[row].clear();
            self.forgotten[row] = 0;
            let never = self
                .spec
                .events
                .iter()
                .any(|e| e.kind == EventKind::NeverCommits && e.covers(BEGINNING));
            if self.spec.since.is_none() && !never {
                self.commits[row].push(Commit {
                    offset: topic.after_data(partition, end, BEGINNING),
                    at: BEGINNING,
                });
            }
        }
    }

    fn find_poisoned(&self, topics: &[Topic]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (index, event) in self.spec.events.iter().enumerate() {
            let EventKind::Poison {
                topic, partition, ..
            } = &event.kind
            else {
                continue;
            };
            let is_it = |row: &Row| {
                row.partition == *partition && *topics[row.topic as usize].name == **topic
            };
            found.extend(self.rows.iter().position(is_it).map(|row| (index, row)));
        }
        found
    }

    /// The first instant after `a` at which something changes by itself.
    pub(super) fn next_change(&self, a: Millis, topics: &[Topic]) -> Millis {
        let mut next = a + STEP;
        let mut consider = |at: Millis| {
            if at > a {
                next = next.min(at);
            }
        };
        let after = self
            .timeline
            .segments
            .partition_point(|segment| segment.at <= a);
        if let Some(segment) = self.timeline.segments.get(after) {
            consider(segment.at);
        }
        consider(self.timeline.segments[after.saturating_sub(1)].settles);
        for event in &self.spec.events {
            consider(event.from);
            event.until.into_iter().for_each(&mut consider);
        }
        self.spec.since.into_iter().for_each(&mut consider);
        for chunk in self.rows.chunk_by(|one, other| one.topic == other.topic) {
            topics[chunk[0].topic as usize]
                .deleted()
                .into_iter()
                .for_each(&mut consider);
        }
        next
    }

    /// What happens at exactly `a`, before anything is consumed.
    pub(super) fn happen(&mut self, a: Millis, topics: &[Topic]) {
        if self.spec.since == Some(a) {
            self.begin(a, topics);
        }
        if self.timeline.at(a).at == a && a > BEGINNING {
            self.hand_over(a, topics);
        }
        for index in 0..self.spec.events.len() {
            if self.spec.events[index].from != a {
                continue;
            }
            match self.spec.events[index].kind.clone() {
                EventKind::Rewind(to) => self.rewind(to, a, topics),
                EventKind::SetOffsets {
                    topic,
                    partition,
                    to,
                } => self.set_offsets((&topic, partition), to, a, topics),
                _ => {}
            }
        }
        for row in 0..self.rows.len() {
            if topics[self.rows[row].topic as usize].deleted() == Some(a) {
                // Kafka deletes a group's commits together with the topic; the consumer may live on.
                self.commits[row].push(Commit { offset: -1, at: a });
            }
        }
    }

    fn begin(&mut self, a: Millis, topics: &[Topic]) {
        for (row, place) in self.rows.iter().enumerate() {
            let topic = &topics[place.topic as usize];
            let at = match self.spec.start {
                Start::Latest => topic.log_end(place.partition, a),
                Start::Earliest => topic.log_start(place.partition, a),
            };
            self.positions[row] = at.unwrap_or(0) as f64;
        }
    }

    /// A rebalance begins: who can commits, and new owners start from what is committed.
    fn hand_over(&mut self, a: Millis, topics: &[Topic]) {
        let segment = self.timeline.at(a).clone();
        let before = self.timeline.at(a - 1).owners.clone();
        for (row, was) in before.iter().enumerate() {
            if segment.paused[row] && was.is_some() && !segment.abandoned[row] && self.commits_at(a)
            {
                self.commit(row, self.positions[row].floor() as i64, a, topics);
            }
            let moved = *was != segment.owners[row];
            if moved && let Some(last) = self.commits[row].last().filter(|last| last.offset >= 0) {
                self.positions[row] = last.offset as f64;
            }
        }
    }

    fn rewind(&mut self, to: Rewind, a: Millis, topics: &[Topic]) {
        for row in 0..self.rows.len() {
            let (topic, partition) = (
                &topics[self.rows[row].topic as usize],
                self.rows[row].partition,
            );
            let start = topic.log_start(partition, a).unwrap_or(0);
            let target = match to {
                Rewind::Earliest => start,
                Rewind::Back(by) => topic.log_end(partition, a - by).unwrap_or(0).max(start),
            };
            self.positions[row] = target as f64;
            self.commits[row].push(Commit {
                offset: target,
                at: a,
            });
        }
    }

    /// `to`; none: the log start.
    fn set_offsets(
        &mut self,
        (name, partition): (&str, Option<i32>),
        to: Option<i64>,
        a: Millis,
        topics: &[Topic],
    ) {
        for row in 0..self.rows.len() {
            let (topic, number) = (
                &topics[self.rows[row].topic as usize],
                self.rows[row].partition,
            );
            if &*topic.name != name || partition.is_some_and(|wanted| wanted != number) {
                continue;
            }
            let target = to.unwrap_or_else(|| topic.log_start(number, a).unwrap_or(0));
            self.positions[row] = target as f64;
            self.commits[row].push(Commit {
                offset: target,
                at: a,
            });
        }
    }

    pub(super) fn commits_at(&self, a: Millis) -> bool {
        !self.spec.events.iter().any(|event| {
            event.covers(a) && matches!(event.kind, EventKind::NeverCommits | EventKind::Stuck)
        })
    }

    /// The newest commit of a row at `t` (relative to the epoch).
    pub(super) fn committed(&self, row: usize, t: Millis) -> Option<Commit> {
        let commits = &self.commits[row];
        let after = commits.partition_point(|commit| commit.at <= t);
        commits
            .get(after.checked_sub(1)?)
            .copied()
            .filter(|commit| commit.offset >= 0)
    }

    /// Forgets commits that are not needed to answer about `t` and later.
    pub(super) fn forget_before(&mut self, t: Millis) {
        for (commits, forgotten) in self.commits.iter_mut().zip(&mut self.forgotten) {
            let old = commits
                .partition_point(|commit| commit.at <= t)
                .saturating_sub(1);
            commits.drain(..old);
            *forgotten += old as i64;
        }
        self.timeline.forget_before(t);
    }

    /// Commits of all rows up to and including `t`.
    pub(super) fn commit_count(&self, t: Millis) -> i64 {
        let of_row =
            |commits: &Vec<Commit>| commits.partition_point(|commit| commit.at <= t) as i64;
        self.commits.iter().map(of_row).sum::<i64>() + self.forgotten.iter().sum::<i64>()
    }

    /// Commits in `(after, upto]`, row by row.
    pub(super) fn commits_between(
        &self,
        after: Millis,
        upto: Millis,
    ) -> impl Iterator<Item = (usize, Commit)> {
        self.commits
            .iter()
            .enumerate()
            .flat_map(move |(row, commits)| {
                let first = commits.partition_point(|commit| commit.at <= after);
                let last = commits.partition_point(|commit| commit.at <= upto);
                commits[first..last]
                    .iter()
                    .map(move |commit| (row, *commit))
            })
    }

    /// The newest commit of each row up to `t`, tombstones included.
    pub(super) fn newest_commits(&self, t: Millis) -> impl Iterator<Item = (usize, Commit)> {
        self.commits
            .iter()
            .enumerate()
            .filter_map(move |(row, commits)| {
                let after = commits.partition_point(|commit| commit.at <= t);
                Some((row, *commits.get(after.checked_sub(1)?)?))
            })
    }

    /// Whether anybody sees the group at `t`.
    pub(super) fn exists(&self, t: Millis) -> bool {
        self.spec.since.is_none_or(|since| since <= t) && t >= BEGINNING
    }

    /// Whether its members are hidden from the coordinator.
    pub(super) fn is_manual(&self) -> bool {
        self.spec.protocol == Protocol::Manual
    }
}
