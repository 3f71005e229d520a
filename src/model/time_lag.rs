//! How far behind in time: the age of the oldest unread record, kept as the instants between
//! which that record was appended (ages are derived when asked for).
//!
//! Source: T = now − timestamp(first record at or after the committed offset) while something is
//! unread, else 0.

use serde::{Deserialize, Serialize};

use super::reading::{Reading, Why};
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
    /// `stale_since`. Where nothing tells after which instant the record was appended, it is unknown,
    /// with what is certain from below. The one place where an age is made.
    pub fn age(&self, now: Timestamp) -> Reading<Span> {
        let at = self.stale_since().map_or(now, |since| since.min(now));
        let aged = self.map(|t| t.age(at));
        match self.value() {
            // Older than all that is known: how much older nobody knows, and a first read's own
            // instant is no guess at it.
            Some(t @ TimeLag::Behind { after: None, .. }) if !self.is_stale() => {
                let low = t.low(at);
                let told = (low >= Span::from_secs(1)).then_some(low);
                Reading::unknown(Why::BEFORE_HISTORY).with_bounds(told, None)
            }
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

    #[test]
    fn an_age_that_is_open_above_is_unknown_and_at_least_what_is_certain() {
        let open = Reading::Known(TimeLag::Behind {
            oldest_unread: at(9_990),
            after: None,
            until: at(9_990),
            method: Method::Bracket,
        });
        let now = open.age(at(10_000));
        assert_eq!((now.value(), now.low(), now.high()), (None, None, None));
        let later = open.age(at(9_990) + Span::from_secs(90));
        assert_eq!(
            (later.value(), later.low()),
            (None, Some(Span::from_secs(90)))
        );
        assert_eq!(later.why(), Some(&Why::BEFORE_HISTORY));
    }

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
