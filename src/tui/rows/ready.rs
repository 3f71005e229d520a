//! A snapshot whose lists were made beside the drawing task: with ten thousand groups and alerts that
//! takes longer than a key press should wait.
//!
//! In: a snapshot, and what the screen shows of it. Out: lists that are as if the screen had made
//! them. It never draws and never waits.

use std::any::Any;
use std::sync::Arc;

use super::super::filter::Filter;
use super::super::history::own_rows;
use super::super::state::{Screen, State};
use super::{GroupRows, ShortLists, Stamp, TopicRows, Totals, groups, stamp, topics};
use crate::model::{ClusterName, Snapshot};

/// What the screen shows of whatever snapshot there is.
#[derive(Clone, Debug)]
pub struct Asked {
    scope: Option<ClusterName>,
    filters: [Filter; 5],
    groups: groups::Wanted,
    /// Only while topics are shown.
    topics: Option<topics::Wanted>,
    before: Stamp,
}

/// A snapshot with its lists.
#[derive(Clone, Debug)]
pub struct Ready {
    pub(in crate::tui) snapshot: Arc<Snapshot>,
    /// The rows that it does not share with another snapshot.
    own_rows: (Stamp, usize),
    totals: Totals,
    groups: GroupRows,
    short: ShortLists,
    topics: Option<TopicRows>,
}

impl Ready {
    /// How many rows it does not share with which snapshot.
    pub(in crate::tui) fn counted(&self) -> (&Snapshot, usize) {
        (&self.own_rows.0.0, self.own_rows.1)
    }
}

impl Asked {
    /// Makes the lists of a snapshot.
    pub fn of(self, snapshot: &Arc<Snapshot>) -> Ready {
        let scope = self.scope.as_ref();
        let mut ready = Ready {
            own_rows: (
                self.before.clone(),
                own_rows(Some(&self.before.0), snapshot),
            ),
            totals: Totals::default(),
            groups: GroupRows::default(),
            short: ShortLists::default(),
            topics: None,
            snapshot: Arc::clone(snapshot),
        };
        ready.totals.bring(snapshot, scope);
        ready.groups.bring(snapshot, self.groups);
        ready.short.bring(snapshot, scope, &self.filters);
        ready.topics = self.topics.map(|wanted| {
            let mut topics = TopicRows::default();
            topics.bring(snapshot, wanted);
            topics
        });
        ready
    }
}

impl State {
    /// What the lists of the next snapshot are to be made for.
    pub fn asked(&self) -> Asked {
        let ui = &self.ui;
        let topics = ui.screen == Screen::Topics;
        Asked {
            scope: ui.scope.clone(),
            filters: ui.filters.clone(),
            groups: groups::Wanted::of(ui),
            topics: topics.then(|| topics::Wanted::of(ui)),
            before: stamp(&self.latest),
        }
    }

    /// Takes lists over in the place of those that there are. Should something else be asked for by
    /// now, they are made anew by whoever brings the lists up to date.
    pub(in crate::tui) fn put_in(&mut self, ready: Ready) {
        let lists = &mut self.lists;
        let old = (
            std::mem::replace(&mut lists.totals, ready.totals),
            std::mem::replace(&mut lists.groups, ready.groups),
            std::mem::replace(&mut lists.short, ready.short),
            ready
                .topics
                .map(|t| std::mem::replace(&mut lists.topics, t)),
        );
        self.litter.push(Box::new(old));
    }

    /// What is not needed any more, to be dropped where nobody waits: a snapshot of ten thousand
    /// groups takes its time.
    pub fn litter(&mut self) -> Vec<Litter> {
        std::mem::take(&mut self.litter)
    }
}

/// Something to be dropped.
pub type Litter = Box<dyn Any + Send>;

#[cfg(test)]
mod tests {
    use super::super::super::update::Event;
    use super::super::super::{Key, Options, picture, samples, screens};
    use super::*;
    use crate::model::Span;
    use crate::model::testing::NOW;

    fn next() -> Arc<Snapshot> {
        let mut next = samples::many(700);
        next.alerts = samples::telling().alerts;
        next.generation.n += 1;
        next.at = NOW + Span::from_secs(1);
        Arc::new(next)
    }

    #[test]
    fn made_beside_the_screen_they_are_as_made_by_it_and_are_not_made_again() {
        for keys in ["", "2", "3", "/00\n", "sI", "2/a\n"] {
            let typed: Vec<_> = keys
                .chars()
                .map(|c| if c == '\n' { Key::Enter } else { Key::Char(c) })
                .collect();
            let make = || screens::state(samples::many(500), (120, 40), &typed, Options::default());
            let (mut one, mut other) = (make(), make());
            let next = next();
            one.on(Event::Snapshot(Arc::clone(&next)), next.at);
            let ready = other.asked().of(&next);
            let made = (ready.groups.rows.as_ptr(), ready.short.alert_keys.as_ptr());
            other.on(Event::Ready(Box::new(ready)), next.at);
            assert_eq!(picture(&one), picture(&other), "{keys}");
            let lists = &other.lists;
            let shown = (lists.groups.rows.as_ptr(), lists.short.alert_keys.as_ptr());
            assert_eq!(made, shown, "{keys}");
            assert_eq!(one.history.rows(), other.history.rows(), "{keys}");
            assert!(!other.litter().is_empty(), "{keys}");
        }
    }

    #[test]
    fn what_was_asked_for_meanwhile_is_what_is_shown() {
        let mut state = screens::state(samples::many(500), (80, 24), &[], Options::default());
        let ready = state.asked().of(&next());
        for c in "/0001".chars() {
            state.on(Event::Key(Key::Char(c)), NOW);
        }
        state.on(Event::Ready(Box::new(ready)), NOW);
        assert_eq!(state.lists.groups.rows.len(), 1);
        // Paused, the screen keeps its own.
        state.on(Event::Key(Key::Esc), NOW);
        state.on(Event::Key(Key::Char(' ')), NOW);
        let (before, rows) = (Arc::clone(&state.shown), state.lists.groups.rows.len());
        let mut later = (*next()).clone();
        later.generation.n += 1;
        let ready = state.asked().of(&Arc::new(later));
        state.on(Event::Ready(Box::new(ready)), NOW);
        assert!(Arc::ptr_eq(&state.shown, &before));
        assert_eq!(state.lists.groups.rows.len(), rows);
    }
}
