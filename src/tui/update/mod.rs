//! State changes: a pure function of the state and what happened. What has to be done outside
//! comes back as effects; nothing here writes, reads a clock or waits.

mod motion;
mod notices;
mod orders;
mod prompt;
mod recall;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::action::{Action, Place, lookup};
use super::keys::Key;
use super::order::Order;
use super::rows::ready::Ready;
use super::state::{GroupKey, HelpState, PromptKind, Screen, State, WINDOWS};
use super::theme::ThemeName;
use super::transport::{Course, Missed, Stretch, Travel};
use super::{json, summary};
use crate::model::{Advice, Alert, ClusterName, GroupId, Snapshot, Timestamp};

/// Of a longer text, in base64, terminals such as xterm and hterm take nothing: 100,000 bytes.
const LONGEST_COPY: usize = 74_994;

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The screen has another size.
    Resize(u16, u16),
    /// There is a new snapshot.
    Snapshot(Arc<Snapshot>),
    /// There is a new snapshot, with its lists.
    Ready(Box<Ready>),
    /// Time has passed.
    Tick,
    /// A snapshot of the past that was asked for, or why there is none.
    Past(Result<Arc<Snapshot>, Missed>),
    /// How a group went before, as it was asked for.
    Recalled(Course),
    /// An effect was carried out: what to say about it, and whether it failed.
    Done(String, bool),
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Stop as a shell's job.
    Suspend,
    /// Clear the terminal and draw all of it.
    Redraw,
    /// Put this into the clipboard.
    Copy(String),
    /// Write this file.
    Write(String, String),
    /// Ask this of the source.
    Travel(Travel),
    /// Ask the source how a group went.
    Recall(Stretch),
    /// Order this of the `serve` that is shown.
    Order(Order),
    /// Panic: for tests.
    Panic,
}

impl State {
    /// Takes in what happened at `now`. Effects are to be carried out in order.
    pub fn on(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        self.clock = now;
        self.log_count = self.logs.count();
        if let Some(deck) = &self.options.deck {
            (self.ui.doing, self.ui.shows) = (deck.0.doing(now), deck.0.shows());
        }
        let mut effects = match event {
            Event::Key(key) => self.on_key(key),
            Event::Paste(text) => {
                self.type_text(&text);
                Vec::new()
            }
            Event::Resize(width, height) => {
                self.ui.size = (width, height);
                Vec::new()
            }
            Event::Snapshot(snapshot) => {
                self.take(snapshot, None);
                Vec::new()
            }
            Event::Ready(ready) => {
                self.take(Arc::clone(&ready.snapshot), Some(*ready));
                Vec::new()
            }
            Event::Tick => Vec::new(),
            Event::Past(past) => {
                self.arrive(past);
                Vec::new()
            }
            Event::Recalled(course) => {
                self.recalled(course);
                Vec::new()
            }
            Event::Done(text, bad) => {
                self.say(text, bad);
                Vec::new()
            }
        };
        if self.ui.toast.as_ref().is_some_and(|t| t.until <= now) {
            self.ui.toast = None;
        }
        self.refresh();
        effects.extend(self.seek());
        effects
    }

    /// Where keys go.
    pub(super) fn place(&self) -> Place {
        if self.ui.prompt.is_some() {
            return Place::Prompt;
        }
        if self.ui.help.is_some() {
            return Place::Help;
        }
        if self.ui.trial.is_some() {
            return Place::WhatIf;
        }
        match self.ui.screen {
            Screen::Groups if self.ui.open_group.is_some() && self.ui.heat => Place::Heat,
            Screen::Groups if self.ui.open_group.is_some() => Place::Group,
            Screen::Groups => Place::Groups,
            Screen::Topics if self.ui.open_topic.is_some() => Place::Topic,
            Screen::Topics => Place::Topics,
            Screen::Alerts => Place::Alerts,
            Screen::Advice => Place::Advice,
            Screen::Logs => Place::Logs,
        }
    }

    fn on_key(&mut self, key: Key) -> Vec<Effect> {
        let place = self.place();
        match (lookup(place, key), key) {
            (Some(action), _) => self.act(action),
            (None, Key::Char(c)) => {
                self.type_text(c.encode_utf8(&mut [0; 4]));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Does what a key is bound to.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Quit => return vec![Effect::Quit],
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            Action::CopyName => return self.copy_name(),
            Action::CopyJson => return self.copy_json(),
            Action::Summary => return self.write_summary(None),
            Action::Accept => return self.accept(),
            Action::Help => self.ui.help = Some(HelpState::default()),
            Action::Back => self.back(),
            Action::Open => self.open(),
            Action::Filter => self.prompt(PromptKind::Filter),
            Action::Command => self.prompt(PromptKind::Command),
            Action::Silence => self.begin_silence(),
            Action::Cancel => self.cancel(),
            Action::Complete => self.complete(),
            Action::Recall => self.recall(),
            Action::Erase => self.erase(1),
            Action::EraseWord => self.erase_word(),
            Action::EraseAll => self.erase(usize::MAX),
            Action::Up => self.step(-1),
            Action::Down => self.step(1),
            Action::PageUp => self.page(-1),
            Action::PageDown => self.page(1),
            Action::Top => self.follow_top(),
            Action::Bottom => self.step(isize::MAX),
            Action::CellLeft => self.ui.cell.1 = self.ui.cell.1.saturating_sub(1),
            Action::CellRight => self.cell_right(),
            Action::Show(screen) => self.show(screen),
            Action::NextScreen => self.show_by(1),
            Action::PrevScreen => self.show_by(4),
            Action::Sort | Action::SortRight => self.sort_by(1),
            Action::SortLeft => self.sort_by(-1),
            Action::Invert => self.invert(),
            Action::Inactive => self.ui.inactive = !self.ui.inactive,
            Action::Cluster => self.next_cluster(),
            Action::WhatIf => self.try_out(None),
            Action::MoreMembers => self.try_members(1),
            Action::FewerMembers => self.try_members(-1),
            Action::Assignor => self.try_assignor(),
            Action::MorePartitions => self.try_partitions(1),
            Action::FewerPartitions => self.try_partitions(-1),
            Action::AsItIs => self.try_nothing(),
            Action::HeatMap => (self.ui.heat, self.ui.cell) = (!self.ui.heat, (0, 0)),
            Action::Pause => return self.pause(),
            Action::Earlier => return self.travel(false),
            Action::Later => return self.travel(true),
            Action::Faster => return self.change_speed(Travel::Faster),
            Action::Slower => return self.change_speed(Travel::Slower),
            Action::Wider => self.window_by(1),
            Action::Narrower => self.window_by(-1),
            Action::Theme => self.next_theme(),
        }
        Vec::new()
    }

    /// A new snapshot: kept, and shown unless the screen is paused.
    fn take(&mut self, snapshot: Arc<Snapshot>, ready: Option<Ready>) {
        // Whoever does not fetch what is not needed any more does not let it pile up.
        self.litter.clear();
        if let Some(past) = self.options.past.take_if(|_| snapshot.generation.n > 0) {
            self.history = past.take();
        }
        let counted = ready.as_ref().map(Ready::counted);
        let gone = self.history.push_counted(&snapshot, counted);
        self.litter.push(Box::new(gone));
        if self.ui.paused.is_none() {
            self.shown = Arc::clone(&snapshot);
            if let Some(ready) = ready {
                self.put_in(ready);
            }
        }
        self.latest = snapshot;
        self.open_at_start();
    }

    /// The group that the program was started for, once it is there.
    pub(super) fn open_at_start(&mut self) {
        let Some(name) = self.options.group.clone() else {
            return;
        };
        if let Some(key) = self.find_group(&name) {
            self.options.group = None;
            self.open_group_key(key);
        } else if !self.is_reading() && !self.ui.unseen {
            self.ui.unseen = true;
            let text = format!("no group `{name}` is seen; it opens when it is");
            self.say(text, true);
        }
    }

    /// A group of that name in scope.
    fn find_group(&self, name: &str) -> Option<GroupKey> {
        self.clusters()
            .find_map(|c| Some((c.cluster.clone(), c.group(name)?.group.clone())))
    }

    fn open_group_key(&mut self, key: GroupKey) {
        self.ui.trial = None;
        self.ui.screen = Screen::Groups;
        self.ui.groups.pin(key.clone());
        self.ui.partitions.unpin();
        self.ui.cell = (0, 0);
        self.ui.open_group = Some(key);
    }

    /// One step back. Never quits.
    fn back(&mut self) {
        let ui = &mut self.ui;
        if ui.trial.take().is_some() {
            return;
        }
        if ui.screen == Screen::Groups && ui.open_group.is_some() {
            if ui.heat {
                ui.heat = false;
            } else {
                ui.open_group = None;
            }
        } else if ui.screen == Screen::Topics && ui.open_topic.is_some() {
            ui.open_topic = None;
        } else if !ui.filters[ui.screen as usize].text().is_empty() {
            ui.filters[ui.screen as usize] = super::filter::Filter::default();
        } else {
            ui.toast = None;
        }
    }

    /// Opens the selected row.
    fn open(&mut self) {
        match self.place() {
            Place::Groups => {
                if let Some(key) = self.acting_group() {
                    self.open_group_key(key);
                }
            }
            Place::Topics => {
                let row = self.lists.topics.rows.get(self.ui.topics.index());
                if let Some(key) = row.map(|r| r.key(&self.shown)) {
                    self.ui.topics.pin(key.clone());
                    self.ui.readers.unpin();
                    self.ui.topic_top = 0;
                    self.ui.open_topic = Some(key);
                }
            }
            Place::Topic => {
                let key = self.ui.open_topic.clone();
                let readers = key.map(|k| self.readers(&k)).unwrap_or_default();
                if let Some(reader) = readers.into_iter().nth(self.ui.readers.index()) {
                    self.open_group_key(reader);
                }
            }
            Place::Alerts => {
                let alert = self.lists.short.alerts.get(self.ui.alerts.index());
                let key = alert.and_then(|a| subject(&a.labels));
                self.open_named(key);
            }
            Place::Advice => {
                let advice = self.lists.short.advice.get(self.ui.advice.index());
                let key = advice.map(|a| (Some(a.cluster.clone()), a.group.clone()));
                self.open_named(key);
            }
            _ => {}
        }
    }

    /// Opens the group that an alert or an advice is about.
    fn open_named(&mut self, key: Option<(Option<ClusterName>, GroupId)>) {
        let Some((cluster, group)) = key else {
            self.say("it is about no single group", false);
            return;
        };
        let found = match cluster {
            Some(c) => Some((c, group.clone())).filter(|k| self.group(k).is_some()),
            None => self.find_group(group.as_str()),
        };
        match found {
            Some(key) => self.open_group_key(key),
            None => self.say(format!("no group {group} is shown"), true),
        }
    }

    fn show(&mut self, screen: Screen) {
        self.ui.trial = None;
        self.pin_own(screen);
        // The number of the screen that is shown leads back to its list.
        if self.ui.screen == screen {
            (self.ui.open_group, self.ui.open_topic, self.ui.heat) = (None, None, false);
        }
        self.ui.screen = screen;
    }

    /// From an open group, alerts and advice begin at its own.
    fn pin_own(&mut self, screen: Screen) {
        let open = self.ui.open_group.as_ref();
        let Some((cluster, group)) = open.filter(|_| self.ui.screen == Screen::Groups) else {
            return;
        };
        if screen == Screen::Advice {
            let own = |a: &&Arc<Advice>| a.cluster == *cluster && a.group == *group;
            let short = &self.lists.short;
            if let Some(i) = short.advice.iter().position(|a| own(&a)) {
                self.ui.advice.pin(Arc::clone(&short.advice_keys[i]));
            }
        } else if screen == Screen::Alerts {
            let own = |a: &&Arc<Alert>| {
                subject(&a.labels)
                    .is_some_and(|(c, g)| g == *group && c.is_none_or(|c| c == *cluster))
            };
            let short = &self.lists.short;
            if let Some(i) = short.alerts.iter().position(|a| own(&a)) {
                self.ui.alerts.pin(Arc::clone(&short.alert_keys[i]));
            }
        }
    }

    fn show_by(&mut self, by: usize) {
        self.ui.trial = None;
        let next = (self.ui.screen as usize + by) % Screen::ALL.len();
        self.ui.screen = Screen::ALL[next];
    }

    fn next_cluster(&mut self) {
        let names: Vec<_> = self.shown.clusters.iter().map(|c| &c.cluster).collect();
        let next = match &self.ui.scope {
            None => names.first().copied().cloned(),
            Some(now) => names
                .iter()
                .position(|n| *n == now)
                .and_then(|i| names.get(i + 1).copied().cloned()),
        };
        if names.len() > 1 {
            self.ui.scope = next;
        }
    }

    fn next_theme(&mut self) {
        let at = ThemeName::ALL.iter().position(|t| *t == self.ui.theme);
        self.ui.theme = ThemeName::ALL[(at.unwrap_or(0) + 1) % ThemeName::ALL.len()];
        self.say(format!("theme {}", self.ui.theme.name()), false);
    }

    fn window_by(&mut self, by: isize) {
        let at = WINDOWS
            .iter()
            .position(|w| *w >= self.ui.window)
            .unwrap_or(WINDOWS.len() - 1);
        self.ui.window = WINDOWS[at.saturating_add_signed(by).min(WINDOWS.len() - 1)];
    }

    /// What `y` copies: the name, or an advice's command.
    fn copy_name(&mut self) -> Vec<Effect> {
        let text = match self.place() {
            Place::WhatIf => self.ui.trial.as_ref().map(super::what_if::Trial::command),
            Place::Groups | Place::Group | Place::Heat => {
                self.acting_group().map(|k| k.1.as_str().to_owned())
            }
            Place::Topics => self
                .lists
                .topics
                .rows
                .get(self.ui.topics.index())
                .map(|r| r.key(&self.shown).1.as_str().to_owned()),
            Place::Topic => self.ui.open_topic.as_ref().map(|k| k.1.as_str().to_owned()),
            Place::Alerts => {
                let (short, index) = (&self.lists.short, self.ui.alerts.index());
                let silence = || short.silence(index).map(|s| s.id.to_string());
                let alert = short.alerts.get(index).map(|a| a.name.to_string());
                alert.or_else(silence)
            }
            Place::Advice => {
                let advice = self.lists.short.advice.get(self.ui.advice.index());
                advice.map(|a| a.command.as_ref().unwrap_or(&a.title).to_string())
            }
            Place::Logs => {
                let line = self.lists.logs.rows.get(self.ui.logs.index());
                line.map(|l| format!("{} {} {} {}", l.at, l.level, l.subject, l.text))
            }
            _ => None,
        };
        self.copy(text, "copied")
    }

    fn copy_json(&mut self) -> Vec<Effect> {
        let text = match self.place() {
            Place::Groups | Place::Group | Place::Heat => self
                .acting_group()
                .and_then(|key| json::group(&self.shown, &key)),
            Place::Topics => {
                let row = self.lists.topics.rows.get(self.ui.topics.index());
                row.and_then(|r| json::topic(&self.shown, &r.key(&self.shown)))
            }
            Place::Topic => {
                let key = self.ui.open_topic.as_ref();
                key.and_then(|key| json::topic(&self.shown, key))
            }
            Place::Alerts => {
                let (short, index) = (&self.lists.short, self.ui.alerts.index());
                let silence = || short.silence(index).map(|s| json::any(&**s));
                let alert = short.alerts.get(index).map(|a| json::any(&**a));
                alert.or_else(silence)
            }
            Place::Advice => {
                let advice = self.lists.short.advice.get(self.ui.advice.index());
                advice.map(|a| json::any(&**a))
            }
            _ => None,
        };
        self.copy(text, "copied as JSON")
    }

    fn copy(&mut self, text: Option<String>, said: &str) -> Vec<Effect> {
        let Some(text) = text else {
            self.say("nothing is selected", false);
            return Vec::new();
        };
        let size = text.len();
        if size > LONGEST_COPY {
            let text = format!("{said}, {size} bytes: more than many terminals take (OSC 52)");
            self.say(text, true);
        } else {
            let text = format!("{said}, {size} bytes (if the terminal allows OSC 52)");
            self.say(text, false);
        }
        vec![Effect::Copy(text)]
    }

    /// The incident of the group that keys act on, as a file.
    fn write_summary(&mut self, file: Option<String>) -> Vec<Effect> {
        let Some(key) = self.acting_group() else {
            self.say("select a group first", false);
            return Vec::new();
        };
        let text = summary::of(&self.shown, &key, self.now(), &self.options.zone);
        let Some(text) = text else {
            self.say("the group is gone", true);
            return Vec::new();
        };
        let file = file.unwrap_or_else(|| summary::file_name(&key.1, self.now()));
        vec![Effect::Write(file, text)]
    }
}

type Labels = std::collections::BTreeMap<Arc<str>, Arc<str>>;

/// The cluster that an alert's labels name.
pub(super) fn cluster_of(labels: &Labels) -> Option<&str> {
    let label = labels
        .get("kafka_cluster")
        .or_else(|| labels.get("cluster"));
    label.map(|c| &**c)
}

/// The group that an alert's labels name.
pub(super) fn subject(labels: &Labels) -> Option<(Option<ClusterName>, GroupId)> {
    let group = labels
        .get("group")
        .or_else(|| labels.get("consumergroup"))?;
    let cluster = cluster_of(labels).map(ClusterName::from);
    Some((cluster, GroupId::from(&**group)))
}

impl State {
    /// Moves the selection of the list that is shown.
    fn step(&mut self, by: isize) {
        match self.place() {
            Place::Help => {
                if let Some(help) = &mut self.ui.help {
                    help.top = help.top.saturating_add_signed(by).min(400);
                }
            }
            Place::Alerts => {
                let keys = &self.lists.short.alert_keys;
                self.ui
                    .alerts
                    .step(by, keys.len(), |i| Arc::clone(&keys[i]));
            }
            Place::Advice => {
                let keys = &self.lists.short.advice_keys;
                self.ui
                    .advice
                    .step(by, keys.len(), |i| Arc::clone(&keys[i]));
            }
            _ => self.step_long(by),
        }
    }
}
