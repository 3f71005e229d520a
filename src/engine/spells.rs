//! How long something usually lasts: the longest of its spells that may come again.
//!
//! In: spells as they end. Out: the longest that is usual. Of so few the p99 is the longest; one that
//! stands alone in a history that would have shown it again was an incident, and teaches nothing
//! until it comes again. One that was told of as trouble teaches nothing at all, unless another one
//! like it came by a timetable: what runs each hour, each night or each week.

use serde::{Deserialize, Serialize};

use crate::model::{Span, Timestamp};

/// Spells that are remembered.
const REMEMBERED: usize = 16;
/// History after which something that never happened is taken not to.
pub(super) const ENOUGH_HISTORY: Span = Span::from_secs(2 * 3600);

/// A day, and a week.
const DAY: f64 = 86_400.0;
const WEEK: f64 = 7.0 * DAY;
/// What runs by a timetable runs so many times a day …
const A_DAY: [u32; 8] = [1, 2, 3, 4, 6, 8, 12, 24];
/// … but for this share of the time between, and for a few minutes.
const PUNCTUAL: f64 = 0.02;
const MINUTES: f64 = 180.0;

/// When each began, how long it was, and whether it was told of as trouble.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Spells(Vec<Spell>);

type Spell = (Timestamp, Span, bool);

/// Whether what lasted so long came twice, alike and by a timetable.
fn is_by_timetable(one: &Spell, other: &Spell) -> bool {
    let (a, b) = (one.1.as_secs_f64(), other.1.as_secs_f64());
    let apart = (one.0 - other.0).as_secs_f64().abs();
    let punctual = |each: f64| (apart - each).abs() <= MINUTES.max(PUNCTUAL * each);
    let alike = a.min(b) >= 0.75 * a.max(b);
    alike && (punctual(WEEK) || A_DAY.iter().any(|n| punctual(DAY / f64::from(*n))))
}

impl Spells {
    /// One has ended: the newest are remembered.
    pub(super) fn push(&mut self, began: Timestamp, length: Span, trouble: bool) {
        if self.0.len() == REMEMBERED {
            self.0.remove(0);
        }
        self.0.push((began, length, trouble));
    }

    /// One has ended: of those that began after `from` the longest are remembered.
    pub(super) fn keep_longest(&mut self, began: Timestamp, length: Span, from: Timestamp) {
        self.0.push((began, length, false));
        self.0.retain(|(began, ..)| *began >= from);
        if self.0.len() > REMEMBERED {
            let shortest = (0..self.0.len()).min_by_key(|i| self.0[*i].1);
            shortest.map(|i| self.0.remove(i));
        }
    }

    /// The middle one of at least two; zero of fewer.
    pub(super) fn middle(&self) -> Span {
        let mut lengths: Vec<_> = self.0.iter().map(|(_, length, _)| *length).collect();
        lengths.sort_unstable();
        match lengths.len() {
            0 | 1 => Span::ZERO,
            n => lengths[n / 2],
        }
    }

    /// The same by a clock that was set back.
    pub(super) fn set_back(mut self, by: Span) -> Self {
        self.0.iter_mut().for_each(|spell| spell.0 = spell.0 - by);
        self
    }

    /// Whether there was none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn teaches(&self, spell: &Spell) -> bool {
        !spell.2 || self.0.iter().any(|other| is_by_timetable(spell, other))
    }

    /// The longest that is usual, in a history that began at `first_seen`.
    pub(super) fn longest(&self, first_seen: Option<Timestamp>) -> Span {
        let mut sorted: Vec<Spell> = self.0.iter().filter(|s| self.teaches(s)).copied().collect();
        sorted.sort_unstable_by_key(|(_, length, _)| *length);
        let Some((began, longest, _)) = sorted.pop() else {
            return Span::ZERO;
        };
        let second = sorted.pop().map_or(Span::ZERO, |(_, length, _)| length);
        let before = first_seen.map_or(Span::ZERO, |first| began - first);
        let alone = second.times(2) < longest;
        let would_have_shown = before >= ENOUGH_HISTORY.max(longest.times(4));
        if alone && would_have_shown {
            second
        } else {
            longest
        }
    }
}
