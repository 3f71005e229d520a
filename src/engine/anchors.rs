//! Where the records of a time begin in a partition, as ListOffsets by timestamp has told, and what
//! records were met where: anchors beside the observed log ends.
//!
//! In: answers to `OffsetForTime` and `RecordAt`. Out: between which timestamps a record lies. Only as
//! true as the records' timestamps (a producer's clock, with CreateTime; the broker's, with
//! LogAppendTime), so never a provable bound: observed log ends stand above it, and where the two
//! differ by more than a clock may, `clock_skew` is said and the anchors are left alone.

use serde::{Deserialize, Serialize};

use crate::model::{Offset, Span, Timestamp};

use super::history::{Bracket, Edge};

/// Anchors that are kept of a partition.
const KEPT: usize = 16;
/// Beyond the poll interval, timestamps may differ by this from what was observed.
const TOLERANCE: Span = Span::from_secs(60);
/// Having met a skewed clock, nothing is asked of it for this long.
const DISTRUST: Span = Span::from_secs(3600);

/// All records below `offset` have timestamps before `before`; the one at `offset` has `at`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Anchor {
    offset: Offset,
    /// `None`: a record was met, and with producers' clocks it says nothing of those below.
    before: Option<Timestamp>,
    /// `None`: there was no such record yet.
    at: Option<Timestamp>,
    /// It was read, and not only told of.
    #[serde(default)]
    read: bool,
}

/// The anchors of a partition, in the order in which they were told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Anchors {
    told: Vec<Anchor>,
    /// By how much timestamps were seen to differ, and when.
    skew: Option<(Span, Timestamp)>,
    /// When a timestamp was last seen to agree.
    agreed_at: Option<Timestamp>,
    /// Asks that are under way, and since when.
    under_way: (u8, Option<Timestamp>),
}

impl Anchors {
    /// Takes in an answer. `proved`: the bracket of the record found, from observed log ends.
    pub(super) fn take(
        &mut self,
        time: Timestamp,
        found: Option<(Offset, Timestamp)>,
        end: Offset,
        proved: Option<Bracket>,
        (asked, interval): (Timestamp, Span),
    ) {
        self.under_way.0 = self.under_way.0.saturating_sub(1);
        if let (Some((_, at)), Some(proved)) = (found, proved) {
            self.compare(at, proved, asked, interval);
        }
        self.keep(Anchor {
            offset: found.map_or(end, |(offset, _)| offset),
            before: Some(time),
            at: found.map(|(_, at)| at),
            read: false,
        });
    }

    /// Takes in a record that was read. `by_broker`: timestamps are those of the broker's clock
    /// (LogAppendTime), and never fall from record to record. `proved`: its bracket.
    pub(super) fn take_record(
        &mut self,
        (offset, at): (Offset, Timestamp),
        by_broker: bool,
        proved: Option<Bracket>,
        (asked, interval): (Timestamp, Span),
    ) {
        if let Some(proved) = proved {
            self.compare(at, proved, asked, interval);
        }
        self.keep(Anchor {
            offset,
            before: by_broker.then(|| at + Span::from_millis(1)),
            at: Some(at),
            read: true,
        });
    }

    fn keep(&mut self, anchor: Anchor) {
        if self.skew.is_some() {
            return;
        }
        if let Some(known) = self.told.iter_mut().find(|a| a.offset == anchor.offset) {
            // All below it are before both.
            known.before = match (known.before, anchor.before) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            known.at = known.at.or(anchor.at);
            known.read |= anchor.read;
            return;
        }
        if self.told.len() == KEPT {
            self.told.remove(0);
        }
        self.told.push(anchor);
    }

    /// Whether the record at `offset` was read.
    pub(super) fn was_read(&self, offset: Offset) -> bool {
        self.told.iter().any(|a| a.read && a.offset == offset)
    }

    /// Holds a record's timestamp against when it must have been appended.
    fn compare(&mut self, at: Timestamp, proved: Bracket, asked: Timestamp, interval: Span) {
        let tolerance = interval + TOLERANCE;
        let early = proved
            .after
            .map_or(Span::ZERO, |after| after.when - at)
            .max(Span::ZERO);
        let late = (at - proved.until.when).max(Span::ZERO);
        let off = early.max(late);
        if off > tolerance {
            self.skew = Some((off, asked));
            self.told.clear();
        } else if proved
            .after
            .is_some_and(|a| proved.until.when - a.when <= tolerance)
        {
            // Narrow enough to have shown a skew.
            self.skew = None;
            self.agreed_at = Some(asked);
        }
    }

    /// By how much the records' timestamps differ from what was observed, if by too much.
    pub(super) fn clock_skew(&self) -> Option<(Span, Timestamp)> {
        self.skew
    }

    /// The nearest anchors at or below `offset` and above it.
    pub(super) fn round(&self, offset: Offset) -> (Option<Edge>, Option<Edge>) {
        let (mut lower, mut upper) = (None::<Edge>, None::<Edge>);
        for anchor in &self.told {
            if anchor.offset > offset {
                if let Some(before) = anchor.before
                    && upper.is_none_or(|u| before < u.when)
                {
                    upper = Some(Edge {
                        when: before,
                        offset: anchor.offset,
                    });
                }
            } else if let Some(at) = anchor.at
                && lower.is_none_or(|l| at > l.when)
            {
                lower = Some(Edge {
                    when: at,
                    offset: anchor.offset,
                });
            }
        }
        (lower, upper)
    }

    /// Whether something may be asked at `now`: nothing is under way, no clock is distrusted.
    pub(super) fn may_ask(&self, now: Timestamp, patience: Span) -> bool {
        let waits =
            self.under_way.0 > 0 && self.under_way.1.is_some_and(|since| now < since + patience);
        let distrusted = self.skew.is_some_and(|(_, at)| now < at + DISTRUST);
        !waits && !distrusted
    }

    /// Whether a timestamp should be held against observed log ends before more is built on them.
    pub(super) fn unchecked(&self, now: Timestamp) -> bool {
        self.agreed_at.is_none_or(|at| now >= at + DISTRUST)
    }

    /// So many asks go out at `now`.
    pub(super) fn asked(&mut self, count: usize, now: Timestamp) {
        let count = u8::try_from(count).unwrap_or(u8::MAX);
        // Another group may have asked about the same partition at the same cut.
        let before = if self.under_way.1 == Some(now) {
            self.under_way.0
        } else {
            0
        };
        self.under_way = (before.saturating_add(count), Some(now));
    }

    /// Forgets everything: the log is another one now.
    pub(super) fn wipe(&mut self) {
        *self = Self::default();
    }
}
