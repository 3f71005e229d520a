//! A partition's log at the instant of a request, whatever topic it belongs to.

use super::connection::Context;
use super::topology::TopicRef;
use crate::sim::spec::Millis;
use crate::sim::world::{CommitRecord, Record, RecordKind, World};

/// One log, seen at one instant.
pub(super) struct Log<'a> {
    world: &'a World,
    topic: TopicRef,
    partition: i32,
    now: Millis,
}

impl Context<'_> {
    pub(super) fn log(&self, topic: TopicRef, partition: i32) -> Log<'_> {
        Log {
            world: &self.shared.world,
            topic,
            partition,
            now: self.now,
        }
    }
}

impl Log<'_> {
    pub(super) fn end(&self) -> Option<i64> {
        match self.topic {
            TopicRef::Plain(topic) => self.world.log_end(topic, self.partition, self.now),
            TopicRef::Offsets => Some(self.world.commit_log_end(self.partition, self.now)),
        }
    }

    pub(super) fn start(&self) -> Option<i64> {
        match self.topic {
            TopicRef::Plain(topic) => self.world.log_start(topic, self.partition, self.now),
            TopicRef::Offsets => Some(0),
        }
    }

    pub(super) fn last_stable(&self) -> Option<i64> {
        match self.topic {
            TopicRef::Plain(topic) => self.world.last_stable(topic, self.partition, self.now),
            TopicRef::Offsets => Some(self.world.commit_log_end(self.partition, self.now)),
        }
    }

    pub(super) fn newest(&self) -> Option<Record> {
        match self.topic {
            TopicRef::Plain(topic) => self.world.newest(topic, self.partition, self.now),
            TopicRef::Offsets => self
                .world
                .commit_newest(self.partition, self.now)
                .map(plain),
        }
    }

    pub(super) fn first_at(&self, at: Millis) -> Option<Record> {
        match self.topic {
            TopicRef::Plain(topic) => self.world.first_at(topic, self.partition, at, self.now),
            TopicRef::Offsets => self
                .world
                .commit_first_at(self.partition, at, self.now)
                .map(plain),
        }
    }
}

fn plain(record: CommitRecord) -> Record {
    Record {
        offset: record.offset,
        at: record.at,
        kind: RecordKind::Plain,
    }
}
