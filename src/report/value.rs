//! Readings as cells: stale ones and bounds marked, unknown ones a dash, never 0.

use crate::model::{Eta, GroupSnapshot, Reading, TimeLag, Timestamp, Why};
use crate::words::units;

/// What stands for an unknown value.
const UNKNOWN: &str = "-";

/// A cell of a reading: `~` before a stale value, `≥` before a lower bound, `≤` before an upper one.
fn cell<T: Copy>(reading: &Reading<T>, write: impl Fn(T) -> String) -> String {
    let Some(value) = reading.value() else {
        return UNKNOWN.to_owned();
    };
    let open = reading.bounds().is_some_and(|b| b.high.is_none());
    let mark = match (reading.is_stale(), open) {
        (true, _) => "~",
        (false, true) => "≥",
        (false, false) if reading.why() == Some(&Why::COMPACTED) => "≤",
        (false, false) => "",
    };
    format!("{mark}{}", write(value))
}

/// Records, to the last one.
pub(super) fn records(reading: &Reading<i64>) -> String {
    cell(reading, |v| v.to_string())
}

/// Records a second.
pub(super) fn rate(reading: &Reading<f64>) -> String {
    cell(reading, units::rate)
}

/// A time lag as an age at `now`.
pub(super) fn age(reading: &Reading<TimeLag>, now: Timestamp) -> String {
    let age = reading.age(now);
    match (age.value(), age.low()) {
        // Older than all that is known.
        (None, Some(low)) => format!("≥{}", units::span(low)),
        _ => cell(&age, units::span),
    }
}

/// When it will have caught up.
pub(super) fn eta(group: &GroupSnapshot, now: Timestamp) -> String {
    cell(&group.eta, |eta| match eta {
        Eta::CaughtUp => String::new(),
        Eta::Never => "never".to_owned(),
        Eta::At { at, .. } => units::span(now.age_at(at)),
    })
}
