//! What was foretold beside what came: when a group caught up, when retention first deleted an unread record.

use std::collections::BTreeMap;

use laggard::model::{Eta, Loss, Snapshot, Timestamp};
use laggard::sim::spec::Millis;
use laggard::sim::world::World;

/// What is kept of foretelling.
#[derive(Clone, Debug, Default)]
pub struct Foretold {
    /// Catching up.
    pub eta: Told,
    /// Loss.
    pub loss: Told,
}

/// Instants foretold, and those that came.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Each that came.
    pub came: Vec<Came>,
    /// Foretold, and never came within the run.
    pub open: u64,
}

/// An instant that was foretold and came.
#[derive(Clone, Copy, Debug)]
pub struct Came {
    /// Seconds from the foretelling to the event.
    pub ahead: f32,
    /// |foretold − came|, in seconds.
    pub off: f32,
    /// It came before the earliest instant told (−1), after the latest (1), or between them (0).
    pub side: i8,
}

impl Told {
    fn add(&mut self, other: &Self) {
        self.came.extend(&other.came);
        self.open += other.open;
    }

    fn settle(&mut self, pending: Vec<Pending>, came: Millis) {
        for told in pending {
            let early = came < told.earliest;
            let late = told.latest.is_some_and(|latest| came > latest);
            self.came.push(Came {
                ahead: (came - told.said_at).max(1_000) as f32 / 1e3,
                off: (told.at - came).abs() as f32 / 1e3,
                side: i8::from(late) - i8::from(early),
            });
        }
    }

    /// The share of those that came, on that side of the interval told.
    pub fn share(&self, side: i8) -> f64 {
        let there = self.came.iter().filter(|came| came.side == side).count();
        there as f64 / self.came.len().max(1) as f64
    }
}

impl Foretold {
    /// Takes in another run's.
    pub fn add(&mut self, other: &Self) {
        self.eta.add(&other.eta);
        self.loss.add(&other.loss);
    }
}

#[derive(Debug)]
struct Pending {
    said_at: Millis,
    at: Millis,
    earliest: Millis,
    latest: Option<Millis>,
}

/// Follows one run's groups.
#[derive(Debug, Default)]
pub struct Follow {
    /// Time between a member's commits, by group: an oldest unread record no older than this and a little is one that
    /// was read and waits for its commit.
    gaps: BTreeMap<String, Millis>,
    etas: BTreeMap<usize, Vec<Pending>>,
    losses: BTreeMap<usize, Vec<Pending>>,
}

impl Follow {
    /// Groups that commit this often.
    pub fn new(gaps: BTreeMap<String, Millis>) -> Self {
        Self {
            gaps,
            ..Self::default()
        }
    }

    /// Takes in a snapshot.
    pub fn sample(&mut self, snapshot: &Snapshot, world: &World, kept: &mut Foretold) {
        let now = snapshot.at.as_millis();
        for group in snapshot.clusters.iter().flat_map(|c| &c.groups) {
            let Some(index) = world.group_named(group.group.as_str()) else {
                continue;
            };
            let eta = match group.eta.known() {
                Some(Eta::At {
                    at,
                    earliest,
                    latest,
                }) => Some(pending(now, (at, earliest, latest))),
                _ => None,
            };
            let loss = match group.loss_at.known() {
                Some(Loss::At {
                    at,
                    earliest,
                    latest,
                    ..
                }) => Some(pending(now, (at, earliest, latest))),
                _ => None,
            };
            let waiting = self.etas.contains_key(&index) || self.losses.contains_key(&index);
            if eta.is_none() && loss.is_none() && !waiting {
                continue;
            }
            let truth = world.truth(index, now);
            let gap = self.gaps.get(group.group.as_str()).copied().unwrap_or(0);
            if truth.iter().all(|row| row.time_lag <= Some(gap + 5_000)) {
                let told = self.etas.remove(&index).unwrap_or_default();
                kept.eta.settle(told, now);
            } else {
                self.etas.entry(index).or_default().extend(eta);
            }
            if truth.iter().any(|row| row.lost > 0) {
                let told = self.losses.remove(&index).unwrap_or_default();
                kept.loss.settle(told, now);
            } else {
                self.losses.entry(index).or_default().extend(loss);
            }
        }
    }

    /// The run is over.
    pub fn finish(self, kept: &mut Foretold) {
        kept.eta.open += self.etas.values().map(Vec::len).sum::<usize>() as u64;
        kept.loss.open += self.losses.values().map(Vec::len).sum::<usize>() as u64;
    }
}

fn pending(
    said_at: Millis,
    (at, earliest, latest): (Timestamp, Timestamp, Option<Timestamp>),
) -> Pending {
    Pending {
        said_at,
        at: at.as_millis(),
        earliest: earliest.as_millis(),
        latest: latest.map(Timestamp::as_millis),
    }
}
