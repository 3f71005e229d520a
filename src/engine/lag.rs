//! Offset lag: what can still be read of a partition by a group.
//!
//! `lag` is log end − commit, as Kafka's tools show it (the model derives it). `effective_lag` is
//! what can still be read: less where records were deleted unread, 0 where a read has shown that
//! only transaction markers lie between commit and end. No timestamp shows that: on Kafka 4.3 the
//! offset of the highest one (ListOffsets −3) is the marker's own, and of a batch written within
//! one millisecond it is the first record's, which lies below the commit while the rest is unread.

use serde::{Deserialize, Serialize};

use crate::model::{Offset, Reading, Why, distance};

use super::topic::Partition;

/// Most records between commit and end that are looked at for being markers only.
pub(super) const MARKERS_AT_MOST: i64 = 16;

/// What can still be read, from the readings of one row.
pub(super) fn effective_lag(
    committed: &Reading<Offset>,
    start: &Reading<Offset>,
    end: &Reading<Offset>,
    log: Option<&Partition>,
) -> Reading<i64> {
    let lag = distance(committed, end, start);
    let Some(value) = lag.value() else {
        // Never committed on, and nothing is there.
        let empty = end.known().is_some() && start.known() == end.known();
        let nothing = empty && (lag.low(), lag.high()) == (Some(0), Some(0));
        return if nothing { Reading::Known(0) } else { lag };
    };
    if value <= MARKERS_AT_MOST && only_markers(committed.value(), end.value(), log) {
        return lag.map(|_| 0);
    }
    match (committed.value(), start.value(), end.value()) {
        (Some(c), Some(b), Some(h)) if c < b => lag.map(|_| (h - b).max(0)),
        _ => lag,
    }
}

/// Whether a read from the commit or before it came to this log end and met no record.
fn only_markers(committed: Option<Offset>, end: Option<Offset>, log: Option<&Partition>) -> bool {
    match (committed, end, log.and_then(|l| l.tail)) {
        (Some(c), Some(h), Some(tail)) => h > c && tail.has_no_record_between(c, h),
        _ => false,
    }
}

/// What a read of the last few records of a partition met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tail {
    /// Where it began.
    pub(super) from: Offset,
    /// The first record that it met.
    pub(super) found: Option<Offset>,
    /// How far it came, or the log end that it knew of.
    pub(super) end: Offset,
}

impl Tail {
    fn has_no_record_between(self, committed: Offset, end: Offset) -> bool {
        self.from <= committed && self.end >= end && self.found.is_none()
    }

    /// Whether the other read, begun no earlier, could have met nothing that this one has not told.
    pub(super) fn covers(self, other: Self) -> bool {
        self.found.is_none() && self.from <= other.from && self.end >= other.end
    }

    /// Whether it leaves open what lies between this commit and this log end. A commit below the
    /// beginning of the read is not asked about again: the read was begun above what had been
    /// found.
    pub(super) fn leaves_open(self, committed: Offset, end: Offset) -> bool {
        self.end < end || self.found.is_some_and(|found| committed > found)
    }
}

/// A sum over partitions, honest about its parts: stale parts count with their last values and
/// make it stale; unknown ones make it a lower bound; bounds add up.
#[derive(Debug)]
pub(super) struct Sum {
    value: i64,
    low: i64,
    high: Option<i64>,
    exact: bool,
    known: u32,
    stale: Option<(crate::model::Timestamp, Why)>,
    unknown: u32,
    parts: u32,
    first_why: Option<Why>,
    /// Some part is no more than an upper bound.
    compacted: bool,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            value: 0,
            low: 0,
            high: Some(0),
            exact: true,
            known: 0,
            stale: None,
            unknown: 0,
            parts: 0,
            first_why: None,
            compacted: false,
        }
    }
}

impl Sum {
    /// Adds a part.
    pub(super) fn add(&mut self, part: &Reading<i64>) {
        self.parts += 1;
        let (low, high) = (part.low(), part.high());
        if part.is_unknown() && low.is_some() && low == high {
            // No value of its own, but only one that it can have: an empty partition never
            // committed on.
            self.known += 1;
            self.value += low.unwrap_or_default();
            self.low += low.unwrap_or_default();
            self.high = self.high.zip(high).map(|(a, b)| a.saturating_add(b));
            return;
        }
        self.low = self.low.saturating_add(low.unwrap_or(0));
        if let Some(value) = part.value() {
            self.value = self.value.saturating_add(value);
        } else {
            self.unknown += 1;
            self.value = self.value.saturating_add(low.unwrap_or(0));
            self.first_why = self.first_why.take().or_else(|| part.why().cloned());
        }
        if part.is_known() {
            self.known += 1;
            self.compacted |= part.why() == Some(&Why::COMPACTED);
        }
        self.exact &= part.bounds().is_none() && !part.is_unknown();
        self.high = self.high.zip(high).map(|(a, b)| a.saturating_add(b));
        if let (true, Some(since)) = (part.is_stale(), part.stale_since()) {
            let why = part.why().cloned().unwrap_or(Why::NO_ANSWER);
            self.stale = Some(match self.stale.take() {
                Some((s, w)) if s <= since => (s, w),
                _ => (since, why),
            });
        }
    }

    /// How many parts are unknown.
    pub(super) fn unknown(&self) -> u32 {
        self.unknown
    }

    /// The sum.
    pub(super) fn reading(self) -> Reading<i64> {
        if self.parts == 0 {
            return Reading::unknown(Why::text("no partitions"));
        }
        if self.unknown == self.parts {
            let why = self.first_why.unwrap_or(Why::NOT_READ_YET);
            let unknown = Reading::unknown(why);
            return match self.high {
                Some(high) => unknown.with_bounds(Some(self.low), Some(high)),
                None => unknown,
            };
        }
        let mut sum = if self.unknown > 0 {
            let why = Why::text(format!(
                "{} of {} partitions unknown",
                self.unknown, self.parts
            ));
            let bounded = Reading::at_least(self.value, why);
            bounded.with_bounds(Some(self.low), self.high)
        } else if self.exact && self.compacted && self.stale.is_none() {
            Reading::because(self.value, Why::COMPACTED)
        } else if self.exact {
            Reading::Known(self.value)
        } else {
            Reading::bounded(self.value, Some(self.low), self.high)
        };
        if let Some((since, why)) = self.stale {
            if self.unknown == 0 {
                sum = sum.with_bounds(Some(self.low), None);
            }
            sum = sum.into_stale(since, why);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn sum(parts: &[Reading<i64>]) -> Reading<i64> {
        let mut sum = Sum::default();
        for part in parts {
            sum.add(part);
        }
        sum.reading()
    }

    #[test]
    fn exact_parts_make_an_exact_sum() {
        assert_eq!(
            sum(&[Reading::Known(3), Reading::Known(4)]),
            Reading::Known(7)
        );
    }

    #[test]
    fn an_unknown_part_makes_a_lower_bound_and_never_a_zero() {
        let s = sum(&[Reading::Known(3), Reading::unknown(Why::NO_ANSWER)]);
        assert_eq!((s.value(), s.low(), s.high()), (Some(3), Some(3), None));
        assert_eq!(s.why().unwrap().as_str(), "1 of 2 partitions unknown");
        assert!(sum(&[Reading::unknown(Why::NO_ANSWER)]).is_unknown());
        assert!(sum(&[]).is_unknown());
    }

    #[test]
    fn a_never_committed_part_is_bounded_and_an_empty_one_is_nothing() {
        let never = |high| Reading::unknown(Why::NEVER_COMMITTED).with_bounds(Some(0), Some(high));
        let s = sum(&[Reading::Known(3), never(10)]);
        assert_eq!((s.value(), s.low(), s.high()), (Some(3), Some(3), Some(13)));
        assert_eq!(sum(&[Reading::Known(3), never(0)]), Reading::Known(3));
    }

    #[test]
    fn a_stale_part_makes_the_sum_stale_with_a_low_from_the_known_parts() {
        let since = Timestamp::from_millis(5);
        let s = sum(&[
            Reading::Known(3),
            Reading::stale(4, since, Why::text("broker 2 is down")),
        ]);
        assert_eq!((s.value(), s.low(), s.high()), (Some(7), Some(3), None));
        assert_eq!(s.stale_since(), Some(since));
        assert_eq!(s.why().unwrap().as_str(), "broker 2 is down");
    }
}
