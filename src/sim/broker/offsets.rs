//! Offsets: OffsetFetch (one group, and many in one request) and ListOffsets (every timestamp, both isolation levels).

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopics;
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    GroupId, ListOffsetsRequest, ListOffsetsResponse, OffsetFetchRequest, OffsetFetchResponse,
    TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::connection::Context;
use super::topology::TopicRef;
use crate::sim::world::{Commit, Record};

/// ListOffsets: the log end, or the last stable offset.
const LATEST: i64 = -1;
/// ListOffsets: the log start.
const EARLIEST: i64 = -2;
/// ListOffsets: the record with the highest timestamp.
const MAX_TIMESTAMP: i64 = -3;
/// ListOffsets: the log start on this broker's own disk; nothing is tiered here.
const EARLIEST_LOCAL: i64 = -4;
/// ListOffsets: the last offset that lies in remote storage; nothing does.
const LATEST_TIERED: i64 = -5;

impl Context<'_> {
    pub(super) fn offset_fetch(&self, request: OffsetFetchRequest) -> OffsetFetchResponse {
        if self.version >= 8 {
            let groups = request
                .groups
                .into_iter()
                .map(|group| self.fetch_group(group.group_id, group.topics));
            return OffsetFetchResponse::default().with_groups(groups.collect());
        }
        let wanted = request.topics.map(|topics| {
            let many = topics.into_iter().map(|topic| {
                OffsetFetchRequestTopics::default()
                    .with_name(topic.name)
                    .with_partition_indexes(topic.partition_indexes)
            });
            many.collect()
        });
        old_form(self.fetch_group(request.group_id, wanted))
    }

    fn fetch_group(
        &self,
        id: GroupId,
        wanted: Option<Vec<OffsetFetchRequestTopics>>,
    ) -> OffsetFetchResponseGroup {
        let group = match self.group(&id) {
            Ok(group) => group,
            Err(error) => {
                return OffsetFetchResponseGroup::default()
                    .with_group_id(id)
                    .with_error_code(error);
            }
        };
        let held = group.map(|group| self.held(group)).unwrap_or_default();
        let topics = match wanted {
            None => held,
            Some(wanted) => wanted.into_iter().map(|topic| pick(topic, &held)).collect(),
        };
        OffsetFetchResponseGroup::default()
            .with_group_id(id)
            .with_topics(topics)
    }

    /// Everything that a group has committed.
    fn held(&self, group: usize) -> Vec<OffsetFetchResponseTopics> {
        let world = &self.shared.world;
        let rows = world.rows(group);
        let mut commits = Vec::with_capacity(rows.len());
        world.commits(group, self.now, &mut commits);
        let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
        let mut last = None;
        for (row, commit) in rows.iter().zip(commits) {
            let Some(commit) = commit else { continue };
            if last != Some(row.topic) {
                let name = self.shared.topic_name(TopicRef::Plain(row.topic as usize));
                let room = rows.len().min(1024);
                topics.push(
                    OffsetFetchResponseTopics::default()
                        .with_name(name)
                        .with_partitions(Vec::with_capacity(room)),
                );
                last = Some(row.topic);
            }
            if let Some(topic) = topics.last_mut() {
                topic
                    .partitions
                    .push(self.committed(&topic.name, row.partition, commit));
            }
        }
        topics
    }

    fn committed(
        &self,
        topic: &str,
        partition: i32,
        commit: Commit,
    ) -> OffsetFetchResponsePartitions {
        let error = self.partition_error(topic, partition);
        OffsetFetchResponsePartitions::default()
            .with_partition_index(partition)
            .with_committed_offset(if error == 0 { commit.offset } else { -1 })
            .with_committed_leader_epoch(if error == 0 { 0 } else { -1 })
            .with_metadata(Some(StrBytes::new()))
            .with_error_code(error)
    }

    pub(super) fn list_offsets(&self, request: ListOffsetsRequest) -> ListOffsetsResponse {
        let committed = request.isolation_level == 1;
        let topics = request.topics.into_iter().map(|topic| {
            let found = self.shared.find_topic(&topic.name, self.now);
            let mut seen = Vec::with_capacity(topic.partitions.len());
            let partitions = topic.partitions.iter().map(|wanted| {
                seen.push(wanted.partition_index);
                self.list_partition(&topic.name, found, wanted, committed)
            });
            let mut partitions: Vec<ListOffsetsPartitionResponse> = partitions.collect();
            refuse_twice(&mut seen, &mut partitions);
            ListOffsetsTopicResponse::default()
                .with_name(topic.name)
                .with_partitions(partitions)
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }

    fn list_partition(
        &self,
        name: &TopicName,
        topic: Option<TopicRef>,
        wanted: &ListOffsetsPartition,
        committed: bool,
    ) -> ListOffsetsPartitionResponse {
        let partition = wanted.partition_index;
        let answer = ListOffsetsPartitionResponse::default().with_partition_index(partition);
        let looked_up = self
            .led(name, topic, partition, wanted.current_leader_epoch)
            .and_then(|(topic, epoch)| {
                Ok((
                    self.look_up(topic, partition, wanted.timestamp, committed)?,
                    epoch,
                ))
            });
        match looked_up {
            Err(error) => answer
                .with_error_code(error)
                .with_offset(-1)
                .with_timestamp(-1),
            Ok((found, epoch)) => {
                let (offset, timestamp) = found.unwrap_or((-1, -1));
                // Versions before 4 have no room for the epoch.
                let has_epoch = offset >= 0 && self.version >= 4;
                answer
                    .with_offset(offset)
                    .with_timestamp(timestamp)
                    .with_leader_epoch(if has_epoch { epoch } else { -1 })
            }
        }
    }

    /// The topic and leader epoch of a partition that this broker leads, or the error that it gives.
    pub(super) fn led(
        &self,
        name: &str,
        topic: Option<TopicRef>,
        partition: i32,
        client_epoch: i32,
    ) -> Result<(TopicRef, i32), i16> {
        let error = self.partition_error(name, partition);
        if error != 0 {
            return Err(error);
        }
        let known = topic.filter(|topic| (0..self.shared.partitions(*topic)).contains(&partition));
        let topic = known.ok_or(ResponseError::UnknownTopicOrPartition.code())?;
        let place = self.shared.leadership(self.table, topic, partition);
        if client_epoch >= 0 && client_epoch < place.epoch {
            return Err(ResponseError::FencedLeaderEpoch.code());
        }
        if client_epoch > place.epoch {
            return Err(ResponseError::UnknownLeaderEpoch.code());
        }
        if place.leader != self.broker {
            return Err(ResponseError::NotLeaderOrFollower.code());
        }
        Ok((topic, place.epoch))
    }

    /// Offset and timestamp; the timestamp is −1 where the question was not about one.
    fn look_up(
        &self,
        topic: TopicRef,
        partition: i32,
        timestamp: i64,
        committed: bool,
    ) -> Result<Option<(i64, i64)>, i16> {
        let log = self.log(topic, partition);
        let gone = ResponseError::UnknownTopicOrPartition.code();
        let plain = |offset: Option<i64>| offset.map(|offset| Some((offset, -1))).ok_or(gone);
        let timed = |record: Record| (record.offset, record.at);
        match timestamp {
            LATEST if committed => plain(log.last_stable()),
            LATEST => plain(log.end()),
            EARLIEST | EARLIEST_LOCAL => plain(log.start()),
            MAX_TIMESTAMP => Ok(log.newest().map(timed)),
            LATEST_TIERED => Ok(None),
            at if at >= 0 => {
                let limit = if committed {
                    log.last_stable()
                } else {
                    log.end()
                }
                .ok_or(gone)?;
                Ok(log
                    .first_at(at)
                    .filter(|record| record.offset < limit)
                    .map(timed))
            }
            _ => Err(ResponseError::InvalidRequest.code()),
        }
    }
}

/// What was committed of the partitions asked for; −1 where nothing was.
fn pick(
    wanted: OffsetFetchRequestTopics,
    held: &[OffsetFetchResponseTopics],
) -> OffsetFetchResponseTopics {
    let topic = held.iter().find(|topic| topic.name == wanted.name);
    let find = |partition: &i32| {
        let found = topic.and_then(|topic| {
            topic
                .partitions
                .iter()
                .find(|held| held.partition_index == *partition)
        });
        found.cloned().unwrap_or_else(|| {
            OffsetFetchResponsePartitions::default()
                .with_partition_index(*partition)
                .with_committed_offset(-1)
                .with_committed_leader_epoch(-1)
                .with_metadata(Some(StrBytes::new()))
        })
    };
    let partitions = wanted.partition_indexes.iter().map(find).collect();
    OffsetFetchResponseTopics::default()
        .with_name(wanted.name)
        .with_partitions(partitions)
}

/// The answer as it was before many groups fitted in one.
fn old_form(group: OffsetFetchResponseGroup) -> OffsetFetchResponse {
    let topics = group.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|part| {
            OffsetFetchResponsePartition::default()
                .with_partition_index(part.partition_index)
                .with_committed_offset(part.committed_offset)
                .with_committed_leader_epoch(part.committed_leader_epoch)
                .with_metadata(part.metadata)
                .with_error_code(part.error_code)
        });
        OffsetFetchResponseTopic::default()
            .with_name(topic.name)
            .with_partitions(partitions.collect())
    });
    OffsetFetchResponse::default()
        .with_topics(topics.collect())
        .with_error_code(group.error_code)
}

/// Kafka refuses a partition that stands twice in one request.
fn refuse_twice(seen: &mut [i32], partitions: &mut [ListOffsetsPartitionResponse]) {
    let count = seen.len();
    seen.sort_unstable();
    let twice: Vec<i32> = seen
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
        .collect();
    if twice.is_empty() || count == 0 {
        return;
    }
    for partition in partitions
        .iter_mut()
        .filter(|partition| twice.contains(&partition.partition_index))
    {
        *partition = ListOffsetsPartitionResponse::default()
            .with_partition_index(partition.partition_index)
            .with_error_code(ResponseError::InvalidRequest.code())
            .with_offset(-1)
            .with_timestamp(-1);
    }
}
