//! What would have come of adding consumers where the advice was not to.

use std::sync::Arc;

use laggard::sim::spec::{MINUTE, Millis, Remedy};

use super::following::{Followed, Told};
use super::outcome::{Outcomes, TARGET};
use super::{EPOCH, RESOLUTION, Run};

/// New members need so long to come and settle.
const SETTLES: Millis = 5 * MINUTE;
/// What is left of a trouble shows in this last stretch of a run.
const LAST: Millis = 30 * MINUTE;
/// Consumers help if they take at least a tenth off the time lag.
const HELPS: f64 = 0.9;

/// One group that was told not to add consumers, and what twice as many would have done.
#[derive(Clone, Debug)]
pub struct Added {
    /// Who was told what.
    pub told: Told,
    /// p99 time lag with twice as many.
    pub with: Millis,
    /// p99 time lag without.
    pub without: Millis,
    /// The same of the last half hour alone.
    pub last: Millis,
    /// … without.
    pub last_without: Millis,
}

impl Added {
    /// Whether they would have ended the trouble.
    pub fn ends(&self) -> bool {
        self.last <= TARGET && self.last_without > TARGET
    }

    /// Whether more consumers would have helped after all.
    pub fn helps(&self) -> bool {
        let limit = HELPS * (self.without - RESOLUTION) as f64;
        (self.with as f64) < limit
    }
}

/// Doubles every group that was told not to add consumers, each when it was told: those that share a downstream press on
/// it together.
pub fn add(run: &Run, followed: &Followed) -> Vec<Added> {
    let told = &followed.told_not_to;
    if told.is_empty() {
        return Vec::new();
    }
    let alone = run.world();
    let mut world = Arc::clone(&alone);
    for told in told {
        let twice = Remedy::Members(2 * told.members.max(1));
        let after = world.after(&told.group, told.at, &twice);
        world = after.map_or(world, Arc::new);
    }
    let (mut with, mut without) = (Outcomes::default(), Outcomes::default());
    for t in run.instants() {
        with.look(&world, t);
        without.look(&alone, t);
    }
    let judged = told.iter().filter_map(|told| {
        let (from, last) = (told.at + SETTLES, EPOCH + run.end - LAST);
        Some(Added {
            with: with.of(&told.group)?.p99(from),
            without: without.of(&told.group)?.p99(from),
            last: with.of(&told.group)?.p99(last),
            last_without: without.of(&told.group)?.p99(last),
            told: told.clone(),
        })
    });
    judged.collect()
}
