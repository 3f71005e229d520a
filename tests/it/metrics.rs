//! What real components make of the exports: Debian's Prometheus and promtool, Etsy's statsd, statsd_exporter, and Grafana's questions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use laggard::catalog::Options;
use laggard::export::statsd::{Dialect, Statsd, Template};
use laggard::model::Snapshot;
use laggard::model::testing::World;
use serde_json::Value;

use crate::support::kafka::shared;
use crate::support::laggard::Served;
use crate::support::process::{Running, guarded, run_dir};
use crate::support::prometheus::{Prometheus, check_metrics, free_address};
use crate::support::{eventually, needs, unique};

const SOON: Duration = Duration::from_secs(30);

/// The demo with all that a dashboard may ask for: limits, partitions, other tools' names.
fn demo() -> Served {
    Served::demo_with(&[
        ("LAGGARD_GROUP__0__GROUPS", ".*"),
        ("LAGGARD_GROUP__0__MAX_TIME_LAG", "1m"),
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
    let served = demo();
    let prometheus = Prometheus::scraping(served.address());
    assert_eq!(prometheus.scrape_error(), "");
    values_are_those_of_the_snapshot(&served, &prometheus);
    other_tools_dashboards_are_answered(&prometheus);
    every_panel_has_data(&prometheus);
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
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards");
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            let text = fs::read_to_string(&path).unwrap();
            all.extend(expressions(&serde_json::from_str(&text).unwrap()));
        }
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
        let sent = statsd(&format!("unix:{}", socket.display()), dialect).send(&big(20_000), None);
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
