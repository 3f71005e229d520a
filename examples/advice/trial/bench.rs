//! A poller of a run that keeps the newest snapshot.

use std::sync::Arc;

use laggard::model::Snapshot;
use laggard::sim::spec::Millis;
use laggard::sim::world::World;

use super::poller::{Looks, Poller};
use super::{EPOCH, Run};

/// The poller and what it last showed.
pub struct Bench {
    poller: Poller,
    newest: Newest,
}

#[derive(Default)]
struct Newest(Option<Arc<Snapshot>>);

impl Looks for Newest {
    fn shown(&mut self, snapshot: &Arc<Snapshot>) {
        self.0 = Some(Arc::clone(snapshot));
    }
}

impl Bench {
    /// That has seen nothing yet.
    pub fn new(world: &Arc<World>, run: &Run) -> Self {
        Self {
            poller: Poller::new(world, run.seed, EPOCH + run.begin, run.interval),
            newest: Newest::default(),
        }
    }

    /// Goes on with a world that has the same past.
    pub fn turn_to(&mut self, world: &Arc<World>) {
        self.poller.turn_to(world);
    }

    /// One cycle and what is asked until the next one begins; the newest snapshot then.
    pub fn cycle(&mut self, t: Millis) -> Option<Arc<Snapshot>> {
        self.poller.cycle(t, &mut self.newest);
        self.newest.0.clone()
    }
}
