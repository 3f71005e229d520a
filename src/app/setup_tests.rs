//! Which sources come of which flags and files, and what is said, with which code, when none do.

use std::path::PathBuf;
use std::time::Duration;

use super::*;

/// Set up with nothing of this machine's environment.
fn with(environment: &[(&str, &str)], source: &SourceArgs) -> Result<Setup, Refusal> {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    set_up_in(&environment, source, &[])
}

#[track_caller]
fn refused(environment: &[(&str, &str)], source: &SourceArgs) -> (String, Exit) {
    match with(environment, source) {
        Ok(setup) => panic!("not refused, but reads {}", setup.label),
        Err(refusal) => (refusal.text, refusal.exit),
    }
}

fn bootstrap(servers: &str) -> SourceArgs {
    SourceArgs {
        bootstrap_server: Some(servers.to_owned()),
        ..SourceArgs::default()
    }
}

fn demo_of(scenario: &str) -> SourceArgs {
    SourceArgs {
        demo: Some(scenario.to_owned()),
        ..SourceArgs::default()
    }
}

/// A configuration file that lives as long as the test.
fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("laggard.toml");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

const TWO: &str = "[clusters.east]\nbootstrap_servers = [\"e:1\"]\npoll_interval = \"7s\"\n\
                   [clusters.west]\nbootstrap_servers = [\"w:1\", \"w:2\"]\n";

fn names(setup: &Setup) -> Vec<String> {
    setup.feeds.iter().map(|f| f.cluster.to_string()).collect()
}

#[test]
fn a_bootstrap_server_is_one_cluster_called_kafka_or_as_told() {
    let setup = with(&[], &bootstrap("a:1,b:2")).unwrap();
    assert_eq!(
        (&*setup.label, &*setup.connecting_to, names(&setup)),
        ("kafka", "a:1,b:2", vec!["kafka".to_owned()])
    );
    let named = SourceArgs {
        cluster: vec!["prod".to_owned()],
        poll_interval: Some(Span::from_secs(3)),
        ..bootstrap("a:1")
    };
    let setup = with(&[], &named).unwrap();
    assert_eq!(names(&setup), ["prod"]);
    // The source reads by it and the pipeline judges by it.
    assert_eq!(setup.kafka[0].poll_interval, Duration::from_secs(3));
    assert_eq!(setup.settings.clusters[0].poll_interval, Span::from_secs(3));
}

#[test]
fn every_cluster_of_the_configuration_is_read_or_those_that_are_named() {
    let (_dir, path) = file(TWO);
    let mut source = SourceArgs {
        config: Some(path),
        ..SourceArgs::default()
    };
    let setup = with(&[], &source).unwrap();
    assert_eq!(names(&setup), ["east", "west"]);
    assert_eq!(setup.kafka[0].poll_interval, Duration::from_secs(7));
    source.cluster = vec!["west".to_owned()];
    let setup = with(&[], &source).unwrap();
    assert_eq!(names(&setup), ["west"]);
    assert_eq!(setup.settings.clusters.len(), 1);
    assert_eq!(&*setup.connecting_to, "w:1,w:2");
    source.cluster = vec!["wset".to_owned()];
    let (text, exit) = refused(&[], &source);
    assert_eq!(exit, Exit::Usage);
    assert!(
        text.contains("wset") && text.contains("east, west"),
        "{text}"
    );
}

#[test]
fn the_environment_alone_is_a_configuration_too() {
    let variables = [("LAGGARD_CLUSTERS__PROD__BOOTSTRAP_SERVERS", "p:1")];
    let setup = with(&variables, &SourceArgs::default()).unwrap();
    assert_eq!(
        (names(&setup), &*setup.connecting_to),
        (vec!["prod".to_owned()], "p:1")
    );
}

#[test]
fn with_a_bootstrap_server_the_clusters_of_the_configuration_are_left_alone() {
    let (_dir, path) = file(TWO);
    let source = SourceArgs {
        config: Some(path),
        ..bootstrap("a:1")
    };
    assert_eq!(names(&with(&[], &source).unwrap()), ["kafka"]);
}

#[test]
fn nothing_to_connect_to_is_wrong_usage_and_says_what_helps() {
    let (text, exit) = refused(&[], &SourceArgs::default());
    assert_eq!(exit, Exit::Usage);
    assert!(text.contains("laggard demo"), "{text}");
}

#[test]
fn all_that_is_wrong_with_all_clusters_is_said_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let bad = dir.path().join("client.properties");
    std::fs::write(&bad, "ssl.truststore.location=/x.jks\nfoo.bar=1\n").unwrap();
    let bad = bad.display();
    let cluster = |name: &str| {
        format!("[clusters.{name}]\nbootstrap_servers = [\"e:1\"]\ncommand_config = \"{bad}\"\n")
    };
    let (_dir, path) = file(&(cluster("east") + &cluster("west")));
    let source = SourceArgs {
        config: Some(path),
        ..SourceArgs::default()
    };
    let (text, exit) = refused(&[], &source);
    assert_eq!(exit, Exit::Usage);
    for part in ["foo.bar", "JKS", "laggard.toml:3", "laggard.toml:6"] {
        assert!(text.contains(part), "no {part}: {text}");
    }
}

#[test]
fn an_interval_that_can_only_show_stale_numbers_is_refused() {
    for seconds in [0, 3_600] {
        for source in [bootstrap("a:1"), demo_of("idle")] {
            let source = SourceArgs {
                poll_interval: Some(Span::from_secs(seconds)),
                ..source
            };
            let (text, exit) = refused(&[], &source);
            assert_eq!(exit, Exit::Usage);
            assert!(text.contains("--poll-interval"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_demo_is_read_over_the_wire_as_often_as_told() {
    let source = SourceArgs {
        poll_interval: Some(Span::from_secs(2)),
        ..demo_of("poison")
    };
    let setup = with(&[], &source).unwrap();
    assert_eq!(&*setup.label, "demo: poison");
    assert!(
        setup.connecting_to.contains("127.0.0.1:"),
        "{}",
        setup.connecting_to
    );
    assert_eq!(setup.kafka[0].poll_interval, Duration::from_secs(2));
    assert_eq!(setup.settings.clusters[0].poll_interval, Span::from_secs(2));
    let (text, exit) = refused(&[], &demo_of("poisn"));
    assert_eq!(exit, Exit::Usage);
    assert!(text.contains("did you mean `poison`?"), "{text}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_a_failure_of_the_commands_own_work() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut asked = named_demo("idle").unwrap();
    asked.listen = taken.local_addr().unwrap();
    let Err(refusal) = demo(&asked, Config::default()) else {
        panic!("two listen on one port");
    };
    assert_eq!(refusal.exit, Exit::Breach);
    assert!(
        refusal.text.contains(&asked.listen.to_string()),
        "{}",
        refusal.text
    );
}

#[test]
fn what_only_a_client_finds_wrong_is_refused_before_anything_starts() {
    // Each is a value of its property; together they are none.
    let at_odds = "[clusters.prod]\nbootstrap_servers = [\"a:1\"]\n[clusters.prod.properties]\n\
                   \"max.poll.interval.ms\" = 1000\n\"session.timeout.ms\" = 30000\n";
    let refused_of = |text: &str| {
        let (_dir, path) = file(text);
        let source = SourceArgs {
            config: Some(path),
            ..SourceArgs::default()
        };
        let (text, exit) = refused(&[], &source);
        assert_eq!(exit, Exit::Usage, "{text}");
        text
    };
    let text = refused_of(at_odds);
    assert!(
        text.starts_with("error: cluster `prod`: ") && text.contains("max.poll.interval.ms"),
        "{text}"
    );
    // A file that is there and holds no certificate; what it holds is not told.
    let dir = tempfile::tempdir().unwrap();
    let pem = dir.path().join("key.pem");
    std::fs::write(&pem, "hunter22").unwrap();
    let ssl = format!(
        "[clusters.prod]\nbootstrap_servers = [\"a:1\"]\n[clusters.prod.properties]\n\
         \"security.protocol\" = \"ssl\"\n\"ssl.certificate.location\" = \"{}\"\n",
        pem.display()
    );
    let text = refused_of(&ssl);
    assert!(
        text.contains("ssl.certificate.location") && !text.contains("hunter22"),
        "{text}"
    );
}
