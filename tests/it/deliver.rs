//! Two evaluators must not page twice: who tells of the alerts of a recording or an embedded cluster, and how what is told reads.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::hook::{Hook, Taken};
use crate::support::laggard::Served;
use crate::support::process::run_dir;
use crate::support::{eventually, unique};

const WITHIN: Duration = Duration::from_secs(40);

/// A prompt receiver of this hook, in the environment.
fn night(hook: &Hook) -> Vec<(&'static str, String)> {
    vec![
        ("LAGGARD_NOTIFY__RECEIVER__0__NAME", "night".to_owned()),
        ("LAGGARD_NOTIFY__RECEIVER__0__KIND", "webhook".to_owned()),
        ("LAGGARD_NOTIFY__RECEIVER__0__URL", hook.url("/")),
        ("LAGGARD_NOTIFY__GROUP_WAIT", "0s".to_owned()),
        ("LAGGARD_NOTIFY__GROUP_INTERVAL", "10s".to_owned()),
    ]
}

fn borrowed<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    variables.iter().map(|(n, v)| (*n, v.as_str())).collect()
}

/// A rule that fires while a group is so far behind.
fn rules(name: &str, lag: u64) -> String {
    format!(
        "groups:\n- name: g\n  interval: 10s\n  rules:\n  - alert: {name}\n    expr: laggard_group_lag > {lag}\n    for: 1m\n"
    )
}

/// Ten minutes by hand, with a rule: from the second to the sixth, a group is 100 records behind.
fn recording() -> String {
    let rules = json!([{"name": "recorded.yml", "text": rules("Behind", 50)}]);
    let configured = json!({
        "kind": "configured", "at": "2026-11-20T18:00:00Z",
        "settings": {"clusters": [{"cluster": "kafka", "poll_interval": 10, "stale_for": 900, "inactive_after": 86400}], "policies": [], "rules": rules},
    });
    let mut text = format!("{{\"kind\":\"recording\",\"version\":1}}\n{configured}\n");
    for n in 0..60 {
        let (minute, second) = (n / 6, n % 6 * 10);
        let behind = if (2..6).contains(&minute) { 100 } else { 0 };
        let at = format!("2026-11-20T18:{minute:02}:{second:02}");
        for line in [
            json!({"kind": "groups", "at": format!("{at}Z"), "groups": [{"group": "billing", "state": "Stable"}]}),
            json!({"kind": "commits", "at": format!("{at}Z"), "group": "billing", "commits": {"orders": [1000]}}),
            json!({"kind": "log_ends", "at": format!("{at}.5Z"), "topic": "orders", "offsets": [1000 + behind]}),
            json!({"kind": "tick", "at": format!("{at}.9Z")}),
        ] {
            let _ = writeln!(text, "{line}");
        }
    }
    let path = run_dir().join(unique("delivered")).with_extension("jsonl");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Of each alert that was told of: its name, whether it fires, when it began and ended.
fn told(taken: &[Taken]) -> Vec<[String; 4]> {
    let alerts = taken
        .iter()
        .flat_map(|t| t.body["alerts"].as_array().unwrap());
    let of = |a: &Value| {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        [
            &a["labels"]["alertname"],
            &a["status"],
            &a["startsAt"],
            &a["endsAt"],
        ]
        .map(text)
    };
    alerts.map(of).collect()
}

/// What comes of a minute of playing, at the longest.
fn played(
    arguments: &[&str],
    hook: &Hook,
    variables: &[(&str, &str)],
    many: usize,
) -> Vec<[String; 4]> {
    let served = Served::on(arguments, variables);
    eventually(WITHIN, || {
        let told = told(&hook.taken());
        (told.len() >= many)
            .then_some(())
            .ok_or_else(|| format!("{told:#?}\n{}", served.log()))
    });
    told(&hook.taken())
}

#[test]
fn a_recording_s_alerts_are_told_at_their_times_where_that_is_asked_for() {
    let file = recording();
    let (hook, never) = (Hook::start(), "0001-01-01T00:00:00Z");
    let variables = night(&hook);
    let arguments = ["--replay", &file, "--speed", "120", "--deliver"];
    let took = played(&arguments, &hook, &borrowed(&variables), 2);
    let began = "2026-11-20T18:03:00.900Z";
    assert_eq!(
        took,
        [
            ["Behind", "firing", began, never],
            ["Behind", "resolved", began, "2026-11-20T18:06:00.900Z"],
        ]
    );
    // Judged by a configuration that is named, it is another rule that fires.
    let dir = run_dir().join(unique("judged"));
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("mine.yml"), rules("Mine", 99)).unwrap();
    let config = dir.join("laggard.toml");
    fs::write(
        &config,
        "[alerts]\nshipped = false\nrules = [\"mine.yml\"]\n",
    )
    .unwrap();
    let (config, hook) = (config.display().to_string(), Hook::start());
    let variables = night(&hook);
    let arguments = [&arguments[..], &["--config", &config]].concat();
    let took = played(&arguments, &hook, &borrowed(&variables), 2);
    assert_eq!(took[0], ["Mine", "firing", began, never], "{took:#?}");
    assert!(took.iter().all(|[name, ..]| name == "Mine"), "{took:#?}");
}

#[test]
fn a_recording_s_alerts_are_told_to_nobody_else() {
    let (file, hook) = (recording(), Hook::start());
    let variables = night(&hook);
    let served = Served::on(
        &["--replay", &file, "--speed", "240"],
        &borrowed(&variables),
    );
    let said = "this process tells nobody of alerts; --deliver would tell night (webhook)";
    assert!(served.log().contains(said), "{}", served.log());
    eventually(WITHIN, || {
        let at = served.snapshot()["at"].as_str().unwrap().to_owned();
        (at.as_str() > "2026-11-20T18:09").then_some(()).ok_or(at)
    });
    assert_eq!(hook.taken().len(), 0);
}

fn firing(served: &Served) -> Vec<String> {
    let snapshot = served.snapshot();
    let alerts = snapshot["alerts"].as_array().unwrap().iter();
    let firing = alerts.filter(|a| a["state"] == "firing" && a["labels"]["severity"] != "none");
    firing.map(|a| a["labels"].to_string()).collect()
}

/// The demo has a past that nobody was told of: what stands from then is told, if that is asked for.
#[test]
fn an_embedded_cluster_s_alerts_are_told_only_where_that_is_asked_for() {
    let hook = Hook::start();
    let variables = night(&hook);
    let served = Served::demo_with(&borrowed(&variables));
    let said = "this process tells nobody of alerts; --deliver would tell night (webhook)";
    assert!(served.log().contains(said), "{}", served.log());
    eventually(WITHIN, || {
        (!firing(&served).is_empty())
            .then_some(())
            .ok_or(served.log())
    });
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(hook.taken().len(), 0);
    drop(served);
    let served = Served::demo_delivering(&borrowed(&variables));
    eventually(WITHIN, || {
        let stand = firing(&served);
        let taken = hook.taken();
        let told: Vec<_> = taken
            .iter()
            .flat_map(|t| t.body["alerts"].as_array().unwrap())
            .map(|a| a["labels"].to_string())
            .collect();
        let untold: Vec<_> = stand.iter().filter(|a| !told.contains(a)).collect();
        (!stand.is_empty() && untold.is_empty())
            .then_some(())
            .ok_or_else(|| format!("not told: {untold:#?}\n{}", served.log()))
    });
}
