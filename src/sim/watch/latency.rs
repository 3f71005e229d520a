//! How long answers take.

use crate::sim::random::{mix, unit};
use crate::sim::spec::Millis;

/// How long one answer takes where all take the same.
const ANSWER: Millis = 4;
/// The slowest of answers that differ …
const SLOWEST: f64 = 400.0;
/// … most of which are much faster: the power of the draw.
const SKEW: i32 = 4;

/// What a network adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Latency {
    /// The same for all: what is told is how things stood at the answer.
    Steady,
    /// Drawn for each read.
    Drawn(u64),
}

impl Latency {
    /// Of the `k`-th read of a cycle, asked at `asked`: the instant of which it tells, and that of its answer.
    pub(super) fn of(self, asked: Millis, k: usize) -> (Millis, Millis) {
        let Self::Drawn(seed) = self else {
            return (asked + ANSWER, asked + ANSWER);
        };
        let draw = mix(mix(seed, asked as u64), k as u64);
        let took = ANSWER + (SLOWEST * unit(draw, 1).powi(SKEW)) as Millis;
        let at = asked + (took as f64 * unit(draw, 2)) as Millis;
        (at, asked + took)
    }
}
