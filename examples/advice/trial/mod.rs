//! What advice is worth: simulated clusters in which somebody does what is advised, beside the same ones in which
//! nobody does anything, and beside autoscalers.
//!
//! In: a scenario, a seed, a length. Out: what became of each group in truth. The truth is the simulation's own record of
//! what was appended and committed; who follows the advice knows only its text. Shared with the tests, which run a short
//! size of the same.

pub mod adding;
pub mod bench;
pub mod figures;
pub mod following;
pub mod operator;
pub mod outcome;
#[path = "../../common/poller.rs"]
#[allow(clippy::duplicate_mod, reason = "the tests run both measurements")]
pub mod poller;
pub mod scaling;
pub mod short;

use std::sync::Arc;

use laggard::sim::scenario;
use laggard::sim::spec::{DAY, HOUR, MINUTE, Millis, SECOND, Scenario};
use laggard::sim::world::World;

/// The instant 0 of all runs.
pub const EPOCH: Millis = 1_800_000_000_000;

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The scenario.
    pub scenario: &'static str,
    /// The seed of its numbers.
    pub seed: u64,
    /// When watching begins, relative to the epoch, at which each trouble is at its height.
    pub begin: Millis,
    /// When it ends.
    pub end: Millis,
    /// The poll interval.
    pub interval: Millis,
}

impl Run {
    /// From three and a half hours before the trouble's height, so that the group's habits are known by then, to three
    /// hours after it; a day where it takes one.
    pub fn new(scenario: &'static str, seed: u64, interval: Millis) -> Self {
        let end = if scenario == A_DAY { DAY } else { 3 * HOUR };
        Self {
            scenario,
            seed,
            begin: -210 * MINUTE,
            end,
            interval,
        }
    }

    /// Its cluster.
    pub fn world(&self) -> Arc<World> {
        Arc::new(World::new(&self.spec(), self.seed, EPOCH))
    }

    fn spec(&self) -> Scenario {
        let name = match self.scenario {
            A_DAY => "diurnal",
            name => name,
        };
        let mut found = scenario::named(name).unwrap_or_default().varied(self.seed);
        // The plain groups beside each scenario have one of their own.
        let own = if name == "slow-downstream" { 3 } else { 1 };
        let kept: Vec<_> = match name {
            "backfill" => found.groups.drain(..2).collect(),
            _ => found.groups.drain(..own).collect(),
        };
        found.groups = kept;
        found
    }

    /// Instants at which the cluster is polled and the truth looked at, Unix milliseconds.
    pub fn instants(&self) -> impl Iterator<Item = Millis> + use<> {
        let (begin, end, interval) = (EPOCH + self.begin, EPOCH + self.end, self.interval);
        (0..)
            .map(move |k| begin + k * interval)
            .take_while(move |t| *t < end)
    }
}

/// A day and its wave, which an autoscaler is there for.
pub const A_DAY: &str = "a day";

/// All scenarios.
pub fn scenarios() -> impl Iterator<Item = &'static str> {
    let several = |name: &&str| ![scenario::DEMO, "healthy"].contains(name);
    scenario::names().map(|(name, _)| name).filter(several)
}

/// What a time lag may be and count as none: an ordinary commit interval and the step in which the truth is looked at.
pub const RESOLUTION: Millis = 15 * SECOND;
