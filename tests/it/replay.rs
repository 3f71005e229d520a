//! What was recorded of live runs shows what they showed: on real Kafka and on the embedded cluster; and what `serve` keeps outlives a kill.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use laggard::app::demo::Demo;
use laggard::app::session::{Feed, Session, Start};
use laggard::model::document::to_json;
use laggard::model::{Clock, ClusterSettings, Settings, Snapshot, Span};
use laggard::pipeline::Pipeline;
use laggard::recording::Recorder;
use laggard::sim::scenario;
use laggard::source::kafka::{KafkaConfig, KafkaSource, Properties};
use laggard::source::stamp::Stamper;
use laggard::timeline::{Head, Tape};
use tokio_util::sync::CancellationToken;

use crate::support::embedded::EmbeddedDemo;
use crate::support::kafka::shared;
use crate::support::laggard::{Served, laggard, partition};
use crate::support::process::run_dir;
use crate::support::{eventually, unique};

const WITHIN: Duration = Duration::from_mins(1);

fn json(snapshot: &Snapshot) -> String {
    let mut text = Vec::new();
    to_json(snapshot, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// Runs a session that is recorded into `path` until `enough` of its snapshots; the snapshots that were seen, by generation.
fn run(
    path: &Path,
    settings: ClusterSettings,
    feed: Feed,
    clock: Clock,
    mut enough: impl FnMut(&Snapshot) -> bool,
) -> BTreeMap<u64, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (recorder, tap) = Recorder::file(path).unwrap();
    let start = Start {
        settings: Arc::new(Settings {
            clusters: vec![settings],
            ..Settings::default()
        }),
        begin: Box::new(Pipeline::new),
        past: Box::new(std::iter::empty()),
        keep: None,
        feeds: vec![feed],
        cut_each: Duration::from_millis(500),
        clock,
        tap: Some(tap),
        telling: None,
        stop: CancellationToken::new(),
    };
    let seen = runtime.block_on(async {
        let session = Session::start(start);
        let mut snapshots = session.snapshots.clone();
        let mut seen = BTreeMap::new();
        let watching = async {
            loop {
                snapshots.changed().await.unwrap();
                let snapshot = Arc::clone(&snapshots.borrow_and_update());
                seen.insert(snapshot.generation.n, json(&snapshot));
                if enough(&snapshot) {
                    return;
                }
            }
        };
        tokio::time::timeout(WITHIN, watching)
            .await
            .expect("enough snapshots");
        session.shut_down(Duration::from_secs(10)).await;
        seen
    });
    let summary = recorder.join().unwrap();
    assert_eq!(summary.lost, 0);
    seen
}

/// Every snapshot that was seen live comes again, byte for byte.
fn assert_replays(path: &Path, seen: &BTreeMap<u64, String>) {
    let mut head = Head::at_start(&Tape::open(path).unwrap()).unwrap();
    let mut replayed = BTreeMap::new();
    while let Some(cut) = head.next_cut() {
        replayed.insert(cut.snapshot.generation.n, json(&cut.snapshot));
    }
    assert_eq!(head.take_notes(), Vec::<String>::new());
    for (n, live) in seen {
        assert!(
            replayed.get(n) == Some(live),
            "generation {n}:\n{live}\n\n{:?}",
            replayed.get(n)
        );
    }
}

#[test]
fn a_recording_of_real_kafka_shows_what_the_live_run_showed() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("rec"), unique("rec"));
    cluster.create_topic(&topic, 3);
    cluster.produce(&topic, 0, 20);
    cluster.commit(&group, &[(&topic, 0, 5), (&topic, 1, 0)]);
    let (name, stamper) = ("it".into(), Stamper::new());
    let config = KafkaConfig {
        poll_interval: Duration::from_secs(1),
        ..KafkaConfig::new(name, Properties::bootstrap(&cluster.bootstrap()))
    };
    let feed = Feed {
        cluster: "it".into(),
        source: Box::new(KafkaSource::new(config, stamper)),
    };
    let settings = ClusterSettings {
        poll_interval: Span::from_secs(1),
        ..ClusterSettings::named("it".into())
    };
    let path = run_dir().join(unique("real")).with_extension("jsonl.zst");
    let (mut step, mut first) = (0, None);
    let seen = run(
        &path,
        settings,
        feed,
        Arc::new(move || stamper.now()),
        |snapshot| {
            // Something happens at each second of the cycle's ends.
            let health = &snapshot.clusters.first().map(|c| c.health.clone());
            let read = health.as_ref().and_then(|h| h.last_success);
            if read.is_some() && read != first {
                first = read;
                step += 1;
                cluster.produce(&topic, step % 3, 3);
                cluster.commit(&group, &[(&topic, 0, 5 + i64::from(step))]);
            }
            step >= 8
        },
    );
    assert!(seen.len() >= 8, "{}", seen.len());
    assert!(seen.values().last().unwrap().contains(&group));
    assert_replays(&path, &seen);

    // And the faces show it: the end, which may be a cut after the last one that was seen, and a time in the middle.
    let file = path.to_str().unwrap();
    let ended = laggard(["lag", &group, "--replay", file, "--output", "json"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let last: serde_json::Value = serde_json::from_str(seen.values().last().unwrap()).unwrap();
    let n = |document: &serde_json::Value| document["generation"]["n"].as_u64().unwrap();
    let beyond = n(&ended.json()).checked_sub(n(&last));
    assert!(beyond.is_some_and(|more| more <= 2), "{beyond:?}");
    let row =
        |document: &serde_json::Value| partition(document, &group, &topic, 0).unwrap().clone();
    let middle: serde_json::Value =
        serde_json::from_str(seen.values().nth(seen.len() * 2 / 3).unwrap()).unwrap();
    for then in [&middle, &last] {
        let at = then["at"].as_str().unwrap();
        let ended = laggard([
            "lag", &group, "--replay", file, "--at", at, "--output", "json",
        ]);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        assert_eq!(ended.json()["generation"], then["generation"]);
        assert_eq!(row(&ended.json()), row(then));
    }
}

#[test]
fn a_recording_of_the_embedded_cluster_shows_what_the_live_run_showed() {
    let stamper = Stamper::new();
    let clock: Clock = Arc::new(move || stamper.now());
    let demo = Demo {
        scenario: scenario::demo(),
        seed: 7,
        listen: ([127, 0, 0, 1], 0).into(),
        interval: Span::from_secs(1),
    };
    let running = EmbeddedDemo::start(&demo, Arc::clone(&clock));
    let path = run_dir().join(unique("embedded")).with_extension("jsonl");
    let mut cuts = 0;
    let (settings, feed) = (running.settings(), running.feed(stamper));
    let seen = run(&path, settings, feed, clock, |snapshot| {
        cuts += i32::from(snapshot.clusters.iter().any(|c| c.health.cycle.is_some()));
        cuts >= 12
    });
    assert!(seen.values().last().unwrap().contains("payments"));
    assert_replays(&path, &seen);
}

#[test]
fn record_writes_until_its_time_is_over_and_check_holds_the_past_to_limits() {
    let path = run_dir().join(unique("cmd")).with_extension("jsonl.zst");
    let file = path.to_str().unwrap();
    let ended = laggard(["record", "--demo", "poison", "-o", file, "--for", "4s"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(
        ended.stderr.contains("bytes before compression"),
        "{ended:#?}"
    );
    let lag = laggard(["lag", "--replay", file]);
    assert_eq!(lag.code, Some(0), "{lag:#?}");
    assert!(lag.stdout.contains("billing-export"), "{lag:#?}");
    let check = |limit| {
        laggard([
            "check",
            "billing-export",
            "--max-lag",
            limit,
            "--replay",
            file,
        ])
    };
    assert_eq!(check("1000000000").code, Some(0));
    assert_eq!(check("0").code, Some(1));
    // One that cannot be written is said at once; one that cannot be read, too.
    let ended = laggard(["record", "--demo", "-o", "/dev/full", "--for", "30s"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(
        ended.stderr.contains("cannot write /dev/full"),
        "{ended:#?}"
    );
    let ended = laggard(["lag", "--replay", "/nowhere.jsonl"]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let ended = laggard(["lag", "--replay", file, "--at", "2001-01-01T00:00:00Z"]);
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(ended.stderr.contains("begins at"), "{ended:#?}");
}

#[test]
fn a_serve_that_is_killed_is_taken_up_where_it_stood() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("kill"), unique("kill"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 10);
    cluster.commit(&group, &[(&topic, 0, 10)]);
    let state = run_dir().join(unique("state"));
    let (bootstrap, dir) = (cluster.bootstrap(), state.to_str().unwrap());
    let environment = [
        (
            "LAGGARD_CLUSTERS__IT__BOOTSTRAP_SERVERS",
            bootstrap.as_str(),
        ),
        ("LAGGARD_CLUSTERS__IT__POLL_INTERVAL", "1s"),
        ("LAGGARD_STATE_DIR", dir),
    ];
    let mut served = Served::with(&environment);
    let end_seen = |served: &Served, end: i64| {
        eventually(WITHIN, || {
            let document = served.snapshot();
            let row = partition(&document, &group, &topic, 0)?;
            if row["log_end_offset"]["value"] == end && row["lag"]["value"] == end - 10 {
                Ok(document.clone())
            } else {
                Err(format!("{row:#}"))
            }
        })
    };
    end_seen(&served, 10);
    cluster.produce(&topic, 0, 5);
    let before = end_seen(&served, 15);
    let appended = before["at"].as_str().unwrap().to_owned();
    // Another one cannot have the same directory meanwhile.
    let second = laggard_serve_refused(dir, &bootstrap);
    assert!(second.contains("another `laggard serve`"), "{second}");
    // What it wrote can be read by others while it runs, up to its last flush.
    let recorder = state.join("flight-recorder");
    let file = recorder.to_str().unwrap();
    eventually(WITHIN, || {
        let ended = laggard(["lag", &group, "--replay", file, "--output", "json"]);
        let document: serde_json::Value =
            serde_json::from_str(&ended.stdout).map_err(|e| format!("{e}: {ended:#?}"))?;
        let row = partition(&document, &group, &topic, 0)?;
        (row["log_end_offset"]["value"] == 15)
            .then_some(())
            .ok_or_else(|| format!("{row:#}"))
    });
    served.running().kill();
    drop(served);

    let served = Served::with(&environment);
    let after = end_seen(&served, 15);
    assert!(
        served.log().contains("going on from what was known at"),
        "{}",
        served.log()
    );
    assert_ne!(after["generation"]["boot"], before["generation"]["boot"]);
    // The records came in before this start, and their age is known to within the polls round them, not "older than the start".
    let row = partition(&after, &group, &topic, 0).unwrap();
    let time_lag = &row["time_lag"];
    assert!(
        time_lag["value"].is_number() && time_lag["high"].is_number(),
        "{row:#}"
    );
    let instant = |v: &serde_json::Value| {
        v.as_str()
            .unwrap()
            .parse::<laggard::model::Timestamp>()
            .unwrap()
    };
    let until = instant(&time_lag["oldest_unread_between"][1]);
    assert!(until <= appended.parse().unwrap(), "{row:#}");
    // The past of before the kill is still there to be asked for.
    let path = format!("/api/v1/snapshot?at={appended}");
    let then: serde_json::Value = serde_json::from_str(&served.get(&path).unwrap()).unwrap();
    assert_eq!(then["generation"], before["generation"]);
    let history: serde_json::Value = serde_json::from_str(
        &served
            .get(&format!("/api/v1/history?group={group}"))
            .unwrap(),
    )
    .unwrap();
    let points = history["points"].as_array().unwrap();
    let lags: Vec<_> = points
        .iter()
        .filter_map(|p| p["lag"]["value"].as_i64())
        .collect();
    assert!(lags.contains(&0) && lags.contains(&5), "{history:#}");
}

/// What a second `serve` says that wants the same directory.
fn laggard_serve_refused(dir: &str, bootstrap: &str) -> String {
    let config = run_dir().join(unique("second")).with_extension("toml");
    let text = format!("state_dir = {dir:?}\n[clusters.it]\nbootstrap_servers = {bootstrap:?}\n");
    std::fs::write(&config, text).unwrap();
    let ended = laggard([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--config",
        config.to_str().unwrap(),
    ]);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    ended.stderr
}
