//! Alerts and advice: lists above, the selected one at length below.

use ratatui::layout::Rect;

use super::super::areas::detail_height;
use super::super::glyphs::Urgency;
use super::super::state::State;
use super::super::text::{escape, wrap};
use super::super::theme::Meaning;
use super::super::{units, update::subject};
use super::paint::{Pen, row};
use super::table::{self, Cell, Column, Shown};
use crate::model::{Advice, AdviceSeverity, Alert, AlertState};

/// The word of a state and what it means.
pub(super) const fn state_word(state: AlertState) -> (&'static str, Meaning) {
    match state {
        AlertState::Firing => ("FIRING", Meaning::Urgency(Urgency::Broken)),
        AlertState::Pending => ("PENDING", Meaning::Urgency(Urgency::Worse)),
        AlertState::Resolved => ("RESOLVED", Meaning::Urgency(Urgency::Fine)),
    }
}

fn parts(area: Rect) -> (Rect, Rect) {
    let detail = detail_height(area.height);
    let list = area.height - detail;
    (
        Rect {
            height: list,
            ..area
        },
        Rect {
            y: area.y + list,
            height: detail,
            ..area
        },
    )
}

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let (list, detail) = parts(area);
    let alerts = &state.lists.alerts;
    let wide = list.width >= 76;
    let mut columns = vec![
        Column::left("STATE", 8),
        Column::left("ALERT", 0),
        Column::left("ABOUT", 0),
        Column::right("FOR", 7),
    ];
    if wide {
        columns.push(Column::right("VALUE", 9));
    }
    let taken: u16 = columns.iter().map(|c| c.width + 1).sum();
    let rest = list.width.saturating_sub(taken);
    (columns[1].width, columns[2].width) = (rest / 2, rest - rest / 2);
    let shown = Shown {
        len: alerts.len(),
        top: state.ui.alerts.top(),
        selected: Some(state.ui.alerts.index()),
    };
    let (now, unknown) = (state.now(), pen.glyphs.unknown);
    table::draw(pen, list, &columns, &shown, |i| {
        let alert = &alerts[i];
        let (word, meaning) = state_word(alert.state);
        let about = subject(&alert.labels).map_or_else(String::new, |(_, g)| g.to_string());
        vec![
            Cell::of((word.to_owned(), meaning)),
            Cell::name(&alert.name, Meaning::Plain),
            Cell::name(&about, Meaning::Strong),
            Cell::plain(units::span(alert.active_since.age_at(now))),
            Cell::plain(alert.value.map_or_else(|| unknown.to_owned(), units::rate)),
        ]
    });
    match alerts.get(state.ui.alerts.index()) {
        Some(alert) => alert_detail(state, pen, detail, alert),
        None => {
            pen.left(
                row(list, 1),
                "no alert is firing, pending or lately resolved",
                Meaning::Dim,
            );
        }
    }
}

fn alert_detail(state: &State, pen: &mut Pen<'_>, area: Rect, alert: &Alert) {
    let zone = &state.options.zone;
    let mut lines = vec![format!(
        "since {}",
        units::moment(alert.active_since, state.now(), zone)
    )];
    if let Some(held) = &alert.held {
        lines.push(format!("held: {held}"));
    }
    lines.extend(alert.annotations.iter().map(|(k, v)| format!("{k}: {v}")));
    let labels: Vec<_> = alert
        .labels
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    lines.push(labels.join("  "));
    prose(pen, area, &alert.name, &lines);
}

pub(super) fn draw_advice(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let (list, detail) = parts(area);
    let advice = &state.lists.advice;
    let name = (list.width / 3).min(40);
    let columns = [
        Column::left("", 8),
        Column::left("GROUP", name),
        Column::left("WHAT WOULD HELP", list.width.saturating_sub(8 + name + 2)),
    ];
    let shown = Shown {
        len: advice.len(),
        top: state.ui.advice.top(),
        selected: Some(state.ui.advice.index()),
    };
    table::draw(pen, list, &columns, &shown, |i| {
        let a = &advice[i];
        vec![
            Cell::of(severity(a.severity)),
            Cell::name(a.group.as_str(), Meaning::Strong),
            Cell::plain(a.title.to_string()),
        ]
    });
    match advice.get(state.ui.advice.index()) {
        Some(a) => advice_detail(pen, detail, a),
        None => {
            pen.left(
                row(list, 1),
                "nothing to advise: no advice beats advice that does harm",
                Meaning::Dim,
            );
        }
    }
}

fn severity(severity: AdviceSeverity) -> (String, Meaning) {
    let (word, urgency) = match severity {
        AdviceSeverity::Urgent => ("! urgent", Urgency::Broken),
        AdviceSeverity::Useful => ("^ useful", Urgency::Worse),
        AdviceSeverity::Hint => ("  hint", Urgency::Mending),
    };
    (word.to_owned(), Meaning::Urgency(urgency))
}

fn advice_detail(pen: &mut Pen<'_>, area: Rect, advice: &Advice) {
    let bullet = pen.glyphs.bullet;
    let mut lines = vec![advice.title.to_string()];
    lines.extend(advice.evidence.iter().map(|e| format!("{bullet} {e}")));
    if let Some(gain) = &advice.gain {
        lines.push(format!("gain: {gain}"));
    }
    lines.extend(advice.caveats.iter().map(|c| format!("but: {c}")));
    if let Some(command) = &advice.command {
        lines.push(format!(
            "$ {command}   (y copies it; Laggard never runs it)"
        ));
    }
    prose(pen, area, advice.group.as_str(), &lines);
}

/// Lines of text below a rule, wrapped.
fn prose(pen: &mut Pen<'_>, area: Rect, title: &str, lines: &[String]) {
    if area.height < 2 {
        return;
    }
    pen.rule(row(area, 0), title);
    let mut y = 1;
    for line in lines {
        // The bullet is one of our own signs; names in the line are made harmless.
        let safe = escape(line, pen.glyphs.ascii);
        for part in wrap(&safe, area.width.into(), usize::from(area.height)) {
            if y < area.height {
                pen.left(row(area, y), &part, Meaning::Plain);
                y += 1;
            }
        }
    }
}
