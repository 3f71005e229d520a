//! What a terminal can do and what its user wants, found out once at the start.

use std::sync::Arc;

use super::glyphs::{ASCII, Glyphs, UNICODE};
use super::history::Past;
use super::theme::{Depth, Theme, ThemeName};
use super::transport::Deck;
use crate::model::Timestamp;

/// How to draw, and what to call the source.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is read, in a few words: `demo: poison`, `kafka:9092`. Not part of a snapshot.
    pub source: Arc<str>,
    /// What is being connected to, for the first frame.
    pub connecting_to: Arc<str>,
    /// The choice of colours.
    pub theme: ThemeName,
    /// How many of them there are.
    pub depth: Depth,
    /// Draw with ASCII alone.
    pub ascii: bool,
    /// For times of day.
    pub zone: jiff::tz::TimeZone,
    /// Show only this cluster at first.
    pub cluster: Option<Arc<str>>,
    /// Open this group at first.
    pub group: Option<Arc<str>>,
    /// Show this time at first, if the source keeps its past.
    pub at: Option<Timestamp>,
    /// The source's past, if it has one.
    pub deck: Option<Deck>,
    /// Snapshots of the time before its start, if there are any.
    pub past: Option<Past>,
    /// Allows `:panic`, for tests of what a panic leaves behind.
    pub test_hooks: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            source: "".into(),
            connecting_to: "".into(),
            theme: ThemeName::Dark,
            depth: Depth::True,
            ascii: false,
            zone: jiff::tz::TimeZone::UTC,
            cluster: None,
            group: None,
            at: None,
            deck: None,
            past: None,
            test_hooks: false,
        }
    }
}

impl Options {
    /// As the environment says: `TERM`, `COLORTERM`, `NO_COLOR`, the locale, `LAGGARD_THEME`,
    /// `LAGGARD_ASCII`. `var` is where a variable is looked up.
    pub fn from_env(var: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| var(name).is_some_and(|v| !v.is_empty());
        Self {
            theme: var("LAGGARD_THEME")
                .and_then(|t| ThemeName::named(&t))
                .unwrap_or_default(),
            depth: depth(&var),
            ascii: set("LAGGARD_ASCII") || !knows_utf8(&var),
            zone: jiff::tz::TimeZone::system(),
            test_hooks: set("LAGGARD_TEST_HOOKS"),
            ..Self::default()
        }
    }

    /// Whether a terminal can place a cursor at all; where it cannot, print a table instead.
    pub fn can_draw(var: impl Fn(&str) -> Option<String>) -> bool {
        var("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
    }

    pub(super) fn glyphs(&self) -> Glyphs {
        if self.ascii { ASCII } else { UNICODE }
    }

    pub(super) fn look(&self) -> Theme {
        Theme {
            name: self.theme,
            depth: self.depth,
        }
    }
}

fn depth(var: &impl Fn(&str) -> Option<String>) -> Depth {
    let term = var("TERM").unwrap_or_default();
    let many = var("COLORTERM").unwrap_or_default();
    if var("NO_COLOR").is_some_and(|v| !v.is_empty())
        || matches!(term.as_str(), "" | "dumb")
        || term.starts_with("vt")
        || term.ends_with("-m")
        || term.ends_with("-mono")
    {
        Depth::None
    } else if matches!(many.as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
        Depth::True
    } else if term.contains("256") {
        Depth::Indexed
    } else {
        Depth::Sixteen
    }
}

/// By the locale, the first of the three variables that is set; the Linux console and dumb
/// terminals have no glyphs for most of it.
fn knows_utf8(var: &impl Fn(&str) -> Option<String>) -> bool {
    let term = var("TERM").unwrap_or_default();
    if matches!(term.as_str(), "" | "dumb" | "linux") || term.starts_with("vt") {
        return false;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| var(name).filter(|v| !v.is_empty()))
        .unwrap_or_default()
        .to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&'static str, &'static str)]) -> Options {
        Options::from_env(|name| {
            pairs
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn terminals_are_told_apart() {
        let utf = ("LANG", "de_DE.UTF-8");
        for (pairs, depth, ascii) in [
            (vec![("TERM", "xterm"), utf], Depth::Sixteen, false),
            (vec![("TERM", "xterm-256color"), utf], Depth::Indexed, false),
            (
                vec![("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), utf],
                Depth::True,
                false,
            ),
            (vec![("TERM", "screen"), utf], Depth::Sixteen, false),
            (vec![("TERM", "linux"), utf], Depth::Sixteen, true),
            (vec![("TERM", "dumb"), utf], Depth::None, true),
            (vec![("TERM", "vt100"), utf], Depth::None, true),
            (vec![("TERM", "xterm"), ("LANG", "C")], Depth::Sixteen, true),
            (vec![("TERM", "xterm")], Depth::Sixteen, true),
            (
                vec![("TERM", "xterm"), ("LC_ALL", "C"), utf],
                Depth::Sixteen,
                true,
            ),
            (
                vec![("TERM", "xterm"), ("NO_COLOR", "1"), utf],
                Depth::None,
                false,
            ),
            (
                vec![("TERM", "xterm"), ("NO_COLOR", ""), utf],
                Depth::Sixteen,
                false,
            ),
        ] {
            let options = env(&pairs);
            assert_eq!((options.depth, options.ascii), (depth, ascii), "{pairs:?}");
        }
    }

    #[test]
    fn a_dumb_terminal_gets_a_table() {
        assert!(!Options::can_draw(|_| Some("dumb".to_owned())));
        assert!(!Options::can_draw(|_| None));
        assert!(Options::can_draw(|_| Some("linux".to_owned())));
    }
}
