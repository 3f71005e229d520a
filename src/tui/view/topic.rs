//! One topic: what is kept for how long, its partitions, who reads it.

use ratatui::layout::Rect;

use super::super::areas::{topic_parts, topic_split};
use super::super::glyphs::status_text;
use super::super::rows::topics::{Oldest, used};
use super::super::state::{State, TopicKey};
use super::super::theme::Meaning;
use super::super::units;
use super::paint::{Pen, row};
use super::table::{self, Cell, Column, Shown};
use super::topics::{behind, cleanup, old as old_of, retention};
use super::values::reading;
use crate::model::{Reading, TopicPartition, TopicSnapshot};

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, body: Rect) {
    let Some(key) = &state.ui.open_topic else {
        return;
    };
    let Some((_, topic)) = state.topic(key) else {
        let text = format!("{} is not in this snapshot; esc leads back", key.1);
        pen.left(row(body, 0), &text, Meaning::Dim);
        return;
    };
    let (_, bottom) = topic_split(body);
    let (top, rest) = topic_parts(body);
    facts(state, pen, top, topic, rest);
    let now = state.now();
    let readers = state.readers(key);
    let groups = readers.iter().filter_map(|g| state.group(g));
    let oldest = groups.filter_map(|(_, g)| Oldest::of_group(g, &key.1, now));
    let oldest = oldest.reduce(|a, b| if b.age > a.age { b } else { a });
    if let Some(share) = oldest.and_then(|o| used(topic, o.age)) {
        let text = if share >= 1.0 {
            "the oldest unread record is past its retention: it goes when its segment goes"
                .to_owned()
        } else {
            let share = units::percent(share);
            format!("the oldest unread record is {share} of the way to deletion")
        };
        pen.left(row(top, 2), &text, Meaning::Plain);
    }
    partitions(state, pen, rest, topic);
    self::readers(state, pen, bottom, key);
}

fn facts(state: &State, pen: &mut Pen<'_>, area: Rect, topic: &TopicSnapshot, table: Rect) {
    let g = pen.glyphs;
    let (all, first) = (topic.partitions.len(), state.ui.topic_top);
    let last = all.min(first + usize::from(table.height.saturating_sub(1)));
    let mut named = row(area, 0);
    // What cannot be seen is there all the same.
    if (first + 1..first + all).contains(&last) {
        let seen = format!("partitions {} to {last} of {all}, pgdn pgup", first + 1);
        pen.right(named, &seen, Meaning::Dim);
        named.width = named.width.saturating_sub(seen.len() as u16 + 1);
    }
    pen.name(named, topic.topic.as_str(), Meaning::Strong);
    let policy = topic.config.as_ref().map_or(g.unknown, |c| cleanup(c));
    let text = format!(
        "in {}/s  partitions {all}  retention {}  cleanup {policy}  id {}",
        reading(&topic.arrival_rate, &g, units::rate).0,
        retention(topic, &g).0,
        topic
            .topic_id
            .map_or_else(|| g.unknown.to_owned(), |id| id.to_string()),
    );
    pen.left(row(area, 1), &text, Meaning::Plain);
}

fn partitions(state: &State, pen: &mut Pen<'_>, area: Rect, topic: &TopicSnapshot) {
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
        top: state.ui.topic_top,
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
        let oldest = Oldest::of_group(group, &key.1, now);
        let unknown_age = || (g.unknown.to_owned(), Meaning::Dim);
        // Read long ago, it is what was.
        let old = parts().any(|p| p.row().effective_lag.is_stale());
        let meaning = if old { Meaning::Dim } else { Meaning::Plain };
        vec![
            Cell::of((status_text(status), Meaning::of(status))),
            Cell {
                note: oldest.map_or_else(String::new, |o| old_of(o, now)),
                ..Cell::name(group.group.as_str(), Meaning::Plain)
            },
            Cell::of((lag, meaning)),
            Cell::of(oldest.map_or_else(unknown_age, |o| behind(o, &g))),
        ]
    });
    if list.is_empty() && area.height > 1 {
        pen.left(row(area, 1), "no visible group reads it", Meaning::Dim);
    }
}
