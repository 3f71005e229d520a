//! The directory on a real file system.

use std::fs;

use super::{StateDir, StoreError, flight_recorder, replace};
use crate::model::testing::NOW;

#[test]
fn one_serve_has_it_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    let (held, notes) = StateDir::take(&path, NOW).unwrap();
    assert!(notes.is_empty());
    let refused = StateDir::take(&path, NOW).unwrap_err();
    assert!(matches!(refused, StoreError::Locked { .. }));
    assert!(refused.to_string().contains("another `laggard serve`"));
    drop(held);
    StateDir::take(&path, NOW).unwrap();
}

#[test]
fn what_is_damaged_is_set_aside_and_kept() {
    for (content, why) in [
        ("no json", "laggard-state.json is damaged"),
        (
            "{\"format\":99}",
            "its format is 99, and this Laggard knows 1",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let flights = flight_recorder(dir.path());
        fs::create_dir(&flights).unwrap();
        fs::write(flights.join("a"), "segment").unwrap();
        fs::write(dir.path().join("laggard-state.json"), content).unwrap();
        fs::write(dir.path().join("of-another"), "stays").unwrap();
        let (held, notes) = StateDir::take(dir.path(), NOW).unwrap();
        assert_eq!(notes.len(), 2);
        assert!(notes.iter().all(|n| n.contains(why)), "{notes:?}");
        assert!(!flights.exists());
        let aside = format!("flight-recorder.damaged-{}", NOW.as_millis());
        assert_eq!(
            fs::read(dir.path().join(aside).join("a")).unwrap(),
            b"segment"
        );
        assert!(dir.path().join("of-another").exists());
        // The next start finds nothing wrong.
        drop(held);
        assert!(StateDir::take(dir.path(), NOW).unwrap().1.is_empty());
    }
}

#[test]
fn a_file_in_its_place_is_left_alone_and_one_inside_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    fs::write(&path, "a file").unwrap();
    let error = StateDir::take(&path, NOW).unwrap_err();
    assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"a file");
    fs::remove_file(&path).unwrap();
    let (held, _) = StateDir::take(&path, NOW).unwrap();
    fs::write(held.flight_recorder(), "a file").unwrap();
    drop(held);
    let (_held, notes) = StateDir::take(&path, NOW).unwrap();
    assert!(notes[0].contains("it is no directory"), "{notes:?}");
}

#[test]
fn one_that_cannot_be_had_is_said() {
    let error = StateDir::take("/dev/null/state".as_ref(), NOW).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the state directory /dev/null/state cannot be used: ")
    );
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    replace(&path, b"one").unwrap();
    replace(&path, b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_damaged_ledger_is_set_aside_and_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (held, _) = StateDir::take(dir.path(), NOW).unwrap();
    let (ledger, notes) = held.ledger(NOW).unwrap();
    assert!(notes.is_empty());
    let letter = super::Letter {
        receiver: "a".into(),
        lane: "x".into(),
        at: NOW,
        body: b"hello".to_vec(),
    };
    let batch = super::Batch {
        letters: vec![letter],
        ..super::Batch::default()
    };
    ledger.write(&batch).unwrap();
    drop(ledger);
    let (ledger, notes) = held.ledger(NOW).unwrap();
    assert!(notes.is_empty());
    assert_eq!(ledger.waiting().unwrap().len(), 1);
    drop(ledger);
    fs::write(dir.path().join("alerts.redb"), "no database").unwrap();
    let (ledger, notes) = held.ledger(NOW).unwrap();
    assert!(notes[0].contains("was set aside as"), "{notes:?}");
    assert_eq!(ledger.waiting().unwrap(), []);
    let aside = format!("alerts.redb.damaged-{}", NOW.as_millis());
    assert_eq!(fs::read(dir.path().join(aside)).unwrap(), b"no database");
}

#[test]
fn a_token_is_made_once_and_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (held, _) = StateDir::take(dir.path(), NOW).unwrap();
    // What a start that was killed left behind.
    fs::write(dir.path().join("token.new"), "half").unwrap();
    let token = held.token().unwrap();
    assert_eq!(token.reveal().len(), 64);
    assert_eq!(held.token().unwrap(), token);
    let mode = fs::metadata(dir.path().join("token"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    fs::write(dir.path().join("token"), "\n").unwrap();
    assert!(held.token().unwrap_err().to_string().contains("is empty"));
}

#[test]
fn the_audit_log_is_added_to() {
    let dir = tempfile::tempdir().unwrap();
    let (held, _) = StateDir::take(dir.path(), NOW).unwrap();
    let line = |what: &str| serde_json::json!({ "command": what });
    held.audit().unwrap().add(NOW, &line("one")).unwrap();
    held.audit().unwrap().add(NOW, &line("two")).unwrap();
    let text = fs::read_to_string(dir.path().join("audit.jsonl")).unwrap();
    assert_eq!(
        text,
        "{\"at\":\"2026-11-20T18:00:00.000Z\",\"command\":\"one\"}\n\
         {\"at\":\"2026-11-20T18:00:00.000Z\",\"command\":\"two\"}\n"
    );
}
