//! A group's part of the snapshot, built from its facts and those of its topics.

use std::sync::Arc;

use slotmap::SlotMap;

use crate::model::{
    ClusterSettings, Evidence, GroupSnapshot, GroupState, GroupType, Issue, MemberLoad,
    PartitionRow, Reading, RowDetail, Span, Status, TimeLag, Timestamp, TopicSnapshot, TrendPoint,
    Why,
};

use super::diagnosis;
use super::eta::Latest;
use super::group::{Group, TopicKey, TopicRows};
use super::lag::{MARKERS_AT_MOST, Sum};
use super::loss::Soonest;
use super::now::Now;
use super::rate::{decay, spacing, window};
use super::rates::{RateSum, rate_reading};
use super::row::Row;
use super::row_view::{self, Built, verdict};
use super::silence::Usual;
use super::status::{Ownership, Worst};
use super::time_lag::{self, Oldest};
use super::topic::Topic;

/// What all rows of a group share.
pub(super) struct Shared {
    pub(super) usual: Usual,
    pub(super) gap: Span,
    /// How far apart its commits are, be they as rare as they will.
    pub(super) pace: Span,
    pub(super) window: Span,
    pub(super) spacing: Span,
    /// τ of the rates that are shown, in seconds.
    pub(super) decay: f64,
    /// Since when members have been coming and going, while that goes on.
    pub(super) settling: Option<Timestamp>,
    /// The age up to which growing older is usual.
    pub(super) usual_lateness: Span,
    /// When the group was last seen to have caught up.
    pub(super) caught_up_at: Option<Timestamp>,
    /// From when to when evidence is gathered anew after a start or a gap.
    pub(super) warming: Option<(Timestamp, Timestamp)>,
    state: Option<GroupState>,
    /// Some member owns a partition of some topic, and the group is stable.
    owns_something: bool,
}

/// Aggregates over the rows that take part.
#[derive(Default)]
struct Totals {
    lag: Sum,
    effective: Sum,
    oldest: Oldest,
    worst: Worst,
    consume: RateSum,
    arrival: RateSum,
    eta: Latest,
    loss: Soonest,
    parts: u32,
}

/// The rows of a group's part, and what stands beside them.
struct Parts {
    rows: Vec<PartitionRow>,
    details: Vec<RowDetail>,
    topics: Vec<Arc<TopicSnapshot>>,
}

/// Builds the group's part anew.
pub(super) fn rebuild(
    group: &mut Group,
    topics: &SlotMap<TopicKey, Topic>,
    settings: &ClusterSettings,
    now: &mut Now,
    generation: u64,
) {
    let shared = shared(group, now);
    let mut totals = Totals::default();
    let mut parts = Parts {
        rows: Vec::with_capacity(group.topics.iter().map(|t| t.rows.len()).sum()),
        details: Vec::new(),
        topics: Vec::with_capacity(group.topics.len()),
    };
    (group.near_end, group.wide) = (false, false);
    let mut all_topics = std::mem::take(&mut group.topics);
    for in_topic in &mut all_topics {
        let Some(topic) = topics.get(in_topic.key) else {
            continue;
        };
        let Some(snapshot) = &topic.snapshot else {
            continue;
        };
        let outside = is_unsubscribed(in_topic, &shared, group);
        let index = parts.topics.len() as u32;
        for row in &mut in_topic.rows {
            let built = row_view::build(row, (index, outside), topic, group, &shared, now);
            group.near_end |= built
                .lag
                .value()
                .is_some_and(|l| (1..=MARKERS_AT_MOST).contains(&l));
            group.wide |= time_lag::is_wide(&built.row.time_lag, now.interval);
            totals.add(&built, snapshot, outside);
            parts.details.extend(built.detail);
            parts.rows.push(built.row);
        }
        parts.topics.push(Arc::clone(snapshot));
    }
    group.topics = all_topics;
    group.lively = !totals.consume.is_still() || !totals.arrival.is_still();
    finish(group, totals, parts, (settings, &shared), now, generation);
}

fn shared(group: &Group, now: &mut Now) -> Shared {
    let gap = group.silence.typical_gap().max(now.interval);
    let pace = group.silence.pace().max(now.interval);
    let state = group.last_state();
    let rows = group.topics.iter().flat_map(|t| &t.rows);
    Shared {
        usual: group.silence.usual(&group.policy, now),
        gap,
        pace,
        window: window(pace),
        spacing: spacing(pace),
        decay: decay(pace),
        warming: group.warming_from.map(|from| (from, from + window(pace))),
        settling: group.settling(now),
        usual_lateness: group.lateness.usual(),
        caught_up_at: group.lateness.caught_up_at(),
        state,
        owns_something: state == Some(GroupState::Stable)
            && rows.into_iter().any(|r| r.owner.is_some()),
    }
}

/// Stable, its members own partitions of other topics but none of this one.
fn is_unsubscribed(rows: &TopicRows, shared: &Shared, group: &Group) -> bool {
    shared.owns_something && group.members.is_some() && rows.rows.iter().all(|r| r.owner.is_none())
}

impl Shared {
    /// Who owns a row.
    pub(super) fn ownership(&self, row: &Row, group: &Group) -> Ownership {
        match (self.state, &group.members) {
            (Some(GroupState::Empty | GroupState::Dead), _) => Ownership::EmptyGroup,
            (_, None) | (None, _) => Ownership::NotKnown,
            (Some(GroupState::Stable), Some(_)) if row.owner.is_some() => Ownership::Owned,
            (Some(GroupState::Stable), Some(members)) if members.is_empty() => {
                Ownership::EmptyGroup
            }
            (Some(GroupState::Stable), Some(members)) => Ownership::NoMember {
                members: members.len() as u32,
            },
            _ => Ownership::Rebalancing,
        }
    }
}

impl Totals {
    fn add(&mut self, built: &Built, topic: &TopicSnapshot, outside: bool) {
        if outside {
            return;
        }
        let row = &built.row;
        self.parts += 1;
        self.lag.add(&built.lag);
        self.effective.add(&row.effective_lag);
        self.oldest.add(&row.time_lag);
        if let Some(verdict) = &row.verdict {
            let lag = row.effective_lag.value().unwrap_or(-1);
            self.worst
                .add(verdict.status, verdict.evidence.as_deref(), lag);
        }
        let left = (row.owner, row.effective_lag.value(), built.read_at);
        self.eta.add(&built.eta, left);
        self.loss.add(&built.loss_at);
        match topic.partition(row.partition) {
            Some(partition) => self.arrival.add(&partition.arrival_rate),
            None => self.arrival.add(&rate_reading(None)),
        }
        // Where nothing was ever committed nothing is consumed that one could tell.
        if row.committed_offset.why() != Some(&Why::NEVER_COMMITTED) {
            self.consume.add(&row.consume_rate);
        }
    }
}

fn finish(
    group: &mut Group,
    totals: Totals,
    parts: Parts,
    (settings, shared): (&ClusterSettings, &Shared),
    now: &mut Now,
    generation: u64,
) {
    let state = group.state(now);
    let unknown_partitions = totals.effective.unknown();
    // With no row, nothing is known of any sum.
    let none = (totals.parts == 0).then(|| why_no_rows(group));
    let effective_lag = or_why(none.as_ref(), || totals.effective.reading());
    let (status, evidence) = match (totals.worst.status(), &none) {
        ((Status::Unknown, None), why) => {
            let why = why.clone().unwrap_or(Why::NOT_READ_YET);
            (Status::Unknown, Some(Evidence::NotKnown { why }))
        }
        (judged, _) => judged,
    };
    let status = verdict(&mut group.status, status, evidence, shared, now);
    let inactive = is_inactive(group, &effective_lag, settings, now);
    let time_lag: Reading<TimeLag> = or_why(none.as_ref(), || totals.oldest.reading());
    let point = TrendPoint::new(now.at, effective_lag.value(), oldest_unread(&time_lag));
    group.note_trend(point, now.interval);
    let storm = group.turnover.storm(&group.flow, now);
    let diagnosis = diagnosis::of(
        group,
        &parts.rows,
        &parts.topics,
        storm.is_some(),
        shared,
        now,
    );
    let lost = group.lost.lately(now);
    group.generation = generation;
    group.snapshot = Some(Arc::new(GroupSnapshot {
        group: group.id.clone(),
        generation,
        group_type: group.group_type.clone(),
        state,
        protocol_type: Arc::clone(&group.protocol_type),
        assignor: group.description.as_ref().and_then(|d| d.assignor.clone()),
        coordinator: group.description.as_ref().and_then(|d| d.coordinator),
        members: group.members.clone(),
        policy: Arc::clone(&group.policy),
        status,
        unknown_partitions,
        inactive,
        lag: or_why(none.as_ref(), || totals.lag.reading()),
        effective_lag,
        time_lag,
        arrival_rate: or_why(none.as_ref(), || totals.arrival.reading()),
        consume_rate: or_why(none.as_ref(), || totals.consume.reading()),
        eta: or_why(none.as_ref(), || totals.eta.reading()),
        loss_at: or_why(none.as_ref(), || totals.loss.reading()),
        lost_lately: or_why(none.as_ref(), || Reading::Known(lost)),
        diagnosis,
        storm: storm.map(Box::new),
        loads: loads(group, &parts.rows),
        trend: group.trend.iter().copied().collect(),
        events: group.events.iter().cloned().collect(),
        topics: parts.topics,
        rows: parts.rows,
        details: parts.details,
        issues: issues(group),
    }));
    group.wake_at = now.take_wake();
    group.dirty = false;
}

/// When the oldest unread record was appended, if anything but a first read tells.
fn oldest_unread(time_lag: &Reading<TimeLag>) -> Option<Timestamp> {
    match time_lag.value()? {
        TimeLag::Behind {
            oldest_unread,
            after: Some(_),
            ..
        } => Some(oldest_unread),
        _ => None,
    }
}

fn or_why<T: Copy>(none: Option<&Why>, reading: impl FnOnce() -> Reading<T>) -> Reading<T> {
    none.map_or_else(reading, |why| Reading::unknown(why.clone()))
}

/// What each member reads and can read.
fn loads(group: &Group, rows: &[PartitionRow]) -> Vec<MemberLoad> {
    let members = group.members.as_deref().unwrap_or_default();
    let mut rates = vec![Some(0.0); members.len()];
    for row in rows {
        let Some(rate) = row.owner.and_then(|o| rates.get_mut(o as usize)) else {
            continue;
        };
        *rate = rate.zip(row.consume_rate.value()).map(|(a, b)| a + b);
    }
    (0..)
        .zip(rates)
        .map(|(i, rate)| group.loads.load(i, rate_reading(rate)))
        .collect()
}

/// Why a group has nothing to sum: its kind, a failure, or because there is nothing.
fn why_no_rows(group: &Group) -> Why {
    if group.group_type == GroupType::Share {
        return Why::PROTOCOL;
    }
    match &group.commits_failed {
        Some((_, why)) => why.clone(),
        None if !group.commits_read => Why::NOT_READ_YET,
        None => Why::NEVER_COMMITTED,
    }
}

/// Empty, nothing unread that anyone said matters, and no commit for `inactive_after`.
fn is_inactive(
    group: &Group,
    lag: &Reading<i64>,
    settings: &ClusterSettings,
    now: &mut Now,
) -> bool {
    let idle = matches!(
        group.last_state(),
        Some(GroupState::Empty | GroupState::Dead)
    );
    let watched = group.policy.has_limit() || group.policy.expected;
    idle && !watched && lag.is_known() && now.reached(group.last_active + settings.inactive_after)
}

fn issues(group: &Group) -> Vec<Issue> {
    let subject: Arc<str> = format!("group {}", group.id).into();
    let failed = [
        (
            &group.commits_failed,
            "its committed offsets could not be read",
        ),
        (&group.describe_failed, "it could not be described"),
    ];
    failed
        .into_iter()
        .filter_map(|(failure, what)| failure.as_ref().map(|(since, why)| (*since, why, what)))
        .map(|(since, why, what)| Issue {
            since,
            subject: Arc::clone(&subject),
            text: format!("{what}: {why}").into(),
        })
        .collect()
}
