//! What cannot be run: each command line ends with 3 and a message that says what to type instead,
//! before anything is connected to. Help and texts that are asked for are results.

use std::fmt::Write as _;
use std::fs;

use crate::support::laggard::{Ended, laggard};
use crate::support::process::run_dir;
use crate::support::unique;

/// What is said of a command line that is refused.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let ended = laggard(arguments);
    assert_eq!(ended.code, Some(3), "{arguments:?}: {ended:#?}");
    assert_eq!(ended.stdout, "", "{arguments:?}: {ended:#?}");
    assert!(
        !ended.stderr.contains("panicked"),
        "{arguments:?}: {ended:#?}"
    );
    ended.stderr
}

/// A text that was asked for.
#[track_caller]
fn result(arguments: &[&str]) -> Ended {
    let ended = laggard(arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:#?}");
    ended
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn with_nothing_to_connect_to_it_says_what_to_do_next() {
    let said = refused(&[]);
    for command in ["laggard demo", "--bootstrap-server", "config example"] {
        assert!(said.contains(command), "{said}");
    }
    for command in ["top", "serve", "lag", "check g --max-lag 5"] {
        assert_eq!(refused(&words(command)), said);
    }
}

#[test]
fn wrong_usage_is_refused_with_what_to_type() {
    let mut all = String::new();
    for line in [
        "lagg",
        "lag --outptu json",
        "lag --output xml",
        "check",
        "check g --bootstrap-server a:1",
        "check g --max-lag many --bootstrap-server a:1",
        "check g --max-time-lag 5 --bootstrap-server a:1",
        "lag --bootstrap-server kafka-1",
        "lag --bootstrap-server ::1:9092",
        "lag --bootstrap-server a:1 --log-level loud",
        "lag --bootstrap-server a:1 --poll-interval 10ms",
        "lag --command-config x.properties",
        "lag --bootstrap-server a:1 --command-config no-such.properties",
        "lag --demo --bootstrap-server a:1",
        "lag --demo --command-config client.properties",
        "--cluster prod lag --demo",
        "lag --demo --poll-interval 10ms",
        "--bootstrap-server a:1 demo",
        "doctor --output csv --bootstrap-server a:1",
        "lag --config no/such.toml",
        "what-if g --bootstrap-server a:1",
        "what-if --members 3 --bootstrap-server a:1",
        "what-if g --members 0 --bootstrap-server a:1",
        "what-if g --members some --bootstrap-server a:1",
        "what-if g --assignor cooperative-stiky --bootstrap-server a:1",
        "what-if g --partitions orders= --bootstrap-server a:1",
        "what-if g --skew 9 --bootstrap-server a:1",
        "demo --groups 0",
        "demo --cluster-listen nowhere",
        "serve --bootstrap-server a:1 --listen :80",
    ] {
        writeln!(all, "$ laggard {line}\n{}", refused(&words(line))).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_cluster_that_is_not_configured_is_refused_with_those_that_are() {
    let path = run_dir().join(unique("clusters")).with_extension("toml");
    let cluster = |name: &str| format!("[clusters.{name}]\nbootstrap_servers = \"127.0.0.1:1\"\n");
    fs::write(&path, cluster("prod") + &cluster("test")).unwrap();
    let path = path.to_str().unwrap();
    let said = refused(&["lag", "--config", path, "--cluster", "prd"]);
    assert!(said.contains("prd") && said.contains("prod"), "{said}");
}

#[test]
fn a_misspelt_scenario_is_answered_with_the_right_one_and_all() {
    for line in ["lag --demo poisn", "demo poisn"] {
        let said = refused(&words(line));
        for part in ["did you mean `poison`?", "hot-key", "healthy"] {
            assert!(said.contains(part), "no {part} in {said}");
        }
    }
}

#[test]
fn an_invalid_configuration_is_refused_by_every_command_alike() {
    let path = run_dir().join(unique("invalid")).with_extension("toml");
    fs::write(
        &path,
        "[clusters.prod]\nbootstrap_server = \"a:1\"\npoll_interval = 10\n",
    )
    .unwrap();
    let path = path.to_str().unwrap();
    let said = refused(&["config", "check", "--config", path]);
    for part in [
        "bootstrap_servers",
        "poll_interval = \"10s\"",
        ":2:1",
        ":3:17",
    ] {
        assert!(said.contains(part), "no {part} in {said}");
    }
    assert_eq!(refused(&["lag", "--config", path]), said);
    assert_eq!(refused(&["serve", "--config", path]), said);
}

#[test]
fn help_is_a_result() {
    for (name, line) in [
        ("help", "--help"),
        ("help_top", "top --help"),
        ("help_serve", "serve --help"),
        ("help_lag", "lag --help"),
        ("help_check", "check --help"),
        ("help_advise", "advise --help"),
        ("help_what_if", "what-if --help"),
        ("help_doctor", "doctor --help"),
        ("help_demo", "demo --help"),
        ("help_config", "config --help"),
    ] {
        insta::assert_snapshot!(name, result(&words(line)).stdout);
    }
}

#[test]
fn the_example_is_a_configuration_and_is_checked() {
    let example = result(&["config", "example"]).stdout;
    let path = run_dir().join(unique("example")).with_extension("toml");
    fs::write(&path, &example).unwrap();
    let checked = result(&["config", "check", "--config", path.to_str().unwrap()]);
    assert!(
        checked.stdout.contains("listen = \"127.0.0.1:9550\""),
        "{checked:#?}"
    );
    assert!(
        checked.stderr.contains("no cluster is configured"),
        "{checked:#?}"
    );
    let schema: serde_json::Value = result(&["config", "schema"]).json();
    assert!(schema["properties"]["clusters"].is_object());
}

#[test]
fn completions_and_the_manual_name_every_command() {
    for text in [
        result(&["completions", "bash"]).stdout,
        result(&["man"]).stdout,
    ] {
        for command in ["serve", "lag", "check", "demo", "config"] {
            assert!(text.contains(command), "no {command}");
        }
    }
}
