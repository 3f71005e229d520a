//! One run: a workload's world, a poller that watches it, the pipeline, and what is asked in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use laggard::model::{
    Ask, BootId, ClusterName, ClusterSettings, Observation, Settings, Snapshot, Span, Timestamp,
};
use laggard::pipeline::Pipeline;
use laggard::sim::scenario::{Purpose, for_days};
use laggard::sim::spec::{HOUR, MINUTE, Millis, SECOND};
use laggard::sim::watch::Watch;
use laggard::sim::world::World;

use super::observed::Seen;
use super::{Score, diagnoses, foretold, verdicts};

/// The instant 0 of all runs.
const EPOCH: Millis = 1_800_000_000_000;
/// From an answer to an ask to the snapshot that it is part of, as a session has it.
const PROMPTLY: Millis = SECOND;

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
    let mut at = Bench::new(Arc::clone(&world), &run, gaps.collect());
    let (begin, end) = (EPOCH - HOUR, EPOCH + run.length);
    let mut next_tidying = begin;
    let mut t = begin;
    while t < end {
        if t >= next_tidying {
            world.forget_before(t - 10 * MINUTE);
            next_tidying = t + HOUR;
        }
        at.cycle(t, t + run.interval);
        t += run.interval;
    }
    Some(at.finish())
}

struct Bench {
    world: Arc<World>,
    watch: Watch,
    pipeline: Pipeline,
    seen: Seen,
    interval: Span,
    purpose: Purpose,
    score: Score,
    verdicts: verdicts::Follow,
    diagnoses: diagnoses::Follow,
    foretold: foretold::Follow,
}

impl Bench {
    fn new(world: Arc<World>, run: &Run, gaps: BTreeMap<String, Millis>) -> Self {
        let cluster = ClusterName::from("measured");
        let interval = Span::from_millis(run.interval);
        let at = Timestamp::from_millis(EPOCH - HOUR);
        let mut pipeline = Pipeline::new();
        let settings = Settings {
            clusters: vec![ClusterSettings {
                poll_interval: interval,
                ..ClusterSettings::named(cluster.clone())
            }],
            ..Settings::default()
        };
        pipeline.fold(&Observation::Boot {
            at,
            boot: BootId::from("accuracy"),
        });
        pipeline.fold(&Observation::Configured {
            at,
            settings: Arc::new(settings),
        });
        Self {
            watch: Watch::new(Arc::clone(&world), cluster, Vec::new()).with_latency(run.seed),
            world,
            pipeline,
            seen: Seen::default(),
            interval,
            purpose: run.purpose,
            score: Score::default(),
            verdicts: verdicts::Follow::new(run.interval, gaps.clone()),
            diagnoses: diagnoses::Follow::default(),
            foretold: foretold::Follow::new(gaps),
        }
    }

    /// One cycle, and what is asked until the next one begins.
    fn cycle(&mut self, t: Millis, next: Millis) {
        let observations = self.watch.cycle(t, self.interval);
        let mut at = self.fold(&observations).unwrap_or(t);
        self.score.cycles += 1;
        let mut asks = self.cut(at);
        while !asks.is_empty() && at + PROMPTLY < next {
            self.score.asks += asks.len() as u64;
            let answers = self.watch.answer(&asks, at);
            let Some(answered) = self.fold(&answers) else {
                return;
            };
            at = answered + PROMPTLY;
            asks = self.cut(at);
        }
    }

    /// Folds observations; when the last of them was known.
    fn fold(&mut self, observations: &[Observation]) -> Option<Millis> {
        for observation in observations {
            self.seen.take(observation);
            self.pipeline.fold(observation);
        }
        observations.iter().map(|o| o.at().as_millis()).max()
    }

    fn cut(&mut self, at: Millis) -> Vec<Ask> {
        let tick = Observation::Tick {
            at: Timestamp::from_millis(at),
        };
        let Some(cut) = self.pipeline.fold(&tick) else {
            return Vec::new();
        };
        self.sample(&cut.snapshot);
        cut.asks
    }

    fn sample(&mut self, snapshot: &Snapshot) {
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

    fn finish(mut self) -> Score {
        self.verdicts.finish(&mut self.score.verdicts);
        self.diagnoses.finish(&mut self.score.diagnoses);
        self.foretold.finish(&mut self.score.foretold);
        self.score
    }
}
