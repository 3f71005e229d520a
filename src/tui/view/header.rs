//! The first line: which cluster, how many groups are in which trouble, how much lies unread, and
//! whether what is shown is what is.

use ratatui::layout::Rect;

use super::super::glyphs::{Glyphs, Urgency};
use super::super::state::State;
use super::super::text::{cut_end, cut_middle, escape, name, width};
use super::super::theme::Meaning;
use super::super::transport::Doing;
use super::super::units;
use super::paint::{Pen, after};
use crate::model::{ClusterSnapshot, HealthState, Span};

/// A live screen whose newest snapshot is older than this says so. Cuts come each 10 s at least.
const NO_NEWS: Span = Span::from_secs(15);

/// A name that is cut has this many cells at the least.
const TITLE: usize = 12;
/// And what is left of the name of a source.
const SOURCE: usize = 16;

type Pieces = Vec<(String, Meaning)>;

/// `prod-eu  !2 ^5 ~1 .34   lag 1.28M +3.1k/s        polled 3s ago  LIVE`.
pub(super) fn draw(state: &State, pen: &mut Pen<'_>, area: Rect) {
    let right = right_side(state);
    let room = taken(&right) as u16;
    let left = Rect {
        width: area.width.saturating_sub(room + 1),
        ..area
    };
    let pieces = left_side(state, left.width.into());
    write(pen, left, &pieces);
    write(pen, after(area, area.width.saturating_sub(room)), &right);
}

fn write(pen: &mut Pen<'_>, area: Rect, pieces: &Pieces) {
    let pieces: Vec<_> = pieces.iter().map(|(t, m)| (t.as_str(), *m)).collect();
    pen.pieces(area, &pieces);
}

fn taken(pieces: &Pieces) -> usize {
    pieces.iter().map(|(text, _)| width(text)).sum()
}

/// How things stand goes before where that comes from: the counts are there at any width, the
/// sum of lag next; the name of the source takes what is left.
fn left_side(state: &State, room: usize) -> Pieces {
    let (counts, mut sum) = (counts(state), lag(state));
    let growth = sum.1.take();
    let mut needs = 1 + taken(&counts);
    if TITLE.min(width(&title(state))) + needs + taken(&sum.0) <= room {
        needs += taken(&sum.0);
    } else {
        sum.0.clear();
    }
    let glyphs = state.glyphs();
    let title = name(&title(state), glyphs.ascii).into_owned();
    let title = cut_middle(
        &title,
        room.saturating_sub(needs).max(TITLE),
        glyphs.ellipsis,
    );
    let mut rest = room.saturating_sub(width(&title) + needs);
    let source = source(state);
    let least = source.as_ref().map_or(0, |s| SOURCE.min(width(s)));
    if let Some(growth) = growth.filter(|g| !sum.0.is_empty() && width(&g.0) + least <= rest) {
        rest -= width(&growth.0);
        sum.0.push(growth);
    }
    let mut out = vec![(title.into_owned(), Meaning::Strong)];
    out.extend(source.and_then(|source| fitted(&source, rest, &glyphs)));
    out.push((" ".to_owned(), Meaning::Plain));
    // A count that is cut in two is another count.
    let mut left = room.saturating_sub(taken(&out));
    for piece in counts {
        match left.checked_sub(width(&piece.0)) {
            Some(rest) => left = rest,
            None => return out,
        }
        out.push(piece);
    }
    out.extend(sum.0);
    out
}

/// Where it comes from, if the title does not say so already.
fn source(state: &State) -> Option<String> {
    let source = &*state.options.source;
    let says_more = source.split(": ").any(|word| word != title(state));
    if source.is_empty() || !says_more {
        return None;
    }
    let shows = state.ui.shows.as_ref();
    let shows = shows.map_or_else(String::new, |what| format!(", {what}"));
    Some(format!(" ({source}{shows})"))
}

/// As much of it as there is room for, if that is enough to say anything.
fn fitted(source: &str, room: usize, glyphs: &Glyphs) -> Option<(String, Meaning)> {
    let safe = escape(source, glyphs.ascii);
    if width(&safe) <= room {
        return Some((safe.into_owned(), Meaning::Dim));
    }
    let inside = safe.trim_end_matches(')');
    let cut = (room >= SOURCE).then(|| cut_end(inside, room - 1, glyphs.ellipsis))?;
    Some((format!("{cut})"), Meaning::Dim))
}

/// How many groups of each urgency.
fn counts(state: &State) -> Pieces {
    let mut out = Vec::new();
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
    out
}

/// The sum of unread records, and by how many it grows.
fn lag(state: &State) -> (Pieces, Option<(String, Meaning)>) {
    let totals = &state.lists.totals;
    let Some(lag) = totals.lag else {
        return (Vec::new(), None);
    };
    let mark = if totals.lag_open {
        state.glyphs().at_least
    } else {
        ""
    };
    let meaning = if totals.lag_stale {
        Meaning::Dim
    } else {
        Meaning::Plain
    };
    let sum = vec![
        ("   lag ".to_owned(), Meaning::Dim),
        (format!("{mark}{}", units::count(lag)), meaning),
    ];
    let growth = totals.growth;
    let growth = growth.map(|g| (format!(" {}/s", units::growth(g)), Meaning::Dim));
    (sum, growth)
}

fn title(state: &State) -> String {
    match (&state.ui.scope, state.shown.clusters.as_slice()) {
        (Some(name), _) => name.to_string(),
        (None, []) => "laggard".to_owned(),
        (None, [one]) => one.cluster.to_string(),
        (None, many) => format!("{} clusters", many.len()),
    }
}

fn right_side(state: &State) -> Pieces {
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
pub(super) fn trouble(state: &State) -> Option<&Doing> {
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
        let name = name(cluster.cluster.as_str(), state.glyphs().ascii);
        let name = cut_middle(&name, 16, state.glyphs().ellipsis);
        format!("! {name} DOWN {age}")
    } else {
        format!("! DOWN {age}")
    }
}

/// The oldest of the clusters' last successes: the header never looks fresher than its stalest part.
fn polled(state: &State) -> Option<crate::model::Timestamp> {
    state.clusters().filter_map(|c| c.health.last_success).min()
}
