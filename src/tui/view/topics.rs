//! The list of topics: what comes in, who reads it, how close what is unread is to deletion.

use ratatui::layout::Rect;

use super::super::glyphs::{Glyphs, Urgency};
use super::super::rows::topics::{Oldest, TopicRow};
use super::super::state::State;
use super::super::theme::Meaning;
use super::super::units;
use super::paint::{Pen, row};
use super::table::{self, Cell, Column, Shown};
use super::values::reading;
use crate::model::{CleanupPolicy, Snapshot, Timestamp, TopicConfig, TopicSnapshot};

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let rows = &state.lists.topics.rows;
    let names = rows.iter().map(|r| r.get(&state.shown).1.topic.as_str());
    let longest = names.map(str::len).max().unwrap_or(0).clamp(32, 1000) as u16;
    let columns = columns(area.width, state.several_clusters(), longest);
    let shown = Shown {
        len: rows.len(),
        top: state.ui.topics.top(),
        selected: Some(state.ui.topics.index()),
    };
    let (glyphs, now) = (pen.glyphs, state.now());
    table::draw(pen, area, &columns, &shown, |i| {
        columns
            .iter()
            .map(|c| cell(&c.title, &rows[i], &state.shown, now, &glyphs))
            .collect()
    });
    if rows.is_empty() {
        let text = if state.filter().is_empty() {
            "no topic has been read yet"
        } else {
            "no topic passes the filter; esc clears it"
        };
        pen.left(row(area, 1), text, Meaning::Dim);
    }
}

fn columns(width: u16, several: bool, longest: u16) -> Vec<Column> {
    let mut out = vec![
        Column::left("TOPIC", 0),
        Column::right("READERS", 7),
        Column::right("BEHIND", 7),
        Column::right("HEADROOM", 8),
    ];
    if width >= 60 {
        out.push(Column::right("IN/s", 6));
        out.push(Column::right("PARTS", 5));
    }
    if width >= 76 {
        out.push(Column::right("RETENTION", 9));
    }
    if width >= 90 {
        out.push(Column::left("CLEANUP", 14));
    }
    if several && width >= 100 {
        out.insert(0, Column::left("CLUSTER", 14));
    }
    let taken: u16 = out.iter().map(|c| c.width + 1).sum();
    if let Some(topic) = out.iter_mut().find(|c| c.width == 0) {
        topic.width = (width + 1).saturating_sub(taken + 1).min(longest);
    }
    out
}

fn cell(title: &str, row: &TopicRow, snapshot: &Snapshot, now: Timestamp, glyphs: &Glyphs) -> Cell {
    let (cluster, topic) = row.get(snapshot);
    let unknown = || (glyphs.unknown.to_owned(), Meaning::Dim);
    match title {
        "CLUSTER" => Cell::name(cluster.cluster.as_str(), Meaning::Dim),
        "TOPIC" => Cell {
            note: row.behind.map_or_else(String::new, |b| old(b, now)),
            ..Cell::name(topic.topic.as_str(), Meaning::Plain)
        },
        "READERS" => Cell::plain(row.readers.to_string()),
        "BEHIND" => Cell::of(row.behind.map_or_else(unknown, |b| behind(b, glyphs))),
        "HEADROOM" => {
            let (text, meaning) = row.used.map_or_else(unknown, headroom);
            let old = row.behind.is_some_and(|b| b.stale_since.is_some());
            Cell::of((text, if old { Meaning::Dim } else { meaning }))
        }
        "IN/s" => Cell::of(reading(&topic.arrival_rate, glyphs, units::rate)),
        "PARTS" => Cell::plain(topic.partitions.len().to_string()),
        "RETENTION" => Cell::of(retention(topic, glyphs)),
        _ => Cell::of(
            topic
                .config
                .as_ref()
                .map_or_else(unknown, |c| (cleanup(c).to_owned(), Meaning::Dim)),
        ),
    }
}

/// An age; one that was not read anew is dim.
pub(super) fn behind(oldest: Oldest, glyphs: &Glyphs) -> (String, Meaning) {
    let mark = if oldest.open { glyphs.at_least } else { "" };
    let meaning = match oldest.stale_since {
        Some(_) => Meaning::Dim,
        None => Meaning::Plain,
    };
    (format!("{mark}{}", units::span(oldest.age)), meaning)
}

/// How long ago it was read, if it was not read anew.
pub(super) fn old(oldest: Oldest, now: Timestamp) -> String {
    let since = oldest.stale_since;
    since.map_or_else(String::new, |s| {
        format!("{} old", units::span(s.age_at(now)))
    })
}

/// What is left of the retention before the oldest unread record is deleted.
fn headroom(used: f64) -> (String, Meaning) {
    let meaning = match used {
        u if u >= 0.9 => Meaning::Urgency(Urgency::Broken),
        u if u >= 0.5 => Meaning::Urgency(Urgency::Worse),
        _ => Meaning::Plain,
    };
    let mark = match used {
        u if u >= 0.9 => "!",
        u if u >= 0.5 => "^",
        _ => "",
    };
    (
        format!("{mark}{}", units::percent((1.0 - used).max(0.0))),
        meaning,
    )
}

/// How long records are kept.
pub(super) fn retention(topic: &TopicSnapshot, glyphs: &Glyphs) -> (String, Meaning) {
    match &topic.config {
        None => (glyphs.unknown.to_owned(), Meaning::Dim),
        Some(c) if c.cleanup_policy == CleanupPolicy::Compact => ("none".to_owned(), Meaning::Dim),
        Some(c) => match c.retention {
            None => ("forever".to_owned(), Meaning::Dim),
            Some(span) => (units::span(span), Meaning::Plain),
        },
    }
}

/// Kafka's own words.
pub(super) const fn cleanup(config: &TopicConfig) -> &'static str {
    match config.cleanup_policy {
        CleanupPolicy::Delete => "delete",
        CleanupPolicy::Compact => "compact",
        CleanupPolicy::CompactDelete => "compact,delete",
    }
}
