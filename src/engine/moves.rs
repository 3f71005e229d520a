//! Where a commit stood when it moved: the last points of its way, packed.
//!
//! Eight bytes a point. A row that is plainly well keeps few of them, one that is not keeps as many
//! as a robust slope over its window can use. Points closer than a spacing are one, so that a fast
//! committer's points reach back as far as a slow one's.

use serde::{Deserialize, Serialize};

use crate::model::{Offset, Span, Timestamp};

/// Points of a row that is plainly well.
const FEW: usize = 8;
/// Points of any other.
const MANY: usize = 14;
/// Room is made for so many at a time.
const ROOM: usize = 4;

/// Points in order of time; offsets never fall.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Moves {
    /// The newest point.
    last: Option<(Timestamp, Offset)>,
    /// From each point to the next, oldest first: milliseconds and records.
    steps: Vec<(u32, u32)>,
}

impl Moves {
    /// Adds a point. An offset below the last begins a new way.
    pub(super) fn push(
        &mut self,
        at: Timestamp,
        offset: Offset,
        spacing: Span,
        plainly_well: bool,
    ) {
        let Some((last_at, last)) = self.last else {
            self.last = Some((at, offset));
            return;
        };
        let step =
            |ms: i64, records: i64| Some((u32::try_from(ms).ok()?, u32::try_from(records).ok()?));
        let Some(new) = step((at - last_at).as_millis(), offset.saturating_sub(last)) else {
            // Back, or further than a step can tell.
            self.steps.clear();
            self.last = Some((at, offset));
            return;
        };
        self.last = Some((at, offset));
        match self.steps.last_mut() {
            Some(before) if i64::from(before.0) < spacing.as_millis() => {
                let both = step(
                    i64::from(before.0) + i64::from(new.0),
                    i64::from(before.1) + i64::from(new.1),
                );
                match both {
                    Some(both) => *before = both,
                    None => self.steps.clear(),
                }
            }
            _ => {
                let most = if plainly_well { FEW } else { MANY } - 1;
                while self.steps.len() >= most {
                    self.steps.remove(0);
                }
                if self.steps.len() == self.steps.capacity() {
                    self.steps.reserve_exact(ROOM);
                }
                self.steps.push(new);
            }
        }
    }

    /// Forgets all of it.
    pub(super) fn clear(&mut self) {
        self.last = None;
        self.steps.clear();
    }

    /// How many points there are.
    pub(super) fn len(&self) -> usize {
        self.steps.len() + usize::from(self.last.is_some())
    }

    /// The most records between two points.
    pub(super) fn longest_step(&self) -> i64 {
        self.steps.iter().map(|s| i64::from(s.1)).max().unwrap_or(0)
    }

    /// The most that it was seen to move in `elapsed`: at one step, or at the pace of its fastest.
    /// `None` where fewer than two steps are known. Of more than a few the greatest is left out: it may
    /// have gone over records that were deleted.
    pub(super) fn most_within(&self, elapsed: Span) -> Option<i64> {
        if self.steps.len() < 2 {
            return None;
        }
        let elapsed = elapsed.as_millis().max(0) as f64;
        let most = |(ms, records): &(u32, u32)| {
            let paced = f64::from(*records) / f64::from((*ms).max(1)) * elapsed;
            i64::from(*records).max(paced as i64)
        };
        let mut all: Vec<i64> = self.steps.iter().map(most).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.get(usize::from(all.len() >= FEW / 2)).copied()
    }

    /// The middle one of the times between points; zero of fewer than two.
    pub(super) fn pace(&self) -> Span {
        let mut each = [0; MANY];
        let count = self.steps.len().min(MANY);
        let each = &mut each[..count];
        each.iter_mut().zip(&self.steps).for_each(|(e, s)| *e = s.0);
        if count < 2 {
            return Span::ZERO;
        }
        let (_, middle, _) = each.select_nth_unstable(count / 2);
        Span::from_millis(i64::from(*middle))
    }

    /// The points from the last one before `from` on, oldest first, in a list with room for one
    /// more.
    pub(super) fn since(&self, from: Timestamp) -> Vec<(Timestamp, Offset)> {
        let Some((mut at, mut offset)) = self.last else {
            return Vec::new();
        };
        let mut points = Vec::with_capacity(self.steps.len() + 2);
        points.push((at, offset));
        for (ms, records) in self.steps.iter().rev() {
            if at < from {
                break;
            }
            at = at - Span::from_millis(i64::from(*ms));
            offset -= i64::from(*records);
            points.push((at, offset));
        }
        points.reverse();
        points
    }

    /// Bytes on the heap.
    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.steps.capacity() * size_of::<(u32, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    #[test]
    fn points_come_back_as_they_were() {
        let mut moves = Moves::default();
        for t in 0..5 {
            moves.push(at(t * 10), t * 7, Span::from_secs(10), true);
        }
        let all: Vec<_> = (0..5).map(|t| (at(t * 10), t * 7)).collect();
        assert_eq!(moves.since(at(0)), all);
        assert_eq!(moves.since(at(25)), all[2..]);
        assert_eq!(moves.longest_step(), 7);
        moves.push(at(50), 3, Span::from_secs(10), true);
        assert_eq!(moves.since(at(0)), [(at(50), 3)]);
    }

    proptest! {
        #[test]
        fn any_way_is_kept_in_order_and_in_bounds(
            steps in proptest::collection::vec((-5_000_000_000_i64..5_000_000_000, -9_000_000_000..9_000_000_000_i64, any::<bool>()), 0..200),
        ) {
            let mut moves = Moves::default();
            let (mut t, mut o) = (0_i64, 0_i64);
            for (dt, records, well) in steps {
                (t, o) = (t + dt, o + records);
                moves.push(Timestamp::from_millis(t), o, Span::from_secs(12), well);
                let points = moves.since(Timestamp::from_millis(i64::MIN));
                prop_assert!(points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
                prop_assert_eq!(points.last().copied(), Some((Timestamp::from_millis(t), o)));
                prop_assert!(points.len() <= MANY && moves.heap() <= 8 * (MANY + ROOM));
            }
        }
    }

    #[test]
    fn one_leap_over_what_was_deleted_says_nothing_of_how_fast_it_reads() {
        let mut moves = Moves::default();
        let mut offset = 0;
        for t in 0..10 {
            offset += if t == 6 { 12_000 } else { 1_500 };
            let at = Timestamp::from_millis(t * 40_000);
            moves.push(at, offset, Span::from_secs(12), false);
        }
        assert_eq!(moves.most_within(Span::from_secs(10)), Some(1_500));
        assert_eq!(moves.pace(), Span::from_secs(40));
    }
}
