//! A row of a group's part of the snapshot, built from the row's facts and the partition's log.

use crate::model::{
    Eta, Evidence, GroupType, Loss, Offset, PartitionRow, Reading, RowDetail, Status, TimeLag,
    Timestamp, Verdict, Why, at_most,
};

use super::eta;
use super::group::Group;
use super::group_view::Shared;
use super::lag::effective_lag;
use super::loss::{self, Standing};
use super::now::Now;
use super::rate::{Course, Sample, decayed_rate};
use super::rates::{as_sure_as, rate_reading};
use super::row::{Row, in_seconds};
use super::silence::Usual;
use super::spells::ENOUGH_HISTORY;
use super::status::{Case, is_allowed, judge, plainly_well};
use super::time_lag;
use super::topic::{Partition, Topic};

/// A row, and what it adds to the group's part.
pub(super) struct Built {
    pub(super) row: PartitionRow,
    /// Set where it is not plainly well.
    pub(super) detail: Option<RowDetail>,
    pub(super) lag: Reading<i64>,
    pub(super) eta: Reading<Eta>,
    /// When its commit was read.
    pub(super) read_at: Timestamp,
    pub(super) loss_at: Reading<Loss>,
}

/// The offsets of a row as readings.
struct Offsets {
    committed: Reading<Offset>,
    start: Reading<Offset>,
    end: Reading<Offset>,
    stable: Reading<Offset>,
}

impl Offsets {
    fn of(row: &Row, log: Option<&Partition>, topic: &Topic, group: &Group, now: &mut Now) -> Self {
        let no_log = || {
            Reading::unknown(if topic.visible {
                Why::NOT_READ_YET
            } else {
                Why::NOT_VISIBLE
            })
        };
        let group_failed = group.commits_failed.as_ref().map(|(_, why)| why);
        Self {
            committed: row.committed(group_failed, now),
            start: log.map_or_else(no_log, |l| l.start.reading(now)),
            end: log.map_or_else(no_log, |l| l.end.reading(now)),
            stable: log.map_or_else(no_log, |l| l.stable.reading(now)),
        }
    }
}

/// Builds a row anew. `index` is its topic's place, `outside`: it takes no part in the verdict.
pub(super) fn build(
    row: &mut Row,
    (index, outside): (u32, bool),
    topic: &Topic,
    group: &Group,
    shared: &Shared,
    now: &mut Now,
) -> Built {
    let log = topic.partition(row.partition);
    let offsets = Offsets::of(row, log, topic, group, now);
    let config = topic.config.as_deref();
    let lag = crate::model::distance(&offsets.committed, &offsets.end, &offsets.start);
    let lag = at_most(lag, config);
    let effective = if group.group_type == GroupType::Share {
        Reading::unknown(Why::PROTOCOL)
    } else {
        let lag = effective_lag(&offsets.committed, &offsets.start, &offsets.end, log);
        at_most(lag, config)
    };
    let first_unread = row
        .offset()
        .map(|c| offsets.start.value().map_or(c, |b| c.max(b)));
    let time_lag = time_lag::of_row(&effective, first_unread, log);
    let samples = row.samples(shared.window, shared.spacing, shared.pace);
    let rate = decayed_rate(
        &in_seconds(samples.iter().map(|(t, o)| (*t, *o as f64))),
        shared.decay,
    );
    let recreated = topic
        .recreated_at
        .is_some_and(|at| row.offset().is_some() && row.moved_at.unwrap_or(row.first_seen) < at);
    let mut case = Case {
        committed: &offsets.committed,
        start: &offsets.start,
        end: &offsets.end,
        stable: &offsets.stable,
        effective_lag: &effective,
        time_lag: &time_lag,
        loss_confirmed: row.below_start >= 2,
        loss_at_first_sight: row.below_at_first_sight,
        beyond_end_confirmed: row.beyond_end_before && row.stands_beyond(log),
        recreated: recreated || (topic.recreated_at.is_some() && row.stands_beyond(log)),
        rewind: row.rewind.as_deref(),
        ownership: shared.ownership(row, group),
        frozen_since: row.moved_at.unwrap_or(row.first_seen),
        stuck: row.stuck && effective.known() != Some(0),
        stable_moved_at: log.and_then(|l| l.stable_moved_at),
        end_moved_at: log.and_then(|l| l.end_moved_at),
        usual: usual(shared, row),
        commit_gap: shared.gap,
        settling: shared.settling,
        usual_lateness: shared.usual_lateness,
        caught_up_at: shared.caught_up_at,
        growth: None,
        window: shared.window,
        ageing: None,
        policy: &group.policy,
        read_at: row.answered,
    };
    let well = plainly_well(&case, now);
    let speed = if well { None } else { speed(&samples, log) };
    let course = if well {
        None
    } else {
        course(&samples, &effective, log)
    };
    if !well {
        case.growth = course.map(|course| course.slope);
        case.ageing = ageing(&samples, log);
    }
    let (status, evidence) = judge(&case, now);
    match status {
        Status::Stopped | Status::Stalled => row.stuck = true,
        _ if effective.known() == Some(0) => row.stuck = false,
        _ => {}
    }
    let loss_at = if well {
        Reading::Known(Loss::Never)
    } else {
        loss(row, &offsets, &effective, &time_lag, speed, rate, topic)
    };
    let is_well = well || is_allowed(&effective, &group.policy);
    let eta = eta::of_row(
        &effective,
        course,
        (status, is_well),
        row.answered,
        shared.pace,
    );
    let verdict = (!outside).then(|| verdict(&mut row.status, status, evidence, shared, now));
    let consume_rate = as_sure_as(rate_reading(rate), &offsets.committed);
    Built {
        lag,
        eta,
        read_at: row.answered,
        detail: detail(row, index, well || outside, &loss_at, speed),
        loss_at,
        row: PartitionRow {
            topic: index,
            partition: row.partition,
            owner: row.owner,
            committed_offset: offsets.committed,
            effective_lag: effective,
            time_lag,
            consume_rate,
            verdict,
        },
    }
}

/// The group's usual silence, or this partition's own if it is longer. Members that commit rarely
/// do so at different times, so a group's pauses may be much shorter than those of each partition:
/// one that has not moved twice has shown nothing of its own yet.
pub(super) fn usual(shared: &Shared, row: &Row) -> Usual {
    let own = if row.has_rhythm() {
        row.longest_pause()
    } else {
        ENOUGH_HISTORY
    };
    if shared.usual.by_policy || own <= shared.usual.silence {
        return shared.usual;
    }
    Usual {
        silence: own,
        ..shared.usual
    }
}

/// A verdict that keeps its `since` while the status stays. After a start or a gap a bad one does
/// not get better by what a window must show until that is full again.
pub(super) fn verdict(
    last: &mut Option<(Status, Timestamp)>,
    status: Status,
    evidence: Option<Evidence>,
    shared: &Shared,
    now: &mut Now,
) -> Verdict {
    let needs_window = matches!(
        status,
        Status::FallingBehind | Status::Suspect | Status::Recovering | Status::Steady
    );
    if let (Some((was, _)), Some((from, until))) = (*last, shared.warming)
        && was.is_trouble()
        && needs_window
        && status > was
        && !now.reached(until)
    {
        let why = Why::WARMING;
        return Verdict::because(Status::Unknown, from, Evidence::NotKnown { why });
    }
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

/// How lag grows, by what the log end was when the commit stood where it stood.
fn course(
    samples: &[(Timestamp, Offset)],
    effective: &Reading<i64>,
    log: Option<&Partition>,
) -> Option<Course> {
    if effective.known()? == 0 {
        return None;
    }
    let history = &log?.history;
    let lags: Option<Vec<_>> = samples
        .iter()
        .map(|(t, committed)| Some((*t, history.end_at(*t)? - *committed as f64)))
        .collect();
    let lags = in_seconds(lags?.into_iter());
    Course::of(&lags)
}

/// By how many seconds the oldest unread record gets older in a second, over the samples.
fn ageing(samples: &[(Timestamp, Offset)], log: Option<&Partition>) -> Option<f64> {
    let (first, last) = (samples.first()?, samples.last()?);
    let log = log?;
    let age = |(t, c): (Timestamp, Offset)| {
        time_lag::appended(c, log).map(|appended| appended.age_at(t).as_secs_f64())
    };
    let (was, is) = (age(*first)?, age(*last)?);
    let elapsed = (last.0 - first.0).as_secs_f64();
    (elapsed > 0.0).then(|| (is - was) / elapsed)
}

/// Seconds of the log's time that are read in a second. One that stands reads none.
fn speed(samples: &[(Timestamp, Offset)], log: Option<&Partition>) -> Option<Course> {
    let (first, last) = (samples.first()?, samples.last()?);
    if first.1 == last.1 {
        return (last.0 > first.0).then_some(Course::STILL);
    }
    let log = log?;
    let start = first.0;
    let appended = |(t, c): &(Timestamp, Offset)| -> Option<Sample> {
        let appended = time_lag::appended(*c, log)?;
        Some(((*t - start).as_secs_f64(), (appended - start).as_secs_f64()))
    };
    let samples: Option<Vec<Sample>> = samples.iter().map(appended).collect();
    Course::of(&samples?)
}

fn loss(
    row: &Row,
    offsets: &Offsets,
    effective: &Reading<i64>,
    time_lag: &Reading<TimeLag>,
    speed: Option<Course>,
    rate: Option<f64>,
    topic: &Topic,
) -> Reading<Loss> {
    match effective.value() {
        None => return Reading::unknown(effective.why().cloned().unwrap_or(Why::NOT_READ_YET)),
        Some(0) => return Reading::Known(Loss::Never),
        Some(_) => {}
    }
    let Some(log) = topic.partition(row.partition) else {
        return Reading::unknown(Why::NOT_READ_YET);
    };
    let loss = loss::of_row(&Standing {
        at: row.answered,
        committed: offsets.committed.value(),
        start: offsets.start.value(),
        time_lag,
        speed,
        consume: rate,
        config: topic.config.as_deref(),
        deletions: &log.deletions,
    });
    match (effective.stale_since(), effective.why()) {
        (Some(since), Some(why)) => loss.into_stale(since, why.clone()),
        _ => loss,
    }
}

/// What stands beside a row that is not plainly well.
fn detail(
    row: &Row,
    topic: u32,
    left_out: bool,
    loss_at: &Reading<Loss>,
    speed: Option<Course>,
) -> Option<RowDetail> {
    if left_out || row.offset().is_none() {
        return None;
    }
    Some(RowDetail {
        topic,
        partition: row.partition,
        loss_at: loss_at.clone(),
        event_time_speed: speed.map_or_else(
            || Reading::unknown(Why::TOO_FEW_POINTS),
            |c| Reading::bounded(c.slope.median, Some(c.slope.low), Some(c.slope.high)),
        ),
    })
}
