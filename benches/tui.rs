//! The dashboard with 10,000 groups: from a key press to its frame, and what costs nothing.
//!
//! `cargo bench --bench tui` prints the median and the 99th percentile of each kind of step, how
//! much is drawn when nothing changed, and how long the program takes to its first frame. It fails
//! when a key press, or a new snapshot that a key press may have to wait for, takes longer than a
//! sixtieth of a second at the 99th percentile, when what cannot be seen is drawn, or when the first
//! frame takes longer than a tenth of a second.
#![allow(
    clippy::print_stdout,
    missing_docs,
    reason = "a bench speaks on its standard output"
)]

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use laggard::model::testing::{NOW, World};
use laggard::model::{Alert, AlertState, RulePlace, Snapshot, Span, Status};
use laggard::tui::{Event, Key, LogRing, Options, State, changes, picture};

const GROUPS: usize = 10_000;
const LIMIT: Duration = Duration::from_millis(16);
const FIRST_FRAME: Duration = Duration::from_millis(100);

fn world(n: u64) -> Arc<Snapshot> {
    let mut snapshot = World::new()
        .cluster("bench", |c| {
            for t in 0..50 {
                c.topic(&format!("topic-{t:02}"), &[(0, 1000); 20]);
            }
            for i in 0..GROUPS {
                c.group(&format!("group-{:05}", i * 7919 % 100_000), |g| {
                    let commits: Vec<_> =
                        (0..20).map(|p| Some(1000 - (i as i64 + p) % 900)).collect();
                    g.commits(&format!("topic-{:02}", i % 50), &commits);
                    g.verdict(Status::ALL[(i + n as usize) % Status::ALL.len()]);
                    g.rates(i as f64, (i % 977) as f64);
                    g.trend(&[Some(1), Some(i as i64), None, Some(900)]);
                });
            }
        })
        .build();
    snapshot.alerts = (0..GROUPS).map(|i| Arc::new(alert(i))).collect();
    snapshot.generation.n += n;
    snapshot.at = NOW + Span::from_secs(n as i64);
    Arc::new(snapshot)
}

/// One of a bad night: every group has one.
fn alert(i: usize) -> Alert {
    let labels = [
        ("alertname", "LaggardBehind".to_owned()),
        ("kafka_cluster", "bench".to_owned()),
        ("group", format!("group-{:05}", i * 7919 % 100_000)),
        ("severity", ["page", "ticket", "info"][i % 3].to_owned()),
    ];
    Alert {
        name: "LaggardBehind".into(),
        state: AlertState::Firing,
        rule: RulePlace::default(),
        labels: labels.map(|(k, v)| (k.into(), v.into())).into(),
        annotations: [("summary".into(), "it is behind".into())].into(),
        value: Some(i as f64),
        active_since: NOW - Span::from_secs(i as i64),
        fired_at: None,
        resolved_at: None,
        held: None,
        threshold: Some(1.0),
        silenced: None,
        delivery: None,
    }
}

/// Times `step` `times` over and prints what came of it. Returns the 99th percentile.
fn time(name: &str, times: usize, mut step: impl FnMut(usize)) -> Duration {
    let mut took: Vec<_> = (0..times)
        .map(|i| {
            let started = Instant::now();
            step(i);
            started.elapsed()
        })
        .collect();
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!(
        "{name:<44} p50 {:>10.1?}   p99 {:>10.1?}",
        at(0.5),
        at(0.99)
    );
    at(0.99)
}

fn keys(state: &mut State, keys: &[Key], i: usize) {
    state.on(Event::Key(keys[i % keys.len()]), NOW);
    picture(state);
}

fn main() {
    println!("{GROUPS} groups of 20 partitions, a screen of 200 x 60");
    let snapshots = [world(1), world(2)];
    let mut state = State::new(Options::default(), LogRing::default(), &snapshots[0], NOW);
    state.on(Event::Resize(200, 60), NOW);
    let moves = [
        Key::Down,
        Key::Down,
        Key::PageDown,
        Key::Up,
        Key::End,
        Key::Home,
    ];
    let mut slowest = time("a key that moves, to its frame", 500, |i| {
        keys(&mut state, &moves, i);
    });
    let sorts = [
        Key::Char('s'),
        Key::Char('>'),
        Key::Char('I'),
        Key::Char('<'),
    ];
    slowest = slowest.max(time("a key that sorts, to its frame", 200, |i| {
        keys(&mut state, &sorts, i);
    }));
    let letters: Vec<Key> = "/7.*1\u{8}\u{8}!9".chars().map(letter).collect();
    slowest = slowest.max(time("a letter of a filter, to its frame", 180, |i| {
        keys(&mut state, &letters, i);
        if i % letters.len() == letters.len() - 1 {
            state.on(Event::Key(Key::Esc), NOW);
        }
    }));
    state.on(Event::Key(Key::Char('3')), NOW);
    slowest = slowest.max(time("a key among 10,000 alerts, to its frame", 500, |i| {
        keys(&mut state, &moves, i);
    }));
    slowest = slowest.max(time("a letter of their filter, to its frame", 180, |i| {
        keys(&mut state, &letters, i);
        if i % letters.len() == letters.len() - 1 {
            state.on(Event::Key(Key::Esc), NOW);
        }
    }));
    state.on(Event::Key(Key::Char('1')), NOW);
    slowest = slowest.max(new_snapshots(&mut state, &snapshots));
    time("a second that passes, to its frame", 200, |i| {
        state.on(Event::Tick, NOW + Span::from_secs(200 + i as i64));
        picture(&state);
    });
    println!("slowest of these at p99: {slowest:.1?} (limit {LIMIT:?})");
    assert!(slowest <= LIMIT, "a key press takes {slowest:?} at p99");
    nothing_changed(&mut state);
    first_frame();
}

/// Snapshots in which all is new: their lists are made beside the drawing task, and what is not needed
/// any more is dropped there, so that a key waits only for what is measured second. Returns that.
fn new_snapshots(state: &mut State, snapshots: &[Arc<Snapshot>; 2]) -> Duration {
    let mut made = Vec::new();
    let next = |i: usize| {
        let mut next = (*snapshots[i % 2]).clone();
        next.generation.n = 100 + i as u64;
        next.at = NOW + Span::from_secs(100 + i as i64);
        Arc::new(next)
    };
    time("a snapshot in which all is new, beside", 40, |i| {
        made.push(state.asked().of(&next(i)));
    });
    let (mut made, mut litter) = (made.into_iter(), Vec::new());
    time("the same, taken in and to its frame", 40, |_| {
        if let Some(ready) = made.next() {
            state.on(Event::Ready(Box::new(ready)), NOW);
            picture(state);
            litter.extend(state.litter());
        }
    })
}

/// A second in which nothing happens that can be seen, a thousand times over.
fn nothing_changed(state: &mut State) {
    let now = NOW + Span::from_secs(1_000);
    state.on(Event::Tick, now);
    let mut drawn = 0;
    for i in 0..1_000 {
        let at = now + Span::from_millis(i % 1_000);
        let idle = [
            Event::Tick,
            Event::Key(Key::Char('~')),
            Event::Key(Key::Esc),
            Event::Resize(200, 60),
        ];
        drawn += idle
            .into_iter()
            .filter(|event| changes(state, event.clone(), at).1)
            .count();
    }
    println!("4000 events that change nothing: {drawn} frames drawn");
    assert_eq!(drawn, 0, "what cannot be seen is drawn");
}

/// From the start of the program to its first frame on a terminal, with no broker to answer.
fn first_frame() {
    let program = env!("CARGO_BIN_EXE_laggard");
    // Without a terminal of its own, the one that `script` makes has no size.
    let line = format!("stty rows 24 cols 80; exec {program} top --bootstrap-server 127.0.0.1:1");
    let mut took = Vec::new();
    for _ in 0..11 {
        match one_start(&line) {
            Ok(time) => took.push(time),
            Err(why) => {
                println!("the first frame was not measured: {why} (`script` is in bsdutils)");
                return;
            }
        }
    }
    took.sort();
    println!(
        "from the start to the first frame             median {:.1?}, slowest {:.1?}",
        took[5], took[10]
    );
    assert!(
        took[5] <= FIRST_FRAME,
        "the first frame takes {:?}",
        took[5]
    );
}

fn one_start(line: &str) -> std::io::Result<Duration> {
    let started = Instant::now();
    let mut child = Command::new("script")
        .args(["-qefc", line, "/dev/null"])
        .env("TERM", "xterm-256color")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (Some(mut input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(std::io::Error::other("no pipes"));
    };
    let (mut seen, mut bytes) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&seen).contains("READING") {
        let read = output.read(&mut bytes)?;
        if read == 0 {
            return Err(std::io::Error::other("it ended before its first frame"));
        }
        seen.extend_from_slice(&bytes[..read]);
    }
    let took = started.elapsed();
    input.write_all(b"q")?;
    input.flush()?;
    std::io::copy(&mut output, &mut std::io::sink())?;
    child.wait()?;
    Ok(took)
}

fn letter(c: char) -> Key {
    if c == '\u{8}' {
        Key::Backspace
    } else {
        Key::Char(c)
    }
}
