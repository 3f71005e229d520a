//! Text in HTML, and what all pages share.

use std::fmt::{self, Display, Write};

use crate::model::{Reading, Span, Status, Timestamp, Why};
use crate::words::{text, units};

const STYLE: &str = include_str!("style.css");

/// A page's beginning. `title` is escaped here.
pub(super) fn head(out: &mut String, title: &str) -> fmt::Result {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"30\">\n\
         <title>{}</title>\n<style>{STYLE}</style></head><body>\n",
        Text(title)
    )
}

/// Text from anywhere: made visible first, then harmless.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in text::escape(self.0, false).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A group's name where it must be seen: one may be empty.
pub(super) struct Name<'a>(pub(super) &'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("<i>(empty name)</i>"),
            name => Text(name).fmt(f),
        }
    }
}

/// A status in words, coloured by how bad it is.
pub(super) fn status(status: Status) -> String {
    let class = if status.is_trouble() {
        "bad"
    } else if matches!(status, Status::Ok | Status::Idle | Status::Steady) {
        "good"
    } else {
        "warn"
    };
    let words = status.name().replace('_', " ");
    format!("<b class=\"{class}\">{words}</b>")
}

/// A reading: its value, with why it is stale or unknown.
pub(super) fn reading<T: Copy>(
    reading: &Reading<T>,
    now: Timestamp,
    show: impl Fn(T) -> String,
) -> String {
    let why = || {
        reading
            .why()
            .map_or(String::new(), |w| Text(w.as_str()).to_string())
    };
    match (reading.value(), reading.stale_since()) {
        (None, _) => format!("unknown<small>{}</small>", why()),
        (Some(value), Some(since)) => format!(
            "{}<small class=\"warn\">read {} ago: {}</small>",
            show(value),
            units::span(since.age_at(now)),
            why()
        ),
        (Some(value), None) => show(value),
    }
}

/// A reading in a table's cell, with no reason.
pub(super) fn cell<T: Copy>(reading: &Reading<T>, show: impl Fn(T) -> String) -> String {
    // Older than all that is known is worth more than the word unknown.
    let older = reading.is_unknown() && reading.why() == Some(&Why::BEFORE_HISTORY);
    if let Some(low) = reading.low().filter(|_| older) {
        return format!("≥ {}", show(low));
    }
    let compacted = reading.is_known() && reading.why() == Some(&Why::COMPACTED);
    let mark = if compacted { "≤ " } else { "" };
    let value = reading.value().map(|v| format!("{mark}{}", show(v)));
    match (value, reading.is_stale()) {
        (None, _) => "<span class=\"dim\">unknown</span>".to_owned(),
        (Some(value), true) => format!("<span class=\"warn\">{value} (stale)</span>"),
        (Some(value), false) => value,
    }
}

/// An instant to the second.
pub(super) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let second = text.split('.').next().unwrap_or(&text);
    format!("{} UTC", second.replace('T', " "))
}

/// How long ago.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let age = at.age_at(now).max(Span::ZERO);
    format!("{} ago", units::span(age))
}
