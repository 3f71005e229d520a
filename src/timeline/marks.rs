//! Marks on a tape that is played: checkpoints of its player's own, so that going back folds what
//! lies behind the last mark and not the whole recording.
//!
//! In: a head that folds, and how long that took. Out: a head that stands at the last mark before a
//! time. A mark costs memory and time, so there is one for each stretch that took long to fold, and
//! when there are too many, those that are missed least are dropped.

use std::time::{Duration, Instant};

use super::Head;
use super::head::Mark;
use crate::model::Timestamp;

/// A mark after so much folding, and after so many times what the last mark took.
const EACH: Duration = Duration::from_millis(500);
const TIMES: u32 = 20;
/// As many bytes of them as may be kept; the last one always is.
const BYTES: usize = 256 << 20;

/// Marks in the order of time.
#[derive(Default)]
pub(super) struct Marks {
    kept: Vec<Mark>,
    spent: Duration,
    due: Option<Duration>,
}

impl Marks {
    /// The next snapshot of a head, and a mark behind it when one is due.
    pub(super) fn next_cut(&mut self, head: &mut Head) -> Option<crate::pipeline::Cut> {
        let began = Instant::now();
        let cut = head.next_cut();
        self.spent += began.elapsed();
        if cut.is_some() && self.spent >= self.due.unwrap_or(EACH) {
            self.mark(head);
        }
        cut
    }

    /// Marks where a head stands, unless it is marked already.
    pub(super) fn mark(&mut self, head: &Head) {
        let began = Instant::now();
        let at = head.at();
        if let Err(place) = self.kept.binary_search_by_key(&at, Mark::at)
            && let Some(mark) = head.mark()
        {
            self.kept.insert(place, mark);
            self.thin();
        }
        self.spent = Duration::ZERO;
        self.due = Some(EACH.max(began.elapsed() * TIMES));
    }

    fn thin(&mut self) {
        while self.kept.len() > 2 && self.kept.iter().map(Mark::bytes).sum::<usize>() > BYTES {
            let gap = |i: &usize| self.kept[i + 1].at() - self.kept[i - 1].at();
            let Some(least) = (1..self.kept.len() - 1).min_by_key(gap) else {
                return;
            };
            self.kept.remove(least);
        }
    }

    /// The last mark that is not after `at`.
    pub(super) fn before(&self, at: Timestamp) -> Option<&Mark> {
        let after = self.kept.partition_point(|mark| mark.at() <= at);
        self.kept[..after].last()
    }
}
