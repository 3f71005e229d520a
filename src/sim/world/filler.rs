//! Bulk: many plain healthy groups in closed form, so that a big cluster costs nothing until it is asked.
//!
//! Filler group `g` reads filler topic `g mod topics`, commits all its rows each ten seconds at an instant of its own,
//! and is never behind by more than its last commit and a moment's handling.

use super::topic::Topic;
use crate::sim::random::{mix, unit};
use crate::sim::spec::{FeedSpec, Filler, Millis, SECOND, TopicSpec};

/// Time between the commits of a filler group.
const EVERY: Millis = 10 * SECOND;

/// One filler group.
#[derive(Clone, Copy, Debug)]
pub(super) struct FillerGroup {
    /// Index of its topic.
    pub(super) topic: u32,
    phase: Millis,
    handling: Millis,
}

impl FillerGroup {
    pub(super) fn new(seed: u64, number: u64, topic: u32) -> Self {
        let draw = mix(seed, number);
        Self {
            topic,
            phase: (unit(draw, 1) * EVERY as f64) as Millis,
            handling: (unit(draw, 2) * 1_500.0) as Millis + 50,
        }
    }

    /// When it last committed before or at `t`.
    pub(super) fn last_commit(&self, t: Millis) -> Millis {
        (t - self.phase).div_euclid(EVERY) * EVERY + self.phase
    }

    /// How often it has committed by `t`, counted from the epoch (negative before).
    pub(super) fn sessions(&self, t: Millis) -> i64 {
        (t - self.phase).div_euclid(EVERY)
    }

    /// Its commits in `(after, upto]`.
    pub(super) fn sessions_between(
        &self,
        after: Millis,
        upto: Millis,
    ) -> impl Iterator<Item = Millis> + use<> {
        let phase = self.phase;
        (self.sessions(after) + 1..=self.sessions(upto)).map(move |session| session * EVERY + phase)
    }

    /// What it had committed of a partition at its commit at `session`.
    pub(super) fn offset(&self, topic: &Topic, partition: i32, session: Millis) -> i64 {
        topic
            .log_end(partition, session - self.handling)
            .unwrap_or(0)
    }
}

/// The filler's topics, from small to busy.
pub(super) fn topics(filler: Filler, seed: u64) -> Vec<TopicSpec> {
    let width = Filler::WIDTH as usize;
    let count = filler.partitions.div_ceil(width);
    let spec = |number: usize| {
        let partitions = if number + 1 == count {
            filler.partitions - number * width
        } else {
            width
        };
        let rate = 0.2 + 40.0 * unit(mix(seed, 77), number as i64).powi(4);
        TopicSpec::new(format!("bulk.events-{number:05}"), partitions as i32)
            .fed(FeedSpec::steady(rate * partitions as f64).unsteady(0.0))
    };
    (0..count).map(spec).collect()
}

/// The filler's group names.
pub(super) fn name(number: usize) -> String {
    format!("bulk-worker-{number:05}")
}
