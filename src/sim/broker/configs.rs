//! DescribeConfigs: what topics and brokers are set to.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::StrBytes;

use super::connection::Context;
use super::topology::TopicRef;
use crate::sim::world::OFFSETS_PARTITIONS;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// What stands for the size of a record where a setting is in bytes.
const RECORD_BYTES: i64 = 1024;

/// A setting: name, value, whether it was set (and is not the default), type (Kafka's number).
type Setting = (&'static str, String, bool, i8);

const STRING: i8 = 2;
const INT: i8 = 3;
const LONG: i8 = 5;
const LIST: i8 = 7;
const BOOLEAN: i8 = 1;

impl Context<'_> {
    pub(super) fn describe_configs(
        &self,
        request: DescribeConfigsRequest,
    ) -> DescribeConfigsResponse {
        let results = request
            .resources
            .into_iter()
            .map(|resource| self.described_resource(resource))
            .collect();
        DescribeConfigsResponse::default().with_results(results)
    }

    fn described_resource(&self, resource: DescribeConfigsResource) -> DescribeConfigsResult {
        let answer = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        let error = match self.error() {
            0 => self.partition_error(&resource.resource_name, -1),
            error => error,
        };
        if error != 0 {
            return answer.with_error_code(error);
        }
        match self.settings(&resource) {
            Err(error) => answer.with_error_code(error.code()),
            Ok(settings) => {
                let wanted = resource.configuration_keys;
                let asked = |setting: &Setting| {
                    wanted
                        .as_ref()
                        .is_none_or(|keys| keys.iter().any(|key| key.as_str() == setting.0))
                };
                answer.with_configs(settings.into_iter().filter(asked).map(result).collect())
            }
        }
    }

    fn settings(&self, resource: &DescribeConfigsResource) -> Result<Vec<Setting>, ResponseError> {
        match resource.resource_type {
            TOPIC => {
                let topic = self.shared.find_topic(&resource.resource_name, self.now);
                topic
                    .map(|topic| self.topic_settings(topic))
                    .ok_or(ResponseError::UnknownTopicOrPartition)
            }
            BROKER => Ok(broker_settings()),
            _ => Err(ResponseError::InvalidRequest),
        }
    }

    fn topic_settings(&self, topic: TopicRef) -> Vec<Setting> {
        let plain = match topic {
            TopicRef::Plain(index) => self.shared.world.topics().get(index),
            TopicRef::Offsets => None,
        };
        let compacted = plain.is_none_or(|topic| topic.compacted);
        let retention = plain.map(|topic| topic.retention(self.shared.world.relative(self.now)));
        let time = retention.map_or(604_800_000, |keep| keep.time.unwrap_or(-1));
        let bytes = retention
            .and_then(|keep| keep.records)
            .map_or(-1, |records| records * RECORD_BYTES);
        let segment = retention.map_or(604_800_000, |keep| keep.segment);
        vec![
            (
                "cleanup.policy",
                if compacted { "compact" } else { "delete" }.to_owned(),
                compacted,
                LIST,
            ),
            ("retention.ms", time.to_string(), time != 604_800_000, LONG),
            ("retention.bytes", bytes.to_string(), bytes >= 0, LONG),
            (
                "segment.ms",
                segment.to_string(),
                segment != 604_800_000,
                LONG,
            ),
            ("segment.bytes", "1073741824".to_owned(), false, INT),
            (
                "message.timestamp.type",
                "CreateTime".to_owned(),
                false,
                STRING,
            ),
            ("min.insync.replicas", "1".to_owned(), false, INT),
            ("remote.storage.enable", "false".to_owned(), false, BOOLEAN),
        ]
    }
}

fn broker_settings() -> Vec<Setting> {
    vec![
        ("offsets.retention.minutes", "10080".to_owned(), false, INT),
        (
            "offsets.topic.num.partitions",
            OFFSETS_PARTITIONS.to_string(),
            false,
            INT,
        ),
        (
            "transaction.max.timeout.ms",
            "900000".to_owned(),
            false,
            INT,
        ),
        (
            "log.retention.check.interval.ms",
            "60000".to_owned(),
            true,
            LONG,
        ),
        (
            "auto.create.topics.enable",
            "false".to_owned(),
            true,
            BOOLEAN,
        ),
    ]
}

fn result((name, value, set, kind): Setting) -> DescribeConfigsResourceResult {
    // Sources by Kafka's numbers: 1 set on the topic, 5 default.
    DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_static_str(name))
        .with_value(Some(StrBytes::from_string(value)))
        .with_config_source(if set { 1 } else { 5 })
        .with_config_type(kind)
}
