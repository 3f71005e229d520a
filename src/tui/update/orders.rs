//! What commands do.

use std::sync::Arc;

use super::super::command::{At, Command};
use super::super::filter::Filter;
use super::super::state::{HelpState, Screen, State};
use super::Effect;
use crate::model::{ClusterName, Span, Timestamp};

impl State {
    pub(super) fn order(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Quit => return vec![Effect::Quit],
            Command::Panic if self.options.test_hooks => return vec![Effect::Panic],
            Command::Panic => self.say("no command `panic`; ? lists them", true),
            Command::Write(file) => return self.write_summary(file),
            Command::Show(screen) => self.show(screen),
            Command::Group(name) => self.go_to_group(&name),
            Command::Topic(name) => self.go_to_topic(&name),
            Command::WhatIf(members) => self.try_out(members),
            Command::Cluster(name) => self.go_to_cluster(name),
            Command::Filter(text) => self.set_filter(&text),
            Command::Sort(column) => {
                (self.ui.screen, self.ui.sort, self.ui.invert) = (Screen::Groups, column, false);
            }
            Command::Columns(columns) => self.ui.columns = columns,
            Command::Window(window) => self.ui.window = window,
            Command::Silence(wanted) => return self.silence(wanted),
            Command::Unsilence => return self.unsilence(),
            Command::Mark(during, why) => return self.mark(during, why),
            Command::At(at) => return self.go_to_time(at),
            Command::Live => return self.live(),
            Command::Theme(theme) => self.ui.theme = theme,
            Command::Help => self.ui.help = Some(HelpState::default()),
        }
        Vec::new()
    }

    /// The group of that name, else the only one whose name holds it.
    fn go_to_group(&mut self, name: &str) {
        if let Some(key) = self.find_group(name) {
            self.open_group_key(key);
            return;
        }
        let like: Vec<_> = self
            .clusters()
            .flat_map(|c| {
                c.groups
                    .iter()
                    .map(|g| (c.cluster.clone(), g.group.clone()))
            })
            .filter(|(_, g)| g.as_str().contains(name))
            .take(2)
            .collect();
        match like.as_slice() {
            [one] => self.open_group_key(one.clone()),
            [] => self.say(format!("no group `{name}`"), true),
            _ => self.say(
                format!("several groups match `{name}`; / filters the list"),
                true,
            ),
        }
    }

    fn go_to_topic(&mut self, name: &str) {
        let found = self
            .clusters()
            .find_map(|c| Some((c.cluster.clone(), c.topic(name)?.topic.clone())));
        match found {
            Some(key) => {
                (self.ui.screen, self.ui.trial) = (Screen::Topics, None);
                self.ui.topics.pin(key.clone());
                self.ui.readers.unpin();
                self.ui.topic_top = 0;
                self.ui.open_topic = Some(key);
            }
            None => self.say(format!("no topic `{name}`"), true),
        }
    }

    fn go_to_cluster(&mut self, name: Option<String>) {
        let Some(name) = name else {
            self.ui.scope = None;
            return;
        };
        if self.shown.cluster(&name).is_some() {
            self.ui.scope = Some(ClusterName::from(name));
            return;
        }
        let names: Vec<_> = self
            .shown
            .clusters
            .iter()
            .map(|c| c.cluster.as_str())
            .collect();
        let text = format!("no cluster `{name}`: {}", names.join(", "));
        self.say(text, true);
    }

    fn set_filter(&mut self, text: &str) {
        match Filter::new(text) {
            Ok(filter) => self.ui.filters[self.ui.screen as usize] = filter,
            Err(why) => self.say(why, true),
        }
    }

    /// Pauses at the kept snapshot that was true at a time.
    fn go_to_time(&mut self, at: At) -> Vec<Effect> {
        let at = match at {
            At::Ago(span) => self.clock - span,
            At::Instant(at) => at,
            At::Clock(h, m, s) => self.time_of_day(h, m, s),
        };
        if let Some(effects) = self.travel_to(at) {
            return effects;
        }
        let Some((first, _)) = self.history.span() else {
            return Vec::new();
        };
        if self.is_reading() {
            self.say("nothing was read yet that could stand still", false);
            return Vec::new();
        }
        if at < first {
            self.say("nothing that old is kept; showing the oldest", false);
        }
        match self.history.nearest(at).map(Arc::clone) {
            Some(snapshot) => self.stand_at(snapshot),
            None => Vec::new(),
        }
    }

    /// The last instant, not after now, at which the user's clock showed that time; in a recording,
    /// where what comes is there too, the nearest one.
    fn time_of_day(&self, h: i8, m: i8, s: i8) -> Timestamp {
        let zone = &self.options.zone;
        let today = jiff::Timestamp::from_millisecond(self.clock.as_millis())
            .map(|t| t.to_zoned(zone.clone()).date());
        let then = today
            .ok()
            .and_then(|d| d.at(h, m, s, 0).to_zoned(zone.clone()).ok())
            .map_or(self.clock, |z| {
                Timestamp::from_millis(z.timestamp().as_millisecond())
            });
        let (day, half) = (Span::from_secs(86_400), Span::from_secs(43_200));
        if self.is_played() {
            return match then - self.clock {
                ahead if ahead > half => then - day,
                ahead if ahead + half < Span::ZERO => then + day,
                _ => then,
            };
        }
        if then > self.clock { then - day } else { then }
    }
}
