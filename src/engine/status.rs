//! The verdict on one partition of a group: one small pure function a rule, worst first.
//!
//! In: the facts of a row, gathered in [`Case`]. Out: a status with the numbers that made it. The
//! first rule that speaks wins. None of them may call silence health: what is not known is
//! `unknown`.

use crate::model::{Evidence, Offset, Policy, Reading, Span, Status, TimeLag, Timestamp, Why};

use super::group::SETTLE;
use super::now::Now;
use super::rate::Slope;
use super::row::Rewind;
use super::silence::Usual;

/// Who owns a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ownership {
    /// A member of a stable group.
    Owned,
    /// A member, while the group rebalances.
    Rebalancing,
    /// Nobody, although the group has members.
    NoMember {
        /// How many there are.
        members: u32,
    },
    /// The group has no members.
    EmptyGroup,
    /// It was not read, or cannot be.
    NotKnown,
}

/// Everything that the rules look at.
#[derive(Debug)]
pub(super) struct Case<'a> {
    pub(super) committed: &'a Reading<Offset>,
    pub(super) start: &'a Reading<Offset>,
    pub(super) end: &'a Reading<Offset>,
    pub(super) stable: &'a Reading<Offset>,
    pub(super) effective_lag: &'a Reading<i64>,
    pub(super) time_lag: &'a Reading<TimeLag>,
    pub(super) loss_confirmed: bool,
    pub(super) loss_at_first_sight: bool,
    pub(super) beyond_end_confirmed: bool,
    /// The topic's id changed after the commit was last seen to move.
    pub(super) recreated: bool,
    pub(super) rewind: Option<&'a Rewind>,
    pub(super) ownership: Ownership,
    /// When the commit last moved, or was first seen.
    pub(super) frozen_since: Timestamp,
    /// It was said to be stopped or stalled, and has not moved since.
    pub(super) stuck: bool,
    /// When the last stable offset last moved, or was first seen.
    pub(super) stable_moved_at: Option<Timestamp>,
    /// When the log end last moved, or was first seen.
    pub(super) end_moved_at: Option<Timestamp>,
    pub(super) usual: Usual,
    /// Typical gap between commits.
    pub(super) commit_gap: Span,
    /// Members come and go, since then: growth says nothing yet.
    pub(super) settling: Option<Timestamp>,
    /// The age up to which growing older is usual for the group.
    pub(super) usual_lateness: Span,
    /// When the group was last seen to have caught up.
    pub(super) caught_up_at: Option<Timestamp>,
    pub(super) growth: Option<Slope>,
    /// The window of `growth`.
    pub(super) window: Span,
    /// Seconds by which the oldest unread record gets older in a second.
    pub(super) ageing: Option<f64>,
    pub(super) policy: &'a Policy,
    /// When the commit was read.
    pub(super) read_at: Timestamp,
}

type Finding = Option<(Status, Option<Evidence>)>;

/// Brokers' default of `transaction.max.timeout.ms`: no transaction may stay open longer.
const TRANSACTION_TIMEOUT: Span = Span::from_secs(15 * 60);
/// Silence shorter than this never makes a partition stalled.
const STALL_FLOOR: Span = Span::from_secs(300);
/// Silence shorter than this never makes a partition stopped: a restart takes that long.
const STOP_FLOOR: Span = Span::from_secs(120);
/// An idle partition's log end has not moved for this long.
const IDLE_FLOOR: Span = Span::from_secs(600);

/// Seconds a second by which the oldest unread record must age to count as ageing.
const AGEING: f64 = 0.05;
/// What is unread and younger than this …
const LITTLE: Span = Span::from_secs(30);
/// … is no trouble for so long after all was read.
const HICCUP: Span = Span::from_secs(300);
/// A deploy, member by member, takes so long.
const TURNOVER: Span = Span::from_secs(600);
/// A limit that will be crossed within this is near.
const HORIZON: Span = Span::from_secs(3600);

/// The verdict.
pub(super) fn judge(case: &Case<'_>, now: &mut Now) -> (Status, Option<Evidence>) {
    let rules = [
        data_loss,
        beyond_end,
        no_commit,
        not_known,
        txn_blocked,
        rewound,
        well,
        stopped,
        unassigned,
        stalled,
        resting,
        falling_behind,
        on_the_move,
    ];
    rules
        .iter()
        .find_map(|rule| rule(case, now))
        .unwrap_or_else(|| unknown(Why::TOO_FEW_POINTS))
}

fn unknown(why: Why) -> (Status, Option<Evidence>) {
    (Status::Unknown, Some(Evidence::NotKnown { why }))
}

fn data_loss(case: &Case<'_>, _: &mut Now) -> Finding {
    let (c, b) = (case.committed.value()?, case.start.value()?);
    (case.loss_confirmed && c < b).then(|| {
        let evidence = Evidence::LostRecords {
            lost: b - c,
            committed_offset: c,
            log_start_offset: b,
            at_first_sight: case.loss_at_first_sight,
        };
        (Status::DataLoss, Some(evidence))
    })
}

/// A commit beyond the log end, or on a topic that is not the one it was made on.
fn beyond_end(case: &Case<'_>, _: &mut Now) -> Finding {
    let (c, h) = (case.committed.value()?, case.end.value()?);
    let evidence = Evidence::BeyondEnd {
        committed_offset: c,
        log_end_offset: h,
    };
    if case.recreated {
        return Some((Status::Recreated, (c > h).then_some(evidence)));
    }
    if c <= h {
        return None;
    }
    if case.beyond_end_confirmed {
        Some((Status::Truncated, Some(evidence)))
    } else {
        Some(unknown(Why::COMMIT_BEYOND_END))
    }
}

fn no_commit(case: &Case<'_>, _: &mut Now) -> Finding {
    let why = case.committed.why()?;
    // Of a partition with no record there is none to commit on.
    let nothing_there = case.effective_lag.known() == Some(0);
    if case.committed.value().is_some() || nothing_there {
        None
    } else if *why == Why::NEVER_COMMITTED {
        Some((Status::NeverCommitted, None))
    } else if *why == Why::COMMIT_EXPIRED {
        Some((Status::CommitExpired, None))
    } else {
        None
    }
}

fn not_known(case: &Case<'_>, _: &mut Now) -> Finding {
    if case.effective_lag.is_known() {
        return None;
    }
    Some(unknown(
        case.effective_lag
            .why()
            .cloned()
            .unwrap_or(Why::NOT_READ_YET),
    ))
}

/// The group has read all that is not behind an open transaction.
fn held_back(case: &Case<'_>) -> Option<(Offset, i64)> {
    let (c, s, h) = (
        case.committed.value()?,
        case.stable.known()?,
        case.end.value()?,
    );
    // Whoever has committed beyond it does not wait for transactions.
    (c == s && h > s).then_some((s, h - s))
}

fn txn_blocked(case: &Case<'_>, now: &mut Now) -> Finding {
    if case.ownership == Ownership::EmptyGroup {
        // Whatever is held back, nobody is there to read it.
        return None;
    }
    let (last_stable_offset, held) = held_back(case)?;
    // Where nothing came in for long, it stood for want of records: what is held back is so since the
    // first of them came. (Of a batch that has just begun, the log end may be read a little later.)
    let came = oldest_unread_until(case)?;
    let since = case.stable_moved_at?.max(came);
    if now.reached(since + TRANSACTION_TIMEOUT) {
        let evidence = Evidence::HeldBack {
            since,
            last_stable_offset,
            held,
        };
        return Some((Status::TxnBlocked, Some(evidence)));
    }
    Some((
        Status::Steady,
        Some(Evidence::HeldBack {
            since,
            last_stable_offset,
            held,
        }),
    ))
}

fn rewound(case: &Case<'_>, _: &mut Now) -> Finding {
    let rewind = case.rewind?;
    let evidence = Evidence::WentBack {
        at: rewind.at,
        from: rewind.from,
        to: rewind.to,
        to_log_start: rewind.to_log_start,
    };
    Some((Status::Rewound, Some(evidence)))
}

/// Within what is allowed: so many records, so old, or caught up lately.
fn well(case: &Case<'_>, now: &mut Now) -> Finding {
    if case.stuck && case.effective_lag.known()? > 0 && !is_allowed(case.effective_lag, case.policy)
    {
        return None;
    }
    let lag = case.effective_lag.known()?;
    if lag == 0 {
        let idle = now.interval.times(10).max(IDLE_FLOOR);
        let is_idle = case
            .end_moved_at
            .is_some_and(|moved| now.reached(moved + idle));
        return Some((if is_idle { Status::Idle } else { Status::Ok }, None));
    }
    if is_allowed(case.effective_lag, case.policy) {
        return Some((Status::Ok, None));
    }
    touched_the_end(case, now).then_some((Status::Ok, None))
}

/// Whether no more is unread than the policy allows.
pub(super) fn is_allowed(effective: &Reading<i64>, policy: &Policy) -> bool {
    let allowed = policy.max_lag.and_then(|max| i64::try_from(max).ok());
    let lag = effective.known();
    lag.zip(allowed).is_some_and(|(lag, max)| lag <= max)
}

/// Whether it needs no further look: nothing is unread, or what is came in just now.
pub(super) fn plainly_well(case: &Case<'_>, now: &mut Now) -> bool {
    match case.effective_lag.known() {
        Some(0) => true,
        Some(_) => !case.stuck && touched_the_end(case, now),
        None => false,
    }
}

/// All that was written until lately has been read: lag touched 0 as of then. A record of which
/// only the latest instant is known may be of any age.
fn touched_the_end(case: &Case<'_>, now: &mut Now) -> bool {
    let lately = now.interval.times(2).max(case.commit_gap.times(2));
    !is_open(case) && oldest_unread_until(case).is_some_and(|until| !now.reached(until + lately))
}

/// Nothing tells after which instant the oldest unread record was appended.
fn is_open(case: &Case<'_>) -> bool {
    let lag = case.time_lag.value();
    matches!(lag, Some(TimeLag::Behind { after: None, .. }))
}

fn oldest_unread_until(case: &Case<'_>) -> Option<Timestamp> {
    match case.time_lag.value()? {
        TimeLag::Behind { until, .. } => Some(until),
        TimeLag::CaughtUp => None,
    }
}

/// Since when the commit stands still although something is unread. Nothing but a commit ends a silence
/// that was told of: not that a log was cut off, and all that is unread came in since.
fn silent_since(case: &Case<'_>) -> Timestamp {
    if case.stuck {
        return case.frozen_since;
    }
    oldest_unread_until(case).map_or(case.frozen_since, |until| until.max(case.frozen_since))
}

fn not_moved(case: &Case<'_>, since: Timestamp, owned: bool) -> Option<Evidence> {
    Some(Evidence::NotMoved {
        since,
        effective_lag: case.effective_lag.known()?,
        usual_silence: case.usual.silence,
        owned,
    })
}

/// The silence beyond which a verdict is passed: longer than usual, and at least `floor`. A policy's
/// word stands as it is; of what was learned a quarter more is allowed, since the longest pause of
/// a few is rarely the longest of all.
fn limit(case: &Case<'_>, floor: Span) -> Span {
    let usual = case.usual.silence;
    if case.usual.by_policy {
        return usual;
    }
    usual
        .max(Span::from_millis(usual.as_millis() / 4 * 5))
        .max(floor)
}

fn stopped(case: &Case<'_>, now: &mut Now) -> Finding {
    if case.ownership != Ownership::EmptyGroup {
        return None;
    }
    let since = silent_since(case);
    if !now.reached(since + limit(case, now.interval.times(3).max(STOP_FLOOR))) {
        return None;
    }
    if !case.usual.learned {
        return Some(unknown(Why::LEARNING));
    }
    Some((Status::Stopped, not_moved(case, since, false)))
}

fn unassigned(case: &Case<'_>, now: &mut Now) -> Finding {
    let Ownership::NoMember { members } = case.ownership else {
        return None;
    };
    // While members settle, a partition may change hands.
    now.reached(silent_since(case) + now.interval.times(3))
        .then_some((Status::Unassigned, Some(Evidence::NoOwner { members })))
}

fn stalled(case: &Case<'_>, now: &mut Now) -> Finding {
    let since = silent_since(case);
    match case.ownership {
        Ownership::Owned | Ownership::NotKnown => {}
        // Members may take as long as a deploy to agree on who reads what. For longer nobody reads.
        Ownership::Rebalancing if case.stuck || now.reached(since + limit(case, TURNOVER)) => {
            return Some(if case.usual.learned {
                (Status::Stalled, not_moved(case, since, false))
            } else {
                unknown(Why::LEARNING)
            });
        }
        _ => return None,
    }
    let floor = now.interval.times(3).max(STALL_FLOOR);
    let half = Span::from_millis(floor.as_millis() / 2);
    if !now.reached(since + limit(case, half)) {
        return None;
    }
    if !case.usual.learned {
        return Some(unknown(Why::LEARNING));
    }
    let long = now.reached(since + limit(case, floor));
    if case.ownership == Ownership::NotKnown {
        return Some(unknown(Why::text(
            "no commit for long, and its members could not be read",
        )));
    }
    let status = if long {
        Status::Stalled
    } else {
        Status::Suspect
    };
    Some((status, not_moved(case, since, true)))
}

/// Silent within what is usual. If all that is unread came in since it fell silent, it is well: a
/// cron consumer between two runs. Else it is as far behind as it was.
fn resting(case: &Case<'_>, now: &mut Now) -> Finding {
    let until = oldest_unread_until(case)?;
    if is_open(case) && case.growth.is_none() {
        return None;
    }
    let lately = now.interval.times(2).max(case.commit_gap.times(2));
    if !now.reached(case.frozen_since + lately) && case.growth.is_some() {
        return None;
    }
    let was_caught_up = !is_open(case) && until + lately >= case.frozen_since;
    if was_caught_up {
        return Some((Status::Ok, None));
    }
    case.growth.is_none().then_some((Status::Steady, None))
}

fn falling_behind(case: &Case<'_>, now: &mut Now) -> Finding {
    let slope = case.growth?;
    let ages = case.ageing.is_none_or(|growth| growth > AGEING);
    let near = limit_is_near(case, slope);
    if slope.low <= 0.0 || !(ages || near) || is_turnover(case, now) {
        return None;
    }
    if !near && is_usually_this_late(case, now) {
        return None;
    }
    let evidence = Evidence::Growing {
        growth: slope.median,
        growth_low: slope.low,
        window: case.window,
    };
    Some((Status::FallingBehind, Some(evidence)))
}

/// Growth that members' coming and going explains: unless that goes on for longer than a deploy, and
/// what is unread is older than any of its pauses.
fn is_turnover(case: &Case<'_>, now: &mut Now) -> bool {
    let Some(since) = case.settling else {
        return false;
    };
    let late = oldest_unread_until(case).is_some_and(|until| now.reached(until + SETTLE));
    let outlasts = now.reached(since + TURNOVER);
    !(late && outlasts)
}

/// A batch makes its reader late each time; as late as that is no trouble. Nor is less than half a
/// minute for a few minutes, which any hiccup makes.
fn is_usually_this_late(case: &Case<'_>, now: &mut Now) -> bool {
    let lately = case
        .caught_up_at
        .is_some_and(|at| !now.reached(at + HICCUP));
    let least = if lately { LITTLE } else { Span::ZERO };
    let usual = case.usual_lateness.max(least);
    oldest_unread_until(case).is_some_and(|until| !now.reached(until + usual))
}

/// At this pace one of its limits, not broken yet, will be within the horizon.
fn limit_is_near(case: &Case<'_>, slope: Slope) -> bool {
    let ahead = HORIZON.as_secs_f64();
    let lag = case.effective_lag.known().zip(case.policy.max_lag);
    let lag_near = lag.is_some_and(|(lag, max)| lag as f64 + slope.low * ahead > max as f64);
    let time = case.time_lag.known().zip(case.policy.max_time_lag);
    let time_near = time.zip(case.ageing).is_some_and(|((lag, max), growth)| {
        lag.age(case.read_at).as_secs_f64() + growth * ahead > max.as_secs_f64()
    });
    lag_near || time_near
}

/// Behind, and getting closer or not.
fn on_the_move(case: &Case<'_>, _: &mut Now) -> Finding {
    let slope = case.growth?;
    if slope.high < 0.0 {
        let evidence = Evidence::Shrinking {
            by: -slope.median,
            window: case.window,
        };
        return Some((Status::Recovering, Some(evidence)));
    }
    Some((Status::Steady, None))
}

/// A group's verdict from those of its partitions: the worst of the known; `unknown` only when
/// none is known, or when the known ones are well and over a tenth is not.
#[derive(Debug, Default)]
pub(super) struct Worst {
    worst: Option<(Status, i64, Option<Evidence>)>,
    count: u32,
    parts: u32,
    unknown: u32,
    why: Option<Evidence>,
}

impl Worst {
    /// Adds a partition's verdict; `lag` decides which of several equally bad ones speaks.
    pub(super) fn add(&mut self, status: Status, evidence: Option<&Evidence>, lag: i64) {
        self.parts += 1;
        if status == Status::Unknown {
            self.unknown += 1;
            self.why = self.why.take().or_else(|| evidence.cloned());
            return;
        }
        match &mut self.worst {
            Some((worst, _, _)) if *worst < status => {}
            Some((worst, most, kept)) if *worst == status => {
                self.count += 1;
                if lag > *most {
                    (*most, *kept) = (lag, evidence.cloned());
                }
            }
            worst => {
                self.count = 1;
                *worst = Some((status, lag, evidence.cloned()));
            }
        }
    }

    /// The group's status with its evidence.
    pub(super) fn status(self) -> (Status, Option<Evidence>) {
        let over_a_tenth = self.unknown * 10 > self.parts;
        match self.worst {
            Some((status, _, worst)) if !(over_a_tenth && status >= Status::Steady) => {
                let said = status.is_trouble() || worst.is_some() || self.unknown > 0;
                let evidence = said.then(|| Evidence::Partitions {
                    count: self.count,
                    of: self.parts,
                    unknown: self.unknown,
                    worst: worst.map(Box::new),
                });
                (status, evidence)
            }
            _ if self.parts == 0 => (Status::Unknown, None),
            _ => {
                let evidence = Evidence::Partitions {
                    count: self.unknown,
                    of: self.parts,
                    unknown: self.unknown,
                    worst: self.why.map(Box::new),
                };
                (Status::Unknown, Some(evidence))
            }
        }
    }
}
