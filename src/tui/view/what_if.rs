//! The panel of what if: the change, what it would do, each member's load before and after.

use ratatui::layout::Rect;

use super::super::areas::TrialAreas;
use super::super::glyphs::{Glyphs, Urgency};
use super::super::state::State;
use super::super::text::{escape, wrap};
use super::super::theme::Meaning;
use super::super::units;
use super::super::what_if::{Trial, pairs};
use super::paint::{Pen, after, row};
use super::table::{self, Cell, Column, Shown};
use super::values::member_label;
use crate::advice::assign::Certainty;
use crate::advice::what_if::{Drain, MemberSide, Side, WhatIf};
use crate::model::{GroupSnapshot, Span};

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, body: Rect) {
    let Some(trial) = &state.ui.trial else { return };
    let Some((_, group)) = state.group(&trial.key) else {
        let text = format!("{} is not in this snapshot; esc leads back", trial.key.1);
        pen.left(row(body, 0), &text, Meaning::Dim);
        return;
    };
    let found = state.lists.trial.as_ref().map(|w| &w.found);
    match found {
        Some(Ok(found)) => {
            headline(pen, row(body, 0), trial, Some(found));
            all(pen, body, (trial, group), found);
        }
        Some(Err(why)) => {
            headline(pen, row(body, 0), trial, None);
            let why = escape(why, pen.glyphs.ascii);
            for (y, line) in (2..).zip(wrap(&why, body.width.into(), 4)) {
                pen.left(row(body, y), &line, Meaning::Plain);
            }
        }
        None => {}
    }
}

fn headline(pen: &mut Pen<'_>, at: Rect, trial: &Trial, found: Option<&WhatIf>) {
    let mut x = pen.pieces(at, &[("what if ", Meaning::Dim)]);
    let name = Rect {
        width: (at.width / 3).max(16),
        ..after(at, x)
    };
    x += pen.name(name, trial.key.1.as_str(), Meaning::Strong);
    let Some(found) = found else { return };
    let (before, then) = (found.before.members.len(), found.after.members.len());
    let mut pieces = vec![
        (" had ".to_owned(), Meaning::Dim),
        (members(then), Meaning::Strong),
    ];
    if before != then {
        pieces.push((format!(", not {before}"), Meaning::Dim));
    }
    pieces.push((", under ".to_owned(), Meaning::Dim));
    pieces.push((found.after.assignor.to_string(), Meaning::Strong));
    if let Some(n) = trial.partitions {
        pieces.push((", with ".to_owned(), Meaning::Dim));
        pieces.push((format!("{n} partitions"), Meaning::Strong));
    }
    let pieces: Vec<_> = pieces.iter().map(|(t, m)| (t.as_str(), *m)).collect();
    pen.pieces(after(at, x), &pieces);
}

fn members(n: usize) -> String {
    match n {
        1 => "1 member".to_owned(),
        n => format!("{n} members"),
    }
}

fn all(pen: &mut Pen<'_>, body: Rect, (trial, group): (&Trial, &GroupSnapshot), found: &WhatIf) {
    let glyphs = pen.glyphs;
    let facts = facts(found, &glyphs);
    let notes = notes(found, &glyphs, body.width);
    let rows = u16::try_from(pairs(found).len()).unwrap_or(u16::MAX);
    let lines = (
        facts.len() as u16,
        rows.saturating_add(1),
        notes.len() as u16,
    );
    let areas = TrialAreas::of(body, lines.0, lines.1, lines.2);
    for (y, (label, value)) in (0..areas.facts.height).zip(&facts) {
        let at = row(areas.facts, y);
        pen.left(at, label, Meaning::Dim);
        pen.left(after(at, LABELS), value, Meaning::Plain);
    }
    loads(pen, areas.table, (trial, group), found);
    for (y, note) in (0..areas.notes.height).zip(&notes) {
        pen.left(row(areas.notes, y), note, Meaning::Dim);
    }
}

/// The width of the labels.
const LABELS: u16 = 16;

fn facts(found: &WhatIf, glyphs: &Glyphs) -> Vec<(&'static str, String)> {
    let (before, then, to) = (&found.before, &found.after, glyphs.to);
    vec![
        (
            "caught up",
            format!(
                "{} {to} {}",
                drain(before.drain, glyphs),
                drain(then.drain, glyphs)
            ),
        ),
        (
            "fullest member",
            format!(
                "{} {to} {}; at best {}/s",
                fullest(before, " of what it can"),
                fullest(then, ""),
                units::rate(found.best_possible)
            ),
        ),
        ("a rebalance", rebalance(found)),
        ("how sure", sure(found.certainty).to_owned()),
    ]
}

fn fullest(side: &Side, of: &str) -> String {
    let of_capacity = side
        .fullest_use
        .map_or_else(String::new, |u| format!(" ({}{of})", units::percent(u)));
    format!("{}/s{of_capacity}", units::rate(side.fullest))
}

fn drain(drain: Drain, glyphs: &Glyphs) -> String {
    let span = |s: f64| units::span(Span::from_secs_f64(s));
    match drain {
        Drain::Done => "now".to_owned(),
        Drain::In(s) => format!("in {}", span(s)),
        Drain::Within(s) => format!("within {}", span(s)),
        Drain::Never => "never".to_owned(),
        Drain::Unknown => glyphs.unknown.to_owned(),
    }
}

fn rebalance(found: &WhatIf) -> String {
    let span = |secs: f64| units::span(Span::from_secs_f64(secs));
    let moved = match found.moved {
        None => String::new(),
        Some(1) => "1 partition moves; ".to_owned(),
        Some(n) => format!("{n} partitions move; "),
    };
    let rounds = match found.rebalances {
        0 | 1 => String::new(),
        n => format!("{n} rebalances; "),
    };
    let records = units::count(found.cost.records.round() as i64);
    let gone = found.cost.recovery;
    let gone = gone.map_or_else(String::new, |secs| format!(", gone in {}", span(secs)));
    format!(
        "{moved}{rounds}{records} records wait some {}{gone}",
        span(found.cost.pause)
    )
}

const fn sure(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Exact => "exact: each member gets these partitions",
        Certainty::Loads => "exact in how many partitions members get, likely in which ones",
        Certainty::Estimate => "an estimate",
    }
}

fn notes(found: &WhatIf, glyphs: &Glyphs, width: u16) -> Vec<String> {
    let room = usize::from(width.saturating_sub(2)).max(8);
    let mut out = Vec::new();
    for note in &found.notes {
        let lines = wrap(&escape(note, glyphs.ascii), room, 3);
        for (i, line) in lines.into_iter().enumerate() {
            let lead = if i == 0 { glyphs.bullet } else { " " };
            out.push(format!("{lead} {line}"));
        }
    }
    out
}

/// Columns come in as far as the member's name keeps some room.
fn columns(width: u16) -> Vec<Column> {
    let mut out = vec![Column::left("MEMBER", 0), Column::right("PARTITIONS", 12)];
    for (title, cells) in [("USE", 16), ("IN/s", 16), ("UNREAD", 16)] {
        let taken: u16 = out.iter().map(|c| c.width + 1).sum();
        if taken + cells + 1 + 14 <= width {
            out.push(Column::right(title, cells));
        }
    }
    let taken: u16 = out.iter().map(|c| c.width + 1).sum();
    out[0].width = width.saturating_sub(taken).min(48);
    out
}

fn loads(pen: &mut Pen<'_>, area: Rect, (trial, group): (&Trial, &GroupSnapshot), found: &WhatIf) {
    let pairs = pairs(found);
    let columns = columns(area.width);
    let shown = Shown {
        len: pairs.len(),
        top: trial.top,
        selected: None,
    };
    let glyphs = pen.glyphs;
    table::draw(pen, area, &columns, &shown, |i| {
        let (before, then) = pairs[i];
        let sides = (
            before.map(|i| &found.before.members[i]),
            then.map(|i| &found.after.members[i]),
        );
        columns
            .iter()
            .map(|c| cell(&c.title, sides, group, &glyphs))
            .collect()
    });
}

type Sides<'a> = (Option<&'a MemberSide>, Option<&'a MemberSide>);

fn cell(title: &str, (before, then): Sides<'_>, group: &GroupSnapshot, glyphs: &Glyphs) -> Cell {
    let both = |value: &dyn Fn(&MemberSide) -> String| {
        let side = |m: Option<&MemberSide>| m.map_or_else(|| glyphs.unknown.to_owned(), value);
        format!("{} {} {}", side(before), glyphs.to, side(then))
    };
    match title {
        "MEMBER" => match (before, then) {
            (Some(m), Some(_)) => Cell::name(&label(&m.member, group), Meaning::Plain),
            (Some(m), None) => Cell {
                note: "leaves".to_owned(),
                ..Cell::name(&label(&m.member, group), Meaning::Dim)
            },
            (None, Some(m)) => Cell::name(&m.member, Meaning::Strong),
            (None, None) => Cell::plain(""),
        },
        "PARTITIONS" => Cell::plain(both(&|m| m.partitions.to_string())),
        "IN/s" => Cell::plain(both(&|m| units::rate(m.arrival))),
        "UNREAD" => Cell::plain(both(&|m| units::count(m.lag as i64))),
        _ => {
            let text = both(&|m| {
                m.use_of_capacity
                    .map_or_else(|| glyphs.unknown.to_owned(), units::percent)
            });
            let over = then
                .and_then(|m| m.use_of_capacity)
                .is_some_and(|u| u > 1.0);
            let meaning = if over {
                Meaning::Urgency(Urgency::Broken)
            } else {
                Meaning::Plain
            };
            Cell::of((text, meaning))
        }
    }
}

/// A member as other screens call it.
fn label(id: &str, group: &GroupSnapshot) -> String {
    let members = group.members.as_deref().unwrap_or_default();
    let member = members.iter().find(|m| m.member_id.as_str() == id);
    member.map_or_else(|| id.to_owned(), member_label)
}
