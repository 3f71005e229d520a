//! Tables: a heading that stays, rows below it, the selected one marked. Only rows that can be
//! seen are made.

use ratatui::layout::Rect;

use super::super::theme::Meaning;
use super::paint::{Pen, row};

/// A column as it is drawn.
pub(super) struct Column {
    /// Its heading.
    pub(super) title: String,
    /// Its width.
    pub(super) width: u16,
    /// Set to the right.
    pub(super) right: bool,
}

impl Column {
    /// Set to the left.
    pub(super) fn left(title: &str, width: u16) -> Self {
        Self {
            title: title.to_owned(),
            width,
            right: false,
        }
    }

    /// Set to the right.
    pub(super) fn right(title: &str, width: u16) -> Self {
        Self {
            right: true,
            ..Self::left(title, width)
        }
    }
}

/// A cell.
pub(super) struct Cell {
    /// What it says.
    pub(super) text: String,
    /// What that means.
    pub(super) meaning: Meaning,
    /// A name: cut in its middle.
    pub(super) name: bool,
    /// Said at the right end of the cell, dim.
    pub(super) note: String,
}

impl Cell {
    /// A plain one.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::of((text.into(), Meaning::Plain))
    }

    /// With its meaning.
    pub(super) fn of((text, meaning): (String, Meaning)) -> Self {
        Self {
            text,
            meaning,
            name: false,
            note: String::new(),
        }
    }

    /// A name.
    pub(super) fn name(text: &str, meaning: Meaning) -> Self {
        Self {
            name: true,
            ..Self::of((text.to_owned(), meaning))
        }
    }
}

/// What part of a list is shown.
pub(super) struct Shown {
    /// How many rows there are.
    pub(super) len: usize,
    /// The first that is shown.
    pub(super) top: usize,
    /// The one that is selected.
    pub(super) selected: Option<usize>,
}

/// Draws a table; `make` makes the cells of a row.
pub(super) fn draw(
    pen: &mut Pen<'_>,
    area: Rect,
    columns: &[Column],
    shown: &Shown,
    make: impl Fn(usize) -> Vec<Cell>,
) {
    if area.height == 0 {
        return;
    }
    heading(pen, row(area, 0), columns);
    let height = usize::from(area.height - 1);
    for (line, index) in (shown.top..shown.len).take(height).enumerate() {
        let at = row(area, line as u16 + 1);
        cells(pen, at, columns, &make(index));
        if shown.selected == Some(index) {
            pen.tint(at, Meaning::Selected);
        }
    }
}

fn heading(pen: &mut Pen<'_>, area: Rect, columns: &[Column]) {
    each(area, columns, |at, column| {
        if column.right {
            pen.right(at, &column.title, Meaning::Title);
        } else {
            pen.left(at, &column.title, Meaning::Title);
        }
    });
}

fn cells(pen: &mut Pen<'_>, area: Rect, columns: &[Column], cells: &[Cell]) {
    let mut next = cells.iter();
    each(area, columns, |at, column| {
        let Some(cell) = next.next() else { return };
        if column.right {
            pen.right(at, &cell.text, cell.meaning);
        } else if cell.name {
            name(pen, at, cell);
        } else {
            pen.left(at, &cell.text, cell.meaning);
        }
    });
}

/// The note gives way to the name as far as a dozen cells.
fn name(pen: &mut Pen<'_>, at: Rect, cell: &Cell) {
    let note = super::super::text::width(&cell.note) as u16;
    let note = if note > 0 && note + 13 <= at.width {
        note
    } else {
        0
    };
    if note > 0 {
        pen.right(at, &cell.note, Meaning::Dim);
    }
    let room = at.width - note - u16::from(note > 0);
    pen.name(Rect { width: room, ..at }, &cell.text, cell.meaning);
}

fn each(area: Rect, columns: &[Column], mut f: impl FnMut(Rect, &Column)) {
    let mut x = 0;
    for column in columns {
        if x >= area.width {
            break;
        }
        let width = column.width.min(area.width - x);
        f(Rect::new(area.x + x, area.y, width, 1), column);
        x += column.width + super::super::columns::GAP;
    }
}
