//! The lines round every screen: the screens and what a list was asked for above, the prompt, a
//! message or hints below.

use ratatui::layout::Rect;

use super::super::action::{Place, hints};
use super::super::columns::GroupColumn;
use super::super::glyphs::Urgency;
use super::super::rows::topics::TOPIC_SORTS;
use super::super::state::{PromptKind, Screen, State};
use super::super::text::width;
use super::super::theme::Meaning;
use super::super::units;
use super::paint::{Pen, after};

/// `1 Groups  2 Topics …        /pay  sort trouble v`.
pub(super) fn tabs(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let right = asked(state);
    let room = (width(&right) as u16).min(area.width / 2);
    let left = Rect {
        width: area.width.saturating_sub(room + 1),
        ..area
    };
    let mut x = 0;
    // On a narrow line only the shown screen has its name.
    let short = area.width < 70;
    for (i, screen) in Screen::ALL.into_iter().enumerate() {
        let chosen = screen == state.ui.screen;
        let name = match count(state, screen) {
            n if n > 0 => format!("{}({n})", screen.name()),
            _ => screen.name().to_owned(),
        };
        let key = format!("{}", i + 1);
        let meaning = if chosen {
            Meaning::Strong
        } else {
            Meaning::Dim
        };
        x += pen.pieces(after(left, x), &[(&key, Meaning::Key)]);
        if chosen || !short {
            let style = format!(" {name}");
            let from = x + 1;
            x += pen.pieces(after(left, x), &[(&style, meaning)]);
            if chosen {
                underline(pen, left, from, x);
            }
        }
        x += 2;
    }
    pen.right(area_right(area, room), &right, Meaning::Dim);
}

/// The screen that is shown is marked by more than weight.
fn underline(pen: &mut Pen<'_>, area: Rect, from: u16, to: u16) {
    let at = Rect {
        width: to.saturating_sub(from),
        ..after(area, from)
    };
    pen.tint(at, Meaning::Chosen);
}

fn area_right(area: Rect, width: u16) -> Rect {
    after(area, area.width.saturating_sub(width))
}

fn count(state: &State, screen: Screen) -> usize {
    match screen {
        Screen::Alerts => state.lists.short.pressing,
        Screen::Advice => state.advice().count(),
        _ => 0,
    }
}

/// What the list was asked for.
fn asked(state: &State) -> String {
    let glyphs = state.glyphs();
    let arrow = |invert: bool| if invert { glyphs.up } else { glyphs.down };
    let mut out = String::new();
    if state.ui.trial.is_some() {
        return "esc leads back".to_owned();
    }
    if !state.filter().text().is_empty() {
        out = format!("/{}  ", state.filter().text());
    }
    match state.ui.screen {
        Screen::Groups if state.ui.open_group.is_none() => {
            let by = state.ui.sort.map_or("trouble", GroupColumn::name);
            let at = place_in(state.ui.groups.index(), state.lists.groups.rows.len());
            format!("{out}{at}sort {by} {}", arrow(state.ui.invert))
        }
        Screen::Topics if state.ui.open_topic.is_none() => {
            let by = TOPIC_SORTS[state.ui.topic_sort];
            let at = place_in(state.ui.topics.index(), state.lists.topics.rows.len());
            format!("{out}{at}sort {by} {}", arrow(state.ui.topic_invert))
        }
        Screen::Groups => format!("window {}", units::span(state.ui.window)),
        Screen::Logs => format!("{out}newest first"),
        _ => out,
    }
}

/// `3 of 30`: what cannot be seen is there all the same.
fn place_in(index: usize, len: usize) -> String {
    if len > 1 {
        format!("{} of {len}  ", index + 1)
    } else {
        String::new()
    }
}

/// The prompt, a message or the hints, and the time of day.
pub(super) fn bottom(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let clock = units::clock(state.now(), &state.options.zone);
    let room = area.width.saturating_sub(clock.len() as u16 + 1);
    let left = Rect {
        width: room,
        ..area
    };
    pen.right(after(area, room), &clock, Meaning::Dim);
    if state.ui.prompt.is_some() {
        prompt(state, pen, left);
    } else if let Some(toast) = &state.ui.toast {
        let meaning = if toast.bad {
            Meaning::Urgency(Urgency::Worse)
        } else {
            Meaning::Plain
        };
        let mark = if toast.bad { "! " } else { "" };
        pen.pieces(left, &[(mark, meaning), (&toast.text, meaning)]);
    } else {
        hint_line(state.place(), pen, left);
    }
}

fn prompt(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let Some(prompt) = &state.ui.prompt else {
        return;
    };
    let mark = match prompt.kind {
        PromptKind::Filter => "/",
        PromptKind::Command => ":",
    };
    // The end is where one writes: a long line loses its beginning.
    let text = super::super::text::escape(&prompt.text, pen.glyphs.ascii).into_owned();
    let room = usize::from(area.width.saturating_sub(3));
    let skip = width(&text).saturating_sub(room);
    let shown: String = text.chars().skip(skip).collect();
    let x = pen.pieces(area, &[(mark, Meaning::Key), (&shown, Meaning::Strong)]);
    pen.tint(
        Rect {
            width: 1,
            ..after(area, x)
        },
        Meaning::Cursor,
    );
    let rest = after(area, x + 3);
    if let Some(error) = &prompt.error {
        pen.left(rest, error, Meaning::Urgency(Urgency::Worse));
    } else if prompt.kind == PromptKind::Filter && state.ui.screen == Screen::Groups {
        let n = state.lists.groups.rows.len();
        let text = format!("{n} groups   enter done  esc cancel");
        pen.left(rest, &text, Meaning::Dim);
    } else if let Some(usage) = usage(prompt.kind, &prompt.text) {
        pen.left(rest, usage, Meaning::Dim);
    } else {
        hint_line(Place::Prompt, pen, rest);
    }
}

/// What a command that is being written takes.
fn usage(kind: PromptKind, text: &str) -> Option<&'static str> {
    let (name, _) = text.trim_start().split_once(' ')?;
    let mut commands = super::super::command::COMMANDS.iter();
    let command = commands.find(|c| kind == PromptKind::Command && c.name == name)?;
    (command.usage != command.name).then_some(command.usage)
}

fn hint_line(place: Place, pen: &mut Pen<'_>, area: Rect) {
    let mut x = 0;
    for (key, word) in hints(place, area.width.into()) {
        let key = key.to_string();
        x += pen.pieces(
            after(area, x),
            &[
                (&key, Meaning::Key),
                (" ", Meaning::Plain),
                (word, Meaning::Dim),
            ],
        );
        x += 2;
    }
}
