//! The binary on real Kafka, as a user or a script runs it: what is printed, and the exit code.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::kafka::members::{Member, MemberOptions};
use crate::support::kafka::{KafkaCluster, MONITOR, Options, STRANGER, User, shared};
use crate::support::laggard::{Ended, Served, as_group_rows, lag, laggard, partition};
use crate::support::process::run_dir;
use crate::support::{eventually, unique};

const WRONG: User = User {
    name: "monitor",
    password: "wrong-secret-0b1d",
};

/// A group on one partition with 10 records, 4 of them committed.
fn behind(cluster: &KafkaCluster) -> (String, String) {
    let (topic, group) = (unique("behind"), unique("behind"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 10);
    cluster.commit(&group, &[(&topic, 0, 4)]);
    (topic, group)
}

fn on(cluster: &KafkaCluster, arguments: &[&str]) -> Ended {
    laggard([arguments, &["--bootstrap-server", &cluster.bootstrap()]].concat())
}

/// As `refused`, and told apart by one of these words.
#[track_caller]
fn ends(ended: &Ended, code: i32, words: &[&str]) {
    let said = ended.stderr.to_lowercase();
    assert_eq!(ended.code, Some(code), "{ended:#?}");
    assert!(
        words.iter().any(|word| said.contains(&word.to_lowercase())),
        "none of {words:?} is said: {ended:#?}"
    );
    for secret in [MONITOR.password, STRANGER.password, WRONG.password] {
        assert!(
            !format!("{ended:?}").contains(secret),
            "a secret is shown: {ended:#?}"
        );
    }
    assert!(!ended.stderr.contains("panicked"), "{ended:#?}");
}

#[test]
fn lag_prints_what_kafkas_own_tool_does() {
    require!(kafka);
    let cluster = shared();
    let (topic, group) = behind(cluster);
    let second = unique("joined");
    let member = Member::join(
        cluster,
        &second,
        &[&topic],
        &MemberOptions::consumer().with("client.id", "the-client"),
    );
    member.wait_records(10);
    member.pause(true);
    cluster.produce(&topic, 0, 3);
    let seen = as_group_rows(&lag(cluster, &[&group, &second]));
    let theirs = [
        cluster.describe_group(&group),
        cluster.describe_group(&second),
    ]
    .concat();
    assert_eq!(seen, theirs);

    let table = on(cluster, &["lag", &group]);
    assert_eq!(table.code, Some(0), "{table:#?}");
    assert!(
        table.stdout.contains(&topic) && table.stdout.contains(&group),
        "{table:#?}"
    );
    let csv = on(cluster, &["lag", &group, "--output", "csv"]);
    let row = csv
        .stdout
        .lines()
        .find(|line| line.contains(&topic))
        .unwrap_or_else(|| panic!("{csv:#?}"));
    assert!(
        ["4", "13", "9"]
            .iter()
            .all(|number| row.split(',').any(|cell| cell == *number)),
        "{csv:#?}"
    );
}

#[test]
fn check_tells_breach_from_fine_from_unknown_by_its_code() {
    require!(kafka);
    let cluster = shared();
    let (topic, group) = behind(cluster);
    let never = unique("never");
    let member = Member::join(
        cluster,
        &never,
        &[&topic],
        &MemberOptions::classic().with("auto.offset.reset", "latest"),
    );
    member.wait_assigned(1);
    let code = |arguments: &[&str]| {
        let ended = on(cluster, &[&["check"], arguments].concat());
        ended.code.unwrap_or_else(|| panic!("{ended:#?}"))
    };
    assert_eq!(code(&[&group, "--max-lag", "6"]), 0);
    assert_eq!(code(&[&group, "--max-lag", "5"]), 1);
    assert_eq!(code(&[&never, "--max-lag", "1000"]), 2);
    assert_eq!(code(&["no-such-group", "--max-lag", "5"]), 2);
    // A breach beats unknown.
    assert_eq!(code(&[&group, "no-such-group", "--max-lag", "5"]), 1);
    assert_eq!(code(&[&group]), 3);
}

#[test]
fn serve_has_metrics_health_and_a_graceful_end() {
    require!(kafka);
    let cluster = shared();
    let (topic, group) = behind(cluster);
    let mut served = Served::start(cluster);
    eventually(Duration::from_secs(15), || {
        partition(&served.snapshot(), &group, &topic, 0).map(drop)
    });
    let metrics = eventually(Duration::from_secs(15), || {
        let text = served.get("/metrics")?;
        if text.contains(&group) {
            Ok(text)
        } else {
            Err(text)
        }
    });
    let ours: Vec<_> = metrics
        .lines()
        .filter(|line| line.contains(&group))
        .collect();
    let lag = format!("laggard_group_lag{{kafka_cluster=\"it\",group=\"{group}\"}} 6");
    assert!(ours.contains(&lag.as_str()), "no {lag}: {ours:#?}");
    assert!(served.get("/healthz").is_ok());
    served.running().signal("TERM");
    let status = served.running().wait(Duration::from_secs(10));
    assert!(
        status.is_some_and(|status| status.success()),
        "{status:?}\n{}",
        served.log()
    );
}

#[test]
fn a_cluster_that_is_down_leaves_serve_ready_and_alive() {
    let served = Served::of("127.0.0.1:1");
    let document = eventually(Duration::from_secs(30), || {
        let document = served.snapshot();
        if document["clusters"][0]["health"]["state"] == "down" {
            Ok(document)
        } else {
            Err(format!("{document:#}"))
        }
    });
    assert!(
        document["clusters"][0]["health"]["why"].is_string(),
        "{document:#}"
    );
    assert!(served.get("/healthz").is_ok());
}

#[test]
fn whoever_may_not_is_told_so_by_code_and_word() {
    require!(kafka, openssl);
    let cluster = KafkaCluster::start(1, &Options::secured());
    let (topic, group) = behind(&cluster);
    let (sasl, mtls) = (cluster.bootstrap_sasl(), cluster.bootstrap_mtls());
    let run = |bootstrap: &str, properties: &Path, arguments: &[&str]| {
        let common = [
            "--bootstrap-server",
            bootstrap,
            "--command-config",
            properties.to_str().unwrap(),
        ];
        laggard([arguments, &common].concat())
    };
    let plain = cluster.sasl_properties(MONITOR, "PLAIN");
    let scram = cluster.sasl_properties(MONITOR, "SCRAM-SHA-512");
    let certificate = cluster.mtls_properties();
    for (bootstrap, properties) in [(&sasl, &plain), (&sasl, &scram), (&mtls, &certificate)] {
        let ended = run(bootstrap, properties, &["lag", &group, "--output", "json"]);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert_eq!(
            partition(&ended.json(), &group, &topic, 0).unwrap()["lag"]["value"],
            6
        );
    }
    let wrong = cluster.sasl_properties(WRONG, "SCRAM-SHA-512");
    ends(
        &run(&sasl, &wrong, &["lag"]),
        2,
        &["authenticat", "password"],
    );
    ends(
        &run(&mtls, &cluster.wrong_ca_properties(), &["lag"]),
        2,
        &["certificate"],
    );

    // Kafka hides in silence what one may not see.
    let stranger = cluster.sasl_properties(STRANGER, "PLAIN");
    ends(&run(&sasl, &stranger, &["lag", &group]), 2, &[&group]);
}

#[test]
fn what_is_wrong_is_said_with_the_right_code() {
    ends(
        &laggard(["lag", "--bootstrap-server", "127.0.0.1:1"]),
        2,
        &["127.0.0.1:1"],
    );
    ends(&laggard(["lag"]), 3, &["--bootstrap-server"]);
    ends(&laggard(["lag", "--no-such-flag"]), 3, &["--no-such-flag"]);
    ends(
        &laggard(["serve", "--config", "/nowhere/laggard.toml"]),
        3,
        &["/nowhere/laggard.toml"],
    );
    let file = run_dir().join(unique("typo")).with_extension("toml");
    fs::write(
        &file,
        "[clusters.prod]\nbootstrap_servrs = \"kafka:9092\"\npoll_interval = true\n",
    )
    .unwrap();
    let ended = laggard(["config", "check", "--config", file.to_str().unwrap()]);
    ends(&ended, 3, &["bootstrap_servrs"]);
    for word in ["bootstrap_servers", "poll_interval", ":2", ":3"] {
        assert!(ended.stderr.contains(word), "no {word}: {ended:#?}");
    }
}

#[test]
fn an_unknown_group_is_said_by_name() {
    require!(kafka);
    ends(
        &on(shared(), &["lag", "no-such-group"]),
        2,
        &["no-such-group"],
    );
}

#[test]
fn odd_names_are_shown_and_break_nothing() {
    require!(kafka);
    let cluster = shared();
    let (topic, group) = (unique("Odd.topic_name-"), unique("two\nlines \u{1b}[31m"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 3);
    cluster.commit(&group, &[(&topic, 0, 1)]);
    let document: Value = lag(cluster, &[&group]);
    assert_eq!(
        partition(&document, &group, &topic, 0).unwrap()["lag"]["value"],
        json!(2)
    );
    let table = on(cluster, &["lag", &group]);
    assert_eq!(table.code, Some(0), "{table:#?}");
    assert!(table.stdout.contains(&topic), "{table:#?}");
    assert!(
        !table.stdout.contains('\u{1b}') && !table.stdout.contains("two\nlines"),
        "{table:#?}"
    );
}
