//! One run: a workload's world, a poller that watches it through the pipeline, and who scores what it shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use laggard::model::{Ask, Observation, Snapshot};
use laggard::sim::scenario::{Purpose, for_days};
use laggard::sim::spec::{HOUR, MINUTE, Millis};
use laggard::sim::world::World;

use super::observed::Seen;
use super::poller::{Looks, Poller};
use super::{Score, diagnoses, foretold, verdicts};

/// The instant 0 of all runs.
const EPOCH: Millis = 1_800_000_000_000;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The workload.
    pub workload: &'static str,
    /// What it is to show.
    pub purpose: Purpose,
    /// The seed of its numbers.
    pub seed: u64,
    /// How long after the epoch it goes on; it begins an hour before.
    pub length: Millis,
    /// The poll interval.
    pub interval: Millis,
}

/// Runs it.
pub fn run(run: Run) -> Option<Score> {
    let scenario = for_days(run.workload, run.purpose, run.seed, run.length)?;
    let world = Arc::new(World::new(&scenario, run.seed, EPOCH));
    let gaps = scenario.groups.iter();
    let gaps = gaps.map(|group| (group.name.clone(), group.commit_every));
    let mut bench = Bench::new(Arc::clone(&world), &run, gaps.collect());
    let (begin, end) = (EPOCH - HOUR, EPOCH + run.length);
    let mut poller = Poller::new(&world, run.seed, begin, run.interval);
    let mut next_tidying = begin;
    let mut t = begin;
    while t < end {
        if t >= next_tidying {
            world.forget_before(t - 10 * MINUTE);
            next_tidying = t + HOUR;
        }
        bench.score.cycles += 1;
        poller.cycle(t, &mut bench);
        t += run.interval;
    }
    Some(bench.finish())
}

/// Scores what a poller shows.
struct Bench {
    world: Arc<World>,
    seen: Seen,
    purpose: Purpose,
    score: Score,
    verdicts: verdicts::Follow,
    diagnoses: diagnoses::Follow,
    foretold: foretold::Follow,
}

impl Bench {
    fn new(world: Arc<World>, run: &Run, gaps: BTreeMap<String, Millis>) -> Self {
        Self {
            world,
            seen: Seen::default(),
            purpose: run.purpose,
            score: Score::default(),
            verdicts: verdicts::Follow::new(run.interval, gaps.clone()),
            diagnoses: diagnoses::Follow::default(),
            foretold: foretold::Follow::new(gaps),
        }
    }

    fn finish(mut self) -> Score {
        self.verdicts.finish(&mut self.score.verdicts);
        self.diagnoses.finish(&mut self.score.diagnoses);
        self.foretold.finish(&mut self.score.foretold);
        self.score
    }
}

impl Looks for Bench {
    fn observed(&mut self, observation: &Observation) {
        self.seen.take(observation);
    }

    fn asked(&mut self, asks: &[Ask]) {
        self.score.asks += asks.len() as u64;
    }

    fn shown(&mut self, snapshot: &Arc<Snapshot>) {
        let score = &mut self.score;
        score.time_lags.sample(snapshot, &self.seen, &self.world);
        if self.purpose != Purpose::Pauses {
            self.verdicts
                .sample(snapshot, &self.seen, &self.world, &mut score.verdicts);
            self.diagnoses
                .sample(snapshot, &self.world, &mut score.diagnoses);
        }
        self.foretold
            .sample(snapshot, &self.world, &mut score.foretold);
    }
}
