//! Playing a recording that a person wrote.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Order, Player, Tape, TimelineError, history, snapshot_at};
use crate::model::{Snapshot, Timestamp};

fn at(text: &str) -> Timestamp {
    format!("2026-11-20T{text}Z").parse().unwrap()
}

/// Ten minutes of a group that stands still while ten records a minute come in.
fn written(dir: &tempfile::TempDir) -> PathBuf {
    let mut text = "{\"kind\":\"recording\",\"version\":1}\n".to_owned();
    for minute in 0..10 {
        let end = 100 + minute * 10;
        let _ = writeln!(
            text,
            "{{\"kind\":\"log_ends\",\"at\":\"2026-11-20T18:0{minute}:00Z\",\"topic\":\"orders\",\"offsets\":[{end}]}}\n\
             {{\"kind\":\"commits\",\"at\":\"2026-11-20T18:0{minute}:01Z\",\"group\":\"billing\",\"commits\":{{\"orders\":[90]}}}}\n\
             {{\"kind\":\"tick\",\"at\":\"2026-11-20T18:0{minute}:02Z\"}}"
        );
    }
    let path = dir.path().join("r.jsonl");
    std::fs::write(&path, text).unwrap();
    path
}

fn lag(snapshot: &Snapshot) -> Option<i64> {
    snapshot.cluster("kafka")?.group("billing")?.lag.value()
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn shown(player: &Player) -> Arc<Snapshot> {
    Arc::clone(&player.snapshots.borrow())
}

#[test]
fn the_snapshot_at_a_time_is_the_last_one_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let tape = Tape::open(&written(&dir)).unwrap();
    let lag_at = |time: &str| lag(&snapshot_at(&tape, Some(at(time))).unwrap().0);
    assert_eq!(lag_at("18:00:02"), Some(10));
    assert_eq!(lag_at("18:03:01"), Some(30));
    assert_eq!(lag_at("18:03:02"), Some(40));
    assert_eq!(lag(&snapshot_at(&tape, None).unwrap().0), Some(100));
    let refused = |time: &str| snapshot_at(&tape, Some(at(time))).unwrap_err();
    assert!(matches!(refused("18:00:01"), TimelineError::Before { .. }));
    assert!(matches!(refused("18:09:03"), TimelineError::After { .. }));
}

#[test]
fn a_recording_without_ticks_says_what_it_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.jsonl");
    std::fs::write(&path, "{\"kind\":\"recording\",\"version\":1}\n").unwrap();
    let tape = Tape::open(&path).unwrap();
    let text = snapshot_at(&tape, None).unwrap_err().to_string();
    assert!(text.contains("holds no tick"), "{text}");
    assert!(Player::start(tape, None, 1.0).is_err());
    assert!(Tape::open(&dir.path().join("nowhere")).is_err());
}

#[test]
fn history_is_one_groups_way() {
    let dir = tempfile::tempdir().unwrap();
    let tape = Tape::open(&written(&dir)).unwrap();
    let span = (at("18:02:00"), at("18:05:30"));
    let points = history(&tape, None, "billing", span).unwrap();
    let lags: Vec<_> = points.iter().map(|p| p.lag.value().unwrap()).collect();
    assert_eq!(lags, [30, 40, 50, 60]);
    assert_eq!(history(&tape, Some("other"), "billing", span).unwrap(), []);
}

#[test]
fn it_plays_with_a_clock_of_its_own_and_stands_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let player = Player::start(Tape::open(&written(&dir)).unwrap(), None, 600.0).unwrap();
    let clock = player.clock();
    assert!(clock() >= at("18:00:02"));
    wait("the end", || player.position.borrow().ended);
    assert_eq!(lag(&shown(&player)), Some(100));
    assert_eq!(clock(), at("18:09:02"));
    player.orders.send(Order::Seek(at("18:04:30"))).unwrap();
    wait("back from the end", || {
        lag(&shown(&player)).is_some_and(|l| l < 100)
    });
    assert!(!player.position.borrow().ended);
}

#[test]
fn it_pauses_seeks_and_changes_its_speed() {
    let dir = tempfile::tempdir().unwrap();
    let from = Some(at("18:03:30"));
    let player = Player::start(Tape::open(&written(&dir)).unwrap(), from, 1.0).unwrap();
    assert_eq!(lag(&shown(&player)), Some(40));
    player.orders.send(Order::Toggle).unwrap();
    wait("the pause", || !player.position.borrow().playing);
    let stands = player.clock()();
    player.orders.send(Order::Seek(at("18:06:10"))).unwrap();
    wait("the seek", || lag(&shown(&player)) == Some(70));
    assert_eq!(player.clock()(), at("18:06:10"));
    assert!(stands < at("18:06:10"));
    player
        .orders
        .send(Order::Skip(at("18:01:10") - at("18:06:10")))
        .unwrap();
    wait("the skip", || lag(&shown(&player)) == Some(20));
    // Before its beginning there is nothing: it stands at its beginning.
    player.orders.send(Order::Seek(at("10:00:00"))).unwrap();
    wait("the beginning", || lag(&shown(&player)) == Some(10));
    assert_eq!(player.clock()(), at("18:00:02"));
    player.orders.send(Order::Faster(500.0)).unwrap();
    player.orders.send(Order::Toggle).unwrap();
    wait("the end", || player.position.borrow().ended);
    assert!((player.position.borrow().speed - 500.0).abs() < 1e-9);
}
