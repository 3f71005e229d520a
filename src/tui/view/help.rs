//! Help, made from the action table and the table of commands; what is typed searches it.

use ratatui::layout::Rect;

use super::super::action::BINDINGS;
use super::super::command::COMMANDS;
use super::super::state::State;
use super::super::theme::Meaning;
use super::paint::{Pen, after, row};
use crate::model::Status;

/// A line of help.
enum Line {
    Section(&'static str),
    Entry(String, String),
}

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let Some(help) = &state.ui.help else { return };
    let lines = lines(&help.search);
    let title = row(area, 0);
    let search = if help.search.is_empty() {
        "type to search".to_owned()
    } else {
        format!("search: {}", help.search)
    };
    let x = pen.pieces(title, &[("Help", Meaning::Strong), ("   ", Meaning::Plain)]);
    pen.left(after(title, x), &search, Meaning::Dim);
    let height = usize::from(area.height.saturating_sub(1));
    let top = help.top.min(lines.len().saturating_sub(height));
    if lines.len() > height {
        // What cannot be seen is there all the same.
        let (from, to) = (top + 1, (top + height).min(lines.len()));
        let place = format!("lines {from} to {to} of {}", lines.len());
        pen.right(title, &place, Meaning::Dim);
    }
    for (i, line) in lines.iter().skip(top).take(height).enumerate() {
        let at = row(area, i as u16 + 1);
        match line {
            Line::Section(name) => pen.rule(at, name),
            Line::Entry(keys, text) => {
                let room = 26.min(area.width / 2);
                pen.left(
                    Rect {
                        width: room,
                        ..after(at, 1)
                    },
                    keys,
                    Meaning::Key,
                );
                pen.left(after(at, room + 2), text, Meaning::Plain);
            }
        }
    }
    if lines.is_empty() {
        pen.left(row(area, 2), "nothing in help says that", Meaning::Dim);
    }
}

/// Those that hold what is searched, with the headings above them.
fn lines(search: &str) -> Vec<Line> {
    let search = search.to_lowercase();
    let mut out = Vec::new();
    let mut last = "";
    let mut add = |section: &'static str, keys: String, text: String| {
        let all = format!("{section} {keys} {text}").to_lowercase();
        if all.contains(&search) {
            if section != last {
                out.push(Line::Section(section));
                last = section;
            }
            // A key that has a hint in some places only stands in two lines of the table.
            let again = |line: &Line| matches!(line, Line::Entry(k, t) if (k, t) == (&keys, &text));
            if !out.last().is_some_and(again) {
                out.push(Line::Entry(keys, text));
            }
        }
    };
    for b in BINDINGS {
        let keys: Vec<_> = b.keys.iter().map(ToString::to_string).collect();
        add(b.section, keys.join(" "), b.help.to_owned());
    }
    for c in COMMANDS {
        add("Commands", format!(":{}", c.usage), c.help.to_owned());
    }
    for status in Status::ALL {
        let word = super::super::glyphs::status_text(status);
        add(
            "Statuses, worst first",
            word,
            status.name().replace('_', " "),
        );
    }
    out
}
