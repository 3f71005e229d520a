//! A topic's logs at any instant: end, start, last stable offset, and the time of each record.
//!
//! In: a [`TopicSpec`], a seed, instants relative to the epoch. Out: offsets and times that agree with each other. The
//! order of records in a log is the order of their append; a marker follows the records of its millisecond.

use std::sync::Arc;

use super::arrival::Arrival;
use super::record::Record;
use crate::sim::random::{derive, mix};
use crate::sim::spec::{Cause, Hanging, MINUTE, Millis, Retention, TopicSpec};

/// How often the log cleaner looks for what is too old.
pub(super) const RETENTION_CHECK: Millis = MINUTE;

/// A topic, ready to be asked.
#[derive(Debug)]
pub struct Topic {
    /// Its name.
    pub name: Arc<str>,
    /// How many partitions it has.
    pub partitions: i32,
    /// Its `retention.ms`, size limit and segment length, each from an instant on, in order.
    retained: Vec<(Millis, Retention)>,
    /// Whether `cleanup.policy` is `compact`.
    pub compacted: bool,
    pub(super) clock_skew: Millis,
    pub(super) hanging: Option<Hanging>,
    pub(super) faults: Vec<(Millis, Option<Millis>, Cause)>,
    lives: Vec<Life>,
    seed: u64,
    /// How many brokers share its partitions.
    pub(super) brokers: i32,
}

/// One life of a topic, between its making and its deletion.
#[derive(Debug)]
pub(super) struct Life {
    id: u128,
    created: Millis,
    deleted: Option<Millis>,
    pub(super) feeds: Vec<Arrival>,
    pub(super) transactional: bool,
}

impl Topic {
    pub(super) fn new(spec: &TopicSpec, seed: u64) -> Self {
        let seed = derive(seed, &spec.name);
        let first_end = spec.recreated.map(|re| re.deleted);
        let mut lives = vec![Life::new(spec, seed, spec.created, first_end)];
        if let Some(re) = spec.recreated {
            lives.push(Life::new(spec, mix(seed, 2), re.created, None));
        }
        Self {
            name: spec.name.as_str().into(),
            partitions: spec.partitions,
            retained: [(Millis::MIN, spec.retention)]
                .into_iter()
                .chain(spec.retained.iter().copied())
                .collect(),
            compacted: spec.compacted,
            clock_skew: spec.clock_skew,
            hanging: spec.hanging,
            faults: faults(spec),
            lives,
            seed,
            brokers: 1,
        }
    }

    /// The preferred leader of a partition; brokers count from 1.
    pub fn preferred_leader(&self, partition: i32) -> i32 {
        1 + ((self.seed % self.brokers as u64) as i32 + partition) % self.brokers
    }

    /// A number of its own, for placing it on brokers.
    pub fn placement(&self) -> u64 {
        self.seed
    }

    /// Its id at `t`; none while it does not exist.
    pub fn id(&self, t: Millis) -> Option<u128> {
        self.life(t).map(|life| life.id)
    }

    /// All ids it ever has.
    pub fn ids(&self) -> impl Iterator<Item = u128> {
        self.lives.iter().map(|life| life.id)
    }

    /// When it was deleted, if ever.
    pub fn deleted(&self) -> Option<Millis> {
        self.lives.first().and_then(|life| life.deleted)
    }

    /// Whether transactions are written to it.
    pub fn is_transactional(&self) -> bool {
        self.hanging.is_some() || self.lives.iter().any(|life| life.transactional)
    }

    /// The high watermark at `t`; none while it does not exist.
    pub fn log_end(&self, partition: i32, t: Millis) -> Option<i64> {
        self.life(t).map(|life| self.count(life, partition, t))
    }

    /// The first offset that is still there at `t`.
    pub fn log_start(&self, partition: i32, t: Millis) -> Option<i64> {
        let life = self.life(t)?;
        let ends = self.retained.iter().skip(1).map(|(since, _)| *since);
        let ends = ends.chain([Millis::MAX]);
        let each = self.retained.iter().zip(ends);
        // What one setting deleted, a later one does not bring back.
        let starts = each
            .filter(|((since, _), _)| *since <= t)
            .map(|((_, keeps), end)| self.start_by(*keeps, life, partition, t.min(end)));
        starts.max()
    }

    /// The first offset that a setting leaves at `t`.
    fn start_by(&self, keeps: Retention, life: &Life, partition: i32, t: Millis) -> i64 {
        let check = t.div_euclid(RETENTION_CHECK) * RETENTION_CHECK;
        let segment = keeps.segment.max(1);
        let by_time = keeps.time.map_or(0, |keep| {
            let cut = (check - keep).div_euclid(segment) * segment;
            self.count(life, partition, cut - 1)
        });
        let by_size = keeps.records.map_or(0, |keep| {
            let step = (keep / 10).max(1);
            (self.count(life, partition, check) - keep).max(0) / step * step
        });
        by_time.max(by_size)
    }

    /// Its `retention.ms`, size limit and segment length at `t`.
    pub fn retention(&self, t: Millis) -> Retention {
        let set = self.retained.partition_point(|(since, _)| *since <= t);
        self.retained[set.saturating_sub(1)].1
    }

    /// The last stable offset at `t`: the first record of the oldest open transaction, or the high watermark.
    pub fn last_stable(&self, partition: i32, t: Millis) -> Option<i64> {
        let life = self.life(t)?;
        let mut stable = self.count(life, partition, t);
        if life.transactional {
            for since in life.feeds.iter().filter_map(|feed| feed.open_since(t)) {
                stable = stable.min(self.count(life, partition, since));
            }
        }
        if let Some(hanging) = self.hangs(partition, t) {
            stable = stable.min(self.count(life, partition, hanging.opened) - 1);
        }
        Some(stable)
    }

    /// The transaction that hangs on this partition at `t`.
    pub fn hangs(&self, partition: i32, t: Millis) -> Option<Hanging> {
        self.hanging.filter(|hanging| {
            hanging.partition == partition
                && hanging.opened <= t
                && hanging.aborted.is_none_or(|end| t < end)
        })
    }

    /// The record at `offset`, if the log has it at `t` (retention aside).
    pub fn record(&self, partition: i32, offset: i64, t: Millis) -> Option<Record> {
        let life = self.life(t)?;
        if offset < 0 || offset >= self.count(life, partition, t) {
            return None;
        }
        let appended = self.appended(life, partition, offset, t);
        Some(self.shown(life, partition, offset, appended))
    }

    /// When the record at `offset` was appended (by the broker's clock), if the log has it at `t`.
    pub fn append_time(&self, partition: i32, offset: i64, t: Millis) -> Option<Millis> {
        let life = self.life(t)?;
        (offset >= 0 && offset < self.count(life, partition, t))
            .then(|| self.appended(life, partition, offset, t))
    }

    /// Up to `limit` records from `offset` on, as the log has them at `t`.
    pub fn records(&self, partition: i32, offset: i64, limit: usize, t: Millis) -> Vec<Record> {
        let Some(life) = self.life(t) else {
            return Vec::new();
        };
        let end = self
            .count(life, partition, t)
            .min(offset.saturating_add(limit as i64));
        let mut records = Vec::with_capacity((end - offset).max(0) as usize);
        let (mut next, mut since) = (offset.max(0), life.created);
        while next < end {
            let appended = self.appended_after(life, partition, next, since, t);
            let run = self.count(life, partition, appended).min(end);
            records.extend((next..run).map(|offset| self.shown(life, partition, offset, appended)));
            (next, since) = (run, appended);
        }
        records
    }

    /// The first record whose timestamp is `at` or later, among those the log has at `t`.
    pub fn first_at(&self, partition: i32, at: Millis, t: Millis) -> Option<Record> {
        let life = self.life(t)?;
        let offset = self.count(life, partition, (at - self.clock_skew - 1).min(t));
        self.record(partition, offset.max(self.log_start(partition, t)?), t)
    }

    /// The record with the highest timestamp that the log has at `t`.
    pub fn newest(&self, partition: i32, t: Millis) -> Option<Record> {
        let end = self.log_end(partition, t)?;
        let newest = self.record(partition, end - 1, t)?;
        let life = self.life(t)?;
        let first = self.count(life, partition, newest.at - self.clock_skew - 1);
        (newest.offset >= self.log_start(partition, t)?).then_some(Record {
            offset: first,
            ..newest
        })
    }

    pub(super) fn life(&self, t: Millis) -> Option<&Life> {
        let life = self.lives.iter().rfind(|life| life.created <= t)?;
        life.deleted.is_none_or(|end| t < end).then_some(life)
    }

    pub(super) fn count(&self, life: &Life, partition: i32, t: Millis) -> i64 {
        if t < life.created {
            return 0;
        }
        let mut count = 0;
        for feed in &life.feeds {
            count += feed.count(partition, t) + feed.markers(t);
        }
        if let Some(hanging) = self
            .hanging
            .filter(|hanging| hanging.partition == partition)
        {
            count += i64::from(t >= hanging.opened)
                + i64::from(hanging.aborted.is_some_and(|end| t >= end));
        }
        count
    }

    pub(super) fn appended(&self, life: &Life, partition: i32, offset: i64, t: Millis) -> Millis {
        self.appended_after(life, partition, offset, life.created, t)
    }

    /// The first instant in `(low, high]` (or `low` itself) at which the log is longer than `offset`.
    fn appended_after(
        &self,
        life: &Life,
        partition: i32,
        offset: i64,
        low: Millis,
        high: Millis,
    ) -> Millis {
        let (mut low, mut high) = (low - 1, high);
        let mut below = self.count(life, partition, low);
        let mut above = self.count(life, partition, high);
        let mut halve = false;
        while high - low > 1 {
            let guess = if halve || above <= below {
                low + (high - low) / 2
            } else {
                let part = (offset as f64 + 0.5 - below as f64) / (above - below) as f64;
                low + ((high - low) as f64 * part) as Millis
            };
            let middle = guess.clamp(low + 1, high - 1);
            let before = high - low;
            let count = self.count(life, partition, middle);
            if count > offset {
                (high, above) = (middle, count);
            } else {
                (low, below) = (middle, count);
            }
            halve = (high - low) * 2 > before;
        }
        high
    }

    fn shown(&self, life: &Life, partition: i32, offset: i64, appended: Millis) -> Record {
        Record {
            offset,
            at: appended + self.clock_skew,
            kind: self.kind(life, partition, offset, appended),
        }
    }
}

impl Life {
    fn new(spec: &TopicSpec, seed: u64, created: Millis, deleted: Option<Millis>) -> Self {
        let feed = |(feed, k)| Arrival::new(feed, spec.partitions, mix(seed, k), created, deleted);
        Self {
            id: u128::from(mix(seed, 101)) << 64 | u128::from(mix(seed, 102)),
            created,
            deleted,
            feeds: spec.feeds.iter().zip(1..).map(feed).collect(),
            transactional: spec.feeds.iter().any(|feed| feed.transaction.is_some()),
        }
    }
}

/// What producers and operators do to those who read this topic.
fn faults(spec: &TopicSpec) -> Vec<(Millis, Option<Millis>, Cause)> {
    let feeds = spec
        .feeds
        .iter()
        .filter_map(|feed| Some((feed.from.unwrap_or(spec.created), feed.until, feed.cause?)));
    let recreated = spec
        .recreated
        .map(|re| (re.deleted, None, Cause::TopicRecreated));
    let hanging = spec
        .hanging
        .map(|open| (open.opened, open.aborted, Cause::HangingTransaction));
    feeds.chain(recreated).chain(hanging).collect()
}
