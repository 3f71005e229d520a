//! A plain table: columns as wide as their widest cell, the first text column cut in its middle
//! when the whole would be too wide.

use std::io::{self, Write};

use crate::words::text::{cut_middle, width};

/// A column's head and how its cells stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) head: &'static str,
    pub(super) right: bool,
    /// May be cut to no less than this many cells.
    pub(super) shrinks_to: Option<usize>,
}

/// A column of words.
pub(super) const fn words(head: &'static str) -> Column {
    Column {
        head,
        right: false,
        shrinks_to: None,
    }
}

/// A column of names, which may be cut.
pub(super) const fn names(head: &'static str) -> Column {
    Column {
        head,
        right: false,
        shrinks_to: Some(12),
    }
}

/// A column of numbers.
pub(super) const fn numbers(head: &'static str) -> Column {
    Column {
        head,
        right: true,
        shrinks_to: None,
    }
}

/// Writes rows under their heads, `most` cells wide at the most if names can be cut that far.
pub(super) fn write(
    columns: &[Column],
    rows: &[Vec<String>],
    most: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let widths = widths(columns, rows, most);
    let heads: Vec<String> = columns.iter().map(|c| c.head.to_owned()).collect();
    for row in std::iter::once(&heads).chain(rows) {
        let mut line = String::new();
        for ((column, wide), cell) in columns.iter().zip(&widths).zip(row) {
            let cell = cut_middle(cell, *wide, "…");
            let pad = " ".repeat(wide.saturating_sub(width(&cell)));
            if !line.is_empty() {
                line.push_str("  ");
            }
            if column.right {
                line.push_str(&pad);
                line.push_str(&cell);
            } else {
                line.push_str(&cell);
                line.push_str(&pad);
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn widths(columns: &[Column], rows: &[Vec<String>], most: Option<usize>) -> Vec<usize> {
    let widest = |i: usize| rows.iter().map(|r| width(&r[i])).max().unwrap_or(0);
    let mut widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(i, c)| widest(i).max(width(c.head)))
        .collect();
    let gaps = 2 * columns.len().saturating_sub(1);
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(most.unwrap_or(usize::MAX));
    for (column, wide) in columns.iter().zip(&mut widths) {
        if let Some(least) = column.shrinks_to {
            let cut = over.min(wide.saturating_sub(least));
            *wide -= cut;
            over -= cut;
        }
    }
    widths
}
