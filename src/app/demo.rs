//! `--demo`: the embedded cluster, read over the wire by the real source, after its past.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::model::{Clock, ClusterName, ClusterSettings, Observation, Span};
use crate::sim::broker::{Cluster, Forbidden, Options};
use crate::sim::spec::Scenario;
use crate::sim::watch::{Past, history};
use crate::sim::world::World;
use crate::source::kafka::{KafkaConfig, KafkaSource, Properties};
use crate::source::stamp::Stamper;

use super::session::Feed;

/// How often the demo is read if nobody says: often enough that one sees it move.
pub const INTERVAL: Span = Span::from_secs(5);

/// Verdicts of the past begin to within this of when they began. Nobody sees its snapshots: one a
/// cycle would take most of the time until the first that somebody sees.
const CUT_EACH: Span = Span::from_secs(60);

/// How the embedded cluster is to be.
#[derive(Clone, Debug)]
pub struct Demo {
    /// What it shows.
    pub scenario: Scenario,
    /// Of everything that chance decides.
    pub seed: u64,
    /// Where the first broker listens.
    pub listen: SocketAddr,
    /// How often it is read.
    pub interval: Span,
}

/// A running embedded cluster and how to read it. The cluster stops when this is dropped.
pub struct RunningDemo {
    cluster: Cluster,
    world: Arc<World>,
    name: ClusterName,
    interval: Span,
}

impl RunningDemo {
    /// Starts its brokers; the demo's present is now.
    ///
    /// # Errors
    ///
    /// When a port cannot be had.
    pub fn start(demo: &Demo, clock: Clock) -> io::Result<Self> {
        let epoch = clock().as_millis();
        let world = Arc::new(World::new(&demo.scenario, demo.seed, epoch));
        let options = Options {
            listen: demo.listen,
            ..Options::new(clock)
        };
        let cluster = Cluster::start(Arc::clone(&world), options)?;
        Ok(Self {
            cluster,
            world,
            name: ClusterName::from("demo"),
            interval: demo.interval,
        })
    }

    /// Addresses of its brokers, as `bootstrap.servers` takes them.
    pub fn bootstrap(&self) -> String {
        self.cluster.bootstrap()
    }

    /// The APIs that anybody asked it for and that a tool which only reads must not ask.
    pub fn forbidden(&self) -> Vec<Forbidden> {
        self.cluster.forbidden()
    }

    /// What the pipeline judges it by.
    pub fn settings(&self) -> ClusterSettings {
        ClusterSettings {
            poll_interval: self.interval,
            ..ClusterSettings::named(self.name.clone())
        }
    }

    /// The six hours before: made when they are folded, so that the screen comes first.
    pub fn past(&self) -> impl Iterator<Item = Observation> + Send + 'static {
        let past = Past {
            cluster: self.name.clone(),
            brokers: self.cluster.brokers(),
            interval: self.interval,
            cut_each: Some(CUT_EACH),
        };
        history(&self.world, &past)
    }

    /// How the real source reaches it.
    pub fn kafka_config(&self) -> KafkaConfig {
        let properties = Properties::bootstrap(&self.bootstrap());
        let mut config = KafkaConfig::new(self.name.clone(), properties);
        config.poll_interval = self.interval.to_std();
        config
    }

    /// The real source, pointed at it.
    pub fn feed(&self, stamper: Stamper) -> Feed {
        Feed {
            cluster: self.name.clone(),
            source: Box::new(KafkaSource::new(self.kafka_config(), stamper)),
        }
    }
}
