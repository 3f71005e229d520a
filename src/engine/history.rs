//! When a partition's log end stood where: one history per partition, shared by all groups.
//!
//! In: log ends with the times of their reads. Out: between which instants a record was appended.
//! Of two reads of the log end, the records in between were appended after the first was asked and
//! at the latest when the second was answered. Never more than [`CAP`] points; thinned by age, so
//! that a bracket's width stays in proportion to how long ago it was.

use serde::{Deserialize, Serialize};

use crate::model::{Offset, Timestamp};

/// Most points that are kept.
const CAP: usize = 192;
/// Points at which thinning starts.
const THIN_AT: usize = 160;
/// Gaps may grow to this share of their age.
const RATIO: f64 = 0.05;

/// The log end stood at `offset` at some instant between `asked` and `answered`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Point {
    pub(super) asked: Timestamp,
    pub(super) answered: Timestamp,
    pub(super) offset: Offset,
}

/// Points in order of time; offsets never fall.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct EndHistory {
    points: Vec<Point>,
}

/// Between which instants a record was appended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bracket {
    /// Not before; `None`: older than the history.
    pub(super) after: Option<Timestamp>,
    /// Not after.
    pub(super) until: Timestamp,
    /// The best guess: linear between the two reads.
    pub(super) guess: Timestamp,
}

impl EndHistory {
    /// Takes in a read. Late ones find their place; ones that contradict their neighbours are left
    /// out (the caller wipes the history when the log end falls).
    pub(super) fn push(&mut self, point: Point) {
        let place = self.points.partition_point(|p| p.asked <= point.asked);
        if place < self.points.len() {
            self.insert_late(place, point);
            return;
        }
        if let [.., before, last] = self.points.as_mut_slice()
            && before.offset == point.offset
            && last.offset == point.offset
        {
            // A flat stretch needs its two edges only; this read moves the right one.
            *last = point;
            return;
        }
        self.points.push(point);
        if self.points.len() > THIN_AT {
            self.thin(point.asked);
        }
    }

    fn insert_late(&mut self, place: usize, point: Point) {
        let fits_before = place == 0 || self.points[place - 1].offset <= point.offset;
        if fits_before && point.offset <= self.points[place].offset {
            self.points.insert(place, point);
            if self.points.len() > CAP {
                let newest = self.points[self.points.len() - 1].asked;
                self.thin(newest);
            }
        }
    }

    /// Forgets everything: the log is another one now.
    pub(super) fn wipe(&mut self) {
        self.points.clear();
    }

    /// The oldest point.
    pub(super) fn first(&self) -> Option<Point> {
        self.points.first().copied()
    }

    /// The newest point.
    pub(super) fn last(&self) -> Option<Point> {
        self.points.last().copied()
    }

    /// The points at or after `from`, and the one before them.
    pub(super) fn since(&self, from: Timestamp) -> &[Point] {
        let first = self.points.partition_point(|p| p.asked < from);
        &self.points[first.saturating_sub(1)..]
    }

    /// When the record at `offset` was appended; `None` when it is not known to be.
    pub(super) fn bracket(&self, offset: Offset) -> Option<Bracket> {
        let above = self.points.partition_point(|p| p.offset <= offset);
        let upper = self.points.get(above)?;
        let lower = above.checked_sub(1).map(|i| self.points[i]);
        let guess = lower.map_or(upper.answered, |lower| {
            let share = (offset - lower.offset) as f64 / (upper.offset - lower.offset) as f64;
            let width = (upper.answered - lower.asked).as_millis() as f64;
            Timestamp::from_millis(lower.asked.as_millis() + (share * width) as i64)
        });
        Some(Bracket {
            after: lower.map(|l| l.asked),
            until: upper.answered,
            guess,
        })
    }

    /// Where the log end stood at `t`, by a line between the reads round it; the edges beyond.
    pub(super) fn end_at(&self, t: Timestamp) -> Option<f64> {
        let after = self.points.partition_point(|p| p.answered < t);
        let (Some(right), Some(left)) = (
            self.points.get(after),
            after.checked_sub(1).and_then(|i| self.points.get(i)),
        ) else {
            let edge = if after == 0 {
                self.points.first()
            } else {
                self.points.last()
            };
            return edge.map(|p| p.offset as f64);
        };
        let width = (right.answered - left.answered).as_millis() as f64;
        let share = (t - left.answered).as_millis() as f64 / width.max(1.0);
        Some(left.offset as f64 + share * (right.offset - left.offset) as f64)
    }

    /// Leaves out points whose neighbours are close for their age; at the cap, ever more of them.
    fn thin(&mut self, newest: Timestamp) {
        let mut ratio = RATIO;
        loop {
            self.thin_to(newest, ratio);
            if self.points.len() <= THIN_AT * 3 / 4 || ratio > 2.0 {
                break;
            }
            ratio *= 1.3;
        }
        if self.points.len() > CAP {
            self.points.drain(..self.points.len() - CAP);
        }
    }

    fn thin_to(&mut self, newest: Timestamp, ratio: f64) {
        let count = self.points.len();
        let mut kept = Vec::with_capacity(count);
        for (i, point) in self.points.iter().enumerate() {
            // The newest dozen stay for rates, and the oldest for its reach.
            let edge = i == 0 || i + 12 >= count;
            let keep = edge || {
                let before: &Point = &kept[kept.len() - 1];
                let gap = (self.points[i + 1].asked - before.asked).as_secs_f64();
                gap > ratio * (newest - point.asked).as_secs_f64()
            };
            if keep {
                kept.push(*point);
            }
        }
        self.points = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn point(secs: i64, offset: Offset) -> Point {
        Point {
            asked: at(secs),
            answered: at(secs + 1),
            offset,
        }
    }

    #[test]
    fn a_record_lies_between_the_reads_round_it() {
        let mut h = EndHistory::default();
        for (t, o) in [(0, 100), (10, 200), (20, 200), (30, 200), (40, 300)] {
            h.push(point(t, o));
        }
        let b = h.bracket(150).unwrap();
        assert_eq!((b.after, b.until), (Some(at(0)), at(11)));
        // After a flat stretch, the right edge of it counts.
        let b = h.bracket(200).unwrap();
        assert_eq!((b.after, b.until), (Some(at(30)), at(41)));
        // Older than all reads: open on the one side, never guessed beyond it.
        assert_eq!(h.bracket(50).unwrap().after, None);
        // Not written yet.
        assert_eq!(h.bracket(300), None);
    }

    #[test]
    fn a_late_read_finds_its_place_and_a_contradiction_does_not() {
        let mut h = EndHistory::default();
        h.push(point(0, 100));
        h.push(point(20, 300));
        h.push(point(10, 250));
        assert_eq!(h.bracket(250).unwrap().after, Some(at(10)));
        h.push(point(15, 50));
        assert_eq!(h.points.len(), 3);
    }

    proptest! {
        #[test]
        fn brackets_hold_the_truth_and_memory_is_bounded(
            steps in proptest::collection::vec((1_i64..120, 0_i64..500), 1..2000),
        ) {
            // The log end moves in one jump in the middle of each step: truth is known.
            let mut h = EndHistory::default();
            let (mut t, mut end) = (0, 0);
            let mut truth = Vec::new();
            h.push(point(0, 0));
            for (dt, records) in steps {
                t += 2 + dt;
                if records > 0 {
                    truth.push((end, t - dt / 2));
                }
                end += records;
                h.push(point(t, end));
                prop_assert!(h.points.len() <= CAP);
            }
            for (offset, appended) in truth {
                let b = h.bracket(offset).unwrap();
                prop_assert!(b.after.is_none_or(|a| a <= at(appended)));
                prop_assert!(at(appended) <= b.until);
                prop_assert!(b.guess <= b.until && b.after.is_none_or(|a| a <= b.guess));
            }
        }
    }
}
