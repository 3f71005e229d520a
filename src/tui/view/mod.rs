//! Drawing: a function of the state, onto a buffer. It changes nothing and reads no clock.

mod advice;
mod alerts;
mod bars;
mod chart;
mod connecting;
mod group;
mod groups;
mod header;
mod heat;
mod help;
mod logs;
pub(super) mod notice;
mod paint;
mod preview;
mod table;
mod topic;
mod topics;
mod values;
mod what_if;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::areas::{Areas, PREVIEW_FROM, SMALLEST, split};
use super::state::{Screen, State};
use super::theme::Meaning;
use paint::Pen;

pub(super) use alerts::how_long;
pub(super) use group::facts_of;
pub(super) use values::{at_length, eta, member_label, reading};

/// Draws the screen.
pub(super) fn draw(state: &State, buf: &mut Buffer) {
    let area = buf.area;
    let mut pen = Pen::new(state, buf);
    if (area.width, area.height) < SMALLEST || area.height < SMALLEST.1 {
        too_small(&mut pen, area);
        return;
    }
    let areas = Areas::of(state);
    header::draw(state, &mut pen, areas.header);
    bars::tabs(state, &mut pen, areas.tabs);
    if let Some(lines) = areas.notice {
        notice::draw(state, &mut pen, lines);
    }
    bars::bottom(state, &mut pen, areas.hints);
    if state.ui.help.is_some() {
        help::draw(state, &mut pen, areas.body);
    } else if state.is_reading() && state.ui.screen != Screen::Logs {
        connecting::draw(state, &mut pen, areas.body);
    } else if state.ui.trial.is_some() {
        what_if::draw(state, &mut pen, areas.body);
    } else {
        screen(state, &mut pen, areas.body);
    }
}

fn screen(state: &State, pen: &mut Pen<'_>, body: Rect) {
    match state.ui.screen {
        Screen::Groups if state.ui.open_group.is_some() => group::draw(state, pen, body),
        Screen::Groups => {
            let (list, beside) = split(state, body);
            groups::draw(state, pen, list);
            if let Some(beside) = beside {
                preview::draw(state, pen, beside);
            }
        }
        Screen::Topics if state.ui.open_topic.is_some() => topic::draw(state, pen, body),
        Screen::Topics => topics::draw(state, pen, body),
        Screen::Alerts => alerts::draw(state, pen, body),
        Screen::Advice => advice::draw(state, pen, body),
        Screen::Logs => logs::draw(state, pen, body),
    }
    debug_assert!(PREVIEW_FROM > SMALLEST.0);
}

fn too_small(pen: &mut Pen<'_>, area: Rect) {
    let is = format!("too small: {}x{}", area.width, area.height);
    let needs = format!("needs {}x{}", SMALLEST.0, SMALLEST.1);
    let one = format!("{is}, {needs}");
    let lines = if one.len() <= usize::from(area.width) || area.height < 2 {
        vec![one]
    } else {
        vec![is, needs]
    };
    let first = area.height.saturating_sub(lines.len() as u16) / 2;
    for (y, text) in (first..area.height).zip(&lines) {
        pen.left(paint::row(area, y), text, Meaning::Plain);
    }
}
