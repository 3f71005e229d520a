//! The time of a cut, which remembers what waits for a later one.
//!
//! A rule that depends on the time asks [`Now::reached`]; if the instant is still to come, it is
//! noted, and the group is rebuilt when it comes. So a verdict can change with no new fact, and a
//! group that nothing can change costs nothing.

use crate::model::{Span, Timestamp};

/// The instant of a cut.
#[derive(Debug)]
pub(super) struct Now {
    /// The instant.
    pub(super) at: Timestamp,
    /// The poll interval in force: the p of the formulas.
    pub(super) interval: Span,
    /// How long a stale reading keeps its value.
    pub(super) stale_for: Span,
    wake: Option<Timestamp>,
}

impl Now {
    pub(super) fn new(at: Timestamp, interval: Span, stale_for: Span) -> Self {
        Self {
            at,
            interval,
            stale_for,
            wake: None,
        }
    }

    /// Whether `instant` has come; if not, the thing being built is built again when it does.
    pub(super) fn reached(&mut self, instant: Timestamp) -> bool {
        if self.at >= instant {
            return true;
        }
        self.wake = Some(self.wake.map_or(instant, |w| w.min(instant)));
        false
    }

    /// Whether an answer this old is too old: two intervals. No wake is noted: answers come each
    /// cycle, and the cut looks for overdue ones itself.
    pub(super) fn overdue(&self, answered: Timestamp) -> bool {
        self.at > self.overdue_at(answered)
    }

    /// The instant after which an answer given at `answered` is overdue.
    pub(super) fn overdue_at(&self, answered: Timestamp) -> Timestamp {
        answered + self.interval.times(2)
    }

    /// The earliest instant that was asked for and not reached; forgets it.
    pub(super) fn take_wake(&mut self) -> Option<Timestamp> {
        self.wake.take()
    }
}
