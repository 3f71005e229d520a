//! Time lag of a row and of a group: brackets from the shared history of log ends, made narrower by
//! anchors where such were asked for; and what would have to be asked to make them so.

use crate::model::{Method, Offset, Reading, Span, TimeLag, Timestamp, Why};

use super::history::{Bracket, Edge};
use super::topic::Partition;

/// The time lag of a row whose effective lag is `lag`; `first_unread` is the offset of the oldest
/// record that it can still read.
pub(super) fn of_row(
    lag: &Reading<i64>,
    first_unread: Option<Offset>,
    log: Option<&Partition>,
) -> Reading<TimeLag> {
    let Some(value) = lag.value() else {
        return Reading::unknown(lag.why().cloned().unwrap_or(Why::NOT_READ_YET));
    };
    let found = if value == 0 {
        Some(TimeLag::CaughtUp)
    } else {
        first_unread.and_then(|offset| behind(offset, log?))
    };
    let Some(found) = found else {
        return Reading::unknown(Why::BEFORE_HISTORY);
    };
    match lag.stale_since() {
        Some(since) => Reading::stale(found, since, lag.why().cloned().unwrap_or(Why::NO_ANSWER)),
        None => Reading::Known(found),
    }
}

fn behind(offset: Offset, log: &Partition) -> Option<TimeLag> {
    let (bracket, method) = narrowest(offset, log)?;
    Some(TimeLag::Behind {
        oldest_unread: bracket.guess(offset),
        after: bracket.after.map(|edge| edge.when),
        until: bracket.until.when,
        method,
    })
}

/// When the record at `offset` was appended, as well as one knows; `None`: it is older than all that
/// is known, or not known to be written.
pub(super) fn appended(offset: Offset, log: &Partition) -> Option<Timestamp> {
    let (bracket, _) = narrowest(offset, log)?;
    bracket.after.map(|_| bracket.guess(offset))
}

/// The narrowest bracket of the record at `offset`: from observed log ends, and, where anchors lie
/// inside of it, from these. `None`: it is not known to be written.
fn narrowest(offset: Offset, log: &Partition) -> Option<(Bracket, Method)> {
    let proved = log.history.bracket(offset)?;
    let (lower, upper) = log.anchors.round(offset);
    let after = match (proved.after, lower) {
        (Some(proved), Some(told)) if told.when <= proved.when => Some(proved),
        (proved, told) => told.or(proved),
    };
    let until = upper
        .filter(|told| told.when < proved.until.when)
        .unwrap_or(proved.until);
    // The record itself was met: no other can be nearer.
    let until = match lower {
        Some(met) if met.offset == offset && Some(met) == after && met.when <= until.when => Edge {
            when: met.when,
            offset: until.offset,
        },
        _ => until,
    };
    let told = Bracket { after, until };
    // Timestamps that contradict each other or what was observed tell nothing.
    if told == proved || after.is_some_and(|after| after.when > until.when) {
        return Some((proved, Method::Bracket));
    }
    let method = if log.anchors.was_read(offset) {
        Method::Record
    } else {
        Method::TimestampSearch
    };
    Some((told, method))
}

/// A wish to know more of one record, and how much it is needed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wish {
    /// The width of its bracket over what is fine: max(2p, a tenth of its age); infinite if open.
    pub(super) urgency: f64,
    /// The times to ask about.
    pub(super) times: Vec<Timestamp>,
}

/// Whether the age that a reading tells is less sure than two intervals.
pub(super) fn is_wide(reading: &Reading<TimeLag>, interval: Span) -> bool {
    match reading.value() {
        Some(TimeLag::Behind { after, until, .. }) => {
            after.is_none_or(|after| until - after > interval.times(2))
        }
        _ => false,
    }
}

/// What to ask so that the bracket of the record at `offset` becomes as narrow as two intervals;
/// `None` when it is.
pub(super) fn wish(
    offset: Offset,
    log: &Partition,
    now: Timestamp,
    interval: Span,
) -> Option<Wish> {
    let (bracket, _) = narrowest(offset, log)?;
    let fine = interval.times(2);
    let Some(after) = bracket.after else {
        let times = backwards(bracket.until.when, fine);
        return Some(Wish {
            urgency: f64::INFINITY,
            times,
        });
    };
    let (low, high) = (after.when, bracket.until.when);
    let width = high - low;
    if width <= fine {
        return None;
    }
    let tenth = Span::from_millis(high.age_at(now).as_millis() / 10);
    let mut times = between(low, high, bracket.guess(offset), fine);
    if log.anchors.unchecked(now) {
        times.extend(log.history.sure_instant(fine));
    }
    Some(Wish {
        urgency: width.as_secs_f64() / fine.max(tenth).as_secs_f64(),
        times,
    })
}

/// Ever further back from what is known, each sixteen times as far as the one before.
fn backwards(from: Timestamp, step: Span) -> Vec<Timestamp> {
    let steps = std::iter::successors(Some(step), |s| Some(s.times(16)));
    steps.take(5).map(|back| from - back).collect()
}

/// Just below and above the best guess, and in the middle of what then remains on either side.
fn between(low: Timestamp, high: Timestamp, guess: Timestamp, fine: Span) -> Vec<Timestamp> {
    let near = Span::from_millis(fine.as_millis() * 2 / 5);
    let middle = |a: Timestamp, b: Timestamp| a + Span::from_millis((b - a).as_millis() / 2);
    let (below, above) = (guess - near, guess + near);
    let mut times = Vec::with_capacity(5);
    if below > low {
        times.push(below);
        if below - low > fine {
            times.push(middle(low, below));
        }
    }
    if above < high {
        times.push(above);
        if high - above > fine {
            times.push(middle(above, high));
        }
    }
    times
}

/// The oldest unread record over all of a group's partitions.
#[derive(Debug, Default)]
pub(super) struct Oldest {
    oldest: Option<(Timestamp, Option<Timestamp>, Timestamp, Method)>,
    known: bool,
    stale: Option<(Timestamp, Why)>,
    unknown: u32,
    parts: u32,
    why: Option<Why>,
}

impl Oldest {
    /// Adds a partition's.
    pub(super) fn add(&mut self, part: &Reading<TimeLag>) {
        self.parts += 1;
        match part.value() {
            None => {
                self.unknown += 1;
                self.why = self.why.take().or_else(|| part.why().cloned());
            }
            Some(TimeLag::CaughtUp) => self.known = true,
            Some(TimeLag::Behind {
                oldest_unread,
                after,
                until,
                method,
            }) => {
                self.known = true;
                self.oldest = Some(match self.oldest {
                    None => (oldest_unread, after, until, method),
                    Some((g, a, u, m)) => (
                        g.min(oldest_unread),
                        a.zip(after).map(|(x, y)| x.min(y)),
                        u.min(until),
                        // As sure as the least sure of its parts.
                        m.max(method),
                    ),
                });
            }
        }
        if let (true, Some(since)) = (part.is_stale(), part.stale_since()) {
            let why = part.why().cloned().unwrap_or(Why::NO_ANSWER);
            if self.stale.as_ref().is_none_or(|(s, _)| since < *s) {
                self.stale = Some((since, why));
            }
        }
    }

    /// The group's time lag.
    pub(super) fn reading(self) -> Reading<TimeLag> {
        if !self.known {
            return Reading::unknown(self.why.unwrap_or_else(|| Why::text("no partitions")));
        }
        let value = self.oldest.map_or(
            TimeLag::CaughtUp,
            |(oldest_unread, after, until, method)| TimeLag::Behind {
                oldest_unread,
                after,
                until,
                method,
            },
        );
        let mut reading = if self.unknown > 0 {
            let why = Why::text(format!(
                "{} of {} partitions unknown",
                self.unknown, self.parts
            ));
            Reading::at_least(value, why)
        } else {
            Reading::Known(value)
        };
        if let Some((since, why)) = self.stale {
            reading = reading.into_stale(since, why);
        }
        reading
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::topic::Topic;
    use crate::model::{Isolation, OffsetRead};

    const P: Span = Span::from_secs(10);

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn read_end(topic: &mut Topic, secs: i64, offset: Offset) {
        let read = OffsetRead {
            partition: 0,
            offset: Ok(offset),
            leader_epoch: None,
        };
        topic.take_ends(Isolation::ReadUncommitted, &[read], at(secs), at(secs));
    }

    /// A log that got a record a second since 0, first looked at after `since` seconds.
    fn watched_since(since: i64) -> Topic {
        let mut topic = Topic::new("t".into());
        for secs in (since..=since + 60).step_by(10) {
            read_end(&mut topic, secs, secs);
        }
        topic
    }

    /// Answers as a broker does whose clock differs by `skew`; how many rounds it took until there
    /// was nothing left to ask.
    fn answer_all(topic: &mut Topic, offset: Offset, now: i64, skew: i64) -> usize {
        for round in 0..20 {
            let log = topic.partition(0).unwrap();
            let wish = wish(offset, log, at(now), P).filter(|_| log.anchors.may_ask(at(now), P));
            let Some(wish) = wish else { return round };
            topic.note_asked(0, wish.times.len(), at(now));
            for time in wish.times {
                let secs = ((time - at(skew)).as_millis().max(0) + 999) / 1000;
                let found = (secs <= now).then(|| (secs, at(secs + skew)));
                topic.take_offset_for_time(0, time, found, (at(now), P));
            }
        }
        panic!("never done");
    }

    fn told(topic: &Topic, offset: Offset) -> TimeLag {
        behind(offset, topic.partition(0).unwrap()).unwrap()
    }

    #[test]
    fn what_is_older_than_the_history_is_found_in_a_few_rounds() {
        for offset in [99_990, 90_000, 40_000, 17, 0] {
            let mut topic = watched_since(100_000);
            let TimeLag::Behind { after: None, .. } = told(&topic, offset) else {
                panic!("open above");
            };
            let rounds = answer_all(&mut topic, offset, 100_060, 0);
            let TimeLag::Behind {
                oldest_unread,
                after: Some(after),
                until,
                method: Method::TimestampSearch,
            } = told(&topic, offset)
            else {
                panic!("{:?}", told(&topic, offset));
            };
            assert!(rounds <= 6, "{offset}: {rounds} rounds");
            assert!(after <= at(offset) && at(offset) <= until && until - after <= P.times(2));
            assert!((oldest_unread - at(offset)).as_secs_f64().abs() <= 10.0);
        }
    }

    #[test]
    fn a_bracket_of_observed_log_ends_needs_no_asking() {
        let topic = watched_since(100_000);
        let log = topic.partition(0).unwrap();
        assert_eq!(wish(100_035, log, at(100_060), P), None);
        let TimeLag::Behind {
            after,
            until,
            method,
            ..
        } = told(&topic, 100_035)
        else {
            panic!("behind");
        };
        assert_eq!(
            (after, until, method),
            (Some(at(100_030)), at(100_040), Method::Bracket)
        );
    }

    #[test]
    fn skewed_clocks_are_said_and_the_bracket_is_used() {
        // Not seen for an hour, which makes the bracket wide; timestamps are ten minutes ahead.
        let mut topic = watched_since(100_000);
        for secs in (103_660..105_000).step_by(10) {
            read_end(&mut topic, secs, secs);
        }
        answer_all(&mut topic, 102_000, 105_000, 600);
        let (by, _) = topic.clock_skew().expect("a skew");
        assert!(by > Span::from_secs(500), "{by}");
        let TimeLag::Behind { method, .. } = told(&topic, 102_000) else {
            panic!("behind");
        };
        assert_eq!(method, Method::Bracket);
    }

    #[test]
    fn an_answer_about_a_log_that_is_no_more_is_left_out() {
        let mut topic = watched_since(100_000);
        read_end(&mut topic, 100_070, 5);
        read_end(&mut topic, 100_080, 10);
        topic.take_offset_for_time(0, at(50_000), Some((3, at(50_000))), (at(100_065), P));
        let TimeLag::Behind { after, .. } = told(&topic, 3) else {
            panic!("behind");
        };
        assert_eq!(after, None);
    }

    #[test]
    fn a_group_is_as_sure_as_its_least_sure_part() {
        let part = |secs, method| {
            Reading::Known(TimeLag::Behind {
                oldest_unread: at(secs),
                after: Some(at(secs - 1)),
                until: at(secs + 1),
                method,
            })
        };
        let mut oldest = Oldest::default();
        oldest.add(&part(50, Method::Bracket));
        oldest.add(&part(70, Method::TimestampSearch));
        let sum = oldest.reading();
        assert_eq!(
            sum.known(),
            Some(TimeLag::Behind {
                oldest_unread: at(50),
                after: Some(at(49)),
                until: at(51),
                method: Method::TimestampSearch,
            })
        );
    }
}
