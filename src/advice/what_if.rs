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

use super::assign::{Assignor, Certainty, Group, predict};
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
    /// Rebalances that it takes.
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
    let is_same = change.is_nothing();
    let before_name = situation.assignor_name.as_deref().unwrap_or("none");
    let owned = |g: &Group| {
        g.members
            .iter()
            .map(|m| m.owned.clone())
            .collect::<Vec<_>>()
    };
    let before = Side::new(
        &situation.group,
        &owned(&situation.group),
        &situation.flows,
        before_name,
        situation.capacity,
    );
    let name = after.assignor.name();
    let side = Side::new(
        &after.group,
        &prediction.owners,
        &after.flows,
        name,
        situation.capacity,
    );
    let rule = as_any_client(after.assignor, prediction.certainty, is_same);
    let certainty = certainty(situation, &after.group, rule);
    let members = after.group.members.len();
    let work: Vec<f64> = after.flows.iter().flatten().map(|f| f.arrival).collect();
    let owned_now = situation.group.members.iter().any(|m| !m.owned.is_empty());
    let moves = after.group.moves(&prediction.owners) + leavers(situation, &after.group);
    let case = Case {
        situation,
        change,
        after: &after.group,
        assignor: after.assignor,
        certainty,
    };
    Ok(WhatIf {
        notes: notes::notes(&case, after.assumed),
        cost: cost(situation, &after.group, after.assignor, &prediction.owners).into(),
        before,
        after: side,
        certainty,
        best_possible: lower_bound(&work, members),
        moved: owned_now.then_some(moves),
        rebalances: prediction.rebalances,
        capacity: situation.capacity,
    })
}

/// Partitions of members that are gone in `after`.
fn leavers(situation: &Situation, after: &Group) -> usize {
    let stays = |id: &str| after.members.iter().any(|m| &*m.id == id);
    let gone = situation.group.members.iter().filter(|m| !stays(&m.id));
    gone.map(|m| m.owned.len()).sum()
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
    owners: &[Vec<super::assign::Slot>],
) -> RebalanceCost {
    let arrival = situation.arrival();
    let (stopped, pause) = if assignor.is_incremental() {
        let lost = after.members.iter().zip(owners).flat_map(|(m, now)| {
            let gone = m.owned.iter().filter(|s| now.binary_search(s).is_err());
            gone.map(|s| situation.flow(*s).arrival)
        });
        (lost.sum(), INCREMENTAL_PAUSE)
    } else {
        (arrival, EAGER_PAUSE)
    };
    let each = match situation.capacity {
        Capacity::Seen(c) | Capacity::AtLeast(c) => c,
        Capacity::Unknown => 0.0,
    };
    let working = owners.iter().filter(|o| !o.is_empty()).count();
    rebalance_cost(stopped, arrival, each * working as f64, pause)
}
