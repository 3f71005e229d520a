//! What the screen may ask of a source that has a past: a recording that is played, a `serve` with
//! a flight recorder.
//!
//! The screen does not know which it is: it says what it would like, and what comes of it comes as
//! snapshots.

use std::fmt;
use std::sync::Arc;

use super::order::Order;
use crate::model::{ClusterName, GroupId, Snapshot, Span, Timestamp};

/// A wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Travel {
    /// Play, or stand still.
    Toggle,
    /// On by so much, or back.
    Skip(Span),
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
    /// To this time.
    To(Timestamp),
    /// Nothing of the past is wanted any more.
    Now,
}

/// How a source does, in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doing {
    /// The words.
    pub text: String,
    /// Whether they are bad news.
    pub bad: bool,
    /// At length, where there is more to say.
    pub why: Option<Arc<str>>,
}

/// Why a snapshot of the past does not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// For people.
    pub why: String,
    /// It is being asked for again.
    pub again: bool,
}

/// A group over a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The group's cluster.
    pub cluster: ClusterName,
    /// The group.
    pub group: GroupId,
    /// From when.
    pub from: Timestamp,
    /// To when.
    pub to: Timestamp,
}

/// How a group went, for charts, as its source kept it.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Which one, from when to when.
    pub of: Stretch,
    /// Oldest first.
    pub points: Vec<CoursePoint>,
}

/// A group at an instant; what was not known, or not read anew, is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoursePoint {
    /// The instant.
    pub at: Timestamp,
    /// What could be read and was not, in records.
    pub lag: Option<i64>,
    /// Records a second that came in.
    pub arrivals: Option<f64>,
    /// Records a second that were read.
    pub reads: Option<f64>,
}

/// A source with a past.
pub trait Transport: Send + Sync {
    /// Whether it is played: then pause, seek and speed are its own.
    fn is_played(&self) -> bool;

    /// What stands in the place of `LIVE`, at this time; `None`: nothing to say.
    fn doing(&self, now: Timestamp) -> Option<Doing>;

    /// What it shows itself, if that is not what it is called: an embedded cluster, a recording.
    fn shows(&self) -> Option<Arc<str>> {
        None
    }

    /// Takes a wish, and never waits.
    fn travel(&self, wish: Travel);

    /// A snapshot of the past that was wished for and has come; each is given once.
    fn arrived(&self) -> Option<Result<Arc<Snapshot>, Missed>>;

    /// Whether it can say how a group went before this screen was opened.
    fn remembers(&self) -> bool {
        false
    }

    /// Takes the wish to know that, and never waits; a newer one takes its place.
    fn recall(&self, stretch: Stretch) {
        drop(stretch);
    }

    /// What came of it; each is given once.
    fn recalled(&self) -> Option<Course> {
        None
    }

    /// Why nothing can be ordered of it; `None`: it takes orders.
    fn refuses(&self) -> Option<Arc<str>> {
        Some("a recording takes no silences and marks; a serve does (--attach)".into())
    }

    /// Takes an order, and never waits.
    fn order(&self, order: Order) {
        drop(order);
    }

    /// What came of an order, carried out or not; each answer is given once.
    fn answered(&self) -> Option<Result<String, String>> {
        None
    }
}

/// One of these, shared.
#[derive(Clone)]
pub struct Deck(pub Arc<dyn Transport>);

impl fmt::Debug for Deck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deck")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Effect, Event, Key, Options, picture, samples, screens};
    use super::*;
    use crate::model::testing::NOW;

    struct Fake {
        played: bool,
    }

    impl Transport for Fake {
        fn is_played(&self) -> bool {
            self.played
        }

        fn doing(&self, _now: Timestamp) -> Option<Doing> {
            let text = if self.played {
                "REPLAY 4x"
            } else {
                "NO CONTACT 12s"
            };
            Some(Doing {
                text: text.to_owned(),
                bad: !self.played,
                why: (!self.played).then(|| "connection refused".into()),
            })
        }

        fn travel(&self, _wish: Travel) {}

        fn arrived(&self) -> Option<Result<Arc<Snapshot>, Missed>> {
            None
        }
    }

    fn state(played: bool, at: Option<Timestamp>) -> super::super::State {
        let options = Options {
            deck: Some(Deck(Arc::new(Fake { played }))),
            at,
            ..Options::default()
        };
        screens::state(samples::telling(), (100, 24), &[], options)
    }

    fn wish(state: &mut super::super::State, key: Key) -> Option<Travel> {
        match state.on(Event::Key(key), NOW).as_slice() {
            [Effect::Travel(wish)] => Some(*wish),
            _ => None,
        }
    }

    fn top_line(state: &super::super::State) -> String {
        let buffer = picture(state);
        (0..100)
            .map(|x| buffer[(x, 0)].symbol().to_owned())
            .collect()
    }

    #[test]
    fn a_recording_is_played_by_the_keys_of_time() {
        let mut state = state(true, None);
        let minute = Span::from_secs(60);
        for (key, expected) in [
            (Key::Char(' '), Travel::Toggle),
            (Key::Char('.'), Travel::Faster),
            (Key::Char(','), Travel::Slower),
            (Key::Left, Travel::Skip(Span::from_secs(-60))),
            (Key::Right, Travel::Skip(minute)),
        ] {
            assert_eq!(wish(&mut state, key), Some(expected), "{key:?}");
        }
        assert!(
            top_line(&state).contains("REPLAY 4x"),
            "{}",
            top_line(&state)
        );
        for c in ":at 2026-11-20T17:30:00Z".chars() {
            state.on(Event::Key(Key::Char(c)), NOW);
        }
        let sought = "2026-11-20T17:30:00Z".parse().unwrap();
        assert_eq!(wish(&mut state, Key::Enter), Some(Travel::To(sought)));
        // A time of day is the nearest one: it may come later in the recording, or lie behind midnight.
        for (typed, sought) in [
            (":at 18:15", "2026-11-20T18:15:00Z"),
            (":at 17:30", "2026-11-20T17:30:00Z"),
            (":at 00:10", "2026-11-21T00:10:00Z"),
        ] {
            for c in typed.chars() {
                state.on(Event::Key(Key::Char(c)), NOW);
            }
            let sought = sought.parse().unwrap();
            assert_eq!(
                wish(&mut state, Key::Enter),
                Some(Travel::To(sought)),
                "{typed}"
            );
        }
    }

    #[test]
    fn what_is_further_back_than_is_kept_is_asked_of_the_source() {
        let mut state = state(false, None);
        assert_eq!(wish(&mut state, Key::Char('.')), None);
        assert!(
            top_line(&state).contains("NO CONTACT 12s"),
            "{}",
            top_line(&state)
        );
        assert_eq!(wish(&mut state, Key::Char(' ')), None);
        let shown = state.shown.at;
        let earlier = shown - Span::from_secs(60);
        assert_eq!(wish(&mut state, Key::Left), Some(Travel::To(earlier)));
        let mut past = (*state.shown).clone();
        past.at = earlier;
        state.on(Event::Past(Ok(Arc::new(past.clone()))), NOW);
        assert_eq!(state.shown.at, earlier);
        // Live again: what comes late is not shown any more.
        state.on(Event::Key(Key::Char(' ')), NOW);
        past.at = earlier - Span::from_secs(60);
        state.on(Event::Past(Ok(Arc::new(past))), NOW);
        assert_eq!(state.shown.at, shown);
        let missed = Missed {
            why: "there is no flight recorder".to_owned(),
            again: false,
        };
        state.on(Event::Past(Err(missed)), NOW);
        assert_eq!(state.shown.at, shown);
    }

    #[test]
    fn presses_that_come_faster_than_answers_add_up() {
        let mut state = state(false, None);
        wish(&mut state, Key::Char(' '));
        let back = |minutes: i64| Some(Travel::To(NOW - Span::from_secs(60 * minutes)));
        let first = NOW - state.shown.at;
        assert_eq!(first, Span::ZERO);
        for minutes in 1..4_i64 {
            assert_eq!(wish(&mut state, Key::Left), back(minutes));
        }
        assert_eq!(wish(&mut state, Key::Right), back(2));
        assert!(
            top_line(&state).contains("FETCHING 17:58:00"),
            "{}",
            top_line(&state)
        );
        // Live again, nothing is wanted any more.
        assert_eq!(wish(&mut state, Key::Char(' ')), Some(Travel::Now));
        assert!(
            !top_line(&state).contains("FETCHING"),
            "{}",
            top_line(&state)
        );
    }

    #[test]
    fn why_there_is_nothing_to_show_stays_on_the_screen() {
        let options = Options {
            deck: Some(Deck(Arc::new(Fake { played: false }))),
            at: Some(NOW - Span::from_secs(3600)),
            ..Options::default()
        };
        let mut state = screens::state(samples::loading(), (100, 12), &[], options);
        let missed = |again| Missed {
            why: "503 busy".to_owned(),
            again,
        };
        state.on(Event::Past(Err(missed(true))), NOW);
        let shown = screens::text(&picture(&state));
        for part in [
            "cannot show 2026-11-20T17:00:00",
            "503 busy",
            "FETCHING",
            "connection refused",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        state.on(Event::Past(Err(missed(false))), NOW);
        state.on(Event::Tick, NOW + Span::from_secs(60));
        let shown = screens::text(&picture(&state));
        assert!(
            shown.contains("503 busy") && !shown.contains("FETCHING"),
            "{shown}"
        );
    }

    #[test]
    fn one_that_is_opened_at_a_time_waits_for_it() {
        let at = NOW - Span::from_secs(3600);
        let mut state = state(false, Some(at));
        let mut past = samples::telling();
        past.at = at;
        state.on(Event::Past(Ok(Arc::new(past))), NOW);
        assert_eq!(state.shown.at, at);
    }
}
