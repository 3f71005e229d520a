//! A recording that stands still, served and scraped: nothing moves between a scrape and the document, so each number must be the
//! document's own, under Laggard's names and under those of the tools that it stands in for.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::support::laggard::{Served, laggard};
use crate::support::process::run_dir;
use crate::support::prometheus::Prometheus;
use crate::support::{eventually, needs, unique};

const PROFILES: &str = "kafka_exporter,kafka_lag_exporter,kminion,burrow";

/// Labels' values → number.
type Values = BTreeMap<Vec<String>, f64>;

#[test]
fn prometheus_has_a_paused_replays_values_under_every_name() {
    require!(prometheus);
    let served = paused();
    let prometheus = Prometheus::scraping(served.address());
    assert_values(&served, &prometheus);
}

#[test]
fn the_newest_prometheus_has_a_paused_replays_values_under_every_name() {
    require!(newest_prometheus);
    let served = paused();
    let prometheus = Prometheus::of(&needs::newest_prometheus(), served.address());
    assert_values(&served, &prometheus);
}

/// The demo for a while: its file.
fn recording() -> String {
    let file = run_dir().join(unique("paused")).with_extension("jsonl.zst");
    let file = file.to_str().unwrap();
    // The hours before are folded within that time.
    let recorded = laggard([
        "record",
        "--demo",
        "--poll-interval",
        "1s",
        "--for",
        "25s",
        "-o",
        file,
    ]);
    assert_eq!(recorded.code, Some(0), "{recorded:#?}");
    file.to_owned()
}

/// Standing at the recording's end: a hundredth of a second passes in each.
fn paused() -> Served {
    static FILE: OnceLock<String> = OnceLock::new();
    let file = FILE.get_or_init(recording);
    let end = laggard(["lag", "--replay", file, "--output", "json"]).json();
    Served::paused(
        file,
        end["at"].as_str().unwrap(),
        &[
            ("LAGGARD_METRICS__PARTITIONS_OF", ".*"),
            ("LAGGARD_METRICS__PROFILE", PROFILES),
        ],
    )
}

fn assert_values(served: &Served, prometheus: &Prometheus) {
    let document = served.snapshot();
    let generation = document["generation"]["n"].as_f64().unwrap();
    eventually(Duration::from_secs(30), || {
        match prometheus.query("laggard_snapshot_generation").as_slice() {
            [(_, n)] if n.to_bits() == generation.to_bits() => Ok(()),
            other => Err(format!("{generation}, not {other:?}")),
        }
    });
    let questions = questions(&document);
    assert!(questions.len() > 25);
    for (expression, labels, expected) in questions {
        assert!(
            !expected.is_empty(),
            "{expression}: there is nothing to compare"
        );
        let found = prometheus
            .query(expression)
            .into_iter()
            .map(|(metric, value)| {
                let text = |l: &&str| metric[*l].as_str().unwrap_or_default().to_owned();
                (labels.iter().map(text).collect(), value)
            });
        assert_eq!(found.collect::<Values>(), expected, "{expression}");
    }
    assert_eq!(
        served.snapshot()["generation"],
        document["generation"],
        "it stood still"
    );
    assert_eq!(prometheus.scrape_error(), "");
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The named texts of a part of the document.
fn names(parts: &[(&Value, &str)]) -> Vec<String> {
    let text = |(part, name): &(&Value, &str)| match &part[*name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    parts.iter().map(text).collect()
}

fn add(values: &mut Values, key: Vec<String>, value: Option<f64>) {
    if let Some(value) = value {
        *values.entry(key).or_default() += value;
    }
}

/// Something of each group.
fn groups(document: &Value, of: impl Fn(&Value) -> Option<f64>) -> Values {
    let mut values = Values::new();
    for group in list(&document["clusters"][0]["groups"]) {
        add(&mut values, names(&[(group, "group")]), of(group));
    }
    values
}

/// Something of each partition of each group, summed by these of its names.
fn rows(document: &Value, by: &[&str], of: impl Fn(&Value) -> Option<f64>) -> Values {
    let mut values = Values::new();
    for group in list(&document["clusters"][0]["groups"]) {
        for row in list(&group["partitions"]) {
            let part = |name: &&str| if *name == "group" { group } else { row };
            let key = by.iter().map(|name| (part(name), *name));
            add(&mut values, names(&key.collect::<Vec<_>>()), of(row));
        }
    }
    values
}

/// Something of each partition of each topic, summed by these of its names.
fn logs(document: &Value, by: &[&str], of: impl Fn(&Value) -> Option<f64>) -> Values {
    let mut values = Values::new();
    for topic in list(&document["clusters"][0]["topics"]) {
        for log in list(&topic["partitions"]) {
            let part = |name: &&str| if *name == "topic" { topic } else { log };
            let key = by.iter().map(|name| (part(name), *name));
            add(&mut values, names(&key.collect::<Vec<_>>()), of(log));
        }
    }
    values
}

fn value(of: &str) -> impl Fn(&Value) -> Option<f64> {
    move |part| part[of]["value"].as_f64()
}

/// The same, but only of partitions that the group is subscribed to.
fn read(of: &str) -> impl Fn(&Value) -> Option<f64> {
    move |row| {
        row[of]["value"]
            .as_f64()
            .filter(|_| row["status"].is_object())
    }
}

/// An expression, the labels that its samples are told apart by, and what it must answer.
type Question = (&'static str, &'static [&'static str], Values);

fn questions(document: &Value) -> Vec<Question> {
    let mut all = of_laggard(document);
    all.extend(of_kafka_exporter(document));
    all.extend(of_the_others(document));
    all
}

fn of_laggard(document: &Value) -> Vec<Question> {
    let group: &[&str] = &["group"];
    let of_row: &[&str] = &["group", "topic", "partition"];
    vec![
        ("laggard_group_lag", group, groups(document, value("lag"))),
        (
            "laggard_group_effective_lag",
            group,
            groups(document, value("effective_lag")),
        ),
        (
            "laggard_group_time_lag_seconds",
            group,
            groups(document, value("time_lag")),
        ),
        (
            "laggard_group_time_lag_high_seconds",
            group,
            groups(document, |g| {
                let exact = g["time_lag"].get("low").is_none();
                g["time_lag"][if exact { "value" } else { "high" }].as_f64()
            }),
        ),
        (
            "laggard_group_lost_records",
            group,
            groups(document, value("lost_lately")),
        ),
        (
            "laggard_group_members",
            group,
            groups(document, |g| {
                g["members"].as_array().map(|m| m.len() as f64)
            }),
        ),
        (
            "laggard_group_arrival_records_per_second",
            group,
            groups(document, value("arrival_rate")),
        ),
        (
            "laggard_group_partition_committed_offset",
            of_row,
            rows(document, of_row, value("committed_offset")),
        ),
        (
            "laggard_group_partition_lag",
            of_row,
            rows(document, of_row, value("lag")),
        ),
        (
            "laggard_group_partition_time_lag_seconds",
            of_row,
            rows(document, of_row, value("time_lag")),
        ),
        (
            "laggard_topic_log_end_offset",
            &["topic"],
            logs(document, &["topic"], value("log_end_offset")),
        ),
    ]
}

/// What its public dashboard (7589) asks as of one instant, of brokers too, and the series beside.
fn of_kafka_exporter(document: &Value) -> Vec<Question> {
    let (topic, of_log): (&[&str], &[&str]) = (&["topic"], &["topic", "partition"]);
    let by_topic: &[&str] = &["consumergroup", "topic"];
    let brokers = list(&document["clusters"][0]["brokers"]).len() as f64;
    let replicas = |what: &'static str| move |log: &Value| log["replicas"][what].as_f64();
    vec![
        ("sum(kafka_brokers)", &[], Values::from([(vec![], brokers)])),
        (
            "sum(kafka_consumergroup_lag{topic=~\".*\"}) by (consumergroup, topic)",
            by_topic,
            rows(document, &["group", "topic"], value("lag")),
        ),
        (
            "kafka_consumergroup_lag_sum",
            by_topic,
            rows(document, &["group", "topic"], read("lag")),
        ),
        (
            "kafka_consumergroup_current_offset_sum",
            by_topic,
            rows(document, &["group", "topic"], read("committed_offset")),
        ),
        (
            "sum by (topic) (kafka_topic_partitions{topic=~\".*\"})",
            topic,
            logs(document, topic, |_| Some(1.0)),
        ),
        (
            "sum(kafka_topic_partition_current_offset{topic=~\".*\"}) by (topic)",
            topic,
            logs(document, topic, value("log_end_offset")),
        ),
        (
            "kafka_topic_partition_oldest_offset",
            of_log,
            logs(document, of_log, value("log_start_offset")),
        ),
        (
            "kafka_topic_partition_leader",
            of_log,
            logs(document, of_log, |log| log["leader"].as_f64()),
        ),
        (
            "kafka_topic_partition_replicas",
            of_log,
            logs(document, of_log, replicas("all")),
        ),
        (
            "kafka_topic_partition_in_sync_replica",
            of_log,
            logs(document, of_log, replicas("in_sync")),
        ),
        (
            "kafka_consumergroup_members",
            &["consumergroup"],
            groups(document, |g| {
                g["members"].as_array().map(|m| m.len() as f64)
            }),
        ),
    ]
}

/// KMinion's, kafka-lag-exporter's and Burrow's.
fn of_the_others(document: &Value) -> Vec<Question> {
    let most = |group: &Value| {
        let lags = list(&group["partitions"]).iter().filter_map(read("lag"));
        lags.reduce(f64::max)
    };
    vec![
        (
            "sum by (group_id) (kminion_kafka_consumer_group_topic_lag)",
            &["group_id"],
            rows(document, &["group"], read("lag")),
        ),
        (
            "sum by (group_id) (kminion_kafka_consumer_group_members)",
            &["group_id"],
            groups(document, |g| {
                g["members"].as_array().map(|m| m.len() as f64)
            }),
        ),
        (
            "kminion_kafka_consumer_group_info",
            &["group_id"],
            groups(document, |g| {
                let state = g["state"]["value"].as_str();
                state.map(|s| f64::from(u8::from(s == "Stable")))
            }),
        ),
        (
            "kminion_kafka_topic_high_water_mark_sum",
            &["topic_name"],
            logs(document, &["topic"], value("log_end_offset")),
        ),
        (
            "kafka_consumergroup_group_max_lag_seconds{cluster_name=~\".*\"}",
            &["group"],
            groups(document, value("time_lag")),
        ),
        (
            "kafka_consumergroup_group_max_lag",
            &["group"],
            groups(document, most),
        ),
        (
            "sum(kafka_consumergroup_group_topic_sum_lag) by (group, topic)",
            &["group", "topic"],
            rows(document, &["group", "topic"], read("lag")),
        ),
        (
            "max by (topic, partition) (kafka_partition_latest_offset)",
            &["topic", "partition"],
            logs(document, &["topic", "partition"], value("log_end_offset")),
        ),
        (
            "burrow_kafka_consumer_lag_total",
            &["consumer_group"],
            groups(document, value("lag")),
        ),
        (
            "burrow_kafka_consumer_partition_lag",
            &["consumer_group", "topic", "partition"],
            rows(document, &["group", "topic", "partition"], value("lag")),
        ),
    ]
}
