//! The last lines that the program itself has logged, kept in memory for the Logs screen: while
//! the screen is drawn on, nothing may be written to the terminal.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::model::{Clock, Timestamp};

/// Most lines kept.
const LINES: usize = 2000;
/// Longest line kept, in bytes.
const LINE: usize = 2000;

/// One line.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// Counted from 1.
    pub n: u64,
    /// When.
    pub at: Timestamp,
    /// How loud.
    pub level: Level,
    /// Which part of the program.
    pub target: String,
    /// Message and fields.
    pub text: String,
}

/// The ring; clones share it.
#[derive(Clone, Debug, Default)]
pub struct LogRing {
    lines: Arc<Mutex<VecDeque<LogLine>>>,
    count: Arc<AtomicU64>,
}

impl LogRing {
    /// Takes a line in.
    pub fn push(&self, at: Timestamp, level: Level, target: &str, text: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let n = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if lines.len() == LINES {
            lines.pop_front();
        }
        let end = (0..=text.len().min(LINE))
            .rev()
            .find(|i| text.is_char_boundary(*i))
            .unwrap_or(0);
        lines.push_back(LogLine {
            n,
            at,
            level,
            target: target.to_owned(),
            text: text[..end].to_owned(),
        });
    }

    /// How many lines there ever were: changes with each.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Those that are kept, oldest first.
    pub fn lines(&self) -> Vec<LogLine> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }

    /// A layer that writes events into the ring, stamped by `clock`.
    pub fn layer(&self, clock: Clock) -> RingLayer {
        RingLayer {
            ring: self.clone(),
            clock,
        }
    }
}

/// Writes events into a [`LogRing`].
pub struct RingLayer {
    ring: LogRing,
    clock: Clock,
}

impl<S: Subscriber> Layer<S> for RingLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        let meta = event.metadata();
        let text = format!("{}{}", line.message, line.fields);
        self.ring
            .push((self.clock)(), *meta.level(), meta.target(), &text);
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = if field.name() == "message" {
            write!(self.message, "{value}")
        } else {
            write!(self.fields, " {}={value}", field.name())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn events_come_in_with_their_fields_and_old_ones_go() {
        let ring = LogRing::default();
        let clock: Clock = Arc::new(|| Timestamp::from_millis(7));
        let subscriber = tracing_subscriber::registry().with(ring.layer(clock));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(broker = 2, why = "timed out", "no answer");
        });
        let lines = ring.lines();
        assert_eq!(lines[0].text, "no answer broker=2 why=timed out");
        assert_eq!((lines[0].level, lines[0].n), (Level::WARN, 1));
        for _ in 0..LINES {
            ring.push(Timestamp::from_millis(8), Level::INFO, "t", "x");
        }
        assert_eq!((ring.lines().len(), ring.lines()[0].n), (LINES, 2));
        assert_eq!(ring.count(), LINES as u64 + 1);
    }
}
