//! The pictures of `docs/terminal.md`, made from the real screens on the demo: text as text, so that
//! they can be searched and read aloud.
//!
//! `INSTA_UPDATE=always cargo test --lib pictures` writes them; the same test fails when they are
//! stale.

use std::fmt::Write;
use std::sync::Arc;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::model::{
    Broker, Cause, ClusterSettings, Observation, Settings, Snapshot, Span, Timestamp, document,
};
use crate::pipeline::Pipeline;
use crate::sim::watch::{Past, history};
use crate::sim::world::World;
use crate::tui::{Event, Key, LogRing, Options, State, picture};

const CELL: (u16, u16) = (8, 17);
const PAPER: &str = "#14181f";
const INK: &str = "#d7dce5";

fn colour(colour: Color, or: &str) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => or.to_owned(),
    }
}

/// Foreground and background of a cell, turned round where it is reversed.
fn colours(cell: &Cell) -> (String, String) {
    let pair = (colour(cell.fg, INK), colour(cell.bg, PAPER));
    if cell.modifier.contains(Modifier::REVERSED) {
        (pair.1, pair.0)
    } else {
        pair
    }
}

fn weight(cell: &Cell) -> &'static str {
    if cell.modifier.contains(Modifier::UNDERLINED) {
        " font-weight=\"bold\" text-decoration=\"underline\""
    } else if cell.modifier.contains(Modifier::BOLD) {
        " font-weight=\"bold\""
    } else {
        ""
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A screen as SVG: a text element a line, each word at its own place and of its own width, since
/// viewers disagree about what becomes of blanks. Blocks and shades are drawn, not set: they join as
/// in a terminal, whatever the font.
fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let (width, height) = (columns * CELL.0 + 16, rows * CELL.1 + 16);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"13.3\">\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for y in 0..rows {
        let line: Vec<&Cell> = (0..columns).map(|x| &buffer[(x, y)]).collect();
        grounds(&mut out, y, &line);
        blocks(&mut out, y, &line);
        words(&mut out, y, &line);
    }
    out.push_str("</svg>\n");
    out
}

fn left(x: usize) -> u16 {
    8 + x as u16 * CELL.0
}

fn top(y: u16) -> u16 {
    8 + y * CELL.1
}

/// Stretches of cells that are alike in something: where each begins, how many cells it has.
fn stretches<T: PartialEq>(line: &[&Cell], what: impl Fn(&Cell) -> T) -> Vec<(usize, usize)> {
    let mut from = 0;
    let alike = line.chunk_by(|a, b| what(a) == what(b));
    alike
        .map(|cells| {
            from += cells.len();
            (from - cells.len(), cells.len())
        })
        .collect()
}

fn grounds(out: &mut String, y: u16, line: &[&Cell]) {
    for (x, cells) in stretches(line, |c| colours(c).1) {
        let ground = colours(line[x]).1;
        if ground != PAPER {
            let (x, width) = (left(x), cells as u16 * CELL.0);
            let (y, height) = (top(y), CELL.1);
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/>"
            );
        }
    }
}

/// How high a block is, in eighths of a line, and how dense.
fn block(cell: &Cell) -> Option<(u16, &'static str)> {
    let sign = cell.symbol().chars().next()?;
    match sign {
        '▁'..='█' => Some((sign as u16 - '▁' as u16 + 1, "1")),
        '░' => Some((8, ".25")),
        '▒' => Some((8, ".5")),
        '▓' => Some((8, ".75")),
        _ => None,
    }
}

fn blocks(out: &mut String, y: u16, line: &[&Cell]) {
    for (x, cells) in stretches(line, |c| (block(c), colours(c).0)) {
        if let Some((eighths, density)) = block(line[x]) {
            let ink = colours(line[x]).0;
            let high = f32::from(CELL.1 * eighths) / 8.0;
            let y = f32::from(top(y) + CELL.1) - high;
            let (x, width) = (left(x), cells as u16 * CELL.0);
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{high}\" fill=\"{ink}\" fill-opacity=\"{density}\" shape-rendering=\"crispEdges\"/>"
            );
        }
    }
}

fn words(out: &mut String, y: u16, line: &[&Cell]) {
    let is_text = |c: &Cell| !c.symbol().trim().is_empty() && block(c).is_none();
    let alike = stretches(line, |c| (is_text(c), colours(c).0, weight(c)));
    let spans: Vec<_> = alike
        .into_iter()
        .filter(|(x, _)| is_text(line[*x]))
        .map(|(x, cells)| {
            let text: String = line[x..x + cells].iter().map(|c| c.symbol()).collect();
            let (ink, weight) = (colours(line[x]).0, weight(line[x]));
            let (x, width) = (left(x), cells as u16 * CELL.0);
            let text = escape(&text);
            format!("<tspan x=\"{x}\" textLength=\"{width}\" fill=\"{ink}\"{weight}>{text}</tspan>")
        })
        .collect();
    if !spans.is_empty() {
        let _ = writeln!(
            out,
            "<text y=\"{}\">{}</text>",
            top(y) + 13,
            spans.join(" ")
        );
    }
}

/// The instant of the pictures: 2026-11-20T18:00:00Z.
const EPOCH: i64 = 1_795_197_600_000;
/// The snapshot that they are made of.
const SNAPSHOT: &str = "tests/pictures/demo.json";
/// The groups that `docs/terminal.md` speaks of.
const TOLD: [&str; 4] = [
    "audit-archive",
    "billing-export",
    "order-projector",
    "image-resizer",
];

/// What `laggard demo` shows in its first frame with data: its past, folded.
fn demo() -> Arc<Snapshot> {
    let named = super::setup::named_demo("demo").unwrap();
    let world = Arc::new(World::new(&named.scenario, named.seed, EPOCH));
    let broker = |id| Broker {
        id,
        host: "127.0.0.1".into(),
        port: 9092,
        rack: None,
    };
    let past = Past {
        cluster: "demo".into(),
        brokers: (1..=3).map(broker).collect(),
        interval: named.interval,
        cut_each: Some(Span::from_secs(60)),
    };
    let at = Timestamp::from_millis(EPOCH);
    let settings = Settings {
        clusters: vec![ClusterSettings {
            poll_interval: named.interval,
            ..ClusterSettings::named("demo".into())
        }],
        rules: crate::alerts::shipped().into_iter().collect(),
        ..Settings::default()
    };
    let opening = [
        Observation::Boot {
            at,
            boot: "pictures".into(),
        },
        Observation::Configured {
            at,
            settings: Arc::new(settings),
        },
    ];
    let mut pipeline = Pipeline::new();
    let all = opening.into_iter().chain(history(&world, &past));
    let all = all.chain([Observation::Tick { at }]);
    let cuts = all.filter_map(|observation| pipeline.fold(&observation));
    cuts.last().unwrap().snapshot
}

/// The snapshot of the pictures: kept, so that a number that moves by one does not make them stale.
fn kept() -> Arc<Snapshot> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(SNAPSHOT);
    if crate::held::updating() {
        let mut json = Vec::new();
        document::to_json(&demo(), &mut json).unwrap();
        json.push(b'\n');
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, json).unwrap();
    }
    Arc::new(document::from_json(&std::fs::read(path).unwrap()).unwrap())
}

/// A screen after keys.
fn screen(snapshot: &Arc<Snapshot>, size: (u16, u16), keys: &[Key]) -> Buffer {
    let options = Options {
        source: "demo: demo".into(),
        ..Options::default()
    };
    let mut state = State::new(options, LogRing::default(), snapshot, snapshot.at);
    state.on(Event::Resize(size.0, size.1), snapshot.at);
    for key in keys {
        state.on(Event::Key(*key), snapshot.at);
    }
    picture(&state)
}

/// Keys as they are typed; a line end is enter.
fn typed(text: &str) -> Vec<Key> {
    let key = |c| match c {
        '\n' => Key::Enter,
        c => Key::Char(c),
    };
    text.chars().map(key).collect()
}

#[test]
fn pictures_are_fresh() {
    let snapshot = kept();
    let shots: [(&str, (u16, u16), &str); 9] = [
        ("groups", (100, 20), ""),
        ("group", (100, 30), "\n"),
        ("poison", (100, 30), ":group billing-export\n"),
        ("advice", (100, 24), "\n4"),
        ("advised", (100, 36), ":group image-resizer\n4"),
        ("what-if", (100, 20), ":group image-resizer\nm++"),
        ("alerts", (100, 24), "3"),
        ("heat", (100, 22), ":group order-projector\nh"),
        ("topics", (100, 12), "2"),
    ];
    let mut stale = Vec::new();
    for (name, size, keys) in shots {
        let fresh = svg(&screen(&snapshot, size, &typed(keys)));
        if !crate::held::is_fresh(&format!("docs/terminal/{name}.svg"), &fresh) {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "{stale:?}: INSTA_UPDATE=always cargo test --lib pictures"
    );
}

/// What the page says of the demo holds for the demo as it is, not only for the kept snapshot.
#[test]
fn the_demo_still_tells_what_the_pictures_tell() {
    let (kept, now) = (kept(), demo());
    for name in TOLD {
        let told = |snapshot: &Snapshot| {
            let group = snapshot.clusters[0].group(name).unwrap();
            let cause = group.diagnosis.cause().map(Cause::name);
            let mut advice = snapshot.advice.iter();
            let helps = advice.find(|a| a.group.as_str() == name).map(|a| a.kind);
            assert!(helps.is_some(), "{name}: what would help?");
            (group.status.status, cause, helps)
        };
        assert_eq!(
            told(&now),
            told(&kept),
            "{name}: INSTA_UPDATE=always cargo test --lib pictures, then read docs/terminal.md again"
        );
    }
}
