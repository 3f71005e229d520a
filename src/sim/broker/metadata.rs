//! What there is and where: Metadata, DescribeCluster, DescribeTopicPartitions, FindCoordinator.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeClusterResponse, DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse, FindCoordinatorRequest, FindCoordinatorResponse,
    MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::connection::Context;
use super::topology::TopicRef;
use crate::sim::world::offsets_partition;

impl Context<'_> {
    pub(super) fn metadata(&self, request: MetadataRequest) -> MetadataResponse {
        let all = request
            .topics
            .as_ref()
            .is_none_or(|topics| topics.is_empty() && self.version == 0);
        let topics = match request.topics {
            Some(named) if !all => named
                .into_iter()
                .map(|topic| self.metadata_named(topic))
                .collect(),
            _ => self
                .all_topics()
                .map(|topic| self.metadata_topic(topic))
                .collect(),
        };
        MetadataResponse::default()
            .with_brokers(
                self.live()
                    .map(|broker| self.metadata_broker(broker))
                    .collect(),
            )
            .with_cluster_id(Some(self.shared.cluster_id.clone()))
            .with_controller_id(BrokerId(self.live().next().unwrap_or(-1)))
            .with_topics(topics)
            .with_error_code(self.error())
    }

    /// Brokers that answer.
    fn live(&self) -> impl Iterator<Item = i32> + '_ {
        (1..=self.shared.world.brokers()).filter(|broker| !self.table.down.contains(broker))
    }

    fn all_topics(&self) -> impl Iterator<Item = TopicRef> + '_ {
        let plain = (0..self.shared.topics.len()).map(TopicRef::Plain);
        let there = plain.filter(|topic| self.shared.topic_id(*topic, self.now).is_some());
        std::iter::once(TopicRef::Offsets).chain(there)
    }

    fn metadata_broker(&self, broker: i32) -> MetadataResponseBroker {
        let (host, port) = self.shared.address(broker).unwrap_or_default();
        MetadataResponseBroker::default()
            .with_node_id(BrokerId(broker))
            .with_host(host)
            .with_port(port)
            .with_rack(Some(rack(broker)))
    }

    fn metadata_named(&self, wanted: MetadataRequestTopic) -> MetadataResponseTopic {
        let by_id = wanted.name.is_none();
        let found = match &wanted.name {
            Some(name) => self.shared.find_topic(name, self.now),
            None => self
                .shared
                .find_topic_id(wanted.topic_id.as_u128(), self.now),
        };
        let unknown = if by_id {
            ResponseError::UnknownTopicId
        } else {
            ResponseError::UnknownTopicOrPartition
        };
        found.map_or_else(
            || {
                MetadataResponseTopic::default()
                    .with_error_code(unknown.code())
                    .with_topic_id(wanted.topic_id)
                    .with_name(if by_id && self.version < 12 {
                        Some(TopicName::default())
                    } else {
                        wanted.name
                    })
            },
            |topic| self.metadata_topic(topic),
        )
    }

    fn metadata_topic(&self, topic: TopicRef) -> MetadataResponseTopic {
        let name = self.shared.topic_name(topic);
        let partition = |number| self.metadata_partition(topic, &name, number);
        MetadataResponseTopic::default()
            .with_topic_id(Uuid::from_u128(
                self.shared.topic_id(topic, self.now).unwrap_or(0),
            ))
            .with_is_internal(topic == TopicRef::Offsets)
            .with_partitions((0..self.shared.partitions(topic)).map(partition).collect())
            .with_name(Some(name.clone()))
    }

    fn metadata_partition(
        &self,
        topic: TopicRef,
        name: &str,
        partition: i32,
    ) -> MetadataResponsePartition {
        let place = self.shared.leadership(self.table, topic, partition);
        let replicas = self.shared.replicas(topic, partition);
        let (in_sync, offline) = self.split(&replicas);
        MetadataResponsePartition::default()
            .with_error_code(self.leader_error(name, partition, place.leader))
            .with_partition_index(partition)
            .with_leader_id(BrokerId(place.leader))
            .with_leader_epoch(place.epoch)
            .with_replica_nodes(replicas.into_iter().map(BrokerId).collect())
            .with_isr_nodes(in_sync)
            .with_offline_replicas(offline)
    }

    fn leader_error(&self, topic: &str, partition: i32, leader: i32) -> i16 {
        match self.partition_error(topic, partition) {
            0 if leader < 0 => ResponseError::LeaderNotAvailable.code(),
            error => error,
        }
    }

    fn split(&self, replicas: &[i32]) -> (Vec<BrokerId>, Vec<BrokerId>) {
        let all = replicas.iter().copied().map(BrokerId);
        all.partition(|broker| !self.table.down.contains(&broker.0))
    }

    pub(super) fn describe_cluster(&self) -> DescribeClusterResponse {
        let broker = |id| {
            let (host, port) = self.shared.address(id).unwrap_or_default();
            DescribeClusterBroker::default()
                .with_broker_id(BrokerId(id))
                .with_host(host)
                .with_port(port)
                .with_rack(Some(rack(id)))
        };
        DescribeClusterResponse::default()
            .with_error_code(self.error())
            .with_cluster_id(self.shared.cluster_id.clone())
            .with_controller_id(BrokerId(self.live().next().unwrap_or(-1)))
            .with_brokers(self.live().map(broker).collect())
    }

    pub(super) fn describe_topic_partitions(
        &self,
        request: DescribeTopicPartitionsRequest,
    ) -> DescribeTopicPartitionsResponse {
        let mut names: Vec<TopicName> = if request.topics.is_empty() {
            self.all_topics()
                .map(|topic| self.shared.topic_name(topic))
                .collect()
        } else {
            request.topics.into_iter().map(|topic| topic.name).collect()
        };
        names.sort();
        let from = request.cursor.map_or((TopicName::default(), 0), |at| {
            (at.topic_name, at.partition_index)
        });
        names.retain(|name| *name >= from.0);
        let mut left = request.response_partition_limit.clamp(1, 2_000);
        let mut response = DescribeTopicPartitionsResponse::default();
        for name in names {
            let first = if name == from.0 { from.1 } else { 0 };
            if left == 0 {
                response.next_cursor = Some(
                    Cursor::default()
                        .with_topic_name(name)
                        .with_partition_index(first),
                );
                break;
            }
            let (topic, next) = self.described_topic(&name, first, left);
            left -= topic.partitions.len() as i32;
            response.topics.push(topic);
            if let Some(next) = next {
                response.next_cursor = Some(
                    Cursor::default()
                        .with_topic_name(name)
                        .with_partition_index(next),
                );
                break;
            }
        }
        response
    }

    /// A topic from partition `first` on, at most `limit` partitions, and where to go on.
    fn described_topic(
        &self,
        name: &TopicName,
        first: i32,
        limit: i32,
    ) -> (DescribeTopicPartitionsResponseTopic, Option<i32>) {
        let answer = DescribeTopicPartitionsResponseTopic::default().with_name(Some(name.clone()));
        let Some(topic) = self.shared.find_topic(name, self.now) else {
            return (
                answer.with_error_code(ResponseError::UnknownTopicOrPartition.code()),
                None,
            );
        };
        let count = self.shared.partitions(topic);
        let end = count.min(first.saturating_add(limit));
        let answer = answer
            .with_topic_id(Uuid::from_u128(
                self.shared.topic_id(topic, self.now).unwrap_or(0),
            ))
            .with_is_internal(topic == TopicRef::Offsets)
            .with_partitions(
                (first..end)
                    .map(|number| self.described_partition(topic, name, number))
                    .collect(),
            );
        (answer, (end < count).then_some(end))
    }

    fn described_partition(
        &self,
        topic: TopicRef,
        name: &str,
        partition: i32,
    ) -> DescribeTopicPartitionsResponsePartition {
        let plain = self.metadata_partition(topic, name, partition);
        DescribeTopicPartitionsResponsePartition::default()
            .with_error_code(plain.error_code)
            .with_partition_index(partition)
            .with_leader_id(plain.leader_id)
            .with_leader_epoch(plain.leader_epoch)
            .with_replica_nodes(plain.replica_nodes)
            .with_isr_nodes(plain.isr_nodes)
            .with_offline_replicas(plain.offline_replicas)
            // The Java client takes null here for a fault of its own.
            .with_eligible_leader_replicas(Some(Vec::new()))
            .with_last_known_elr(Some(Vec::new()))
    }

    pub(super) fn find(&self, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
        if self.version >= 4 {
            let keys = request.coordinator_keys.into_iter();
            let found = keys
                .map(|key| self.coordinator(key, request.key_type))
                .collect();
            return FindCoordinatorResponse::default().with_coordinators(found);
        }
        let one = self.coordinator(request.key, request.key_type);
        FindCoordinatorResponse::default()
            .with_error_code(one.error_code)
            .with_error_message(one.error_message)
            .with_node_id(one.node_id)
            .with_host(one.host)
            .with_port(one.port)
    }

    fn coordinator(&self, key: StrBytes, key_type: i8) -> Coordinator {
        let broker = self.shared.coordinator(self.table, offsets_partition(&key));
        let error = match self.group_error(&key) {
            0 if key_type != 0 => ResponseError::InvalidRequest.code(),
            0 if broker < 0 => ResponseError::CoordinatorNotAvailable.code(),
            error => error,
        };
        let (host, port) = if error == 0 {
            self.shared.address(broker)
        } else {
            None
        }
        .unwrap_or_default();
        Coordinator::default()
            .with_key(key)
            .with_node_id(BrokerId(if error == 0 { broker } else { -1 }))
            .with_host(host)
            .with_port(if error == 0 { port } else { -1 })
            .with_error_code(error)
    }
}

fn rack(broker: i32) -> StrBytes {
    StrBytes::from_static_str(rack_name(broker))
}

pub(super) fn rack_name(broker: i32) -> &'static str {
    const RACKS: [&str; 3] = ["zone-a", "zone-b", "zone-c"];
    RACKS[(broker.rem_euclid(3)) as usize]
}
