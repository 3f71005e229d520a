//! What the engine would like to know, answered through the same lanes with ordinary
//! observations. Records are another thread's work, where an operator allows it.

use std::sync::Arc;

use super::super::ffi::ListedPartition;
use super::super::records::Records;
use super::Poller;
use super::chunks::chunked;
use super::job::{Class, Job, Kind, Query};
use crate::model::{Ask, Offset, PartitionId, TopicName};

impl Poller {
    /// Sends what an ask asks for, if it is of this cluster.
    pub(super) fn answer(&mut self, ask: Ask) {
        if *ask.cluster() != self.config.cluster {
            return;
        }
        match ask {
            Ask::EndsNow {
                topic, partitions, ..
            } => {
                self.ask_some(Kind::End, &topic, &partitions, Kind::End.spec());
            }
            Ask::MaxTimestamps {
                topic, partitions, ..
            } => {
                self.ask_some(
                    Kind::MaxTimestamp,
                    &topic,
                    &partitions,
                    Kind::MaxTimestamp.spec(),
                );
            }
            Ask::OffsetForTime {
                topic,
                partition,
                time,
                ..
            } => {
                self.ask_some(Kind::ForTime, &topic, &[partition], time.as_millis().max(0));
            }
            Ask::DescribeTopic { topic, .. } => {
                let topic = self.admin.share(topic.as_str());
                self.push(Job::new(
                    Class::Rare,
                    None,
                    Query::Topics(vec![Arc::clone(&topic)]),
                ));
                self.push(Job::new(Class::Rare, None, Query::Configs(vec![topic])));
            }
            Ask::DescribeGroup { group, .. } => {
                let group = self.admin.share(group.as_str());
                self.describe(vec![group], 0);
            }
            Ask::CommitsNow { group, .. } => {
                let group = self.admin.share(group.as_str());
                self.ask_group(group, None, false);
            }
            Ask::RecordAt {
                topic,
                partition,
                offset,
                ..
            } => self.ask_record(topic, partition, offset),
        }
    }

    fn ask_record(&mut self, topic: TopicName, partition: PartitionId, offset: Offset) {
        let allowed = self.config.read_records.as_ref();
        if !allowed.is_some_and(|topics| topics.admits(topic.as_str())) {
            return;
        }
        if self.records.is_none() {
            match Records::start(&self.config, self.stamper, self.out.clone()) {
                Ok(records) => self.records = Some(records),
                Err(error) => {
                    tracing::warn!(target: "laggard::kafka", %error, "no thread to read records");
                }
            }
        }
        if let Some(records) = &self.records {
            records.ask(topic, partition, offset);
        }
    }

    fn ask_some(&mut self, kind: Kind, topic: &TopicName, partitions: &[PartitionId], spec: i64) {
        let topic = self.admin.share(topic.as_str());
        let wanted: Vec<_> = partitions
            .iter()
            .map(|partition| {
                let listed = ListedPartition {
                    topic: Arc::clone(&topic),
                    partition: *partition,
                    spec,
                };
                (self.topology.leader(&topic, *partition), listed)
            })
            .filter(|(leader, _)| leader.is_some())
            .collect();
        for (leader, wanted) in chunked(wanted.into_iter()) {
            self.ask_leader(Class::Asked, kind, leader, wanted, 0);
        }
    }
}
