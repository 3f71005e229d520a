//! What is known of topics: partitions, leaders, ids, and the offsets last seen of each, by which
//! the poller decides what to ask twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::config::KafkaConfig;
use super::super::ffi::{BrokerNode, ClusterMetadata, TopicDescription};
use crate::model::{Broker, Fact, PartitionMetadata, TopicId, TopicMetadata, TopicName};

/// An offset that was never read.
pub(super) const UNREAD: i64 = -1;
const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// A partition.
#[derive(Debug, Clone)]
pub(super) struct Partition {
    pub(super) leader: Option<i32>,
    pub(super) replicas: u16,
    pub(super) in_sync: u16,
    /// Offsets as last read.
    pub(super) start: i64,
    pub(super) end: i64,
    /// The greatest commit of any group in this cycle.
    pub(super) max_commit: i64,
}

impl Partition {
    fn new() -> Self {
        Self {
            leader: None,
            replicas: 0,
            in_sync: 0,
            start: UNREAD,
            end: UNREAD,
            max_commit: UNREAD,
        }
    }
}

/// A topic.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: TopicName,
    pub(super) id: Option<TopicId>,
    pub(super) partitions: Vec<Partition>,
    /// Whether its last stable offset fell behind its end lately.
    pub(super) transactional: Option<Instant>,
    pub(super) described: Option<Instant>,
    pub(super) configured: Option<Instant>,
    /// Some group commits to it.
    pub(super) read: bool,
    /// Metadata lacked it last time; once more and it is gone.
    missing: bool,
}

/// All topics that are read.
#[derive(Debug, Default)]
pub(super) struct Topology {
    pub(super) topics: BTreeMap<Arc<str>, Topic>,
    pub(super) brokers: Vec<BrokerNode>,
    pub(super) fetched: Option<Instant>,
    /// Something looked new: fetch metadata before the next cycle.
    pub(super) stale: bool,
    /// Leaders of the offsets topic: the groups' coordinators. Empty where one may not see it.
    coordinators: Vec<Option<i32>>,
    racks: FxHashMap<i32, Arc<str>>,
    /// Names that metadata did not know; asked for again only with the next regular refresh.
    unknown: FxHashSet<Arc<str>>,
}

/// Java's `String.hashCode` over UTF-16 units.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}

impl Topology {
    /// The broker that coordinates a group, as far as the offsets topic shows it.
    pub(super) fn coordinator(&self, group: &str) -> Option<i32> {
        if self.coordinators.is_empty() {
            return None;
        }
        let hash = java_hash(group).checked_abs().unwrap_or(0);
        self.coordinators[usize::try_from(hash).unwrap_or(0) % self.coordinators.len()]
    }

    /// Whether groups may exist that no broker lists just now.
    pub(super) fn leaderless_coordinators(&self) -> bool {
        self.coordinators.contains(&None)
    }

    /// Takes metadata in. Topics that are missing for the second time in a row go.
    pub(super) fn take(&mut self, metadata: ClusterMetadata, config: &KafkaConfig, now: Instant) {
        self.brokers = metadata.brokers;
        self.fetched = Some(now);
        self.stale = false;
        self.unknown.clear();
        let mut seen = FxHashSet::default();
        for topic in metadata.topics {
            if &*topic.topic == OFFSETS_TOPIC {
                self.take_coordinators(&topic.partitions);
            }
            let internal = topic.topic.starts_with("__") && !config.internal_topics;
            if internal || !config.topics.admits(&topic.topic) {
                continue;
            }
            seen.insert(Arc::clone(&topic.topic));
            let known = self
                .topics
                .entry(Arc::clone(&topic.topic))
                .or_insert_with(|| Topic::new(&topic.topic));
            known.missing = false;
            for partition in &topic.partitions {
                known.place(partition);
            }
            // A topic made anew with fewer partitions; never on an answer that has none at all.
            if topic.error == 0 && !topic.partitions.is_empty() {
                known.partitions.truncate(topic.partitions.len());
            }
        }
        self.forget_missing(&seen);
    }

    fn take_coordinators(&mut self, partitions: &[super::super::ffi::PartitionMetadata]) {
        let mut leaders = vec![None; partitions.len()];
        for partition in partitions {
            if let Some(slot) = usize::try_from(partition.partition)
                .ok()
                .and_then(|n| leaders.get_mut(n))
            {
                *slot = partition.leader;
            }
        }
        self.coordinators = leaders;
    }

    fn forget_missing(&mut self, seen: &FxHashSet<Arc<str>>) {
        let mut doubtful = false;
        self.topics.retain(|name, topic| {
            if seen.contains(name) {
                return true;
            }
            let gone = std::mem::replace(&mut topic.missing, true);
            doubtful |= !gone;
            !gone
        });
        self.stale |= doubtful;
    }

    /// A topic that a description called unknown: gone, once metadata lacks it too.
    pub(super) fn doubt(&mut self, topic: &str) {
        if let Some(topic) = self.topics.get_mut(topic) {
            topic.missing = true;
            self.stale = true;
        }
    }

    /// A commit names this topic. True, once a refresh, if metadata should be fetched for it.
    pub(super) fn is_news(&mut self, topic: &Arc<str>) -> bool {
        !self.topics.contains_key(topic) && self.unknown.insert(Arc::clone(topic))
    }

    /// Takes a topic's id and leaders in.
    pub(super) fn describe(&mut self, description: &TopicDescription, now: Instant) {
        let Some(topic) = self.topics.get_mut(&description.topic) else {
            return;
        };
        topic.described = Some(now);
        let (most, least) = description.topic_id;
        let id = (most != 0 || least != 0).then(|| TopicId::from_halves(most, least));
        if id.is_some() && topic.id.is_some() && id != topic.id {
            topic.partitions.iter_mut().for_each(Partition::forget);
        }
        topic.id = id.or(topic.id);
        for (number, leader) in &description.partitions {
            if let Some(partition) = topic.partition_mut(*number) {
                partition.leader = *leader;
            }
        }
    }

    /// Racks, which metadata does not tell.
    pub(super) fn take_racks(&mut self, brokers: &[(i32, String, u16, Option<String>)]) {
        self.racks = brokers
            .iter()
            .filter_map(|(id, _, _, rack)| Some((*id, Arc::from(rack.as_deref()?))))
            .collect();
    }

    /// The brokers for the model.
    pub(super) fn model_brokers(&self) -> Vec<Broker> {
        let mut brokers: Vec<_> = self
            .brokers
            .iter()
            .map(|broker| Broker {
                id: broker.id,
                host: Arc::from(broker.host.as_str()),
                port: u16::try_from(broker.port).unwrap_or(0),
                rack: self.racks.get(&broker.id).cloned(),
            })
            .collect();
        brokers.sort_by_key(|broker| broker.id);
        brokers
    }

    /// All topics as one fact.
    pub(super) fn fact(&self) -> Fact {
        Fact::Topics {
            topics: self.topics.values().map(Topic::model).collect(),
            complete: true,
        }
    }

    pub(super) fn leader(&self, topic: &str, partition: i32) -> Option<i32> {
        let partition = usize::try_from(partition).ok()?;
        self.topics.get(topic)?.partitions.get(partition)?.leader
    }
}

impl Partition {
    fn forget(&mut self) {
        (self.start, self.end, self.max_commit) = (UNREAD, UNREAD, UNREAD);
    }
}

impl Topic {
    fn new(name: &Arc<str>) -> Self {
        Self {
            name: TopicName::from(Arc::clone(name)),
            id: None,
            partitions: Vec::new(),
            transactional: None,
            described: None,
            configured: None,
            read: false,
            missing: false,
        }
    }

    fn place(&mut self, told: &super::super::ffi::PartitionMetadata) {
        let Ok(number) = usize::try_from(told.partition) else {
            return;
        };
        if number >= self.partitions.len() {
            self.partitions.resize_with(number + 1, Partition::new);
        }
        let partition = &mut self.partitions[number];
        partition.leader = told.leader;
        partition.replicas = told.replicas;
        partition.in_sync = told.in_sync;
    }

    pub(super) fn partition_mut(&mut self, partition: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(partition).ok()?)
    }

    pub(super) fn model(&self) -> TopicMetadata {
        let numbered = self.partitions.iter().zip(0..);
        TopicMetadata {
            topic: self.name.clone(),
            topic_id: self.id,
            partitions: numbered
                .map(|(partition, number)| PartitionMetadata {
                    partition: number,
                    leader: partition.leader,
                    replicas: partition.replicas,
                    in_sync: partition.in_sync,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::ffi;
    use super::super::super::properties::Properties;
    use super::*;

    pub(in super::super) fn config() -> KafkaConfig {
        KafkaConfig::new("test".into(), Properties::default())
    }

    pub(in super::super) fn metadata(topics: &[(&str, i32)]) -> ClusterMetadata {
        let partition = |partition| ffi::PartitionMetadata {
            partition,
            leader: Some(partition % 3),
            error: 0,
            replicas: 3,
            in_sync: 2,
        };
        let topics = topics
            .iter()
            .map(|(name, count)| ffi::TopicMetadata {
                topic: Arc::from(*name),
                error: 0,
                partitions: (0..*count).map(partition).collect(),
            })
            .collect();
        ClusterMetadata {
            brokers: Vec::new(),
            topics,
        }
    }

    #[test]
    fn a_group_hashes_to_its_coordinator_as_in_kafka() {
        assert_eq!(
            java_hash("polygenelubricants"),
            i32::MIN,
            "the one that abs cannot turn"
        );
        assert_eq!(
            java_hash("console-consumer"),
            "console-consumer".bytes().fold(0i32, |h, b| {
                h.wrapping_mul(31).wrapping_add(i32::from(b))
            })
        );
        let mut topology = Topology::default();
        assert_eq!(topology.coordinator("any"), None);
        topology.take(metadata(&[(OFFSETS_TOPIC, 50)]), &config(), Instant::now());
        assert_eq!(topology.coordinator("polygenelubricants"), Some(0));
        assert!(
            topology.topics.is_empty(),
            "Kafka's own topics are not read"
        );
    }

    #[test]
    fn a_topic_goes_only_when_two_answers_lack_it() {
        let (mut topology, now) = (Topology::default(), Instant::now());
        topology.take(metadata(&[("a", 4), ("b", 1)]), &config(), now);
        topology.take(metadata(&[("b", 1)]), &config(), now);
        assert!(topology.topics.contains_key("a") && topology.stale);
        topology.take(metadata(&[("a", 2), ("b", 1)]), &config(), now);
        assert_eq!(topology.topics["a"].partitions.len(), 2);
        topology.take(metadata(&[("b", 1)]), &config(), now);
        topology.take(metadata(&[("b", 1)]), &config(), now);
        assert!(!topology.topics.contains_key("a"));
    }

    #[test]
    fn an_unknown_topic_is_news_once_a_refresh() {
        let mut topology = Topology::default();
        let name: Arc<str> = Arc::from("deleted");
        assert!(topology.is_news(&name));
        assert!(!topology.is_news(&name));
        topology.take(metadata(&[]), &config(), Instant::now());
        assert!(topology.is_news(&name));
    }
}
