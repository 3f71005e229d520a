//! Charts of the time before this screen was opened: asked of the source that keeps it.

use super::super::history::History;
use super::super::state::State;
use super::super::transport::{Course, Stretch};
use super::Effect;
use crate::model::{Span, Timestamp};

/// Kept snapshots further apart than this, and than an eighth of the window, leave a gap between them.
const GAP: Span = Span::from_secs(60);

impl State {
    /// From when on the kept snapshots tell, with no gap, how things went up to the instant shown.
    pub(in crate::tui) fn told_since(&self) -> Timestamp {
        told_since(&self.history, self.now(), self.ui.window)
    }

    /// What the charts of the open group lack and the source may know; asked once.
    pub(super) fn seek(&mut self) -> Option<Effect> {
        let deck = self.options.deck.as_ref()?;
        let (cluster, group) = self.ui.open_group.clone()?;
        if !deck.0.remembers() || self.is_reading() {
            return None;
        }
        let (now, window) = (self.now(), self.ui.window);
        let (from, to) = (now - window, self.told_since());
        // A little of the edge is not worth a question.
        let little = Span::from_millis(window.as_millis() / 8);
        let lacks = |s: &Stretch| s.from > from + little || s.to + little < to;
        let sought = self.sought.as_ref();
        let same = sought.filter(|s| s.cluster == cluster && s.group == group);
        if to - from <= little || same.is_some_and(|s| !lacks(s)) {
            return None;
        }
        // And some more, for whoever goes on into the past.
        let stretch = Stretch {
            from: from - little - little,
            to,
            cluster,
            group,
        };
        self.sought = Some(stretch.clone());
        Some(Effect::Recall(stretch))
    }

    /// What came of it.
    pub(super) fn recalled(&mut self, course: Course) {
        self.ui.courses += 1;
        self.course = Some(course);
    }
}

fn told_since(history: &History, now: Timestamp, window: Span) -> Timestamp {
    let far = Span::from_millis((window.as_millis() / 8).max(GAP.as_millis()));
    let mut since = now;
    for snapshot in history.iter().rev().filter(|s| s.at <= now) {
        if since - snapshot.at > far || snapshot.generation.n == 0 {
            break;
        }
        since = snapshot.at;
    }
    since
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::{
        CoursePoint, Deck, Doing, Event, Key, Missed, Options, Transport, Travel, picture, samples,
        screens,
    };
    use super::*;
    use crate::model::Snapshot;
    use crate::model::testing::NOW;

    struct Remembering;

    impl Transport for Remembering {
        fn is_played(&self) -> bool {
            false
        }

        fn doing(&self, _now: Timestamp) -> Option<Doing> {
            None
        }

        fn travel(&self, _wish: Travel) {}

        fn arrived(&self) -> Option<Result<Arc<Snapshot>, Missed>> {
            None
        }

        fn remembers(&self) -> bool {
            true
        }
    }

    fn press(state: &mut State, key: Key) -> Vec<Stretch> {
        let effects = state.on(Event::Key(key), NOW);
        let asked = effects.into_iter().filter_map(|e| match e {
            Effect::Recall(stretch) => Some(stretch),
            _ => None,
        });
        asked.collect()
    }

    /// How many columns of the chart on the right have a dot.
    fn dotted(state: &State) -> usize {
        let shown = screens::text(&picture(state));
        let lines = || {
            shown
                .lines()
                .skip_while(|l| !l.contains("in ━ out ╌"))
                .skip(1)
        };
        let chart: Vec<Vec<char>> = lines()
            .take_while(|l| !l.contains("now"))
            .map(|l| l.chars().collect())
            .collect();
        let dot = |c: &char| ('\u{2801}'..='\u{28ff}').contains(c);
        (60..120)
            .filter(|x| chart.iter().any(|l| l.get(*x).is_some_and(dot)))
            .count()
    }

    #[test]
    fn what_went_before_is_asked_for_once_and_drawn() {
        let options = Options {
            deck: Some(Deck(Arc::new(Remembering))),
            ..Options::default()
        };
        let mut state = screens::state(samples::telling(), (120, 40), &[], options);
        let asked = press(&mut state, Key::Enter);
        let [five] = asked.as_slice() else {
            panic!("{asked:?}");
        };
        assert_eq!(five.group.as_str(), "payments-settle");
        assert!(
            five.from <= NOW - Span::from_secs(300) && five.to == NOW,
            "{five:?}"
        );
        // Nothing new is lacking, whatever is pressed.
        assert_eq!(press(&mut state, Key::Down), []);
        assert_eq!(press(&mut state, Key::Char('h')), []);
        assert_eq!(press(&mut state, Key::Char('h')), []);
        let asked = press(&mut state, Key::Char('='));
        let [hour] = asked.as_slice() else {
            panic!("{asked:?}");
        };
        assert!(hour.from <= NOW - Span::from_secs(3600), "{hour:?}");
        assert!(dotted(&state) <= 2, "{}", dotted(&state));

        let point = |minutes: i64| CoursePoint {
            at: NOW - Span::from_secs(60 * minutes),
            lag: Some(1000),
            arrivals: Some(1240.0),
            // Half an hour ago it stopped.
            reads: Some(if minutes > 30 { 1240.0 } else { 0.0 }),
        };
        let of = hour.clone();
        let points = (1..60).rev().map(point).collect();
        let before = state.ui.clone();
        state.on(Event::Recalled(Course { of, points }), NOW);
        assert!(state.ui != before, "it is drawn");
        assert!(dotted(&state) > 50, "{}", screens::text(&picture(&state)));
        // Another group's course is not drawn as this one's.
        press(&mut state, Key::Esc);
        press(&mut state, Key::Down);
        let asked = press(&mut state, Key::Enter);
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(dotted(&state) <= 2, "{}", screens::text(&picture(&state)));
    }

    #[test]
    fn a_gap_in_what_is_kept_is_asked_about() {
        let mut history = History::default();
        let mut snapshot = samples::telling();
        for secs in [900, 890, 60, 50, 40] {
            snapshot.generation.n += 1;
            snapshot.at = NOW - Span::from_secs(secs);
            history.push(&Arc::new(snapshot.clone()));
        }
        let since = |window| told_since(&history, NOW, Span::from_secs(window));
        assert_eq!(since(300), NOW - Span::from_secs(60));
        // Of six hours, a gap of a quarter of one cannot be seen.
        assert_eq!(since(6 * 3600), NOW - Span::from_secs(900));
    }
}
