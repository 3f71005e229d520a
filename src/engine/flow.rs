//! What came in for a group and what it read, in bins of half a minute and more: the course of the
//! last quarter of an hour, and the points at which it changed.
//!
//! In: sums of log ends and of commits over the group's partitions. Out: rates over a stretch, and
//! changes by a two-sided CUSUM (Page 1954; k = 0.5, h = 5, σ = max(1.4826·MAD, 5 % of the
//! median)), told only where the new rate differs by a quarter from the old one.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::model::{Span, Timestamp};

/// Shortest bin.
const BIN: Span = Span::from_secs(30);
/// Bins that are kept: twelve minutes of the shortest.
const BINS: usize = 25;
/// Bins that make the level from which a change is told.
const BASELINE: usize = 10;
/// The slack of the CUSUM, in σ.
const SLACK: f64 = 0.5;
/// Its threshold, in σ.
const THRESHOLD: f64 = 5.0;

/// Sums at one instant.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Bin {
    at: Timestamp,
    came: i64,
    read: i64,
}

/// What flowed through a group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Flow {
    bins: VecDeque<Bin>,
    parts: u32,
    came: Cusum,
    read: Cusum,
}

/// The sums over a group's partitions of which both offsets are known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) parts: u32,
    pub(super) came: i64,
    pub(super) read: i64,
}

/// A level that became another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    /// When it began, as far as bins tell.
    pub(super) at: Timestamp,
    /// Records a second before.
    pub(super) from: f64,
    /// And since.
    pub(super) to: f64,
}

/// What a bin showed: a change of what comes in, and of what is read.
pub(super) type Changes = (Option<Change>, Option<Change>);

impl Flow {
    /// Whether the next bin may end at `at`.
    pub(super) fn is_due(&self, at: Timestamp, interval: Span) -> bool {
        let length = BIN.max(interval.times(2));
        self.bins.back().is_none_or(|last| at >= last.at + length)
    }

    /// Ends a bin. Partitions that came or went, or an offset that fell, begin it all anew.
    pub(super) fn note(&mut self, at: Timestamp, sums: Sums) -> Changes {
        let bin = Bin {
            at,
            came: sums.came,
            read: sums.read,
        };
        let before = self.bins.back().copied();
        let goes_on = before.is_some_and(|b| {
            self.parts == sums.parts && b.came <= bin.came && b.read <= bin.read && b.at < at
        });
        if !goes_on {
            *self = Self {
                parts: sums.parts,
                ..Self::default()
            };
        }
        if self.bins.len() == BINS {
            self.bins.pop_front();
        }
        self.bins.push_back(bin);
        let (Some(before), true) = (before, goes_on) else {
            return (None, None);
        };
        let rate = |was: i64, is: i64| (is - was) as f64 / (at - before.at).as_secs_f64();
        (
            self.came.add(before.at, rate(before.came, bin.came)),
            self.read.add(before.at, rate(before.read, bin.read)),
        )
    }

    /// So many records were passed over, and not read.
    pub(super) fn skip(&mut self, records: i64) {
        for bin in &mut self.bins {
            bin.read = bin.read.saturating_add(records);
        }
    }

    /// Whether anything has flowed in all that is kept.
    pub(super) fn moves(&self) -> bool {
        let ends = self.bins.front().zip(self.bins.back());
        ends.is_some_and(|(a, b)| (a.came, a.read) != (b.came, b.read))
    }

    /// Records a second that came in and that were read over the last `span` of what is kept.
    pub(super) fn rates_over(&self, span: Span) -> Option<(f64, f64)> {
        self.rates_since(self.bins.back()?.at - span)
    }

    /// Records a second that came in and that were read between `from` and the last bin: from the
    /// first bin that ended then or later. `None` with fewer than two bins.
    pub(super) fn rates_since(&self, from: Timestamp) -> Option<(f64, f64)> {
        let first = self.bins.iter().find(|b| b.at >= from)?;
        let last = self.bins.back()?;
        let elapsed = (last.at - first.at).as_secs_f64();
        let rate = |was: i64, is: i64| (is - was) as f64 / elapsed;
        (elapsed > 0.0).then(|| (rate(first.came, last.came), rate(first.read, last.read)))
    }
}

/// A two-sided CUSUM over one rate.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Cusum {
    baseline: Vec<f32>,
    up: Side,
    down: Side,
}

/// One side of it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Side {
    sum: f64,
    /// When the sum last left 0, and what has been seen since.
    since: Option<Timestamp>,
    total: f64,
    bins: u32,
}

impl Side {
    fn add(&mut self, at: Timestamp, rate: f64, deviation: f64) -> bool {
        self.sum = (self.sum + deviation - SLACK).max(0.0);
        if self.sum == 0.0 {
            *self = Self::default();
            return false;
        }
        self.since.get_or_insert(at);
        self.total += rate;
        self.bins += 1;
        self.sum > THRESHOLD
    }
}

impl Cusum {
    /// Takes in the rate of the bin that began at `at`.
    fn add(&mut self, at: Timestamp, rate: f64) -> Option<Change> {
        if self.baseline.len() < BASELINE {
            self.baseline.push(rate as f32);
            return None;
        }
        if rate == 0.0 && self.baseline.iter().all(|r| *r == 0.0) {
            // As below, for less: most groups of most clusters rest.
            return None;
        }
        let (level, sigma) = level(&self.baseline);
        if sigma <= 0.0 {
            // Nothing at all flowed: that something does is no change of a rate.
            self.baseline.remove(0);
            self.baseline.push(rate as f32);
            return None;
        }
        let deviation = (rate - level) / sigma;
        let rose = self.up.add(at, rate, deviation);
        let fell = self.down.add(at, rate, -deviation);
        if !rose && !fell {
            return None;
        }
        let side = if rose { self.up } else { self.down };
        let to = side.total / f64::from(side.bins.max(1));
        *self = Self::default();
        let differs = to > level * 1.25 || to < level * 0.8;
        differs.then_some(Change {
            at: side.since.unwrap_or(at),
            from: level,
            to,
        })
    }
}

/// Median and σ of some rates.
fn level(rates: &[f32]) -> (f64, f64) {
    let mut sorted: Vec<f64> = rates.iter().map(|r| f64::from(*r)).collect();
    let median = middle(&mut sorted);
    let mut off: Vec<f64> = sorted.iter().map(|r| (r - median).abs()).collect();
    (median, (1.4826 * middle(&mut off)).max(0.05 * median))
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n.is_multiple_of(2) => f64::midpoint(values[half - 1], values[half]),
        _ => values[half],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    /// The changes of what comes in, at these rates in bins of 30 s with a little noise.
    fn changes(rates: impl IntoIterator<Item = i64>) -> Vec<Change> {
        let mut flow = Flow::default();
        let mut came = 0;
        let told = (0..).zip(rates).filter_map(|(bin, rate)| {
            came += rate * 30 + [0, 7, -5, 11, -9][bin as usize % 5];
            let sums = Sums {
                parts: 1,
                came,
                read: 0,
            };
            flow.note(at(bin * 30), sums).0
        });
        told.collect()
    }

    #[test]
    fn a_rate_that_doubles_is_a_change_with_its_beginning() {
        let told = changes(std::iter::repeat_n(100, 30).chain(std::iter::repeat_n(200, 10)));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!((told[0].from - 100.0).abs() < 5.0 && (told[0].to - 200.0).abs() < 5.0);
        assert!((told[0].at - at(870)).as_secs_f64().abs() <= 30.0);
    }

    #[test]
    fn a_rate_that_stays_and_a_flow_that_begins_are_none() {
        assert_eq!(changes(std::iter::repeat_n(100, 200)), []);
        assert_eq!(changes((0..200).map(|i| 100 + i % 7)), []);
        let mut flow = Flow::default();
        for bin in 0..60 {
            let came = (bin - 30).max(0) * 1000;
            let sums = Sums {
                parts: 1,
                came,
                read: 0,
            };
            assert_eq!(flow.note(at(bin * 30), sums), (None, None), "{bin}");
        }
    }

    #[test]
    fn rates_reach_back_and_an_offset_that_falls_begins_anew() {
        let mut flow = Flow::default();
        for (t, read) in [(0, 0), (30, 30), (60, 120), (90, 300)] {
            let sums = Sums {
                parts: 2,
                came: t * 5,
                read,
            };
            flow.note(at(t), sums);
        }
        assert_eq!(flow.rates_since(at(30)), Some((5.0, 4.5)));
        let back = Sums {
            parts: 2,
            came: 600,
            read: 10,
        };
        flow.note(at(120), back);
        assert_eq!(flow.rates_since(at(0)), None);
    }
}
