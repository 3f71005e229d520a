//! Alerts: a list above, the selected one at length below. What a snapshot does not carry (a
//! threshold, a silence, a delivery) is left out, not made up.

use std::fmt::Write;

use ratatui::layout::Rect;

use super::super::areas::detail_height;
use super::super::glyphs::Urgency;
use super::super::rows::ShortLists;
use super::super::state::State;
use super::super::text::{escape, width as text_width, wrap};
use super::super::theme::Meaning;
use super::super::{units, update::subject};
use super::paint::{Pen, row};
use super::table::{self, Cell, Column, Shown};
use crate::model::{Alert, AlertState, Silence, Timestamp};

/// The word of a state and what it means.
pub(super) const fn state_word(state: AlertState) -> (&'static str, Meaning) {
    match state {
        AlertState::Firing => ("FIRING", Meaning::Urgency(Urgency::Broken)),
        AlertState::Pending => ("PENDING", Meaning::Urgency(Urgency::Worse)),
        AlertState::Resolved => ("RESOLVED", Meaning::Urgency(Urgency::Fine)),
    }
}

/// How long it has been in its state: `for 5m`, or, once it is over, `12m ago`.
pub(in crate::tui) fn how_long(alert: &Alert, now: Timestamp) -> String {
    match (alert.state, alert.resolved_at) {
        (AlertState::Resolved, Some(at)) => format!("{} ago", units::span(at.age_at(now))),
        (AlertState::Resolved, None) => String::new(),
        _ => format!("for {}", units::span(alert.active_since.age_at(now))),
    }
}

/// A list above, what is selected at length below.
pub(super) fn parts(area: Rect) -> (Rect, Rect) {
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
    let alerts = &state.lists.short.alerts;
    let columns = columns(list.width, &state.lists.short);
    let silences = &state.lists.short.silences;
    let shown = Shown {
        len: alerts.len() + silences.len(),
        top: state.ui.alerts.top(),
        selected: Some(state.ui.alerts.index()),
    };
    let (now, unknown) = (state.now(), pen.glyphs.unknown);
    table::draw(pen, list, &columns, &shown, |i| {
        let Some(alert) = alerts.get(i) else {
            let silence = state.lists.short.silence(i);
            return silence.map_or_else(Vec::new, |s| silence_row(s, now));
        };
        let (word, meaning) = state_word(alert.state);
        let about = subject(&alert.labels).map_or_else(String::new, |(_, g)| g.to_string());
        vec![
            Cell::of((word.to_owned(), meaning)),
            Cell::name(&alert.name, Meaning::Plain),
            Cell::name(&about, Meaning::Strong),
            Cell::plain(units::span(since(alert).age_at(now))),
            Cell::plain(alert.value.map_or_else(|| unknown.to_owned(), units::rate)),
            Cell::plain(
                alert
                    .threshold
                    .map_or_else(|| unknown.to_owned(), units::rate),
            ),
            Cell::of(told(alert, unknown)),
        ]
    });
    let index = state.ui.alerts.index();
    if let Some(alert) = alerts.get(index) {
        alert_detail(state, pen, detail, alert);
    } else if let Some(silence) = state.lists.short.silence(index) {
        silence_detail(state, pen, detail, silence);
    } else {
        let text = "no alert is firing, pending or lately resolved";
        pen.left(row(list, 1), text, Meaning::Dim);
    }
}

/// A silence under which no alert lies: what it is for, by whom, for how long it has been there.
fn silence_row(silence: &Silence, now: Timestamp) -> Vec<Cell> {
    let age = units::span(silence.since.age_at(now));
    vec![
        Cell::of(("SILENCE".to_owned(), Meaning::Dim)),
        Cell::name(&matchers(silence), Meaning::Plain),
        Cell::name(&silence.author, Meaning::Dim),
        Cell::plain(age),
    ]
}

fn matchers(silence: &Silence) -> String {
    let all: Vec<_> = silence.matchers.iter().map(ToString::to_string).collect();
    all.join(" ")
}

fn silence_detail(state: &State, pen: &mut Pen<'_>, area: Rect, silence: &Silence) {
    let moment = |at| units::moment(at, state.now(), &state.options.zone);
    let (since, until) = (moment(silence.since), moment(silence.until));
    let left = units::span(state.now().age_at(silence.until));
    let mut lines = vec![
        format!("in force, and no alert lies under it; since {since} until {until}, {left} left"),
        format!("by {}: {}", silence.author, silence.why),
        format!("for all alerts with {}", matchers(silence)),
    ];
    let elsewhere = silence.alertmanagers.iter();
    lines
        .extend(elsewhere.map(|e| format!("in the Alertmanager of {}, too: {}", e.receiver, e.id)));
    prose(pen, area, &format!("silence {}", silence.id), &lines, &[]);
}

/// The columns of the list: names share what is left by what they need.
fn columns(width: u16, short: &ShortLists) -> Vec<Column> {
    let mut columns = vec![
        Column::left("STATE", 8),
        Column::left("ALERT", 0),
        Column::left("ABOUT", 0),
        Column::right("FOR", 7),
    ];
    if width >= 76 {
        columns.push(Column::right("VALUE", 6));
        columns.push(Column::right("LIMIT", 6));
        columns.push(Column::left("TOLD", 8));
    }
    let taken: u16 = columns.iter().map(|c| c.width + 1).sum();
    let rest = usize::from((width + 1).saturating_sub(taken));
    // Thousands of them are not measured for each frame.
    let first = &short.alerts[..short.alerts.len().min(300)];
    let longest = |of: fn(&Alert) -> usize| first.iter().map(|a| of(a)).max().unwrap_or(0);
    let silences = short.silences.iter().take(300);
    let silenced = silences
        .map(|s| text_width(&matchers(s)))
        .max()
        .unwrap_or(0);
    let name = longest(|a| text_width(&a.name)).max(silenced).max(5);
    let about = longest(|a| subject(&a.labels).map_or(0, |(_, g)| text_width(g.as_str())));
    // Neither takes more than it needs, nor leaves the other less than its half.
    let name = name.min(rest.saturating_sub(about).max(rest.div_ceil(2)));
    let about = about.max(5).min(rest.saturating_sub(name));
    (columns[1].width, columns[2].width) = (name as u16, about as u16);
    columns
}

/// Since when it is in its state, as far as that is known.
fn since(alert: &Alert) -> Timestamp {
    let over = alert
        .resolved_at
        .filter(|_| alert.state == AlertState::Resolved);
    over.unwrap_or(alert.active_since)
}

/// Whether anybody was told, in a word.
fn told(alert: &Alert, unknown: &str) -> (String, Meaning) {
    let (word, meaning) = match (&alert.silenced, &alert.delivery) {
        (Some(_), _) => ("silenced", Meaning::Dim),
        (None, None) => (unknown, Meaning::Plain),
        (None, Some(delivery)) if delivery.failure.is_some() => {
            ("FAILED", Meaning::Urgency(Urgency::Broken))
        }
        (None, Some(_)) => ("yes", Meaning::Plain),
    };
    (word.to_owned(), meaning)
}

fn alert_detail(state: &State, pen: &mut Pen<'_>, area: Rect, alert: &Alert) {
    let moment = |at| units::moment(at, state.now(), &state.options.zone);
    let mut since = format!("since {}", moment(alert.active_since));
    if let Some(over) = alert.resolved_at {
        let _ = write!(since, " until {}", moment(over));
    }
    if let Some(value) = alert.value {
        let _ = write!(since, ", value {}", units::rate(value));
    }
    if let Some(limit) = alert.threshold {
        let _ = write!(since, " against {}", units::rate(limit));
    }
    let mut lines = vec![since];
    if let Some(held) = &alert.held {
        lines.push(format!("held: {held}"));
    }
    if let Some(silence) = &alert.silenced {
        let until = moment(silence.until);
        lines.push(format!(
            "silenced until {until} by {}: {}",
            silence.by, silence.why
        ));
    }
    if let Some(delivery) = &alert.delivery {
        let (at, whom) = (moment(delivery.at), &delivery.receiver);
        lines.push(match &delivery.failure {
            None => format!("told {whom} at {at}"),
            Some(why) => format!("could not tell {whom} at {at}: {why}"),
        });
    }
    lines.extend(annotations(alert));
    let labels: Vec<_> = alert
        .labels
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    lines.push(labels.join("  "));
    prose(pen, area, &alert.name, &lines, &[]);
}

/// Its annotations that say something: what is the matter first, then by name.
fn annotations(alert: &Alert) -> Vec<String> {
    let mut all: Vec<_> = alert.annotations.iter().collect();
    all.retain(|(_, v)| !v.trim().is_empty());
    let place = |name: &str| ["summary", "description"].iter().position(|n| *n == name);
    all.sort_by_key(|(k, _)| place(k).unwrap_or(usize::MAX));
    let line = |(k, v): (&std::sync::Arc<str>, &std::sync::Arc<str>)| match place(k) {
        Some(_) => v.to_string(),
        None => format!("{k}: {v}"),
    };
    all.into_iter().map(line).collect()
}

/// Lines of text below a rule, wrapped, the last of them at their end whatever is left out before
/// them; of what has no room, lines are counted. Returns how many lines they took, the rule among
/// them.
pub(super) fn prose(
    pen: &mut Pen<'_>,
    area: Rect,
    title: &str,
    lines: &[String],
    last: &[String],
) -> u16 {
    if area.height < 2 {
        return 0;
    }
    pen.rule(row(area, 0), title);
    let width = usize::from(area.width);
    let wrapped = |lines: &[String], pen: &Pen<'_>| -> Vec<String> {
        let safe = lines.iter().map(|l| escape(l, pen.glyphs.ascii));
        safe.flat_map(|l| wrap(&l, width, MOST)).collect()
    };
    let (mut text, mut last) = (wrapped(lines, pen), wrapped(last, pen));
    let room = usize::from(area.height - 1);
    // Neither takes more than its half from the other.
    let end = last
        .len()
        .min((room / 2).max(room.saturating_sub(text.len())));
    shorten(&mut text, room - end, pen.glyphs.ellipsis);
    shorten(&mut last, end, pen.glyphs.ellipsis);
    let mut y = 1;
    for line in text.iter().chain(&last) {
        pen.left(row(area, y), line, Meaning::Plain);
        y += 1;
    }
    y
}

/// More lines than any screen has.
const MOST: usize = 500;

/// At most so many lines: the last of them says how many there are more.
fn shorten(lines: &mut Vec<String>, most: usize, ellipsis: &str) {
    if lines.len() <= most {
        return;
    }
    let out = lines.len() - most.saturating_sub(1);
    lines.truncate(most.saturating_sub(1));
    if most > 0 {
        lines.push(format!("{ellipsis} {out} lines more in a taller window"));
    }
}
