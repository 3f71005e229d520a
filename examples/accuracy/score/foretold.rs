//! What was foretold beside what came: when a group caught up, when retention first deleted an unread record.

use std::collections::BTreeMap;

use laggard::model::{Eta, Loss, Snapshot};
use laggard::sim::world::World;

/// A group has caught up, in truth, when its oldest unread record is no older than this, in milliseconds.
const CAUGHT_UP: i64 = 30_000;

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
    /// |foretold − came| as a share of how far off it was.
    pub errors: Vec<f64>,
    /// How many came between the earliest and the latest told.
    pub within: u64,
    /// Foretold, and never came within the run.
    pub open: u64,
}

impl Told {
    fn add(&mut self, other: &Self) {
        self.errors.extend(&other.errors);
        self.within += other.within;
        self.open += other.open;
    }

    fn settle(&mut self, pending: Vec<Pending>, came: i64) {
        for told in pending {
            let ahead = (came - told.said_at).max(1_000) as f64;
            self.errors.push((told.at - came).abs() as f64 / ahead);
            let late = told.latest.is_some_and(|latest| came > latest);
            self.within += u64::from(came >= told.earliest && !late);
        }
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
    said_at: i64,
    at: i64,
    earliest: i64,
    latest: Option<i64>,
}

/// Follows one run's groups.
#[derive(Debug, Default)]
pub struct Follow {
    etas: BTreeMap<usize, Vec<Pending>>,
    losses: BTreeMap<usize, Vec<Pending>>,
}

impl Follow {
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
            if truth.iter().all(|row| row.time_lag <= Some(CAUGHT_UP)) {
                kept.eta
                    .settle(self.etas.remove(&index).unwrap_or_default(), now);
            } else {
                self.etas.entry(index).or_default().extend(eta);
            }
            if truth.iter().any(|row| row.lost > 0) {
                kept.loss
                    .settle(self.losses.remove(&index).unwrap_or_default(), now);
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
    said_at: i64,
    (at, earliest, latest): (
        laggard::model::Timestamp,
        laggard::model::Timestamp,
        Option<laggard::model::Timestamp>,
    ),
) -> Pending {
    Pending {
        said_at,
        at: at.as_millis(),
        earliest: earliest.as_millis(),
        latest: latest.map(laggard::model::Timestamp::as_millis),
    }
}
