//! Beside the list on wide screens: the selected group at a glance.

use ratatui::layout::Rect;

use super::super::areas;
use super::super::glyphs::status_text;
use super::super::rows::groups::{partition_order, partition_view};
use super::super::state::State;
use super::super::theme::Meaning;
use super::super::{units, update::subject};
use super::chart::{self, Series};
use super::paint::{Pen, row};
use super::table::{self, Cell, Column, Shown};
use super::values::reading;
use crate::model::GroupSnapshot;

/// Partitions that are named.
const WORST: usize = 10;

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, area: Rect) {
    pen.bar(area.x, area.y, area.height);
    let area = Rect {
        x: area.x + 2,
        width: area.width.saturating_sub(2),
        ..area
    };
    let Some(key) = state.acting_group() else {
        return;
    };
    let Some((cluster, group)) = state.group(&key) else {
        return;
    };
    let mut y = 0;
    let mut part = |height: u16| {
        let at = Rect {
            y: area.y + y.min(area.height),
            height: height.min(area.height.saturating_sub(y)),
            ..area
        };
        y += height;
        at
    };
    super::group::facts(
        state,
        pen,
        part(areas::facts_height(state, area)),
        (cluster, group),
        areas::facts_most(area.height),
    );
    let series = Series::of(state, &key);
    let height = (area.height / 5).clamp(4, 9);
    for draw in [chart::backlog, chart::flows] {
        let at = part(height);
        if at.height >= 3 {
            draw(pen, at, &series);
        }
    }
    let worst = WORST.min(group.rows.len()) as u16;
    partitions(state, pen, part(worst + 2), group);
    alerts(state, pen, part(5));
}

fn partitions(state: &State, pen: &mut Pen<'_>, area: Rect, group: &GroupSnapshot) {
    if area.height < 3 {
        return;
    }
    pen.rule(row(area, 0), "worst partitions");
    let topics = group.topics.iter().map(|t| t.topic.as_str().len());
    let longest = (topics.max().unwrap_or(0) + 8).clamp(24, 1000) as u16;
    let room = area.width.saturating_sub(8 + 7 + 8 + 7 + 4);
    let columns = [
        Column::left("STATUS", 8),
        Column::left("PARTITION", room.min(longest)),
        Column::right("LAG", 7),
        Column::right("BEHIND", 8),
        Column::right("OUT/s", 7),
    ];
    let order = partition_order(group);
    let shown = Shown {
        len: order.len().min(WORST),
        top: 0,
        selected: None,
    };
    let below = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let (now, g) = (state.now(), pen.glyphs);
    table::draw(pen, below, &columns, &shown, |i| {
        let Some(view) = partition_view(group, order[i]) else {
            return Vec::new();
        };
        let name = format!("{}-{}", view.topic().topic, view.partition());
        vec![
            view.status().map_or_else(
                || Cell::of(("outside".to_owned(), Meaning::Dim)),
                |s| Cell::of((status_text(s), Meaning::of(s))),
            ),
            Cell::name(&name, Meaning::Plain),
            Cell::of(reading(&view.lag(), &g, units::count)),
            Cell::of(reading(&view.row().time_lag.age(now), &g, units::span)),
            Cell::of(reading(&view.row().consume_rate, &g, units::rate)),
        ]
    });
}

/// The group's own alerts.
fn alerts(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let Some(key) = state.acting_group() else {
        return;
    };
    let own: Vec<_> = state
        .shown
        .alerts
        .iter()
        .filter(|a| {
            subject(&a.labels).is_some_and(|(c, g)| g == key.1 && c.is_none_or(|c| c == key.0))
        })
        .collect();
    if own.is_empty() || area.height < 2 {
        return;
    }
    pen.rule(row(area, 0), "alerts");
    for (i, alert) in own.iter().take(usize::from(area.height - 1)).enumerate() {
        let (word, meaning) = super::alerts::state_word(alert.state);
        let age = super::alerts::how_long(alert, state.now());
        let text = format!(" {} {age}", alert.name);
        pen.pieces(
            row(area, i as u16 + 1),
            &[(word, meaning), (&text, Meaning::Plain)],
        );
    }
}
