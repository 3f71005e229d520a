//! Everything that the screen depends on: what is shown, and how.
//!
//! [`Ui`] is what keys change and is compared to know whether to draw; the rest comes from
//! outside. Nothing here does IO; time comes in with events.

use std::sync::Arc;

use super::columns::GroupColumn;
use super::filter::Filter;
use super::glyphs::Glyphs;
use super::history::History;
use super::logs::LogRing;
use super::options::Options;
use super::pick::Picked;
use super::rows::Lists;
use super::rows::ready::Litter;
use super::theme::{Theme, ThemeName};
use super::transport::{Course, Doing, Stretch};
use super::what_if::Trial;
use crate::model::{
    ClusterName, ClusterSnapshot, GroupId, GroupSnapshot, PartitionId, Snapshot, Span, Timestamp,
    TopicName, TopicSnapshot,
};

/// The five screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Screen {
    /// Groups, the one that it begins with.
    Groups,
    /// Topics.
    Topics,
    /// Alerts.
    Alerts,
    /// Advice.
    Advice,
    /// Logs.
    Logs,
}

impl Screen {
    /// In the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Groups,
        Self::Topics,
        Self::Alerts,
        Self::Advice,
        Self::Logs,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Groups => "Groups",
            Self::Topics => "Topics",
            Self::Alerts => "Alerts",
            Self::Advice => "Advice",
            Self::Logs => "Logs",
        }
    }
}

/// A group's identity.
pub(super) type GroupKey = (ClusterName, GroupId);
/// A topic's identity on the screen: its name.
pub(super) type TopicKey = (ClusterName, TopicName);
/// A partition's identity.
pub(super) type PartitionKey = (TopicName, PartitionId);

/// A line being written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prompt {
    /// A filter or a command.
    pub(super) kind: PromptKind,
    /// What is written so far.
    pub(super) text: String,
    /// What is wrong with it.
    pub(super) error: Option<String>,
    /// The filter as it was.
    pub(super) before: Filter,
}

/// What a line being written is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PromptKind {
    /// A filter, in force while it is written.
    Filter,
    /// A command.
    Command,
}

/// The help screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct HelpState {
    /// What is searched.
    pub(super) search: String,
    /// First line shown.
    pub(super) top: usize,
}

/// A short message in the place of the hints.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Toast {
    /// What it says.
    pub(super) text: String,
    /// It went wrong.
    pub(super) bad: bool,
    /// When it goes away, by the clock of the screen.
    pub(super) until: Timestamp,
}

/// What keys change.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ui {
    pub(super) size: (u16, u16),
    pub(super) screen: Screen,
    pub(super) open_group: Option<GroupKey>,
    pub(super) open_topic: Option<TopicKey>,
    pub(super) heat: bool,
    pub(super) groups: Picked<GroupKey>,
    pub(super) partitions: Picked<PartitionKey>,
    pub(super) cell: (usize, usize),
    pub(super) topics: Picked<TopicKey>,
    pub(super) readers: Picked<GroupKey>,
    /// The first partition shown of the open topic.
    pub(super) topic_top: usize,
    pub(super) alerts: Picked<Arc<str>>,
    pub(super) advice: Picked<Arc<str>>,
    pub(super) logs: Picked<String>,
    pub(super) filters: [Filter; 5],
    /// `None`: by trouble.
    pub(super) sort: Option<GroupColumn>,
    pub(super) invert: bool,
    pub(super) topic_sort: usize,
    pub(super) topic_invert: bool,
    pub(super) columns: Vec<GroupColumn>,
    pub(super) scope: Option<ClusterName>,
    pub(super) inactive: bool,
    pub(super) prompt: Option<Prompt>,
    pub(super) last_command: String,
    pub(super) help: Option<HelpState>,
    pub(super) trial: Option<Trial>,
    pub(super) toast: Option<Toast>,
    pub(super) window: Span,
    pub(super) theme: ThemeName,
    /// What the source's past is doing.
    pub(super) doing: Option<Doing>,
    /// What the source shows itself, if that is no cluster.
    pub(super) shows: Option<Arc<str>>,
    /// While paused: the instant shown.
    pub(super) paused: Option<Timestamp>,
    /// The instant that the source's past was asked for and has not shown yet.
    pub(super) wished: Option<Timestamp>,
    /// Why there is nothing to show of it.
    pub(super) missed: Option<String>,
    /// How many stretches of the past have come.
    pub(super) courses: u64,
    /// It was said that the group that was asked for at the start is not there.
    pub(super) unseen: bool,
}

/// The whole state of the screen.
pub struct State {
    pub(super) ui: Ui,
    /// What is drawn.
    pub(super) shown: Arc<Snapshot>,
    /// The newest.
    pub(super) latest: Arc<Snapshot>,
    pub(super) history: History,
    pub(super) lists: Lists,
    /// What is not needed any more.
    pub(super) litter: Vec<Litter>,
    /// How a group went before the kept snapshots, from whoever kept that.
    pub(super) course: Option<Course>,
    /// What of that was asked for last.
    pub(super) sought: Option<Stretch>,
    /// The screen's clock.
    pub(super) clock: Timestamp,
    pub(super) logs: LogRing,
    pub(super) log_count: u64,
    pub(super) options: Options,
}

/// Windows of charts that keys go through.
pub(super) const WINDOWS: [Span; 3] = [
    Span::from_secs(300),
    Span::from_secs(3600),
    Span::from_secs(6 * 3600),
];

impl State {
    /// Before anything was read.
    pub fn new(options: Options, logs: LogRing, first: &Arc<Snapshot>, now: Timestamp) -> Self {
        let ui = Ui {
            size: (80, 24),
            screen: Screen::Groups,
            open_group: None,
            open_topic: None,
            heat: false,
            groups: Picked::default(),
            partitions: Picked::default(),
            cell: (0, 0),
            topics: Picked::default(),
            readers: Picked::default(),
            topic_top: 0,
            alerts: Picked::default(),
            advice: Picked::default(),
            logs: Picked::default(),
            filters: Default::default(),
            sort: None,
            invert: false,
            topic_sort: 0,
            topic_invert: false,
            columns: Vec::new(),
            scope: options.cluster.clone().map(ClusterName::from),
            inactive: false,
            prompt: None,
            last_command: String::new(),
            help: None,
            trial: None,
            toast: None,
            window: WINDOWS[0],
            theme: options.theme,
            doing: None,
            shows: None,
            paused: options.at,
            wished: options.at,
            missed: None,
            courses: 0,
            unseen: false,
        };
        let mut state = Self {
            ui,
            shown: Arc::clone(first),
            latest: Arc::clone(first),
            history: History::default(),
            lists: Lists::default(),
            litter: Vec::new(),
            course: None,
            sought: None,
            clock: now,
            logs,
            log_count: 0,
            options,
        };
        let _ = state.history.push(first);
        state.refresh();
        state
    }

    /// The instant that ages are taken to: the clock's, or the one shown while paused.
    pub(super) fn now(&self) -> Timestamp {
        self.ui.paused.unwrap_or(self.clock)
    }

    /// Columns and lines.
    pub fn size(&self) -> (u16, u16) {
        self.ui.size
    }

    /// Colours.
    pub(super) fn theme(&self) -> Theme {
        Theme {
            name: self.ui.theme,
            ..self.options.look()
        }
    }

    /// Signs.
    pub(super) fn glyphs(&self) -> Glyphs {
        self.options.glyphs()
    }

    /// Whether anything was read yet.
    pub(super) fn is_reading(&self) -> bool {
        self.shown.generation.n == 0
            || self
                .shown
                .clusters
                .iter()
                .all(|c| c.groups.is_empty() && c.health.last_success.is_none())
    }

    /// The clusters in scope.
    pub(super) fn clusters(&self) -> impl Iterator<Item = &Arc<ClusterSnapshot>> {
        let scope = self.ui.scope.as_ref();
        self.shown
            .clusters
            .iter()
            .filter(move |c| scope.is_none_or(|s| *s == c.cluster))
    }

    /// The group that is open.
    pub(super) fn open_group(&self) -> Option<(&ClusterSnapshot, &Arc<GroupSnapshot>)> {
        self.group(self.ui.open_group.as_ref()?)
    }

    /// A group by its identity.
    pub(super) fn group(&self, key: &GroupKey) -> Option<(&ClusterSnapshot, &Arc<GroupSnapshot>)> {
        let cluster = self.shown.cluster(key.0.as_str())?;
        Some((cluster, cluster.group(key.1.as_str())?))
    }

    /// A topic by its identity.
    pub(super) fn topic(&self, key: &TopicKey) -> Option<(&ClusterSnapshot, &Arc<TopicSnapshot>)> {
        let cluster = self.shown.cluster(key.0.as_str())?;
        Some((cluster, cluster.topic(key.1.as_str())?))
    }

    /// The group that keys act on: the open one, else the selected one.
    pub(super) fn acting_group(&self) -> Option<GroupKey> {
        match self.ui.screen {
            Screen::Groups => self.ui.open_group.clone().or_else(|| {
                let row = self.lists.groups.rows.get(self.ui.groups.index())?;
                Some(self.lists.groups.key(&self.shown, *row))
            }),
            _ => None,
        }
    }

    /// The filter of the screen that is shown.
    pub(super) fn filter(&self) -> &Filter {
        &self.ui.filters[self.ui.screen as usize]
    }

    /// Shows a short message.
    pub(super) fn say(&mut self, text: impl Into<String>, bad: bool) {
        self.ui.toast = Some(Toast {
            text: text.into(),
            bad,
            until: self.clock + Span::from_secs(if bad { 8 } else { 4 }),
        });
    }
}
