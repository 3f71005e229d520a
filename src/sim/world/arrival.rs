//! How many records a feed has appended to a partition by an instant: closed form, monotone, O(1).
//!
//! In: a [`FeedSpec`], a seed, an instant. Out: a count. A pace is integrated exactly, time is warped by bounded noise
//! (so the pace is unsteady and the count still monotone), and single records fall at random within their turn.

use std::f64::consts::TAU;

use crate::sim::random::{mix, unit, wander};
use crate::sim::spec::{DAY, FeedSpec, Keys, Millis, Shape};

/// Periods of the noise that all partitions share, in milliseconds.
const COMMON: [f64; 2] = [701_000.0, 61_000.0];
/// Periods of the noise that each partition has for itself.
const OWN: [f64; 2] = [97_000.0, 7_300.0];

/// Over how many times its greatest deviation the noise dies away towards the ends of a feed: what a feed has begun and
/// ended is exact.
const TAPER: f64 = 8.0;

/// A feed, ready to be asked.
#[derive(Debug)]
pub(super) struct Arrival {
    seed: u64,
    shape: Shape,
    from: Millis,
    until: Millis,
    batch: f64,
    weights: Weights,
    jitter: f64,
    transaction: Option<Millis>,
}

#[derive(Debug)]
enum Weights {
    Even(f64),
    Each(Box<[f64]>),
}

impl Arrival {
    /// `born` and `dies` bound the life of the topic.
    pub(super) fn new(
        spec: &FeedSpec,
        partitions: i32,
        seed: u64,
        born: Millis,
        dies: Option<Millis>,
    ) -> Self {
        let dies = dies.unwrap_or(Millis::MAX);
        Self {
            seed,
            shape: spec.shape,
            from: spec.from.unwrap_or(born).max(born),
            until: spec.until.unwrap_or(dies).min(dies),
            batch: f64::from(spec.batch.max(1)),
            weights: weights(&spec.keys, partitions, seed),
            jitter: spec.jitter.clamp(0.0, 0.8),
            transaction: spec.transaction,
        }
    }

    /// Records appended to `partition` up to and including `t`.
    pub(super) fn count(&self, partition: i32, t: Millis) -> i64 {
        if t < self.from {
            return 0;
        }
        let weight = self.weights.of(partition);
        if weight == 0.0 {
            return 0;
        }
        let own = mix(self.seed, partition as u64);
        let operational = self.volume(self.warp(own, t)) * weight / self.batch;
        (turns(own, operational) as f64 * self.batch) as i64
    }

    /// Commit markers that its transactions have left in each partition by `t`.
    pub(super) fn markers(&self, t: Millis) -> i64 {
        let Some(length) = self.transaction else {
            return 0;
        };
        (t.min(self.last_marker(length)) - self.from).max(0) / length
    }

    /// The last instant before the transaction that is open at `t`; none if none is open.
    pub(super) fn open_since(&self, t: Millis) -> Option<Millis> {
        let length = self.transaction?;
        let turn = (t - self.from) / length;
        let since = if turn == 0 {
            self.from - 1
        } else {
            self.from + turn * length
        };
        (t >= self.from && t < self.last_marker(length)).then_some(since)
    }

    /// Whether a marker is written at exactly `t`.
    pub(super) fn marks_at(&self, t: Millis) -> bool {
        self.markers(t) > self.markers(t - 1)
    }

    fn last_marker(&self, length: Millis) -> Millis {
        if self.until == Millis::MAX {
            return Millis::MAX;
        }
        self.from + ((self.until - self.from).max(0) + length - 1) / length * length
    }

    fn warp(&self, own: u64, t: Millis) -> f64 {
        let t = t as f64;
        if self.jitter == 0.0 {
            return t;
        }
        let share = self.jitter / 4.0;
        let edge = (t - self.from as f64).min(self.until as f64 - t);
        let reach = TAPER * share * (COMMON.iter().chain(&OWN).sum::<f64>() / 2.0);
        let taper = (edge / reach).clamp(0.0, 1.0);
        let common = COMMON
            .iter()
            .zip(1..)
            .map(|(period, k)| period * wander(mix(self.seed, k), t / period));
        let alone = OWN
            .iter()
            .zip(1..)
            .map(|(period, k)| period * wander(mix(own, k), t / period));
        t + taper * share * (common.sum::<f64>() + alone.sum::<f64>())
    }

    /// Records over the whole topic between the feed's start and `t`.
    fn volume(&self, t: f64) -> f64 {
        let from = self.from as f64;
        let t = t.clamp(from, (self.until as f64).max(from));
        match self.shape {
            Shape::Steady { per_second } => per_second * (t - from) / 1e3,
            Shape::Diurnal { mean, swing, peak } => {
                let day = DAY as f64;
                let wave = |at: f64| {
                    swing.clamp(0.0, 1.0) * day / TAU * (TAU * (at - peak as f64) / day).sin()
                };
                mean * ((t - from) + wave(t) - wave(from)) / 1e3
            }
            Shape::Bursts {
                every,
                records,
                length,
                late,
            } => {
                let total = |at| self.bursts(every as f64, length, late, at);
                records * (total(t) - total(from))
            }
            Shape::Ramp { start, end, over } => {
                let over = (over as f64).max(1.0);
                let rising = (t - from).min(over);
                let after = (t - from) - rising;
                (start * rising + (end - start) * rising * rising / (2.0 * over) + end * after)
                    / 1e3
            }
        }
    }

    /// Bursts begun and ended before `at`, counted from the epoch, the one under way by its part.
    fn bursts(&self, every: f64, length: [Millis; 2], late: Millis, at: f64) -> f64 {
        let cycle = (at / every).floor();
        let draw = mix(self.seed, cycle as i64 as u64);
        let start = late as f64 * unit(draw, 1);
        let span = length[0] as f64 + (length[1] - length[0]) as f64 * unit(draw, 2);
        let span = span.min(every - start).max(1.0);
        cycle + ((at - cycle * every - start) / span).clamp(0.0, 1.0)
    }
}

/// How many turns are over at operational time `u`: one in each whole unit, at a random point of it.
fn turns(seed: u64, u: f64) -> i64 {
    let whole = u.floor();
    whole as i64 + i64::from(unit(seed, whole as i64) <= u - whole)
}

impl Weights {
    fn of(&self, partition: i32) -> f64 {
        match self {
            Self::Even(weight) => *weight,
            Self::Each(weights) => weights.get(partition as usize).copied().unwrap_or(0.0),
        }
    }
}

fn weights(keys: &Keys, partitions: i32, seed: u64) -> Weights {
    let raw: Vec<f64> = match keys {
        Keys::Even => return Weights::Even(1.0 / f64::from(partitions.max(1))),
        Keys::Weights(each) => each.clone(),
        Keys::Only(one) => (0..partitions)
            .map(|p| f64::from(u8::from(p == *one)))
            .collect(),
        Keys::Zipf(exponent) => zipf(*exponent, partitions, seed),
    };
    let sum: f64 = raw.iter().sum();
    Weights::Each(
        raw.iter()
            .map(|weight| if sum > 0.0 { weight / sum } else { 0.0 })
            .collect(),
    )
}

/// Ranks fall on partitions in an order of the seed's own.
fn zipf(exponent: f64, partitions: i32, seed: u64) -> Vec<f64> {
    let mut order: Vec<i32> = (0..partitions).collect();
    order.sort_by_key(|p| mix(seed, *p as u64));
    let mut weights = vec![0.0; order.len()];
    for (rank, partition) in order.iter().enumerate() {
        weights[*partition as usize] = (rank as f64 + 1.0).powf(-exponent);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::spec::{HOUR, MINUTE, SECOND};
    use proptest::prelude::*;

    fn arrival(shape: Shape, jitter: f64) -> Arrival {
        Arrival::new(
            &FeedSpec::new(shape).unsteady(jitter),
            4,
            11,
            -2 * DAY,
            None,
        )
    }

    fn shapes() -> impl Strategy<Value = Shape> {
        prop_oneof![
            (0.001..500.0).prop_map(|per_second| Shape::Steady { per_second }),
            (1.0..100.0, 0.0..1.0).prop_map(|(mean, swing)| Shape::Diurnal {
                mean,
                swing,
                peak: 3 * HOUR
            }),
            (1.0..5_000.0, 1..30_i64).prop_map(|(records, m)| Shape::Bursts {
                every: HOUR,
                records,
                length: [SECOND, m * MINUTE],
                late: 20 * MINUTE
            }),
            (0.0..50.0, 0.0..50.0).prop_map(|(start, end)| Shape::Ramp {
                start,
                end,
                over: 2 * HOUR
            }),
        ]
    }

    proptest! {
        #[test]
        fn counts_never_fall(shape in shapes(), jitter in 0.0..0.8, start in -DAY..DAY, steps in prop::collection::vec(0..60_000_i64, 1..50)) {
            let arrival = arrival(shape, jitter);
            let (mut t, mut last) = (start, 0);
            for step in steps {
                t += step;
                let now = arrival.count(1, t);
                prop_assert!(now >= last);
                last = now;
            }
        }
    }

    #[test]
    fn a_pace_is_what_it_says() {
        let arrival = arrival(Shape::Steady { per_second: 40.0 }, 0.35);
        let hour = arrival.count(2, HOUR) - arrival.count(2, 0);
        assert!((hour - 36_000).abs() < 1_500, "{hour}");
    }

    #[test]
    fn a_burst_is_whole_in_its_cycle() {
        let shape = Shape::Bursts {
            every: HOUR,
            records: 4_000.0,
            length: [MINUTE, 2 * MINUTE],
            late: MINUTE,
        };
        let arrival = arrival(shape, 0.0);
        let early = arrival.count(0, HOUR + 5 * MINUTE) - arrival.count(0, HOUR - 1);
        let late = arrival.count(0, 2 * HOUR - 1) - arrival.count(0, HOUR + 5 * MINUTE);
        assert!((999..=1001).contains(&early), "{early}");
        assert_eq!(late, 0);
    }

    #[test]
    fn the_last_transaction_is_ended() {
        let feed = FeedSpec::steady(10.0)
            .since(0)
            .until(25 * SECOND)
            .transactional(10 * SECOND);
        let arrival = Arrival::new(&feed, 1, 3, -DAY, None);
        assert_eq!(arrival.markers(DAY), 3);
        assert_eq!(arrival.open_since(25 * SECOND), Some(20 * SECOND));
        assert_eq!(arrival.open_since(30 * SECOND), None);
        assert!(arrival.marks_at(30 * SECOND) && !arrival.marks_at(31 * SECOND));
    }
}
