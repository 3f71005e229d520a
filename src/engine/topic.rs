//! Topics as facts: identity, leaders, log starts and ends, their history, retention.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{
    BrokerId, CleanupPolicy, Isolation, Offset, OffsetRead, PartitionId, PartitionMetadata,
    Replicas, Span, Timestamp, TopicConfig, TopicId, TopicName, TopicPartition, TopicSnapshot, Why,
};

use super::anchors::Anchors;
use super::fact::OffsetFact;
use super::history::{EndHistory, Point};
use super::lag::{MARKERS_AT_MOST, Tail};
use super::loss::Deletions;
use super::now::Now;
use super::rate::{decay, decayed_rate};
use super::rates::{RateSum, as_sure_as, rate_reading};
use super::row::in_seconds;

/// No record is older: Kafka is not.
const OLDEST: Span = Span::from_secs(20 * 365 * 86_400);
/// Over this window, arrival is measured.
const RATE_WINDOW: Span = Span::from_secs(120);

/// A topic's facts. It lives as long as the topic: one deleted and made anew is another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Topic {
    pub(super) name: TopicName,
    pub(super) id: Option<TopicId>,
    pub(super) config: Option<Arc<TopicConfig>>,
    pub(super) partitions: Vec<Partition>,
    /// Whether a metadata answer has named it; else only a group's commits did.
    pub(super) visible: bool,
    /// When it was first seen to be another topic than the one that bore the name before.
    pub(super) recreated_at: Option<Timestamp>,
    pub(super) dirty: bool,
    /// Counts up with each change of a log start or end, of what the histories tell, and of which
    /// partitions there are.
    #[serde(skip)]
    pub(super) version: u64,
    /// A rate that may still change with no new offset.
    lively: bool,
    /// No partition is overdue before this.
    quiet_until: Option<Timestamp>,
    /// When log starts, log ends and last stable offsets were last read, where that was of all
    /// partitions and none failed.
    whole: [Option<Timestamp>; 3],
    /// When the newest of each was asked.
    newest_asked: [Option<Timestamp>; 3],
    /// An answer was overdue when it was last rebuilt.
    was_overdue: bool,
    wake_at: Option<Timestamp>,
    /// The generation at which its part was last built; 0: never.
    pub(super) generation: u64,
    /// Made anew where a checkpoint is taken up.
    #[serde(skip)]
    pub(super) snapshot: Option<Arc<TopicSnapshot>>,
}

/// A partition's facts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Partition {
    pub(super) partition: PartitionId,
    pub(super) leader: Option<BrokerId>,
    #[serde(default)]
    pub(super) replicas: Option<Replicas>,
    pub(super) start: OffsetFact,
    pub(super) end: OffsetFact,
    pub(super) stable: OffsetFact,
    /// When the log end was last seen to move (or first seen).
    pub(super) end_moved_at: Option<Timestamp>,
    /// When the last stable offset was last seen to move (or first seen).
    pub(super) stable_moved_at: Option<Timestamp>,
    /// When the log end was seen to fall while the topic stayed.
    pub(super) truncated_at: Option<Timestamp>,
    pub(super) history: EndHistory,
    /// What was asked about times.
    pub(super) anchors: Anchors,
    /// How the log start has moved.
    pub(super) deletions: Deletions,
    /// What a read of the last few records met.
    pub(super) tail: Option<Tail>,
    /// The commit and the log end for which that was last asked.
    tail_asked: Option<(Offset, Offset)>,
}

/// What a fold of a topic's facts calls for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Folded {
    /// It looks like another topic, or like other leaders: describe it now.
    pub(super) describe: bool,
    /// The log is another one: what hung on the old one must go.
    pub(super) wiped: bool,
}

/// What the read of a log end changed.
struct TookEnd {
    changed: bool,
    /// The history tells something else of what was written before.
    reshaped: bool,
    fell: bool,
}

impl Topic {
    pub(super) fn new(name: TopicName) -> Self {
        Self {
            name,
            id: None,
            config: None,
            partitions: Vec::new(),
            visible: false,
            recreated_at: None,
            dirty: true,
            version: 0,
            lively: true,
            quiet_until: None,
            whole: [None; 3],
            newest_asked: [None; 3],
            was_overdue: false,
            wake_at: None,
            generation: 0,
            snapshot: None,
        }
    }

    /// The clock was set back: what has its place in time goes, and which topic it is stays.
    pub(super) fn set_back(&mut self) {
        *self = Self {
            id: self.id,
            config: self.config.take(),
            visible: self.visible,
            version: self.version + 1,
            ..Self::new(self.name.clone())
        };
    }

    /// One partition's facts.
    pub(super) fn partition(&self, partition: PartitionId) -> Option<&Partition> {
        let i = self.index(partition).ok()?;
        Some(&self.partitions[i])
    }

    /// Whether its logs lose records by age or size, as far as is known; else somebody deletes them.
    pub(super) fn expires(&self) -> bool {
        self.config.as_ref().is_none_or(|c| {
            let limited = c.retention.is_some() || c.retention_bytes.is_some();
            limited && c.cleanup_policy != CleanupPolicy::Compact
        })
    }

    fn index(&self, partition: PartitionId) -> Result<usize, usize> {
        match usize::try_from(partition) {
            Ok(i)
                if self
                    .partitions
                    .get(i)
                    .is_some_and(|p| p.partition == partition) =>
            {
                Ok(i)
            }
            _ => self
                .partitions
                .binary_search_by_key(&partition, |p| p.partition),
        }
    }

    /// Takes in a metadata answer.
    pub(super) fn describe(
        &mut self,
        id: Option<TopicId>,
        partitions: &[PartitionMetadata],
        at: Timestamp,
    ) -> Folded {
        let mut folded = Folded::default();
        if let (Some(old), Some(new)) = (self.id, id)
            && old != new
        {
            self.partitions.clear();
            self.version += 1;
            (self.whole, self.newest_asked) = ([None; 3], [None; 3]);
            self.recreated_at = Some(at);
            folded.wiped = true;
        }
        self.dirty |= !self.visible || (id.is_some() && self.id != id);
        self.visible = true;
        self.id = id.or(self.id);
        if self.partitions.len() > partitions.len() {
            // Partitions never get fewer while a topic lives: it may be another one.
            folded.describe = id.is_none();
            self.partitions
                .retain(|p| partitions.iter().any(|m| m.partition == p.partition));
            self.version += 1;
            self.dirty = true;
        }
        self.make_room(partitions.len());
        for meta in partitions {
            let known = self.at_or_new(meta.partition);
            let replicas = (meta.replicas > 0).then_some(Replicas {
                all: meta.replicas,
                in_sync: meta.in_sync,
            });
            if (known.leader, known.replicas) != (meta.leader, replicas) {
                (known.leader, known.replicas) = (meta.leader, replicas);
                self.dirty = true;
            }
        }
        folded
    }

    /// Room for so many partitions and no more: what grows by itself takes up to twice that.
    fn make_room(&mut self, partitions: usize) {
        let more = partitions.saturating_sub(self.partitions.len());
        self.partitions.reserve_exact(more);
    }

    fn at_or_new(&mut self, partition: PartitionId) -> &mut Partition {
        let i = self.index(partition).unwrap_or_else(|place| {
            self.partitions.insert(place, Partition::new(partition));
            self.version += 1;
            self.dirty = true;
            place
        });
        &mut self.partitions[i]
    }

    /// Takes in its configuration.
    pub(super) fn configure(&mut self, config: &TopicConfig) {
        if self.config.as_deref() != Some(config) {
            self.config = Some(Arc::new(config.clone()));
            self.dirty = true;
        }
    }

    /// Takes in log starts.
    pub(super) fn take_starts(
        &mut self,
        reads: &[OffsetRead],
        asked: Timestamp,
        answered: Timestamp,
    ) {
        let mut any = false;
        self.make_room(reads.len());
        for read in reads {
            let partition = self.at_or_new(read.partition);
            let changed = partition.start.take(&read.offset, asked, answered);
            if let Some(start) = partition.start.offset().filter(|_| changed) {
                partition.deletions.note(answered, start);
            }
            any |= changed;
        }
        self.version += u64::from(any);
        self.dirty |= any;
        self.note_whole(0, reads, asked, answered);
    }

    /// Takes in log ends.
    pub(super) fn take_ends(
        &mut self,
        isolation: Isolation,
        reads: &[OffsetRead],
        asked: Timestamp,
        answered: Timestamp,
    ) -> Folded {
        let (mut folded, mut any, mut reshaped) = (Folded::default(), false, false);
        self.make_room(reads.len());
        for read in reads {
            let partition = self.at_or_new(read.partition);
            let changed = match isolation {
                Isolation::ReadUncommitted => {
                    let took = partition.take_end(&read.offset, asked, answered);
                    folded.describe |= took.fell;
                    folded.wiped |= took.fell;
                    reshaped |= took.reshaped;
                    took.changed
                }
                Isolation::ReadCommitted => partition.take_stable(&read.offset, asked, answered),
            };
            any |= changed;
        }
        self.version += u64::from(any || reshaped);
        self.dirty |= any || self.lively && isolation == Isolation::ReadUncommitted;
        let which = 1 + usize::from(isolation == Isolation::ReadCommitted);
        self.note_whole(which, reads, asked, answered);
        folded
    }

    /// Takes in where the records of a time begin. An answer that was asked for before the log
    /// became another one says nothing of it.
    pub(super) fn take_offset_for_time(
        &mut self,
        partition: PartitionId,
        time: Timestamp,
        found: Option<(Offset, Timestamp)>,
        (asked, interval): (Timestamp, Span),
    ) {
        let recreated = self.recreated_at;
        let log = self.at_or_new(partition);
        let late = log.became_another(recreated, asked);
        let Some(end) = log.end.good.filter(|_| !late) else {
            return;
        };
        if found.is_none() && end.answered > asked {
            // Records of that time may have come in between: of which, it does not say.
            return;
        }
        let proved = found.and_then(|(offset, _)| log.history.bracket(offset));
        log.anchors
            .take(time, found, end.offset, proved, (asked, interval));
        self.dirty = true;
    }

    /// So many times of a partition are asked about at `at`.
    pub(super) fn note_asked(&mut self, partition: PartitionId, count: usize, at: Timestamp) {
        if let Ok(i) = self.index(partition) {
            self.partitions[i].anchors.asked(count, at);
        }
    }

    /// By how much the timestamps of its records differ from what was observed, and since when.
    pub(super) fn clock_skew(&self) -> Option<(Span, Timestamp)> {
        let skews = self
            .partitions
            .iter()
            .filter_map(|p| p.anchors.clock_skew());
        skews.max_by_key(|(by, _)| *by)
    }

    /// Notes whether a read was of all partitions, and no late one.
    fn note_whole(&mut self, which: usize, reads: &[OffsetRead], asked: Timestamp, at: Timestamp) {
        let late = self.newest_asked[which].is_some_and(|newest| newest > asked);
        self.newest_asked[which] = self.newest_asked[which].max(Some(asked));
        let whole = reads.len() == self.partitions.len() && reads.iter().all(|r| r.offset.is_ok());
        self.whole[which] = (whole && !late).then_some(at);
        self.quiet_until = None;
    }

    /// Takes in a record that was read. One that was asked for before the log became another one says
    /// nothing of it.
    pub(super) fn take_record(
        &mut self,
        partition: PartitionId,
        record: (Offset, Timestamp),
        (asked, interval): (Timestamp, Span),
    ) {
        let by_broker = self.config.as_ref().is_some_and(|c| c.log_append_time);
        let recreated = self.recreated_at;
        let log = self.at_or_new(partition);
        let is_there = log.end.good.is_some_and(|end| record.0 < end.offset);
        // Records may have no timestamp, or one that no record of Kafka can have.
        let has_time = record.1 > (asked - OLDEST).max(Timestamp::from_millis(0));
        if log.became_another(recreated, asked) || !is_there || !has_time {
            return;
        }
        let proved = log.history.bracket(record.0);
        log.anchors
            .take_record(record, by_broker, proved, (asked, interval));
        self.dirty = true;
    }

    /// Takes in what a read of a partition's last records met.
    pub(super) fn take_tail(&mut self, partition: PartitionId, tail: Tail, asked: Timestamp) {
        let recreated = self.recreated_at;
        let log = self.at_or_new(partition);
        let says_less = log.tail.is_some_and(|known| known.covers(tail));
        if !says_less && !log.became_another(recreated, asked) {
            log.tail = Some(tail);
            self.dirty = true;
        }
    }

    /// Whether a read of what lies behind this commit should be asked for: little does, the log
    /// has come to rest since `still`, and neither was it asked nor is it known. It then counts as
    /// asked.
    pub(super) fn wants_tail(
        &mut self,
        partition: PartitionId,
        committed: Offset,
        still: Timestamp,
    ) -> bool {
        let Ok(i) = self.index(partition) else {
            return false;
        };
        let log = &mut self.partitions[i];
        let Some(end) = log.end.offset() else {
            return false;
        };
        let little = (1..=MARKERS_AT_MOST).contains(&(end - committed));
        // One that has never been seen to move may well rest: a one-shot sees it only once.
        let first = log.history.first().map(|p| p.answered);
        let rests = log
            .end_moved_at
            .is_some_and(|moved| moved <= still || first == Some(moved));
        let open = log.tail.is_none_or(|tail| tail.leaves_open(committed, end));
        // Of two groups' commits the higher one is asked about last, so it is the one to remember.
        let asked = log
            .tail_asked
            .is_some_and(|(c, e)| e == end && c >= committed);
        if !little || !rests || !open || asked {
            return false;
        }
        log.tail_asked = Some((committed, end));
        true
    }

    /// Forgets until when it need not look for what is overdue.
    pub(super) fn look_again(&mut self) {
        self.quiet_until = None;
    }

    /// Whether it must be rebuilt at `now` with no new fact: an answer has become overdue, or an
    /// instant that something waited for has come.
    pub(super) fn is_due(&mut self, now: &Now) -> bool {
        let woken = self.wake_at.is_some_and(|w| w <= now.at);
        if self.quiet_until.is_some_and(|q| now.at <= q) {
            return std::mem::take(&mut self.was_overdue) || woken;
        }
        if let Some(oldest) = self.oldest_of_whole()
            && !now.overdue(oldest)
        {
            self.quiet_until = Some(now.overdue_at(oldest));
            return std::mem::take(&mut self.was_overdue) || woken;
        }
        let answers = self.partitions.iter().flat_map(Partition::answers);
        let (mut due, mut next) = (false, None::<Timestamp>);
        for answered in answers {
            if now.overdue(answered) {
                due = true;
            } else {
                let at = now.overdue_at(answered);
                next = Some(next.map_or(at, |n| n.min(at)));
            }
        }
        // While one is overdue each cut looks again: its next answer may be the offset that it had.
        self.quiet_until = next.filter(|_| !due);
        std::mem::replace(&mut self.was_overdue, due) || due || woken
    }

    /// The oldest answer, where the last reads were of all partitions; last stable offsets are not
    /// asked for everywhere.
    fn oldest_of_whole(&self) -> Option<Timestamp> {
        let [starts, ends, stable] = self.whole;
        let oldest = starts?.min(ends?);
        match (stable, self.newest_asked[2]) {
            (Some(stable), _) => Some(oldest.min(stable)),
            (None, None) => Some(oldest),
            (None, Some(_)) => None,
        }
    }

    /// Builds its part of the snapshot anew.
    pub(super) fn rebuild(&mut self, now: &mut Now, generation: u64) {
        self.lively = false;
        let mut total = RateSum::default();
        let partitions: Vec<TopicPartition> = self
            .partitions
            .iter()
            .map(|p| {
                let (rate, lively) = p.arrival_rate();
                self.lively |= lively;
                let partition = p.snapshot(rate, now);
                total.add(&partition.arrival_rate);
                partition
            })
            .collect();
        self.wake_at = now.take_wake();
        self.dirty = false;
        self.generation = generation;
        self.snapshot = Some(Arc::new(TopicSnapshot {
            topic: self.name.clone(),
            topic_id: self.id,
            generation,
            config: self.config.clone(),
            partitions,
            arrival_rate: total.reading(),
        }));
    }
}

impl Partition {
    fn new(partition: PartitionId) -> Self {
        Self {
            partition,
            leader: None,
            replicas: None,
            start: OffsetFact::default(),
            end: OffsetFact::default(),
            stable: OffsetFact::default(),
            end_moved_at: None,
            stable_moved_at: None,
            truncated_at: None,
            history: EndHistory::default(),
            anchors: Anchors::default(),
            deletions: Deletions::default(),
            tail: None,
            tail_asked: None,
        }
    }

    /// Whether the log became another one after `asked`.
    fn became_another(&self, recreated: Option<Timestamp>, asked: Timestamp) -> bool {
        let wiped = [self.truncated_at, recreated];
        wiped.into_iter().flatten().any(|wiped| asked < wiped)
    }

    /// Takes in a log end. When it fell, the history is of another log and goes.
    fn take_end(
        &mut self,
        read: &Result<Offset, Why>,
        asked: Timestamp,
        answered: Timestamp,
    ) -> TookEnd {
        let before = self.end.good;
        let late = before.is_some_and(|g| g.asked > asked);
        let changed = self.end.take(read, asked, answered);
        let Ok(offset) = *read else {
            return TookEnd {
                changed,
                reshaped: false,
                fell: false,
            };
        };
        let fell = !late && before.is_some_and(|b| offset < b.offset);
        if fell {
            self.history.wipe();
            self.anchors.wipe();
            self.truncated_at = Some(answered);
            self.tail = None;
        }
        if !late && before.is_none_or(|b| b.offset != offset) {
            self.end_moved_at = Some(answered);
        }
        let reshaped = self.history.push(Point {
            asked,
            answered,
            offset,
        });
        TookEnd {
            changed,
            reshaped,
            fell,
        }
    }

    fn take_stable(
        &mut self,
        read: &Result<Offset, Why>,
        asked: Timestamp,
        answered: Timestamp,
    ) -> bool {
        let before = self.stable.offset();
        let changed = self.stable.take(read, asked, answered);
        if self.stable.offset() != before {
            self.stable_moved_at = Some(answered);
        }
        changed
    }

    fn answers(&self) -> impl Iterator<Item = Timestamp> {
        [&self.start, &self.end, &self.stable]
            .into_iter()
            .filter(|f| f.failed.is_none())
            .filter_map(|f| f.good.map(|g| g.answered))
    }

    /// Records a second coming in, over the window that ends at the last read; and whether that
    /// may change although nothing moves.
    fn arrival_rate(&self) -> (Option<f64>, bool) {
        let Some(last) = self.history.last() else {
            return (None, true);
        };
        let from = last.answered - RATE_WINDOW;
        let points = self.history.since(from);
        let mut samples = in_seconds(points.iter().map(|p| (p.answered, p.offset as f64)));
        if let [left, right, ..] = samples.as_mut_slice() {
            // The point before the window stands for the log end as the window began.
            let edge = (from - points[0].answered).as_secs_f64();
            if left.0 < edge && right.0 > edge {
                left.1 += (right.1 - left.1) * (edge - left.0) / (right.0 - left.0);
                left.0 = edge;
            }
        }
        let rate = decayed_rate(&samples, decay(Span::ZERO));
        (rate, rate != Some(0.0))
    }

    fn snapshot(&self, rate: Option<f64>, now: &mut Now) -> TopicPartition {
        let log_end_offset = self.end.reading(now);
        TopicPartition {
            partition: self.partition,
            leader: self.leader,
            replicas: self.replicas,
            log_start_offset: self.start.reading(now),
            // Not asked for where it cannot differ: then it is the log end.
            last_stable_offset: if self.stable.good.is_none() && self.stable.failed.is_none() {
                log_end_offset.clone()
            } else {
                self.stable.reading(now)
            },
            arrival_rate: as_sure_as(rate_reading(rate), &log_end_offset),
            log_end_offset,
        }
    }
}
