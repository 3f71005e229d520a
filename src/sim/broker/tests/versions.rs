//! Every version of every API that is offered.

use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, DescribeClusterRequest, DescribeConfigsRequest,
    DescribeGroupsRequest, DescribeTopicPartitionsRequest, FetchRequest, FindCoordinatorRequest,
    ListGroupsRequest, MetadataRequest,
    describe_configs_request::DescribeConfigsResource,
    describe_topic_partitions_request::TopicRequest,
    fetch_request::{FetchPartition, FetchTopic},
    metadata_request::MetadataRequestTopic,
    offset_fetch_request::OffsetFetchRequestTopic,
};

use super::*;

fn topic() -> TopicName {
    TopicName(StrBytes::from_static_str("invoices.issued"))
}

fn group() -> GroupId {
    GroupId(StrBytes::from_static_str("billing-export"))
}

fn poison() -> Cluster {
    still(&scenario::named("poison").expect("poison")).cluster
}

fn range(api: ApiKey) -> std::ops::RangeInclusive<i16> {
    let (min, max) = connection::versions(api);
    min..=max
}

#[tokio::test]
async fn every_version_about_the_cluster_is_answered() {
    let cluster = poison();
    for version in range(ApiKey::ApiVersions) {
        let request = kafka_protocol::messages::ApiVersionsRequest::default();
        let request = if version < 3 {
            request
        } else {
            request.with_client_software_name("t".into())
        };
        assert_eq!(
            ask(&cluster, 1, version, request)
                .await
                .expect("ApiVersions")
                .api_keys
                .len(),
            ALLOWED.len() + 1
        );
    }
    for version in range(ApiKey::Metadata) {
        let named = MetadataRequestTopic::default().with_name(Some(topic()));
        let request = MetadataRequest::default().with_topics(Some(vec![named]));
        let answer = ask(&cluster, 1, version, request).await.expect("Metadata");
        assert_eq!(answer.topics[0].partitions.len(), 8, "version {version}");
    }
    for version in range(ApiKey::DescribeCluster) {
        let request = DescribeClusterRequest::default();
        assert_eq!(
            ask(&cluster, 1, version, request)
                .await
                .expect("DescribeCluster")
                .brokers
                .len(),
            3
        );
    }
    for version in range(ApiKey::FindCoordinator) {
        let request = FindCoordinatorRequest::default();
        let request = if version < 4 {
            request.with_key(group().0)
        } else {
            request.with_coordinator_keys(vec![group().0])
        };
        let answer = ask(&cluster, 1, version, request)
            .await
            .expect("FindCoordinator");
        let node = if version < 4 {
            answer.node_id
        } else {
            answer.coordinators[0].node_id
        };
        assert!((1..=3).contains(&node.0));
    }
    for version in range(ApiKey::DescribeTopicPartitions) {
        let wanted = TopicRequest::default();
        let request = DescribeTopicPartitionsRequest::default()
            .with_topics(vec![wanted.with_name(topic())])
            .with_response_partition_limit(5);
        let answer = ask(&cluster, 1, version, request)
            .await
            .expect("DescribeTopicPartitions");
        assert_eq!(answer.topics[0].partitions.len(), 5);
        assert_eq!(answer.next_cursor.expect("more").partition_index, 5);
    }
    assert_eq!(cluster.forbidden(), []);
}

#[tokio::test]
async fn every_version_about_groups_is_answered() {
    let cluster = poison();
    let coordinator = cluster
        .world()
        .offsets_leader(crate::sim::world::offsets_partition(&group().0))
        as usize;
    for version in range(ApiKey::ListGroups) {
        let answer = ask(&cluster, coordinator, version, ListGroupsRequest::default()).await;
        let groups = answer.expect("ListGroups").groups;
        assert!(
            groups.iter().any(|listed| listed.group_id == group()),
            "version {version}"
        );
    }
    for version in range(ApiKey::DescribeGroups) {
        let request = DescribeGroupsRequest::default().with_groups(vec![group()]);
        let answer = ask(&cluster, coordinator, version, request)
            .await
            .expect("DescribeGroups");
        assert_eq!(answer.groups[0].members.len(), 3, "version {version}");
    }
    for version in range(ApiKey::ConsumerGroupDescribe) {
        let request = ConsumerGroupDescribeRequest::default().with_group_ids(vec![group()]);
        let answer = ask(&cluster, coordinator, version, request)
            .await
            .expect("ConsumerGroupDescribe");
        assert_eq!(
            answer.groups[0].error_code,
            ResponseError::GroupIdNotFound.code()
        );
    }
    for version in range(ApiKey::OffsetFetch) {
        let request = if version < 8 {
            let wanted = OffsetFetchRequestTopic::default()
                .with_name(topic())
                .with_partition_indexes(vec![5]);
            OffsetFetchRequest::default()
                .with_group_id(group())
                .with_topics(Some(vec![wanted]))
        } else {
            let one = OffsetFetchRequestGroup::default()
                .with_group_id(group())
                .with_topics(None);
            OffsetFetchRequest::default().with_groups(vec![one])
        };
        let answer = ask(&cluster, coordinator, version, request)
            .await
            .expect("OffsetFetch");
        let offset = if version < 8 {
            answer.topics[0].partitions[0].committed_offset
        } else {
            answer.groups[0].topics[0].partitions[5].committed_offset
        };
        assert!(offset > 0, "version {version}");
    }
    assert_eq!(cluster.forbidden(), []);
}

#[tokio::test]
async fn every_version_about_logs_is_answered() {
    let cluster = poison();
    let leader = cluster.world().preferred_leader(0, 5) as usize;
    for version in range(ApiKey::ListOffsets) {
        let epoch = if version < 4 { -1 } else { 0 };
        let answer = ask(
            &cluster,
            leader,
            version,
            end_of("invoices.issued", 5, epoch),
        )
        .await
        .expect("ListOffsets");
        assert!(
            answer.topics[0].partitions[0].offset > 0,
            "version {version}"
        );
    }
    for version in range(ApiKey::DescribeConfigs) {
        let resource = DescribeConfigsResource::default()
            .with_resource_type(2)
            .with_resource_name(topic().0);
        let request = DescribeConfigsRequest::default()
            .with_resources(vec![resource.with_configuration_keys(None)]);
        let answer = ask(&cluster, 1, version, request)
            .await
            .expect("DescribeConfigs");
        assert!(
            answer.results[0]
                .configs
                .iter()
                .any(|config| &*config.name == "retention.ms")
        );
    }
    for version in range(ApiKey::Fetch) {
        let answer = ask(&cluster, leader, version, fetch(&cluster, version, 5))
            .await
            .expect("Fetch");
        let mut records = answer.responses[0].partitions[0]
            .records
            .clone()
            .expect("records");
        let sets =
            kafka_protocol::records::RecordBatchDecoder::decode_all(&mut records).expect("batches");
        assert!(!sets[0].records.is_empty(), "version {version}");
    }
    assert_eq!(cluster.forbidden(), []);
}

/// A request for a partition's last hundred records.
fn fetch(cluster: &Cluster, version: i16, partition: i32) -> FetchRequest {
    let world = cluster.world();
    let end = world.log_end(0, partition, EPOCH).expect("an end");
    let wanted = FetchPartition::default()
        .with_partition(partition)
        .with_fetch_offset(end - 100)
        .with_current_leader_epoch(-1)
        .with_partition_max_bytes(1 << 20);
    let mut topic = FetchTopic::default().with_partitions(vec![wanted]);
    if version < 13 {
        topic.topic = TopicName(StrBytes::from_static_str("invoices.issued"));
    } else {
        topic.topic_id = uuid::Uuid::from_u128(world.topics()[0].id(0).expect("an id"));
    }
    FetchRequest::default()
        .with_topics(vec![topic])
        .with_max_wait_ms(100)
        .with_min_bytes(1)
        .with_session_epoch(-1)
}
