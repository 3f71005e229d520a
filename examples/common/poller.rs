//! A poller that watches a simulated cluster through the real pipeline.
//!
//! In: a world, where its poll interval's cycles begin. Out: to who looks on: what is observed, what is asked in between,
//! each snapshot. Shared by the measurements of accuracy and of advice, and by the tests that run short sizes of them.

use std::sync::Arc;

use laggard::model::{
    Ask, BootId, ClusterName, ClusterSettings, Observation, Settings, Snapshot, Span, Timestamp,
};
use laggard::pipeline::Pipeline;
use laggard::sim::spec::{Millis, SECOND};
use laggard::sim::watch::Watch;
use laggard::sim::world::World;

/// The world's cluster is called so.
pub const CLUSTER: &str = "simulated";
/// From an answer to an ask to the snapshot that it is part of, as a session has it.
const PROMPTLY: Millis = SECOND;

/// Who looks on.
pub trait Looks {
    /// Something was observed, and is about to be folded.
    fn observed(&mut self, observation: &Observation) {
        let _ = observation;
    }
    /// This is asked, and will be answered.
    fn asked(&mut self, asks: &[Ask]) {
        let _ = asks;
    }
    /// What is known now.
    fn shown(&mut self, snapshot: &Arc<Snapshot>);
}

/// The poller and its pipeline.
pub struct Poller {
    watch: Watch,
    pipeline: Pipeline,
    interval: Span,
}

impl Poller {
    /// That has seen nothing yet: `begin` is its first instant, Unix milliseconds; `interval` is in milliseconds.
    pub fn new(world: &Arc<World>, seed: u64, begin: Millis, interval: Millis) -> Self {
        let cluster = ClusterName::from(CLUSTER);
        let interval = Span::from_millis(interval);
        let at = Timestamp::from_millis(begin);
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
            boot: BootId::from(CLUSTER),
        });
        pipeline.fold(&Observation::Configured {
            at,
            settings: Arc::new(settings),
        });
        Self {
            watch: Watch::new(Arc::clone(world), cluster, Vec::new()).with_latency(seed),
            pipeline,
            interval,
        }
    }

    /// Goes on with a world that has the same past.
    pub fn turn_to(&mut self, world: &Arc<World>) {
        self.watch.turn_to(Arc::clone(world));
    }

    /// One cycle, and what is asked until the next one begins.
    pub fn cycle(&mut self, t: Millis, looks: &mut impl Looks) {
        let next = t + self.interval.as_millis();
        let observations = self.watch.cycle(t, self.interval);
        let mut at = self.fold(&observations, looks).unwrap_or(t);
        let mut asks = self.cut(at, looks);
        while !asks.is_empty() && at + PROMPTLY < next {
            looks.asked(&asks);
            let answers = self.watch.answer(&asks, at);
            let Some(answered) = self.fold(&answers, looks) else {
                return;
            };
            at = answered + PROMPTLY;
            asks = self.cut(at, looks);
        }
    }

    /// Folds observations; when the last of them was known.
    fn fold(&mut self, observations: &[Observation], looks: &mut impl Looks) -> Option<Millis> {
        for observation in observations {
            looks.observed(observation);
            self.pipeline.fold(observation);
        }
        observations.iter().map(|o| o.at().as_millis()).max()
    }

    fn cut(&mut self, at: Millis, looks: &mut impl Looks) -> Vec<Ask> {
        let at = Timestamp::from_millis(at);
        let Some(cut) = self.pipeline.fold(&Observation::Tick { at }) else {
            return Vec::new();
        };
        looks.shown(&cut.snapshot);
        cut.asks
    }
}
