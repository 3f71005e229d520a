//! What a cut calls for is written down with the state that it leaves, and only then told.

use std::sync::{Arc, Mutex};

use super::*;
use crate::model::testing::NOW;
use crate::model::{BootId, Notify, Observation, RuleFile, Settings, Span, Timestamp};
use crate::store::Waiting;

/// One alert that fires at once, told at once.
fn configured() -> [Observation; 2] {
    let rule = RuleFile {
        name: "r.yml".into(),
        text: "groups:\n- name: g\n  interval: 1s\n  rules:\n  - alert: Up\n    expr: laggard_up == 1\n".into(),
    };
    let settings = Settings {
        rules: vec![rule],
        notify: Notify {
            receivers: vec!["night".into()],
            group_wait: Span::ZERO,
            ..Notify::default()
        },
        ..Settings::default()
    };
    [
        Observation::Boot {
            at: NOW,
            boot: BootId::from("b"),
        },
        Observation::Configured {
            at: NOW,
            settings: Arc::new(settings),
        },
    ]
}

fn later(secs: i64) -> Timestamp {
    NOW + Span::from_secs(secs)
}

/// Folds three seconds from `from` on and gives each cut to `desk`; how many notifications there were.
fn three_seconds(pipeline: &mut Pipeline, from: i64, desk: &mut Desk) -> usize {
    let mut told = 0;
    for secs in from..from + 3 {
        let tick = Observation::Tick { at: later(secs) };
        if let Some(mut cut) = pipeline.fold(&tick) {
            told += cut.notifications.len();
            desk.take(&mut cut, pipeline);
        }
    }
    told
}

#[test]
fn a_letter_is_handed_over_once_it_and_its_state_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.redb");
    let ledger = Arc::new(Ledger::open(&path).unwrap());
    let handed: Arc<Mutex<Vec<Waiting>>> = Arc::default();
    let keeps = Arc::clone(&handed);
    let hand = move |post: Post| {
        assert!(post.ledger.state().unwrap().is_some());
        let body = post.ledger.letter(post.head.number).unwrap().unwrap();
        let letter = Letter::from_body(&body).unwrap();
        assert_eq!(&*letter.notification.alerts[0].name, "Up");
        keeps.lock().unwrap().push(post.head);
    };
    let unasked = Box::new(|_: Option<&str>| panic!("nothing is in the way"));
    let (mut desk, written, scribe) = open(Arc::clone(&ledger), Box::new(hand), unasked);
    let mut pipeline = Pipeline::new();
    for observation in configured() {
        pipeline.fold(&observation);
    }
    assert_eq!(three_seconds(&mut pipeline, 0, &mut desk), 1);
    drop(desk);
    scribe.join().unwrap();
    assert!(written.is_closed());
    assert_eq!(written.newest().unwrap().at, later(2));
    assert_eq!(*handed.lock().unwrap(), ledger.waiting().unwrap());
    assert_eq!(handed.lock().unwrap().len(), 1);

    // The next start knows from the state alone that this was told.
    drop(ledger);
    let ledger = Arc::new(Ledger::open(&path).unwrap());
    let state = ledger.state().unwrap().unwrap();
    for (knows, expected) in [(true, 0), (false, 1)] {
        let mut next = Pipeline::new();
        if knows {
            next.take_alert_state(&state.bytes).unwrap();
        }
        for observation in configured() {
            next.fold(&observation);
        }
        let unheard = Arc::new(Ledger::in_memory().unwrap());
        let (mut desk, _, _) = open(unheard, Box::new(|_| {}), Box::new(|_| true));
        assert_eq!(three_seconds(&mut next, 10, &mut desk), expected);
    }
}

/// The disk refuses, then takes again: nothing is told before it is written, and nothing is lost.
#[test]
fn nothing_is_told_while_the_disk_refuses_and_all_of_it_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.redb");
    let ledger = Arc::new(Ledger::open(&path).unwrap());
    // A directory in the way of the file: it cannot be opened again.
    ledger.begin_anew(NOW).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(ledger.mend().is_err());
    let handed: Arc<Mutex<Vec<Waiting>>> = Arc::default();
    let said: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let (keeps, hears) = (Arc::clone(&handed), Arc::clone(&said));
    let hand = move |post: Post| keeps.lock().unwrap().push(post.head);
    let report = move |why: Option<&str>| {
        let mut said = hears.lock().unwrap();
        said.push(why.map(str::to_owned));
        // The first is not heard: it is said again.
        said.len() > 1
    };
    let (mut desk, written, scribe) = open(Arc::clone(&ledger), Box::new(hand), Box::new(report));
    let mut pipeline = Pipeline::new();
    for observation in configured() {
        pipeline.fold(&observation);
    }
    assert_eq!(three_seconds(&mut pipeline, 0, &mut desk), 1);
    let until = |is: &dyn Fn() -> bool| {
        for _ in 0..600 {
            if is() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("it never came: {said:?}");
    };
    until(&|| said.lock().unwrap().len() >= 2);
    assert!(said.lock().unwrap().iter().all(Option::is_some), "{said:?}");
    assert!(
        handed.lock().unwrap().is_empty(),
        "told before it was written"
    );
    assert!(
        written.newest().is_none(),
        "those who tell of alerts as they stand wait, too"
    );
    std::fs::remove_dir(&path).unwrap();
    until(&|| said.lock().unwrap().last().unwrap().is_none());
    assert_eq!(*handed.lock().unwrap(), ledger.waiting().unwrap());
    assert_eq!(handed.lock().unwrap().len(), 1);
    assert!(ledger.state().unwrap().is_some());
    drop(desk);
    scribe.join().unwrap();
    assert_eq!(written.newest().unwrap().at, later(2));
}
