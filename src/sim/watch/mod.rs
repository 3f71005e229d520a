//! What a poller would have observed of a world: the same facts that the real source makes, with no network between.
//!
//! In: a world, the cluster's name, instants. Out: observations in the order of a real cycle: log starts, then commits,
//! then log ends. It is the past of the demo ("warm from the first frame") and the stream of simulated days. It must
//! know no more than a poller sees: the truth stays behind.

mod answers;
mod facts;
mod history;
mod latency;

use std::sync::Arc;

use crate::model::{
    Broker, ClusterName, Cycle, Fact, HealthState, Isolation, Observation, Span, Timestamp,
};
use crate::sim::spec::{MINUTE, Millis};
use crate::sim::world::World;

pub use self::history::{Past, history};
use self::latency::Latency;

/// From one phase of a cycle to the next.
const PHASE: Millis = 12;
/// How often metadata and ids are read.
const METADATA_EACH: Millis = MINUTE;
/// How often configurations are read.
const CONFIGS_EACH: Millis = 10 * MINUTE;

/// A poller that watches a world.
pub struct Watch {
    world: Arc<World>,
    cluster: ClusterName,
    brokers: Vec<Broker>,
    metadata_read: Option<Millis>,
    configs_read: Option<Millis>,
    latency: Latency,
    out: Vec<Observation>,
}

impl Watch {
    /// Of `world`, which its user calls `cluster` and whose brokers are these.
    pub fn new(world: Arc<World>, cluster: ClusterName, brokers: Vec<Broker>) -> Self {
        Self {
            world,
            cluster,
            brokers,
            metadata_read: None,
            configs_read: None,
            latency: Latency::Steady,
            out: Vec::new(),
        }
    }

    /// The same poller behind a network: each answer takes its own time, and tells of some instant between question
    /// and answer.
    #[must_use]
    pub fn with_latency(mut self, seed: u64) -> Self {
        self.latency = Latency::Drawn(seed);
        self
    }

    /// Goes on watching `world`, which has the same past: somebody has done something about a group.
    pub fn turn_to(&mut self, world: Arc<World>) {
        self.world = world;
    }

    /// One whole cycle that begins at `t` (Unix milliseconds); the next one follows after `interval`.
    pub fn cycle(&mut self, t: Millis, interval: Span) -> Vec<Observation> {
        let up = Fact::Health {
            state: HealthState::Up,
            why: None,
        };
        self.read(t, t, up);
        if self.metadata_read.is_none_or(|at| t - at >= METADATA_EACH) {
            self.metadata_read = Some(t);
            self.tell(t, |watch, _| watch.brokers_fact());
            self.tell(t, Self::topics_fact);
        }
        let topics: Vec<usize> = self.topics_at(t).collect();
        let groups: Vec<usize> = (0..self.world.group_count())
            .filter(|group| self.world.group_exists(*group, t))
            .collect();
        for topic in &topics {
            self.tell(t, |watch, at| watch.starts_fact(*topic, at));
        }
        self.tell(t, |watch, at| watch.groups_fact(&groups, at));
        let commits_at = self.next_phase(t);
        for group in &groups {
            self.tell(commits_at, |watch, at| watch.commits_fact(*group, at));
        }
        let ends_at = self.next_phase(commits_at);
        for topic in &topics {
            for isolation in [Isolation::ReadUncommitted, Isolation::ReadCommitted] {
                self.tell(ends_at, |watch, at| watch.ends_fact(*topic, isolation, at));
            }
        }
        let rare_at = self.next_phase(ends_at);
        if self.configs_read.is_none_or(|at| t - at >= CONFIGS_EACH) {
            self.configs_read = Some(t);
            for topic in &topics {
                self.tell(rare_at, |watch, at| watch.config_fact(*topic, at));
            }
        }
        for group in &groups {
            self.tell(rare_at, |watch, at| watch.group_fact(*group, at));
        }
        let ended = self.last_answer(rare_at);
        let cycle = Cycle {
            took: Span::from_millis(ended - t),
            interval,
            ..Cycle::default()
        };
        self.read(t, ended, Fact::Cycle(cycle));
        std::mem::take(&mut self.out)
    }

    /// When a phase after the one that began at `began` may begin: once all is answered.
    fn next_phase(&self, began: Millis) -> Millis {
        self.last_answer(began).max(began + PHASE)
    }

    fn last_answer(&self, at_least: Millis) -> Millis {
        let answers = self.out.iter().map(|read| read.at().as_millis());
        answers.max().unwrap_or(at_least).max(at_least)
    }

    /// One read: `fact` tells how things stand at an instant between question and answer.
    fn tell(&mut self, asked: Millis, fact: impl Fn(&Self, Millis) -> Fact) {
        let (at, answered) = self.latency.of(asked, self.out.len());
        let fact = fact(self, at);
        self.read(asked, answered, fact);
    }

    fn read(&mut self, asked: Millis, answered: Millis, fact: Fact) {
        let (asked, answered) = (
            Timestamp::from_millis(asked),
            Timestamp::from_millis(answered),
        );
        self.out.push(Observation::Read {
            cluster: self.cluster.clone(),
            asked,
            answered,
            fact,
        });
    }
}
