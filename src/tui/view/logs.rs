//! What the program logged and what went wrong in reading, newest first.

use ratatui::layout::Rect;

use super::super::areas::log_height;
use super::super::glyphs::Urgency;
use super::super::state::State;
use super::super::theme::Meaning;
use super::super::units;
use super::alerts::prose;
use super::paint::{Pen, row};
use super::table::{self, Cell, Column, Shown};

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let full = log_height(area.height);
    let (whole, area) = (
        area,
        Rect {
            height: area.height - full,
            ..area
        },
    );
    let rows = &state.lists.logs.rows;
    let subject = (area.width / 4).clamp(8, 28);
    let columns = [
        Column::left("TIME", 11),
        Column::left("LEVEL", 5),
        Column::left("ABOUT", subject),
        Column::left("WHAT", area.width.saturating_sub(11 + 5 + subject + 3)),
    ];
    let shown = Shown {
        len: rows.len(),
        top: state.ui.logs.top(),
        selected: Some(state.ui.logs.index()),
    };
    let (now, zone) = (state.now(), &state.options.zone);
    table::draw(pen, area, &columns, &shown, |i| {
        let line = &rows[i];
        vec![
            Cell::of((units::moment(line.at, now, zone), Meaning::Dim)),
            Cell::of((line.level.to_owned(), meaning(line.level))),
            Cell::name(&line.subject, Meaning::Dim),
            Cell::plain(line.text.clone()),
        ]
    });
    if let Some(line) = rows.get(state.ui.logs.index()) {
        let below = Rect {
            y: whole.y + area.height,
            height: full,
            ..whole
        };
        let age = units::span(line.at.age_at(now));
        let title = format!("{} {age} ago: {}", line.level, line.subject);
        prose(pen, below, &title, std::slice::from_ref(&line.text), &[]);
    }
    if rows.is_empty() {
        pen.left(
            row(area, 1),
            "nothing was logged and nothing went wrong",
            Meaning::Dim,
        );
    }
}

fn meaning(level: &str) -> Meaning {
    match level {
        "ERROR" => Meaning::Urgency(Urgency::Broken),
        "WARN" | "ISSUE" => Meaning::Urgency(Urgency::Worse),
        "INFO" => Meaning::Plain,
        _ => Meaning::Dim,
    }
}
