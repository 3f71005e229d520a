//! The heat map: shades and, below it, what the cell under the cursor says.

use ratatui::layout::Rect;

use super::super::glyphs::status_text;
use super::super::heat::{HeatMap, Shade};
use super::super::state::State;
use super::super::theme::Meaning;
use super::super::units;
use super::paint::{Pen, after, row};
use super::values::reading;
use crate::model::GroupSnapshot;

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, area: Rect, group: &GroupSnapshot) {
    if area.height < 2 {
        let text = "no room for the map: a higher window shows it";
        pen.left(row(area, 0), text, Meaning::Dim);
        return;
    }
    let map = HeatMap::of(group);
    let rows = HeatMap::rows(group);
    let (cursor_row, cursor_column) = state.ui.cell;
    let label = (area.width / 4).clamp(10, 28);
    let room = usize::from(area.width.saturating_sub(label + 1));
    // Few partitions have wide cells.
    let wide = if group.rows.len() * 3 <= room { 3 } else { 1 };
    let width = room / wide;
    // Of a few lines the map gets most: the legend goes first, then what the cell says.
    let said = match area.height {
        0..3 => 0,
        3..5 => 1,
        _ => 2,
    };
    let headed = u16::from(area.height >= 4);
    let height = usize::from(area.height - headed - said);
    // The cursor's row and column are always in sight.
    let top = cursor_row.saturating_sub(height.saturating_sub(1));
    let first = cursor_column.saturating_sub(width.saturating_sub(1));
    if headed > 0 {
        legend(pen, row(area, 0));
    }
    for line in 0..height.min(rows.saturating_sub(top)) {
        let at = row(area, line as u16 + headed);
        let index = top + line;
        let chosen = if index == cursor_row {
            Meaning::Strong
        } else {
            Meaning::Dim
        };
        pen.name(Rect { width: label, ..at }, &map.label(index), chosen);
        for column in first..group.rows.len().min(first + width) {
            let x = at.x + label + 1 + ((column - first) * wide) as u16;
            let cell = Rect::new(x, at.y, wide.min(2) as u16, 1);
            let (sign, meaning) = sign(map.shade(index, column), pen);
            for x in cell.left()..cell.right() {
                pen.sign(x, at.y, sign, meaning);
            }
            if (index, column) == (cursor_row, cursor_column) {
                pen.tint(cell, Meaning::Cursor);
            }
        }
    }
    let below = Rect {
        y: area.y + area.height - said,
        height: said,
        ..area
    };
    if said > 0 {
        under_cursor(state, pen, below, &map, cursor_column);
    }
}

fn sign(shade: Shade, pen: &Pen<'_>) -> (&'static str, Meaning) {
    match shade {
        Shade::Elsewhere => (" ", Meaning::Plain),
        Shade::Unknown => ("?", Meaning::Dim),
        Shade::Level(n) => (pen.glyphs.shades[usize::from(n.min(4))], Meaning::Heat(n)),
    }
}

fn legend(pen: &mut Pen<'_>, area: Rect) {
    pen.rule(area, "");
    let shades = pen.glyphs.shades;
    let mut x = pen.left(after(area, 2), " share of unread records: ", Meaning::Title) + 2;
    let words = ["none", "some", "5%", "20%", "half"];
    for (level, word) in words.iter().enumerate() {
        let text = format!("{} ", shades[level]);
        x += pen.pieces(
            after(area, x),
            &[
                (&text, Meaning::Heat(level as u8)),
                (word, Meaning::Dim),
                ("  ", Meaning::Plain),
            ],
        );
    }
    pen.left(after(area, x), "? unknown ", Meaning::Dim);
}

fn under_cursor(state: &State, pen: &mut Pen<'_>, area: Rect, map: &HeatMap<'_>, column: usize) {
    let Some(view) = map.column(column) else {
        return;
    };
    let (now, g) = (state.now(), pen.glyphs);
    let r = view.row();
    let name = format!("{}-{}", view.topic().topic, view.partition());
    let (word, meaning) = view.status().map_or_else(
        || ("outside".to_owned(), Meaning::Dim),
        |s| (status_text(s), Meaning::of(s)),
    );
    let x = pen.pieces(area, &[(&word, meaning), ("  ", Meaning::Plain)]);
    pen.name(
        Rect {
            height: 1,
            ..after(area, x)
        },
        &name,
        Meaning::Strong,
    );
    let offset = |n: i64| n.to_string();
    let arrival = view.log().map_or_else(
        || g.unknown.to_owned(),
        |l| reading(&l.arrival_rate, &g, units::rate).0,
    );
    let old = r.effective_lag.stale_since().map_or_else(String::new, |s| {
        format!("  ({} old)", units::span(s.age_at(now)))
    });
    let text = format!(
        "end {}  committed {}  lag {}  behind {}  in {arrival}/s  out {}/s{old}",
        reading(&view.log_end_offset(), &g, offset).0,
        reading(&r.committed_offset, &g, offset).0,
        reading(&view.lag(), &g, units::count).0,
        reading(&r.time_lag.age(now), &g, units::span).0,
        reading(&r.consume_rate, &g, units::rate).0,
    );
    pen.left(row(area, 1), &text, Meaning::Plain);
}
