//! Topics, configurations, brokers.

use rdkafka::bindings as c;

use super::super::answers::{
    ClusterDescription, ConfigEntry, Reply, ResourceConfigs, TopicDescription,
};
use super::super::sys;
use super::super::text::{KafkaFailure, failure, optional, owned};
use super::{Reader, elements, may_describe, node};

#[allow(
    clippy::missing_safety_doc,
    reason = "private; each takes a live event of its kind"
)]
impl Reader<'_> {
    pub(super) unsafe fn topics(&mut self, event: *mut c::rd_kafka_event_t) -> Option<Reply> {
        let mut count = 0;
        unsafe {
            let result = c::rd_kafka_event_DescribeTopics_result(event);
            if result.is_null() {
                return None;
            }
            let topics = c::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
            Some(Reply::Topics(
                elements(topics, count)
                    .iter()
                    .map(|&topic| self.topic(topic))
                    .collect(),
            ))
        }
    }

    unsafe fn topic(&mut self, topic: *const c::rd_kafka_TopicDescription_t) -> TopicDescription {
        let mut count = 0;
        unsafe {
            let id = c::rd_kafka_TopicDescription_topic_id(topic);
            let infos = c::rd_kafka_TopicDescription_partitions(topic, &raw mut count);
            TopicDescription {
                topic: self.names.share_c(c::rd_kafka_TopicDescription_name(topic)),
                failure: failure(c::rd_kafka_TopicDescription_error(topic)),
                topic_id: if id.is_null() {
                    (0, 0)
                } else {
                    (
                        c::rd_kafka_Uuid_most_significant_bits(id),
                        c::rd_kafka_Uuid_least_significant_bits(id),
                    )
                },
                internal: c::rd_kafka_TopicDescription_is_internal(topic) != 0,
                partitions: elements(infos, count)
                    .iter()
                    .map(|&info| {
                        let leader = node(c::rd_kafka_TopicPartitionInfo_leader(info));
                        (c::rd_kafka_TopicPartitionInfo_partition(info), leader)
                    })
                    .collect(),
            }
        }
    }

    pub(super) unsafe fn configs(&mut self, event: *mut c::rd_kafka_event_t) -> Option<Reply> {
        let mut count = 0;
        unsafe {
            let result = c::rd_kafka_event_DescribeConfigs_result(event);
            if result.is_null() {
                return None;
            }
            let resources = c::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
            Some(Reply::Configs(
                elements(resources, count)
                    .iter()
                    .map(|&r| self.resource(r))
                    .collect(),
            ))
        }
    }

    unsafe fn resource(
        &mut self,
        resource: *const c::rd_kafka_ConfigResource_t,
    ) -> ResourceConfigs {
        let mut count = 0;
        unsafe {
            let code = sys::rd_kafka_ConfigResource_error(resource);
            let text = owned(c::rd_kafka_ConfigResource_error_string(resource));
            let entries = c::rd_kafka_ConfigResource_configs(resource, &raw mut count);
            ResourceConfigs {
                name: self
                    .names
                    .share_c(c::rd_kafka_ConfigResource_name(resource)),
                failure: (code != 0).then(|| KafkaFailure::with(code, text)),
                entries: elements(entries, count)
                    .iter()
                    .map(|&entry| ConfigEntry {
                        name: owned(c::rd_kafka_ConfigEntry_name(entry)),
                        value: optional(c::rd_kafka_ConfigEntry_value(entry)),
                    })
                    .collect(),
            }
        }
    }

    pub(super) unsafe fn cluster(event: *mut c::rd_kafka_event_t) -> Option<Reply> {
        let mut count = 0;
        unsafe {
            let result = c::rd_kafka_event_DescribeCluster_result(event);
            if result.is_null() {
                return None;
            }
            let nodes = c::rd_kafka_DescribeCluster_result_nodes(result, &raw mut count);
            let mut operations = 0;
            let allowed = c::rd_kafka_DescribeCluster_result_authorized_operations(
                result,
                &raw mut operations,
            );
            Some(Reply::Cluster(ClusterDescription {
                may_describe: may_describe(allowed, operations),
                cluster_id: optional(c::rd_kafka_DescribeCluster_result_cluster_id(result)),
                controller: node(c::rd_kafka_DescribeCluster_result_controller(result)),
                brokers: elements(nodes, count)
                    .iter()
                    .map(|&n| {
                        let host = owned(c::rd_kafka_Node_host(n));
                        (
                            c::rd_kafka_Node_id(n),
                            host,
                            c::rd_kafka_Node_port(n),
                            optional(c::rd_kafka_Node_rack(n)),
                        )
                    })
                    .collect(),
            }))
        }
    }
}
