//! Where things stand on a screen of a given size: one place, used by drawing and by scrolling.

use ratatui::layout::Rect;

use super::state::{Screen, State};
use super::view::{facts_of, notice};

/// Below this nothing useful can be shown.
pub(super) const SMALLEST: (u16, u16) = (40, 8);
/// From this width the list of groups has a preview beside it.
pub(super) const PREVIEW_FROM: u16 = 160;

/// The lines of every screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Areas {
    /// Cluster, counts, lag, mode.
    pub(super) header: Rect,
    /// The five screens, filter and order.
    pub(super) tabs: Rect,
    /// The screen.
    pub(super) body: Rect,
    /// What gives no news or the most urgent alert, where there is one and room for it.
    pub(super) notice: Option<Rect>,
    /// Hints, the prompt or a message.
    pub(super) hints: Rect,
}

fn line(y: u16, width: u16) -> Rect {
    Rect::new(0, y, width, 1)
}

impl Areas {
    /// Those of the screen as it is.
    pub(super) fn of(state: &State) -> Self {
        let (width, height) = state.ui.size;
        let notice = notice::height(state);
        let bottom = 1 + notice;
        Self {
            header: line(0, width),
            tabs: line(1, width),
            body: Rect::new(0, 2, width, height.saturating_sub(2 + bottom)),
            notice: (notice > 0).then(|| Rect::new(0, height - bottom, width, notice)),
            hints: line(height.saturating_sub(1), width),
        }
    }
}

/// The list and, on wide screens, what is beside it.
pub(super) fn split(state: &State, body: Rect) -> (Rect, Option<Rect>) {
    if body.width < PREVIEW_FROM {
        return (body, None);
    }
    let list = (body.width * 11 / 20).max(96);
    let _ = state;
    (
        Rect::new(body.x, body.y, list, body.height),
        Some(Rect::new(
            body.x + list + 1,
            body.y,
            body.width - list - 1,
            body.height,
        )),
    )
}

/// Rows of a list that can be seen at once.
pub(super) fn list_height(state: &State) -> usize {
    let body = Areas::of(state).body;
    let fold = u16::from(state.ui.screen == Screen::Groups && has_fold(state));
    let detail = match state.ui.screen {
        Screen::Alerts | Screen::Advice => detail_height(body.height),
        Screen::Logs => log_height(body.height),
        _ => 0,
    };
    usize::from(body.height.saturating_sub(1 + fold + detail))
}

/// Lines below a list for what the selected row says at length.
pub(super) fn detail_height(body: u16) -> u16 {
    if body >= 12 { (body / 2).min(24) } else { 0 }
}

/// Lines below the log for what its selected line says in full.
pub(super) fn log_height(body: u16) -> u16 {
    if body >= 12 { 5 } else { 0 }
}

/// Whether a line stands below the groups.
pub(super) fn has_fold(state: &State) -> bool {
    state.lists.groups.folded > 0 || state.lists.groups.filtered > 0
}

/// The parts of a group's screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct GroupAreas {
    /// The sentence, the facts.
    pub(super) facts: Rect,
    /// Charts, where there is room.
    pub(super) charts: Rect,
    /// Partitions or the heat map.
    pub(super) table: Rect,
    /// What happened, where there is room.
    pub(super) events: Rect,
}

impl GroupAreas {
    /// For a body, by its height; `heat`: with the heat map in the place of the table.
    pub(super) fn of(body: Rect, facts: u16, heat: bool) -> Self {
        let facts = facts.min(body.height.saturating_sub(3));
        let left = body.height - facts;
        // Long sentences take a line of the charts before they are cut.
        let charts = match left {
            0..11 => 0,
            11 => 3,
            12 => 4,
            13..18 => 5,
            18..30 => 7,
            _ => 10,
        };
        let events = match left - charts {
            // The map needs the room more.
            _ if heat => 0,
            0..8 => 0,
            8..16 => 4,
            16..24 => 6,
            _ => 10,
        };
        let at = |y: u16, height: u16| Rect::new(body.x, body.y + y, body.width, height);
        let table = left - charts - events;
        Self {
            facts: at(0, facts),
            charts: at(facts, charts),
            table: at(facts + charts, table),
            events: at(facts + charts + table, events),
        }
    }
}

/// The parts of the panel of what if, below its headline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TrialAreas {
    /// What it would do.
    pub(super) facts: Rect,
    /// Each member.
    pub(super) table: Rect,
    /// What was assumed.
    pub(super) notes: Rect,
}

impl TrialAreas {
    /// For a body and so many lines of each: the table keeps some lines, notes go first.
    pub(super) fn of(body: Rect, facts: u16, table: u16, notes: u16) -> Self {
        let room = body.height.saturating_sub(2);
        let facts = facts.min(room.saturating_sub(4));
        let gap = u16::from(room > facts + 8);
        let left = room.saturating_sub(facts + gap);
        let notes = notes.min(left.saturating_sub(6));
        let table = table.min(left - notes);
        let below = if table + gap + notes <= left { gap } else { 0 };
        let at = |y: u16, height: u16| {
            let area = Rect::new(body.x, body.y + y, body.width, height);
            area.intersection(body)
        };
        Self {
            facts: at(2, facts),
            table: at(2 + facts + gap, table),
            notes: at(2 + facts + gap + table + below, notes),
        }
    }
}

/// Lines that the facts of the open or selected group take: all that they need, as far as they
/// leave room for the rest.
pub(super) fn facts_height(state: &State, body: Rect) -> u16 {
    let group = state.acting_group();
    let Some((cluster, group)) = group.as_ref().and_then(|key| state.group(key)) else {
        return 1;
    };
    let most = facts_most(body.height);
    let facts = facts_of(state, (cluster, group), body.width, most);
    most.min(1 + facts.len() as u16)
}

/// The most lines that facts take of a body.
pub(super) const fn facts_most(body: u16) -> u16 {
    match body {
        0..9 => 3,
        9..14 => 5,
        14..22 => 9,
        _ => 10,
    }
}

/// Rows of partitions that can be seen at once.
pub(super) fn partition_height(state: &State) -> usize {
    let body = Areas::of(state).body;
    let table = GroupAreas::of(body, facts_height(state, body), state.ui.heat).table;
    usize::from(table.height.saturating_sub(1))
}

/// Readers of a topic that can be seen at once.
pub(super) fn reader_height(state: &State) -> usize {
    let body = Areas::of(state).body;
    usize::from(topic_split(body).1.height.saturating_sub(1))
}

/// The upper part of a topic's screen: what it is, and the table of its partitions.
pub(super) fn topic_parts(body: Rect) -> (Rect, Rect) {
    const FACTS: u16 = 3;
    let (top, _) = topic_split(body);
    let facts = FACTS.min(top.height);
    let at = |y: u16, height: u16| Rect::new(top.x, top.y + y, top.width, height);
    (at(0, facts), at(facts, top.height - facts))
}

/// Partitions of a topic that can be seen at once.
pub(super) fn topic_height(state: &State) -> usize {
    let body = Areas::of(state).body;
    usize::from(topic_parts(body).1.height.saturating_sub(1))
}

/// A topic's screen: what it is with its partitions, and its readers.
pub(super) fn topic_split(body: Rect) -> (Rect, Rect) {
    let top = body.height / 2;
    (
        Rect::new(body.x, body.y, body.width, top),
        Rect::new(body.x, body.y + top, body.width, body.height - top),
    )
}
