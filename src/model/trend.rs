//! How far behind a group was over the last minutes: points, packed, for there are many.

use serde::{Deserialize, Serialize};

use super::time::{Span, Timestamp};

/// Stands for what is not known, so that a point stays three words long.
const NONE: i64 = i64::MIN;

/// A point of a trend. It holds until the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(from = "Written", into = "Written")]
pub struct TrendPoint {
    /// When.
    pub at: Timestamp,
    lag: i64,
    oldest: i64,
}

/// The point as documents have it.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "TrendPoint")]
struct Written {
    /// When.
    at: Timestamp,
    /// Effective lag in records; none is a gap.
    effective_lag: Option<i64>,
    /// When the oldest unread record was appended, by the best guess; none where that is not known
    /// and where nothing is unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oldest_unread: Option<Timestamp>,
}

impl TrendPoint {
    /// A point: effective lag in records, and the instant of the oldest unread record.
    pub fn new(
        at: Timestamp,
        effective_lag: Option<i64>,
        oldest_unread: Option<Timestamp>,
    ) -> Self {
        Self {
            at,
            lag: effective_lag.unwrap_or(NONE),
            oldest: oldest_unread.map_or(NONE, Timestamp::as_millis),
        }
    }

    /// Effective lag in records; `None` is a gap.
    pub fn effective_lag(self) -> Option<i64> {
        (self.lag != NONE).then_some(self.lag)
    }

    /// When the oldest unread record was appended, by the best guess; `None` where that is not known
    /// and where nothing is unread.
    pub fn oldest_unread(self) -> Option<Timestamp> {
        (self.oldest != NONE).then_some(Timestamp::from_millis(self.oldest))
    }

    /// The age of the oldest unread record at `now`, at which the point still holds; 0 when nothing
    /// was unread, `None` where it was not known.
    pub fn time_lag(self, now: Timestamp) -> Option<Span> {
        match self.oldest_unread() {
            Some(oldest) => Some(oldest.age_at(now)),
            None => (self.lag == 0).then_some(Span::ZERO),
        }
    }

    /// Whether another point says the same of another time.
    pub fn says_the_same(self, other: Self) -> bool {
        (self.lag, self.oldest) == (other.lag, other.oldest)
    }
}

impl From<Written> for TrendPoint {
    fn from(point: Written) -> Self {
        Self::new(point.at, point.effective_lag, point.oldest_unread)
    }
}

impl From<TrendPoint> for Written {
    fn from(point: TrendPoint) -> Self {
        Self {
            at: point.at,
            effective_lag: point.effective_lag(),
            oldest_unread: point.oldest_unread(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    #[test]
    fn a_point_is_small_and_never_takes_unknown_for_nothing() {
        assert_eq!(size_of::<TrendPoint>(), 24);
        let unknown = TrendPoint::new(at(10), None, None);
        assert_eq!(
            (unknown.effective_lag(), unknown.time_lag(at(60))),
            (None, None)
        );
        let behind = TrendPoint::new(at(10), Some(5), Some(at(4)));
        assert_eq!(behind.time_lag(at(60)), Some(Span::from_secs(56)));
        let nothing_unread = TrendPoint::new(at(10), Some(0), None);
        assert_eq!(nothing_unread.time_lag(at(60)), Some(Span::ZERO));
        let of_unknown_age = TrendPoint::new(at(10), Some(7), None);
        assert_eq!(of_unknown_age.time_lag(at(60)), None);
    }

    #[test]
    fn it_reads_what_it_writes_and_what_had_no_time() {
        for (lag, oldest) in [(None, None), (Some(0), None), (Some(3), Some(at(2)))] {
            let point = TrendPoint::new(at(9), lag, oldest);
            let text = serde_json::to_string(&point).unwrap();
            assert_eq!(serde_json::from_str::<TrendPoint>(&text).unwrap(), point);
        }
        let older = r#"{"at":"1970-01-01T00:00:09Z","effective_lag":4}"#;
        let point: TrendPoint = serde_json::from_str(older).unwrap();
        assert_eq!(point, TrendPoint::new(at(9), Some(4), None));
    }
}
