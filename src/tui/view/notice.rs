//! The line above the last: what is wrong with what is shown, else the most urgent alert.

use ratatui::layout::Rect;

use super::super::glyphs::Urgency;
use super::super::state::State;
use super::super::text::{cut_middle, escape, name, wrap};
use super::super::theme::Meaning;
use super::super::transport::Doing;
use super::super::{units, update::subject};
use super::header::trouble;
use super::paint::{Pen, row};
use crate::model::HealthState;

/// What is said of a source or a cluster that gives no news.
struct Quiet {
    /// A cluster's name.
    of: String,
    /// In a word.
    word: String,
    /// All of it, the name and the word first.
    text: String,
}

/// How many lines it takes: none where there is nothing to say or no room.
pub(in crate::tui) fn height(state: &State) -> u16 {
    let (width, height) = state.size();
    if height < 12 || state.is_reading() {
        return 0;
    }
    match quiet(state) {
        // A reason is read to its end, as far as there is room.
        Some(quiet) => wrap(&quiet.text, width.into(), most(height)).len() as u16,
        None => state.lists.short.worst.is_some().into(),
    }
}

const fn most(height: u16) -> usize {
    match height {
        0..16 => 1,
        16..22 => 2,
        _ => 3,
    }
}

/// What must be said beside the screen: a source that gives no news, a cluster that is down, else the
/// most urgent alert.
pub(super) fn draw(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let Some(Quiet { of, word, text }) = quiet(state) else {
        alert(state, pen, area);
        return;
    };
    for (y, line) in (0..).zip(wrap(&text, area.width.into(), area.height.into())) {
        pen.left(row(area, y), &line, Meaning::Plain);
    }
    let broken = Meaning::Urgency(Urgency::Broken);
    pen.pieces(row(area, 0), &[(&of, Meaning::Strong), (&word, broken)]);
}

fn quiet(state: &State) -> Option<Quiet> {
    let glyphs = state.glyphs();
    let safe = |text: &str| escape(text, glyphs.ascii).into_owned();
    if let Some(Doing { text, why, .. }) = trouble(state) {
        let (word, why) = (safe(text), safe(why.as_deref().unwrap_or_default()));
        return Some(Quiet {
            text: format!("{word}: {why}  (what is shown is the last that came)"),
            of: String::new(),
            word,
        });
    }
    let mut clusters = state.clusters();
    let down = clusters.find(|c| c.health.state == HealthState::Down)?;
    let of = name(down.cluster.as_str(), glyphs.ascii);
    let of = format!("{} ", cut_middle(&of, 24, glyphs.ellipsis));
    let why = down.health.why.as_ref();
    let why = safe(why.map_or("", |w| w.as_str()));
    let age = units::span(down.health.since.age_at(state.now()));
    Some(Quiet {
        text: format!("{of}DOWN for {age}: {why}  (what is shown is the last that was read)"),
        of,
        word: "DOWN".to_owned(),
    })
}

/// `alert FIRING payments-settle time_lag>15m for 31m  (2 more: 3)`.
fn alert(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let short = &state.lists.short;
    let Some(alert) = &short.worst else {
        return;
    };
    let (word, meaning) = super::alerts::state_word(alert.state);
    let about = subject(&alert.labels).map_or_else(String::new, |(_, g)| format!(" {g}"));
    let age = super::alerts::how_long(alert, state.now());
    let more = match short.pressing.saturating_sub(1) {
        0 => String::new(),
        n => format!("  ({n} more: 3)"),
    };
    pen.pieces(
        area,
        &[
            ("alert ", Meaning::Dim),
            (word, meaning),
            (&about, Meaning::Strong),
            (&format!(" {} {age}", alert.name), Meaning::Plain),
            (&more, Meaning::Dim),
        ],
    );
}
