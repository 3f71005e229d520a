//! Groups that influence each other, simulated together.
//!
//! In: the specifications of one group, or of all that share a downstream, and the topics' logs. Out: each group's commits
//! and membership, simulated lazily forward from a fixed start in steps that end where something changes. The same seed
//! gives the same commits, however the questions come.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use rustc_hash::FxHashMap;

use super::consume::Work;
use super::group::Row;
use super::service;
use super::simulated::Simulated;
use super::topic::Topic;
use crate::sim::random::derive;
use crate::sim::spec::{DownstreamSpec, Event, GroupSpec, MINUTE, Millis, PAST, SECOND, SETTLING};

/// The longest step.
pub(super) const STEP: Millis = 5 * SECOND;
/// How far a simulation runs ahead of what was asked.
const AHEAD: Millis = 2 * MINUTE;
/// When all simulations start.
pub(super) const BEGINNING: Millis = -PAST - SETTLING;

/// Groups that influence each other.
pub(super) struct Cell {
    seed: u64,
    /// What its groups share.
    pub(super) downstream: Option<DownstreamSpec>,
    rows: Vec<Vec<Row>>,
    inner: RwLock<Inner>,
}

/// How far the simulation has come.
pub(super) struct Inner {
    until: Millis,
    pub(super) groups: Vec<Simulated>,
}

impl Cell {
    pub(super) fn new(
        specs: &[&GroupSpec],
        downstream: Option<DownstreamSpec>,
        names: &FxHashMap<std::sync::Arc<str>, usize>,
        topics: &[Topic],
        seed: u64,
    ) -> Self {
        let groups: Vec<Simulated> = specs
            .iter()
            .map(|spec| Simulated::new((*spec).clone(), names, topics, seed))
            .collect();
        let rows = groups.iter().map(|group| group.rows.clone()).collect();
        let seed = downstream
            .as_ref()
            .map_or(seed, |spec| derive(seed, &spec.name));
        Self {
            seed,
            downstream,
            rows,
            inner: RwLock::new(Inner {
                until: BEGINNING,
                groups,
            }),
        }
    }

    /// The rows of one of its groups.
    pub(super) fn rows(&self, group: usize) -> &[Row] {
        &self.rows[group]
    }

    /// The simulation, run at least up to `t` (relative to the epoch).
    pub(super) fn at(&self, topics: &[Topic], t: Millis) -> RwLockReadGuard<'_, Inner> {
        loop {
            let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
            if inner.until >= t {
                return inner;
            }
            drop(inner);
            let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
            if inner.until < t {
                inner.run(t + AHEAD, topics, self.downstream.as_ref(), self.seed);
            }
        }
    }

    /// Forgets what is not needed to answer about `t` and later.
    pub(super) fn forget_before(&self, t: Millis) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let t = t.min(inner.until);
        for group in &mut inner.groups {
            group.forget_before(t);
        }
    }

    /// Changes what happens to a group and forgets what followed from it.
    pub(super) fn intervene(&self, group: usize, event: Event, topics: &[Topic]) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(changed) = inner.groups.get_mut(group) {
            changed.spec.events.push(event);
        }
        inner.until = BEGINNING;
        for group in &mut inner.groups {
            group.restart(topics);
        }
    }
}

impl Inner {
    fn run(
        &mut self,
        to: Millis,
        topics: &[Topic],
        downstream: Option<&DownstreamSpec>,
        seed: u64,
    ) {
        for group in &mut self.groups {
            group
                .timeline
                .extend(&group.spec, &group.rows, &group.poisoned, to + STEP);
        }
        let mut scratch = Vec::new();
        while self.until < to {
            let a = self.until;
            let b = self
                .groups
                .iter()
                .map(|group| group.next_change(a, topics))
                .min()
                .unwrap_or(to)
                .min(a + STEP);
            for group in &mut self.groups {
                group.happen(a, topics);
            }
            let mut wanted = 0.0;
            let plans: Vec<Vec<Work>> = self
                .groups
                .iter_mut()
                .map(|group| group.plan(a, b, topics))
                .collect();
            for work in plans.iter().flatten() {
                wanted += work.demand;
            }
            let limit =
                downstream.map_or(f64::INFINITY, |spec| service::downstream(spec, seed, a, b));
            let share = if wanted > limit { limit / wanted } else { 1.0 };
            for (group, plan) in self.groups.iter_mut().zip(plans) {
                group.work(plan, share, a, b, topics, &mut scratch);
            }
            self.until = b;
        }
    }
}
