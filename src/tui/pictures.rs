//! The pictures of `docs/terminal.md`, made from the real screens: text as text, so that they can
//! be searched and read aloud.
//!
//! `INSTA_UPDATE=always cargo test --lib pictures` writes them; the same test fails when they are
//! stale.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::screens::state;
use super::{Key, Options, picture, samples};

const CELL: (u16, u16) = (8, 17);
const PAPER: &str = "#14181f";
const INK: &str = "#d7dce5";

fn colour(colour: Color, or: &str) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => or.to_owned(),
    }
}

/// Foreground and background of a cell, turned round where it is reversed.
fn colours(cell: &Cell) -> (String, String) {
    let pair = (colour(cell.fg, INK), colour(cell.bg, PAPER));
    if cell.modifier.contains(Modifier::REVERSED) {
        (pair.1, pair.0)
    } else {
        pair
    }
}

fn weight(cell: &Cell) -> &'static str {
    if cell.modifier.contains(Modifier::UNDERLINED) {
        " font-weight=\"bold\" text-decoration=\"underline\""
    } else if cell.modifier.contains(Modifier::BOLD) {
        " font-weight=\"bold\""
    } else {
        ""
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A screen as SVG.
fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let (width, height) = (columns * CELL.0 + 16, rows * CELL.1 + 16);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"13.3\" xml:space=\"preserve\">\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for y in 0..rows {
        let mut x = 0;
        while x < columns {
            let from = &buffer[(x, y)];
            let alike = |c: &Cell| colours(c) == colours(from) && weight(c) == weight(from);
            let end = (x..columns)
                .find(|i| !alike(&buffer[(*i, y)]))
                .unwrap_or(columns);
            let text: String = (x..end).map(|i| buffer[(i, y)].symbol()).collect();
            run(&mut out, (x, y), end - x, from, &text);
            x = end;
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Cells next to each other that look alike.
fn run(out: &mut String, (x, y): (u16, u16), cells: u16, cell: &Cell, text: &str) {
    let (fg, bg) = colours(cell);
    let (left, top, wide) = (8 + x * CELL.0, 8 + y * CELL.1, cells * CELL.0);
    if bg != PAPER {
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{}\" fill=\"{bg}\"/>",
            CELL.1
        );
    }
    if !text.trim().is_empty() {
        let _ = writeln!(
            out,
            "<text x=\"{left}\" y=\"{}\" textLength=\"{wide}\" fill=\"{fg}\"{}>{}</text>",
            top + 13,
            weight(cell),
            escape(text)
        );
    }
}

#[test]
fn pictures_are_fresh() {
    let open = [Key::Enter];
    let heat = [Key::Enter, Key::Char('h')];
    let shots: [(&str, (u16, u16), &[Key]); 5] = [
        ("groups", (100, 18), &[]),
        ("group", (100, 28), &open),
        ("heat", (100, 24), &heat),
        ("topics", (100, 10), &[Key::Char('2')]),
        ("advice", (100, 20), &[Key::Char('4')]),
    ];
    let mut stale = Vec::new();
    for (name, size, keys) in shots {
        let fresh = svg(&picture(&state(
            samples::telling(),
            size,
            keys,
            Options::default(),
        )));
        if !crate::held::is_fresh(&format!("docs/terminal/{name}.svg"), &fresh) {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "{stale:?}: INSTA_UPDATE=always cargo test --lib pictures"
    );
}
