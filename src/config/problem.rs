//! What is wrong with a configuration, how to mend it, and how that is printed.
//!
//! Problems are collected, never returned at the first one: whoever mends a file wants to mend it
//! once.

use std::fmt::{self, Write as _};
use std::path::Path;

use super::place::{Place, visible};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gravity {
    /// Nothing starts.
    Error,
    /// It runs, but perhaps not as meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    gravity: Gravity,
    message: String,
    place: Option<Place>,
    also: Option<Place>,
    hint: Option<String>,
}

impl Problem {
    /// An error.
    pub(crate) fn error(place: impl Into<Option<Place>>, message: impl Into<String>) -> Self {
        Self {
            gravity: Gravity::Error,
            message: message.into(),
            place: place.into(),
            also: None,
            hint: None,
        }
    }

    /// A warning.
    pub(crate) fn warning(place: impl Into<Option<Place>>, message: impl Into<String>) -> Self {
        Self {
            gravity: Gravity::Warning,
            ..Self::error(place, message)
        }
    }

    /// With how to mend it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With how to mend it, if that is known.
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// With the second place that it is about.
    pub(crate) fn also(mut self, place: Place) -> Self {
        self.also = Some(place);
        self
    }

    /// Files first, in name order, from their top to their end.
    pub(crate) fn order(&self) -> (bool, Option<(&Path, usize)>) {
        let position = self.place.as_ref().and_then(Place::position);
        (position.is_none(), position)
    }

    /// How bad it is.
    pub fn gravity(&self) -> Gravity {
        self.gravity
    }

    /// Whether nothing can start.
    pub fn is_error(&self) -> bool {
        self.gravity == Gravity::Error
    }
}

/// Several lines: what, where with the line shown, how to mend it. No newline at the end.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.gravity {
            Gravity::Error => "error",
            Gravity::Warning => "warning",
        };
        write!(f, "{word}: {}", visible(&self.message))?;
        for (arrow, place) in [("-->", &self.place), ("and", &self.also)] {
            if let Some(place) = place {
                write!(f, "\n  {arrow} {}", visible(&place.name()))?;
                f.write_str(&excerpt(place))?;
            }
        }
        if let Some(hint) = &self.hint {
            for (n, line) in hint.lines().enumerate() {
                let begin = if n == 0 { "help:" } else { "     " };
                write!(f, "\n  {begin} {}", visible(line))?;
            }
        }
        Ok(())
    }
}

/// The line that a place points at, underlined.
fn excerpt(place: &Place) -> String {
    let mut text = String::new();
    let Some(line) = place.line() else {
        return text;
    };
    let number = line.number.to_string();
    let gutter = " ".repeat(number.len());
    let _ = write!(text, "\n  {gutter} |\n  {number} | {}", line.text);
    let (indent, width) = (line.mark.start, line.mark.len().max(1));
    let _ = write!(
        text,
        "\n  {gutter} | {}{}",
        " ".repeat(indent),
        "^".repeat(width)
    );
    text
}

/// All of them, as they are printed: a blank line between two.
pub fn print(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let _ = write!(text, "{problem}\n\n");
    }
    let errors = problems.iter().filter(|p| p.is_error()).count();
    let warnings = problems.len() - errors;
    let counted = |n: usize, word: &str| match n {
        0 => None,
        1 => Some(format!("1 {word}")),
        n => Some(format!("{n} {word}s")),
    };
    let counts: Vec<_> = [counted(errors, "error"), counted(warnings, "warning")]
        .into_iter()
        .flatten()
        .collect();
    if problems.len() > 1 {
        let _ = writeln!(text, "{}", counts.join(", "));
    } else {
        text.truncate(text.trim_end().len());
        text.extend((!problems.is_empty()).then_some('\n'));
    }
    text
}

/// The candidate that a mistyped word most likely means: near enough to be no guess.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |s: &str| s.to_ascii_lowercase().replace(['-', '_', '.', ' '], "");
    let word = plain(word);
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(&word, &plain(c)), c))
        .filter(|(distance, c)| *distance <= (c.len().max(word.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

/// `nearest` as a hint, else the list of what there is.
pub fn did_you_mean(word: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", candidates.join(", ")),
    }
}
