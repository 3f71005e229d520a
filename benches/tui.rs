//! The dashboard with 10,000 groups: from a key press to its frame, and what costs nothing.
//!
//! `cargo bench --bench tui` prints the median and the 99th percentile of each kind of step, and
//! fails when a key press takes longer than a sixtieth of a second at the 99th percentile.
#![allow(
    clippy::print_stdout,
    missing_docs,
    reason = "a bench speaks on its standard output"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use laggard::model::testing::{NOW, World};
use laggard::model::{Snapshot, Span, Status};
use laggard::tui::{Event, Key, LogRing, Options, State, picture};

const GROUPS: usize = 10_000;
const LIMIT: Duration = Duration::from_millis(16);

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
    snapshot.generation.n += n;
    snapshot.at = NOW + Span::from_secs(n as i64);
    Arc::new(snapshot)
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
    time("a snapshot in which all is new, to its frame", 30, |i| {
        let mut next = (*snapshots[i % 2]).clone();
        next.generation.n = 100 + i as u64;
        next.at = NOW + Span::from_secs(100 + i as i64);
        state.on(Event::Snapshot(Arc::new(next)), NOW);
        picture(&state);
    });
    time("a second that passes, to its frame", 200, |i| {
        state.on(Event::Tick, NOW + Span::from_secs(200 + i as i64));
        picture(&state);
    });
    println!("slowest key at p99: {slowest:.1?} (limit {LIMIT:?})");
    assert!(slowest <= LIMIT, "a key press takes {slowest:?} at p99");
}

fn letter(c: char) -> Key {
    if c == '\u{8}' {
        Key::Backspace
    } else {
        Key::Char(c)
    }
}
