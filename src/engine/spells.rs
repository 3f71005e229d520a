//! How long something usually lasts: the longest of its spells that may come again.
//!
//! In: spells as they end. Out: the longest that is usual. Of so few the p99 is the longest; one that
//! stands alone in a history that would have shown it again was an incident, and teaches nothing
//! until it comes again.

use serde::{Deserialize, Serialize};

use crate::model::{Span, Timestamp};

/// Spells that are remembered.
const REMEMBERED: usize = 16;
/// History after which something that never happened is taken not to.
pub(super) const ENOUGH_HISTORY: Span = Span::from_secs(2 * 3600);

/// When each began, and how long it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Spells(Vec<(Timestamp, Span)>);

impl Spells {
    /// One has ended: the newest are remembered.
    pub(super) fn push(&mut self, began: Timestamp, length: Span) {
        if self.0.len() == REMEMBERED {
            self.0.remove(0);
        }
        self.0.push((began, length));
    }

    /// One has ended: of those that began after `from` the longest are remembered.
    pub(super) fn keep_longest(&mut self, began: Timestamp, length: Span, from: Timestamp) {
        self.0.push((began, length));
        self.0.retain(|(began, _)| *began >= from);
        if self.0.len() > REMEMBERED {
            let shortest = (0..self.0.len()).min_by_key(|i| self.0[*i].1);
            shortest.map(|i| self.0.remove(i));
        }
    }

    /// The middle one of at least two; zero of fewer.
    pub(super) fn middle(&self) -> Span {
        let mut lengths: Vec<_> = self.0.iter().map(|(_, length)| *length).collect();
        lengths.sort_unstable();
        match lengths.len() {
            0 | 1 => Span::ZERO,
            n => lengths[n / 2],
        }
    }

    /// Whether there was none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The longest that is usual, in a history that began at `first_seen`.
    pub(super) fn longest(&self, first_seen: Option<Timestamp>) -> Span {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by_key(|(_, length)| *length);
        let Some((began, longest)) = sorted.pop() else {
            return Span::ZERO;
        };
        let second = sorted.pop().map_or(Span::ZERO, |(_, length)| length);
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
