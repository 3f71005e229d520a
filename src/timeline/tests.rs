//! Playing a recording that a person wrote.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::marks::Marks;
use super::{Head, Order, Player, Tape, TimelineError, history, snapshot_at};
use crate::model::{Snapshot, Timestamp};
use crate::recording::{Item, Reader, Recorder};

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

/// The same recording as a recorder writes it: compressed, reads as changes of the ones before.
fn recorded(dir: &tempfile::TempDir) -> PathBuf {
    let path = dir.path().join("r.jsonl.zst");
    let (recorder, mut tap) = Recorder::file(&path).unwrap();
    for item in Reader::open(&written(dir)).unwrap() {
        if let Item::Observation(observation) = item {
            tap.record_past(&Arc::new(observation));
        }
    }
    drop(tap);
    recorder.join().unwrap();
    path
}

fn json(snapshot: &Snapshot) -> String {
    let mut text = Vec::new();
    crate::model::document::to_json(snapshot, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn from_a_mark_it_goes_on_as_it_went() {
    let dir = tempfile::tempdir().unwrap();
    for path in [written(&dir), recorded(&dir)] {
        let tape = Tape::open(&path).unwrap();
        let (mut marks, mut head) = (Marks::default(), Head::at_start(&tape).unwrap());
        let mut went = Vec::new();
        while let Some(cut) = marks.next_cut(&mut head) {
            went.push(cut.snapshot);
            marks.mark(&head);
        }
        assert_eq!(went.len(), 10);
        for (i, snapshot) in went.iter().enumerate() {
            let mark = marks.before(snapshot.at).unwrap();
            assert_eq!(mark.at(), snapshot.at);
            let mut again = Head::at_mark(&tape, mark).unwrap();
            assert_eq!(json(&again.standing().unwrap()), json(snapshot));
            for next in &went[i + 1..] {
                assert_eq!(json(&again.next_cut().unwrap().snapshot), json(next));
            }
            assert!(again.next_cut().is_none());
            assert_eq!(again.take_notes(), Vec::<String>::new());
        }
        assert!(marks.before(at("18:00:01")).is_none());
    }
}

#[test]
fn a_mark_in_a_file_that_is_shorter_by_now_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(&dir);
    let tape = Tape::open(&path).unwrap();
    let (mut marks, mut head) = (Marks::default(), Head::at_start(&tape).unwrap());
    assert!(marks.next_cut(&mut head).is_some());
    marks.mark(&head);
    std::fs::write(&path, "{}\n").unwrap();
    let mark = marks.before(at("19:00:00")).unwrap();
    assert!(Head::at_mark(&tape, mark).is_err());
}
