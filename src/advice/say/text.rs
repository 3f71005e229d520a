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

/// A name as one word of a POSIX shell.
pub(super) fn word(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-:=/,@%+$".contains(c);
    if !name.is_empty() && name.chars().all(is_plain) && !name.contains('$') {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_word() {
        assert_eq!(word("payments-settle"), "payments-settle");
        assert_eq!(word("a b"), "'a b'");
        assert_eq!(word("x'; rm -rf /; '"), "'x'\\''; rm -rf /; '\\'''");
        assert_eq!(word("$(id)"), "'$(id)'");
        assert_eq!(word(""), "''");
    }
}
