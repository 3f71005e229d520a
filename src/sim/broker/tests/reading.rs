//! Records through librdkafka: those of topics and those of `__consumer_offsets`.

use std::collections::BTreeMap;

use bytes::Buf;
use kafka_protocol::messages::FetchRequest;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use rdkafka::message::{BorrowedMessage, Message};

use super::*;
use crate::sim::spec::Filler;

/// Reads a topic from its start until `until` says that it is enough.
fn read(
    cluster: &Cluster,
    topic: &str,
    from: &[(i32, Offset)],
    mut until: impl FnMut(&BorrowedMessage<'_>) -> bool,
) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap())
        .set("group.id", "reader")
        .set("check.crcs", "true")
        .set("enable.auto.commit", "false")
        .create()
        .expect("consumer");
    let mut assigned = TopicPartitionList::new();
    for (partition, offset) in from {
        assigned
            .add_partition_offset(topic, *partition, *offset)
            .expect("offset");
    }
    consumer.assign(&assigned).expect("assigned");
    let started = std::time::Instant::now();
    while started.elapsed() < Duration::from_mins(1) {
        if let Some(message) = consumer.poll(Duration::from_millis(200))
            && until(&message.expect("a record"))
        {
            return;
        }
    }
    panic!("not all of {topic} came");
}

#[test]
fn librdkafka_reads_records_with_their_true_times() {
    let Still { cluster, .. } = still(&scenario::named("hanging-transaction").expect("scenario"));
    let world = cluster.world();
    // Partition 3 hangs: a reader of committed records gets what lies before.
    let stable = world.last_stable(0, 3, EPOCH).expect("stable");
    let mut next = stable - 2_500;
    read(
        &cluster,
        "ledger.entries",
        &[(3, Offset::Offset(next))],
        |message| {
            while world
                .record(0, 3, next, EPOCH)
                .expect("record")
                .kind
                .is_control()
            {
                next += 1;
            }
            let record = world.record(0, 3, next, EPOCH).expect("record");
            assert_eq!(
                (message.offset(), message.timestamp().to_millis()),
                (record.offset, Some(record.at))
            );
            next += 1;
            (next..stable).all(|offset| {
                world
                    .record(0, 3, offset, EPOCH)
                    .expect("record")
                    .kind
                    .is_control()
            })
        },
    );
}

#[test]
fn the_offsets_topic_holds_every_newest_commit() {
    let mut scenario = scenario::named("poison").expect("poison");
    scenario.filler = Some(Filler {
        groups: 40,
        partitions: 200,
    });
    let Still { cluster, now } = still(&scenario);
    now.fetch_add(90 * SECOND, Ordering::Relaxed);
    let world = cluster.world().clone();
    let t = EPOCH + 90 * SECOND;
    let mut expected = BTreeMap::new();
    for group in 0..world.group_count() {
        let mut commits = Vec::new();
        world.commits(group, t, &mut commits);
        for (row, commit) in world.rows(group).iter().zip(commits) {
            let topic = world.topics()[row.topic as usize].name.to_string();
            expected.insert(
                (world.group_name(group).to_string(), topic, row.partition),
                commit.expect("commit").offset,
            );
        }
    }
    let ends: Vec<(i32, i64)> = (0..50)
        .map(|p| (p, world.commit_log_end(p, t)))
        .filter(|(_, end)| *end > 0)
        .collect();
    let from: Vec<(i32, Offset)> = ends.iter().map(|(p, _)| (*p, Offset::Beginning)).collect();
    let mut open: BTreeMap<i32, i64> = ends.into_iter().collect();
    let mut held = BTreeMap::new();
    read(&cluster, OFFSETS_TOPIC, &from, |message| {
        let (mut key, mut value) = (
            message.key().expect("key"),
            message.payload().expect("value"),
        );
        assert_eq!((key.get_i16(), value.get_i16()), (1, 3));
        let mut text = || {
            let length = key.get_i16() as usize;
            String::from_utf8(key.copy_to_bytes(length).to_vec()).expect("text")
        };
        let (group, topic) = (text(), text());
        held.insert((group, topic, key.get_i32()), value.get_i64());
        if open
            .get(&message.partition())
            .is_some_and(|end| message.offset() + 1 >= *end)
        {
            open.remove(&message.partition());
        }
        open.is_empty()
    });
    assert_eq!(held.len(), expected.len());
    assert_eq!(held, expected);
}

#[tokio::test]
async fn a_fetch_at_the_end_waits_for_the_next_record() {
    let Still { cluster, now } = still(&scenario::named("poison").expect("poison"));
    let world = cluster.world().clone();
    let (leader, end) = (
        world.preferred_leader(0, 5) as usize,
        world.log_end(0, 5, EPOCH).expect("an end"),
    );
    let request = |offset, wait| {
        let wanted = FetchPartition::default()
            .with_partition(5)
            .with_fetch_offset(offset)
            .with_current_leader_epoch(-1)
            .with_partition_max_bytes(1 << 20);
        let topic = FetchTopic::default()
            .with_topic(TopicName(StrBytes::from_static_str("invoices.issued")))
            .with_partitions(vec![wanted]);
        FetchRequest::default()
            .with_topics(vec![topic])
            .with_max_wait_ms(wait)
            .with_min_bytes(1)
    };
    let get = async |offset, wait| {
        let answer = ask(&cluster, leader, 11, request(offset, wait))
            .await
            .expect("answer");
        let part = &answer.responses[0].partitions[0];
        (part.error_code, part.records.as_ref().map_or(0, Bytes::len))
    };
    assert_eq!(get(end, 50).await, (0, 0));
    assert_eq!(
        get(end + 1, 50).await,
        (ResponseError::OffsetOutOfRange.code(), 0)
    );
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        now.fetch_add(10 * SECOND, Ordering::Relaxed);
    };
    let ((code, bytes), ()) = tokio::join!(get(end, 5_000), later);
    assert!(code == 0 && bytes > 0);
}
