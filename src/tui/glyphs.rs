//! The signs that screens are made of, in Unicode and in plain ASCII.
//!
//! A status is a glyph and a word before it is a colour: the glyphs here are ASCII in both sets.

use crate::model::Status;

/// One set of signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyphs {
    /// Everything is ASCII.
    pub ascii: bool,
    /// Something is unknown. Never a 0.
    pub unknown: &'static str,
    /// Something was left out.
    pub ellipsis: &'static str,
    /// At least.
    pub at_least: &'static str,
    /// Before an upper bound.
    pub at_most: &'static str,
    /// Between two parts of a path.
    pub crumb: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// A vertical rule.
    pub bar: &'static str,
    /// Eight heights, lowest first.
    pub heights: [&'static str; 8],
    /// Five shades, none first.
    pub shades: [&'static str; 5],
    /// Sorted downwards.
    pub down: &'static str,
    /// Sorted upwards.
    pub up: &'static str,
    /// From one to another.
    pub range: &'static str,
    /// A list's bullet.
    pub bullet: &'static str,
    /// From what is to what would be.
    pub to: &'static str,
}

/// For terminals that know UTF-8.
pub(super) const UNICODE: Glyphs = Glyphs {
    ascii: false,
    unknown: "–",
    ellipsis: "…",
    at_least: "≥",
    at_most: "≤",
    crumb: "›",
    rule: "─",
    bar: "│",
    heights: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    shades: ["·", "░", "▒", "▓", "█"],
    down: "▾",
    up: "▴",
    range: "–",
    bullet: "•",
    to: "→",
};

/// For all others.
pub(super) const ASCII: Glyphs = Glyphs {
    ascii: true,
    unknown: "-",
    ellipsis: "..",
    at_least: ">",
    at_most: "<=",
    crumb: ">",
    rule: "-",
    bar: "|",
    heights: ["_", "_", ".", ".", "-", "-", "=", "#"],
    shades: [".", ":", "+", "*", "#"],
    down: "v",
    up: "^",
    range: "..",
    bullet: "*",
    to: "->",
};

/// How urgently someone should look, worst first: what a status' glyph and colour say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Urgency {
    /// Broken: data is lost, or nothing moves.
    Broken,
    /// Getting worse.
    Worse,
    /// Cannot be said.
    Unknown,
    /// Behind, but not getting worse.
    Mending,
    /// Fine.
    Fine,
    /// Nothing to do.
    Idle,
}

impl Urgency {
    /// All of them, worst first.
    pub(super) const ALL: [Self; 6] = [
        Self::Broken,
        Self::Worse,
        Self::Unknown,
        Self::Mending,
        Self::Fine,
        Self::Idle,
    ];

    /// That of a status.
    pub(super) const fn of(status: Status) -> Self {
        match status {
            Status::DataLoss
            | Status::Truncated
            | Status::Recreated
            | Status::Stopped
            | Status::Stalled
            | Status::TxnBlocked
            | Status::Rewound
            | Status::Unassigned => Self::Broken,
            Status::FallingBehind | Status::Suspect => Self::Worse,
            Status::Unknown | Status::NeverCommitted | Status::CommitExpired => Self::Unknown,
            Status::Recovering | Status::Steady => Self::Mending,
            Status::Ok => Self::Fine,
            Status::Idle => Self::Idle,
        }
    }

    /// Its sign, the same on every terminal.
    pub(super) const fn glyph(self) -> &'static str {
        match self {
            Self::Broken => "!",
            Self::Worse => "^",
            Self::Unknown => "?",
            Self::Mending => "~",
            Self::Fine => " ",
            Self::Idle => ".",
        }
    }
}

/// `! STALL`: glyph and word. A word that is its own glyph is not said twice.
pub(super) fn status_text(status: Status) -> String {
    let (glyph, word) = (Urgency::of(status).glyph(), status.word());
    if glyph == word {
        word.to_owned()
    } else {
        format!("{glyph} {word}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_reads_apart_without_colour() {
        let texts: std::collections::BTreeSet<_> = Status::ALL.map(status_text).into();
        assert_eq!(texts.len(), Status::ALL.len());
        assert!(texts.iter().all(|t| t.is_ascii() && t.len() <= 8));
    }

    #[test]
    fn worse_statuses_never_have_milder_glyphs() {
        assert!(Status::ALL.map(Urgency::of).is_sorted());
    }

    #[test]
    fn the_ascii_set_is_ascii() {
        let ascii = format!("{ASCII:?}");
        assert!(ascii.is_ascii() && !format!("{UNICODE:?}").is_ascii());
    }
}
