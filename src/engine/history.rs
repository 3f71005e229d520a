//! When a partition's log end stood where: one history per partition, shared by all groups.
//!
//! In: log ends with the times of their reads. Out: between which instants a record was appended.
//! Of two reads of the log end, the records in between were appended after the first was asked and
//! at the latest when the second was answered. Never more than [`CAP`] points; thinned by age, so
//! that a bracket's width stays in proportion to how long ago it was.

use serde::{Deserialize, Serialize};

use crate::model::{Offset, Span, Timestamp};

use super::packed::Packed;

/// Most points that are kept.
const CAP: usize = 192;
/// Points at which thinning starts.
const THIN_AT: usize = 120;
/// Gaps may grow to this share of their age.
const RATIO: f64 = 0.05;

/// The log end stood at `offset` at some instant between `asked` and `answered`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Point {
    pub(super) asked: Timestamp,
    pub(super) answered: Timestamp,
    pub(super) offset: Offset,
}

/// Points that are not packed: between so many and twice as many, where most questions end.
const AT_HAND: usize = 5;

/// Points in order of time; offsets never fall.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct EndHistory {
    /// The older points, packed.
    old: Packed,
    /// The newest ones; at least two if there are two.
    new: Vec<Point>,
}

/// The log stood at `offset` at about `when`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) when: Timestamp,
    pub(super) offset: Offset,
}

/// Between which reads a record was appended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bracket {
    /// Not before; `None`: older than the history.
    pub(super) after: Option<Edge>,
    /// Not after.
    pub(super) until: Edge,
}

impl Bracket {
    /// The best guess of when the record at `offset` was appended: linear between the edges.
    pub(super) fn guess(&self, offset: Offset) -> Timestamp {
        let Some(after) = self.after else {
            return self.until.when;
        };
        let records = (self.until.offset - after.offset).max(1) as f64;
        let share = ((offset - after.offset) as f64 / records).clamp(0.0, 1.0);
        let width = (self.until.when - after.when).as_millis() as f64;
        Timestamp::from_millis(after.when.as_millis() + (share * width) as i64)
    }
}

impl EndHistory {
    /// Takes in a read. Late ones find their place; ones that contradict their neighbours are left
    /// out (the caller wipes the history when the log end falls). False where it only lengthened the
    /// flat stretch at the end: of what was written before that it says nothing else than before.
    pub(super) fn push(&mut self, point: Point) -> bool {
        if self.last().is_some_and(|last| last.asked > point.asked) {
            self.insert_late(point);
            return true;
        }
        if let [.., before, last] = self.new.as_mut_slice()
            && before.offset == point.offset
            && last.offset == point.offset
        {
            // A flat stretch needs its two edges only; this read moves the right one.
            *last = point;
            return false;
        }
        if self.new.len() == 2 * AT_HAND {
            self.new
                .drain(..AT_HAND)
                .for_each(|point| self.old.push(point));
        }
        if self.new.len() == self.new.capacity() {
            self.new.reserve_exact(AT_HAND);
        }
        self.new.push(point);
        if self.len() > THIN_AT {
            let points = thinned(self.all().collect(), point.asked);
            self.pack(&points);
        }
        true
    }

    fn insert_late(&mut self, point: Point) {
        let mut points: Vec<Point> = self.all().collect();
        let place = points.partition_point(|p| p.asked <= point.asked);
        let fits_before = place == 0 || points[place - 1].offset <= point.offset;
        if fits_before && point.offset <= points[place].offset {
            points.insert(place, point);
            if points.len() > CAP {
                let newest = points[points.len() - 1].asked;
                points = thinned(points, newest);
            }
            self.pack(&points);
        }
    }

    /// Keeps these points instead.
    fn pack(&mut self, points: &[Point]) {
        let old = points.len().saturating_sub(AT_HAND);
        self.old = points[..old].iter().copied().collect();
        self.new.clear();
        self.new.extend_from_slice(&points[old..]);
    }

    /// Forgets everything: the log is another one now.
    pub(super) fn wipe(&mut self) {
        *self = Self::default();
    }

    fn len(&self) -> usize {
        self.old.len() + self.new.len()
    }

    /// All points, oldest first.
    fn all(&self) -> impl Iterator<Item = Point> + '_ {
        self.old.iter().chain(self.new.iter().copied())
    }

    /// The oldest point.
    pub(super) fn first(&self) -> Option<Point> {
        self.all().next()
    }

    /// The newest point.
    pub(super) fn last(&self) -> Option<Point> {
        self.new.last().copied()
    }

    /// The points at or after `from`, and the one before them.
    pub(super) fn since(&self, from: Timestamp) -> Vec<Point> {
        let mut points = Vec::with_capacity(2 * AT_HAND);
        let at_hand = self.new.first().is_none_or(|first| first.asked < from);
        let old = (!at_hand).then(|| self.old.iter());
        for point in old.into_iter().flatten().chain(self.new.iter().copied()) {
            if point.asked < from {
                points.clear();
            }
            points.push(point);
        }
        points
    }

    /// When the record at `offset` was appended; `None` when it is not known to be.
    pub(super) fn bracket(&self, offset: Offset) -> Option<Bracket> {
        let (lower, upper) = self.round(|p| p.offset <= offset);
        let upper = upper?;
        Some(Bracket {
            after: lower.map(|l| Edge {
                when: l.asked,
                offset: l.offset,
            }),
            until: Edge {
                when: upper.answered,
                offset: upper.offset,
            },
        })
    }

    /// The last point of which `below` is true, and the one after it. It is true of a first part of
    /// the points.
    fn round(&self, below: impl Fn(&Point) -> bool) -> (Option<Point>, Option<Point>) {
        let place = self.new.partition_point(&below);
        if place > 0 {
            return (Some(self.new[place - 1]), self.new.get(place).copied());
        }
        let mut lower = None;
        for point in self.old.iter() {
            if !below(&point) {
                return (lower, Some(point));
            }
            lower = Some(point);
        }
        (lower, self.new.first().copied())
    }

    /// An instant at which records came in for certain: inside of the newest bracket that is no
    /// wider than `width`.
    pub(super) fn sure_instant(&self, width: Span) -> Option<Timestamp> {
        let pairs = self.new.windows(2).rev();
        let mut moved = pairs.filter(|pair| pair[1].offset > pair[0].offset);
        let pair = moved.find(|pair| pair[1].answered - pair[0].asked <= width)?;
        Some(pair[0].answered)
    }

    /// Where the log end stood at `t`, by a line between the reads round it; the edges beyond.
    pub(super) fn end_at(&self, t: Timestamp) -> Option<f64> {
        let (left, right) = match self.round(|p| p.answered < t) {
            (Some(left), Some(right)) => (left, right),
            (edge, other) => return edge.or(other).map(|p| p.offset as f64),
        };
        let width = (right.answered - left.answered).as_millis() as f64;
        let share = (t - left.answered).as_millis() as f64 / width.max(1.0);
        Some(left.offset as f64 + share * (right.offset - left.offset) as f64)
    }
}

/// Leaves out points whose neighbours are close for their age; at the cap, ever more of them.
fn thinned(mut points: Vec<Point>, newest: Timestamp) -> Vec<Point> {
    let mut ratio = RATIO;
    loop {
        points = thinned_to(&points, newest, ratio);
        if points.len() <= THIN_AT * 3 / 4 || ratio > 2.0 {
            break;
        }
        ratio *= 1.3;
    }
    if points.len() > CAP {
        points.drain(..points.len() - CAP);
    }
    points
}

fn thinned_to(points: &[Point], newest: Timestamp, ratio: f64) -> Vec<Point> {
    let count = points.len();
    let mut kept: Vec<Point> = Vec::with_capacity(count);
    for (i, point) in points.iter().enumerate() {
        // The newest dozen stay for rates, and the oldest for its reach.
        let edge = i == 0 || i + 12 >= count;
        let keep = edge || {
            let before = &kept[kept.len() - 1];
            let gap = (points[i + 1].asked - before.asked).as_secs_f64();
            gap > ratio * (newest - point.asked).as_secs_f64()
        };
        if keep {
            kept.push(*point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn when(edge: Option<Edge>) -> Option<Timestamp> {
        edge.map(|e| e.when)
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
        assert_eq!((when(b.after), b.until.when), (Some(at(0)), at(11)));
        // After a flat stretch, the right edge of it counts.
        let b = h.bracket(200).unwrap();
        assert_eq!((when(b.after), b.until.when), (Some(at(30)), at(41)));
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
        assert_eq!(when(h.bracket(250).unwrap().after), Some(at(10)));
        h.push(point(15, 50));
        assert_eq!(h.len(), 3);
    }

    /// Bytes that a history takes, on the heap and by itself.
    fn size(h: &EndHistory) -> usize {
        size_of::<EndHistory>() + h.old.heap() + h.new.capacity() * size_of::<Point>()
    }

    #[test]
    fn a_week_of_a_busy_partition_takes_less_than_its_budget() {
        for (interval, a_second) in [(10, 3), (10, 2_000), (30, 40)] {
            let mut h = EndHistory::default();
            let (mut end, mut most) = (7_000_000_000, 0);
            for t in (0..7 * 86_400).step_by(interval) {
                // Neither reads nor records are regular.
                let noise = (t * 7_919) % 997;
                end += i64::try_from(interval).unwrap() * a_second + noise % 5;
                let asked = Timestamp::from_millis(1_800_000_000_000 + t * 1000 + noise);
                h.push(Point {
                    asked,
                    answered: asked + Span::from_millis(3 + noise % 40),
                    offset: end,
                });
                most = most.max(size(&h));
            }
            println!("{} points, {most} bytes at the most", h.len());
            // What design asks for: 1.3 KiB a partition.
            assert!(most <= 1331, "{most} bytes at {interval} s");
            assert!(h.len() > 60);
        }
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
                prop_assert!(h.len() <= CAP);
            }
            for (offset, appended) in truth {
                let b = h.bracket(offset).unwrap();
                let guess = b.guess(offset);
                prop_assert!(b.after.is_none_or(|a| a.when <= at(appended)));
                prop_assert!(at(appended) <= b.until.when);
                prop_assert!(guess <= b.until.when && b.after.is_none_or(|a| a.when <= guess));
            }
        }
    }
}
