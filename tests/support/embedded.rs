//! The embedded cluster for tests. In: a scenario. Out: brokers on loopback that any client reads. Dropped, it fails the test if anybody asked
//! for something that a tool which only reads must not ask.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;

use laggard::app::demo::{Demo, RunningDemo};
use laggard::model::{Clock, Timestamp};
use laggard::sim::broker::{Cluster, Options};
use laggard::sim::spec::Scenario;
use laggard::sim::world::World;

/// What the embedded brokers log of a request that they refuse.
pub const REFUSED: &str = "not on the read-only list";

/// A running embedded cluster.
pub struct Embedded(Cluster);

impl Embedded {
    /// A cluster whose time stands still, so that all who look see the same.
    pub fn still(scenario: &Scenario, now: i64) -> Self {
        Self::listening(scenario, now, SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// The same at an address of one's own.
    pub fn listening(scenario: &Scenario, now: i64, listen: SocketAddr) -> Self {
        let world = Arc::new(World::new(scenario, 1, now));
        let options = Options {
            listen,
            ..Options::new(Arc::new(move || Timestamp::from_millis(now)))
        };
        Self(Cluster::start(world, options).unwrap())
    }
}

impl Deref for Embedded {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.0
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if !thread::panicking() {
            assert_eq!(self.0.forbidden(), [], "only reads may be asked");
        }
    }
}

/// The demo in this process, held to reads like every embedded cluster.
pub struct EmbeddedDemo(RunningDemo);

impl EmbeddedDemo {
    pub fn start(demo: &Demo, clock: Clock) -> Self {
        Self(RunningDemo::start(demo, clock).unwrap())
    }
}

impl Deref for EmbeddedDemo {
    type Target = RunningDemo;

    fn deref(&self) -> &RunningDemo {
        &self.0
    }
}

impl Drop for EmbeddedDemo {
    fn drop(&mut self) {
        if !thread::panicking() {
            assert_eq!(self.0.forbidden(), [], "only reads may be asked");
        }
    }
}
