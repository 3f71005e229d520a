//! What a poller would have observed of a world: the same facts that the real source makes, with no network between.
//!
//! In: a world, the cluster's name, instants. Out: observations in the order of a real cycle: log starts, then commits,
//! then log ends. It is the past of the demo ("warm from the first frame") and the stream of simulated days. It must
//! know no more than a poller sees: the truth stays behind.

mod facts;
mod history;

use std::sync::Arc;

use crate::model::{
    Broker, ClusterName, Cycle, Fact, HealthState, Isolation, Observation, Span, Timestamp,
};
use crate::sim::spec::{MINUTE, Millis};
use crate::sim::world::World;

pub use self::history::{Past, history};

/// How long one answer takes in the cycles that are made up.
const ANSWER: Millis = 4;
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
            out: Vec::new(),
        }
    }

    /// One whole cycle that begins at `t` (Unix milliseconds); the next one follows after `interval`.
    pub fn cycle(&mut self, t: Millis, interval: Span) -> Vec<Observation> {
        self.tell(
            t,
            Fact::Health {
                state: HealthState::Up,
                why: None,
            },
        );
        if self.metadata_read.is_none_or(|at| t - at >= METADATA_EACH) {
            self.metadata_read = Some(t);
            self.tell(t, self.brokers_fact());
            self.tell(t, self.topics_fact(t));
        }
        let topics: Vec<usize> = self.topics_at(t).collect();
        for topic in &topics {
            self.tell(t, self.starts_fact(*topic, t + ANSWER));
        }
        let groups: Vec<usize> = (0..self.world.group_count())
            .filter(|group| self.world.group_exists(*group, t))
            .collect();
        self.tell(t, self.groups_fact(&groups, t + ANSWER));
        let commits_at = t + PHASE;
        for group in &groups {
            self.tell(commits_at, self.commits_fact(*group, commits_at + ANSWER));
        }
        let ends_at = commits_at + PHASE;
        for topic in &topics {
            for isolation in [Isolation::ReadUncommitted, Isolation::ReadCommitted] {
                self.tell(ends_at, self.ends_fact(*topic, isolation, ends_at + ANSWER));
            }
        }
        let rare_at = ends_at + PHASE;
        if self.configs_read.is_none_or(|at| t - at >= CONFIGS_EACH) {
            self.configs_read = Some(t);
            for topic in &topics {
                self.tell(rare_at, self.config_fact(*topic));
            }
        }
        for group in &groups {
            self.tell(rare_at, self.group_fact(*group, rare_at + ANSWER));
        }
        let took = rare_at + ANSWER - t;
        let cycle = Cycle {
            took: Span::from_millis(took),
            interval,
            ..Cycle::default()
        };
        self.read(t, t + took, Fact::Cycle(cycle));
        std::mem::take(&mut self.out)
    }

    fn tell(&mut self, asked: Millis, fact: Fact) {
        self.read(asked, asked + ANSWER, fact);
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
