//! A number that says how sure it is.
//!
//! Known, stale (since when, why) or unknown (why), with bounds where it is bounded. The usual
//! case, a known number, takes no more room than the number and a tag: two million of them are
//! kept. There is no way to get a 0 out of an unknown one.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::time::Timestamp;

/// Why a reading is not simply known: a code such as `never_committed`, or an error's text.
#[derive(Clone)]
pub enum Why {
    /// One of the codes below.
    Code(&'static str),
    /// A text made at run time.
    Text(Arc<str>),
}

impl Why {
    /// The group has never committed an offset for this partition.
    pub const NEVER_COMMITTED: Self = Self::Code("never_committed");
    /// There was a commit; Kafka has since deleted it.
    pub const COMMIT_EXPIRED: Self = Self::Code("commit_expired");
    /// The committed offset lies beyond the log end.
    pub const COMMIT_BEYOND_END: Self = Self::Code("commit_beyond_end");
    /// Stale for longer than `stale_for`.
    pub const STALE_FOR_EXCEEDED: Self = Self::Code("stale_for exceeded");
    /// Not asked yet, or not answered yet, since the start.
    pub const NOT_READ_YET: Self = Self::Code("not_read_yet");
    /// After a start or a gap: the evidence window is not full yet.
    pub const WARMING: Self = Self::Code("warming");
    /// What is usual for this group is not known yet.
    pub const LEARNING: Self = Self::Code("learning");
    /// No answer for more than two intervals.
    pub const NO_ANSWER: Self = Self::Code("no_answer");
    /// Offsets of this kind of group cannot be read over the protocol in use.
    pub const PROTOCOL: Self = Self::Code("protocol");
    /// Too few points in the window.
    pub const TOO_FEW_POINTS: Self = Self::Code("too_few_points");
    /// Kafka hides what one may not see; nothing was seen.
    pub const NOT_VISIBLE: Self = Self::Code("not_visible");
    /// The topic is compacted: there may be fewer records than offsets.
    pub const COMPACTED: Self = Self::Code("compacted");
    /// History does not reach back to the record.
    pub const BEFORE_HISTORY: Self = Self::Code("before_history");

    /// A reason made at run time.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// What it means, for people: a code in words, a text as it is.
    pub fn in_words(&self) -> &str {
        match self.as_str() {
            "never_committed" => "nothing was ever committed",
            "commit_expired" => "Kafka has deleted the commit",
            "commit_beyond_end" => "the commit lay beyond the log end; the next read tells why",
            "stale_for exceeded" => "it was last read too long ago",
            "not_read_yet" => "it has not been read yet",
            "warming" => {
                "Laggard was started or could not look a moment ago, and gathers its evidence anew"
            }
            "learning" => {
                "how long this group usually pauses is still being learned, from its first pause or \
                 two hours of watching"
            }
            "no_answer" => "the last reads had no answer",
            "protocol" => "Kafka tells no offsets of this kind of group",
            "too_few_points" => "it was read too few times so far",
            "not_visible" => "Kafka shows nothing of it: it may be hidden from this user",
            "compacted" => {
                "at the most: the topic is compacted, so there may be fewer records than offsets"
            }
            "before_history" => "it is older than what Laggard has seen",
            text => text,
        }
    }

    /// The code or text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Code(code) => code,
            Self::Text(text) => text,
        }
    }
}

impl PartialEq for Why {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Why {}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Why {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer).map(|text| Self::text(text.as_ref()))
    }
}

/// What a value is known to lie between; `None` on a side that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bounds<T> {
    /// At least this.
    pub low: Option<T>,
    /// At most this.
    pub high: Option<T>,
}

/// A value with its honesty.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading<T> {
    /// Known, exact.
    Known(T),
    /// Bounded, stale or unknown.
    Other(Box<Detail<T>>),
}

/// Everything that a reading may carry beside a plain value.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail<T> {
    value: Option<T>,
    bounds: Option<Bounds<T>>,
    stale_since: Option<Timestamp>,
    last: Option<T>,
    why: Option<Why>,
}

/// The three states of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingState {
    /// Its own read succeeded lately. It may still be a bound.
    Known,
    /// It has a value, but no fresh one.
    Stale,
    /// It has no value.
    Unknown,
}

impl<T> Detail<T> {
    const EMPTY: Self = Self {
        value: None,
        bounds: None,
        stale_since: None,
        last: None,
        why: None,
    };
}

impl<T: Copy> Reading<T> {
    /// Known within bounds.
    pub fn bounded(value: T, low: Option<T>, high: Option<T>) -> Self {
        Self::other(Detail {
            value: Some(value),
            bounds: Some(Bounds { low, high }),
            ..Detail::EMPTY
        })
    }

    /// Known, with something to be said of it.
    pub fn because(value: T, why: Why) -> Self {
        Self::other(Detail {
            value: Some(value),
            why: Some(why),
            ..Detail::EMPTY
        })
    }

    /// At least `value`; nothing is known about the rest.
    pub fn at_least(value: T, why: Why) -> Self {
        Self::other(Detail {
            value: Some(value),
            bounds: Some(Bounds {
                low: Some(value),
                high: None,
            }),
            why: Some(why),
            ..Detail::EMPTY
        })
    }

    /// The last value, read until `since` and not after.
    pub fn stale(value: T, since: Timestamp, why: Why) -> Self {
        Self::other(Detail {
            value: Some(value),
            stale_since: Some(since),
            why: Some(why),
            ..Detail::EMPTY
        })
    }

    /// No value.
    pub fn unknown(why: Why) -> Self {
        Self::other(Detail {
            why: Some(why),
            ..Detail::EMPTY
        })
    }

    /// No value, but what was read last, for screens that show it beside the unknown.
    pub fn unknown_since(last: T, since: Timestamp, why: Why) -> Self {
        Self::other(Detail {
            stale_since: Some(since),
            last: Some(last),
            why: Some(why),
            ..Detail::EMPTY
        })
    }

    /// The same reading with other bounds.
    pub fn with_bounds(self, low: Option<T>, high: Option<T>) -> Self {
        let mut detail = self.into_detail();
        detail.bounds = Some(Bounds { low, high });
        Self::other(detail)
    }

    /// The same reading, stale since `since`. A reading with no value stays unknown; one stale
    /// already keeps the older instant.
    pub fn into_stale(self, since: Timestamp, why: Why) -> Self {
        let mut detail = self.into_detail();
        if detail.value.is_none() {
            return Self::other(detail);
        }
        detail.stale_since = Some(detail.stale_since.map_or(since, |s| s.min(since)));
        detail.why.get_or_insert(why);
        Self::other(detail)
    }

    /// A reading from all that a written one may carry.
    pub(super) fn from_parts(
        value: Option<T>,
        bounds: Option<Bounds<T>>,
        stale_since: Option<Timestamp>,
        last: Option<T>,
        why: Option<Why>,
    ) -> Self {
        match (value, &bounds, stale_since, last, &why) {
            (Some(value), None, None, None, None) => Self::Known(value),
            _ => Self::other(Detail {
                value,
                bounds,
                stale_since,
                last,
                why,
            }),
        }
    }

    fn into_detail(self) -> Detail<T> {
        match self {
            Self::Known(value) => Detail {
                value: Some(value),
                ..Detail::EMPTY
            },
            Self::Other(detail) => *detail,
        }
    }

    fn other(detail: Detail<T>) -> Self {
        Self::Other(Box::new(detail))
    }

    /// Known, stale or unknown.
    pub fn state(&self) -> ReadingState {
        match self {
            Self::Other(d) if d.value.is_none() => ReadingState::Unknown,
            Self::Other(d) if d.stale_since.is_some() => ReadingState::Stale,
            Self::Known(_) | Self::Other(_) => ReadingState::Known,
        }
    }

    /// Whether its own read succeeded lately.
    pub fn is_known(&self) -> bool {
        self.state() == ReadingState::Known
    }

    /// Whether it has a value, but no fresh one.
    pub fn is_stale(&self) -> bool {
        self.state() == ReadingState::Stale
    }

    /// Whether it has no value.
    pub fn is_unknown(&self) -> bool {
        self.state() == ReadingState::Unknown
    }

    /// The value, known or stale.
    pub fn value(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Other(d) => d.value,
        }
    }

    /// The value if it is known, not a stale one.
    pub fn known(&self) -> Option<T> {
        self.value().filter(|_| self.is_known())
    }

    /// The value, or the last one before it became unknown: for screens only.
    pub fn last(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Other(d) => d.value.or(d.last),
        }
    }

    /// What is certain from below: the bound, else a known exact value.
    pub fn low(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Other(d) => d.bounds.map_or_else(|| self.known(), |b| b.low),
        }
    }

    /// What is certain from above: the bound, else a known exact value.
    pub fn high(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Other(d) => d.bounds.map_or_else(|| self.known(), |b| b.high),
        }
    }

    /// The bounds as given, if any were.
    pub fn bounds(&self) -> Option<Bounds<T>> {
        match self {
            Self::Known(_) => None,
            Self::Other(d) => d.bounds,
        }
    }

    /// When it was last read, if it is stale (or unknown after having been read).
    pub fn stale_since(&self) -> Option<Timestamp> {
        match self {
            Self::Known(_) => None,
            Self::Other(d) => d.stale_since,
        }
    }

    /// Why it is stale, unknown or only a bound.
    pub fn why(&self) -> Option<&Why> {
        match self {
            Self::Known(_) => None,
            Self::Other(d) => d.why.as_ref(),
        }
    }

    /// The same honesty round another value.
    pub fn map<U: Copy>(&self, f: impl Fn(T) -> U) -> Reading<U> {
        match self {
            Self::Known(value) => Reading::Known(f(*value)),
            Self::Other(d) => Reading::other(Detail {
                value: d.value.map(&f),
                bounds: d.bounds.map(|b| Bounds {
                    low: b.low.map(&f),
                    high: b.high.map(&f),
                }),
                stale_since: d.stale_since,
                last: d.last.map(&f),
                why: d.why.clone(),
            }),
        }
    }
}

/// The written form: `value` always stands (null when unknown); the rest only where it says something.
#[derive(Serialize, Deserialize)]
struct Written<T> {
    /// The value; null when it is unknown.
    value: Option<T>,
    /// It is at least this; null when that side is open. Stands only where the value is bounded.
    #[serde(
        default = "absent",
        skip_serializing_if = "Option::is_none",
        with = "open_side"
    )]
    low: Option<Option<T>>,
    /// It is at most this; null when that side is open. Stands only where the value is bounded.
    #[serde(
        default = "absent",
        skip_serializing_if = "Option::is_none",
        with = "open_side"
    )]
    high: Option<Option<T>>,
    /// When it was last read: it is stale, or unknown after having been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stale_since: Option<Timestamp>,
    /// What it was before it became unknown.
    #[serde(default = "absent_value", skip_serializing_if = "Option::is_none")]
    last: Option<T>,
    /// Why it is stale, unknown or only a bound: a code or a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<Why>,
}

fn absent<T>() -> Option<Option<T>> {
    None
}

fn absent_value<T>() -> Option<T> {
    None
}

/// A bound that stands but is open is `null`; one that does not stand is left out.
mod open_side {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde's `with` fixes the signature")]
    pub(super) fn serialize<T: Serialize, S: Serializer>(
        side: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        side.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

impl<T: Serialize + Copy> Serialize for Reading<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let detail = self.clone().into_detail();
        Written {
            value: detail.value,
            low: detail.bounds.map(|b| b.low),
            high: detail.bounds.map(|b| b.high),
            stale_since: detail.stale_since,
            last: detail.last,
            why: detail.why,
        }
        .serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de> + Copy> Deserialize<'de> for Reading<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::<T>::deserialize(deserializer)?;
        let bounds = match (written.low, written.high) {
            (None, None) => None,
            (low, high) => Some(Bounds {
                low: low.flatten(),
                high: high.flatten(),
            }),
        };
        Ok(Self::from_parts(
            written.value,
            bounds,
            written.stale_since,
            written.last,
            written.why,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_known_offset_takes_two_words() {
        assert_eq!(size_of::<Reading<i64>>(), 16);
    }

    #[test]
    fn readings_survive_json() {
        for (reading, json) in [
            (Reading::Known(12_i64), r#"{"value":12}"#),
            (
                Reading::bounded(12, Some(10), Some(15)),
                r#"{"value":12,"low":10,"high":15}"#,
            ),
            (
                Reading::at_least(12, Why::text("2 of 20 partitions unknown")),
                r#"{"value":12,"low":12,"high":null,"why":"2 of 20 partitions unknown"}"#,
            ),
            (
                Reading::stale(12, at(0), Why::NO_ANSWER),
                r#"{"value":12,"stale_since":"1970-01-01T00:00:00.000Z","why":"no_answer"}"#,
            ),
            (
                Reading::unknown(Why::NEVER_COMMITTED),
                r#"{"value":null,"why":"never_committed"}"#,
            ),
            (
                Reading::unknown(Why::NEVER_COMMITTED).with_bounds(Some(0), Some(7)),
                r#"{"value":null,"low":0,"high":7,"why":"never_committed"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&reading).unwrap(), json);
            assert_eq!(serde_json::from_str::<Reading<i64>>(json).unwrap(), reading);
        }
    }

    #[test]
    fn a_stale_value_is_no_bound_but_its_own_bounds_stay() {
        let stale = Reading::stale(12_i64, at(5), Why::NO_ANSWER);
        assert_eq!((stale.low(), stale.high()), (None, None));
        let bounded = Reading::bounded(12, Some(10), None).into_stale(at(5), Why::NO_ANSWER);
        assert_eq!(
            (bounded.low(), bounded.state()),
            (Some(10), ReadingState::Stale)
        );
        assert_eq!(
            bounded.into_stale(at(9), Why::WARMING).stale_since(),
            Some(at(5))
        );
    }

    #[test]
    fn unknown_never_becomes_a_value() {
        let unknown = Reading::<i64>::unknown(Why::NEVER_COMMITTED);
        assert_eq!(unknown.value(), None);
        assert!(
            unknown
                .clone()
                .into_stale(at(1), Why::NO_ANSWER)
                .is_unknown()
        );
        assert!(unknown.map(|v| v + 1).is_unknown());
    }
}
