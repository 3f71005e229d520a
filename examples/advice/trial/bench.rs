//! A poller that watches a world through the real pipeline.

use std::sync::Arc;

use laggard::model::{
    Ask, BootId, ClusterName, ClusterSettings, Observation, Settings, Snapshot, Span, Timestamp,
};
use laggard::pipeline::Pipeline;
use laggard::sim::spec::{Millis, SECOND};
use laggard::sim::watch::Watch;
use laggard::sim::world::World;

use super::{EPOCH, Run};

/// From an answer to an ask to the snapshot that it is part of, as a session has it.
const PROMPTLY: Millis = SECOND;

/// The poller and its pipeline.
pub struct Bench {
    watch: Watch,
    pipeline: Pipeline,
    interval: Span,
    newest: Option<Arc<Snapshot>>,
}

impl Bench {
    /// That has seen nothing yet.
    pub fn new(world: &Arc<World>, run: &Run) -> Self {
        let cluster = ClusterName::from("tried");
        let interval = Span::from_millis(run.interval);
        let at = Timestamp::from_millis(EPOCH + run.begin);
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
            boot: BootId::from("advice"),
        });
        pipeline.fold(&Observation::Configured {
            at,
            settings: Arc::new(settings),
        });
        Self {
            watch: Watch::new(Arc::clone(world), cluster, Vec::new()).with_latency(run.seed),
            pipeline,
            interval,
            newest: None,
        }
    }

    /// Goes on with a world that has the same past.
    pub fn turn_to(&mut self, world: &Arc<World>) {
        self.watch.turn_to(Arc::clone(world));
    }

    /// One cycle and what is asked until the next one begins; the newest snapshot then.
    pub fn cycle(&mut self, t: Millis) -> Option<Arc<Snapshot>> {
        let next = t + self.interval.as_millis();
        let observations = self.watch.cycle(t, self.interval);
        let mut at = self.fold(&observations).unwrap_or(t);
        let mut asks = self.cut(at);
        while !asks.is_empty() && at + PROMPTLY < next {
            let answers = self.watch.answer(&asks, at);
            let Some(answered) = self.fold(&answers) else {
                break;
            };
            at = answered + PROMPTLY;
            asks = self.cut(at);
        }
        self.newest.clone()
    }

    fn fold(&mut self, observations: &[Observation]) -> Option<Millis> {
        for observation in observations {
            self.pipeline.fold(observation);
        }
        observations.iter().map(|o| o.at().as_millis()).max()
    }

    fn cut(&mut self, at: Millis) -> Vec<Ask> {
        let at = Timestamp::from_millis(at);
        let Some(cut) = self.pipeline.fold(&Observation::Tick { at }) else {
            return Vec::new();
        };
        self.newest = Some(cut.snapshot);
        cut.asks
    }
}
