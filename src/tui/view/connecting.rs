//! Before anything was read: what is being connected to, and how that goes.

use ratatui::layout::Rect;

use super::super::glyphs::Urgency;
use super::super::state::State;
use super::super::text::{escape, width, wrap};
use super::super::theme::Meaning;
use super::super::transport::Doing;
use super::super::units;
use super::header::trouble;
use super::paint::{Pen, after, row};
use crate::model::HealthState;

/// Before anything was read: what is being connected to, and how that goes.
pub(super) fn draw(state: &State, pen: &mut Pen<'_>, body: Rect) {
    let ellipsis = pen.glyphs.ellipsis;
    let mut line = 1.min(body.height.saturating_sub(1));
    pen.left(
        row(body, line),
        &format!("  reading {ellipsis}"),
        Meaning::Strong,
    );
    line += 1;
    if !state.options.connecting_to.is_empty() {
        let text = format!("  connecting to {}", state.options.connecting_to);
        pen.left(row(body, line), &text, Meaning::Dim);
        line += 1;
    }
    let broken = Meaning::Urgency(Urgency::Broken);
    if let Some(Doing { text, why, .. }) = trouble(state) {
        let why = why.as_deref().unwrap_or_default();
        let taken = pen.left(row(body, line + 1), &format!("  {text}"), broken);
        line += 1;
        line += reason(pen, below(body, line), taken, why) - 1;
    }
    if let Some(why) = &state.ui.missed {
        let at = state.ui.paused.unwrap_or(state.clock);
        let text = format!("  cannot show {at}");
        let taken = pen.left(row(body, line + 1), &text, Meaning::Strong);
        line += 1;
        line += reason(pen, below(body, line), taken, why);
        pen.left(row(body, line), "  space shows what is now", Meaning::Dim);
    }
    for cluster in state.clusters() {
        let health = &cluster.health;
        let (word, meaning) = match health.state {
            HealthState::Connecting => ("connecting", Meaning::Dim),
            HealthState::Up => ("up, reading", Meaning::Plain),
            HealthState::Down => ("DOWN", broken),
        };
        let age = units::span(health.since.age_at(state.now()));
        let name = format!("  {}  ", cluster.cluster);
        let taken = pen.pieces(
            row(body, line + 1),
            &[
                (&name, Meaning::Strong),
                (word, meaning),
                (&format!(" for {age}"), Meaning::Plain),
            ],
        );
        line += 1;
        if let Some(why) = &health.why {
            line += reason(pen, below(body, line), taken, why.as_str());
        }
    }
}

/// Why something is not there: behind what was said already where it fits, else in lines of its own.
/// Returns how many lines more it takes.
fn reason(pen: &mut Pen<'_>, area: Rect, taken: u16, why: &str) -> u16 {
    let safe = escape(why, pen.glyphs.ascii).into_owned();
    let rest = after(row(area, 0), taken);
    let mut lines = 0;
    if width(&safe) + 2 <= usize::from(rest.width) {
        pen.left(rest, &format!(": {safe}"), Meaning::Plain);
    } else {
        for part in wrap(&safe, usize::from(area.width.saturating_sub(4)), 4) {
            lines += 1;
            pen.left(after(row(area, lines), 4), &part, Meaning::Plain);
        }
    }
    lines + 1
}

/// What is left of an area below its first `by` lines and the one after them.
fn below(area: Rect, by: u16) -> Rect {
    let by = by.min(area.height);
    Rect {
        y: area.y + by,
        height: area.height - by,
        ..area
    }
}
