//! Receivers while `laggard serve` runs: a reload that changes them, and silences that stand in an Alertmanager too.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::alertmanager::Alertmanager;
use crate::support::eventually;
use crate::support::hook::{Does, Hook, Taken};
use crate::support::kept::Kept;
use crate::support::laggard::Ended;
use crate::support::prometheus::free_address;

const WITHIN: Duration = Duration::from_secs(40);

/// Both fire from the start, each in a group of its own.
const RULES: &str = "groups:
- name: it
  interval: 1s
  rules:
  - alert: Up
    expr: laggard_up == 1
    labels: {severity: page, team: red}
  - alert: There
    expr: laggard_up == 1
    labels: {severity: page, team: blue}
";

/// A `serve` with a state directory and these receivers.
struct World(Kept);

impl std::ops::Deref for World {
    type Target = Kept;

    fn deref(&self) -> &Kept {
        &self.0
    }
}

impl World {
    fn start(receivers: &str) -> Self {
        Self(Kept::start((2, 4), RULES, &told_by(receivers)))
    }

    fn write(&self, receivers: &str) {
        self.0.write(&told_by(receivers));
    }

    /// Silences one of the two alerts.
    fn silence_up(&self) -> Ended {
        let up = ["silence", "add", "alertname=\"Up\""];
        self.order(&[&up[..], &["--for", "2h", "--why", "known"]].concat())
    }

    fn fares(&self) -> Vec<(String, u64)> {
        let snapshot = self.served.snapshot();
        let fares = snapshot["receivers"].as_array().unwrap().iter();
        let of = |r: &Value| {
            let name = r["receiver"].as_str().unwrap().to_owned();
            (name, r["waiting"].as_u64().unwrap())
        };
        fares.map(of).collect()
    }

    /// Waits until `hook` has taken a message of each of these alerts.
    fn told(&self, hook: &Hook, alerts: &[&str]) -> Vec<Taken> {
        eventually(WITHIN, || {
            let taken = hook.taken();
            let has = |name: &&&str| taken.iter().any(|t| t.text.contains(**name));
            if alerts.iter().filter(has).count() == alerts.len() {
                Ok(taken)
            } else {
                Err(format!("{taken:#?}\n{}", self.served.log()))
            }
        })
    }
}

/// Prompt, and each team a group of its own.
fn told_by(receivers: &str) -> String {
    let prompt = "group_by = [\"team\"]\ngroup_wait = \"0s\"\ngroup_interval = \"1s\"\n";
    format!("[notify]\n{prompt}{receivers}")
}

fn webhook(name: &str, url: &str) -> String {
    format!("[[notify.receiver]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"{url}\"\n")
}

fn keys(taken: &[Taken]) -> Vec<String> {
    let mut keys: Vec<_> = taken
        .iter()
        .map(|t| t.header("idempotency-key").to_owned())
        .collect();
    keys.sort();
    keys
}

/// Receivers come, change and go by a reload; what waits for one that stays is told once, by its new settings, and what waits for
/// one that goes is told when it is back.
#[test]
fn a_reload_changes_receivers_and_loses_nothing_that_waits() {
    let (down, up, more) = (
        Hook::that(|_, _| Does::Answers(503, None)),
        Hook::start(),
        Hook::start(),
    );
    let night = |hook: &Hook| webhook("night", &hook.url("/"));
    let world = World::start(&night(&down));
    eventually(WITHIN, || {
        let fares = world.fares();
        (fares == [("night".to_owned(), 2)])
            .then_some(())
            .ok_or_else(|| format!("{fares:?}"))
    });
    // What is wrong leaves the old in force, with the error in sight.
    let wrong = "[[notify.receiver]]\nname = \"day\"\nkind = \"slack\"\nurl = \"env:LAGGARD_TEST_NO_SUCH\"\n";
    world.write(&format!("{}{wrong}", night(&up)));
    let refused = world.order(&["reload"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(
        refused.stderr.contains("LAGGARD_TEST_NO_SUCH is not set"),
        "{refused:#?}"
    );
    let authority = "[[notify.receiver]]\nname = \"day\"\nkind = \"webhook\"\nurl = \"https://127.0.0.1:1/\"\nca_file = \"no-such.pem\"\n";
    world.write(&format!("{}{authority}", night(&up)));
    let refused = world.order(&["reload"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("no-such.pem"), "{refused:#?}");
    eventually(WITHIN, || {
        let snapshot = world.served.snapshot();
        let issue = snapshot["notices"]["issues"][0]["text"].to_string();
        let said = issue.contains("no-such.pem") && world.fares() == [("night".to_owned(), 2)];
        said.then_some(()).ok_or_else(|| format!("{snapshot:#}"))
    });
    assert!(up.taken().is_empty() && down.taken().is_empty());
    // It is somewhere else now, and a second one is told of what comes from now on.
    world.write(&format!(
        "{}{}",
        night(&up),
        webhook("more", &more.url("/"))
    ));
    world.reload();
    let told = world.told(&up, &["Up", "There"]);
    let mut once = keys(&told);
    once.dedup();
    assert_eq!((told.len(), once.len()), (2, 2), "{told:#?}");
    // A receiver that goes while something waits for it, and comes back, is told that, once.
    world.write(&night(&down));
    world.reload();
    let blue = RULES.replace("team: blue", "team: green");
    fs::write(world.file("rules.yml"), blue).unwrap();
    world.reload();
    eventually(WITHIN, || {
        let fares = world.fares();
        let waits = fares.iter().any(|(name, n)| name == "night" && *n > 0);
        (waits && fares.len() == 1)
            .then_some(())
            .ok_or_else(|| format!("{fares:?}"))
    });
    world.write(&webhook("other", &more.url("/")));
    world.reload();
    eventually(WITHIN, || {
        let fares = world.fares();
        let gone = fares.iter().all(|(name, _)| name != "night");
        gone.then_some(()).ok_or_else(|| format!("{fares:?}"))
    });
    // Nothing but what waited tells of it any more.
    let without = RULES.split("  - alert: There").next().unwrap();
    fs::write(world.file("rules.yml"), without).unwrap();
    world.reload();
    eventually(WITHIN, || {
        let snapshot = world.served.snapshot();
        let alerts = snapshot["alerts"].to_string();
        (!alerts.contains("green")).then_some(()).ok_or(alerts)
    });
    world.write(&night(&up));
    world.reload();
    let told = world.told(&up, &["green"]);
    let green: Vec<_> = told
        .iter()
        .filter(|t| t.text.contains("green") && t.body["status"] == "firing")
        .collect();
    assert_eq!(green.len(), 1, "{green:#?}");
    let log = world.served.log();
    assert!(
        log.contains("this process tells of alerts: night (webhook), more (webhook)"),
        "{log}"
    );
}

/// What waits for a receiver that is no longer configured at a start is told to nobody: that is said and counted.
#[test]
fn what_waits_for_a_receiver_that_is_gone_is_counted_as_given_up() {
    let (down, up) = (Hook::that(|_, _| Does::Answers(503, None)), Hook::start());
    let mut world = World::start(&webhook("night", &down.url("/")));
    eventually(WITHIN, || {
        let fares = world.fares();
        (fares == [("night".to_owned(), 2)])
            .then_some(())
            .ok_or_else(|| format!("{fares:?}"))
    });
    world.0.served.running().kill();
    world.write(&webhook("day", &up.url("/")));
    world.0.begin_again();
    let log = world.served.log();
    let said = "2 notifications that waited for it are given up: there is no such receiver any more receiver=\"night\"";
    assert!(log.contains(said), "{log}");
    let metrics = world.served.get("/metrics").unwrap();
    let counted = "laggard_notifications_given_up_total{receiver=\"night\"} 2";
    assert!(metrics.contains(counted), "{metrics}");
    world.told(&up, &["Up", "There"]);
}

fn amtool(url: &str, arguments: &[&str]) -> String {
    let output = Command::new("amtool")
        .args(arguments)
        .arg(format!("--alertmanager.url={url}"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// An Alertmanager that is told, as the second of two peers: the first is down. Once it knows of an alert.
fn told_alertmanager() -> (Alertmanager, World) {
    let alertmanager = Alertmanager::start(&Hook::start());
    let (down, url) = (free_address(), alertmanager.url());
    let world = World::start(&format!(
        "[[notify.receiver]]\nname = \"am\"\nkind = \"alertmanager\"\nurl = [\"http://{down}\", \"{url}\"]\n"
    ));
    eventually(WITHIN, || {
        let shown = alertmanager.query();
        shown.contains("Up").then_some(()).ok_or(shown)
    });
    (alertmanager, world)
}

/// A silence is made in the Alertmanager that is told, and ends there.
#[test]
fn a_silence_stands_in_the_alertmanager_too() {
    require!(amtool);
    let (alertmanager, world) = told_alertmanager();
    let url = alertmanager.url();
    let made = world.order(&[
        "silence",
        "add",
        "alertname=\"Up\"",
        "team=~\"re.*\"",
        "--for",
        "2h",
        "--why",
        "known, \"311\"",
    ]);
    assert_eq!(made.code, Some(0), "{made:#?}\n{}", world.served.log());
    let id = made.stdout.trim();
    let there = amtool(&url, &["silence", "query", "--output=json"]);
    let there: Value = serde_json::from_str(&there).unwrap();
    let one = &there[0];
    assert_eq!(one["createdBy"], "ann", "{there:#}");
    assert_eq!(one["comment"], "known, \"311\"");
    let matchers = one["matchers"].to_string();
    assert!(
        matchers.contains("\"re.*\"") && matchers.contains("\"isRegex\":true"),
        "{matchers}"
    );
    let active = amtool(&url, &["alert", "query", "--active", "--output=extended"]);
    assert!(
        !active.contains("\"Up\"") && active.contains("\"There\""),
        "{active}"
    );
    let theirs = one["id"].as_str().unwrap();
    let list = world.order(&["silence", "list"]);
    assert!(
        list.stdout.contains(id) && list.stdout.contains("(in am)"),
        "{list:#?}"
    );
    assert_eq!(list.stdout.lines().count(), 1, "it stands once: {list:#?}");
    // The snapshot and Prometheus' API say it of the alert.
    eventually(WITHIN, || {
        let text = world.served.get("/api/v1/alerts").unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        let alerts = answer["data"]["alerts"].as_array().unwrap().clone();
        let silenced = alerts.iter().find(|a| a["silenced"]["by"] == "ann");
        let silenced = silenced.map(|a| a["labels"]["alertname"].clone());
        (silenced == Some("Up".into()))
            .then_some(())
            .ok_or_else(|| format!("{alerts:#?}"))
    });
    let ended = world.order(&["silence", "expire", id]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let left = amtool(&url, &["silence", "query", "-q"]);
    assert!(!left.contains(theirs), "{left}");
}

/// One that somebody else made there is listed and can be ended; one that nobody there takes is none here either.
#[test]
fn a_silence_of_somebody_else_s_is_listed_and_one_that_is_not_taken_is_none() {
    require!(amtool);
    let (alertmanager, world) = told_alertmanager();
    let url = alertmanager.url();
    let other = amtool(
        &url,
        &[
            "silence",
            "add",
            "--author=bob",
            "--comment=theirs",
            "--duration=1h",
            "alertname=There",
        ],
    );
    let list = world.order(&["silence", "list"]);
    assert!(
        list.stdout.contains(other.trim()) && list.stdout.contains("bob: theirs"),
        "{list:#?}"
    );
    let ended = world.order(&["silence", "expire", other.trim()]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(!amtool(&url, &["silence", "query", "-q"]).contains(other.trim()));
    // One that is over already ends without an error.
    let made = world.silence_up();
    let theirs = amtool(&url, &["silence", "query", "-q"]);
    amtool(&url, &["silence", "expire", theirs.trim()]);
    let ended = world.order(&["silence", "expire", made.stdout.trim()]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    // Nobody answers: there is no silence, here nor there, and it is said.
    drop(alertmanager);
    let refused = world.silence_up();
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    let said = "the Alertmanager `am` did not take the silence, so there is none: am/1: ";
    assert!(
        refused.stderr.contains(said) && refused.stderr.contains("am/2: "),
        "{refused:#?}"
    );
    let snapshot = world.served.snapshot();
    assert_eq!(snapshot["notices"]["silences"], Value::Array(Vec::new()));
    let audit = fs::read_to_string(world.file("state/audit.jsonl")).unwrap();
    let last = audit.lines().last().unwrap();
    assert!(
        last.contains("refused") && last.contains("did not take"),
        "{audit}"
    );
}
