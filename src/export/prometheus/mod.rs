//! Prometheus' text format and OpenMetrics, straight from the snapshot into a writer.
//!
//! In: a [`Scope`] and the process' own metrics as text. Out: lines, in pieces of some 32 KiB, so
//! that memory does not grow with the number of series. It keeps nothing from one snapshot to the
//! next: a series that the snapshot has not is not written. No timestamps: they would break
//! Prometheus' own staleness.

mod format;
mod internals;
mod number;
mod text;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use crate::catalog::{Kind, Scope, Series, Unit};

pub use format::Format;

/// How much is gathered before it goes to the writer.
const PIECE: usize = 32 * 1024;

/// Writes every series of `scope`, then `internals`, which is in the text format.
///
/// # Errors
///
/// What `out` says.
pub fn write(
    scope: &Scope<'_>,
    format: Format,
    internals: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut pieces = Pieces {
        text: Vec::with_capacity(PIECE + 4096),
        out,
        result: Ok(()),
    };
    for exported in scope.series() {
        let series = exported.series;
        let mut head = false;
        scope.samples(exported, &mut |labels, value| {
            if pieces.result.is_err() {
                return;
            }
            if !head {
                head = true;
                head_of(&mut pieces.text, series, format);
            }
            text::sample(&mut pieces.text, series.name, labels, value);
            pieces.pass_on(PIECE);
        });
    }
    match format {
        Format::Text => pieces.text.extend_from_slice(internals.as_bytes()),
        Format::OpenMetrics => {
            internals::write(&mut pieces.text, internals);
            pieces.text.extend_from_slice(b"# EOF\n");
        }
    }
    pieces.pass_on(1);
    pieces.result
}

/// HELP, TYPE and, in OpenMetrics, UNIT. State sets are gauges in both formats: OpenMetrics would
/// have their label called like the series, and queries would differ with the format.
fn head_of(out: &mut Vec<u8>, series: &Series, format: Format) {
    let open = format == Format::OpenMetrics;
    let info = open && series.kind == Kind::Info;
    let family = match series.name.strip_suffix("_info") {
        Some(family) if info => family,
        _ => series.name,
    };
    let unit = match series.unit {
        Unit::Seconds | Unit::UnixSeconds if open && family.ends_with("_seconds") => "seconds",
        Unit::Bytes if open && family.ends_with("_bytes") => "bytes",
        _ => "",
    };
    let kind = if info { "info" } else { "gauge" };
    text::head(out, family, series.help, kind, unit, open);
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
