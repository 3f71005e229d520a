//! The calls, against librdkafka's own mock cluster.

use super::admin::{Admin, DESTROYED, Listener, TIMED_OUT};
use super::ffi::{KafkaFailure, ListedPartition, PropertyError, Request, Throttle, live_clients};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::types::{RDKafkaApiKey as Api, RDKafkaRespErr as Code};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

const SOON: Duration = Duration::from_secs(5);

/// The count of live clients is the process's: these tests run one by one.
static ALONE: Mutex<()> = Mutex::const_new(());

struct Deaf;

impl Listener for Deaf {
    fn log(&self, _: i32, _: &str, _: &str) {}
    fn error(&self, _: &KafkaFailure) {}
    fn throttled(&self, _: Throttle) {}
}

fn properties(bootstrap: &str) -> Vec<(String, String)> {
    [
        ("bootstrap.servers", bootstrap),
        ("group.id", "test"),
        ("isolation.level", "read_uncommitted"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn admin(bootstrap: &str) -> Admin {
    Admin::new(&properties(bootstrap), Arc::new(Deaf)).unwrap()
}

/// A cluster of three with `orders`, eight partitions, five records in partition 3.
fn cluster() -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(3).unwrap();
    cluster.create_topic("orders", 8, 1).unwrap();
    let producer: BaseProducer = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .create()
        .unwrap();
    for _ in 0..5 {
        producer
            .send(
                BaseRecord::<str, str>::to("orders")
                    .partition(3)
                    .payload("x"),
            )
            .unwrap();
    }
    producer.flush(SOON).unwrap();
    cluster
}

fn ends(partitions: std::ops::Range<i32>) -> Vec<ListedPartition> {
    partitions
        .map(|partition| ListedPartition {
            topic: "orders".into(),
            partition,
            spec: -1,
        })
        .collect()
}

#[tokio::test]
async fn log_ends_come_back_by_partition_and_nothing_leaks() {
    let _alone = ALONE.lock().await;
    let before = live_clients();
    let cluster = cluster();
    let admin = admin(&cluster.bootstrap_servers());
    let answer = admin.list_offsets(ends(0..8), false, SOON).await.unwrap();
    assert_eq!(answer.len(), 1);
    let mut rows = answer[0].offsets.clone();
    rows.sort_by_key(|row| row.partition);
    let offsets: Vec<_> = rows.iter().map(|row| (row.offset, row.error)).collect();
    assert_eq!(offsets, [0, 0, 0, 5, 0, 0, 0, 0].map(|offset| (offset, 0)));
    assert_eq!(admin.sent()["ListOffsets"], 1);
    assert!(admin.close(SOON).await);
    assert_eq!(live_clients(), before);
}

#[tokio::test]
async fn metadata_names_leaders() {
    let _alone = ALONE.lock().await;
    let cluster = cluster();
    cluster.partition_leader("orders", 2, Some(3)).unwrap();
    let admin = admin(&cluster.bootstrap_servers());
    let metadata = admin.metadata(SOON).await.unwrap();
    assert_eq!(metadata.brokers.len(), 3);
    let orders = metadata
        .topics
        .iter()
        .find(|topic| &*topic.topic == "orders")
        .unwrap();
    assert_eq!(orders.partitions.len(), 8);
    assert_eq!(orders.partitions[2].leader, Some(3));
    assert!(admin.close(SOON).await);
}

#[tokio::test]
async fn a_moved_coordinator_is_an_error_or_an_answer_never_a_crash() {
    let _alone = ALONE.lock().await;
    let cluster = cluster();
    let errors = [
        Code::RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        Code::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
    ];
    let admin = admin(&cluster.bootstrap_servers());
    for round in 0..20 {
        cluster.request_errors(Api::OffsetFetch, &[errors[round % 2]]);
        let asked = Some(vec![("orders".into(), 3)]);
        let answer = admin.group_offsets(1, "billing".into(), asked, SOON).await;
        match answer {
            Ok(topics) => assert_eq!(topics[0].offsets[0].offset, -1001, "nothing is committed"),
            Err(failure) => assert!([15, 16].contains(&failure.code), "{failure}"),
        }
    }
    assert!(admin.close(SOON).await);
}

#[tokio::test]
async fn nobody_there_is_a_time_out_and_closing_does_not_hang() {
    let _alone = ALONE.lock().await;
    let before = live_clients();
    let admin = admin("127.0.0.1:1");
    let started = Instant::now();
    let listed = admin
        .list_groups(1, Duration::from_millis(300))
        .await
        .unwrap();
    assert!(listed.groups.is_empty());
    assert_eq!(
        listed.failures[0].code, TIMED_OUT,
        "an empty listing is no good news"
    );
    let hanging = {
        let admin = admin.clone();
        tokio::spawn(async move {
            admin
                .call(Request::DescribeCluster, Duration::from_mins(1))
                .await
        })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(admin.close(SOON).await || live_clients() > before);
    let answer = hanging.await.unwrap();
    assert_eq!(answer.unwrap_err().code, DESTROYED);
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn dropped_calls_are_forgotten() {
    let _alone = ALONE.lock().await;
    let cluster = cluster();
    let admin = admin(&cluster.bootstrap_servers());
    for _ in 0..100 {
        let call = admin.list_offsets(ends(0..8), false, SOON);
        let _ = tokio::time::timeout(Duration::ZERO, call).await;
    }
    let answer = admin.list_offsets(ends(3..4), true, SOON).await.unwrap();
    assert_eq!(answer[0].offsets[0].offset, 5);
    assert!(admin.close(SOON).await);
}

#[tokio::test]
async fn bad_names_fail_alone() {
    let _alone = ALONE.lock().await;
    let cluster = cluster();
    let admin = admin(&cluster.bootstrap_servers());
    let failure = admin
        .group_offsets(1, "a\0b".into(), None, SOON)
        .await
        .unwrap_err();
    assert!(failure.message.contains("NUL"));
    let twice = [ends(3..4), ends(3..4)].concat();
    assert!(admin.list_offsets(twice, false, SOON).await.is_err());
    assert!(admin.close(SOON).await);
}

#[tokio::test]
async fn a_client_that_cannot_be_made_says_why() {
    let mut bad = properties("127.0.0.1:1");
    bad.push(("ssl.ca.location".into(), "/nowhere/ca.pem".into()));
    bad.push(("security.protocol".into(), "ssl".into()));
    let error = Admin::new(&bad, Arc::new(Deaf)).err().unwrap();
    assert!(
        matches!(&error, PropertyError::Client { message } if message.contains("ssl.ca.location")),
        "{error}"
    );
}

/// Resident memory of this process, in bytes.
fn resident() -> i64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: i64 = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[tokio::test]
async fn thousands_of_calls_leave_nothing_behind() {
    let _alone = ALONE.lock().await;
    let cluster = cluster();
    let admin = admin(&cluster.bootstrap_servers());
    let round = async || {
        let asked = Some(
            (0..8)
                .map(|partition| ("orders".into(), partition))
                .collect(),
        );
        let commits = admin.group_offsets(1, "billing".into(), asked, SOON).await;
        assert!(commits.is_ok(), "{commits:?}");
        assert!(admin.list_offsets(ends(0..8), true, SOON).await.is_ok());
        let dropped = admin.list_offsets(ends(0..8), false, SOON);
        let _ = tokio::time::timeout(Duration::ZERO, dropped).await;
    };
    for _ in 0..300 {
        round().await;
    }
    // Other tests share the process: a leak shows in every window, their memory hardly does. One
    // small object a call would be more than half a megabyte.
    let mut grown = Vec::new();
    while grown.len() < 8 && !grown.iter().any(|bytes| *bytes < 256 << 10) {
        let before = resident();
        for _ in 0..1_500 {
            round().await;
        }
        grown.push(resident() - before);
    }
    assert!(
        grown.iter().any(|bytes| *bytes < 256 << 10),
        "grown after each 4,500 calls: {grown:?}"
    );
    assert!(admin.close(SOON).await);
}
