//! The list of topics: who reads each, and how close its oldest unread record is to deletion.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::super::filter::Filter;
use super::super::state::{GroupKey, State, TopicKey, Ui};
use super::{Stamp, stamp};
use crate::model::{
    CleanupPolicy, ClusterName, ClusterSnapshot, GroupSnapshot, PartitionRow, Reading, Snapshot,
    Span, Timestamp, TopicName, TopicSnapshot,
};

/// What topics can be sorted by; the first is the usual one.
pub(in crate::tui) const TOPIC_SORTS: [&str; 6] =
    ["headroom", "topic", "parts", "in", "readers", "behind"];

/// One topic.
#[derive(Clone, Debug)]
pub(in crate::tui) struct TopicRow {
    cluster: u32,
    topic: u32,
    /// Groups that read it.
    pub(in crate::tui) readers: u32,
    /// The oldest record that some group has not read; `None`: unknown, or nobody reads it.
    pub(in crate::tui) behind: Option<Oldest>,
    /// That record's age as a share of the retention; `None` where nothing is deleted by age.
    pub(in crate::tui) used: Option<f64>,
}

/// How old the oldest unread record is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::tui) struct Oldest {
    /// This, or at least this.
    pub(in crate::tui) age: Span,
    /// It may be older than all that is known.
    pub(in crate::tui) open: bool,
    /// Since when that was not read anew, of what was longest ago.
    pub(in crate::tui) stale_since: Option<Timestamp>,
}

impl Oldest {
    /// Of one partition; `None`: nothing is known.
    fn of(row: &PartitionRow, at: Timestamp) -> Option<Self> {
        let age = row.time_lag.age(at);
        let value = age.value();
        Some(Self {
            age: value.or(age.low())?,
            open: value.is_none(),
            stale_since: age.stale_since(),
        })
    }

    /// Of two partitions: the older of both, as fresh as the staler.
    fn and(self, other: Self) -> Self {
        let older = if other.age > self.age { other } else { self };
        let since = [self.stale_since, other.stale_since];
        Self {
            stale_since: since.into_iter().flatten().min(),
            ..older
        }
    }

    /// Of a group on a topic.
    pub(in crate::tui) fn of_group(
        group: &GroupSnapshot,
        topic: &TopicName,
        at: Timestamp,
    ) -> Option<Self> {
        let place = group.topics.binary_search_by(|t| t.topic.cmp(topic)).ok()?;
        let rows = group.rows.iter().filter(|r| r.topic as usize == place);
        rows.filter_map(|r| Self::of(r, at)).reduce(Self::and)
    }
}

/// The list of topics.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct TopicRows {
    /// In order.
    pub(in crate::tui) rows: Vec<TopicRow>,
    made_for: Option<(Stamp, Wanted)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    filter: Filter,
    sort: usize,
    invert: bool,
    scope: Option<ClusterName>,
}

impl TopicRow {
    /// What it is made of.
    pub(in crate::tui) fn get<'a>(
        &self,
        snapshot: &'a Snapshot,
    ) -> (&'a ClusterSnapshot, &'a TopicSnapshot) {
        let cluster = &snapshot.clusters[self.cluster as usize];
        (cluster, &cluster.topics[self.topic as usize])
    }

    /// Its identity.
    pub(in crate::tui) fn key(&self, snapshot: &Snapshot) -> TopicKey {
        let (cluster, topic) = self.get(snapshot);
        (cluster.cluster.clone(), topic.topic.clone())
    }
}

impl TopicRows {
    /// Brings it up to date for a snapshot and what is asked for.
    pub(super) fn bring(&mut self, snapshot: &Arc<Snapshot>, wanted: Wanted) {
        let made_for = Some((stamp(snapshot), wanted));
        if self.made_for == made_for {
            return;
        }
        let rows = made_for.as_ref().map(|(_, w)| order(snapshot, w));
        self.rows = rows.unwrap_or_default();
        self.made_for = made_for;
    }
}

impl Wanted {
    pub(super) fn of(ui: &Ui) -> Self {
        Self {
            filter: ui.filters[1].clone(),
            sort: ui.topic_sort,
            invert: ui.topic_invert,
            scope: ui.scope.clone(),
        }
    }
}

impl State {
    pub(super) fn refresh_topics(&mut self) {
        self.lists.topics.bring(&self.shown, Wanted::of(&self.ui));
    }

    /// The groups that read a topic, those furthest behind on it first.
    pub(in crate::tui) fn readers(&self, key: &TopicKey) -> Vec<GroupKey> {
        let Some(cluster) = self.shown.cluster(key.0.as_str()) else {
            return Vec::new();
        };
        let mut readers: Vec<_> = cluster
            .groups
            .iter()
            .filter_map(|g| {
                let t = g.topics.binary_search_by(|t| t.topic.cmp(&key.1)).ok()?;
                let lag = g
                    .rows
                    .iter()
                    .filter(|r| r.topic as usize == t)
                    .filter_map(|r| r.effective_lag.value())
                    .fold(0, i64::saturating_add);
                Some((Reverse(lag), g.group.clone()))
            })
            .collect();
        readers.sort();
        let named = readers.into_iter().map(|(_, g)| (key.0.clone(), g));
        named.collect()
    }
}

fn order(snapshot: &Snapshot, wanted: &Wanted) -> Vec<TopicRow> {
    let mut rows = Vec::new();
    for (c, cluster) in snapshot.clusters.iter().enumerate() {
        if wanted.scope.as_ref().is_some_and(|s| *s != cluster.cluster) {
            continue;
        }
        let read = read_by(cluster, snapshot.at);
        for (t, topic) in cluster.topics.iter().enumerate() {
            if wanted.filter.passes(topic.topic.as_str()) {
                let (readers, behind) = read.get(&topic.topic).copied().unwrap_or((0, None));
                rows.push(TopicRow {
                    cluster: c as u32,
                    topic: t as u32,
                    readers,
                    behind,
                    used: behind.and_then(|b| used(topic, b.age)),
                });
            }
        }
    }
    sort(&mut rows, snapshot, wanted);
    rows
}

/// By topic: how many groups read it, and the oldest unread record of all of them.
fn read_by(cluster: &ClusterSnapshot, at: Timestamp) -> HashMap<&TopicName, (u32, Option<Oldest>)> {
    let mut read: HashMap<_, (u32, Option<Oldest>)> = HashMap::new();
    for group in &cluster.groups {
        let mut oldest = vec![None; group.topics.len()];
        for row in &group.rows {
            let so_far: &mut Option<Oldest> = &mut oldest[row.topic as usize];
            let both = [*so_far, Oldest::of(row, at)];
            *so_far = both.into_iter().flatten().reduce(Oldest::and);
        }
        for (topic, oldest) in group.topics.iter().zip(oldest) {
            let entry = read.entry(&topic.topic).or_default();
            entry.0 += 1;
            let both = [entry.1, oldest];
            entry.1 = both.into_iter().flatten().reduce(Oldest::and);
        }
    }
    read
}

/// How much of its retention an age has used up.
pub(in crate::tui) fn used(topic: &TopicSnapshot, age: Span) -> Option<f64> {
    let config = topic.config.as_ref()?;
    let retention = config.retention.filter(|r| *r > Span::ZERO)?;
    (config.cleanup_policy != CleanupPolicy::Compact)
        .then(|| age.as_secs_f64() / retention.as_secs_f64())
}

fn sort(rows: &mut [TopicRow], snapshot: &Snapshot, wanted: &Wanted) {
    let rate = |r: &TopicRow| known(&r.get(snapshot).1.arrival_rate);
    let number = |n: Option<f64>| n.unwrap_or(-1.0);
    let age = |r: &TopicRow| r.behind.map(|b| b.age);
    rows.sort_by(|a, b| {
        let by = match wanted.sort {
            1 => a.get(snapshot).1.topic.cmp(&b.get(snapshot).1.topic),
            2 => b
                .get(snapshot)
                .1
                .partitions
                .len()
                .cmp(&a.get(snapshot).1.partitions.len()),
            3 => number(rate(b)).total_cmp(&number(rate(a))),
            4 => b.readers.cmp(&a.readers),
            5 => age(b).cmp(&age(a)),
            _ => number(b.used)
                .total_cmp(&number(a.used))
                .then(age(b).cmp(&age(a))),
        };
        let by = if wanted.invert { by.reverse() } else { by };
        by.then((a.cluster, a.topic).cmp(&(b.cluster, b.topic)))
    });
}

fn known(rate: &Reading<f64>) -> Option<f64> {
    rate.value()
}
