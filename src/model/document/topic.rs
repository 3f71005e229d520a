//! A topic as written.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{
    BrokerId, Offset, PartitionId, Reading, Replicas, TopicConfig, TopicId, TopicName,
    TopicPartition, TopicSnapshot,
};

/// A topic's log starts and ends.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Topic")]
pub(super) struct TopicDocument {
    /// Its name.
    pub(super) topic: TopicName,
    /// Its identity, once described.
    topic_id: Option<TopicId>,
    /// The generation at which it was last rebuilt.
    generation: u64,
    /// What is configured, once read.
    config: Option<Arc<TopicConfig>>,
    /// Records a second coming in, over all partitions.
    arrival_rate: Reading<f64>,
    /// In order of partition.
    partitions: Vec<TopicPartitionDocument>,
}

/// A partition's log.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TopicPartition")]
struct TopicPartitionDocument {
    /// Its number.
    partition: PartitionId,
    /// The broker that leads it.
    leader: Option<BrokerId>,
    /// Its replicas; absent where the source does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replicas: Option<Replicas>,
    /// The first offset that can still be read.
    log_start_offset: Reading<Offset>,
    /// The high watermark.
    log_end_offset: Reading<Offset>,
    /// Below it, no transaction is open.
    last_stable_offset: Reading<Offset>,
    /// Records a second coming in.
    arrival_rate: Reading<f64>,
}

impl TopicDocument {
    pub(super) fn of(topic: &TopicSnapshot) -> Self {
        Self {
            topic: topic.topic.clone(),
            topic_id: topic.topic_id,
            generation: topic.generation,
            config: topic.config.clone(),
            arrival_rate: topic.arrival_rate.clone(),
            partitions: topic.partitions.iter().map(partition).collect(),
        }
    }

    pub(super) fn restore(self) -> TopicSnapshot {
        TopicSnapshot {
            topic: self.topic,
            topic_id: self.topic_id,
            generation: self.generation,
            config: self.config,
            partitions: self.partitions.into_iter().map(restore).collect(),
            arrival_rate: self.arrival_rate,
        }
    }
}

fn partition(p: &TopicPartition) -> TopicPartitionDocument {
    TopicPartitionDocument {
        partition: p.partition,
        leader: p.leader,
        replicas: p.replicas,
        log_start_offset: p.log_start_offset.clone(),
        log_end_offset: p.log_end_offset.clone(),
        last_stable_offset: p.last_stable_offset.clone(),
        arrival_rate: p.arrival_rate.clone(),
    }
}

fn restore(p: TopicPartitionDocument) -> TopicPartition {
    TopicPartition {
        partition: p.partition,
        leader: p.leader,
        replicas: p.replicas,
        log_start_offset: p.log_start_offset,
        log_end_offset: p.log_end_offset,
        last_stable_offset: p.last_stable_offset,
        arrival_rate: p.arrival_rate,
    }
}
