//! Who leads what: preferred places of the world, moved by faults; and which coordinator a group has.

use kafka_protocol::messages::TopicName;

use super::Shared;
use super::faults::Table;
use crate::sim::spec::Millis;
use crate::sim::world::{OFFSETS_PARTITIONS, OFFSETS_TOPIC};

/// A topic as the brokers know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TopicRef {
    /// One of the world's.
    Plain(usize),
    /// `__consumer_offsets`.
    Offsets,
}

/// Who leads a partition, and in which epoch; no broker while it is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leadership {
    /// The leader's id; −1: none.
    pub(super) leader: i32,
    /// The leader epoch.
    pub(super) epoch: i32,
}

impl Shared {
    pub(super) fn leadership(&self, table: &Table, topic: TopicRef, partition: i32) -> Leadership {
        let preferred = self.preferred(topic, partition);
        if table.is_calm() {
            return Leadership {
                leader: preferred,
                epoch: 0,
            };
        }
        let elections = table.elections.get(&preferred).copied().unwrap_or(0);
        let place = match table.moved_to(self.name(topic), partition) {
            Some(moved) => Leadership {
                epoch: moved.epoch + elections,
                ..moved
            },
            None if table.replaced.contains(&preferred) => {
                let replicas = self.replicas(topic, partition);
                let other = replicas
                    .into_iter()
                    .find(|broker| !table.replaced.contains(broker));
                Leadership {
                    leader: other.unwrap_or(-1),
                    epoch: elections,
                }
            }
            None => Leadership {
                leader: preferred,
                epoch: elections,
            },
        };
        let alive = !table.down.contains(&place.leader);
        Leadership {
            leader: if alive { place.leader } else { -1 },
            ..place
        }
    }

    pub(super) fn name(&self, topic: TopicRef) -> &str {
        match topic {
            TopicRef::Plain(index) => self.topics.get(index).map_or("", |name| name),
            TopicRef::Offsets => OFFSETS_TOPIC,
        }
    }

    pub(super) fn topic_name(&self, topic: TopicRef) -> TopicName {
        match topic {
            TopicRef::Plain(index) => self.topics.get(index).cloned().unwrap_or_default(),
            TopicRef::Offsets => self.offsets_topic.clone(),
        }
    }

    pub(super) fn preferred(&self, topic: TopicRef, partition: i32) -> i32 {
        match topic {
            TopicRef::Plain(index) => self.world.preferred_leader(index, partition),
            TopicRef::Offsets => self.world.offsets_leader(partition),
        }
    }

    pub(super) fn replicas(&self, topic: TopicRef, partition: i32) -> Vec<i32> {
        match topic {
            TopicRef::Plain(index) => self.world.replicas(index, partition),
            TopicRef::Offsets => self.world.offsets_replicas(partition),
        }
    }

    /// The coordinator of whatever hashes to this partition; −1 while there is none.
    pub(super) fn coordinator(&self, table: &Table, offsets_partition: i32) -> i32 {
        self.leadership(table, TopicRef::Offsets, offsets_partition)
            .leader
    }

    /// The topic of this name, if it exists at `now`.
    pub(super) fn find_topic(&self, name: &str, now: Millis) -> Option<TopicRef> {
        if name == OFFSETS_TOPIC {
            return Some(TopicRef::Offsets);
        }
        let index = self.world.topic_named(name)?;
        self.topic_id(TopicRef::Plain(index), now)
            .map(|_| TopicRef::Plain(index))
    }

    /// The topic of this id, if it exists at `now`.
    pub(super) fn find_topic_id(&self, id: u128, now: Millis) -> Option<TopicRef> {
        if id == self.world.offsets_topic_id() {
            return Some(TopicRef::Offsets);
        }
        self.world.topic_with_id(id, now).map(TopicRef::Plain)
    }

    pub(super) fn topic_id(&self, topic: TopicRef, now: Millis) -> Option<u128> {
        match topic {
            TopicRef::Plain(index) => self.world.topics().get(index)?.id(self.world.relative(now)),
            TopicRef::Offsets => Some(self.world.offsets_topic_id()),
        }
    }

    pub(super) fn partitions(&self, topic: TopicRef) -> i32 {
        match topic {
            TopicRef::Plain(index) => self
                .world
                .topics()
                .get(index)
                .map_or(0, |topic| topic.partitions),
            TopicRef::Offsets => OFFSETS_PARTITIONS,
        }
    }
}
