//! Moving: through lists, through the order of lists, through time.

use std::sync::Arc;

use super::super::action::Place;
use super::super::areas;
use super::super::columns::{self, GroupColumn};
use super::super::heat::HeatMap;
use super::super::rows::groups::{partition_key, partition_order};
use super::super::rows::topics::TOPIC_SORTS;
use super::super::state::{Screen, State};
use super::super::transport::{Missed, Travel};
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
            Place::WhatIf => {
                let last = self.tried_members().saturating_sub(1);
                if let Some(trial) = &mut self.ui.trial {
                    trial.top = trial.top.saturating_add_signed(by).min(last);
                }
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
        if self.place() == Place::Topic && self.page_partitions(by) {
            return;
        }
        let rows = match self.place() {
            Place::Group | Place::Heat => areas::partition_height(self),
            Place::Topic => areas::reader_height(self),
            _ => areas::list_height(self),
        };
        self.step(by * (rows.max(2) as isize - 1));
    }

    /// Goes on in the partitions of the open topic, unless all of them can be seen.
    fn page_partitions(&mut self, by: isize) -> bool {
        let height = areas::topic_height(self);
        let key = self.ui.open_topic.as_ref();
        let all = key
            .and_then(|k| self.topic(k))
            .map(|(_, t)| t.partitions.len());
        let most = all.unwrap_or(0).saturating_sub(height);
        let page = height.max(2) as isize - 1;
        self.ui.topic_top = self.ui.topic_top.saturating_add_signed(by * page).min(most);
        most > 0
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
            Place::WhatIf => {
                if let Some(trial) = &mut self.ui.trial {
                    trial.top = 0;
                }
            }
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
    pub(super) fn is_played(&self) -> bool {
        self.options.deck.as_ref().is_some_and(|d| d.0.is_played())
    }

    /// Pauses at what is shown, or goes live; a recording stands still, or goes on.
    pub(super) fn pause(&mut self) -> Vec<Effect> {
        if self.is_played() {
            return vec![Effect::Travel(Travel::Toggle)];
        }
        if self.ui.paused.is_some() {
            return self.live();
        }
        if self.is_reading() {
            // Stood still at, nothing would come after it, and nobody would see why.
            self.say("nothing was read yet that could stand still", false);
            return Vec::new();
        }
        self.ui.paused = Some(self.shown.at);
        Vec::new()
    }

    pub(super) fn live(&mut self) -> Vec<Effect> {
        (self.ui.paused, self.ui.missed) = (None, None);
        self.shown = Arc::clone(&self.latest);
        self.unwish()
    }

    /// Asks the source for what it showed at a time.
    fn wish(&mut self, at: Timestamp) -> Vec<Effect> {
        self.ui.wished = Some(at);
        vec![Effect::Travel(Travel::To(at))]
    }

    /// What was asked of the source's past is not wanted any more.
    fn unwish(&mut self) -> Vec<Effect> {
        let wished = self.ui.wished.take();
        wished.map_or_else(Vec::new, |_| vec![Effect::Travel(Travel::Now)])
    }

    /// Shows a snapshot of before.
    pub(super) fn stand_at(&mut self, snapshot: Arc<Snapshot>) -> Vec<Effect> {
        (self.ui.paused, self.ui.missed) = (Some(snapshot.at), None);
        self.shown = snapshot;
        self.unwish()
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
        if self.is_played() {
            return Some(vec![Effect::Travel(Travel::To(at))]);
        }
        let older = self.history.span().is_none_or(|(first, _)| at < first);
        if self.options.deck.is_none() || !older {
            return None;
        }
        self.ui.paused = Some(self.shown.at);
        Some(self.wish(at))
    }

    /// A snapshot of the past that was asked for: shown, unless the screen went live meanwhile.
    pub(super) fn arrive(&mut self, past: Result<Arc<Snapshot>, Missed>) {
        if self.ui.paused.is_none() {
            return;
        }
        match past {
            Ok(snapshot) => {
                (self.ui.paused, self.ui.missed) = (Some(snapshot.at), None);
                self.ui.wished = None;
                self.shown = snapshot;
                self.open_at_start();
            }
            Err(Missed { why, again }) => {
                if !again {
                    self.ui.wished = None;
                }
                if self.is_reading() {
                    self.ui.missed = Some(why);
                } else {
                    self.say(why, true);
                }
            }
        }
    }

    /// To the snapshot before or after the one shown.
    pub(super) fn travel(&mut self, later: bool) -> Vec<Effect> {
        let by = if later {
            STEP
        } else {
            Span::from_millis(-STEP.as_millis())
        };
        if self.is_played() {
            return vec![Effect::Travel(Travel::Skip(by))];
        }
        if self.ui.paused.is_none() {
            self.say("space pauses; then left and right go through time", false);
            return Vec::new();
        }
        // Presses that come faster than answers add up.
        let at = self.ui.wished.unwrap_or(self.shown.at);
        let kept = self.history.span().map(|(first, _)| first);
        let next = if later {
            self.history.after(at)
        } else {
            self.history.before(at)
        };
        // What is further back than is kept is the source's to show, and so is the way forward from there.
        let beyond = if later {
            kept.is_some_and(|kept| at + by < kept)
        } else {
            next.is_none()
        };
        match next.cloned() {
            _ if beyond && self.options.deck.is_some() => self.wish(at + by),
            Some(next) => self.stand_at(next),
            None => {
                let text = if later {
                    "nothing later yet; space goes live"
                } else {
                    "nothing earlier is kept"
                };
                self.say(text, false);
                Vec::new()
            }
        }
    }
}
