//! What real components make of the exports: Debian's Prometheus and a new one, promtool, Etsy's statsd, statsd_exporter, and Grafana's
//! questions, schema and linter.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use laggard::catalog::Options;
use laggard::export::statsd::{Dialect, Statsd, Template};
use laggard::model::Snapshot;
use laggard::model::testing::World;
use serde_json::Value;

use crate::support::kafka::shared;
use crate::support::laggard::{Served, group as group_of, laggard};
use crate::support::process::{Running, guarded, run_dir};
use crate::support::prometheus::{Prometheus, check_metrics, free_address};
use crate::support::{eventually, needs, unique};

mod paused;

const SOON: Duration = Duration::from_secs(30);
/// What changes rarely is asked each minute.
const RARELY: Duration = Duration::from_secs(150);

/// The demo with all that a dashboard may ask for: limits, partitions, other tools' names.
fn demo() -> Served {
    Served::demo_with(&[
        ("LAGGARD_GROUP__0__GROUPS", ".*"),
        ("LAGGARD_GROUP__0__MAX_TIME_LAG", "1m"),
        ("LAGGARD_GROUP__0__MAX_LAG", "10000"),
        ("LAGGARD_GROUP__0__OWNER", "team-demo"),
        ("LAGGARD_METRICS__PARTITIONS_OF", ".*"),
        (
            "LAGGARD_METRICS__PROFILE",
            "kafka_exporter,kafka_lag_exporter,kminion,burrow",
        ),
    ])
}

#[test]
fn promtool_finds_nothing_to_say() {
    require!(prometheus);
    let served = Served::demo_with(&[("LAGGARD_METRICS__PARTITIONS_OF", ".*")]);
    // Twice: requests are counted too.
    served.get("/metrics").unwrap();
    let checked = check_metrics(&served.get("/metrics").unwrap());
    assert!(
        checked.status.success() && checked.stderr.is_empty() && checked.stdout.is_empty(),
        "{checked:?}"
    );
}

/// Group → its lag, of a document.
fn lags(document: &Value) -> BTreeMap<String, f64> {
    let groups = document["clusters"][0]["groups"].as_array().unwrap();
    let lag = |g: &Value| Some((g["group"].as_str()?.to_owned(), g["lag"]["value"].as_f64()?));
    groups.iter().filter_map(lag).collect()
}

#[test]
fn prometheus_has_the_snapshots_values_and_an_answer_to_each_panel() {
    require!(prometheus);
    require!(node);
    let served = demo();
    let prometheus = Prometheus::scraping(served.address());
    assert_eq!(prometheus.scrape_error(), "");
    values_are_those_of_the_snapshot(&served, &prometheus);
    other_tools_dashboards_are_answered(&prometheus);
    every_panel_has_data(&prometheus);
    every_panel_can_be_drawn(&prometheus);
    assert_eq!(prometheus.scrape_error(), "");
}

#[test]
fn the_newest_prometheus_has_the_snapshots_values_too() {
    require!(newest_prometheus);
    let served = demo();
    let prometheus = Prometheus::of(&needs::newest_prometheus(), served.address());
    values_are_those_of_the_snapshot(&served, &prometheus);
    every_panel_has_data(&prometheus);
    assert_eq!(prometheus.scrape_error(), "");
}

#[test]
fn the_newest_prometheus_reads_a_real_cluster() {
    require!(kafka);
    require!(newest_prometheus);
    let (cluster, topic, group) = (shared(), unique("newest"), unique("newest"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 8);
    cluster.commit(&group, &[(&topic, 0, 5)]);
    let served = Served::start(cluster);
    let prometheus = Prometheus::of(&needs::newest_prometheus(), served.address());
    let lag = format!("laggard_group_lag{{group=\"{group}\"}}");
    eventually(SOON, || match prometheus.query(&lag).as_slice() {
        [(_, value)] if value.to_bits() == 3.0_f64.to_bits() => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert_eq!(prometheus.scrape_error(), "");
}

fn values_are_those_of_the_snapshot(served: &Served, prometheus: &Prometheus) {
    let mut documents = BTreeMap::new();
    eventually(SOON, || {
        let document = served.snapshot();
        documents.insert(
            document["generation"]["n"].as_u64().unwrap(),
            lags(&document),
        );
        // Both in one query: they are of one scrape.
        let samples =
            prometheus.query(r#"{__name__=~"laggard_snapshot_generation|laggard_group_lag"}"#);
        let (mut found, mut generation) = (BTreeMap::new(), 0);
        for (labels, value) in samples {
            match labels["group"].as_str() {
                Some(group) => _ = found.insert(group.to_owned(), value),
                None => generation = value as u64,
            }
        }
        let Some(expected) = documents.get(&generation) else {
            return Err(format!("generation {generation} was not seen"));
        };
        assert!(found.len() > 5, "{found:?}");
        assert_eq!(&found, expected, "generation {generation}");
        Ok(())
    });
}

/// What the best-known dashboards of the other tools ask, as far as it is about consumers.
fn other_tools_dashboards_are_answered(prometheus: &Prometheus) {
    let sum = |expression: &str| -> f64 {
        let samples = prometheus.query(expression);
        assert!(!samples.is_empty(), "{expression}");
        samples.iter().map(|(_, value)| value).sum()
    };
    for expression in [
        // 7589, of kafka_exporter
        "sum(rate(kafka_topic_partition_current_offset{instance=~\".*\",topic=~\".*\"}[1m])) by (topic)",
        "sum(delta(kafka_consumergroup_current_offset{topic=~\".*\"}[5m])/5) by (consumergroup, topic)",
        "sum(kafka_consumergroup_lag{topic=~\".*\"}) by (consumergroup, topic)",
        "sum by(topic) (kafka_topic_partitions{topic=~\".*\"})",
        "sum(kafka_topic_partition_under_replicated_partition)",
        "kafka_topic_partition_in_sync_replica <= kafka_topic_partition_replicas",
        // KMinion's
        "sum by (group_id) (kminion_kafka_consumer_group_topic_lag)",
        "sum(kminion_kafka_consumer_group_members) by (group_id)",
        "kminion_kafka_consumer_group_info{state=\"Stable\"}",
        "sum(increase(kminion_kafka_topic_high_water_mark_sum[1m])) by (topic_name)",
        // kafka-lag-exporter's
        "kafka_consumergroup_group_max_lag_seconds{cluster_name=~\".*\"}",
        "sum(kafka_consumergroup_group_topic_sum_lag) by (group, topic)",
        "rate(kafka_partition_latest_offset[1m])",
        // Burrow's
        "burrow_kafka_consumer_status",
    ] {
        // A rate needs two scrapes.
        eventually(SOON, || match prometheus.query(expression).len() {
            0 => Err(format!("no data: {expression}")),
            _ => Ok(()),
        });
    }
    // The same number by both names: what the paused replay cannot show, for there every rate is 0.
    for (theirs, own) in [
        (
            "sum by (topic) (rate(kafka_topic_partition_current_offset[1m]))",
            "sum by (topic) (rate(laggard_topic_partition_log_end_offset[1m]))",
        ),
        (
            "sum by (topic) (label_replace(rate(kminion_kafka_topic_high_water_mark_sum[1m]), \"topic\", \"$1\", \"topic_name\", \"(.*)\"))",
            "sum by (topic) (rate(laggard_topic_log_end_offset[1m]))",
        ),
        (
            "sum by (group, topic) (label_replace(delta(kafka_consumergroup_current_offset[1m]), \"group\", \"$1\", \"consumergroup\", \"(.*)\"))",
            "sum by (group, topic) (delta(laggard_group_partition_committed_offset[1m]))",
        ),
    ] {
        let moves = prometheus.query(&format!("count({own} != 0)"));
        assert!(
            matches!(moves.as_slice(), [(_, n)] if *n > 5.0),
            "{own}: {moves:?}"
        );
        let differ = prometheus.query(&format!(
            "abs({theirs} - {own}) > 0.001 or ({own} unless {theirs})"
        ));
        assert!(differ.is_empty(), "{theirs}: {differ:?}");
    }
    let of_one_scrape = [
        "sum(kafka_consumergroup_lag)",
        "sum(kafka_consumergroup_group_lag)",
        "sum(kminion_kafka_consumer_group_topic_partition_lag)",
        "sum(burrow_kafka_consumer_partition_lag)",
        "sum(laggard_group_partition_lag)",
    ];
    eventually(SOON, || {
        let sums: BTreeSet<_> = of_one_scrape.iter().map(|e| sum(e).to_bits()).collect();
        // A scrape may come in between.
        if sums.len() == 1 {
            Ok(())
        } else {
            Err(format!("{sums:?}"))
        }
    });
}

/// The expressions of a dashboard, with its variables filled in as Grafana does.
fn expressions(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|p| p["targets"].as_array().unwrap());
    targets
        .map(|t| {
            let expression = t["expr"].as_str().unwrap().to_owned();
            [
                ("$cluster", ".*"),
                ("$group", ".*"),
                ("$topic", ".*"),
                ("$__rate_interval", "1m"),
            ]
            .iter()
            .fold(expression, |e, (variable, value)| {
                e.replace(variable, value)
            })
        })
        .collect()
}

fn every_panel_has_data(prometheus: &Prometheus) {
    panels_have_data(prometheus, dashboards());
}

fn panels_have_data(prometheus: &Prometheus, files: Vec<PathBuf>) {
    let mut all = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        all.extend(expressions(&serde_json::from_str(&text).unwrap()));
    }
    assert!(all.len() > 40, "{} expressions", all.len());
    eventually(SOON, || {
        let empty = |e: &&String| prometheus.query(e).is_empty();
        let empty: Vec<_> = all.iter().filter(empty).collect();
        if empty.is_empty() {
            Ok(())
        } else {
            Err(format!("no data: {empty:#?}"))
        }
    });
}

/// The files of `dashboards/`.
fn dashboards() -> Vec<PathBuf> {
    dashboards_in(Path::new(env!("CARGO_MANIFEST_DIR")))
}

fn dashboards_in(directory: &Path) -> Vec<PathBuf> {
    let directory = directory.join("dashboards");
    let files = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|f| f.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    assert_eq!(files.len(), 4, "{files:?}");
    files
}

#[test]
fn dashboards_and_rules_follow_a_renamed_cluster_label() {
    require!(prometheus);
    let directory = run_dir().join(unique("renamed"));
    fs::create_dir_all(&directory).unwrap();
    let config = directory.join("laggard.toml");
    fs::write(&config, "[metrics]\ncluster_label = \"env\"\n").unwrap();
    let into = directory.to_str().unwrap();
    let written = laggard([
        "config",
        "files",
        into,
        "--config",
        config.to_str().unwrap(),
    ]);
    assert_eq!(written.code, Some(0), "{written:#?}");
    let rules = directory.join("alerts/laggard.yml");
    let checked = Command::new("promtool")
        .args(["check", "rules"])
        .arg(&rules)
        .output();
    assert!(checked.as_ref().unwrap().status.success(), "{checked:?}");
    let served = Served::demo_with(&[
        ("LAGGARD_GROUP__0__GROUPS", ".*"),
        ("LAGGARD_GROUP__0__MAX_TIME_LAG", "1m"),
        ("LAGGARD_GROUP__0__MAX_LAG", "10000"),
        ("LAGGARD_METRICS__PARTITIONS_OF", ".*"),
        ("LAGGARD_METRICS__CLUSTER_LABEL", "env"),
    ]);
    let prometheus = Prometheus::evaluating(served.address(), Some(&rules));
    panels_have_data(&prometheus, dashboards_in(&directory));
    let alerts = "count(ALERTS{alertname=\"LaggardLate\", env=\"demo\"}) > 0";
    // Prometheus evaluates a group at each interval of its own, half a minute here, from an offset that hangs on its path.
    eventually(5 * SOON, || match prometheus.query(alerts).len() {
        0 => Err("no alert with the label's new name".to_owned()),
        _ => Ok(()),
    });
}

fn script(name: &str) -> Command {
    let mut command = guarded("node");
    command.arg(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/grafana")
            .join(name),
    );
    command
}

/// The pictures of `docs/grafana` are drawn by this command.
fn every_panel_can_be_drawn(prometheus: &Prometheus) {
    let into = run_dir().join(unique("drawn"));
    // A rate has no value before a few scrapes.
    eventually(4 * SOON, || {
        let drawn = script("draw.mjs")
            .arg(format!("http://{}", prometheus.address()))
            .arg(&into)
            .args(dashboards())
            .output()
            .unwrap();
        if drawn.status.success() {
            Ok(())
        } else {
            Err(format!("{drawn:?}"))
        }
    });
    for name in ["overview", "group", "topic", "itself"] {
        let picture = fs::read_to_string(into.join(name).with_extension("svg")).unwrap();
        assert!(picture.matches("class=\"panel\"").count() >= 7, "{name}");
    }
}

#[test]
fn dashboards_keep_grafanas_schema_and_its_linters_rules() {
    require!(grafana_schema);
    let check = |files: &[PathBuf]| {
        let mut check = script("check.mjs");
        check.arg(needs::npm()).args(files).output().unwrap()
    };
    let checked = check(&dashboards());
    assert!(checked.status.success(), "{checked:?}");
    // It can fail: a panel with a hard-wired job, no unit, and an option that no panel has.
    let text = fs::read_to_string(&dashboards()[0]).unwrap();
    let mut spoilt: Value = serde_json::from_str(&text).unwrap();
    let panel = &mut spoilt["panels"][0];
    panel["targets"][0]["expr"] = "up{job=\"laggard\"}".into();
    panel["fieldConfig"]["defaults"]["unit"] = "".into();
    panel["options"]["colourful"] = true.into();
    let file = run_dir().join(unique("spoilt")).with_extension("json");
    fs::write(&file, spoilt.to_string()).unwrap();
    let said = String::from_utf8(check(&[file]).stdout).unwrap();
    for rule in ["target-job-rule", "panel-units-rule", "colourful"] {
        assert!(said.contains(rule), "{rule}: {said}");
    }
}

#[test]
fn a_deleted_topic_leaves_no_series_behind() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("goes"), unique("goes"));
    let stays = unique("stays");
    for topic in [&topic, &stays] {
        cluster.create_topic(topic, 2);
        cluster.produce(topic, 0, 8);
    }
    cluster.commit(&group, &[(&topic, 0, 5), (&stays, 0, 5)]);
    let served = Served::with(&[
        (
            "LAGGARD_CLUSTERS__IT__BOOTSTRAP_SERVERS",
            &cluster.bootstrap(),
        ),
        ("LAGGARD_CLUSTERS__IT__POLL_INTERVAL", "1s"),
        ("LAGGARD_METRICS__PARTITIONS_OF", ".*"),
        (
            "LAGGARD_METRICS__PROFILE",
            "kafka_exporter,kafka_lag_exporter,kminion,burrow",
        ),
    ]);
    let lines = |topic: &str| {
        let text = served.get("/metrics").unwrap();
        text.lines().filter(|l| l.contains(topic)).count()
    };
    eventually(SOON, || match (lines(&topic), lines(&stays)) {
        (gone, there) if gone > 20 && gone == there => Ok(()),
        seen => Err(format!("{seen:?} lines")),
    });
    cluster.delete_topic(&topic);
    eventually(RARELY, || {
        let document = served.snapshot();
        let parts = [
            &document["clusters"][0]["topics"],
            &group_of(&document, &group)?["partitions"],
        ];
        let named = parts.into_iter().flat_map(|p| p.as_array().unwrap());
        let left: Vec<_> = named.filter(|p| p["topic"] == topic.as_str()).collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("{left:#?}"))
        }
    });
    assert_eq!(
        lines(&topic),
        0,
        "at the first scrape after the cut that saw it go"
    );
    assert!(lines(&stays) > 20, "the group's other topic is read on");
}

/// Slow ones hold what they were given; nobody waits for them.
#[test]
fn slow_scrapers_do_not_delay_the_poller() {
    let served = Served::demo_with(&[
        ("LAGGARD_METRICS__PARTITIONS_OF", ".*"),
        (
            "LAGGARD_METRICS__PROFILE",
            "kafka_exporter,kafka_lag_exporter,kminion,burrow",
        ),
    ]);
    let scrape = || {
        let mut socket = TcpStream::connect(served.address()).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
        // Many in one connection: the answers to them do not fit into the kernel's buffers, and who is turned away asks again.
        socket.write_all(request.repeat(1_000).as_bytes()).unwrap();
        socket
    };
    let held: Vec<_> = (0..4).map(|_| scrape()).collect();
    eventually(SOON, || match served.get("/metrics") {
        Err(error) if error.contains("503") => Ok(()),
        other => Err(format!("not turned away: {:?}", other.map(|t| t.len()))),
    });
    // One is let go, so that there is room to look.
    drop(held.into_iter().next_back());
    let number = |name: &str| -> Result<f64, String> {
        let text = served.get("/metrics")?;
        let line = text.lines().find(|l| l.starts_with(name));
        let value = line.and_then(|l| l.rsplit(' ').next()?.parse().ok());
        value.ok_or_else(|| format!("no {name}"))
    };
    let success = || number("laggard_cluster_last_success_timestamp_seconds");
    let first = eventually(SOON, success);
    let mut cycles = BTreeSet::from([first.to_bits()]);
    eventually(SOON, || {
        cycles.insert(success()?.to_bits());
        if cycles.len() > 5 {
            Ok(())
        } else {
            Err(format!("{} cycles", cycles.len()))
        }
    });
    let age = eventually(SOON, || number("laggard_cluster_last_success_age_seconds"));
    assert!(
        age < 5.0,
        "the last cycle was {age} s ago, at an interval of 1 s"
    );
}

#[test]
fn a_deleted_group_leaves_no_series_behind() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("leaves"), unique("leaves"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 8);
    cluster.commit(&group, &[(&topic, 0, 5)]);
    let served = Served::start(cluster);
    let label = format!("group=\"{group}\"");
    let has = |served: &Served| served.get("/metrics").unwrap().contains(&label);
    eventually(SOON, || {
        if has(&served) {
            Ok(())
        } else {
            Err("not there yet".to_owned())
        }
    });
    cluster.delete_group(&group);
    eventually(SOON, || {
        let groups = served.snapshot();
        if lags(&groups).contains_key(&group) {
            return Err("still in the snapshot".to_owned());
        }
        Ok(())
    });
    assert!(
        !has(&served),
        "at the first scrape after the cut that saw it go"
    );
}

const HOSTILE: &str = "a:1|g\nlaggard_up:0|g|#x,y=z;w@é%20";

/// About so many gauges.
fn big(gauges: usize) -> Snapshot {
    let groups = gauges / 20;
    World::new()
        .cluster("prod", |c| {
            c.topic("orders.v1", &[(0, 100)]);
            c.group(HOSTILE, |g| g.commits("orders.v1", &[Some(90)]));
            for i in 0..groups {
                c.group(&format!("g{i:06}"), |g| {
                    g.commits("orders.v1", &[Some(40)]);
                    g.rates(1.5, 2.0);
                });
            }
        })
        .build()
}

fn statsd(address: &str, dialect: Dialect) -> Statsd {
    Statsd {
        address: address.parse().unwrap(),
        dialect,
        template: Template::default(),
        prefix: String::new(),
        packet_bytes: None,
        interval: Duration::from_secs(50),
        options: Options::default(),
    }
}

/// Etsy's statsd with its own console.
fn etsy() -> (Running, String, String) {
    let port = |address: &str| address.rsplit_once(':').unwrap().1.to_owned();
    let (udp, console) = (free_address(), free_address());
    let file = run_dir().join(unique("statsd")).with_extension("js");
    let config = format!(
        "{{ address: '127.0.0.1', port: {}, mgmt_address: '127.0.0.1', mgmt_port: {}, backends: [], flushInterval: 600000, dumpMessages: false }}",
        port(&udp),
        port(&console)
    );
    fs::write(&file, config).unwrap();
    let mut command = guarded("node");
    command
        .arg(needs::statsd())
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let running = Running::start(command).unwrap();
    eventually(SOON, || {
        TcpStream::connect(&console)
            .map(drop)
            .map_err(|e| e.to_string())
    });
    (running, udp, console)
}

/// Its gauges by name.
fn gauges(console: &str) -> BTreeMap<String, f64> {
    let mut socket = TcpStream::connect(console).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    socket.write_all(b"gauges\n").unwrap();
    let (mut text, mut piece) = (Vec::new(), vec![0; 1 << 20]);
    while !text.ends_with(b"END\n\n") {
        let size = socket.read(&mut piece).unwrap();
        assert!(size > 0, "the console hung up");
        text.extend_from_slice(&piece[..size]);
    }
    let text = String::from_utf8(text).unwrap();
    let entry = |line: &str| {
        let (name, value) = line
            .trim()
            .trim_matches(['{', '}', ',', ' '])
            .rsplit_once(": ")?;
        Some((name.trim_matches('\'').to_owned(), value.parse().ok()?))
    };
    text.lines()
        .filter_map(entry)
        .filter(|(n, _)| n.starts_with("laggard_"))
        .collect()
}

/// How many gauges; the full run, on a machine with nothing else to do, is 520,000.
fn how_many() -> usize {
    std::env::var("LAGGARD_GAUGES").map_or(20_000, |count| count.parse().unwrap())
}

#[test]
fn etsys_statsd_has_all_gauges() {
    require!(statsd);
    let (_running, udp, console) = etsy();
    let sent = statsd(&udp, Dialect::Plain).send(&big(how_many()), None);
    assert_eq!(sent.dropped, 0, "{sent:?}");
    assert!(sent.lines >= how_many() as u64, "{sent:?}");
    let received = eventually(SOON, || {
        let received = gauges(&console);
        if received.len() as u64 == sent.lines {
            return Ok(received);
        }
        Err(format!("{} of {}", received.len(), sent.lines))
    });
    for (name, value) in [
        ("laggard_up", 1.0),
        ("laggard_group_lag.prod.g000007", 60.0),
        ("laggard_group_topic_lag.prod.g000007.orders_2Ev1", 60.0),
        ("laggard_group_arrival_records_per_second.prod.g000007", 1.5),
        (
            "laggard_group_lag.prod.a_3A1_7Cg_0Alaggard_up_3A0_7Cg_7C_23x_2Cy_3Dz_3Bw_40_C3_A9_2520",
            10.0,
        ),
    ] {
        let found = received.get(name).copied();
        assert!(
            found.is_some_and(|f| (f - value).abs() < 1e-9),
            "{name}: {found:?}"
        );
    }
}

#[test]
fn etsys_statsd_keeps_graphites_tags_apart() {
    require!(statsd);
    let (_running, udp, console) = etsy();
    let names = [
        "a:1", "a%3A1", "a3A1", "a_3A1", "é", "", HOSTILE, "x/y", "x-y",
    ];
    let snapshot = World::new()
        .cluster("prod", |c| {
            c.topic("orders.v1", &[(0, 100)]);
            for (name, commit) in names.iter().zip(1..) {
                c.group(name, |g| g.commits("orders.v1", &[Some(commit)]));
            }
        })
        .build();
    let sent = statsd(&udp, Dialect::Graphite).send(&snapshot, None);
    let received = eventually(SOON, || {
        let received = gauges(&console);
        if received.len() as u64 == sent.lines {
            return Ok(received);
        }
        Err(format!(
            "{} of {}: {received:?}",
            received.len(),
            sent.lines
        ))
    });
    let lags = received
        .iter()
        .filter(|(name, _)| name.starts_with("laggard_group_topic_lag;"));
    let lags: BTreeSet<_> = lags.map(|(_, lag)| *lag as u64).collect();
    assert_eq!(
        lags,
        (91..=99).collect(),
        "each group has a gauge of its own: {received:?}"
    );
    let plain = "laggard_group_lag;kafka_cluster=prod;group=a_3A1";
    assert!(received.contains_key(plain), "{received:?}");
}

#[test]
fn statsd_exporter_reads_every_dialect_of_tags() {
    require!(statsd_exporter);
    for dialect in [Dialect::Dogstatsd, Dialect::Influx] {
        let (web, socket) = (
            free_address(),
            run_dir().join(unique("x")).with_extension("sock"),
        );
        let mut command = guarded(needs::statsd_exporter());
        command
            .arg(format!("--web.listen-address={web}"))
            .arg(format!("--statsd.listen-udp={}", free_address()))
            .arg("--statsd.listen-tcp=")
            .arg(format!("--statsd.listen-unixgram={}", socket.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let _running = Running::start(command).unwrap();
        let metrics = || {
            let mut answer = ureq::get(format!("http://{web}/metrics"))
                .call()
                .map_err(|e| e.to_string())?;
            answer
                .body_mut()
                .with_config()
                .limit(1 << 30)
                .read_to_string()
                .map_err(|e| e.to_string())
        };
        eventually(SOON, || {
            if socket.exists() {
                metrics().map(drop)
            } else {
                Err("no socket".to_owned())
            }
        });
        let sent =
            statsd(&format!("unix:{}", socket.display()), dialect).send(&big(how_many()), None);
        assert_eq!(sent.dropped, 0, "{dialect:?}: {sent:?}");
        let text = eventually(SOON, || {
            let text = metrics()?;
            let count = text.lines().filter(|l| l.starts_with("laggard_")).count() as u64;
            if count == sent.lines {
                Ok(text)
            } else {
                Err(format!("{dialect:?}: {count} of {}", sent.lines))
            }
        });
        let tag = "a%3A1%7Cg%0Alaggard_up%3A0%7Cg%7C%23x%2Cy%3Dz%3Bw%40é%2520";
        let line = format!("laggard_group_lag{{group=\"{tag}\",kafka_cluster=\"prod\"}} 10\n");
        assert!(text.contains(&line), "{dialect:?}: no {line}");
    }
}
