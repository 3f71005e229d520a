//! `laggard rules check` and `laggard rules test --replay`, as commands.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use laggard::model::Timestamp;

use crate::support::kept::Kept;
use crate::support::laggard::laggard;
use crate::support::process::run_dir;
use crate::support::prometheus::Prometheus;
use crate::support::{eventually, unique};

fn file(name: &str, text: &str) -> PathBuf {
    let dir = run_dir().join(unique("rules"));
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join(name);
    fs::write(&file, text).unwrap();
    file
}

const WRONG: &str = "groups:
- name: mine
  rules:
  - alert: Late
    expr: laggard_group_lagg > 5
  - alert: Fast
    expr: rate(laggard_group_lag[5m]) > 1
    annotations: {summary: '{{ $valeu }}'}
";

#[test]
fn every_error_in_a_rule_file_is_told_with_its_place() {
    let wrong = file("wrong.yml", WRONG).display().to_string();
    let said = [
        "wrong.yml:5: group `mine`, alert `Late`: `expr`: there is no series `laggard_group_lagg`; did you mean `laggard_group_lag`?",
        "wrong.yml:7: group `mine`, alert `Fast`: `expr`: `rate(laggard_group_lag[5m])`",
        "wrong.yml:8: group `mine`, alert `Fast`: `summary`: there is no variable `$valeu`",
    ];
    let nothing = file("nothing.jsonl", "").display().to_string();
    for arguments in [
        vec!["rules", "check", &wrong],
        vec!["rules", "test", &wrong, "--replay", &nothing],
    ] {
        let ended = laggard(&arguments);
        assert_eq!(ended.code, Some(3), "{ended:#?}");
        for line in said {
            assert!(ended.stderr.contains(line), "{line}: {ended:#?}");
        }
        assert_eq!(ended.stdout, "");
    }
    let shipped = laggard(["rules", "check"]);
    assert_eq!(shipped.code, Some(0), "{shipped:#?}");
    assert!(
        shipped.stdout.contains("right: 1 group, 13 rules"),
        "{shipped:#?}"
    );
}

/// Of no rules it is always true that none fired.
#[test]
fn a_recording_without_rules_is_tested_by_those_that_come_with_laggard() {
    let recording = file(
        "bare.jsonl",
        "{\"kind\":\"recording\",\"version\":1}\n{\"kind\":\"tick\",\"at\":\"2026-11-20T18:00:02Z\"}\n",
    );
    let recording = recording.display().to_string();
    let ended = laggard(["rules", "test", "--replay", &recording]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.stdout.contains("LaggardWatchdog"), "{ended:#?}");
    let said = "has no rules in it: the ones that come with Laggard were tested";
    assert!(ended.stderr.contains(said), "{ended:#?}");
}

#[test]
fn a_recording_says_what_rules_would_have_done() {
    let recording = run_dir().join(unique("recorded")).with_extension("jsonl");
    let recording = recording.display().to_string();
    let recorded = laggard([
        "record", "--demo", "poison", "-o", &recording, "--for", "10s",
    ]);
    assert_eq!(recorded.code, Some(0), "{recorded:#?}");
    let rules = file(
        "mine.yml",
        "groups:\n- name: g\n  interval: 1s\n  rules:\n  - alert: Up\n    expr: laggard_up == 1\n    for: 2s\n    labels: {severity: page}\n  - alert: Never\n    expr: laggard_up == 7\n",
    );
    let rules = rules.display().to_string();
    let test = |output: &str| {
        let ended = laggard([
            "rules", "test", &rules, "--replay", &recording, "--output", output,
        ]);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        ended.stdout
    };
    let json: Value = serde_json::from_str(&test("json")).unwrap();
    let alerts = json["alerts"].as_array().unwrap();
    assert_eq!(alerts.len(), 1, "{json:#}");
    assert_eq!(alerts[0]["name"], "Up", "{json:#}");
    let at = |key: &str| -> Timestamp { alerts[0][key].as_str().unwrap().parse().unwrap() };
    let waited = (at("fired") - at("pending")).as_secs_f64();
    // The past of the demo has a snapshot a minute.
    assert!((2.0..=60.0).contains(&waited), "{json:#}");
    let table = test("table");
    assert!(
        table.contains("1 alert fired (1 page), 0 only pending"),
        "{table}"
    );
    assert!(
        table.contains("FIRED FOR") && !table.contains("Never"),
        "{table}"
    );
    let timeline = test("timeline");
    assert!(timeline.contains("Up"), "{timeline}");
}

/// The keys of an object and, of a list of objects, of its first one, by where they stand.
fn keys(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !at.ends_with("labels") && !at.ends_with("annotations") => {
            for (key, field) in fields {
                let at = format!("{at}/{key}");
                found.insert(at.clone());
                keys(field, &at, found);
            }
        }
        Value::Array(items) => items.iter().take(1).for_each(|item| keys(item, at, found)),
        _ => {}
    }
}

/// What reads Prometheus' rules reads Laggard's.
#[test]
fn rules_are_told_in_the_shape_of_prometheus() {
    require!(prometheus);
    let text = "groups:\n- name: g\n  interval: 1s\n  rules:\n  - alert: Up\n    expr: laggard_up == 1\n    keep_firing_for: 1m\n    labels: {severity: page}\n    annotations: {summary: up}\n";
    let kept = Kept::start((1, 1), text, "");
    let prometheus = Prometheus::evaluating(kept.served.address(), Some(&kept.file("rules.yml")));
    let asked = |address: &str, query: &str| -> Value {
        let mut answer = ureq::get(format!("http://{address}/api/v1/rules{query}"))
            .call()
            .unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap()
    };
    eventually(Duration::from_secs(30), || {
        let [ours, theirs] = [kept.served.address(), prometheus.address()].map(|address| {
            let mut found = BTreeSet::new();
            keys(&asked(address, "?type=alert"), "", &mut found);
            found
        });
        let misses: Vec<_> = theirs.difference(&ours).collect();
        let fires = theirs.contains("/data/groups/rules/alerts/activeAt");
        (fires && misses.is_empty())
            .then_some(())
            .ok_or_else(|| format!("fires {fires}, not told: {misses:?}"))
    });
    for address in [kept.served.address(), prometheus.address()] {
        let none = asked(address, "?type=record");
        let rules = &none["data"]["groups"][0]["rules"];
        assert_eq!(*rules, Value::Array(Vec::new()), "{none}");
    }
}
