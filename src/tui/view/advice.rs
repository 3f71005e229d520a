//! Advice: a list above; below it the selected one with its evidence, what it would bring, the
//! command, and the load of each member now and then.

use ratatui::layout::Rect;

use super::super::glyphs::Urgency;
use super::super::state::State;
use super::super::theme::Meaning;
use super::super::units;
use super::alerts::{parts, prose};
use super::paint::{Pen, after, row};
use super::table::{self, Cell, Column, Shown};
use crate::model::{Advice, AdviceSeverity, Load, Plan};

pub(super) fn draw(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let (list, detail) = parts(area);
    let advice = &state.lists.short.advice;
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
    let mut last = Vec::new();
    if let Some(command) = &advice.command {
        // What goes on is marked as a shell marks it, lest a name's second line look like a command.
        let lead = |i: usize, line: &str| match i {
            0 => "$ ",
            _ if line.starts_with('#') => "",
            _ => "> ",
        };
        let typed = command.lines().enumerate();
        // The command is there, whatever else there is no room for.
        last.extend(typed.map(|(i, line)| format!("{}{line}", lead(i, line))));
        last.push("(y copies it; Laggard never runs it)".to_owned());
    }
    let taken = prose(pen, area, advice.group.as_str(), &lines, &last);
    if let Some(plan) = &advice.plan {
        let rest = Rect {
            y: area.y + taken,
            height: area.height - taken,
            ..area
        };
        draw_plan(pen, rest, plan);
    }
}

/// What each member carries, as it is and as it would be, side by side.
fn draw_plan(pen: &mut Pen<'_>, area: Rect, plan: &Plan) {
    let half = area.width / 2;
    if half < SIDE {
        pen.left(row(area, 0), &head("now", &plan.before), Meaning::Plain);
        pen.left(row(area, 1), &head("then", &plan.after), Meaning::Plain);
        return;
    }
    let halves = [(0, "now", &plan.before), (half, "then", &plan.after)];
    for (x, when, loads) in halves {
        let side = Rect {
            x: area.x + x,
            width: half.saturating_sub(1),
            ..area
        };
        draw_side(pen, side, when, loads);
    }
}

fn draw_side(pen: &mut Pen<'_>, area: Rect, when: &str, loads: &[Load]) {
    let members = loads.len();
    pen.left(row(area, 0), &head(when, loads), Meaning::Title);
    let room = usize::from(area.height.saturating_sub(1));
    // What does not fit is said in the last line.
    let shown = if members > room {
        room.saturating_sub(1)
    } else {
        members
    };
    for (y, load) in loads.iter().take(shown).enumerate() {
        draw_load(pen, row(area, y as u16 + 1), load);
    }
    if members > shown && room > 0 {
        let more = format!("and {} more", members - shown);
        pen.left(row(area, room as u16), &more, Meaning::Dim);
    }
}

/// How many there are, and how full the fullest is.
fn head(when: &str, loads: &[Load]) -> String {
    let members = loads.len();
    match fullest(loads) {
        Some(share) => format!(
            "{when}: {members} members, the fullest at {}",
            percent(share)
        ),
        None => format!("{when}: {members} members"),
    }
}

fn fullest(loads: &[Load]) -> Option<f64> {
    let known = loads.iter().filter_map(|load| load.use_of_capacity);
    known.max_by(f64::total_cmp)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Narrower than this, members are not shown one by one.
const SIDE: u16 = 38;
/// Cells of the numbers and the percentage, and what stands between.
const NUMBERS: u16 = 26;

fn draw_load(pen: &mut Pen<'_>, line: Rect, load: &Load) {
    let bar = if line.width < 48 { 6 } else { 10 };
    let name = line.width.saturating_sub(bar + NUMBERS).min(24);
    pen.name(
        Rect {
            width: name,
            ..line
        },
        &load.member,
        Meaning::Plain,
    );
    let numbers = format!(
        "{:>4} p {:>7}/s",
        load.partitions,
        units::rate(load.arrival)
    );
    let mut at = name + 1;
    at += pen.left(after(line, at), &numbers, Meaning::Plain) + 1;
    let Some(share) = load.use_of_capacity else {
        pen.left(after(line, at), pen.glyphs.unknown, Meaning::Dim);
        return;
    };
    let meaning = if share > 1.0 {
        Meaning::Urgency(Urgency::Broken)
    } else {
        Meaning::Plain
    };
    let full = (share.clamp(0.0, 1.0) * f64::from(bar)).round() as usize;
    let (dark, light) = (pen.glyphs.shades[4], pen.glyphs.shades[0]);
    let filled = dark.repeat(full) + &light.repeat(usize::from(bar) - full);
    let over = if share > 1.0 { "!" } else { "" };
    pen.left(
        after(line, at),
        &format!("{filled} {}{over}", percent(share)),
        meaning,
    );
}
