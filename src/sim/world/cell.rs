//! Groups that influence each other, simulated together.
//!
//! In: the specifications of one group, or of all that share a downstream, and the topics' logs. Out: each group's commits
//! and membership, simulated lazily forward from a fixed start in steps that end where something changes. The same seed
//! gives the same commits, however the questions come.

use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use rustc_hash::FxHashMap;

use super::consume::Work;
use super::group::Row;
use super::service;
use super::simulated::Simulated;
use super::topic::Topic;
use crate::sim::random::derive;
use crate::sim::spec::{
    DownstreamSpec, Event, EventKind, GroupSpec, MINUTE, Millis, PAST, SECOND, SETTLING,
};

/// The longest step.
pub(super) const STEP: Millis = 5 * SECOND;
/// How far a simulation runs ahead of what was asked.
const AHEAD: Millis = 2 * MINUTE;
/// When all simulations start.
pub(super) const BEGINNING: Millis = -PAST - SETTLING;

/// Once somebody has intervened: time between two states to go back to …
const SAVED_EACH: Millis = 5 * MINUTE;
/// … and how many are kept.
const SAVED: usize = 4;

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
    /// States to go back to at the next intervention, so that not all is worked out anew; none before the first.
    saved: Option<VecDeque<Saved>>,
}

#[derive(Clone)]
struct Saved {
    until: Millis,
    groups: Vec<Simulated>,
}

impl Saved {
    /// Whether nothing that comes from `from` on is part of it yet.
    fn precedes(&self, from: Millis) -> bool {
        let built = self.groups.iter().map(|group| group.timeline.built());
        self.until <= from && built.max() < Some(from)
    }
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
                saved: None,
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
        if inner.go_back(group, &event) {
            return;
        }
        if let Some(changed) = inner.groups.get_mut(group) {
            changed.spec.events.push(event);
        }
        inner.saved = Some(VecDeque::new());
        inner.until = BEGINNING;
        for group in &mut inner.groups {
            group.restart(topics);
        }
    }
}

impl Inner {
    /// To the newest state before `event`, which is then part of it and of all that are kept. False: there is none.
    fn go_back(&mut self, group: usize, event: &Event) -> bool {
        let Some(saved) = &mut self.saved else {
            return false;
        };
        saved.retain(|state| state.precedes(event.from));
        // Which rows are poisoned is found out at the beginning.
        if matches!(event.kind, EventKind::Poison { .. }) {
            return false;
        }
        for state in &mut *saved {
            if let Some(changed) = state.groups.get_mut(group) {
                changed.spec.events.push(event.clone());
            }
        }
        let Some(last) = saved.back() else {
            return false;
        };
        (self.until, self.groups) = (last.until, last.groups.clone());
        true
    }

    fn save(&mut self) {
        let Some(saved) = &mut self.saved else {
            return;
        };
        let last = saved.back().map_or(BEGINNING, |state| state.until);
        if self.until - last < SAVED_EACH {
            return;
        }
        if saved.len() == SAVED {
            saved.pop_front();
        }
        saved.push_back(Saved {
            until: self.until,
            groups: self.groups.clone(),
        });
    }

    fn run(
        &mut self,
        to: Millis,
        topics: &[Topic],
        downstream: Option<&DownstreamSpec>,
        seed: u64,
    ) {
        self.save();
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
