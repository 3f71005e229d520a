//! One group's commits on one partition, as facts: where the commit stands, since when, and what
//! was odd about it.

use serde::{Deserialize, Serialize};

use crate::model::{Offset, PartitionId, Reading, Span, Status, Timestamp, Why};

use super::fact::staleness;
use super::now::Now;
use super::rate::Sample;
use super::topic::Partition;

/// Points of the commit's way that are kept.
const MOVES: usize = 12;

/// What is known of the commit itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Commit {
    /// Not read yet.
    NotRead,
    /// There is none, and never was one since we look.
    Never,
    /// There was one.
    Expired(Offset),
    /// There is one.
    At(Offset),
}

/// A commit that went back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Rewind {
    pub(super) at: Timestamp,
    pub(super) from: Offset,
    pub(super) to: Offset,
    pub(super) to_log_start: bool,
}

/// What a read changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Took {
    /// Something that a snapshot shows may be different.
    pub(super) changed: bool,
    /// The commit moved on or back.
    pub(super) moved: bool,
    /// A loss was seen once: a second read should confirm it.
    pub(super) confirm: bool,
}

/// A row's facts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) partition: PartitionId,
    pub(super) commit: Commit,
    pub(super) asked: Timestamp,
    pub(super) answered: Timestamp,
    pub(super) failed: Option<Box<Why>>,
    /// Index into the group's members.
    pub(super) owner: Option<u32>,
    pub(super) first_seen: Timestamp,
    /// When the commit was last seen to move.
    pub(super) moved_at: Option<Timestamp>,
    /// Where it stood when it moved, oldest first; begins with the first sight.
    moves: Vec<(Timestamp, Offset)>,
    /// Reads in a row in which the commit lay below the log start.
    pub(super) below_start: u8,
    /// It lay below at first sight.
    pub(super) below_at_first_sight: bool,
    /// In an earlier pair of reads in the right order, it lay beyond the log end.
    pub(super) beyond_end_before: bool,
    pub(super) rewind: Option<Box<Rewind>>,
    /// The status as last shown, and since when.
    pub(super) status: Option<(Status, Timestamp)>,
}

impl Row {
    pub(super) fn new(partition: PartitionId, at: Timestamp) -> Self {
        Self {
            partition,
            commit: Commit::NotRead,
            asked: at,
            answered: at,
            failed: None,
            owner: None,
            first_seen: at,
            moved_at: None,
            moves: Vec::new(),
            below_start: 0,
            below_at_first_sight: false,
            beyond_end_before: false,
            rewind: None,
            status: None,
        }
    }

    /// Takes in a read; of moves closer than `spacing` only the newer is kept. One that was asked before the stored one changes nothing.
    pub(super) fn take(
        &mut self,
        read: &Result<Option<Offset>, Why>,
        asked: Timestamp,
        answered: Timestamp,
        log: Option<&Partition>,
        spacing: Span,
    ) -> Took {
        if self.commit != Commit::NotRead && self.asked > asked {
            return Took::default();
        }
        let offset = match read {
            Ok(offset) => *offset,
            Err(why) => {
                let changed = self.failed.as_deref() != Some(why);
                self.failed = Some(Box::new(why.clone()));
                return Took {
                    changed,
                    ..Took::default()
                };
            }
        };
        let healed = self.failed.take().is_some();
        let before = self.commit;
        let stood_beyond = self.stands_beyond(log);
        self.commit = next(before, offset);
        let moved = self.note_move(before, answered, log, spacing);
        self.beyond_end_before = stood_beyond && self.commit == before;
        let confirm = self.note_loss(before, asked, log);
        (self.asked, self.answered) = (asked, answered);
        Took {
            changed: healed || self.commit != before || confirm.is_some(),
            moved,
            confirm: confirm == Some(1),
        }
    }

    /// Whether the commit, as read last, lay beyond a log end that was asked for after it.
    pub(super) fn stands_beyond(&self, log: Option<&Partition>) -> bool {
        match (self.commit, log.and_then(|l| l.end.good)) {
            (Commit::At(c), Some(end)) => c > end.offset && end.asked >= self.answered,
            _ => false,
        }
    }

    fn note_move(
        &mut self,
        before: Commit,
        answered: Timestamp,
        log: Option<&Partition>,
        spacing: Span,
    ) -> bool {
        let Commit::At(to) = self.commit else {
            return false;
        };
        let moved = match before {
            Commit::At(from) | Commit::Expired(from) => from != to,
            Commit::Never => true,
            Commit::NotRead => {
                self.push_move(answered, to, spacing);
                false
            }
        };
        if moved {
            if let Commit::At(from) = before {
                self.note_rewind(from, to, answered, log);
            }
            self.moved_at = Some(answered);
            self.push_move(answered, to, spacing);
        }
        moved
    }

    fn note_rewind(&mut self, from: Offset, to: Offset, at: Timestamp, log: Option<&Partition>) {
        if let Some(rewind) = &mut self.rewind {
            if to >= rewind.from {
                self.rewind = None;
            }
            return;
        }
        // Less than one commit's worth is a consumer that re-reads after a restart.
        let usual_step = self
            .moves
            .windows(2)
            .map(|w| w[1].1 - w[0].1)
            .max()
            .unwrap_or(0);
        if from - to > usual_step.max(0) {
            let start = log.and_then(|l| l.start.offset());
            self.rewind = Some(Box::new(Rewind {
                at,
                from,
                to,
                to_log_start: start == Some(to),
            }));
            self.moves.clear();
        }
    }

    /// Points closer than `spacing` are one: the newer. So a fast committer's points reach back as
    /// far as a slow one's.
    fn push_move(&mut self, at: Timestamp, offset: Offset, spacing: Span) {
        if self.moves.last().is_some_and(|last| last.1 > offset) {
            self.moves.clear();
        }
        if let [.., before, last] = self.moves.as_mut_slice()
            && last.0 - before.0 < spacing
        {
            *last = (at, offset);
            return;
        }
        if self.moves.len() == MOVES {
            self.moves.remove(0);
        }
        self.moves.push((at, offset));
    }

    /// Counts reads below the log start, in the right order only: start answered before the commit
    /// was asked for. `Some(n)` when the count changed.
    fn note_loss(
        &mut self,
        before: Commit,
        asked: Timestamp,
        log: Option<&Partition>,
    ) -> Option<u8> {
        let start = log.and_then(|l| l.start.good);
        let below = match (self.commit, start) {
            (Commit::At(c), Some(start)) if start.answered <= asked => c < start.offset,
            _ => false,
        };
        let count = if below {
            self.below_start.saturating_add(1).min(2)
        } else {
            0
        };
        if below && before == Commit::NotRead {
            self.below_at_first_sight = true;
        } else if !below {
            self.below_at_first_sight = false;
        }
        (count != std::mem::replace(&mut self.below_start, count)).then_some(count)
    }

    /// Forgets what hangs on a log that is no more.
    pub(super) fn wipe(&mut self) {
        self.moves.clear();
        self.below_start = 0;
        self.beyond_end_before = false;
        self.rewind = None;
    }

    /// The commit, if there is one.
    pub(super) fn offset(&self) -> Option<Offset> {
        match self.commit {
            Commit::At(c) => Some(c),
            _ => None,
        }
    }

    /// The commit with its honesty; `group_failed`: the whole group's read failed.
    pub(super) fn committed(&self, group_failed: Option<&Why>, now: &mut Now) -> Reading<Offset> {
        let why = match self.commit {
            Commit::At(offset) => {
                let failed = self.failed.as_deref().or(group_failed);
                return staleness(failed, self.answered, now)
                    .map_or(Reading::Known(offset), |s| s.reading(offset));
            }
            Commit::NotRead => self
                .failed
                .as_deref()
                .or(group_failed)
                .cloned()
                .unwrap_or(Why::NOT_READ_YET),
            Commit::Never => Why::NEVER_COMMITTED,
            Commit::Expired(_) => Why::COMMIT_EXPIRED,
        };
        Reading::unknown(why)
    }

    /// The longest pause between kept points: what is usual for a partition that is committed more
    /// rarely than its group.
    pub(super) fn longest_pause(&self) -> Span {
        let pauses = self.moves.windows(2).map(|w| w[1].0 - w[0].0);
        pauses.max().unwrap_or(Span::ZERO)
    }

    /// Where the commit stood, over the window that ends at the last read: as the window began,
    /// at each move in it, and at its end. `spacing` is that with which reads were taken.
    pub(super) fn samples(&self, window: Span, spacing: Span) -> Vec<(Timestamp, Offset)> {
        let Some(offset) = self.offset() else {
            return Vec::new();
        };
        let from = self.answered - window;
        let first = self.moves.partition_point(|m| m.0 < from).saturating_sub(1);
        let mut samples = self.moves.get(first..).unwrap_or_default().to_vec();
        let next = samples.get(1).map_or(self.answered, |m| m.0);
        if let Some(edge) = samples.first_mut()
            && edge.0 < from
            && next - edge.0 > spacing.times(2)
        {
            // A pause, not a gap between kept points: it stood there as the window began.
            edge.0 = from;
        }
        if samples.last().is_none_or(|last| last.0 < self.answered) {
            samples.push((self.answered, offset));
        }
        samples
    }
}

fn next(before: Commit, read: Option<Offset>) -> Commit {
    match (before, read) {
        (_, Some(offset)) => Commit::At(offset),
        (Commit::At(last) | Commit::Expired(last), None) => Commit::Expired(last),
        (Commit::NotRead | Commit::Never, None) => Commit::Never,
    }
}

/// Instants as seconds from the first, for slopes.
pub(super) fn in_seconds(samples: &[(Timestamp, f64)]) -> Vec<Sample> {
    let Some(first) = samples.first() else {
        return Vec::new();
    };
    samples
        .iter()
        .map(|(t, v)| ((*t - first.0).as_secs_f64(), *v))
        .collect()
}
