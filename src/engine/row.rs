//! One group's commits on one partition, as facts: where the commit stands, since when, and what
//! was odd about it.

use serde::{Deserialize, Serialize};

use crate::model::{Offset, PartitionId, Reading, Span, Status, Timestamp, Why};

use super::fact::staleness;
use super::moves::Moves;
use super::now::Now;
use super::rate::Sample;
use super::silence::SESSION_GAP;
use super::topic::Partition;

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
    /// It was answered, and by no older read than the one before.
    pub(super) fresh: bool,
    /// The commit moved on or back.
    pub(super) moved: bool,
    /// Since when something had lain unread, where it had stood for long.
    pub(super) waiting: Option<Timestamp>,
    /// A loss was seen once: a second read should confirm it.
    pub(super) confirm: bool,
    /// Records that have newly been found to be lost.
    pub(super) lost: i64,
    /// It went back, this far.
    pub(super) went_back: Option<(Offset, Offset)>,
    /// Records between the commits that retention had taken: nobody read them.
    pub(super) skipped: i64,
    /// It went ahead to the log end at one stroke, from here to there: further than anybody was seen
    /// to read.
    pub(super) leapt: Option<(Offset, Offset)>,
    /// The silence that ended was one of which it had been said that it is none of the usual ones.
    pub(super) was_stuck: bool,
}

/// A read of a commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommitAt<'a> {
    pub(super) offset: &'a Result<Option<Offset>, Why>,
    /// When it was committed, where that is told.
    pub(super) committed_at: Option<Timestamp>,
    pub(super) asked: Timestamp,
    pub(super) answered: Timestamp,
    /// Whether its log loses records by itself, by age or by size: else those that are gone were
    /// deleted by somebody, who may have read them.
    pub(super) expires: bool,
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
    /// Where it stood when it moved; begins with the first sight.
    moves: Moves,
    /// Reads in a row in which the commit lay below the log start.
    pub(super) below_start: u8,
    /// It lay below at first sight.
    pub(super) below_at_first_sight: bool,
    /// In an earlier pair of reads in the right order, it lay beyond the log end.
    pub(super) beyond_end_before: bool,
    pub(super) rewind: Option<Box<Rewind>>,
    /// Up to here, what was lost has been counted.
    lost_to: Option<Box<Offset>>,
    /// How often another member came to own it since its commit last moved.
    pub(super) owner_changes: u8,
    /// A mark of the member that owned it last.
    last_owner: u32,
    /// It was made on a log that is no more, and has not moved since.
    #[serde(default)]
    of_old_log: bool,
    /// It was seen to move often enough to show how long it pauses.
    has_rhythm: bool,
    /// It was said to be stopped or stalled, and has not moved since.
    #[serde(default)]
    pub(super) stuck: bool,
    /// The longest pause between two moves of late in which something lay unread, in milliseconds.
    pause: u32,
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
            moves: Moves::default(),
            below_start: 0,
            below_at_first_sight: false,
            beyond_end_before: false,
            rewind: None,
            of_old_log: false,
            lost_to: None,
            owner_changes: 0,
            last_owner: 0,
            has_rhythm: false,
            stuck: false,
            pause: 0,
            status: None,
        }
    }

    /// Takes in a read; of moves closer than `spacing` only the newer is kept. One that was asked
    /// before the stored one changes nothing.
    pub(super) fn take(
        &mut self,
        read: CommitAt<'_>,
        log: Option<&Partition>,
        spacing: Span,
    ) -> Took {
        if self.commit != Commit::NotRead && self.asked > read.asked {
            return Took::default();
        }
        let offset = match read.offset {
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
        // A commit's own time says more than the poll that met it, if it can be true.
        let earliest = if before == Commit::NotRead {
            read.answered
        } else {
            self.asked
        };
        let at = read
            .committed_at
            .filter(|t| (earliest..=read.answered).contains(t))
            .unwrap_or(read.answered);
        let rewound_to = self.rewind.as_ref().map(|r| r.to);
        let waiting = if self.commit == before {
            None
        } else {
            self.waiting(before, at, log)
        };
        // From where no record was, nothing is passed over.
        let led_nowhere = self.of_old_log || stood_beyond;
        let passed = Passed {
            from: if led_nowhere { Commit::NotRead } else { before },
            waited: waiting.map_or(Span::ZERO, |since| at - since),
            elapsed: at - self.answered,
            counted: self.lost_to.as_deref().copied(),
            confirmed: self.below_start > 1,
            reach: self.moves.most_within(at - self.answered),
        };
        let was_stuck = self.stuck;
        let moved = self.note_move(before, at, (log, stood_beyond), spacing);
        if moved {
            self.note_pause(at, waiting);
            self.has_rhythm |= self.moves.len() > 2;
        }
        self.beyond_end_before = stood_beyond && self.commit == before;
        let confirm = self.note_loss(before, read.asked, log);
        (self.asked, self.answered) = (read.asked, read.answered);
        let went_back = self.rewind.as_ref().filter(|r| Some(r.to) != rewound_to);
        let from = if let Commit::At(from) = before {
            Some(from)
        } else {
            None
        };
        let went_back = went_back.and_then(|r| Some((from?, r.to)));
        Took {
            changed: healed || self.commit != before || confirm.is_some(),
            fresh: true,
            moved,
            waiting: waiting.filter(|_| moved),
            confirm: confirm == Some(1),
            lost: self.newly_lost(log) + passed.lost(self.offset(), log, read.expires),
            went_back,
            skipped: passed.skipped(self.offset(), log, read.expires),
            leapt: passed.leapt(self.offset(), log),
            was_stuck,
        }
    }

    /// Takes in a read that says what the last one said, of a commit that lies within a log that has
    /// not moved since: nothing is new but the times. False: it may be more than that.
    pub(super) fn is_told_again(
        &mut self,
        offset: &Result<Option<Offset>, Why>,
        (asked, answered): (Timestamp, Timestamp),
    ) -> bool {
        let again = match (self.commit, offset) {
            (Commit::At(before), Ok(Some(now))) => before == *now,
            (Commit::Never | Commit::Expired(_), Ok(None)) => true,
            _ => false,
        };
        let again = again && self.failed.is_none() && self.asked <= asked;
        if again {
            (self.asked, self.answered) = (asked, answered);
        }
        again
    }

    /// The commit, if there is one, lies between log start and log end, and so it did when it was
    /// read before.
    pub(super) fn lies_within(&self, log: Option<&Partition>) -> bool {
        let odd = self.below_start > 0
            || self.below_at_first_sight
            || self.beyond_end_before
            || self.lost_to.is_some();
        let (Some(c), false) = (self.offset(), odd) else {
            return !odd;
        };
        let Some(log) = log else {
            return true;
        };
        log.start.offset().is_none_or(|start| start <= c)
            && log.end.offset().is_none_or(|end| c <= end)
    }

    /// Whether the commit, as read last, lay beyond a log end that was asked for after it.
    pub(super) fn stands_beyond(&self, log: Option<&Partition>) -> bool {
        match (self.commit, log.and_then(|l| l.end.good)) {
            (Commit::At(c), Some(end)) => c > end.offset && end.asked >= self.answered,
            _ => false,
        }
    }

    /// Since when something lay unread without its being read, if it stood for long.
    fn waiting(&self, before: Commit, at: Timestamp, log: Option<&Partition>) -> Option<Timestamp> {
        let stood = self.moved_at.unwrap_or(self.first_seen);
        if at - stood <= SESSION_GAP {
            return None;
        }
        let came = match before {
            Commit::At(from) => log
                .and_then(|l| l.history.bracket(from))
                .map(|b| b.until.when),
            _ => None,
        };
        Some(came.map_or(stood, |came| came.clamp(stood, at)))
    }

    /// A pause in which nobody looked is none. The longest is forgotten by and by.
    fn note_pause(&mut self, at: Timestamp, waiting: Option<Timestamp>) {
        let pause = at - waiting.unwrap_or(at);
        let looked = (at - self.answered).times(2) <= pause;
        let pause = if looked { pause } else { Span::ZERO };
        let pause = u32::try_from(pause.as_millis()).unwrap_or(0);
        self.pause = pause.max(self.pause - self.pause.div_ceil(8));
    }

    fn note_move(
        &mut self,
        before: Commit,
        at: Timestamp,
        (log, stood_beyond): (Option<&Partition>, bool),
        spacing: Span,
    ) -> bool {
        let Commit::At(to) = self.commit else {
            return false;
        };
        let moved = match before {
            Commit::At(from) | Commit::Expired(from) => from != to,
            Commit::Never => true,
            Commit::NotRead => {
                self.moves.push(at, to, spacing, true);
                false
            }
        };
        if moved {
            // From where no record was, nothing is read again.
            let led_nowhere = std::mem::take(&mut self.of_old_log) || stood_beyond;
            match before {
                Commit::At(from) if !led_nowhere => self.note_rewind(from, to, at, log),
                Commit::At(_) => self.rewind = None,
                _ => {}
            }
            self.moved_at = Some(at);
            self.stuck = false;
            self.owner_changes = 0;
            let well = self.status.is_none_or(|(status, _)| status >= Status::Ok);
            self.moves.push(at, to, spacing, well);
        }
        moved
    }

    fn note_rewind(&mut self, from: Offset, to: Offset, at: Timestamp, log: Option<&Partition>) {
        if self.rewind.as_ref().is_some_and(|rewind| to >= rewind.from) {
            self.rewind = None;
            return;
        }
        // One that is still on its way back up goes back anew only below where it began.
        let deeper = self.rewind.as_ref().map(|rewind| to < rewind.to);
        // Less than one commit's worth is a consumer that re-reads after a restart.
        let far = from.saturating_sub(to) > self.moves.longest_step().max(1);
        if deeper.unwrap_or(far) {
            let start = log.and_then(|l| l.start.offset());
            self.rewind = Some(Box::new(Rewind {
                at,
                from: self.rewind.as_ref().map_or(from, |rewind| rewind.from),
                to,
                to_log_start: start == Some(to),
            }));
            self.moves.clear();
        }
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

    /// Records that a confirmed loss has taken and that were not counted yet. What lay below the
    /// log start when first seen is no event: it counts as counted.
    fn newly_lost(&mut self, log: Option<&Partition>) -> i64 {
        let (Commit::At(c), Some(start)) = (self.commit, log.and_then(|l| l.start.offset())) else {
            return 0;
        };
        if self.below_start == 0 {
            self.lost_to = None;
            return 0;
        }
        let counted = match self.lost_to.as_deref() {
            Some(counted) => *counted,
            None if self.below_at_first_sight => start,
            None if self.below_start < 2 => return 0,
            None => c,
        };
        let lost = start.saturating_sub(counted.max(c)).max(0);
        if lost > 0 || self.lost_to.is_none() {
            self.lost_to = Some(Box::new(counted.max(start)));
        }
        lost
    }

    /// A member owns it, by a mark of its id (never 0).
    pub(super) fn owned_by(&mut self, mark: u32) {
        if self.last_owner != mark {
            if self.last_owner != 0 {
                self.owner_changes = self.owner_changes.saturating_add(1);
            }
            self.last_owner = mark;
        }
    }

    /// The clock was set back by about `by`, to `at`: how long it pauses is all that is still known.
    pub(super) fn set_back(&mut self, at: Timestamp, by: Span) {
        *self = Self {
            has_rhythm: self.has_rhythm,
            pause: self.pause,
            last_owner: self.last_owner,
            status: self.status.map(|(status, since)| (status, since - by)),
            ..Self::new(self.partition, at)
        };
    }

    /// Forgets what hangs on a log that is no more.
    pub(super) fn wipe(&mut self) {
        self.moves.clear();
        self.below_start = 0;
        self.beyond_end_before = false;
        self.rewind = None;
        self.of_old_log = true;
        self.lost_to = None;
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

    /// Whether it was seen to move often enough to show how long it pauses.
    pub(super) fn has_rhythm(&self) -> bool {
        self.has_rhythm
    }

    /// The longest time for which it lately let records lie: what is usual for a partition that is
    /// committed more rarely than its group.
    pub(super) fn longest_pause(&self) -> Span {
        Span::from_millis(self.pause.into())
    }

    /// Where the commit stood, over the window that ends at the last read: as the window began,
    /// at each move in it, and at its end. `spacing` is that with which reads were taken.
    ///
    /// Whoever commits each `pace` is behind by a pace's records more just before a commit than just
    /// after it: where that is minutes, points are taken as it moved, and its ends only where it stood for
    /// longer than that. (In the shortest window, more points say more than fewer without that saw.)
    pub(super) fn samples(
        &self,
        window: Span,
        spacing: Span,
        pace: Span,
    ) -> Vec<(Timestamp, Offset)> {
        let Some(offset) = self.offset() else {
            return Vec::new();
        };
        let from = self.answered - window;
        let mut samples = self.moves.since(from);
        let next = samples.get(1).map_or(self.answered, |m| m.0);
        // The members of a group commit in turn: each of its partitions less often than the group.
        let pace = pace.max(self.moves.pace());
        let pause = if pace < RARE {
            Span::ZERO
        } else {
            pace + Span::from_millis(pace.as_millis() / 2)
        };
        if let Some(edge) = samples.first_mut()
            && edge.0 < from
            && next - edge.0 > spacing.times(2).max(pause)
        {
            // A pause, not a gap between kept points: it stood there as the window began.
            edge.0 = from;
        }
        // A few of them show how far apart its commits are.
        let few = samples.len() < MOVES_ENOUGH;
        let stands = |last: Timestamp| few || self.answered - last > pause;
        if samples
            .last()
            .is_none_or(|last| last.0 < self.answered && stands(last.0))
        {
            samples.push((self.answered, offset));
        }
        samples
    }
}

/// Commits further apart than this are rare.
const RARE: Span = Span::from_secs(120);
/// Of so many points the last needs no other beside it.
const MOVES_ENOUGH: usize = 4;
/// Nobody reads so many times as much as ever before at one stroke.
const BEYOND: i64 = 3;
/// So much further than anybody was seen to read is worth telling of.
const FAR: i64 = 10;
/// Where nobody was seen to read, so many records a second are.
const FAST: i64 = 1_000;
/// What is younger may well be read at one stroke.
const OLD: Span = Span::from_secs(300);

/// What a commit passed over from one read to the next.
#[derive(Clone, Copy, Debug)]
struct Passed {
    from: Commit,
    /// For how long what came after the first commit had been waiting.
    waited: Span,
    /// Since the last read.
    elapsed: Span,
    /// Up to here, losses have been counted.
    counted: Option<Offset>,
    /// It was seen to lie below the log start twice.
    confirmed: bool,
    /// The most that it was seen to move in as long; `None`: too little was seen.
    reach: Option<i64>,
}

impl Passed {
    fn ends(&self, to: Option<Offset>) -> Option<(Offset, Offset)> {
        match self.from {
            Commit::At(from) => to.filter(|to| *to > from).map(|to| (from, to)),
            _ => None,
        }
    }

    /// Records that it passed over because they were gone. Between two reads a consumer may have read
    /// on, and what it had read been deleted: unless it landed on the log start after it had stood, or
    /// went further than it can have read.
    fn skipped(&self, to: Option<Offset>, log: Option<&Partition>, expires: bool) -> i64 {
        let start = log.and_then(|l| l.start.offset());
        let (Some((from, to)), Some(start)) = (self.ends(to), start) else {
            return 0;
        };
        let gone = (start.min(to) - from).max(0);
        let looked = self.elapsed.times(2) <= self.waited;
        let landed = looked && to == start;
        let far = self.reach.is_some_and(|r| gone > r.saturating_mul(BEYOND));
        if self.confirmed || (expires && (landed || far)) {
            gone
        } else {
            0
        }
    }

    /// Of these, the ones that were not counted yet.
    fn lost(&self, to: Option<Offset>, log: Option<&Partition>, expires: bool) -> i64 {
        let Some((from, _)) = self.ends(to) else {
            return 0;
        };
        let counted = self.counted.map_or(0, |counted| (counted - from).max(0));
        (self.skipped(to, log, expires) - counted).max(0)
    }

    /// From where to where it went at one stroke, although what lay there had waited for long, to the
    /// end of all that had come.
    fn leapt(&self, to: Option<Offset>, log: Option<&Partition>) -> Option<(Offset, Offset)> {
        let (from, to) = self.ends(to)?;
        let end = log.and_then(|l| l.end.offset())?;
        let unseen = FAST.saturating_mul(self.elapsed.as_millis() / 1000 + 1);
        let reach = self.reach.unwrap_or(unseen).max(1);
        let far = to - from > reach.saturating_mul(FAR);
        let looked = self.elapsed.times(2) <= self.waited;
        (far && looked && self.waited >= OLD && to >= end).then_some((from, to))
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
pub(super) fn in_seconds(samples: impl Iterator<Item = (Timestamp, f64)>) -> Vec<Sample> {
    let mut first = None;
    samples
        .map(|(t, v)| ((t - *first.get_or_insert(t)).as_secs_f64(), v))
        .collect()
}
