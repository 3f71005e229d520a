//! How many samples there are, and what goes first when that is more than is allowed.
//!
//! The order: partitions of groups, partitions of topics, groups by topic, topics, then groups:
//! those that nobody set a limit for and that are well, the smallest lag first. Clusters and
//! Laggard itself always stay. A level goes whole, so that sums over what is left stay true.

use std::cmp::Reverse;

use super::scope::{Exported, InGroup, Scope, own};
use super::{Level, Profile};

/// The levels that go, in this order.
const ORDER: [Level; 4] = [
    Level::Partition,
    Level::TopicPartition,
    Level::GroupTopic,
    Level::Topic,
];

/// What is exported and what is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The most samples that this snapshot can have, unknown readings counted.
    pub series: u64,
    /// How many are allowed.
    pub limit: Option<u64>,
    /// Samples left out by the limit, by level, in the order of [`Level::ALL`].
    pub left_out: [u64; 7],
    /// Groups that are not exported by their name.
    pub excluded_groups: u64,
    /// Groups that are exported as part of another one.
    pub folded_groups: u64,
}

/// How many samples one subject of each level has, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count([(u64, u64); 7]);

/// Counts the catalog, with these profiles.
pub fn count(profiles: &[Profile]) -> Count {
    let mut count = Count([(0, 0); 7]);
    for exported in own() {
        count.0[exported.series.level() as usize].0 += exported.series.most();
    }
    for exported in profiles.iter().flat_map(|p| Exported::of(*p)) {
        count.0[exported.series.level() as usize].1 += exported.series.most();
    }
    count
}

impl Count {
    /// Samples of one subject of this level under the own names, and under those of the profiles.
    pub const fn of(&self, level: Level) -> (u64, u64) {
        self.0[level as usize]
    }
}

/// Leaves out what is too much.
pub(super) fn keep_to(limit: Option<u64>, scope: &mut Scope<'_>, tally: &mut Tally) {
    let profiles: Vec<_> = scope.series().filter_map(|e| e.profile).collect();
    let mut distinct: Vec<Profile> = Vec::new();
    for profile in profiles {
        if !distinct.contains(&profile) {
            distinct.push(profile);
        }
    }
    let count = count(&distinct);
    let mut by_level = Level::ALL.map(|level| samples(level, &count, scope));
    tally.limit = limit;
    let limit = limit.unwrap_or(u64::MAX);
    for level in ORDER {
        let at = level as usize;
        if by_level.iter().sum::<u64>() > limit && by_level[at] > 0 {
            tally.left_out[at] = std::mem::take(&mut by_level[at]);
            scope.without.push(level);
        }
    }
    let total: u64 = by_level.iter().sum();
    if total > limit {
        let at = Level::Group as usize;
        let (own, of_profiles) = count.of(Level::Group);
        let room = limit.saturating_sub(total - by_level[at]) / (own + of_profiles).max(1);
        cut_groups(scope, room);
        let kept = samples(Level::Group, &count, scope);
        tally.left_out[at] = by_level[at] - kept;
        by_level[at] = kept;
    }
    tally.series = by_level.iter().sum();
}

fn samples(level: Level, count: &Count, scope: &Scope<'_>) -> u64 {
    let (own, profiles) = count.of(level);
    let (mut wanted, mut all) = (0, 0);
    for cluster in &scope.clusters {
        let whole = cluster.whole;
        let (of_own, of_all) = match level {
            Level::Laggard | Level::Cluster => (1, 1),
            Level::Topic => (whole.topics.len(), whole.topics.len()),
            Level::TopicPartition => {
                let own = whole.topics.iter();
                let own = own.filter(|t| cluster.wants(t.topic.as_str()));
                let count = |n: usize, t: usize| n + t;
                (
                    own.map(|t| t.partitions.len()).fold(0, count),
                    whole
                        .topics
                        .iter()
                        .map(|t| t.partitions.len())
                        .fold(0, count),
                )
            }
            Level::Group => (cluster.groups.len(), cluster.groups.len()),
            Level::GroupTopic => {
                let topics = cluster.groups.iter().map(|g| g.part.topics.len()).sum();
                (topics, topics)
            }
            Level::Partition => (rows(&cluster.groups, true), rows(&cluster.groups, false)),
        };
        wanted += of_own as u64;
        all += of_all as u64;
    }
    if level == Level::Laggard {
        (wanted, all) = (1, 1);
    }
    own * wanted + profiles * all
}

fn rows(groups: &[InGroup<'_>], own: bool) -> usize {
    let wanted = groups.iter().filter(|g| g.wants_partitions(own));
    wanted.map(|g| g.part.rows.len()).sum()
}

/// Keeps the groups that matter most: with a limit or expected, in trouble, then by lag.
fn cut_groups(scope: &mut Scope<'_>, room: u64) {
    let mut order: Vec<_> = Vec::new();
    for (c, cluster) in scope.clusters.iter().enumerate() {
        for (g, group) in cluster.groups.iter().enumerate() {
            let part = &group.part;
            let watched = part.policy.has_limit() || part.policy.expected;
            let lag = part.effective_lag.value().unwrap_or(0);
            let rank = (watched, part.status.status.is_trouble(), lag);
            order.push((Reverse(rank), c, g));
        }
    }
    order.sort_unstable();
    let mut keep: Vec<Vec<bool>> = scope
        .clusters
        .iter()
        .map(|c| vec![false; c.groups.len()])
        .collect();
    for (_, c, g) in order.into_iter().take(room as usize) {
        keep[c][g] = true;
    }
    for (cluster, keep) in scope.clusters.iter_mut().zip(keep) {
        let mut keep = keep.into_iter();
        cluster.groups.retain(|_| keep.next().unwrap_or(false));
    }
}
