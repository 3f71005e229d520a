//! Records that retention took from a group, as events: when, and how many.
//!
//! What was gone when a row was first seen is no event. Per row, what has been counted is
//! remembered, so that nothing counts twice.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::model::{Span, Timestamp};

use super::now::Now;

/// What counts as lately.
const LATELY: Span = Span::from_secs(3600);
/// Losses closer than this are one.
const APART: Span = Span::from_secs(60);

/// A group's losses of the last hour.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Lost {
    lately: VecDeque<(Timestamp, i64)>,
}

impl Lost {
    /// So many records went unread, as was seen at `at`. True when it is the first such in a while.
    pub(super) fn note(&mut self, at: Timestamp, records: i64) -> bool {
        let before = self.lately.back().map(|(t, _)| *t);
        while self.lately.front().is_some_and(|(t, _)| *t + LATELY <= at) {
            self.lately.pop_front();
        }
        match self.lately.back_mut() {
            Some((t, sum)) if at - *t < APART => *sum += records,
            _ => self.lately.push_back((at, records)),
        }
        before.is_none_or(|t| at - t >= LATELY)
    }

    /// Records lost within the last hour.
    pub(super) fn lately(&self, now: &mut Now) -> i64 {
        let mut sum = 0;
        for (at, records) in &self.lately {
            if !now.reached(*at + LATELY) {
                sum += records;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    #[test]
    fn losses_count_for_an_hour_and_memory_is_bounded() {
        let mut lost = Lost::default();
        assert!(lost.note(at(0), 5));
        assert!(!lost.note(at(10), 7));
        assert!(!lost.note(at(100), 1));
        let lately = |secs| {
            let mut now = Now::new(at(secs), Span::from_secs(10), Span::from_secs(900));
            lost.lately(&mut now)
        };
        assert_eq!((lately(100), lately(3600), lately(3700)), (13, 1, 0));
        let mut many = Lost::default();
        for t in 0..100_000 {
            many.note(at(t), 1);
        }
        assert!(many.lately.len() <= 61, "{}", many.lately.len());
    }
}
