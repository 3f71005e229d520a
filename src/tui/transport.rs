//! What the screen may ask of a source that has a past: a recording that is played, a `serve` with
//! a flight recorder.
//!
//! The screen does not know which it is: it says what it would like, and what comes of it comes as
//! snapshots.

use std::fmt;
use std::sync::Arc;

use crate::model::{Snapshot, Span, Timestamp};

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
}

/// How a source does, in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doing {
    /// The words.
    pub text: String,
    /// Whether they are bad news.
    pub bad: bool,
}

/// A source with a past.
pub trait Transport: Send + Sync {
    /// Whether it is played: then pause, seek and speed are its own.
    fn is_played(&self) -> bool;

    /// What stands in the place of `LIVE`, at this time; `None`: nothing to say.
    fn doing(&self, now: Timestamp) -> Option<Doing>;

    /// Takes a wish, and never waits.
    fn travel(&self, wish: Travel);

    /// A snapshot of the past that was wished for and has come; each is given once.
    fn arrived(&self) -> Option<Result<Arc<Snapshot>, String>>;
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
            })
        }

        fn travel(&self, _wish: Travel) {}

        fn arrived(&self) -> Option<Result<Arc<Snapshot>, String>> {
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
        state.on(
            Event::Past(Err("there is no flight recorder".to_owned())),
            NOW,
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
