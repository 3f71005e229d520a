//! The embedded cluster through librdkafka and through raw frames.

mod reading;
mod versions;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    ApiKey, GroupId, ListOffsetsRequest, OffsetFetchRequest, RequestHeader, ResponseHeader,
    list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
    offset_fetch_request::OffsetFetchRequestGroup,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::model::Timestamp;
use crate::sim::scenario;
use crate::sim::spec::{Millis, SECOND};

const EPOCH: Millis = 1_800_000_000_000;
const WAIT: Duration = Duration::from_secs(10);

/// A cluster whose time stands still until it is moved.
struct Still {
    cluster: Cluster,
    now: Arc<AtomicI64>,
}

fn still(scenario: &crate::sim::spec::Scenario) -> Still {
    let now = Arc::new(AtomicI64::new(EPOCH));
    let clock = now.clone();
    let world = Arc::new(World::new(scenario, 1, EPOCH));
    let clock: Clock = Arc::new(move || Timestamp::from_millis(clock.load(Ordering::Relaxed)));
    Still {
        cluster: Cluster::start(world, Options::new(clock)).expect("ports"),
        now,
    }
}

fn consumer(cluster: &Cluster, group: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap())
        .set("group.id", group)
        .set("isolation.level", "read_uncommitted")
        .set("enable.auto.commit", "false")
        .create()
        .expect("consumer")
}

/// Sends one request over a connection of its own to a broker.
async fn ask<R: Request>(
    cluster: &Cluster,
    broker: usize,
    version: i16,
    request: R,
) -> std::io::Result<R::Response> {
    let mut stream = TcpStream::connect(cluster.shared.addresses[broker - 1]).await?;
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(7);
    header
        .encode(&mut frame, R::header_version(version))
        .expect("header");
    request.encode(&mut frame, version).expect("request");
    let length = frame.len() as i32 - 4;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    stream.write_all(&frame).await?;
    let length = stream.read_i32().await?;
    let mut answer = vec![0; length as usize];
    stream.read_exact(&mut answer).await?;
    let mut answer = Bytes::from(answer);
    let header =
        ResponseHeader::decode(&mut answer, R::Response::header_version(version)).expect("header");
    assert_eq!(header.correlation_id, 7);
    Ok(R::Response::decode(&mut answer, version).expect("answer"))
}

#[test]
fn librdkafka_reads_metadata_watermarks_and_commits() {
    let Still { cluster, now } = still(&scenario::bulk(30, 100, 3));
    let group = cluster.world().group_name(7).to_string();
    let consumer = consumer(&cluster, &group);
    let metadata = consumer.fetch_metadata(None, WAIT).expect("metadata");
    assert_eq!(metadata.brokers().len(), 3);
    assert_eq!(metadata.topics().len(), 6);

    let row = cluster.world().rows(7)[3];
    let topic = cluster.world().topics()[row.topic as usize]
        .name
        .to_string();
    let (low, high) = consumer
        .fetch_watermarks(&topic, row.partition, WAIT)
        .expect("watermarks");
    let world = cluster.world();
    assert_eq!(
        Some(low),
        world.log_start(row.topic as usize, row.partition, EPOCH)
    );
    assert_eq!(
        Some(high),
        world.log_end(row.topic as usize, row.partition, EPOCH)
    );
    assert!(high > low);

    let mut wanted = TopicPartitionList::new();
    wanted.add_partition(&topic, row.partition);
    now.fetch_add(60 * SECOND, Ordering::Relaxed);
    let committed = consumer.committed_offsets(wanted, WAIT).expect("commits");
    let mut commits = Vec::new();
    cluster
        .world()
        .commits(7, EPOCH + 60 * SECOND, &mut commits);
    let expected = commits[3].expect("a commit").offset;
    assert_eq!(committed.elements()[0].offset(), Offset::Offset(expected));
    assert_eq!(cluster.forbidden(), []);
}

#[test]
fn a_time_finds_the_first_record_of_that_age() {
    let Still { cluster, .. } = still(&scenario::bulk(1, 20, 1));
    let consumer = consumer(&cluster, "x");
    let world = cluster.world();
    let topic = world.topics()[0].name.to_string();
    let mut times = TopicPartitionList::new();
    times
        .add_partition_offset(&topic, 4, Offset::Offset(EPOCH - 3_600_000))
        .expect("time");
    let found = consumer.offsets_for_times(times, WAIT).expect("offsets");
    let Offset::Offset(offset) = found.elements()[0].offset() else {
        panic!("{found:?}")
    };
    let at = world.record(0, 4, offset, EPOCH).expect("record").at;
    let before = world.record(0, 4, offset - 1, EPOCH).expect("record").at;
    assert!(before < EPOCH - 3_600_000 && EPOCH - 3_600_000 <= at);
}

fn end_of(topic: &str, partition: i32, epoch: i32) -> ListOffsetsRequest {
    let partition = ListOffsetsPartition::default()
        .with_partition_index(partition)
        .with_current_leader_epoch(epoch)
        .with_timestamp(-1);
    let topic = ListOffsetsTopic::default()
        .with_name(TopicName(StrBytes::from_string(topic.to_owned())))
        .with_partitions(vec![partition]);
    ListOffsetsRequest::default().with_topics(vec![topic])
}

#[tokio::test]
async fn wrong_broker_and_old_epoch_are_told() {
    let Still { cluster, .. } = still(&scenario::bulk(1, 20, 2));
    let world = cluster.world().clone();
    let topic = world.topics()[0].name.to_string();
    let leader = world.preferred_leader(0, 5) as usize;
    let other = 3 - leader;
    let code = async |broker, epoch| {
        let answer = ask(&cluster, broker, 5, end_of(&topic, 5, epoch))
            .await
            .expect("answer");
        answer.topics[0].partitions[0].error_code
    };
    assert_eq!(code(leader, 0).await, 0);
    assert_eq!(
        code(other, 0).await,
        ResponseError::NotLeaderOrFollower.code()
    );
    assert_eq!(
        code(leader, 3).await,
        ResponseError::UnknownLeaderEpoch.code()
    );
    cluster.faults().move_leader(&topic, 5, other as i32);
    assert_eq!(
        code(other, 0).await,
        ResponseError::FencedLeaderEpoch.code()
    );
    assert_eq!(code(other, 1).await, 0);
}

#[tokio::test]
async fn many_groups_fit_in_one_request() {
    let Still { cluster, .. } = still(&scenario::bulk(50, 200, 1));
    let names = (0..50).map(|group| cluster.world().group_name(group).to_string());
    let groups = names.map(|name| {
        OffsetFetchRequestGroup::default()
            .with_group_id(GroupId(StrBytes::from_string(name)))
            .with_topics(None)
    });
    let request = OffsetFetchRequest::default().with_groups(groups.collect());
    let answer = ask(&cluster, 1, 8, request).await.expect("answer");
    assert_eq!(answer.groups.len(), 50);
    assert!(
        answer
            .groups
            .iter()
            .all(|group| group.topics[0].partitions.len() == 20 && group.error_code == 0)
    );
}

#[tokio::test]
async fn what_changes_a_cluster_is_refused_and_recorded() {
    let Still { cluster, .. } = still(&scenario::bulk(1, 20, 1));
    let request = kafka_protocol::messages::JoinGroupRequest::default();
    assert!(ask(&cluster, 1, 5, request).await.is_err());
    assert_eq!(
        cluster.forbidden(),
        [Forbidden {
            api_key: 11,
            version: 5,
            broker: 1
        }]
    );
}

#[tokio::test]
async fn faults_strike_where_they_are_told_and_no_longer() {
    let Still { cluster, .. } = still(&scenario::bulk(10, 20, 2));
    let topic = cluster.world().topics()[0].name.to_string();
    let leader = cluster.world().preferred_leader(0, 1) as usize;
    let get = async || ask(&cluster, leader, 5, end_of(&topic, 1, -1)).await;
    let code = async || get().await.expect("answer").topics[0].partitions[0].error_code;

    let error = Rule::new(Trouble::Error(ResponseError::RequestTimedOut))
        .for_partition(&topic, 1)
        .times(1);
    cluster.faults().inject(error);
    assert_eq!(code().await, 7);
    assert_eq!(code().await, 0);

    cluster.faults().inject(
        Rule::new(Trouble::Truncated)
            .on(ApiKey::ListOffsets)
            .at(leader as i32),
    );
    assert_eq!(
        get().await.expect_err("half a frame").kind(),
        std::io::ErrorKind::UnexpectedEof
    );
    cluster.faults().clear();

    cluster.faults().inject(Rule::new(Trouble::Hung));
    assert!(
        tokio::time::timeout(Duration::from_millis(200), get())
            .await
            .is_err()
    );
    cluster.faults().clear();

    cluster
        .faults()
        .inject(Rule::new(Trouble::Throttled(Duration::from_millis(1_234))));
    for version in [1, 2, 5, 10] {
        let answer = ask(&cluster, leader, version, end_of(&topic, 1, -1))
            .await
            .expect("answer");
        let told = if version < 2 { 0 } else { 1_234 };
        assert_eq!(
            (
                answer.throttle_time_ms,
                answer.topics[0].partitions[0].error_code
            ),
            (told, 0)
        );
    }
    cluster.faults().clear();

    cluster.faults().down(leader as i32);
    let mut tries = 0;
    while get().await.is_ok() {
        tries += 1;
        assert!(tries < 100, "the port stays open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    cluster.faults().up(leader as i32);
    let mut tries = 0;
    while get().await.is_err() {
        tries += 1;
        assert!(tries < 100, "the port stays closed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(code().await, 0);
}

#[tokio::test]
async fn another_replica_leads_while_a_broker_is_gone() {
    let Still { cluster, .. } = still(&scenario::bulk(1, 20, 3));
    let topic = cluster.world().topics()[0].name.to_string();
    let replicas = cluster.world().replicas(0, 5);
    let code = async |broker: i32, epoch| {
        let answer = ask(&cluster, broker as usize, 5, end_of(&topic, 5, epoch))
            .await
            .expect("answer");
        answer.topics[0].partitions[0].error_code
    };
    cluster.faults().fail_over(replicas[0]);
    assert_eq!(code(replicas[1], 1).await, 0);
    assert_eq!(
        code(replicas[1], 0).await,
        ResponseError::FencedLeaderEpoch.code()
    );
    cluster.faults().up(replicas[0]);
    cluster.faults().elect_preferred(replicas[0]);
    assert_eq!(
        code(replicas[1], 2).await,
        ResponseError::NotLeaderOrFollower.code()
    );
    let mut tries = 0;
    while ask(&cluster, replicas[0] as usize, 5, end_of(&topic, 5, 2))
        .await
        .is_err()
    {
        tries += 1;
        assert!(tries < 100, "the port stays closed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(code(replicas[0], 2).await, 0);
}

#[tokio::test]
async fn a_moved_coordinator_is_found_and_the_old_one_sends_away() {
    let Still { cluster, .. } = still(&scenario::bulk(5, 20, 3));
    let group = cluster.world().group_name(2).to_string();
    let old = cluster
        .world()
        .offsets_leader(crate::sim::world::offsets_partition(&group));
    let new = old % 3 + 1;
    cluster.faults().move_coordinator(&group, new);
    let code = async |broker: i32| {
        let name = StrBytes::from_string(group.clone());
        let one = OffsetFetchRequestGroup::default()
            .with_group_id(GroupId(name))
            .with_topics(None);
        let request = OffsetFetchRequest::default().with_groups(vec![one]);
        ask(&cluster, broker as usize, 8, request)
            .await
            .expect("answer")
            .groups[0]
            .error_code
    };
    assert_eq!(code(old).await, ResponseError::NotCoordinator.code());
    assert_eq!(code(new).await, 0);
    let key = StrBytes::from_string(group.clone());
    let request = kafka_protocol::messages::FindCoordinatorRequest::default()
        .with_coordinator_keys(vec![key]);
    let answer = ask(&cluster, 1, 4, request).await.expect("answer");
    assert_eq!(answer.coordinators[0].node_id.0, new);
}
