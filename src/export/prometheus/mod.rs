//! Prometheus' text format, written straight from a snapshot through the catalog.
//!
//! In: a snapshot, what is wanted of the catalog, and the process' own metrics as text. Out: the
//! body, in pieces, to any writer: its memory does not grow with the body. A pure function of the
//! snapshot: a series that the snapshot has not is not written. No timestamps: they would break
//! Prometheus' own staleness.

mod number;
mod text;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use crate::catalog::{self, Kind, Options};
use crate::model::Snapshot;

/// The media type of [`write()`]'s output. Without it, Prometheus 3 takes a target for down.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How much is gathered before it goes to the writer.
const PIECE: usize = 32 * 1024;

/// Writes every series of `snapshot`, then `internals`, which is text in the same format.
///
/// # Errors
///
/// What `out` says.
pub fn write(
    snapshot: &Snapshot,
    options: &Options,
    internals: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut pieces = Pieces {
        text: Vec::with_capacity(PIECE + 4096),
        out,
        result: Ok(()),
    };
    for series in catalog::all() {
        let mut head = false;
        series.samples(snapshot, options, &mut |labels, value| {
            if pieces.result.is_err() {
                return;
            }
            if !head {
                head = true;
                text::head(
                    &mut pieces.text,
                    series.name,
                    series.help,
                    type_of(series.kind),
                );
            }
            text::sample(&mut pieces.text, series.name, labels, value);
            pieces.pass_on(PIECE);
        });
    }
    pieces.text.extend_from_slice(internals.as_bytes());
    pieces.pass_on(1);
    pieces.result
}

/// The text format knows neither infos nor state sets.
fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Gauge | Kind::Info | Kind::StateSet => "gauge",
    }
}

struct Pieces<'a> {
    text: Vec<u8>,
    out: &'a mut dyn Write,
    result: io::Result<()>,
}

impl Pieces<'_> {
    /// Gives the text to the writer once it is at least `size` bytes long.
    fn pass_on(&mut self, size: usize) {
        if self.text.len() >= size && self.result.is_ok() {
            self.result = self.out.write_all(&self.text);
            self.text.clear();
        }
    }
}
