//! The short size that CI runs: every workload for one seed, some hours of it.

use laggard::sim::scenario::{Purpose, over_days};
use laggard::sim::spec::{HOUR, SECOND};

use super::run::{Run, run};
use super::{Score, Scores};

/// Runs it.
pub fn short() -> Scores {
    let mut scores = Scores::new();
    for (workload, purpose) in over_days() {
        let score = run(Run {
            workload,
            purpose,
            seed: 1,
            length: match purpose {
                Purpose::Trouble => 7 * HOUR,
                _ => 5 * HOUR,
            },
            interval: 30 * SECOND,
        });
        let kept: &mut Score = scores.entry((purpose, workload)).or_default();
        kept.add(&score.unwrap_or_default());
    }
    scores
}
