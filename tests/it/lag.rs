//! `laggard lag` on real Kafka, held against Kafka's own `ConsumerGroupCommand` and, where that has no answer, against what was done.

use std::time::Duration;

use laggard::source::kafka::Filter;
use serde_json::{Value, json};

use crate::support::inside::Inside;
use crate::support::kafka::KafkaCluster;
use crate::support::kafka::clients::Transactions;
use crate::support::kafka::members::{Member, MemberOptions};
use crate::support::kafka::shared;
use crate::support::kafka::tools::{GroupRow, ShareMember};
use crate::support::laggard::{as_group_rows, group, lag, partition};
use crate::support::{eventually, unique};

/// One partition of one group that has committed `committed` of `end` records.
fn one_partition(
    cluster: &KafkaCluster,
    prefix: &str,
    end: usize,
    committed: i64,
) -> (String, String) {
    let (topic, group) = (unique(prefix), unique(prefix));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, end);
    cluster.commit(&group, &[(&topic, 0, committed)]);
    (topic, group)
}

fn values<const N: usize>(row: &Value, fields: [&str; N]) -> [Value; N] {
    fields.map(|field| row[field]["value"].clone())
}

#[test]
fn it_equals_kafkas_own_tool_row_for_row() {
    require!(kafka);
    let (cluster, run) = (shared(), unique("rows"));
    let name = |suffix: &str| format!("{run}-{suffix}");
    let (topic, transactional) = (name("topic"), name("transactional"));
    cluster.create_topic(&topic, 4);
    cluster.create_topic(&transactional, 1);
    (0..3).for_each(|partition| cluster.produce(&topic, partition, 40));

    // A member on each of two clients; KIP-848; static; without members; on a topic with an open transaction.
    let classic = |client: &str| MemberOptions::classic().with("client.id", client);
    let first = Member::join(cluster, &name("classic"), &[&topic], &classic("client-a"));
    let second = Member::join(cluster, &name("classic"), &[&topic], &classic("client-b"));
    let consumer = Member::join(
        cluster,
        &name("consumer"),
        &[&topic],
        &MemberOptions::consumer(),
    );
    let fixed = Member::join(
        cluster,
        &name("static"),
        &[&topic],
        &MemberOptions::classic().with("group.instance.id", "seat-1"),
    );
    cluster.commit(&name("empty"), &[(&topic, 0, 7), (&topic, 2, 40)]);
    let producer = Transactions::new(cluster, &transactional, 60_000);
    producer.begin();
    producer.produce(&transactional, 0, 5);
    producer.commit();
    producer.begin();
    producer.produce(&transactional, 0, 3);
    cluster.commit(&name("transactional"), &[(&transactional, 0, 5)]);
    first.wait_assigned(2);
    second.wait_assigned(2);
    consumer.wait_records(120);
    fixed.wait_records(120);
    // From here on nothing is read, so that both tools see the same, lag included.
    for member in [&first, &second, &consumer, &fixed] {
        member.pause(true);
    }
    (0..3).for_each(|partition| cluster.produce(&topic, partition, 11));

    let ours = |row: &GroupRow| row.group.starts_with(&run);
    eventually(Duration::from_secs(30), || {
        let before: Vec<_> = cluster
            .describe_all_groups()
            .into_iter()
            .filter(ours)
            .collect();
        let seen: Vec<_> = as_group_rows(&lag(cluster, &[]))
            .into_iter()
            .filter(ours)
            .collect();
        let after: Vec<_> = cluster
            .describe_all_groups()
            .into_iter()
            .filter(ours)
            .collect();
        if before != after {
            return Err("the groups had not come to rest".to_owned());
        }
        assert_eq!(seen, after);
        assert_eq!(seen.len(), 4 + 4 + 4 + 2 + 1);
        Ok(())
    });
}

#[test]
fn an_open_transaction_is_seen_in_the_last_stable_offset() {
    require!(kafka);
    let cluster = shared();
    let (topic, group) = one_partition(cluster, "lso", 4, 1);
    let producer = Transactions::new(cluster, &topic, 60_000);
    producer.begin();
    producer.produce(&topic, 0, 6);
    let document = lag(cluster, &[&group]);
    let row = partition(&document, &group, &topic, 0).unwrap();
    let fields = [
        "committed_offset",
        "last_stable_offset",
        "log_end_offset",
        "lag",
        "last_stable_lag",
    ];
    // Of the nine that lie behind the commit, a read_committed consumer gets three before the transaction ends.
    let open = [1, 4, 10, 9, 3].map(|number| json!(number));
    assert_eq!(values(row, fields), open);
    producer.commit();
    // The marker has an offset of its own.
    let ended = [1, 11, 11, 10, 10].map(|number| json!(number));
    eventually(Duration::from_secs(20), || {
        let document = lag(cluster, &[&group]);
        let seen = values(partition(&document, &group, &topic, 0)?, fields);
        if seen == ended {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
}

/// A read shows that nothing is left to be read behind the commit. Without the right to read the lag stands as Kafka's tools show it.
#[test]
fn a_commit_marker_is_no_record_to_read() {
    require!(kafka);
    let (cluster, topic) = (shared(), unique("marker"));
    let (done, behind) = (unique("marker-done"), unique("marker-behind"));
    cluster.create_topic(&topic, 1);
    let producer = Transactions::new(cluster, &topic, 60_000);
    producer.begin();
    producer.produce(&topic, 0, 3);
    producer.commit();
    cluster.commit(&done, &[(&topic, 0, 3)]);
    cluster.commit(&behind, &[(&topic, 0, 1)]);
    let fields = ["log_end_offset", "lag", "effective_lag"];
    let blind = Inside::start(cluster);
    let reading = Inside::start_with(cluster, Some(Filter::default()));
    eventually(Duration::from_secs(20), || {
        let document = reading.snapshot();
        let seen = [&done, &behind]
            .map(|group| values(partition(&document, group, &topic, 0).unwrap(), fields));
        let expected = [[4, 1, 0], [4, 3, 3]].map(|numbers| numbers.map(|number| json!(number)));
        if seen == expected {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    });
    let document = blind.snapshot();
    let row = partition(&document, &done, &topic, 0).unwrap();
    assert_eq!(values(row, fields), [json!(4), json!(1), json!(1)]);
}

#[test]
fn never_committed_is_unknown_and_not_0() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("never"), unique("never"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 5);
    let member = Member::join(
        cluster,
        &group,
        &[&topic],
        &MemberOptions::classic().with("auto.offset.reset", "latest"),
    );
    member.wait_assigned(1);
    let document = lag(cluster, &[&group]);
    let row = partition(&document, &group, &topic, 0).unwrap();
    assert_eq!(
        values(row, ["committed_offset", "lag", "log_end_offset"]),
        [Value::Null, Value::Null, json!(5)]
    );
    assert_eq!(row["lag"]["why"], "never_committed");
    assert_eq!(
        (&row["lag"]["low"], &row["lag"]["high"]),
        (&json!(0), &json!(5))
    );
}

#[test]
fn records_deleted_unread_are_a_loss() {
    require!(kafka);
    let cluster = shared();
    let (topic, group) = one_partition(cluster, "loss", 10, 2);
    cluster.delete_records(&topic, 0, 6);
    let document = lag(cluster, &[&group]);
    let row = partition(&document, &group, &topic, 0).unwrap();
    let fields = [
        "committed_offset",
        "log_start_offset",
        "log_end_offset",
        "lag",
        "effective_lag",
    ];
    assert_eq!(
        values(row, fields),
        [json!(2), json!(6), json!(10), json!(8), json!(4)]
    );
    assert_eq!(row["status"]["value"], "data_loss");
}

#[test]
fn a_commit_beyond_the_end_has_no_lag() {
    require!(kafka);
    let cluster = shared();
    let (topic, group) = one_partition(cluster, "beyond", 3, 9);
    let document = lag(cluster, &[&group]);
    let row = partition(&document, &group, &topic, 0).unwrap();
    assert_eq!(
        values(row, ["committed_offset", "log_end_offset", "lag"]),
        [json!(9), json!(3), Value::Null]
    );
    assert_eq!(row["lag"]["why"], "commit_beyond_end");
}

#[test]
fn a_share_group_is_what_it_is_and_its_lag_unknown() {
    require!(kafka);
    let (cluster, topic, name) = (shared(), unique("share"), unique("share"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 3);
    let _member = ShareMember::join(cluster, &name, &topic);
    // At the first look: a one-shot has no second one.
    let document = lag(cluster, &[]);
    let seen = group(&document, &name).unwrap();
    assert_eq!(seen["group_type"], "share", "{seen:#}");
    for field in ["lag", "effective_lag"] {
        assert_eq!(seen[field]["value"], Value::Null, "{seen:#}");
        assert!(seen[field]["why"].is_string(), "{seen:#}");
    }
    assert_ne!(seen["state"]["value"], "Dead", "{seen:#}");
    // And it stays that.
    let watched = Inside::start(cluster);
    for _ in 0..3 {
        let document = watched.snapshot();
        let seen = group(&document, &name).unwrap();
        assert_eq!(seen["group_type"], "share", "{seen:#}");
        assert_eq!(seen["lag"]["value"], Value::Null, "{seen:#}");
        std::thread::sleep(Duration::from_millis(1200));
    }
}
