//! One group: one sentence, the facts, charts, its partitions or its heat map, what happened.

use std::fmt::Write;

use ratatui::layout::Rect;

use super::super::areas::{GroupAreas, facts_height, facts_most};
use super::super::glyphs::{Glyphs, status_text};
use super::super::rows::groups::{partition_order, partition_view};
use super::super::state::State;
use super::super::text::{cut_end, escape, width as text_width, wrap};
use super::super::theme::Meaning;
use super::super::units;
use super::chart::{self, Series};
use super::groups::state_word;
use super::paint::{Pen, after, row};
use super::table::{self, Cell, Column, Shown};
use super::values::{at_length, eta, last_lag, member_label, reading};
use crate::model::{
    ClusterSnapshot, Eta, Event, EventKind, GroupSnapshot, Loss, PartitionView, Span, Storm,
    Timestamp,
};

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, body: Rect) {
    let Some(key) = state.ui.open_group.clone() else {
        return;
    };
    let Some((cluster, group)) = state.group(&key) else {
        let text = format!("{} is not in this snapshot; esc leads back", key.1);
        pen.left(row(body, 0), &text, Meaning::Dim);
        return;
    };
    let areas = GroupAreas::of(body, facts_height(state, body), state.ui.heat);
    let most = facts_most(body.height);
    facts(state, pen, areas.facts, (cluster, group), most);
    if areas.charts.height > 0 {
        chart::draw(pen, areas.charts, &Series::of(state, &key));
    }
    if state.ui.heat {
        super::heat::draw(state, pen, areas.table, group);
    } else {
        partitions(state, pen, areas.table, group);
    }
    events(state, pen, areas.events, group);
}

/// What it is, since when, on what evidence; then the numbers, what would help, who cares.
pub(super) fn facts(
    state: &State,
    pen: &mut Pen<'_>,
    area: Rect,
    (cluster, group): (&ClusterSnapshot, &GroupSnapshot),
    most: u16,
) {
    headline(state, pen, row(area, 0), cluster, group);
    let lines = facts_of(state, (cluster, group), area.width, most);
    for (fact, y) in lines.iter().zip(1..area.height) {
        match fact {
            Fact::Sentence(text) => {
                pen.left(row(area, y), text, Meaning::Plain);
            }
            Fact::Numbers(pairs) => labelled(pen, row(area, y), pairs),
        }
    }
}

/// A line of facts.
pub(in crate::tui) enum Fact {
    /// Words.
    Sentence(String),
    /// Numbers with their labels.
    Numbers(Labelled),
}

/// The lines below the headline, the most telling first; `most` of all may be shown.
pub(in crate::tui) fn facts_of(
    state: &State,
    (cluster, group): (&ClusterSnapshot, &GroupSnapshot),
    width: u16,
    most: u16,
) -> Vec<Fact> {
    let (now, glyphs) = (state.now(), state.glyphs());
    let evidence = group.status.evidence.as_ref();
    let text = evidence.map_or_else(String::new, |e| e.sentence(now));
    let why = group.diagnosis.sentence(now).unwrap_or_default();
    let storm = group.storm.as_ref().map(|s| storm_sentence(s));
    let storm = storm.unwrap_or_default();
    let sentences = match group.diagnosis.cause() {
        // The cause leads, the evidence of the status follows.
        Some(_) => [format!("why: {why}"), text, storm],
        None => [text, why, storm],
    };
    let lines = most.saturating_sub(BESIDE).max(2);
    let sentence = said(&sentences, width.into(), lines.into(), &glyphs);
    let mut numbers = folded(numbers(group, now, &glyphs), width.into()).into_iter();
    // Where there is no room for all of it, what would help goes before the last numbers.
    let first = [numbers.next(), help(state, cluster, group, width.into())];
    let beside = owner_beside(state, cluster, group, width.into()).is_some();
    let last = [policy(group, !beside), Some(kafka(group, &glyphs))];
    let labelled = first.into_iter().chain(numbers.map(Some)).chain(last);
    let sentence = sentence.into_iter().map(Fact::Sentence);
    sentence
        .chain(labelled.flatten().map(Fact::Numbers))
        .collect()
}

/// Beside sentences there is room for the headline, the first numbers and what would help.
const BESIDE: u16 = 3;

/// Sentences in at most so many lines of a width. Each is said to its end as far as there is room,
/// the first ones before the last; with little room the first one has it alone.
fn said(sentences: &[String], width: usize, lines: usize, glyphs: &Glyphs) -> Vec<String> {
    let said = sentences.iter().filter(|s| !s.is_empty());
    let said: Vec<_> = said.take(if lines < 4 { 1 } else { usize::MAX }).collect();
    let mut out = Vec::new();
    for (i, text) in said.iter().enumerate() {
        let others = said.len() - i - 1;
        let room = lines.saturating_sub(out.len() + others).max(1);
        out.extend(wrap(&escape(text, glyphs.ascii), width, room));
    }
    out
}

/// Labelled numbers in lines of a width: none is cut that fits a line of its own.
fn folded(pairs: Labelled, room: usize) -> Vec<Labelled> {
    let mut lines: Vec<(Labelled, usize)> = Vec::new();
    for (label, value) in pairs {
        let needs = text_width(label) + 1 + text_width(&value);
        match lines.last_mut() {
            Some((line, taken)) if *taken + 2 + needs <= room => {
                line.push((label, value));
                *taken += 2 + needs;
            }
            _ => lines.push((vec![(label, value)], needs)),
        }
    }
    lines.into_iter().map(|(line, _)| line).collect()
}

fn storm_sentence(storm: &Storm) -> String {
    format!(
        "rebalanced {} times within {}, {} members left and joined again",
        storm.rebalances, storm.window, storm.rejoining
    )
}

/// When its first unread record will be deleted, where that is foreseen.
fn loss(group: &GroupSnapshot, now: Timestamp) -> Option<(&'static str, String)> {
    match group.loss_at.value()? {
        Loss::Never => None,
        Loss::At { at, .. } if at <= now => Some(("first loss", "any moment".to_owned())),
        Loss::At { at, .. } => Some(("first loss", format!("in {}", units::span(now.age_at(at))))),
    }
}

/// What would help, if a snapshot says.
fn help(
    state: &State,
    cluster: &ClusterSnapshot,
    group: &GroupSnapshot,
    width: usize,
) -> Option<Labelled> {
    let own = |a: &&std::sync::Arc<crate::model::Advice>| {
        a.cluster == cluster.cluster && a.group == group.group
    };
    let advice = state.shown.advice.iter().find(own)?;
    let more = " (more: 4)";
    // The way to the rest is not what is cut off.
    let room = width.saturating_sub("helps ".len() + more.len());
    let glyphs = state.glyphs();
    let title = escape(&advice.title, glyphs.ascii);
    let title = cut_end(&title, room, glyphs.ellipsis);
    Some(vec![("helps", format!("{title}{more}"))])
}

fn headline(
    state: &State,
    pen: &mut Pen<'_>,
    at: Rect,
    cluster: &ClusterSnapshot,
    group: &GroupSnapshot,
) {
    let verdict = &group.status;
    let word = status_text(verdict.status);
    let now = state.now();
    let since = format!(
        "  since {} ({})",
        units::moment(verdict.since, now, &state.options.zone),
        units::span(verdict.since.age_at(now))
    );
    let mut x = pen.pieces(
        at,
        &[(&word, Meaning::of(verdict.status)), ("  ", Meaning::Plain)],
    );
    let owner = owner_beside(state, cluster, group, at.width.into());
    let owner = owner.map_or_else(String::new, |o| format!("  owner {o}"));
    let room = at
        .width
        .saturating_sub(x + (since.len() + owner.len()) as u16);
    let name = Rect {
        width: room,
        ..after(at, x)
    };
    if state.several_clusters() {
        let crumb = format!("{} {} ", cluster.cluster, pen.glyphs.crumb);
        let taken = pen.left(name, &crumb, Meaning::Dim);
        x += taken;
        let rest = after(name, taken);
        x += pen.name(rest, group.group.as_str(), Meaning::Strong);
    } else {
        x += pen.name(name, group.group.as_str(), Meaning::Strong);
    }
    x += pen.left(after(at, x), &since, Meaning::Dim);
    pen.left(after(at, x), &owner, Meaning::Plain);
}

/// Whose it is, where that fits beside the names; elsewhere it stands with the limits.
fn owner_beside<'a>(
    state: &State,
    cluster: &ClusterSnapshot,
    group: &'a GroupSnapshot,
    width: usize,
) -> Option<&'a str> {
    /// The status, since when, the label.
    const REST: usize = 54;
    let owner = group.policy.owner.as_deref()?;
    let crumb = if state.several_clusters() {
        text_width(cluster.cluster.as_str()) + 3
    } else {
        0
    };
    let needs = REST + crumb + text_width(group.group.as_str()) + owner.len();
    (needs <= width && owner.is_ascii()).then_some(owner)
}

pub(in crate::tui) type Labelled = Vec<(&'static str, String)>;

fn numbers(group: &GroupSnapshot, now: Timestamp, glyphs: &Glyphs) -> Labelled {
    let mut lag = at_length(&group.lag, glyphs, now, units::count, |n| n as f64);
    if let Some((last, since)) = last_lag(group) {
        let age = units::span(since.age_at(now));
        let _ = write!(lag, ", was {} {age} ago", units::count(last));
    }
    let mut out = vec![("lag", lag)];
    if group.effective_lag.value() != group.lag.value() {
        out.push((
            "readable",
            at_length(&group.effective_lag, glyphs, now, units::count, |n| {
                n as f64
            }),
        ));
    }
    out.push((
        "behind",
        at_length(
            &group.time_lag.age(now),
            glyphs,
            now,
            units::span,
            Span::as_secs_f64,
        ),
    ));
    out.extend(loss(group, now));
    out.push((
        "in",
        format!("{}/s", reading(&group.arrival_rate, glyphs, units::rate).0),
    ));
    out.push((
        "out",
        format!("{}/s", reading(&group.consume_rate, glyphs, units::rate).0),
    ));
    let when = match group.eta.value() {
        Some(Eta::CaughtUp) => "caught up".to_owned(),
        Some(Eta::Never) => "never at this rate".to_owned(),
        _ => eta(group, now, glyphs).0,
    };
    out.push(("eta", when));
    if group.unknown_partitions > 0 {
        let unknown = match group.unknown_partitions {
            1 => "1 partition".to_owned(),
            n => format!("{n} partitions"),
        };
        out.push(("unknown", unknown));
    }
    out
}

fn policy(group: &GroupSnapshot, with_owner: bool) -> Option<Labelled> {
    let policy = &group.policy;
    let mut out: Labelled = Vec::new();
    if let Some(owner) = policy.owner.as_ref().filter(|_| with_owner) {
        out.push(("owner", owner.to_string()));
    }
    if let Some(runbook) = &policy.runbook {
        out.push(("runbook", runbook.to_string()));
    }
    let mut limits = Vec::new();
    if let Some(max) = policy.max_lag {
        limits.push(units::count(i64::try_from(max).unwrap_or(i64::MAX)));
    }
    if let Some(max) = policy.max_time_lag {
        limits.push(max.to_string());
    }
    if !limits.is_empty() {
        out.push(("limit", limits.join(", ")));
    }
    (!out.is_empty()).then_some(out)
}

fn kafka(group: &GroupSnapshot, glyphs: &Glyphs) -> Labelled {
    let unknown = || glyphs.unknown.to_owned();
    let members = group
        .members
        .as_ref()
        .map_or_else(unknown, |m| m.len().to_string());
    let mut out = vec![
        ("state", reading(&group.state, glyphs, state_word).0),
        ("members", members),
        ("partitions", group.rows.len().to_string()),
    ];
    let mut kind = format!("{:?}", group.group_type).to_lowercase();
    if let Some(assignor) = &group.assignor {
        kind = format!("{kind}, {assignor}");
    }
    out.push(("type", kind));
    out.push((
        "coordinator",
        group.coordinator.map_or_else(unknown, |c| c.to_string()),
    ));
    out
}

/// `lag 412k  behind 1h12m …`, labels dim.
fn labelled(pen: &mut Pen<'_>, area: Rect, pairs: &Labelled) {
    let mut x = 0;
    for (label, value) in pairs {
        x += pen.pieces(
            after(area, x),
            &[
                (label, Meaning::Dim),
                (" ", Meaning::Plain),
                (value, Meaning::Plain),
            ],
        );
        x += 2;
    }
}

/// Columns come in as far as the partition's name keeps some room.
fn partition_columns(width: u16, longest: usize) -> Vec<Column> {
    let mut out = vec![
        Column::left("STATUS", 8),
        Column::left("PARTITION", 0),
        Column::right("LAG", 6),
        Column::right("BEHIND", 7),
    ];
    let wished = [
        (Column::left("OWNER", 18), 14),
        (Column::right("OUT/s", 6), 16),
        (Column::right("COMMITTED", 12), 20),
        (Column::right("END", 12), 20),
        (Column::right("IN/s", 6), 20),
        (Column::right("LEADER", 6), 20),
    ];
    let order = [
        "STATUS",
        "PARTITION",
        "LAG",
        "BEHIND",
        "IN/s",
        "OUT/s",
        "COMMITTED",
        "END",
        "LEADER",
        "OWNER",
    ];
    let taken = |out: &[Column]| out.iter().map(|c| c.width + 1).sum::<u16>();
    for (column, keep) in wished {
        if taken(&out) + column.width + 1 + keep <= width {
            out.push(column);
        }
    }
    out.sort_by_key(|c| order.iter().position(|o| *o == c.title));
    let left = width.saturating_sub(taken(&out));
    // What is left is shared with the owner's name.
    let owner = if left > 40 { (left - 40).min(16) } else { 0 };
    for column in &mut out {
        match column.title.as_str() {
            "PARTITION" => column.width = (left - owner).min(longest.max(24) as u16),
            "OWNER" => column.width += owner,
            _ => {}
        }
    }
    out
}

fn partitions(state: &State, pen: &mut Pen<'_>, area: Rect, group: &GroupSnapshot) {
    let topics = group.topics.iter().map(|t| t.topic.as_str().len());
    // The dash and the number behind it.
    let longest = topics.max().unwrap_or(0) + 8;
    let columns = partition_columns(area.width, longest.min(1000));
    let order = partition_order(group);
    let shown = Shown {
        len: order.len(),
        top: state.ui.partitions.top(),
        selected: Some(state.ui.partitions.index()),
    };
    let (now, glyphs) = (state.now(), pen.glyphs);
    table::draw(pen, area, &columns, &shown, |i| {
        partition_view(group, order[i]).map_or_else(Vec::new, |view| {
            columns
                .iter()
                .map(|c| partition_cell(&c.title, &view, now, &glyphs))
                .collect()
        })
    });
    if order.is_empty() && area.height > 1 {
        pen.left(
            row(area, 1),
            "no partition is assigned or committed",
            Meaning::Dim,
        );
    }
}

fn partition_cell(title: &str, view: &PartitionView<'_>, now: Timestamp, glyphs: &Glyphs) -> Cell {
    let r = view.row();
    let offset = |n: i64| n.to_string();
    match title {
        "STATUS" => view.status().map_or_else(
            || Cell::of(("outside".to_owned(), Meaning::Dim)),
            |s| Cell::of((status_text(s), Meaning::of(s))),
        ),
        "PARTITION" => {
            let name = format!("{}-{}", view.topic().topic, view.partition());
            Cell::name(&name, Meaning::Plain)
        }
        "LAG" => Cell::of(reading(&view.lag(), glyphs, units::count)),
        "BEHIND" => Cell::of(reading(&r.time_lag.age(now), glyphs, units::span)),
        "OUT/s" => Cell::of(reading(&r.consume_rate, glyphs, units::rate)),
        "COMMITTED" => Cell::of(reading(&r.committed_offset, glyphs, offset)),
        "END" => Cell::of(reading(&view.log_end_offset(), glyphs, offset)),
        "IN/s" => Cell::of(view.log().map_or_else(
            || (glyphs.unknown.to_owned(), Meaning::Dim),
            |l| reading(&l.arrival_rate, glyphs, units::rate),
        )),
        "LEADER" => Cell::plain(
            view.log()
                .and_then(|l| l.leader)
                .map_or_else(|| glyphs.unknown.to_owned(), |l| l.to_string()),
        ),
        _ => view.owner().map_or_else(
            || Cell::of(("nobody".to_owned(), Meaning::Dim)),
            |m| Cell::name(&member_label(m), Meaning::Plain),
        ),
    }
}

/// What happened, newest first.
pub(super) fn events(state: &State, pen: &mut Pen<'_>, area: Rect, group: &GroupSnapshot) {
    if area.height < 2 {
        return;
    }
    pen.rule(row(area, 0), "what happened");
    if group.events.is_empty() {
        pen.left(
            row(area, 1),
            "nothing since Laggard began to watch",
            Meaning::Dim,
        );
    }
    let lines = usize::from(area.height - 1);
    for (i, event) in group.events.iter().rev().take(lines).enumerate() {
        event_line(state, pen, row(area, i as u16 + 1), event);
    }
}

fn event_line(state: &State, pen: &mut Pen<'_>, at: Rect, event: &Event) {
    let now = state.now();
    // Where there is little room, what happened matters more than by which clock.
    let when = if at.width < 90 {
        String::new()
    } else {
        units::moment(event.at, now, &state.options.zone)
    };
    let ago = format!("{:>7} ago  ", units::span(event.at.age_at(now)));
    let kind = match event.kind {
        EventKind::Joined => "joined ",
        EventKind::Left => "left   ",
        EventKind::Rebalanced => "rebal  ",
        EventKind::Reset => "reset  ",
        EventKind::Lost => "LOST   ",
        EventKind::Topic => "topic  ",
        EventKind::State => "state  ",
        EventKind::Mark => "mark   ",
        EventKind::ArrivalRate => "in/s   ",
        EventKind::ConsumeRate => "out/s  ",
    };
    pen.pieces(
        at,
        &[
            (&when, Meaning::Dim),
            (&ago, Meaning::Dim),
            (kind, Meaning::Strong),
            (&event.text, Meaning::Plain),
        ],
    );
}
