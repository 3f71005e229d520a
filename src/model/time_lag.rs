//! How far behind in time: the age of the oldest unread record, kept as the instants between
//! which that record was appended (ages are derived when asked for).
//!
//! Source: T = now − timestamp(first record at or after the committed offset) while something is
//! unread, else 0.

use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::time::{Span, Timestamp};

/// How an instant was found.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Two reads of the log end with the committed offset between them: a provable bound.
    Bracket,
    /// Bisection with ListOffsets by timestamp: only as true as the records' timestamps.
    TimestampSearch,
    /// The record at the committed offset was read.
    Record,
}

/// When the oldest unread record was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum TimeLag {
    /// Nothing is unread.
    CaughtUp,
    /// Something is.
    Behind {
        /// The best single guess, inside the bounds.
        oldest_unread: Timestamp,
        /// Appended after this; `None`: older than all that is known ("older than X").
        after: Option<Timestamp>,
        /// Appended at this instant at the latest.
        until: Timestamp,
        /// How it was found.
        method: Method,
    },
}

impl TimeLag {
    /// Best guess of the age at `now`.
    pub fn age(self, now: Timestamp) -> Span {
        match self {
            Self::CaughtUp => Span::ZERO,
            Self::Behind { oldest_unread, .. } => oldest_unread.age_at(now),
        }
    }

    /// The age is at least this at `now`.
    pub fn low(self, now: Timestamp) -> Span {
        match self {
            Self::CaughtUp => Span::ZERO,
            Self::Behind { until, .. } => until.age_at(now),
        }
    }

    /// The age is at most this at `now`; `None` where it is open.
    pub fn high(self, now: Timestamp) -> Option<Span> {
        match self {
            Self::CaughtUp => Some(Span::ZERO),
            Self::Behind { after, .. } => after.map(|t| t.age_at(now)),
        }
    }

    /// How it was found; `None` when nothing is unread.
    pub fn method(self) -> Option<Method> {
        match self {
            Self::CaughtUp => None,
            Self::Behind { method, .. } => Some(method),
        }
    }
}

impl Reading<TimeLag> {
    /// The age in seconds with its bounds: a known one's at `now`, a stale one's frozen at
    /// `stale_since`. The one place where an age is made.
    pub fn age(&self, now: Timestamp) -> Reading<Span> {
        let at = self.stale_since().map_or(now, |since| since.min(now));
        let aged = self.map(|t| t.age(at));
        match self.value() {
            Some(t @ TimeLag::Behind { .. }) => {
                // An aggregate with unknown parts is open above whatever its own bracket says.
                let open = self.bounds().is_some_and(|b| b.high.is_none());
                aged.with_bounds(Some(t.low(at)), if open { None } else { t.high(at) })
            }
            _ => aged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Why;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn ages_grow_with_the_asked_time_and_freeze_when_stale() {
        let lag = TimeLag::Behind {
            oldest_unread: at(5_000),
            after: Some(at(4_000)),
            until: at(6_000),
            method: Method::Bracket,
        };
        let known = Reading::Known(lag).age(at(10_000));
        assert_eq!(known.value(), Some(Span::from_millis(5_000)));
        assert_eq!(known.low(), Some(Span::from_millis(4_000)));
        assert_eq!(known.high(), Some(Span::from_millis(6_000)));
        let stale = Reading::stale(lag, at(10_000), Why::NO_ANSWER);
        assert_eq!(
            stale.age(at(90_000)).value(),
            Some(Span::from_millis(5_000))
        );
    }
}
