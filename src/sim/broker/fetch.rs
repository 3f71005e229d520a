//! Fetch: records with their true times, transaction markers, and the commits of `__consumer_offsets`.
//!
//! Sessions are not kept: each answer is whole, and the session id 0 tells the client so.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, FetchableTopicResponse, PartitionData,
};
use kafka_protocol::messages::{FetchRequest, FetchResponse, ProducerId, TopicName};
use tokio::time::{Instant, sleep};

use super::batch::{self, Entry, Nature};
use super::connection::Context;
use super::topology::TopicRef;
use crate::sim::random::{mix, unit};
use crate::sim::spec::Millis;
use crate::sim::world::{CommitRecord, Record, RecordKind};

/// The longest that a fetch waits for data, whatever the client asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a waiting fetch looks again.
const LOOK: Duration = Duration::from_millis(20);
/// About how long a record is, to keep to the client's limits.
const RECORD_BYTES: usize = 90;
/// The most records in one partition's answer.
const MOST: usize = 2_000;
/// The producer of the transaction that hangs.
const HANGING_PRODUCER: i64 = 666;
/// The producer of ordinary transactions.
const PRODUCER: i64 = 1_000;

impl Context<'_> {
    /// Answers when there is something, an error included, or when the client's patience is over.
    pub(super) async fn fetch(&mut self, request: FetchRequest) -> FetchResponse {
        let patience = Duration::from_millis(request.max_wait_ms.max(0) as u64).min(LONGEST_WAIT);
        let until = Instant::now() + patience;
        loop {
            let (response, bytes, failed) = self.fetch_once(&request);
            let enough = bytes >= request.min_bytes.max(0) as usize;
            if enough || failed || Instant::now() >= until {
                return response;
            }
            sleep(LOOK.min(until.saturating_duration_since(Instant::now()))).await;
            self.now = (self.shared.clock)().as_millis();
        }
    }

    /// The answer as of now, how many bytes of records are in it, and whether a part of it is an error.
    fn fetch_once(&self, request: &FetchRequest) -> (FetchResponse, usize, bool) {
        let error = self.error();
        if error != 0 {
            return (FetchResponse::default().with_error_code(error), 0, true);
        }
        let mut left = request.max_bytes.max(1) as usize;
        let committed = request.isolation_level == 1;
        let (mut bytes, mut failed) = (0, false);
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let mut answer = FetchableTopicResponse::default();
            let found = if self.version >= 13 {
                answer.topic_id = topic.topic_id;
                self.shared
                    .find_topic_id(topic.topic_id.as_u128(), self.now)
            } else {
                answer.topic = topic.topic.clone();
                self.shared.find_topic(&topic.topic, self.now)
            };
            for wanted in &topic.partitions {
                let data = self.fetch_partition(topic, found, wanted, committed, left);
                let length = data.records.as_ref().map_or(0, Bytes::len);
                left = left.saturating_sub(length);
                bytes += length;
                failed |= data.error_code != 0;
                answer.partitions.push(data);
            }
            topics.push(answer);
        }
        (
            FetchResponse::default().with_responses(topics),
            bytes,
            failed,
        )
    }

    fn fetch_partition(
        &self,
        asked: &FetchTopic,
        found: Option<TopicRef>,
        wanted: &FetchPartition,
        committed: bool,
        left: usize,
    ) -> PartitionData {
        let answer = PartitionData::default()
            .with_partition_index(wanted.partition)
            .with_high_watermark(-1)
            .with_last_stable_offset(-1)
            .with_records(Some(Bytes::new()));
        let by_id = self.version >= 13;
        if by_id && found.is_none() {
            return answer.with_error_code(ResponseError::UnknownTopicId.code());
        }
        let name: TopicName = found.map_or_else(
            || asked.topic.clone(),
            |topic| self.shared.topic_name(topic),
        );
        match self.led(&name, found, wanted.partition, wanted.current_leader_epoch) {
            Err(error) => answer.with_error_code(error),
            Ok((topic, epoch)) => self.fetch_log(answer, topic, epoch, wanted, committed, left),
        }
    }

    fn fetch_log(
        &self,
        answer: PartitionData,
        topic: TopicRef,
        epoch: i32,
        wanted: &FetchPartition,
        committed: bool,
        left: usize,
    ) -> PartitionData {
        let log = self.log(topic, wanted.partition);
        let (Some(start), Some(end), Some(stable)) = (log.start(), log.end(), log.last_stable())
        else {
            return answer.with_error_code(ResponseError::UnknownTopicOrPartition.code());
        };
        let answer = answer
            .with_high_watermark(end)
            .with_last_stable_offset(stable);
        let mut answer = if self.version >= 5 {
            answer.with_log_start_offset(start)
        } else {
            answer
        };
        let from = wanted.fetch_offset;
        if from < start || from > end {
            return answer.with_error_code(ResponseError::OffsetOutOfRange.code());
        }
        let limit = if committed { stable } else { end };
        let room = left.min(wanted.partition_max_bytes.max(1) as usize);
        let most = (room / RECORD_BYTES)
            .clamp(usize::from(left > 0), MOST)
            .min((limit - from).max(0) as usize);
        if most > 0 {
            let mut records = self.records_of(topic, wanted.partition, from, most);
            records.retain(|(_, entry)| entry.offset < limit);
            answer.records = Some(batches(&records, epoch));
            answer.aborted_transactions =
                committed.then(|| self.aborted(topic, wanted.partition, from));
        }
        answer
    }

    fn records_of(
        &self,
        topic: TopicRef,
        partition: i32,
        from: i64,
        most: usize,
    ) -> Vec<(Nature, Entry)> {
        let world = &self.shared.world;
        match topic {
            TopicRef::Plain(index) => {
                let seed = world
                    .topics()
                    .get(index)
                    .map_or(0, crate::sim::world::Topic::placement);
                let records = world.records(index, partition, from, most, self.now);
                records
                    .into_iter()
                    .map(|record| ordinary(seed ^ partition as u64, record))
                    .collect()
            }
            TopicRef::Offsets => {
                let records = world.commit_records(partition, from, most, self.now);
                records
                    .into_iter()
                    .map(|record| (Nature::PLAIN, self.commit_entry(record)))
                    .collect()
            }
        }
    }

    /// Aborted transactions that a reader from `from` on must leave out.
    fn aborted(&self, topic: TopicRef, partition: i32, from: i64) -> Vec<AbortedTransaction> {
        let TopicRef::Plain(index) = topic else {
            return Vec::new();
        };
        let world = &self.shared.world;
        let now: Millis = world.relative(self.now);
        let aborted = world
            .topics()
            .get(index)
            .and_then(|topic| topic.aborted(partition, now));
        let aborted = aborted.filter(|(_, marker)| *marker >= from);
        let told = aborted.map(|(first, _)| {
            AbortedTransaction::default()
                .with_producer_id(ProducerId(HANGING_PRODUCER))
                .with_first_offset(first)
        });
        told.into_iter().collect()
    }

    /// A commit as the coordinator writes it: key version 1, value version 3.
    fn commit_entry(&self, record: CommitRecord) -> Entry {
        let world = &self.shared.world;
        let row = world.rows(record.group)[record.row];
        let mut key = Vec::with_capacity(64);
        key.put_i16(1);
        string(&mut key, world.group_name(record.group));
        string(&mut key, &world.topics()[row.topic as usize].name);
        key.put_i32(row.partition);
        let value = record.committed.map(|offset| {
            let mut value = Vec::with_capacity(32);
            value.put_i16(3);
            value.put_i64(offset);
            value.put_i32(0);
            string(&mut value, "");
            value.put_i64(record.at);
            value
        });
        Entry {
            offset: record.offset,
            at: record.at,
            key: Some(key),
            value,
        }
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.put_i16(text.len() as i16);
    out.put_slice(text.as_bytes());
}

/// A topic's record with a key and a value of its own.
fn ordinary(seed: u64, record: Record) -> (Nature, Entry) {
    let producer = if record.kind == RecordKind::Hanging || record.kind == RecordKind::Abort {
        HANGING_PRODUCER
    } else {
        PRODUCER
    };
    let nature = match record.kind {
        RecordKind::Plain => Nature::PLAIN,
        kind => Nature {
            transactional: true,
            control: kind.is_control(),
            producer,
        },
    };
    let (key, value) = if nature.control {
        marker(record.kind)
    } else {
        let key = format!("k-{}", (unit(seed, record.offset) * 10_000.0) as u32);
        let value = format!(
            "{{\"n\":{},\"of\":\"{:016x}\"}}",
            record.offset,
            mix(seed, record.offset as u64)
        );
        (key.into_bytes(), value.into_bytes())
    };
    (
        nature,
        Entry {
            offset: record.offset,
            at: record.at,
            key: Some(key),
            value: Some(value),
        },
    )
}

/// Key and value of a transaction marker.
fn marker(kind: RecordKind) -> (Vec<u8>, Vec<u8>) {
    let kind = i16::from(kind == RecordKind::Commit);
    let mut key = vec![0, 0];
    key.put_i16(kind);
    (key, vec![0, 0, 0, 0, 0, 0])
}

/// Records as batches: one for each run of the same nature, markers alone.
fn batches(records: &[(Nature, Entry)], epoch: i32) -> Bytes {
    let mut out = BytesMut::with_capacity(records.len() * RECORD_BYTES + 64);
    for run in records.chunk_by(|one, other| one.0 == other.0 && !one.0.control) {
        batch::write(&mut out, run[0].0, epoch, run);
    }
    out.freeze()
}
