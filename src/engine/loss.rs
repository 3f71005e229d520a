//! Time to loss: when retention will have deleted the first record that a row has not read.
//!
//! By time: headroom R = `retention.ms` − T, event-time speed u = d ts(C)/dt, loss in R/(1−u) if
//! u < 1; the bounds of u hold nine times of ten, if nothing changes. By size:
//! (C − B − one segment) / (dB/dt − c). The sooner of both; none where nothing is deleted by age or
//! size. Kafka deletes whole segments, so nothing goes before that instant; a record goes with its
//! segment, whose end is up to a segment's time s younger: at the latest in (R + s)/(1−u).

use serde::{Deserialize, Serialize};

use crate::model::{
    CleanupPolicy, Loss, Offset, Reading, Retention, Span, TimeLag, Timestamp, TopicConfig, Why,
};

use super::rate::Course;

/// Moves of the log start that are kept.
const MOVES: usize = 6;
/// Brokers' default of `log.retention.check.interval.ms`.
const CHECKED_EACH: Span = Span::from_secs(300);
/// Nothing further off than a year has a date, in seconds.
const FAR: f64 = 365.0 * 86_400.0;

/// When the log start was seen where: how fast, and in what steps, records are deleted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Deletions {
    /// The first sight, then each move.
    moves: Vec<(Timestamp, Offset)>,
}

impl Deletions {
    /// The log start stood at `start` when it was read at `at`.
    pub(super) fn note(&mut self, at: Timestamp, start: Offset) {
        match self.moves.last() {
            Some((_, last)) if *last == start => return,
            Some((_, last)) if *last > start => self.moves.clear(),
            _ => {}
        }
        if self.moves.len() == MOVES {
            self.moves.remove(0);
        }
        // Of most partitions there is the first sight only.
        self.moves.reserve_exact(1);
        self.moves.push((at, start));
    }

    /// Records a second that are deleted, over the moves that were seen.
    fn rate(&self) -> Option<f64> {
        let (first, last) = (self.moves.get(1)?, self.moves.last()?);
        let elapsed = (last.0 - first.0).as_secs_f64();
        (elapsed > 0.0).then(|| (last.1 - first.1) as f64 / elapsed)
    }

    /// The most that went in one move: about a segment.
    fn step(&self) -> Option<i64> {
        self.moves.windows(2).map(|w| w[1].1 - w[0].1).max()
    }

    /// The last move, and the mean time between moves.
    fn rhythm(&self) -> Option<(Timestamp, f64)> {
        let seen = self.moves.get(1..)?;
        let (first, last) = (seen.first()?, seen.last()?);
        let steps = seen.len() - 1;
        (steps > 0).then(|| (last.0, (last.0 - first.0).as_secs_f64() / steps as f64))
    }

    /// The longest time between two moves: about a segment's.
    fn pause(&self) -> Option<Span> {
        let seen = self.moves.get(1..)?;
        seen.windows(2).map(|w| w[1].0 - w[0].0).max()
    }
}

/// What the rule looks at.
pub(super) struct Standing<'a> {
    /// When the row was read.
    pub(super) at: Timestamp,
    pub(super) committed: Option<Offset>,
    pub(super) start: Option<Offset>,
    pub(super) time_lag: &'a Reading<TimeLag>,
    /// The event-time speed.
    pub(super) speed: Option<Course>,
    /// Records a second being read.
    pub(super) consume: Option<f64>,
    pub(super) config: Option<&'a TopicConfig>,
    pub(super) deletions: &'a Deletions,
}

/// When the first unread record will be deleted, if nothing changes.
pub(super) fn of_row(case: &Standing<'_>) -> Reading<Loss> {
    let Some(config) = case.config else {
        return Reading::unknown(Why::text("the topic's configuration was not read"));
    };
    if config.cleanup_policy == CleanupPolicy::Compact {
        return Reading::Known(Loss::Never);
    }
    let by_time = config
        .retention
        .map_or(Ok(Loss::Never), |keeps| by_time(case, keeps));
    let by_size = config
        .retention_bytes
        .map_or(Ok(Loss::Never), |_| by_size(case));
    match (by_time, by_size) {
        (Ok(one), Ok(other)) => Reading::Known(one.sooner(other)),
        (Ok(at @ Loss::At { .. }), Err(_)) | (Err(_), Ok(at @ Loss::At { .. })) => {
            Reading::Known(at)
        }
        (Err(why), _) | (_, Err(why)) => Reading::unknown(why),
    }
}

fn by_time(case: &Standing<'_>, keeps: Span) -> Result<Loss, Why> {
    let (oldest, after, until) = match case.time_lag.value() {
        Some(TimeLag::CaughtUp) => return Ok(Loss::Never),
        Some(TimeLag::Behind {
            oldest_unread,
            after,
            until,
            ..
        }) => (oldest_unread, after, until),
        None => return Err(case.time_lag.why().cloned().unwrap_or(Why::NO_ANSWER)),
    };
    let Some(speed) = case.speed else {
        return Err(Why::TOO_FEW_POINTS);
    };
    // What was due is deleted with its whole segment, at the next check.
    let seen = case.deletions.pause().map(|pause| pause + CHECKED_EACH);
    // Before any was seen to go, a segment is as long as it may be.
    let longest = seen.or(config_segment(case).map(|segment| segment + CHECKED_EACH));
    let half = seen.map_or(Span::ZERO, |s| Span::from_millis(s.as_millis() / 2));
    let headroom = |appended: Timestamp| (appended + keeps - case.at).as_secs_f64();
    let speed = speed.over(headroom(oldest) / (1.0 - speed.slope.median).max(1e-6));
    let at = |appended: Timestamp, later: Span, speed: f64| {
        let headroom = headroom(appended) + later.as_secs_f64();
        let after = headroom / (1.0 - speed);
        // What is overdue already goes with the next check: since when it is due is all one knows.
        let due = || {
            if headroom <= 0.0 {
                appended + keeps + later
            } else {
                case.at + Span::from_secs_f64(after)
            }
        };
        (speed < 1.0 && after < FAR).then(due)
    };
    let Some(best) = at(oldest, half, speed.median) else {
        return Ok(Loss::Never);
    };
    // Of a record older than all that is known, nobody knows how soon it goes.
    let after = after.ok_or(Why::BEFORE_HISTORY)?;
    let earliest = at(after, Span::ZERO, speed.low).unwrap_or(best);
    let stepped = || {
        let (moved, pause) = case.deletions.rhythm()?;
        step_beyond(case.at, (moved, pause), headroom(oldest), speed.median)
    };
    let best = stepped().unwrap_or(best);
    let latest = longest.and_then(|longest| at(until, longest, speed.high));
    let best = latest.map_or(best, |latest| best.min(latest));
    Ok(Loss::At {
        at: best,
        earliest: earliest.min(best),
        latest,
        by: Retention::Time,
    })
}

/// The first deletion that passes a record with so much headroom, which moves with `speed`: the log
/// start moves on by `pause` each `pause` seconds, last at `moved` to what was due then.
fn step_beyond(
    now: Timestamp,
    (moved, pause): (Timestamp, f64),
    headroom: f64,
    speed: f64,
) -> Option<Timestamp> {
    let since = (now - moved).as_secs_f64();
    let steps = (headroom + (1.0 - speed) * since) / (pause * (1.0 - speed));
    let due = (pause > 0.0 && speed < 1.0 && steps * pause < FAR).then_some(steps)?;
    let due = due.floor().max(0.0) + 1.0;
    Some(moved + Span::from_secs_f64(due * pause))
}

fn config_segment(case: &Standing<'_>) -> Option<Span> {
    case.config.and_then(|config| config.segment)
}

fn by_size(case: &Standing<'_>) -> Result<Loss, Why> {
    let seen = &case.deletions;
    let told = (seen.rate(), seen.step(), seen.moves.last());
    let (Some(deletes), Some(segment), Some((moved_at, _))) = told else {
        return Err(Why::text(
            "retention.bytes is set, and the log start has not been seen to move",
        ));
    };
    let (Some(c), Some(b), Some(reads)) = (case.committed, case.start, case.consume) else {
        return Err(Why::TOO_FEW_POINTS);
    };
    let closes = deletes - reads;
    if closes <= 0.0 || (c - b) as f64 >= FAR * closes {
        return Ok(Loss::Never);
    }
    let after =
        |records: i64| *moved_at + Span::from_secs_f64((records.max(0) as f64 / closes).min(FAR));
    Ok(Loss::At {
        at: after(c - b - segment),
        earliest: after(c - b - segment.saturating_mul(2)),
        latest: Some(after(c - b + segment)),
        by: Retention::Size,
    })
}

/// The soonest over a group's partitions; beside unknown parts, and stale ones that would come later, it
/// is only the latest that it can be. It is stale where a stale part's is the soonest.
#[derive(Default)]
pub(super) struct Soonest {
    soonest: Option<Loss>,
    /// Of the parts that are stale, and since when the oldest of them is.
    stale: Option<(Loss, Timestamp, Why)>,
    unknown: u32,
    parts: u32,
    why: Option<Why>,
}

impl Soonest {
    /// Adds a partition's; one that is plainly well has none to add but takes part.
    pub(super) fn add(&mut self, part: &Reading<Loss>) {
        self.parts += 1;
        if let Some(loss) = part.value() {
            if let Some(since) = part.stale_since() {
                let why = part.why().cloned().unwrap_or(Why::NO_ANSWER);
                self.stale = Some(match self.stale.take() {
                    Some((other, first, why)) if first <= since => (other.sooner(loss), first, why),
                    Some((other, ..)) => (other.sooner(loss), since, why),
                    None => (loss, since, why),
                });
            } else {
                self.soonest = Some(self.soonest.map_or(loss, |s| s.sooner(loss)));
            }
        } else {
            self.unknown += 1;
            self.why = self.why.take().or_else(|| part.why().cloned());
        }
    }

    /// The group's.
    pub(super) fn reading(self) -> Reading<Loss> {
        let (known, stale) = (self.soonest, self.stale);
        let loss = match (known, &stale) {
            (Some(known), Some((other, ..))) => Some(known.sooner(*other)),
            (known, other) => known.or(other.as_ref().map(|(loss, ..)| *loss)),
        };
        let at_most =
            |loss: Loss, why: Why| Reading::at_least(loss, why).with_bounds(None, Some(loss));
        let whole = match (loss, self.unknown) {
            (Some(loss), 0) => Reading::Known(loss),
            (Some(loss @ Loss::At { .. }), unknown) => {
                let why = format!("{unknown} of {} partitions unknown", self.parts);
                at_most(loss, Why::text(why))
            }
            _ => Reading::unknown(self.why.unwrap_or(Why::NOT_READ_YET)),
        };
        match (stale, loss) {
            // A fresh part's own: what is stale could only be sooner by now.
            (Some((.., why)), Some(loss @ Loss::At { .. })) if known == Some(loss) => {
                at_most(loss, why)
            }
            (Some((_, since, why)), _) => whole.into_stale(since, why),
            (None, _) => whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rate::Slope;
    use super::*;
    use crate::model::Method;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn exactly(speed: f64) -> Course {
        Course {
            slope: Slope {
                median: speed,
                low: speed,
                high: speed,
            },
            ..Course::STILL
        }
    }

    /// Read at 10,000 s, its oldest unread record 1,000 s old, of a topic that keeps an hour.
    fn loss(
        speed: impl Into<Option<Course>>,
        config: &TopicConfig,
        deletions: &Deletions,
    ) -> Reading<Loss> {
        let behind = Reading::Known(TimeLag::Behind {
            oldest_unread: at(9_000),
            after: Some(at(8_990)),
            until: at(9_000),
            method: Method::Bracket,
        });
        of_row(&Standing {
            at: at(10_000),
            committed: Some(5_000),
            start: Some(1_000),
            time_lag: &behind,
            speed: speed.into(),
            consume: Some(1.0),
            config: Some(config),
            deletions,
        })
    }

    fn an_hour() -> TopicConfig {
        TopicConfig {
            retention: Some(Span::from_secs(3600)),
            ..TopicConfig::default()
        }
    }

    #[test]
    fn one_that_stands_loses_when_its_record_expires() {
        let told = loss(exactly(0.0), &an_hour(), &Deletions::default());
        assert_eq!(
            told.value(),
            Some(Loss::At {
                at: at(12_600),
                earliest: at(12_590),
                latest: None,
                by: Retention::Time,
            })
        );
    }

    #[test]
    fn one_that_reads_half_as_fast_has_twice_as_long_and_one_that_keeps_pace_for_ever() {
        let none = Deletions::default();
        let slow = loss(exactly(0.5), &an_hour(), &none).value();
        assert_eq!(slow.and_then(Loss::at), Some(at(15_200)));
        let fast = loss(exactly(1.0), &an_hour(), &none);
        assert_eq!(fast, Reading::Known(Loss::Never));
        assert!(loss(None, &an_hour(), &none).is_unknown());
    }

    #[test]
    fn deletions_that_were_seen_say_how_much_later_it_may_be() {
        let mut seen = Deletions::default();
        for (t, start) in [(0, 0), (600, 600), (1200, 1200), (1800, 1800)] {
            seen.note(at(t), start);
        }
        let Some(Loss::At {
            at: best, latest, ..
        }) = loss(exactly(0.0), &an_hour(), &seen).value()
        else {
            panic!("no loss");
        };
        // It is due at 12,600 s; the log start moves at 12,600 and, beyond it, at 13,200.
        assert_eq!((best, latest), (at(13_200), Some(at(13_500))));
    }

    #[test]
    fn size_deletes_what_age_would_keep_and_compaction_nothing() {
        let mut seen = Deletions::default();
        for (t, start) in [(0, 0), (100, 500), (200, 1000)] {
            seen.note(at(t), start);
        }
        let sized = TopicConfig {
            retention_bytes: Some(1),
            ..TopicConfig::default()
        };
        // 4,000 records from the start, a segment of 500, closing in by 4 a second.
        let told = loss(exactly(0.0), &sized, &seen).value();
        assert_eq!(told.and_then(Loss::at), Some(at(1_075)));
        assert!(loss(exactly(0.0), &sized, &Deletions::default()).is_unknown());
        let compacted = TopicConfig {
            cleanup_policy: CleanupPolicy::Compact,
            ..an_hour()
        };
        assert_eq!(
            loss(exactly(0.0), &compacted, &seen),
            Reading::Known(Loss::Never)
        );
    }
}
