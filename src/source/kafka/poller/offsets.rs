//! Offsets of partitions: asking leader by leader, taking answers, healing what may heal.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use tokio::sync::mpsc;

use super::super::admin::TIMED_OUT;
use super::super::ffi::{ListedPartition, Offset, TopicOffsets};
use super::chunks::chunked;
use super::job::{Class, Job, Kind, Query};
use super::topology::{Topic, UNREAD};
use super::why::{
    Remedy, UNKNOWN_TOPIC, UNKNOWN_TOPIC_ID, element_failure, remedy, timed_out, why,
};
use super::{End, Poller};
use crate::model::{Ask, Fact, Isolation, OffsetRead, Timestamp, TopicName, Why};

/// Before something transient is asked again.
const SHORTLY: Duration = Duration::from_millis(150);
/// LEADER_NOT_AVAILABLE.
const NO_LEADER: i32 = 5;

/// A partition whose read failed.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    kind: Kind,
    wanted: ListedPartition,
    code: i32,
}

/// The lanes that a kind flies in.
fn class(kind: Kind) -> Class {
    match kind {
        Kind::Start => Class::Starts,
        Kind::End | Kind::StableEnd => Class::Ends,
        Kind::ForTime | Kind::MaxTimestamp => Class::Asked,
    }
}

impl Poller {
    /// Leaders that still owe an answer of this class: they are not asked again. Looked up once for
    /// all kinds of a class, or the one asked last would shut the other out for ever.
    pub(super) fn owing(&self, class: Class) -> BTreeSet<i32> {
        let brokers = self.topology.brokers.iter().map(|broker| broker.id);
        brokers
            .filter(|broker| self.lanes.busy((class, *broker)))
            .collect()
    }

    /// Asks for offsets of all partitions of the topics wanted, but for those of leaders that owe.
    pub(super) fn ask_offsets(
        &mut self,
        kind: Kind,
        owing: &BTreeSet<i32>,
        wanted: impl Fn(&Topic) -> bool,
    ) {
        for (leader, wanted) in self.topology.by_leader(kind, wanted) {
            if !leader.is_some_and(|leader| owing.contains(&leader)) {
                self.ask_leader(class(kind), kind, leader, wanted, 0);
            }
        }
    }

    pub(super) fn ask_leader(
        &mut self,
        class: Class,
        kind: Kind,
        leader: Option<i32>,
        wanted: Vec<ListedPartition>,
        tries: u8,
    ) {
        if leader.is_some() {
            let mut job = Job::new(class, leader, Query::Offsets { kind, wanted });
            job.tries = tries;
            self.push(job);
        } else {
            let failed = wanted.into_iter().map(|wanted| Failed {
                kind,
                wanted,
                code: NO_LEADER,
            });
            self.heal.extend(failed);
        }
    }

    /// Asks once more, of the leaders that fresh metadata names, for what failed. What fails again
    /// is told.
    pub(super) async fn heal_if_hurt(&mut self, asks: &mut mpsc::Receiver<Ask>) -> Result<(), End> {
        if self.heal.is_empty() {
            return Ok(());
        }
        if self
            .heal
            .iter()
            .any(|failed| remedy(failed.code) == Remedy::Metadata)
        {
            self.refresh(asks).await?;
        } else {
            self.idle(Instant::now() + SHORTLY, asks).await?;
        }
        let hurt = std::mem::take(&mut self.heal);
        let mut leaderless = Vec::new();
        let mut by_kind: FxHashMap<Kind, Vec<(Option<i32>, ListedPartition)>> =
            FxHashMap::default();
        for failed in hurt {
            match self
                .topology
                .leader(&failed.wanted.topic, failed.wanted.partition)
            {
                None => leaderless.push(failed),
                leader => by_kind
                    .entry(failed.kind)
                    .or_default()
                    .push((leader, failed.wanted)),
            }
        }
        for (kind, wanted) in by_kind {
            for (leader, wanted) in chunked(wanted.into_iter()) {
                self.ask_leader(class(kind), kind, leader, wanted, 1);
            }
        }
        self.tell_failures(leaderless, -1, Instant::now(), Instant::now())
            .await?;
        self.settle(&[Class::Starts, Class::Ends], asks).await?;
        // Second failures were told as they came; only leaders lost meanwhile are left.
        let left = std::mem::take(&mut self.heal);
        self.tell_failures(left, -1, Instant::now(), Instant::now())
            .await
    }

    /// Takes an answer to `ListOffsets` in. True if nobody really answered.
    pub(super) async fn take_offsets(
        &mut self,
        job: Job,
        answer: Result<Vec<TopicOffsets>, i32>,
        asked: Instant,
        answered: Instant,
    ) -> Result<(), End> {
        let broker = job.lane.1;
        let Query::Offsets { kind, wanted } = job.query else {
            return Ok(());
        };
        let mut failed = Vec::new();
        match answer {
            Err(code) => {
                failed.extend(
                    wanted
                        .into_iter()
                        .map(|wanted| Failed { kind, wanted, code }),
                );
            }
            Ok(topics) => {
                let told: usize = topics.iter().map(|topic| topic.offsets.len()).sum();
                if told < wanted.len() {
                    failed.extend(untold(kind, &wanted, &topics));
                }
                let times: FxHashMap<(Arc<str>, i32), i64> = match kind {
                    Kind::ForTime => wanted
                        .into_iter()
                        .map(|w| ((w.topic, w.partition), w.spec))
                        .collect(),
                    _ => FxHashMap::default(),
                };
                for topic in merged(topics) {
                    self.take_topic(kind, topic, &times, &mut failed, asked, answered)
                        .await?;
                }
            }
        }
        if failed.iter().any(|failed| timed_out(failed.code)) {
            self.topology.stale = true;
        }
        let again = |failed: &Failed| job.tries == 0 && remedy(failed.code) != Remedy::Nothing;
        let (again, lost): (Vec<_>, Vec<_>) = failed.into_iter().partition(again);
        self.heal.extend(again);
        self.tell_failures(lost, broker, asked, answered).await
    }

    async fn take_topic(
        &mut self,
        kind: Kind,
        answer: TopicOffsets,
        times: &FxHashMap<(Arc<str>, i32), i64>,
        failed: &mut Vec<Failed>,
        asked: Instant,
        answered: Instant,
    ) -> Result<(), End> {
        let name = TopicName::from(Arc::clone(&answer.topic));
        let mut reads = Vec::with_capacity(answer.offsets.len());
        for row in &answer.offsets {
            let time = times
                .get(&(Arc::clone(&answer.topic), row.partition))
                .copied();
            let none_is_told = matches!(kind, Kind::ForTime | Kind::MaxTimestamp);
            if let Some(code) = element_failure(row.error, row.offset, none_is_told) {
                let spec = time.unwrap_or_else(|| kind.spec());
                let wanted = ListedPartition {
                    topic: Arc::clone(&answer.topic),
                    partition: row.partition,
                    spec,
                };
                failed.push(Failed { kind, wanted, code });
            } else if let Some(time) = time {
                let fact = for_time(&name, row, time);
                self.emit(fact, asked, answered).await?;
            } else {
                self.remember(kind, &answer.topic, row);
                if row.offset >= 0 {
                    reads.push(OffsetRead {
                        partition: row.partition,
                        offset: Ok(row.offset),
                        leader_epoch: None,
                    });
                }
            }
        }
        if reads.is_empty() {
            return Ok(());
        }
        self.emit(fact(kind, name, reads), asked, answered).await
    }

    /// Keeps what decides on second looks: starts and ends, an end that fell, a stable end behind.
    fn remember(&mut self, kind: Kind, name: &Arc<str>, row: &Offset) {
        let Some(topic) = self.topology.topics.get_mut(name) else {
            return;
        };
        let now = Instant::now();
        let Some(partition) = topic.partition_mut(row.partition) else {
            return;
        };
        match kind {
            Kind::Start => partition.start = row.offset,
            Kind::End => {
                if row.offset < partition.end {
                    self.suspects.insert(Arc::clone(name));
                }
                partition.end = row.offset;
            }
            Kind::StableEnd if row.offset < partition.end => topic.transactional = Some(now),
            _ => {}
        }
    }

    /// Asks a second time for ends that lie below a commit read before them.
    pub(super) fn ask_low_ends(&mut self) {
        let mut low = Vec::new();
        for (name, topic) in &self.topology.topics {
            for (number, partition) in (0..).zip(&topic.partitions) {
                if partition.end != UNREAD && partition.max_commit > partition.end {
                    let wanted = ListedPartition {
                        topic: Arc::clone(name),
                        partition: number,
                        spec: -1,
                    };
                    low.push((partition.leader, wanted));
                }
            }
        }
        for (_, wanted) in &low {
            self.suspects.insert(Arc::clone(&wanted.topic));
        }
        for (leader, wanted) in chunked(low.into_iter()) {
            self.ask_leader(Class::Ends, Kind::End, leader, wanted, 0);
        }
    }

    /// Tells partitions whose read failed for good in this cycle.
    pub(super) async fn tell_failures(
        &mut self,
        failed: Vec<Failed>,
        broker: i32,
        asked: Instant,
        answered: Instant,
    ) -> Result<(), End> {
        self.count.failed_parts += failed.len() as u64;
        let mut reasons: FxHashMap<i32, Why> = FxHashMap::default();
        let mut by_topic: FxHashMap<(Kind, Arc<str>), Vec<OffsetRead>> = FxHashMap::default();
        for Failed { kind, wanted, code } in failed {
            if code == UNKNOWN_TOPIC || code == UNKNOWN_TOPIC_ID {
                self.suspects.insert(Arc::clone(&wanted.topic));
            }
            let reason = reasons
                .entry(code)
                .or_insert_with(|| why(code, broker))
                .clone();
            let read = OffsetRead {
                partition: wanted.partition,
                offset: Err(reason),
                leader_epoch: None,
            };
            by_topic.entry((kind, wanted.topic)).or_default().push(read);
        }
        for ((kind, topic), mut reads) in by_topic {
            // Asks that fail are simply asked again by who wants to know.
            if matches!(kind, Kind::ForTime | Kind::MaxTimestamp) {
                continue;
            }
            reads.sort_by_key(|read| read.partition);
            self.emit(fact(kind, TopicName::from(topic), reads), asked, answered)
                .await?;
        }
        Ok(())
    }
}

/// Whether an answer says that nobody answered.
pub(super) fn nobody_answered(topics: &[TopicOffsets]) -> bool {
    let mut rows = topics.iter().flat_map(|topic| &topic.offsets).peekable();
    rows.peek().is_some()
        && rows.all(|row| row.offset < -1 && (row.error == 0 || row.error == TIMED_OUT))
}

/// What the answer leaves out.
fn untold(kind: Kind, wanted: &[ListedPartition], topics: &[TopicOffsets]) -> Vec<Failed> {
    let told: rustc_hash::FxHashSet<(&str, i32)> = topics
        .iter()
        .flat_map(|topic| {
            topic
                .offsets
                .iter()
                .map(|row| (&*topic.topic, row.partition))
        })
        .collect();
    let untold = wanted
        .iter()
        .filter(|w| !told.contains(&(&*w.topic, w.partition)));
    untold
        .map(|wanted| Failed {
            kind,
            wanted: wanted.clone(),
            code: TIMED_OUT,
        })
        .collect()
}

/// One entry a topic, partitions in order.
pub(super) fn merged(mut topics: Vec<TopicOffsets>) -> Vec<TopicOffsets> {
    topics.sort_by(|a, b| a.topic.cmp(&b.topic));
    let mut merged: Vec<TopicOffsets> = Vec::with_capacity(topics.len());
    for topic in topics {
        match merged.last_mut() {
            Some(last) if last.topic == topic.topic => last.offsets.extend(topic.offsets),
            _ => merged.push(topic),
        }
    }
    for topic in &mut merged {
        topic.offsets.sort_unstable_by_key(|row| row.partition);
    }
    merged
}

fn for_time(topic: &TopicName, row: &Offset, time: i64) -> Fact {
    Fact::OffsetForTime {
        topic: topic.clone(),
        partition: row.partition,
        time: Timestamp::from_millis(time),
        found: (row.offset >= 0).then(|| (row.offset, Timestamp::from_millis(row.timestamp))),
    }
}

fn fact(kind: Kind, topic: TopicName, offsets: Vec<OffsetRead>) -> Fact {
    match kind {
        Kind::Start => Fact::LogStarts { topic, offsets },
        Kind::StableEnd => Fact::LogEnds {
            topic,
            isolation: Isolation::ReadCommitted,
            offsets,
        },
        Kind::MaxTimestamp => Fact::MaxTimestamps { topic, offsets },
        Kind::End | Kind::ForTime => Fact::LogEnds {
            topic,
            isolation: Isolation::ReadUncommitted,
            offsets,
        },
    }
}
