//! The list of groups.

use ratatui::layout::Rect;

use super::super::areas::has_fold;
use super::super::columns::{self, GroupColumn, name_width};
use super::super::glyphs::{Glyphs, Urgency, status_text};
use super::super::rows::GroupRows;
use super::super::rows::groups::skew;
use super::super::state::State;
use super::super::theme::Meaning;
use super::super::units;
use super::paint::{Pen, row};
use super::table::{self, Cell, Column, Shown};
use super::values::{eta, last_lag, reading, trend};
use crate::model::{ClusterSnapshot, GroupSnapshot, GroupState, Timestamp};

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let set = columns::shown(area.width, state.several_clusters(), &state.ui.columns);
    // On a wide screen numbers stand close to the names that they belong to.
    let needs = (state.lists.totals.longest + NOTE).min(area.width.into()) as u16;
    let columns = headings(state, &set, name_width(area.width, &set).min(needs.max(32)));
    let fold = has_fold(state);
    let table = Rect {
        height: area.height.saturating_sub(fold.into()),
        ..area
    };
    let list = &state.lists.groups;
    let shown = Shown {
        len: list.rows.len(),
        top: state.ui.groups.top(),
        selected: Some(state.ui.groups.index()),
    };
    let (glyphs, now) = (pen.glyphs, state.now());
    table::draw(pen, table, &columns, &shown, |i| {
        let (cluster, group) = GroupRows::get(&state.shown, list.rows[i]);
        set.iter()
            .map(|c| cell(*c, cluster, group, now, &glyphs))
            .collect()
    });
    if list.rows.is_empty() {
        empty(state, pen, row(area, 1));
    }
    if fold {
        let rows = (list
            .rows
            .len()
            .min(usize::from(table.height.saturating_sub(1)))) as u16;
        let line = if list.rows.is_empty() { 2 } else { rows + 1 };
        pen.left(row(area, line), &folded(state), Meaning::Dim);
    }
}

/// Room for what a row has to say for itself, behind its name.
const NOTE: usize = 16;

/// The column that the list is sorted by has an arrow.
fn headings(state: &State, set: &[GroupColumn], name: u16) -> Vec<Column> {
    let arrow = if state.ui.invert {
        state.glyphs().up
    } else {
        state.glyphs().down
    };
    let sorted = state.ui.sort.unwrap_or(GroupColumn::Status);
    set.iter()
        .map(|c| Column {
            title: heading(*c, *c == sorted, arrow),
            width: match c {
                GroupColumn::Group => name,
                other => other.width(),
            },
            right: c.is_number(),
        })
        .collect()
}

/// Numbers with a mark behind them have headings that leave its place free.
fn heading(column: GroupColumn, sorted: bool, arrow: &str) -> String {
    let title = column.title();
    match (sorted, marked(column)) {
        (true, _) => format!("{title}{arrow}"),
        (false, true) => format!("{title} "),
        (false, false) => title.to_owned(),
    }
}

const fn marked(column: GroupColumn) -> bool {
    matches!(column, GroupColumn::Lag | GroupColumn::Behind)
}

fn empty(state: &State, pen: &mut Pen<'_>, at: Rect) {
    if let Some(scope) = &state.ui.scope
        && state.shown.cluster(scope.as_str()).is_none()
    {
        let names: Vec<_> = state
            .shown
            .clusters
            .iter()
            .map(|c| c.cluster.as_str())
            .collect();
        let text = format!(
            "no cluster `{scope}` is read here (c goes through them): {}",
            names.join(", ")
        );
        pen.left(at, &text, Meaning::Urgency(Urgency::Worse));
        return;
    }
    let text = if state.lists.groups.filtered > 0 {
        "no group passes the filter; esc clears it"
    } else if state.lists.groups.folded > 0 {
        "only inactive groups; i shows them"
    } else {
        "no consumer groups are visible: there are none, or the rights to see them are missing (laggard doctor)"
    };
    pen.left(at, text, Meaning::Dim);
}

fn folded(state: &State) -> String {
    let list = &state.lists.groups;
    let mut parts = Vec::new();
    if list.folded > 0 {
        parts.push(format!("{} inactive (i shows them)", list.folded));
    }
    if list.filtered > 0 {
        parts.push(format!("{} filtered out (esc clears)", list.filtered));
    }
    format!("+ {}", parts.join("   + "))
}

fn cell(
    column: GroupColumn,
    cluster: &ClusterSnapshot,
    group: &GroupSnapshot,
    now: Timestamp,
    glyphs: &Glyphs,
) -> Cell {
    match column {
        GroupColumn::Status => status(group),
        GroupColumn::Cluster => Cell::name(cluster.cluster.as_str(), Meaning::Dim),
        GroupColumn::Group => Cell {
            note: note(group, now),
            ..Cell::name(group.group.as_str(), weight(group))
        },
        GroupColumn::Lag => {
            let over = group.policy.max_lag.and_then(|m| i64::try_from(m).ok());
            let broken = over
                .zip(group.effective_lag.low())
                .is_some_and(|(m, l)| l > m);
            limited(lag(group, glyphs), broken)
        }
        GroupColumn::Behind => {
            let age = group.time_lag.age(now);
            let over = group.policy.max_time_lag.zip(age.low());
            limited(
                reading(&age, glyphs, units::span),
                over.is_some_and(|(m, l)| l > m),
            )
        }
        GroupColumn::In => Cell::of(reading(&group.arrival_rate, glyphs, units::rate)),
        GroupColumn::Out => Cell::of(reading(&group.consume_rate, glyphs, units::rate)),
        GroupColumn::Trend => Cell::of((
            trend(group, now, usize::from(GroupColumn::Trend.width()), glyphs),
            Meaning::Backlog,
        )),
        GroupColumn::Eta => Cell::of(eta(group, now, glyphs)),
        GroupColumn::State => Cell::of(reading(&group.state, glyphs, state_word)),
        GroupColumn::Members => Cell::plain(
            group
                .members
                .as_ref()
                .map_or_else(|| glyphs.unknown.to_owned(), |m| m.len().to_string()),
        ),
        GroupColumn::Skew => Cell::plain(
            skew(group).map_or_else(|| glyphs.unknown.to_owned(), |s| format!("{s:.1}x")),
        ),
        GroupColumn::Owner => {
            let owner = group.policy.owner.as_deref();
            // Nobody is no name.
            owner.map_or_else(|| Cell::plain(""), |o| Cell::name(o, Meaning::Dim))
        }
    }
}

/// Glyph and word.
pub(super) fn status(group: &GroupSnapshot) -> Cell {
    let status = group.status.status;
    Cell::of((status_text(status), Meaning::of(status)))
}

/// Trouble stands out, the rest does not.
fn weight(group: &GroupSnapshot) -> Meaning {
    match Urgency::of(group.status.status) {
        Urgency::Broken => Meaning::Strong,
        Urgency::Idle => Meaning::Dim,
        _ => Meaning::Plain,
    }
}

/// A number with the mark of a broken limit behind it, or a space.
fn limited((text, meaning): (String, Meaning), broken: bool) -> Cell {
    if broken {
        Cell::of((format!("{text}!"), Meaning::Urgency(Urgency::Broken)))
    } else {
        Cell::of((format!("{text} "), meaning))
    }
}

/// Its unread records; of some partitions unknown and the others stale, it was at least the last sum.
fn lag(group: &GroupSnapshot, glyphs: &Glyphs) -> (String, Meaning) {
    let (text, meaning) = reading(&group.lag, glyphs, units::count);
    if group.lag.is_stale() && group.unknown_partitions > 0 {
        return (format!("{}{text}", glyphs.at_least), meaning);
    }
    (text, meaning)
}

/// What a row has to say for itself: how old it is, what of it is unknown.
fn note(group: &GroupSnapshot, now: Timestamp) -> String {
    if let Some((lag, since)) = last_lag(group) {
        let age = units::span(since.age_at(now));
        return format!("was {}, {age} ago", units::count(lag));
    }
    let since = group.lag.stale_since().or(group.time_lag.stale_since());
    let old = since.map(|since| format!("{} old", units::span(since.age_at(now))));
    let unknown = match group.unknown_partitions {
        0 => None,
        n => Some(format!("{n} unknown")),
    };
    let notes: Vec<_> = old.into_iter().chain(unknown).collect();
    notes.join(", ")
}

/// Kafka's word, short enough for a column.
pub(super) fn state_word(state: GroupState) -> String {
    match state {
        GroupState::PreparingRebalance => "Preparing",
        GroupState::CompletingRebalance => "Completing",
        GroupState::Stable => "Stable",
        GroupState::Empty => "Empty",
        GroupState::Assigning => "Assigning",
        GroupState::Reconciling => "Reconciling",
        GroupState::Dead => "Dead",
        GroupState::Unknown => "Unknown",
    }
    .to_owned()
}
