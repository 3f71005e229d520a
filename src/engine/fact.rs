//! The last good answer to a read, and what has gone wrong since.

use serde::{Deserialize, Serialize};

use crate::model::{Offset, Reading, Timestamp, Why};

use super::now::Now;

/// An offset as last read, with the times of that read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct OffsetFact {
    /// The last good answer.
    pub(super) good: Option<Answer>,
    /// Why the newest attempt failed, if it did.
    pub(super) failed: Option<Box<Why>>,
}

/// A good answer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) offset: Offset,
    pub(super) asked: Timestamp,
    pub(super) answered: Timestamp,
}

impl OffsetFact {
    /// Takes in the result of a read. True when something other than the times changed. A late
    /// answer, asked before the one that is stored, changes nothing.
    pub(super) fn take(
        &mut self,
        read: &Result<Offset, Why>,
        asked: Timestamp,
        answered: Timestamp,
    ) -> bool {
        match read {
            Ok(offset) => {
                if self.good.is_some_and(|g| g.asked > asked) {
                    return false;
                }
                let changed =
                    self.failed.is_some() || self.good.is_none_or(|g| g.offset != *offset);
                self.good = Some(Answer {
                    offset: *offset,
                    asked,
                    answered,
                });
                self.failed = None;
                changed
            }
            Err(why) => {
                if self.good.is_some_and(|g| g.asked > asked) {
                    return false;
                }
                let changed = self.failed.as_deref() != Some(why);
                self.failed = Some(Box::new(why.clone()));
                changed
            }
        }
    }

    /// The offset, if there ever was one.
    pub(super) fn offset(&self) -> Option<Offset> {
        self.good.map(|g| g.offset)
    }

    /// How sure it is at `now`.
    pub(super) fn reading(&self, now: &mut Now) -> Reading<Offset> {
        let Some(good) = self.good else {
            let why = self.failed.as_deref().cloned();
            return Reading::unknown(why.unwrap_or(Why::NOT_READ_YET));
        };
        staleness(self.failed.as_deref(), good.answered, now)
            .map_or(Reading::Known(good.offset), |stale| {
                stale.reading(good.offset)
            })
    }
}

/// A value's state when its newest read failed or is overdue.
pub(super) struct Stale {
    since: Timestamp,
    why: Why,
    expired: bool,
}

impl Stale {
    /// A value in this state.
    pub(super) fn reading<T: Copy>(self, value: T) -> Reading<T> {
        if self.expired {
            Reading::unknown_since(value, self.since, Why::STALE_FOR_EXCEEDED)
        } else {
            Reading::stale(value, self.since, self.why)
        }
    }
}

/// Whether what was answered at `answered` is stale at `now`, the newest attempt having `failed`.
pub(super) fn staleness(failed: Option<&Why>, answered: Timestamp, now: &mut Now) -> Option<Stale> {
    let why = match failed {
        Some(why) => why.clone(),
        None if now.overdue(answered) => Why::NO_ANSWER,
        None => return None,
    };
    Some(Stale {
        since: answered,
        why,
        expired: now.reached(answered + now.stale_for),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ReadingState, Span};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn now(secs: i64) -> Now {
        Now::new(at(secs), Span::from_secs(10), Span::from_secs(900))
    }

    #[test]
    fn a_reading_ages_from_known_to_stale_to_unknown() {
        let mut fact = OffsetFact::default();
        assert!(fact.reading(&mut now(0)).is_unknown());
        fact.take(&Ok(7), at(0), at(1));
        assert_eq!(fact.reading(&mut now(21)), Reading::Known(7));
        let stale = fact.reading(&mut now(22));
        assert_eq!((stale.value(), stale.stale_since()), (Some(7), Some(at(1))));
        let gone = fact.reading(&mut now(901));
        assert_eq!(
            (gone.state(), gone.last()),
            (ReadingState::Unknown, Some(7))
        );
        assert_eq!(gone.why(), Some(&Why::STALE_FOR_EXCEEDED));
    }

    #[test]
    fn a_failed_read_is_stale_at_once_and_heals() {
        let mut fact = OffsetFact::default();
        fact.take(&Ok(7), at(0), at(1));
        assert!(fact.take(&Err(Why::text("broker 2 is down")), at(10), at(11)));
        let mut n = now(12);
        assert_eq!(
            fact.reading(&mut n).why(),
            Some(&Why::text("broker 2 is down"))
        );
        assert_eq!(n.take_wake(), Some(at(901)));
        assert!(fact.take(&Ok(7), at(20), at(21)));
        assert_eq!(fact.reading(&mut now(22)), Reading::Known(7));
    }

    #[test]
    fn a_late_answer_does_not_undo_a_newer_one() {
        let mut fact = OffsetFact::default();
        fact.take(&Ok(9), at(10), at(11));
        assert!(!fact.take(&Ok(7), at(0), at(15)));
        assert_eq!(fact.offset(), Some(9));
    }
}
