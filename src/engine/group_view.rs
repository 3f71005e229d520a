//! A group's part of the snapshot, built from its facts and those of its topics.

use std::sync::Arc;

use slotmap::SlotMap;

use crate::model::{
    ClusterSettings, Diagnosis, Eta, Evidence, GroupSnapshot, GroupState, GroupType, Issue, Offset,
    PartitionRow, Reading, Span, Status, TimeLag, Timestamp, TopicSnapshot, Verdict, Why,
};

use super::group::{Group, TopicKey, TopicRows};
use super::lag::{MARKERS_AT_MOST, Sum, effective_lag};
use super::now::Now;
use super::rate::{Slope, plain_slope, robust_slope, spacing, window};
use super::row::{Row, in_seconds};
use super::silence::Usual;
use super::status::{Case, Ownership, Worst, judge};
use super::time_lag::{self, Oldest};
use super::topic::{Partition, Topic, rate_reading};

/// Share of a second by which the oldest unread record must age in a second to count as ageing.
const AGEING: f64 = 0.05;

/// What all rows of a group share.
struct Shared {
    usual: Usual,
    gap: Span,
    window: Span,
    spacing: Span,
    settling: bool,
    state: Option<GroupState>,
    /// Some member owns a partition of some topic, and the group is stable.
    owns_something: bool,
}

/// What a row adds up to in the group's part.
struct Built {
    row: PartitionRow,
    lag: Reading<i64>,
    rate: Option<f64>,
    eta: Option<Reading<Eta>>,
}

/// Aggregates over the rows that take part.
#[derive(Default)]
struct Totals {
    lag: Sum,
    effective: Sum,
    oldest: Oldest,
    worst: Worst,
    consume: Option<f64>,
    arrival: Option<f64>,
    eta: EtaMax,
    parts: u32,
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
    let mut totals = Totals {
        consume: Some(0.0),
        arrival: Some(0.0),
        ..Totals::default()
    };
    let mut rows = Vec::with_capacity(group.topics.iter().map(|t| t.rows.len()).sum());
    let mut parts: Vec<Arc<TopicSnapshot>> = Vec::with_capacity(group.topics.len());
    group.near_end = false;
    let mut all_topics = std::mem::take(&mut group.topics);
    for in_topic in &mut all_topics {
        let Some(topic) = topics.get(in_topic.key) else {
            continue;
        };
        let Some(snapshot) = &topic.snapshot else {
            continue;
        };
        let outside = is_unsubscribed(in_topic, &shared, group);
        for row in &mut in_topic.rows {
            let index = parts.len() as u32;
            let built = build_row(row, index, outside, topic, group, &shared, now);
            group.near_end |= built
                .lag
                .value()
                .is_some_and(|l| (1..=MARKERS_AT_MOST).contains(&l));
            totals.add(&built, snapshot, outside);
            rows.push(built.row);
        }
        parts.push(Arc::clone(snapshot));
    }
    group.topics = all_topics;
    group.lively = totals.consume != Some(0.0) || totals.arrival != Some(0.0);
    finish(group, totals, rows, parts, settings, now, generation);
}

fn shared(group: &Group, now: &mut Now) -> Shared {
    let gap = group.silence.typical_gap().max(now.interval);
    let state = group.last_state();
    let rows = group.topics.iter().flat_map(|t| &t.rows);
    Shared {
        usual: group.silence.usual(&group.policy, now),
        gap,
        window: window(gap),
        spacing: spacing(gap),
        settling: group.settling(now),
        state,
        owns_something: state == Some(GroupState::Stable)
            && rows.into_iter().any(|r| r.owner.is_some()),
    }
}

/// Stable, its members own partitions of other topics but none of this one.
fn is_unsubscribed(rows: &TopicRows, shared: &Shared, group: &Group) -> bool {
    shared.owns_something && group.members.is_some() && rows.rows.iter().all(|r| r.owner.is_none())
}

fn ownership(row: &Row, group: &Group, shared: &Shared) -> Ownership {
    match (shared.state, &group.members) {
        (Some(GroupState::Empty | GroupState::Dead), _) => Ownership::EmptyGroup,
        (_, None) | (None, _) => Ownership::NotKnown,
        (Some(GroupState::Stable), Some(_)) if row.owner.is_some() => Ownership::Owned,
        (Some(GroupState::Stable), Some(members)) if members.is_empty() => Ownership::EmptyGroup,
        (Some(GroupState::Stable), Some(members)) => Ownership::NoMember {
            members: members.len() as u32,
        },
        _ => Ownership::Rebalancing,
    }
}

fn build_row(
    row: &mut Row,
    index: u32,
    outside: bool,
    topic: &Topic,
    group: &Group,
    shared: &Shared,
    now: &mut Now,
) -> Built {
    let log = topic.partition(row.partition);
    let no_log = || {
        Reading::unknown(if topic.visible {
            Why::NOT_READ_YET
        } else {
            Why::NOT_VISIBLE
        })
    };
    let group_failed = group.commits_failed.as_ref().map(|(_, why)| why);
    let committed = row.committed(group_failed, now);
    let start = log.map_or_else(no_log, |l| l.start.reading(now));
    let end = log.map_or_else(no_log, |l| l.end.reading(now));
    let stable = log.map_or_else(no_log, |l| l.stable.reading(now));
    let lag = crate::model::distance(&committed, &end, &start);
    let effective = if group.group_type == GroupType::Share {
        Reading::unknown(Why::PROTOCOL)
    } else {
        effective_lag(&committed, &start, &end, log)
    };
    let first_unread = row.offset().map(|c| start.value().map_or(c, |b| c.max(b)));
    let time_lag = time_lag::of_row(&effective, first_unread, log);
    let samples = row.samples(shared.window, shared.spacing);
    let rate = {
        let points: Vec<_> = samples.iter().map(|(t, o)| (*t, *o as f64)).collect();
        plain_slope(&in_seconds(&points))
    };
    let growth = growth(&samples, &effective, log);
    let recreated = topic
        .recreated_at
        .is_some_and(|at| row.offset().is_some() && row.moved_at.unwrap_or(row.first_seen) < at);
    let case = Case {
        committed: &committed,
        start: &start,
        end: &end,
        stable: &stable,
        effective_lag: &effective,
        time_lag: &time_lag,
        loss_confirmed: row.below_start >= 2,
        loss_at_first_sight: row.below_at_first_sight,
        beyond_end_confirmed: row.beyond_end_before && row.stands_beyond(log),
        recreated: recreated || (topic.recreated_at.is_some() && row.stands_beyond(log)),
        rewind: row.rewind.as_deref(),
        ownership: ownership(row, group, shared),
        frozen_since: row.moved_at.unwrap_or(row.first_seen),
        stable_moved_at: log.and_then(|l| l.stable_moved_at),
        end_moved_at: log.and_then(|l| l.end_moved_at),
        usual: usual(shared, row),
        commit_gap: shared.gap,
        settling: shared.settling,
        growth,
        window: shared.window,
        ageing: ageing(&samples, log),
        policy: &group.policy,
    };
    let (status, evidence) = judge(&case, now);
    let eta = eta(&effective, growth, status, row.answered);
    Built {
        lag,
        rate,
        eta: Some(eta),
        row: PartitionRow {
            topic: index,
            partition: row.partition,
            owner: row.owner,
            committed_offset: committed,
            effective_lag: effective,
            time_lag,
            consume_rate: rate_reading(rate),
            verdict: (!outside).then(|| verdict(&mut row.status, status, evidence, now)),
        },
    }
}

/// The group's usual silence, or this partition's own if it is longer.
fn usual(shared: &Shared, row: &Row) -> Usual {
    let own = row.longest_pause();
    if shared.usual.by_policy || own <= shared.usual.silence {
        return shared.usual;
    }
    Usual {
        silence: own,
        ..shared.usual
    }
}

/// A verdict that keeps its `since` while the status stays.
fn verdict(
    last: &mut Option<(Status, Timestamp)>,
    status: Status,
    evidence: Option<Evidence>,
    now: &Now,
) -> Verdict {
    let since = match last {
        Some((was, since)) if *was == status => *since,
        _ => now.at,
    };
    *last = Some((status, since));
    Verdict {
        status,
        since,
        evidence: evidence.map(Box::new),
    }
}

/// How lag grows, by what the log end was when the commit stood where it stood. Not worth a robust
/// slope for what has nothing unread.
fn growth(
    samples: &[(Timestamp, Offset)],
    effective: &Reading<i64>,
    log: Option<&Partition>,
) -> Option<Slope> {
    if effective.known()? == 0 {
        return None;
    }
    let history = &log?.history;
    let lags: Option<Vec<_>> = samples
        .iter()
        .map(|(t, committed)| Some((*t, history.end_at(*t)? - *committed as f64)))
        .collect();
    robust_slope(&in_seconds(&lags?))
}

/// Whether the oldest unread record gets older by more than 0.05 s a second over the samples.
fn ageing(samples: &[(Timestamp, Offset)], log: Option<&Partition>) -> Option<bool> {
    let (first, last) = (samples.first()?, samples.last()?);
    let history = &log?.history;
    let age =
        |(t, c): (Timestamp, Offset)| history.bracket(c).map(|b| b.guess.age_at(t).as_secs_f64());
    let (was, is) = (age(*first)?, age(*last)?);
    let elapsed = (last.0 - first.0).as_secs_f64();
    (elapsed > 0.0).then(|| (is - was) / elapsed > AGEING)
}

/// lag ÷ the rate by which it shrinks, where that is above 0 for certain.
fn eta(
    effective: &Reading<i64>,
    growth: Option<Slope>,
    status: Status,
    read_at: Timestamp,
) -> Reading<Eta> {
    let Some(lag) = effective.known() else {
        return Reading::unknown(effective.why().cloned().unwrap_or(Why::NO_ANSWER));
    };
    if lag == 0 || matches!(status, Status::Ok | Status::Idle) {
        return Reading::Known(Eta::CaughtUp);
    }
    let Some(slope) = growth else {
        let frozen = matches!(status, Status::Stopped | Status::Stalled);
        return if frozen {
            Reading::Known(Eta::Never)
        } else {
            Reading::unknown(Why::TOO_FEW_POINTS)
        };
    };
    if slope.high >= 0.0 {
        return Reading::Known(Eta::Never);
    }
    let after = |shrinks_by: f64| read_at + Span::from_secs_f64((lag as f64 / shrinks_by).min(1e9));
    Reading::Known(Eta::At {
        at: after(-slope.median),
        earliest: after(-slope.low),
        latest: Some(after(-slope.high)),
    })
}

/// The latest of the partitions' ends: never is later than any, unknown hides all but never.
#[derive(Default)]
struct EtaMax {
    latest: Option<Eta>,
    unknown: Option<Why>,
}

impl EtaMax {
    fn add(&mut self, part: &Reading<Eta>) {
        let Some(eta) = part.value() else {
            self.unknown = self.unknown.take().or_else(|| part.why().cloned());
            return;
        };
        self.latest = Some(match (self.latest, eta) {
            (None | Some(Eta::CaughtUp), new) => new,
            (Some(Eta::Never), _) | (_, Eta::Never) => Eta::Never,
            (Some(old), Eta::CaughtUp) => old,
            (
                Some(Eta::At {
                    at: a,
                    earliest: e,
                    latest: l,
                }),
                Eta::At {
                    at,
                    earliest,
                    latest,
                },
            ) => Eta::At {
                at: a.max(at),
                earliest: e.max(earliest),
                latest: l.zip(latest).map(|(x, y)| x.max(y)),
            },
        });
    }

    fn reading(self) -> Reading<Eta> {
        match (self.latest, self.unknown) {
            (Some(Eta::Never), _) => Reading::Known(Eta::Never),
            (Some(eta), None) => Reading::Known(eta),
            (_, why) => Reading::unknown(why.unwrap_or(Why::NOT_READ_YET)),
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
        if let Some(eta) = &built.eta {
            self.eta.add(eta);
        }
        let arrival = topic
            .partition(row.partition)
            .and_then(|p| p.arrival_rate.value());
        self.arrival = self.arrival.zip(arrival).map(|(a, b)| a + b);
        // Where nothing was ever committed nothing is consumed that one could tell.
        if row.committed_offset.value().is_some() {
            self.consume = self.consume.zip(built.rate).map(|(a, b)| a + b);
        }
    }
}

fn finish(
    group: &mut Group,
    totals: Totals,
    rows: Vec<PartitionRow>,
    topics: Vec<Arc<TopicSnapshot>>,
    settings: &ClusterSettings,
    now: &mut Now,
    generation: u64,
) {
    let state = group.state(now);
    let unknown_partitions = totals.effective.unknown();
    let none = totals.parts == 0;
    let why_none = why_no_rows(group);
    let no_rows = |r: Reading<i64>| {
        if none {
            Reading::unknown(why_none.clone())
        } else {
            r
        }
    };
    let effective_lag = no_rows(totals.effective.reading());
    group.note_trend(effective_lag.value(), now.at, now.interval);
    let (status, evidence) = match totals.worst.status() {
        (Status::Unknown, None) => (
            Status::Unknown,
            Some(Evidence::NotKnown {
                why: why_none.clone(),
            }),
        ),
        judged => judged,
    };
    let status = verdict(&mut group.status, status, evidence, now);
    let inactive = is_inactive(group, &effective_lag, settings, now);
    let time_lag: Reading<TimeLag> = if none {
        Reading::unknown(why_none.clone())
    } else {
        totals.oldest.reading()
    };
    let rate = |r: Option<f64>| {
        if none {
            Reading::unknown(why_none.clone())
        } else {
            rate_reading(r)
        }
    };
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
        lag: no_rows(totals.lag.reading()),
        effective_lag,
        time_lag,
        arrival_rate: rate(totals.arrival),
        consume_rate: rate(totals.consume),
        eta: if none {
            Reading::unknown(why_none.clone())
        } else {
            totals.eta.reading()
        },
        loss_at: Reading::unknown(Why::NOT_READ_YET),
        lost_lately: Reading::unknown(Why::NOT_READ_YET),
        diagnosis: Diagnosis::NotNeeded,
        storm: None,
        loads: Vec::new(),
        details: Vec::new(),
        trend: group.trend.iter().copied().collect(),
        events: group.events.iter().cloned().collect(),
        topics,
        rows,
        issues: issues(group),
    }));
    group.wake_at = now.take_wake();
    group.dirty = false;
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
