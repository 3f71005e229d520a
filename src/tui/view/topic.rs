//! One topic: what is kept for how long, its partitions, who reads it.

use ratatui::layout::Rect;

use super::super::areas::topic_split;
use super::super::glyphs::status_text;
use super::super::rows::topics::used;
use super::super::state::{State, TopicKey};
use super::super::theme::Meaning;
use super::super::units;
use super::paint::{Pen, row};
use super::table::{self, Cell, Column, Shown};
use super::topics::{cleanup, retention};
use super::values::reading;
use crate::model::{GroupSnapshot, Reading, Span, Timestamp, TopicPartition, TopicSnapshot};

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, body: Rect) {
    let Some(key) = &state.ui.open_topic else {
        return;
    };
    let Some((_, topic)) = state.topic(key) else {
        let text = format!("{} is not in this snapshot; esc leads back", key.1);
        pen.left(row(body, 0), &text, Meaning::Dim);
        return;
    };
    let (top, bottom) = topic_split(body);
    facts(pen, top, topic);
    let oldest = state
        .readers(key)
        .iter()
        .filter_map(|g| state.group(g))
        .filter_map(|(_, g)| behind_on(g, key, state.now()))
        .max();
    if let Some(share) = oldest.and_then(|age| used(topic, age)) {
        let text = if share >= 1.0 {
            "the oldest unread record is past its retention: it goes when its segment goes"
                .to_owned()
        } else {
            let share = units::percent(share);
            format!("the oldest unread record is {share} of the way to deletion")
        };
        pen.left(row(top, 2), &text, Meaning::Plain);
    }
    let rest = Rect {
        y: top.y + 3.min(top.height),
        height: top.height.saturating_sub(3),
        ..top
    };
    partitions(pen, rest, topic);
    readers(state, pen, bottom, key);
}

fn facts(pen: &mut Pen<'_>, area: Rect, topic: &TopicSnapshot) {
    let g = pen.glyphs;
    pen.name(row(area, 0), topic.topic.as_str(), Meaning::Strong);
    let policy = topic.config.as_ref().map_or(g.unknown, |c| cleanup(c));
    let text = format!(
        "in {}/s  partitions {}  retention {}  cleanup {policy}  id {}",
        reading(&topic.arrival_rate, &g, units::rate).0,
        topic.partitions.len(),
        retention(topic, &g).0,
        topic
            .topic_id
            .map_or_else(|| g.unknown.to_owned(), |id| id.to_string()),
    );
    pen.left(row(area, 1), &text, Meaning::Plain);
}

fn partitions(pen: &mut Pen<'_>, area: Rect, topic: &TopicSnapshot) {
    let columns = [
        Column::right("PARTITION", 9),
        Column::right("LEADER", 6),
        Column::right("START", 13),
        Column::right("END", 13),
        Column::right("KEPT", 7),
        Column::right("IN/s", 7),
    ];
    let shown = Shown {
        len: topic.partitions.len(),
        top: 0,
        selected: None,
    };
    let g = pen.glyphs;
    table::draw(pen, area, &columns, &shown, |i| {
        let p = &topic.partitions[i];
        let offset = |n: i64| n.to_string();
        let leader = p
            .leader
            .map_or_else(|| g.unknown.to_owned(), |l| l.to_string());
        vec![
            Cell::plain(p.partition.to_string()),
            Cell::plain(leader),
            Cell::of(reading(&p.log_start_offset, &g, offset)),
            Cell::of(reading(&p.log_end_offset, &g, offset)),
            Cell::of(reading(&kept(p), &g, units::count)),
            Cell::of(reading(&p.arrival_rate, &g, units::rate)),
        ]
    });
}

/// Records between the log's start and its end.
fn kept(p: &TopicPartition) -> Reading<i64> {
    crate::model::distance(&p.log_start_offset, &p.log_end_offset, &p.log_start_offset)
}

/// The oldest record of the topic that a group has not read.
fn behind_on(group: &GroupSnapshot, key: &TopicKey, now: Timestamp) -> Option<Span> {
    group
        .partitions()
        .filter(|p| p.topic().topic == key.1)
        .filter_map(|p| p.row().time_lag.age(now).value())
        .max()
}

fn readers(state: &State, pen: &mut Pen<'_>, area: Rect, key: &TopicKey) {
    let list = state.readers(key);
    let longest = list.iter().map(|(_, g)| g.as_str().len()).max();
    let longest = longest.unwrap_or(0).clamp(32, 1000) as u16;
    let columns = [
        Column::left("STATUS", 8),
        Column::left(
            "READ BY",
            area.width.saturating_sub(8 + 7 + 8 + 3).min(longest),
        ),
        Column::right("UNREAD", 7),
        Column::right("BEHIND", 8),
    ];
    let shown = Shown {
        len: list.len(),
        top: state.ui.readers.top(),
        selected: Some(state.ui.readers.index()),
    };
    let (now, g) = (state.now(), pen.glyphs);
    table::draw(pen, area, &columns, &shown, |i| {
        let Some((_, group)) = state.group(&list[i]) else {
            return Vec::new();
        };
        let status = group.status.status;
        let parts = || group.partitions().filter(|p| p.topic().topic == key.1);
        let unknown = parts().any(|p| p.row().effective_lag.value().is_none());
        let known = parts().filter_map(|p| p.row().effective_lag.value());
        let sum = known.fold(0, i64::saturating_add);
        let lag = if unknown {
            format!("{}{}", g.at_least, units::count(sum))
        } else {
            units::count(sum)
        };
        let behind = behind_on(group, key, now);
        vec![
            Cell::of((status_text(status), Meaning::of(status))),
            Cell::name(group.group.as_str(), Meaning::Plain),
            Cell::plain(lag),
            Cell::plain(behind.map_or_else(|| g.unknown.to_owned(), units::span)),
        ]
    });
    if list.is_empty() && area.height > 1 {
        pen.left(row(area, 1), "no visible group reads it", Meaning::Dim);
    }
}
