//! Groups whose names end in something generated, such as a pod's name or a UUID, as one group in
//! exports: each restart would leave a series of its own behind.
//!
//! In: groups. Out: groups, the folded ones named `BASE*` with sums, the worst status and the
//! oldest unread record. It never touches the snapshot.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use super::Options;
use super::budget::Tally;
use super::scope::InGroup;
use crate::model::{
    Eta, GroupSnapshot, Loss, PartitionRow, Pattern, Policy, Reading, TimeLag, TopicSnapshot, Why,
};

/// Suffixes that only a program gives: a UUID, a Kubernetes pod's two hashes, a long hexadecimal
/// number, a timestamp.
pub const GENERATED: [&str; 4] = [
    "[-_.][0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    "-[bcdfghjklmnpqrstvwxz2456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}",
    "[-_.][0-9a-f]{16,64}",
    "[-_.][0-9]{10,}",
];

/// Takes generated suffixes off names.
#[derive(Clone, Debug)]
pub struct Folder(Regex);

impl Folder {
    /// From patterns of suffixes; `None` without any.
    pub fn new(suffixes: &[Pattern]) -> Option<Self> {
        if suffixes.is_empty() {
            return None;
        }
        let any: Vec<_> = suffixes
            .iter()
            .map(|s| format!("(?:{})", s.as_str()))
            .collect();
        // Each compiled alone already; together they may be too large: then nothing is folded.
        Regex::new(&format!("^(?s)(.+?)(?:{})$", any.join("|")))
            .ok()
            .map(Self)
    }

    /// What stands before the suffix; `None` for a name that has none.
    pub fn base<'n>(&self, name: &'n str) -> Option<&'n str> {
        let base = self.0.captures(name)?.get(1)?;
        Some(base.as_str())
    }
}

/// The groups as they are exported, in name order.
pub(super) fn groups<'a>(
    groups: Vec<&'a GroupSnapshot>,
    options: &Options,
    tally: &mut Tally,
) -> Vec<InGroup<'a>> {
    let plain = |group: &'a GroupSnapshot| InGroup {
        part: Cow::Borrowed(group),
        folded: false,
        partitions: options.wants_partitions(group),
    };
    let Some(folder) = &options.fold else {
        return groups.into_iter().map(plain).collect();
    };
    let mut exported = Vec::with_capacity(groups.len());
    let mut folds: BTreeMap<String, Vec<&GroupSnapshot>> = BTreeMap::new();
    for group in groups {
        match folder.base(group.group.as_str()) {
            Some(base) => folds.entry(format!("{base}*")).or_default().push(group),
            None => exported.push(plain(group)),
        }
    }
    for (name, mut parts) in folds {
        tally.folded_groups += parts.len() as u64;
        // A group may really be called so: it is one of them, lest two series be the same.
        if let Some(same) = exported.iter().position(|e| e.part.group.as_str() == name)
            && let Cow::Borrowed(group) = exported.remove(same).part
        {
            parts.push(group);
        }
        exported.push(InGroup {
            part: Cow::Owned(merged(&name, &parts)),
            folded: true,
            partitions: false,
        });
    }
    exported.sort_by(|a, b| a.part.group.cmp(&b.part.group));
    exported
}

fn merged(name: &str, parts: &[&GroupSnapshot]) -> GroupSnapshot {
    let worst = parts.iter().min_by_key(|g| g.status.status);
    let mut group = (**worst.unwrap_or(&parts[0])).clone();
    group.group = name.into();
    let times = |of: fn(&GroupSnapshot) -> &Reading<i64>| sum(parts.iter().map(|g| of(g)));
    group.lag = times(|g| &g.lag);
    group.effective_lag = times(|g| &g.effective_lag);
    group.lost_lately = times(|g| &g.lost_lately);
    group.arrival_rate = sum(parts.iter().map(|g| &g.arrival_rate));
    group.consume_rate = sum(parts.iter().map(|g| &g.consume_rate));
    group.time_lag = pick(parts.iter().map(|g| &g.time_lag), older);
    group.eta = pick(parts.iter().map(|g| &g.eta), later);
    group.loss_at = pick(parts.iter().map(|g| &g.loss_at), Loss::sooner);
    group.unknown_partitions = parts.iter().map(|g| g.unknown_partitions).sum();
    group.inactive = parts.iter().all(|g| g.inactive);
    let members: Option<Vec<_>> = parts.iter().map(|g| g.members.as_deref()).collect();
    group.members = members.map(|m| m.concat().into());
    if parts.iter().any(|g| g.policy != parts[0].policy) {
        group.policy = Arc::new(Policy::default());
    }
    group.details.clear();
    group.loads.clear();
    (group.topics, group.rows) = rows(parts);
    group
}

/// All rows by topic and partition; several of one partition stand beside each other.
fn rows(parts: &[&GroupSnapshot]) -> (Vec<Arc<TopicSnapshot>>, Vec<PartitionRow>) {
    let all = parts.iter().flat_map(|g| &g.topics);
    let topics: BTreeMap<_, _> = all.map(|t| (&t.topic, t)).collect();
    let index: BTreeMap<_, _> = topics.keys().zip(0_u32..).collect();
    let mut rows = Vec::new();
    for group in parts {
        for view in group.partitions() {
            let Some(topic) = index.get(&&view.topic().topic) else {
                continue;
            };
            rows.push(PartitionRow {
                topic: *topic,
                owner: None,
                ..view.row().clone()
            });
        }
    }
    rows.sort_by_key(|r| (r.topic, r.partition));
    (topics.into_values().cloned().collect(), rows)
}

/// A sum of what has a value; stale beside stale parts, a lower bound beside unknown ones.
fn sum<'r, T>(parts: impl Iterator<Item = &'r Reading<T>>) -> Reading<T>
where
    T: Copy + std::ops::Add<Output = T> + 'r,
{
    pick(parts, |a, b| a + b)
}

/// One value out of those that there are, with the honesty of an aggregate.
fn pick<'r, T: Copy + 'r>(
    parts: impl Iterator<Item = &'r Reading<T>>,
    join: impl Fn(T, T) -> T,
) -> Reading<T> {
    let (mut value, mut unknown, mut stale) = (None, None, None);
    for part in parts {
        match part.value() {
            Some(v) => value = Some(value.map_or(v, |old| join(old, v))),
            None => unknown = part.why().cloned(),
        }
        if let Some(since) = part.stale_since() {
            let why = part.why().cloned().unwrap_or(Why::NO_ANSWER);
            stale = match stale {
                Some((oldest, why)) if oldest <= since => Some((oldest, why)),
                _ => Some((since, why)),
            };
        }
    }
    let joined = match (value, unknown) {
        (None, why) => return Reading::unknown(why.unwrap_or(Why::NOT_READ_YET)),
        (Some(value), None) => Reading::Known(value),
        (Some(value), Some(why)) => Reading::at_least(value, why),
    };
    match stale {
        Some((since, why)) => joined.into_stale(since, why),
        None => joined,
    }
}

/// The one whose oldest unread record is older: the same at any later time.
fn older(a: TimeLag, b: TimeLag) -> TimeLag {
    let far = crate::model::Timestamp::from_millis(1 << 52);
    if a.age(far) >= b.age(far) { a } else { b }
}

fn later(a: Eta, b: Eta) -> Eta {
    match (a, b) {
        (Eta::Never, _) | (_, Eta::Never) => Eta::Never,
        (Eta::CaughtUp, other) | (other, Eta::CaughtUp) => other,
        (Eta::At { at: x, .. }, Eta::At { at: y, .. }) => {
            if x >= y {
                a
            } else {
                b
            }
        }
    }
}
