//! Numbers and names inside sentences and commands.

use crate::model::Span;

/// Records a second.
pub(super) fn rate(per_second: f64) -> String {
    if per_second < 10.0 {
        format!("{per_second:.1}")
    } else {
        format!("{per_second:.0}")
    }
}

/// So many of something.
pub(super) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// A span in seconds, as people say it.
pub(super) fn seconds(seconds: f64) -> String {
    Span::from_secs(seconds.round() as i64).to_string()
}
