//! The truth to judge a monitor by: what a row's lag and age really are, what is wrong with a group and since when.
//!
//! In: the world. Out: numbers from the records themselves and the labels of what the scenario does. Nothing here knows
//! how a monitor measures or what its rules are.

use super::World;
use super::groups::Body;
use crate::sim::spec::{Cause, Millis};

/// What a group-partition's lag really is at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowTruth {
    /// Log end minus committed offset, as Kafka's tools show it; none without a commit, or beyond the end.
    pub lag: Option<i64>,
    /// Records that can still be read: what is lost and what consumers never see left out.
    pub effective_lag: Option<i64>,
    /// Age of the oldest record of these, in milliseconds; 0 if there is none.
    pub time_lag: Option<Millis>,
    /// Records that went unread: those between the commit and the log start.
    pub lost: i64,
}

/// Something wrong with a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What.
    pub cause: Cause,
    /// When it began, Unix milliseconds.
    pub began: Millis,
    /// When its cause ended; the backlog that it left may outlast it.
    pub ended: Option<Millis>,
}

impl World {
    /// The truth about each row of a group at `t`, in the order of [`World::rows`].
    pub fn truth(&self, group: usize, t: Millis) -> Vec<RowTruth> {
        let mut commits = Vec::new();
        self.commits(group, t, &mut commits);
        let rows = self.rows(group);
        let each = rows.iter().zip(commits);
        each.map(|(row, commit)| {
            self.row_truth(
                row.topic as usize,
                row.partition,
                commit.map(|c| c.offset),
                t,
            )
        })
        .collect()
    }

    fn row_truth(&self, topic: usize, partition: i32, commit: Option<i64>, t: Millis) -> RowTruth {
        let unknown = RowTruth {
            lag: None,
            effective_lag: None,
            time_lag: None,
            lost: 0,
        };
        let (t, log) = (self.relative(t), &self.topics[topic]);
        let (Some(commit), Some(end), Some(start)) = (
            commit,
            log.log_end(partition, t),
            log.log_start(partition, t),
        ) else {
            return unknown;
        };
        if commit > end {
            return unknown;
        }
        let first = commit.max(start);
        let hidden =
            log.controls_before(partition, end, t) - log.controls_before(partition, first, t);
        let effective = end - first - hidden;
        RowTruth {
            lag: Some(end - commit),
            effective_lag: Some(effective),
            time_lag: Some(if effective > 0 {
                self.age(topic, partition, first, t)
            } else {
                0
            }),
            lost: start.saturating_sub(commit).max(0),
        }
    }

    /// When what lies at `offset`, be it a record or a transaction's marker, was appended by the broker's clock, as the
    /// log has it at `t` (retention aside); none if nothing does.
    pub fn appended_at(
        &self,
        topic: usize,
        partition: i32,
        offset: i64,
        t: Millis,
    ) -> Option<Millis> {
        let (t, log) = (self.relative(t), self.topics.get(topic)?);
        let at = log.append_time(partition, offset, t)?;
        Some(at + self.epoch)
    }

    /// The age of the first record from `offset` on that consumers see.
    fn age(&self, topic: usize, partition: i32, offset: i64, t: Millis) -> Millis {
        let log = &self.topics[topic];
        let mut next = offset;
        while log.is_transactional()
            && log
                .record(partition, next, t)
                .is_some_and(|record| record.kind.is_control())
        {
            next += 1;
        }
        log.append_time(partition, next, t).map_or(0, |at| t - at)
    }

    /// What is or was wrong with a group by `t`, the earliest first. Empty: it is healthy, whatever it looks like.
    pub fn conditions(&self, group: usize, t: Millis) -> Vec<Condition> {
        let Body::Simulated(cell, index) = self.groups[group].body else {
            return Vec::new();
        };
        let t = self.relative(t);
        let cell = &self.cells[cell];
        let inner = cell.at(&self.topics, t);
        let group = &inner.groups[index];
        let mut all: Vec<(Millis, Option<Millis>, Cause)> = Vec::new();
        let events = group
            .spec
            .events
            .iter()
            .filter_map(|event| Some((event.from, event.until, event.kind.cause()?)));
        all.extend(events);
        let outages = cell
            .downstream
            .iter()
            .flat_map(|downstream| &downstream.outages);
        all.extend(outages.map(|outage| (outage.from, outage.until, Cause::SlowDownstream)));
        for rows in group.rows.chunk_by(|one, other| one.topic == other.topic) {
            let faults = &self.topics[rows[0].topic as usize].faults;
            let concerns =
                |cause: Cause| cause != Cause::HangingTransaction || group.spec.read_committed;
            all.extend(faults.iter().filter(|(_, _, cause)| concerns(*cause)));
        }
        let mut conditions: Vec<Condition> = all
            .into_iter()
            .filter(|(began, ..)| *began <= t)
            .map(|(began, ended, cause)| Condition {
                cause,
                began: began + self.epoch,
                ended: ended
                    .filter(|ended| *ended <= t)
                    .map(|ended| ended + self.epoch),
            })
            .collect();
        conditions.sort_by_key(|condition| (condition.began, condition.cause));
        conditions
    }
}
