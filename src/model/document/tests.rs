//! What the document promises: it survives its text, has the keys that are written down, and is
//! nothing but what its schema says.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;

use super::super::testing::{World, ago, behind};
use super::super::{
    Cause, EventKind, Evidence, Loss, Reading, Retention, RowDetail, Snapshot, Span, Status, Storm,
    Why,
};
use super::{DocumentError, from_json, to_json};

fn text(snapshot: &Snapshot) -> Vec<u8> {
    let mut json = Vec::new();
    to_json(snapshot, &mut json).unwrap();
    json
}

fn value(snapshot: &Snapshot) -> Value {
    serde_json::from_slice(&text(snapshot)).unwrap()
}

fn world() -> Snapshot {
    World::new()
        .cluster("prod", |c| {
            c.topic("orders", &[(40, 100), (0, 50)]);
            c.group("pay\nments", |g| {
                g.member("app", "/10.0.0.1", &[("orders", &[0])]);
                g.commits("orders", &[Some(90), None]);
                g.verdict(Status::Stalled);
                g.because(Status::Stalled, Evidence::NotKnown { why: Why::LEARNING });
                g.trend(&[Some(1), None]);
                g.event(5, EventKind::Lost, "10 records");
                g.diagnosis(Cause::GroupStuck {
                    partitions: 2,
                    since: ago(720),
                    effective_lag: 60,
                });
                g.group.details.push(RowDetail {
                    topic: 0,
                    partition: 0,
                    loss_at: Reading::Known(Loss::At {
                        at: ago(-300),
                        earliest: ago(-200),
                        latest: None,
                        by: Retention::Time,
                    }),
                    event_time_speed: Reading::Known(0.0),
                });
                g.group.storm = Some(Box::new(Storm {
                    since: ago(500),
                    rebalances: 5,
                    window: Span::from_secs(600),
                    rejoining: 2,
                    consume_rate: 10.0,
                    arrival_rate: 100.0,
                }));
            });
        })
        .build()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn any_snapshot_survives_its_text(snapshot in super::arbitrary::snapshot()) {
        let json = text(&snapshot);
        prop_assert_eq!(from_json(&json).unwrap(), snapshot);
    }

    #[test]
    fn no_text_makes_it_panic(mut json in Just(text(&world())), at: usize, byte: u8) {
        let at = at % json.len();
        json[at] = byte;
        let _: Result<Snapshot, DocumentError> = from_json(&json);
    }
}

#[test]
fn the_keys_are_those_that_are_written_down() {
    let json = value(&world());
    let keys = |v: &Value| {
        v.as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    let has = |v: &Value, names: &str| {
        let missing: Vec<_> = names.split(' ').filter(|n| !keys(v).contains(*n)).collect();
        assert!(missing.is_empty(), "{missing:?} missing in {:?}", keys(v));
    };
    has(
        &json,
        "generation at clusters advice alerts rules receivers",
    );
    has(&json["generation"], "boot n");
    let cluster = &json["clusters"][0];
    has(cluster, "cluster health groups topics issues");
    let group = &cluster["groups"][0];
    has(
        group,
        "group group_type state protocol_type assignor coordinator status lag",
    );
    has(
        group,
        "effective_lag time_lag eta members partitions events trend",
    );
    has(group, "loss_at lost_lately diagnosis storm");
    has(&group["diagnosis"], "is cause since confidence sentence");
    has(&group["storm"], "since rebalances rejoining sentence");
    has(
        &group["members"][0],
        "member_id client_id host assignment consume_rate capacity",
    );
    has(&group["status"], "value since evidence sentence");
    let partition = &group["partitions"][0];
    has(
        partition,
        "topic partition committed_offset log_start_offset log_end_offset",
    );
    has(
        partition,
        "last_stable_offset lag effective_lag time_lag status member_id loss_at event_time_speed",
    );
}

#[test]
fn readings_stand_as_people_expect_them() {
    let json = value(&world());
    let group = &json["clusters"][0]["groups"][0];
    let rows = &group["partitions"];
    assert_eq!(rows[0]["lag"].to_string(), r#"{"value":10}"#);
    assert_eq!(
        rows[1]["lag"].to_string(),
        r#"{"high":50,"low":0,"value":null,"why":"never_committed"}"#
    );
    assert_eq!(rows[0]["member_id"], "app-1");
    assert_eq!(rows[1]["member_id"], Value::Null);
    assert_eq!(group["lag"]["high"], Value::Null);
    assert_eq!(group["lag"]["why"], "1 of 2 partitions unknown");
    let age = &rows[0]["time_lag"];
    assert_eq!(
        (&age["value"], &age["low"], &age["high"]),
        (&30.0.into(), &25.0.into(), &35.0.into())
    );
    assert_eq!(age["method"], "bracket");
    assert_eq!(
        age["oldest_unread_between"].to_string(),
        r#"["2026-11-20T17:59:25.000Z","2026-11-20T17:59:35.000Z"]"#
    );
    let sentence = group["status"]["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("not known: how long this group usually pauses"),
        "{sentence}"
    );
}

#[test]
fn the_age_of_a_stale_time_lag_is_frozen() {
    let mut snapshot = world();
    let cluster = Arc::get_mut(&mut snapshot.clusters[0]).unwrap();
    let group = Arc::get_mut(&mut cluster.groups[0]).unwrap();
    group.time_lag = Reading::stale(behind(30, 5), ago(20), Why::text("broker 2 is down"));
    let json = value(&snapshot);
    let lag = &json["clusters"][0]["groups"][0]["time_lag"];
    assert_eq!(
        (&lag["value"], &lag["why"]),
        (&10.0.into(), &"broker 2 is down".into())
    );
    assert_eq!(from_json(&text(&snapshot)).unwrap(), snapshot);
}

#[test]
fn groups_share_their_topics_again_after_reading() {
    let snapshot = from_json(&text(&world())).unwrap();
    let cluster = &snapshot.clusters[0];
    let group = &cluster.groups[0];
    assert!(Arc::ptr_eq(&group.topics[0], &cluster.topics[0]));
}

#[test]
fn what_is_derived_or_new_is_not_read() {
    let mut json = value(&world());
    json["clusters"][0]["groups"][0]["partitions"][0]["lag"] = "nonsense".into();
    json["clusters"][0]["groups"][0]["from_the_future"] = 1.into();
    assert_eq!(from_json(json.to_string().as_bytes()).unwrap(), world());
}

#[test]
fn what_points_nowhere_is_an_error_that_names_it() {
    let mut json = value(&world());
    json["clusters"][0]["topics"] = Value::Array(vec![]);
    let error = from_json(json.to_string().as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"not a snapshot: group "pay\nments" reads topic "orders", which its cluster does not list"#
    );
    assert!(
        from_json(b"{")
            .unwrap_err()
            .to_string()
            .starts_with("not a snapshot: EOF")
    );
}

/// Every key that is ever written is in the schema, with its description.
#[test]
fn the_schema_knows_every_key() {
    let schema = serde_json::to_value(super::schema()).unwrap();
    let mut described = BTreeSet::new();
    collect_properties(&schema, &mut described);
    let mut written = BTreeSet::new();
    collect_keys(&value(&world()), &mut written);
    let unknown: Vec<_> = written.difference(&described).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

fn collect_properties(schema: &Value, into: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get("properties") {
                into.extend(properties.keys().cloned());
            }
            map.values().for_each(|v| collect_properties(v, into));
        }
        Value::Array(items) => items.iter().for_each(|v| collect_properties(v, into)),
        _ => {}
    }
}

fn collect_keys(json: &Value, into: &mut BTreeSet<String>) {
    match json {
        Value::Object(map) => {
            into.extend(map.keys().cloned());
            map.values().for_each(|v| collect_keys(v, into));
        }
        Value::Array(items) => items.iter().for_each(|v| collect_keys(v, into)),
        _ => {}
    }
}
