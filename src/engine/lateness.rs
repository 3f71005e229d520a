//! How late a group usually gets before it has caught up again.
//!
//! A batch that comes each hour makes its reader late for minutes, each hour, and nothing is wrong.
//! In: how old the group's oldest unread record is, from time to time. Out: the age up to which
//! growing older is usual. As with silence, one that stands alone was an incident. Only what grew
//! while it was watched counts: a new group that reads from the start, or one whose offsets were set
//! back, is late by other means.

use serde::{Deserialize, Serialize};

use crate::model::{Span, Timestamp};

use super::spells::Spells;

/// So long it is remembered how late it got.
const REMEMBERED: Span = Span::from_secs(7 * 24 * 3600);
/// Later than this is never usual.
const MOST: Span = Span::from_secs(3600);

/// What has been learned of how late a group gets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Lateness {
    first_seen: Option<Timestamp>,
    caught_up_at: Option<Timestamp>,
    peak: Span,
    spells: Spells,
}

impl Lateness {
    /// At `at` its oldest unread record was `age` old; up to `fine` it counts as caught up.
    pub(super) fn note(&mut self, at: Timestamp, age: Span, fine: Span) {
        let first = *self.first_seen.get_or_insert(at);
        if age > fine {
            if let Some(since) = self.caught_up_at {
                self.peak = self.peak.max(age.min(at - since + fine));
            }
            return;
        }
        let began = self.caught_up_at.replace(at);
        let peak = std::mem::take(&mut self.peak);
        if peak > Span::ZERO {
            let from = at - REMEMBERED;
            self.spells.keep_longest(began.unwrap_or(at), peak, from);
        }
        self.first_seen = Some(first.max(at - REMEMBERED));
    }

    /// What it is now is due to other things than what comes in and is read.
    pub(super) fn interrupt(&mut self) {
        (self.caught_up_at, self.peak) = (None, Span::ZERO);
    }

    /// The same by a clock that was set back.
    pub(super) fn set_back(self, by: Span) -> Self {
        Self {
            first_seen: self.first_seen.map(|t| t - by),
            spells: self.spells.set_back(by),
            ..Self::default()
        }
    }

    /// When it was last seen to have caught up.
    pub(super) fn caught_up_at(&self) -> Option<Timestamp> {
        self.caught_up_at
    }

    /// The age up to which growing older is usual: a quarter more than was seen, an hour at the most.
    pub(super) fn usual(&self) -> Span {
        let longest = self.spells.longest(self.first_seen);
        Span::from_millis(longest.as_millis() / 4 * 5).min(MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: Span = Span::from_secs(20);

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    /// Caught up since `from`, then late by as many seconds as have passed for `minutes`, then caught up.
    fn spell(lateness: &mut Lateness, from: i64, minutes: i64) {
        for t in (0..=minutes * 60).step_by(30) {
            lateness.note(at(from + t), Span::from_secs(t), FINE);
        }
        lateness.note(at(from + minutes * 60 + 30), Span::ZERO, FINE);
    }

    #[test]
    fn what_comes_each_hour_is_usual_and_what_came_once_is_not() {
        let mut hourly = Lateness::default();
        for hour in 0..5 {
            spell(&mut hourly, hour * 3600, 8);
        }
        assert_eq!(hourly.usual(), Span::from_secs(600));
        let mut once = Lateness::default();
        for minute in 0..600 {
            once.note(at(minute * 60), Span::ZERO, FINE);
        }
        spell(&mut once, 36_000, 30);
        assert_eq!(once.usual(), Span::ZERO);
        spell(&mut once, 50_000, 30);
        assert_eq!(once.usual(), Span::from_secs(2250));
        for minute in 0..8 * 24 * 60 {
            once.note(at(60_000 + minute * 60), Span::ZERO, FINE);
        }
        spell(&mut once, 60_000 + 8 * 86_400, 1);
        assert_eq!(once.usual(), Span::ZERO, "a week ago is long ago");
    }

    #[test]
    fn more_than_an_hour_is_never_usual_and_a_replay_teaches_nothing() {
        let mut lateness = Lateness::default();
        for day in 0..4 {
            spell(&mut lateness, day * 86_400, 300);
        }
        assert_eq!(lateness.usual(), MOST);
        let mut replay = Lateness::default();
        for minute in 0..100 {
            let age = Span::from_secs((100 - minute) * 6000);
            replay.note(at(minute * 60), age, FINE);
        }
        replay.note(at(6000), Span::ZERO, FINE);
        assert_eq!(replay.usual(), Span::ZERO);
    }

    #[test]
    fn many_small_ones_do_not_push_out_the_great() {
        let mut lateness = Lateness::default();
        spell(&mut lateness, 0, 10);
        spell(&mut lateness, 3600, 10);
        for minute in 0..200 {
            spell(&mut lateness, 8000 + minute * 120, 1);
        }
        assert_eq!(lateness.usual(), Span::from_secs(750));
    }
}
