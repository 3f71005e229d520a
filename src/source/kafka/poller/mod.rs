//! Reads one cluster over and over.
//!
//! In: asks, and answers of the client. Out: observations, each with the instants at which it was
//! asked and answered. One actor owns all state and never waits for a single broker: jobs fly in
//! lanes, their answers are taken as they come, and a cycle goes on once every lane is empty or
//! stuck. A stuck lane's answers join whenever they arrive.
//!
//! A cycle: metadata when due; groups; **log starts, then commits, then log ends**; second reads
//! of what looks like a loss; descriptions, ids and configurations when due.
//!
//! It must never report a value that it did not read, or end in silence.

mod asks;
mod budget;
mod chunks;
mod commits;
mod cycle;
mod facts;
mod groups;
mod job;
mod lanes;
mod listing;
mod offsets;
mod subscriptions;
mod take;
mod topology;
mod why;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashSet;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::budget::Budget;
use self::groups::Groups;
use self::job::{Class, Done, Job, Query, execute};
use self::lanes::Lanes;
use self::listing::Listing;
use self::offsets::Failed;
use self::topology::Topology;
use super::admin::Admin;
use super::config::KafkaConfig;
use super::pulse::Pulse;
use super::records::Records;
use crate::model::{Ask, Fact, HealthState, Observation, Why};
use crate::source::backoff::Backoff;
use crate::source::stamp::Stamper;

/// A lane that has not moved for this long is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// Before a cluster that is down is tried again for the first time; then doubled, up to its interval.
const AGAIN: Duration = Duration::from_secs(1);
/// Asks that are taken at once.
const AT_ONCE: usize = 1024;
/// How often a wait looks at the clock.
const LOOK: Duration = Duration::from_millis(100);

/// Why a poller's loop is left.
#[derive(Debug)]
pub(super) enum End {
    /// It was told to stop.
    Stopped,
    /// Nobody takes its observations.
    Closed,
}

/// What a cycle keeps count of.
struct Count {
    started: Instant,
    answers: u64,
    failed_parts: u64,
    throttled: Duration,
    sent_before: BTreeMap<&'static str, u64>,
}

/// The actor.
pub(super) struct Poller {
    config: Arc<KafkaConfig>,
    admin: Admin,
    pulse: Arc<Pulse>,
    stamper: Stamper,
    out: mpsc::Sender<Observation>,
    stop: CancellationToken,
    done_sender: mpsc::UnboundedSender<Done>,
    done: mpsc::UnboundedReceiver<Done>,
    lanes: Lanes,
    delayed: Vec<(Instant, Job)>,
    budget: Budget,
    topology: Topology,
    groups: Groups,
    count: Count,
    /// Partitions whose read failed in a way that may heal within the cycle.
    heal: Vec<Failed>,
    /// Commits that were below the log start at the first read.
    losses: Vec<(Arc<str>, Arc<str>, i32)>,
    /// Topics that look as if they had been made anew.
    suspects: BTreeSet<Arc<str>>,
    /// A commit named a topic that metadata lacks.
    unknown_topic: bool,
    commits_flying: FxHashSet<Arc<str>>,
    listing: Option<Listing>,
    /// Groups whose coordinator said that it is none.
    moved: Vec<Job>,
    /// Brokers that have answered since the last metadata.
    heard: BTreeSet<i32>,
    /// How the cluster was last said to be.
    told: Option<HealthState>,
    cluster_id: Option<Arc<str>>,
    controller: Option<i32>,
    cluster_read: Option<Instant>,
    foreign_read: Option<Instant>,
    stable_swept: Option<Instant>,
    /// The reader of records, once one was asked for and allowed.
    records: Option<Records>,
}

/// What a poller is made of.
pub(super) struct Parts {
    pub(super) config: Arc<KafkaConfig>,
    pub(super) admin: Admin,
    pub(super) pulse: Arc<Pulse>,
    pub(super) stamper: Stamper,
    pub(super) out: mpsc::Sender<Observation>,
    pub(super) stop: CancellationToken,
}

impl Poller {
    pub(super) fn new(parts: Parts) -> Self {
        let (done_sender, done) = mpsc::unbounded_channel();
        let now = Instant::now();
        Self {
            lanes: Lanes::new(parts.config.offset_window),
            budget: Budget::new(parts.config.requests_per_second, now),
            config: parts.config,
            admin: parts.admin,
            pulse: parts.pulse,
            stamper: parts.stamper,
            out: parts.out,
            stop: parts.stop,
            done_sender,
            done,
            delayed: Vec::new(),
            topology: Topology::default(),
            groups: Groups::default(),
            count: Count {
                started: now,
                answers: 0,
                failed_parts: 0,
                throttled: Duration::ZERO,
                sent_before: BTreeMap::new(),
            },
            heal: Vec::new(),
            losses: Vec::new(),
            suspects: BTreeSet::new(),
            unknown_topic: false,
            commits_flying: FxHashSet::default(),
            listing: None,
            cluster_id: None,
            controller: None,
            cluster_read: None,
            foreign_read: None,
            stable_swept: None,
            records: None,
            moved: Vec::new(),
            heard: BTreeSet::new(),
            told: None,
        }
    }

    /// Polls until it is told to stop or nobody listens.
    pub(super) async fn run(&mut self, asks: &mut mpsc::Receiver<Ask>) -> End {
        let interval = self.config.poll_interval;
        let mut backoff = Backoff::new(AGAIN, interval);
        loop {
            let pause = match self.cycle(asks).await {
                Err(end) => return end,
                Ok(Ok(interval)) => {
                    backoff.reset();
                    interval.saturating_sub(self.count.started.elapsed())
                }
                Ok(Err(down)) => {
                    if let Err(end) = self.health(HealthState::Down, Some(down)).await {
                        return end;
                    }
                    backoff.failed()
                }
            };
            if let Err(end) = self.idle(Instant::now() + pause, asks).await {
                return end;
            }
        }
    }

    /// Hands an observation on; waits while the queue is full.
    async fn emit(&mut self, fact: Fact, asked: Instant, answered: Instant) -> Result<(), End> {
        let observation = Observation::Read {
            cluster: self.config.cluster.clone(),
            asked: self.stamper.at(asked),
            answered: self.stamper.at(answered),
            fact,
        };
        tokio::select! {
            biased;
            sent = self.out.send(observation) => sent.map_err(|_| End::Closed),
            () = self.stop.cancelled() => Err(End::Stopped),
        }
    }

    async fn health(&mut self, state: HealthState, why: Option<Why>) -> Result<(), End> {
        let now = Instant::now();
        self.told = Some(state);
        self.emit(Fact::Health { state, why }, now, now).await
    }

    fn push(&mut self, job: Job) {
        self.lanes.push(job);
    }

    /// Sends what windows and budget allow. When to try again, if the budget holds something up.
    fn launch(&mut self) -> Option<Duration> {
        let now = Instant::now();
        self.heed_throttles(now);
        self.wake_delayed(now);
        loop {
            let wait = self.budget.wait(now);
            if !wait.is_zero() {
                return Some(wait);
            }
            let beside = self.budget.has_room_beside() || !self.lanes.cycle_waits();
            let job = self.lanes.take(now, beside)?;
            let cost = job.cost(self.topology.brokers.len());
            if job.lane.0 == Class::Asked {
                self.budget.spend_beside(cost);
            } else {
                self.budget.spend(cost);
            }
            self.fly(job);
        }
    }

    fn fly(&mut self, job: Job) {
        let (admin, timeout, done) = (
            self.admin.clone(),
            self.config.request_timeout,
            self.done_sender.clone(),
        );
        tokio::spawn(async move {
            // The receiver is gone only when the poller is.
            let _ = done.send(execute(admin, job, timeout).await);
        });
    }

    fn wake_delayed(&mut self, now: Instant) {
        let mut index = 0;
        while index < self.delayed.len() {
            if self.delayed[index].0 <= now {
                let (_, job) = self.delayed.swap_remove(index);
                self.again(job);
            } else {
                index += 1;
            }
        }
    }

    /// Sends a job once more, to whoever coordinates its groups now.
    fn again(&mut self, mut job: Job) {
        match &job.query {
            Query::Commits { group, .. } => {
                job.lane.1 = self.coordinator(group).unwrap_or(job.lane.1);
                self.lanes.push(job);
            }
            Query::Describe(groups) => {
                let groups = groups.clone();
                self.describe(groups, job.tries);
            }
            _ => self.lanes.push(job),
        }
    }

    /// Who coordinates a group: the broker that listed it, else as the offsets topic says.
    fn coordinator(&self, group: &str) -> Option<i32> {
        let listed = self.groups.known.get(group).map(|group| group.coordinator);
        listed
            .filter(|broker| *broker >= 0)
            .or_else(|| self.topology.coordinator(group))
    }

    fn heed_throttles(&mut self, now: Instant) {
        for throttle in self.pulse.take_throttles() {
            self.count.throttled += throttle.wait;
            self.lanes.pause(
                throttle.broker,
                now + throttle.wait.min(Duration::from_secs(30)),
            );
        }
    }

    /// Waits until these classes are settled, taking answers and asks meanwhile.
    async fn settle(
        &mut self,
        classes: &[Class],
        asks: &mut mpsc::Receiver<Ask>,
    ) -> Result<(), End> {
        loop {
            let wait = self.launch();
            let delayed = self
                .delayed
                .iter()
                .any(|(_, job)| classes.contains(&job.lane.0));
            if !delayed && self.lanes.settled(classes, Instant::now(), PATIENCE) {
                return Ok(());
            }
            self.turn(Instant::now() + wait.unwrap_or(LOOK).min(LOOK), asks)
                .await?;
        }
    }

    /// Waits until an instant, taking late answers and asks meanwhile.
    async fn idle(&mut self, until: Instant, asks: &mut mpsc::Receiver<Ask>) -> Result<(), End> {
        while Instant::now() < until {
            let wait = self.launch();
            let look = wait.map_or(until, |wait| until.min(Instant::now() + wait));
            let look = if self.delayed.is_empty() {
                look
            } else {
                look.min(Instant::now() + LOOK)
            };
            self.turn(look, asks).await?;
        }
        Ok(())
    }

    /// One thing that happens: an answer (with all that are there), an ask, or the time.
    async fn turn(&mut self, until: Instant, asks: &mut mpsc::Receiver<Ask>) -> Result<(), End> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(End::Stopped),
            Some(done) = self.done.recv() => {
                self.take(done).await?;
                for _ in 0..256 {
                    let Ok(done) = self.done.try_recv() else { break };
                    self.take(done).await?;
                }
                Ok(())
            }
            Some(ask) = asks.recv() => {
                // A cut's asks come together, and cost least together.
                tokio::task::yield_now().await;
                let rest = std::iter::from_fn(|| asks.try_recv().ok()).take(AT_ONCE);
                self.answer(std::iter::once(ask).chain(rest));
                Ok(())
            }
            () = tokio::time::sleep_until(until.into()) => Ok(()),
        }
    }
}
