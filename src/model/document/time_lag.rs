//! A time lag as written: its age as of the snapshot's instant for people and scripts, and the
//! instants, from which alone it is read back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{Bounds, Method, Reading, Span, TimeLag, Timestamp, Why};

/// How far behind in time, in seconds: the age of the oldest unread record.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TimeLag")]
pub(super) struct TimeLagDocument {
    /// The age as of the snapshot's instant, or as of `stale_since`; null when it is unknown.
    value: Option<Span>,
    /// It is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none", skip_deserializing)]
    low: Option<Option<Span>>,
    /// It is at most this; null when that side is open.
    #[serde(default, skip_serializing_if = "Option::is_none", skip_deserializing)]
    high: Option<Option<Span>>,
    /// How it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<Method>,
    /// The best guess of when the oldest unread record was appended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oldest_unread: Option<Timestamp>,
    /// The instants between which it was appended; null: before all that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oldest_unread_between: Option<(Option<Timestamp>, Timestamp)>,
    /// What an aggregate with unknown parts is bounded by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bounds: Option<Bounds<Instants>>,
    /// When it was last read: it is stale, or unknown after having been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stale_since: Option<Timestamp>,
    /// What it was before it became unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Instants>,
    /// Why it is stale, unknown or only a bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<Why>,
}

/// A time lag as instants alone; none of them: nothing is unread.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TimeLagInstants")]
struct Instants {
    /// How it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<Method>,
    /// The best guess of when the oldest unread record was appended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oldest_unread: Option<Timestamp>,
    /// The instants between which it was appended; null: before all that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oldest_unread_between: Option<(Option<Timestamp>, Timestamp)>,
}

impl From<TimeLag> for Instants {
    fn from(lag: TimeLag) -> Self {
        match lag {
            TimeLag::CaughtUp => Self {
                method: None,
                oldest_unread: None,
                oldest_unread_between: None,
            },
            TimeLag::Behind {
                oldest_unread,
                after,
                until,
                method,
            } => Self {
                method: Some(method),
                oldest_unread: Some(oldest_unread),
                oldest_unread_between: Some((after, until)),
            },
        }
    }
}

impl From<Instants> for TimeLag {
    fn from(i: Instants) -> Self {
        match (i.oldest_unread, i.oldest_unread_between, i.method) {
            (Some(oldest_unread), Some((after, until)), Some(method)) => Self::Behind {
                oldest_unread,
                after,
                until,
                method,
            },
            _ => Self::CaughtUp,
        }
    }
}

impl TimeLagDocument {
    /// `reading` with its ages as of `at`.
    pub(super) fn of(reading: &Reading<TimeLag>, at: Timestamp) -> Self {
        let age = reading.age(at);
        let instants = reading.value().map(Instants::from);
        let last = reading.last().filter(|_| reading.is_unknown());
        Self {
            value: age.value(),
            low: age.bounds().map(|b| b.low),
            high: age.bounds().map(|b| b.high),
            method: instants.and_then(|i| i.method),
            oldest_unread: instants.and_then(|i| i.oldest_unread),
            oldest_unread_between: instants.and_then(|i| i.oldest_unread_between),
            bounds: reading.bounds().map(|b| Bounds {
                low: b.low.map(Instants::from),
                high: b.high.map(Instants::from),
            }),
            stale_since: reading.stale_since(),
            last: last.map(Instants::from),
            why: reading.why().or(age.why()).cloned(),
        }
    }

    /// The reading that was written.
    pub(super) fn restore(self) -> Reading<TimeLag> {
        let instants = Instants {
            method: self.method,
            oldest_unread: self.oldest_unread,
            oldest_unread_between: self.oldest_unread_between,
        };
        // An age that is open above is written as unknown; its instants say what it was made of.
        let open = self.value.is_none() && self.oldest_unread.is_some();
        let plain = open && self.stale_since.is_none();
        Reading::from_parts(
            (open || self.value.is_some()).then(|| instants.into()),
            self.bounds.map(|b| Bounds {
                low: b.low.map(TimeLag::from),
                high: b.high.map(TimeLag::from),
            }),
            self.stale_since,
            self.last.map(TimeLag::from),
            self.why.filter(|why| !plain || *why != Why::BEFORE_HISTORY),
        )
    }
}
