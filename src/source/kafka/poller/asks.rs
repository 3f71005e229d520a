//! What the engine would like to know, answered through the same lanes with ordinary
//! observations. Records are another thread's work, where an operator allows it.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::ffi::ListedPartition;
use super::super::records::Records;
use super::Poller;
use super::chunks::chunked;
use super::job::{Class, Job, Kind, Query};
use crate::model::{Ask, Offset, PartitionId, TopicName};

impl Poller {
    /// Sends what asks ask for, those that are of this cluster. Times of many partitions go in one
    /// request a leader; of several times of one partition each goes in another one, since a
    /// partition may not stand twice in a request.
    pub(super) fn answer(&mut self, asks: impl Iterator<Item = Ask>) {
        let mut rounds: Vec<Vec<ListedPartition>> = Vec::new();
        let mut seen: FxHashMap<(TopicName, PartitionId), usize> = FxHashMap::default();
        for ask in asks {
            if *ask.cluster() != self.config.cluster {
                continue;
            }
            let Ask::OffsetForTime {
                topic,
                partition,
                time,
                ..
            } = ask
            else {
                self.answer_one(ask);
                continue;
            };
            let wanted = ListedPartition {
                topic: self.admin.share(topic.as_str()),
                partition,
                spec: time.as_millis().max(0),
            };
            let round = seen.entry((topic, partition)).or_default();
            if rounds.len() == *round {
                rounds.push(Vec::new());
            }
            rounds[*round].push(wanted);
            *round += 1;
        }
        for round in rounds {
            self.ask_listed(Kind::ForTime, round);
        }
    }

    fn answer_one(&mut self, ask: Ask) {
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
            // Taken together, above.
            Ask::OffsetForTime { .. } => {}
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
        let listed = partitions.iter().map(|partition| ListedPartition {
            topic: Arc::clone(&topic),
            partition: *partition,
            spec,
        });
        self.ask_listed(kind, listed.collect());
    }

    fn ask_listed(&mut self, kind: Kind, listed: Vec<ListedPartition>) {
        let wanted: Vec<_> = listed
            .into_iter()
            .map(|listed| {
                (
                    self.topology.leader(&listed.topic, listed.partition),
                    listed,
                )
            })
            .filter(|(leader, _)| leader.is_some())
            .collect();
        for (leader, wanted) in chunked(wanted.into_iter()) {
            self.ask_leader(Class::Asked, kind, leader, wanted, 0);
        }
    }
}
