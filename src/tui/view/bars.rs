//! The lines round every screen: cluster and counts above, screens, the most urgent alert, hints.

use ratatui::layout::Rect;

use super::super::action::{Place, hints};
use super::super::columns::GroupColumn;
use super::super::glyphs::Urgency;
use super::super::rows::topics::TOPIC_SORTS;
use super::super::state::{PromptKind, Screen, State};
use super::super::text::{escape, width, wrap};
use super::super::theme::Meaning;
use super::super::transport::Doing;
use super::super::{units, update::subject};
use super::paint::{Pen, after, row};
use crate::model::{ClusterSnapshot, HealthState, Span};

/// A live screen whose newest snapshot is older than this says so. Cuts come each 10 s at least.
const NO_NEWS: Span = Span::from_secs(15);

/// `prod-eu  !2 ^5 ~1 .34   lag 1.28M +3.1k/s        polled 3s ago  LIVE`.
pub(super) fn header(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let right = right_side(state);
    let room = right.iter().map(|(t, _)| width(t) as u16).sum::<u16>();
    let left = Rect {
        width: area.width.saturating_sub(room + 1),
        ..area
    };
    let pieces = left_side(state);
    let mut pieces: Vec<_> = pieces.iter().map(|(t, m)| (t.as_str(), *m)).collect();
    // A count that is cut in two is another count.
    let mut taken = 0;
    let fits = |(text, _): &&(&str, Meaning)| {
        taken += width(text);
        taken <= usize::from(left.width)
    };
    let whole = pieces.iter().take_while(fits).count();
    pieces.truncate(whole.max(1));
    pieces.pop_if(|(text, _)| text.trim() == "lag");
    pen.pieces(left, &pieces);
    let at = after(area, area.width.saturating_sub(room));
    let pieces: Vec<_> = right.iter().map(|(t, m)| (t.as_str(), *m)).collect();
    pen.pieces(at, &pieces);
}

fn left_side(state: &State) -> Vec<(String, Meaning)> {
    let mut out = vec![(title(state), Meaning::Strong)];
    let source = &*state.options.source;
    let says_more = source.split(": ").any(|word| word != title(state));
    if !source.is_empty() && says_more && state.ui.size.0 >= 70 {
        let shows = state.ui.shows.as_ref();
        let shows = shows.map_or_else(String::new, |what| format!(", {what}"));
        out.push((format!(" ({source}{shows})"), Meaning::Dim));
    }
    out.push((" ".to_owned(), Meaning::Plain));
    let totals = &state.lists.totals;
    for urgency in Urgency::ALL {
        let n = totals.urgencies[urgency as usize];
        if n > 0 && urgency != Urgency::Fine {
            let text = format!(" {}{n}", urgency.glyph());
            out.push((text, Meaning::Urgency(urgency)));
        }
    }
    let fine = totals.urgencies[Urgency::Fine as usize];
    if fine > 0 {
        out.push((format!(" {fine} ok"), Meaning::Urgency(Urgency::Fine)));
    }
    if let Some(lag) = totals.lag {
        let mark = if totals.lag_open { pen_mark(state) } else { "" };
        let meaning = if totals.lag_stale {
            Meaning::Dim
        } else {
            Meaning::Plain
        };
        out.push(("   lag ".to_owned(), Meaning::Dim));
        out.push((format!("{mark}{}", units::count(lag)), meaning));
        if let Some(growth) = totals.growth {
            out.push((format!(" {}/s", units::growth(growth)), Meaning::Dim));
        }
    }
    out
}

fn pen_mark(state: &State) -> &'static str {
    state.glyphs().at_least
}

fn title(state: &State) -> String {
    match (&state.ui.scope, state.shown.clusters.as_slice()) {
        (Some(name), _) => name.to_string(),
        (None, []) => "laggard".to_owned(),
        (None, [one]) => one.cluster.to_string(),
        (None, many) => format!("{} clusters", many.len()),
    }
}

fn right_side(state: &State) -> Vec<(String, Meaning)> {
    let broken = Meaning::Urgency(Urgency::Broken);
    let mut out = Vec::new();
    let down = state
        .clusters()
        .find(|c| c.health.state == HealthState::Down);
    // On its way to another time the screen has more to say than when the one shown was read.
    let travels =
        state.ui.paused.is_some() && (state.ui.wished.is_some() || trouble(state).is_some());
    if let Some(cluster) = down {
        out.push((down_text(state, cluster), broken));
    } else if let Some(polled) = polled(state).filter(|_| !travels) {
        let age = units::span(polled.age_at(state.now()));
        // On a narrow line the counts need the room more.
        let text = match state.ui.size.0 {
            0..60 => format!("{age} ago"),
            _ => format!("polled {age} ago"),
        };
        out.push((text, Meaning::Dim));
    }
    out.extend(mode(state));
    out
}

/// What the source says of itself, if that is bad news.
fn trouble(state: &State) -> Option<&Doing> {
    state.ui.doing.as_ref().filter(|doing| doing.bad)
}

/// Whether what is shown is what is, and if not, what it is.
fn mode(state: &State) -> Vec<(String, Meaning)> {
    let broken = Meaning::Urgency(Urgency::Broken);
    let trouble = trouble(state).map(|doing| (format!("  {}", doing.text), broken));
    if let Some(paused) = state.ui.paused {
        let mut out = Vec::new();
        if !state.is_reading() {
            let ago = units::span(paused.age_at(state.clock));
            out.push((format!("  PAUSED -{ago}"), Meaning::Urgency(Urgency::Worse)));
        }
        if let Some(wished) = state.ui.wished {
            let at = units::moment(wished, state.clock, &state.options.zone);
            out.push((format!("  FETCHING {}", at.trim_end()), Meaning::Dim));
        }
        out.extend(trouble);
        return out;
    }
    let one = if let Some(trouble) = trouble {
        trouble
    } else if state.is_reading() {
        ("  READING".to_owned(), Meaning::Dim)
    } else if let Some(doing) = &state.ui.doing {
        (format!("  {}", doing.text), Meaning::Urgency(Urgency::Fine))
    } else if state.shown.generation.n > 0 && state.shown.at.age_at(state.clock) > NO_NEWS {
        let age = units::span(state.shown.at.age_at(state.clock));
        (format!("  NO NEWS {age}"), broken)
    } else if state
        .clusters()
        .all(|c| c.health.state == HealthState::Down)
    {
        // All of it is old: nothing here is live.
        (String::new(), Meaning::Plain)
    } else {
        ("  LIVE".to_owned(), Meaning::Urgency(Urgency::Fine))
    };
    vec![one]
}

fn down_text(state: &State, cluster: &ClusterSnapshot) -> String {
    let age = units::span(cluster.health.since.age_at(state.now()));
    if state.several_clusters() {
        let name =
            super::super::text::cut_middle(cluster.cluster.as_str(), 16, state.glyphs().ellipsis);
        format!("! {name} DOWN {age}")
    } else {
        format!("! DOWN {age}")
    }
}

/// The oldest of the clusters' last successes: the header never looks fresher than its stalest part.
fn polled(state: &State) -> Option<crate::model::Timestamp> {
    state.clusters().filter_map(|c| c.health.last_success).min()
}

/// `1 Groups  2 Topics …        /pay  sort trouble v`.
pub(super) fn tabs(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let right = asked(state);
    let room = (width(&right) as u16).min(area.width / 2);
    let left = Rect {
        width: area.width.saturating_sub(room + 1),
        ..area
    };
    let mut x = 0;
    // On a narrow line only the shown screen has its name.
    let short = area.width < 70;
    for (i, screen) in Screen::ALL.into_iter().enumerate() {
        let chosen = screen == state.ui.screen;
        let name = match count(state, screen) {
            n if n > 0 => format!("{}({n})", screen.name()),
            _ => screen.name().to_owned(),
        };
        let key = format!("{}", i + 1);
        let meaning = if chosen {
            Meaning::Strong
        } else {
            Meaning::Dim
        };
        x += pen.pieces(after(left, x), &[(&key, Meaning::Key)]);
        if chosen || !short {
            let style = format!(" {name}");
            let from = x + 1;
            x += pen.pieces(after(left, x), &[(&style, meaning)]);
            if chosen {
                underline(pen, left, from, x);
            }
        }
        x += 2;
    }
    pen.right(area_right(area, room), &right, Meaning::Dim);
}

/// The screen that is shown is marked by more than weight.
fn underline(pen: &mut Pen<'_>, area: Rect, from: u16, to: u16) {
    let at = Rect {
        width: to.saturating_sub(from),
        ..after(area, from)
    };
    pen.tint(at, Meaning::Chosen);
}

fn area_right(area: Rect, width: u16) -> Rect {
    after(area, area.width.saturating_sub(width))
}

fn count(state: &State, screen: Screen) -> usize {
    match screen {
        Screen::Alerts => state.lists.short.pressing,
        Screen::Advice => state.advice().count(),
        _ => 0,
    }
}

/// What the list was asked for.
fn asked(state: &State) -> String {
    let glyphs = state.glyphs();
    let arrow = |invert: bool| if invert { glyphs.up } else { glyphs.down };
    let mut out = String::new();
    if state.ui.trial.is_some() {
        return "esc leads back".to_owned();
    }
    if !state.filter().text().is_empty() {
        out = format!("/{}  ", state.filter().text());
    }
    match state.ui.screen {
        Screen::Groups if state.ui.open_group.is_none() => {
            let by = state.ui.sort.map_or("trouble", GroupColumn::name);
            let at = place_in(state.ui.groups.index(), state.lists.groups.rows.len());
            format!("{out}{at}sort {by} {}", arrow(state.ui.invert))
        }
        Screen::Topics if state.ui.open_topic.is_none() => {
            let by = TOPIC_SORTS[state.ui.topic_sort];
            let at = place_in(state.ui.topics.index(), state.lists.topics.rows.len());
            format!("{out}{at}sort {by} {}", arrow(state.ui.topic_invert))
        }
        Screen::Groups => format!("window {}", units::span(state.ui.window)),
        Screen::Logs => format!("{out}newest first"),
        _ => out,
    }
}

/// `3 of 30`: what cannot be seen is there all the same.
fn place_in(index: usize, len: usize) -> String {
    if len > 1 {
        format!("{} of {len}  ", index + 1)
    } else {
        String::new()
    }
}

/// What must be said beside the screen: a cluster that is down, else the most urgent alert.
pub(super) fn notice(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let down = state
        .clusters()
        .find(|c| c.health.state == HealthState::Down);
    let broken = Meaning::Urgency(Urgency::Broken);
    if let Some(Doing { text, why, .. }) = trouble(state) {
        let why = why.as_deref().unwrap_or_default();
        pen.pieces(
            area,
            &[
                (text, broken),
                (": ", Meaning::Plain),
                (why, Meaning::Plain),
                ("  (what is shown is the last that came)", Meaning::Dim),
            ],
        );
        return;
    }
    let Some(cluster) = down else {
        alert(state, pen, area);
        return;
    };
    let name = format!("{} ", cluster.cluster);
    let why = cluster.health.why.as_ref().map_or("", |w| w.as_str());
    let age = units::span(cluster.health.since.age_at(state.now()));
    pen.pieces(
        area,
        &[
            (&name, Meaning::Strong),
            ("DOWN", broken),
            (&format!(" for {age}: {why}"), Meaning::Plain),
            ("  (what is shown is the last that was read)", Meaning::Dim),
        ],
    );
}

/// `alert FIRING payments-settle time_lag>15m for 31m  (2 more: 3)`.
fn alert(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let short = &state.lists.short;
    let Some(alert) = &short.worst else {
        return;
    };
    let (word, meaning) = super::alerts::state_word(alert.state);
    let about = subject(&alert.labels).map_or_else(String::new, |(_, g)| format!(" {g}"));
    let age = super::alerts::how_long(alert, state.now());
    let more = match short.pressing.saturating_sub(1) {
        0 => String::new(),
        n => format!("  ({n} more: 3)"),
    };
    pen.pieces(
        area,
        &[
            ("alert ", Meaning::Dim),
            (word, meaning),
            (&about, Meaning::Strong),
            (&format!(" {} {age}", alert.name), Meaning::Plain),
            (&more, Meaning::Dim),
        ],
    );
}

/// The prompt, a message or the hints, and the time of day.
pub(super) fn bottom(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let clock = units::clock(state.now(), &state.options.zone);
    let room = area.width.saturating_sub(clock.len() as u16 + 1);
    let left = Rect {
        width: room,
        ..area
    };
    pen.right(after(area, room), &clock, Meaning::Dim);
    if state.ui.prompt.is_some() {
        prompt(state, pen, left);
    } else if let Some(toast) = &state.ui.toast {
        let meaning = if toast.bad {
            Meaning::Urgency(Urgency::Worse)
        } else {
            Meaning::Plain
        };
        let mark = if toast.bad { "! " } else { "" };
        pen.pieces(left, &[(mark, meaning), (&toast.text, meaning)]);
    } else {
        hint_line(state.place(), pen, left);
    }
}

fn prompt(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let Some(prompt) = &state.ui.prompt else {
        return;
    };
    let mark = match prompt.kind {
        PromptKind::Filter => "/",
        PromptKind::Command => ":",
    };
    // The end is where one writes: a long line loses its beginning.
    let text = super::super::text::escape(&prompt.text, pen.glyphs.ascii).into_owned();
    let room = usize::from(area.width.saturating_sub(3));
    let skip = width(&text).saturating_sub(room);
    let shown: String = text.chars().skip(skip).collect();
    let x = pen.pieces(area, &[(mark, Meaning::Key), (&shown, Meaning::Strong)]);
    pen.tint(
        Rect {
            width: 1,
            ..after(area, x)
        },
        Meaning::Cursor,
    );
    let rest = after(area, x + 3);
    if let Some(error) = &prompt.error {
        pen.left(rest, error, Meaning::Urgency(Urgency::Worse));
    } else if prompt.kind == PromptKind::Filter && state.ui.screen == Screen::Groups {
        let n = state.lists.groups.rows.len();
        let text = format!("{n} groups   enter done  esc cancel");
        pen.left(rest, &text, Meaning::Dim);
    } else if let Some(usage) = usage(prompt.kind, &prompt.text) {
        pen.left(rest, usage, Meaning::Dim);
    } else {
        hint_line(Place::Prompt, pen, rest);
    }
}

/// What a command that is being written takes.
fn usage(kind: PromptKind, text: &str) -> Option<&'static str> {
    let (name, _) = text.trim_start().split_once(' ')?;
    let mut commands = super::super::command::COMMANDS.iter();
    let command = commands.find(|c| kind == PromptKind::Command && c.name == name)?;
    (command.usage != command.name).then_some(command.usage)
}

fn hint_line(place: Place, pen: &mut Pen<'_>, area: Rect) {
    let mut x = 0;
    for (key, word) in hints(place, area.width.into()) {
        let key = key.to_string();
        x += pen.pieces(
            after(area, x),
            &[
                (&key, Meaning::Key),
                (" ", Meaning::Plain),
                (word, Meaning::Dim),
            ],
        );
        x += 2;
    }
}

/// Before anything was read: what is being connected to, and how that goes.
pub(super) fn reading(state: &State, pen: &mut Pen<'_>, body: Rect) {
    let ellipsis = pen.glyphs.ellipsis;
    let mut line = 1.min(body.height.saturating_sub(1));
    pen.left(
        row(body, line),
        &format!("  reading {ellipsis}"),
        Meaning::Strong,
    );
    line += 1;
    if !state.options.connecting_to.is_empty() {
        let text = format!("  connecting to {}", state.options.connecting_to);
        pen.left(row(body, line), &text, Meaning::Dim);
        line += 1;
    }
    let broken = Meaning::Urgency(Urgency::Broken);
    if let Some(Doing { text, why, .. }) = trouble(state) {
        let why = why.as_deref().unwrap_or_default();
        let text = format!("  {text}  ");
        pen.pieces(
            row(body, line + 1),
            &[(&text, broken), (why, Meaning::Plain)],
        );
        line += 1;
    }
    if let Some(why) = &state.ui.missed {
        let at = state.ui.paused.unwrap_or(state.clock);
        let text = format!("  cannot show {at}: ");
        pen.pieces(
            row(body, line + 1),
            &[(&text, Meaning::Strong), (why, Meaning::Plain)],
        );
        pen.left(
            row(body, line + 2),
            "  space shows what is now",
            Meaning::Dim,
        );
        line += 2;
    }
    for cluster in state.clusters() {
        let health = &cluster.health;
        let (word, meaning) = match health.state {
            HealthState::Connecting => ("connecting", Meaning::Dim),
            HealthState::Up => ("up, reading", Meaning::Plain),
            HealthState::Down => ("DOWN", broken),
        };
        let age = units::span(health.since.age_at(state.now()));
        let name = format!("  {}  ", cluster.cluster);
        let taken = pen.pieces(
            row(body, line + 1),
            &[
                (&name, Meaning::Strong),
                (word, meaning),
                (&format!(" for {age}"), Meaning::Plain),
            ],
        );
        line += 1;
        if let Some(why) = &health.why {
            line += reason(pen, below(body, line), taken, why.as_str());
        }
    }
}

/// Why a cluster is not read: behind what was said already where it fits, else in lines of its own.
/// Returns how many lines more it takes.
fn reason(pen: &mut Pen<'_>, area: Rect, taken: u16, why: &str) -> u16 {
    let safe = escape(why, pen.glyphs.ascii).into_owned();
    let rest = after(row(area, 0), taken);
    let mut lines = 0;
    if width(&safe) + 2 <= usize::from(rest.width) {
        pen.left(rest, &format!(": {safe}"), Meaning::Plain);
    } else {
        for part in wrap(&safe, usize::from(area.width.saturating_sub(4)), 4) {
            lines += 1;
            pen.left(after(row(area, lines), 4), &part, Meaning::Plain);
        }
    }
    lines + 1
}

/// What is left of an area below its first `by` lines and the one after them.
fn below(area: Rect, by: u16) -> Rect {
    let by = by.min(area.height);
    Rect {
        y: area.y + by,
        height: area.height - by,
        ..area
    }
}
