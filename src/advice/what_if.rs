//! What a change of a group would do: members, assignor, partitions, skew; before and after.
//!
//! In: a [`Situation`] and a [`Change`]. Out: a [`WhatIf`] with each member's load on both sides, how sure that
//! is and what was assumed. Never more than the numbers bear: a capacity that is only a lower bound gives
//! only a latest time.

mod change;
mod notes;
mod side;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Serialize;

use super::assign::{Assignor, Certainty, Group, Slot, predict};
use super::plan::{RebalanceCost, lower_bound, rebalance_cost};
use super::situation::{Capacity, Situation};
use crate::model::Span;
use notes::Case;

pub use change::{Change, Partitions, WrongChange};
pub use notes::ASSUMED_SUBSCRIPTIONS;
pub use side::{Drain, MemberSide, Side};

/// How long nobody reads what stands still in a rebalance: all of it under an eager assignor, which waits for
/// every member to come back from its poll …
pub const EAGER_PAUSE: Span = Span::from_secs(10);
/// … and only what moves under an incremental one.
pub const INCREMENTAL_PAUSE: Span = Span::from_secs(3);

/// A change and what it would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WhatIf {
    /// As things are.
    pub before: Side,
    /// After the change.
    pub after: Side,
    /// How sure the loads after it are.
    pub certainty: Certainty,
    /// The least that the fullest member could have in the best of all assignments, in records a second.
    pub best_possible: f64,
    /// Partitions that would change their owner; `None`: nobody owns any now.
    pub moved: Option<usize>,
    /// Rebalances that it takes, one for each restart; 0: everybody keeps what it owns.
    pub rebalances: u32,
    /// What the rebalance costs.
    pub cost: Cost,
    /// What one member can do.
    pub capacity: Capacity,
    /// What was assumed, and what could be wrong with this.
    pub notes: Vec<Arc<str>>,
}

/// What a rebalance costs, in plain numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Seconds for which the partitions that stand still are not read: an assumption.
    pub pause: f64,
    /// Records that come in on them meanwhile.
    pub records: f64,
    /// Seconds until these are worked off; none: not with this capacity, or it is not known.
    pub recovery: Option<f64>,
}

impl Cost {
    /// Of no rebalance.
    const NONE: Self = Self {
        pause: 0.0,
        records: 0.0,
        recovery: None,
    };
}

impl From<RebalanceCost> for Cost {
    fn from(cost: RebalanceCost) -> Self {
        Self {
            pause: cost.pause.as_secs_f64(),
            records: cost.records,
            recovery: cost.recovery.map(Span::as_secs_f64),
        }
    }
}

/// What `change` would do to a group.
///
/// # Errors
///
/// When the change itself makes no sense.
pub fn what_if(situation: &Situation, change: &Change) -> Result<WhatIf, WrongChange> {
    let after = change.apply(situation)?;
    let prediction = predict(after.assignor, &after.group);
    let owners_now: Vec<Vec<Slot>> = {
        let members = situation.group.members.iter();
        members.map(|m| m.owned.clone()).collect()
    };
    let owned_now = owners_now.iter().any(|o| !o.is_empty());
    // Other rates alone make no rebalance, so that everybody keeps what it owns.
    let rests = owned_now && !after.deals_anew(situation);
    let owners = if rests {
        &owners_now
    } else {
        &prediction.owners
    };
    let before_name = situation.assignor_name.as_deref().unwrap_or("none");
    let side = |group: &Group, owners: &[Vec<Slot>], flows, name: &str| {
        let capacity = |at| capacity_of(situation, group, at);
        Side::new(group, owners, flows, name, &capacity)
    };
    let before = side(&situation.group, &owners_now, &situation.flows, before_name);
    let name = after.assignor.name();
    let rule = as_any_client(after.assignor, prediction.certainty, rests);
    let certainty = certainty(situation, &after.group, rule);
    let work: Vec<f64> = after.flows.iter().flatten().map(|f| f.arrival).collect();
    let moves = after.group.moves(owners) + leavers(situation, &after.group);
    let restarts = Restarts::of(situation, after.assignor);
    let case = Case {
        situation,
        change,
        after: &after.group,
        assignor: after.assignor,
        certainty,
        restarts: restarts.each,
    };
    Ok(WhatIf {
        notes: notes::notes(&case, after.assumed.clone()),
        cost: if rests {
            Cost::NONE
        } else {
            cost(situation, &after.group, after.assignor, owners, restarts).into()
        },
        before,
        after: side(&after.group, owners, &after.flows, name),
        certainty,
        best_possible: lower_bound(&work, after.group.members.len()),
        moved: owned_now.then_some(moves),
        rebalances: match (rests, restarts.all()) {
            (true, _) => 0,
            (false, 0) => prediction.rebalances,
            (false, restarts) => restarts,
        },
        capacity: situation.capacity,
    })
}

/// The same group with more partitions, before they are dealt out; none where that makes no sense.
pub(super) fn widened(situation: &Situation, partitions: &Partitions) -> Option<Situation> {
    let change = Change {
        partitions: Some(partitions.clone()),
        ..Change::default()
    };
    let after = change.apply(situation).ok()?;
    Some(Situation {
        group: after.group,
        flows: after.flows,
        ..situation.clone()
    })
}

/// What the member of this place can do, by who it is now.
fn capacity_of(situation: &Situation, group: &Group, at: usize) -> Capacity {
    let id = &group.members[at].id;
    let mut before = situation.group.members.iter();
    match before.position(|m| m.id == *id) {
        Some(now) => situation.capacity_of(now),
        None => situation.capacity,
    }
}

/// Partitions of members that are gone in `after`.
fn leavers(situation: &Situation, after: &Group) -> usize {
    gone(situation, after).count()
}

/// What members own that are gone in `after`.
fn gone<'a>(situation: &'a Situation, after: &'a Group) -> impl Iterator<Item = Slot> + 'a {
    let stays = |id: &str| after.members.iter().any(|m| &*m.id == id);
    let gone = situation.group.members.iter();
    let gone = gone.filter(move |m| !stays(&m.id));
    gone.flat_map(|m| m.owned.iter().copied())
}

/// How often members restart for a change of the assignor.
#[derive(Clone, Copy)]
struct Restarts {
    /// How often each does.
    each: u32,
    members: u32,
    /// Whether all stop reading when one does.
    stops_all: bool,
}

impl Restarts {
    /// Members of a classic group must have an assignor in common at any time, so that they restart once with both in
    /// the list and once with the new one alone. The broker's assignors need no more than one round.
    fn of(situation: &Situation, after: Assignor) -> Self {
        let members = situation.group.members.len() as u32;
        let on_broker = |a: Assignor| matches!(a, Assignor::Uniform | Assignor::ServerRange);
        let (each, stops_all) = match situation.assignor {
            Some(now) if now == after => (0, false),
            Some(now) if on_broker(now) || on_broker(after) => (1, !now.is_incremental()),
            Some(now) => (2, !now.is_incremental()),
            None => (0, false),
        };
        Self {
            each,
            members,
            stops_all,
        }
    }

    fn all(self) -> u32 {
        self.each * self.members
    }
}

/// Kafka does not tell which library a member runs on, and librdkafka's cooperative-sticky deals out otherwise than
/// Java's: the same loads, other partitions.
fn as_any_client(assignor: Assignor, rule: Certainty, is_same: bool) -> Certainty {
    match (assignor, rule) {
        (Assignor::CooperativeSticky, Certainty::Exact) if !is_same => Certainty::Loads,
        (_, rule) => rule,
    }
}

fn certainty(situation: &Situation, after: &Group, rule: Certainty) -> Certainty {
    let same_ids = after.members.len() == situation.group.members.len();
    let explained = situation.explained || situation.group.members.is_empty();
    match rule {
        _ if !explained => Certainty::Estimate,
        // Ids of members that come, or which ones leave, are not known beforehand.
        Certainty::Exact if !same_ids => Certainty::Loads,
        rule => rule,
    }
}

fn cost(
    situation: &Situation,
    after: &Group,
    assignor: Assignor,
    owners: &[Vec<Slot>],
    restarts: Restarts,
) -> RebalanceCost {
    let arrival = situation.arrival();
    let (stopped, pause) = if restarts.all() > 0 {
        let times = if restarts.stops_all {
            restarts.all()
        } else {
            restarts.each
        };
        (arrival, EAGER_PAUSE.times(i64::from(times)))
    } else if assignor.is_incremental() {
        let lost = after.members.iter().zip(owners).flat_map(|(m, now)| {
            let moves = |s: &&Slot| now.binary_search(s).is_err();
            m.owned.iter().filter(moves).copied()
        });
        let moving = lost.chain(gone(situation, after));
        let stopped = moving.map(|s| situation.flow(s).arrival).sum();
        (stopped, INCREMENTAL_PAUSE)
    } else {
        (arrival, EAGER_PAUSE)
    };
    let at_work = owners.iter().enumerate().filter(|(_, o)| !o.is_empty());
    let able = at_work.map(|(at, _)| capacity_of(situation, after, at).low());
    rebalance_cost(stopped, arrival, able.sum(), pause)
}
