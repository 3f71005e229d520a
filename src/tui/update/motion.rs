//! Moving: through lists, through the order of lists, through time.

use std::sync::Arc;

use super::super::action::Place;
use super::super::areas;
use super::super::columns::{self, GroupColumn};
use super::super::heat::HeatMap;
use super::super::rows::groups::{partition_key, partition_order};
use super::super::rows::topics::TOPIC_SORTS;
use super::super::state::{Screen, State};
use super::super::transport::Travel;
use super::Effect;
use crate::model::{Snapshot, Span, Timestamp};

/// How far a key goes in a recording, or in what a `serve` keeps.
const STEP: Span = Span::from_secs(60);

impl State {
    /// Moves in the lists that may be long.
    pub(super) fn step_long(&mut self, by: isize) {
        match self.place() {
            Place::Groups => {
                let (list, shown) = (&self.lists.groups, &self.shown);
                self.ui
                    .groups
                    .step(by, list.rows.len(), |i| list.key(shown, list.rows[i]));
            }
            Place::Topics => {
                let (rows, shown) = (&self.lists.topics.rows, &self.shown);
                self.ui.topics.step(by, rows.len(), |i| rows[i].key(shown));
            }
            Place::Logs => {
                let rows = &self.lists.logs.rows;
                self.ui.logs.step(by, rows.len(), |i| rows[i].key.clone());
            }
            Place::Group => {
                if let Some(group) = self.open_group().map(|(_, g)| Arc::clone(g)) {
                    let order = partition_order(&group);
                    self.ui
                        .partitions
                        .step(by, order.len(), |i| partition_key(&group, order[i]));
                }
            }
            Place::Topic => {
                let key = self.ui.open_topic.clone();
                let readers = key.map(|k| self.readers(&k)).unwrap_or_default();
                self.ui
                    .readers
                    .step(by, readers.len(), |i| readers[i].clone());
            }
            Place::Heat => {
                let rows = self.open_group().map_or(0, |(_, g)| HeatMap::rows(g));
                let row = self.ui.cell.0.saturating_add_signed(by);
                self.ui.cell.0 = row.min(rows.saturating_sub(1));
            }
            _ => {}
        }
    }

    pub(super) fn page(&mut self, by: isize) {
        let rows = match self.place() {
            Place::Group | Place::Heat => areas::partition_height(self),
            Place::Topic => areas::reader_height(self),
            _ => areas::list_height(self),
        };
        self.step(by * (rows.max(2) as isize - 1));
    }

    /// The first row; the selection follows the top again.
    pub(super) fn follow_top(&mut self) {
        match self.place() {
            Place::Groups => self.ui.groups.unpin(),
            Place::Group => self.ui.partitions.unpin(),
            Place::Topics => self.ui.topics.unpin(),
            Place::Topic => self.ui.readers.unpin(),
            Place::Alerts => self.ui.alerts.unpin(),
            Place::Advice => self.ui.advice.unpin(),
            Place::Logs => self.ui.logs.unpin(),
            Place::Heat => self.ui.cell = (0, 0),
            Place::Prompt | Place::Help => {}
        }
    }

    pub(super) fn cell_right(&mut self) {
        let columns = self.open_group().map_or(0, |(_, g)| g.rows.len());
        self.ui.cell.1 = (self.ui.cell.1 + 1).min(columns.saturating_sub(1));
    }

    /// Sorts by the next or the last of the columns that are shown, trouble among them.
    pub(super) fn sort_by(&mut self, by: isize) {
        if self.ui.screen == Screen::Topics {
            let n = TOPIC_SORTS.len() as isize;
            self.ui.topic_sort = (self.ui.topic_sort as isize + by).rem_euclid(n) as usize;
            return;
        }
        let sorts = self.sorts();
        let at = sorts.iter().position(|s| *s == self.ui.sort).unwrap_or(0) as isize;
        self.ui.sort = sorts[(at + by).rem_euclid(sorts.len() as isize) as usize];
    }

    fn sorts(&self) -> Vec<Option<GroupColumn>> {
        let several = self.several_clusters();
        let shown = columns::shown(self.ui.size.0, several, &self.ui.columns);
        let columns = shown
            .into_iter()
            .filter(|c| c.sorts() && *c != GroupColumn::Status)
            .map(Some);
        std::iter::once(None).chain(columns).collect()
    }

    /// Whether rows of more than one cluster stand side by side.
    pub(in crate::tui) fn several_clusters(&self) -> bool {
        self.ui.scope.is_none() && self.shown.clusters.len() > 1
    }

    pub(super) fn invert(&mut self) {
        if self.ui.screen == Screen::Topics {
            self.ui.topic_invert = !self.ui.topic_invert;
        } else {
            self.ui.invert = !self.ui.invert;
        }
    }

    /// Whether a recording is played: time is then its own.
    fn is_played(&self) -> bool {
        self.options.deck.as_ref().is_some_and(|d| d.0.is_played())
    }

    /// Pauses at what is shown, or goes live; a recording stands still, or goes on.
    pub(super) fn pause(&mut self) -> Vec<Effect> {
        if self.is_played() {
            return vec![Effect::Travel(Travel::Toggle)];
        }
        if self.ui.paused.is_some() {
            self.live();
        } else {
            self.ui.paused = Some(self.shown.at);
        }
        Vec::new()
    }

    pub(super) fn live(&mut self) {
        self.ui.paused = None;
        self.shown = Arc::clone(&self.latest);
    }

    pub(super) fn change_speed(&mut self, wish: Travel) -> Vec<Effect> {
        if self.is_played() {
            return vec![Effect::Travel(wish)];
        }
        self.say("only a recording has a speed", false);
        Vec::new()
    }

    /// To a time: in a recording, or at a source that keeps its past.
    pub(super) fn travel_to(&mut self, at: Timestamp) -> Option<Vec<Effect>> {
        let older = self.history.span().is_none_or(|(first, _)| at < first);
        let asks = self.options.deck.is_some() && (self.is_played() || older);
        if asks && !self.is_played() {
            self.ui.paused = Some(self.shown.at);
        }
        asks.then(|| vec![Effect::Travel(Travel::To(at))])
    }

    /// A snapshot of the past that was asked for: shown, unless the screen went live meanwhile.
    pub(super) fn arrive(&mut self, past: Result<Arc<Snapshot>, String>) {
        match past {
            Ok(snapshot) if self.ui.paused.is_some() => {
                self.ui.paused = Some(snapshot.at);
                self.shown = snapshot;
                self.open_at_start();
            }
            Ok(_) => {}
            Err(why) => self.say(why, true),
        }
    }

    /// To the snapshot before or after the one shown.
    pub(super) fn travel(&mut self, later: bool) -> Vec<Effect> {
        if self.is_played() {
            let by = if later {
                STEP
            } else {
                Span::from_millis(-STEP.as_millis())
            };
            return vec![Effect::Travel(Travel::Skip(by))];
        }
        if self.ui.paused.is_none() {
            self.say("space pauses; then left and right go through time", false);
            return Vec::new();
        }
        let at = self.shown.at;
        let next = if later {
            self.history.after(at)
        } else {
            self.history.before(at)
        };
        let kept = self.history.span().map(|(first, _)| first);
        match next.cloned() {
            // Of what was fetched from further back, the way forward leads through the past, too.
            Some(_) if later && kept.is_some_and(|k| at + STEP < k) => {
                return vec![Effect::Travel(Travel::To(at + STEP))];
            }
            Some(next) => {
                self.ui.paused = Some(next.at);
                self.shown = next;
            }
            None if later => self.say("nothing later yet; space goes live", false),
            None if self.options.deck.is_some() => {
                return vec![Effect::Travel(Travel::To(at - STEP))];
            }
            None => self.say("nothing earlier is kept", false),
        }
        Vec::new()
    }
}
