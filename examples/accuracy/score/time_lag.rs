//! Time lags beside the truth.

use std::collections::HashMap;

use laggard::model::{GroupId, GroupSnapshot, Method, Reading, Snapshot, TimeLag, Timestamp};
use laggard::sim::world::World;

use super::errors::Errors;
use super::observed::{Log, Seen};
use super::others;

/// What is kept of time lags.
#[derive(Clone, Debug, Default)]
pub struct TimeLags {
    /// Laggard's own.
    pub ours: Errors,
    /// Interpolation over 60 points.
    pub lookup: Errors,
    /// Lag over rate.
    pub rate: Errors,
    /// A line through two anchors.
    pub anchors: Errors,
    /// Samples whose bounds were made of observed log ends alone.
    pub provable: u64,
    /// Those of them with the truth outside.
    pub outside: u64,
    /// Samples whose bounds rest on records' timestamps.
    pub searched: u64,
    /// Those of them with the truth outside.
    pub searched_outside: u64,
    /// Samples in which something was unread and Laggard gave no number.
    pub unknown: u64,
    /// Samples of rows of which only "older than" was told: no estimate, and none is judged.
    pub open: u64,
    /// The first sample with the truth outside provable bounds, in words.
    pub first_outside: Option<String>,
    truths: HashMap<Log, (i64, Option<i64>)>,
    starts: HashMap<Log, (i64, Option<i64>)>,
}

impl TimeLags {
    /// Takes in another run's.
    pub fn add(&mut self, other: &Self) {
        self.ours.add(&other.ours);
        self.lookup.add(&other.lookup);
        self.rate.add(&other.rate);
        self.anchors.add(&other.anchors);
        self.provable += other.provable;
        self.outside += other.outside;
        self.searched += other.searched;
        self.searched_outside += other.searched_outside;
        self.unknown += other.unknown;
        self.open += other.open;
        if self.first_outside.is_none() {
            self.first_outside.clone_from(&other.first_outside);
        }
    }

    /// Compares a snapshot's rows and groups with the truth about what was seen.
    pub fn sample(&mut self, snapshot: &Snapshot, seen: &Seen, world: &World) {
        for group in snapshot.clusters.iter().flat_map(|c| &c.groups) {
            let mut oldest = Some(snapshot.at);
            for row in &group.rows {
                let topic = &group.topics[row.topic as usize];
                let log = (topic.topic.clone(), row.partition);
                let truth = self.truth(seen, world, &group.group, &log, snapshot.at);
                oldest = oldest
                    .zip(truth.flatten().or(truth.map(|_| snapshot.at)))
                    .map(|(a, b)| a.min(b));
                let Some(truth) = truth else { continue };
                self.row(group, &row.time_lag, truth, snapshot.at);
                if let Some(since) = truth {
                    self.others(seen, world, &group.group, &log, since, snapshot.at);
                }
            }
            if let Some(oldest) = oldest {
                let truth = (oldest < snapshot.at).then_some(oldest);
                self.bounds(group, &group.time_lag, truth, snapshot.at);
            }
        }
    }

    /// When the oldest record that is unread, as seen, was appended: `Some(None)` if nothing is, none if nothing was seen
    /// that one could say it of.
    fn truth(
        &mut self,
        seen: &Seen,
        world: &World,
        group: &GroupId,
        log: &Log,
        at: Timestamp,
    ) -> Option<Option<Timestamp>> {
        let committed = seen.commits.get(&(group.clone(), log.clone()))?.offset?;
        let end = seen.logs.get(log)?.end()?;
        if committed > end {
            return None;
        }
        if committed == end {
            return Some(None);
        }
        let topic = world.topic_named(log.0.as_str())?;
        // The log start as it was read: what was deleted since is still unread as far as one could see.
        let first = committed.max(seen.logs.get(log)?.start?);
        let since = match self.truths.get(log) {
            Some((offset, since)) if *offset == first => *since,
            _ => {
                let since = world.appended_at(topic, log.1, first, at.as_millis());
                self.truths.insert(log.clone(), (first, since));
                since
            }
        };
        since.map(|since| Some(Timestamp::from_millis(since)))
    }

    fn row(
        &mut self,
        group: &GroupSnapshot,
        reading: &Reading<TimeLag>,
        truth: Option<Timestamp>,
        at: Timestamp,
    ) {
        self.bounds(group, reading, truth, at);
        let Some(since) = truth else { return };
        let known = reading.known();
        if known.is_some_and(|lag| lag.high(at).is_none()) {
            self.open += 1;
            return;
        }
        let estimate = known.map(|lag| lag.age(at).as_secs_f64());
        self.unknown += u64::from(estimate.is_none());
        self.ours.note(estimate, since.age_at(at).as_secs_f64());
    }

    fn bounds(
        &mut self,
        group: &GroupSnapshot,
        reading: &Reading<TimeLag>,
        truth: Option<Timestamp>,
        at: Timestamp,
    ) {
        let Some(lag) = reading.known() else { return };
        let age = truth.map_or(0, |since| (at - since).as_millis());
        let within = lag.low(at).as_millis() <= age
            && lag.high(at).is_none_or(|high| age <= high.as_millis());
        if matches!(lag.method(), None | Some(Method::Bracket)) {
            self.provable += 1;
            self.outside += u64::from(!within);
            if !within && self.first_outside.is_none() {
                self.first_outside = Some(format!(
                    "{} at {at}: truth {age} ms, told {lag:?}",
                    group.group
                ));
            }
        } else {
            self.searched += 1;
            self.searched_outside += u64::from(!within);
        }
    }

    fn others(
        &mut self,
        seen: &Seen,
        world: &World,
        group: &GroupId,
        log: &Log,
        since: Timestamp,
        at: Timestamp,
    ) {
        let (Some(ends), Some(commit)) = (
            seen.logs.get(log),
            seen.commits.get(&(group.clone(), log.clone())),
        ) else {
            return;
        };
        let committed = commit.offset.unwrap_or_default();
        let truth = since.age_at(at).as_secs_f64();
        self.lookup.note(others::lookup(ends, committed, at), truth);
        self.rate.note(others::over_rate(ends, committed), truth);
        let first = self.first_record(world, log, ends.start, at);
        self.anchors
            .note(others::two_anchors(ends, first, committed, at), truth);
    }

    /// The timestamp of the log's first record, as ListOffsets tells it to anybody.
    fn first_record(
        &mut self,
        world: &World,
        log: &Log,
        start: Option<i64>,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let start = start?;
        let known = self.starts.get(log).filter(|(offset, _)| *offset == start);
        let time = if let Some((_, time)) = known {
            *time
        } else {
            let topic = world.topic_named(log.0.as_str())?;
            let record = world.record(topic, log.1, start, at.as_millis());
            let time = record.map(|record| record.at);
            self.starts.insert(log.clone(), (start, time));
            time
        };
        time.map(Timestamp::from_millis)
    }
}
