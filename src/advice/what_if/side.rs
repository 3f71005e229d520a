//! Members and their loads, on one side of a change.

use std::sync::Arc;

use serde::Serialize;

use crate::advice::assign::{Group, Slot, TO_COME};
use crate::advice::plan::{FURTHEST, LEAST_SPARE};
use crate::advice::situation::{Capacity, Flow};

/// One member's load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberSide {
    /// Its id; of one that is not there yet: `new member N`.
    pub member: Arc<str>,
    /// Partitions that it owns.
    pub partitions: usize,
    /// Records a second that come in on them.
    pub arrival: f64,
    /// Unread records on them.
    pub lag: f64,
    /// `arrival` as a share of what a member can do; none: that is not known.
    pub use_of_capacity: Option<f64>,
    /// When its backlog is gone.
    pub drain: Drain,
}

/// When a backlog is gone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "seconds")]
pub enum Drain {
    /// There is none.
    Done,
    /// After about so many seconds.
    In(f64),
    /// After so many seconds at the latest: the capacity is a lower bound.
    Within(f64),
    /// At this load it only grows.
    Never,
    /// What a member can do is not known, or only that it can do less than would show.
    Unknown,
}

/// A group's loads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Who deals partitions out.
    pub assignor: Arc<str>,
    /// Each member.
    pub members: Vec<MemberSide>,
    /// Members without a partition.
    pub idle: usize,
    /// The most records a second that come in on one member's partitions.
    pub fullest: f64,
    /// That as a share of what a member can do.
    pub fullest_use: Option<f64>,
    /// When the last backlog is gone.
    pub drain: Drain,
}

impl Side {
    /// The loads of `owners`, which are in the order of the group's members.
    pub(super) fn new(
        group: &Group,
        owners: &[Vec<Slot>],
        flows: &[Vec<Flow>],
        assignor: &str,
        capacity: &dyn Fn(usize) -> Capacity,
    ) -> Self {
        let mut new = 0;
        let pairs = group.members.iter().zip(owners).enumerate();
        let members: Vec<MemberSide> = pairs
            .map(|(at, (m, owned))| {
                let name = if m.id.starts_with(TO_COME) {
                    new += 1;
                    format!("new member {new}").into()
                } else {
                    m.id.clone()
                };
                member(name, owned, flows, capacity(at))
            })
            .collect();
        let fullest = members.iter().map(|m| m.arrival).fold(0.0, f64::max);
        let unowned = owners.iter().all(Vec::is_empty);
        let drain = members
            .iter()
            .map(|m| m.drain)
            .fold(Drain::Done, Drain::later);
        let unread = flows.iter().flatten().any(|f| f.lag > 0.0);
        Self {
            assignor: assignor.into(),
            idle: members.iter().filter(|m| m.partitions == 0).count(),
            fullest,
            fullest_use: fullest_use(&members, fullest),
            // Somebody outside the group may commit for it all the same.
            drain: if unowned && unread {
                Drain::Unknown
            } else {
                drain
            },
            members,
        }
    }
}

/// The share that the fullest member uses; of several that are as full, the one that can do least.
fn fullest_use(members: &[MemberSide], fullest: f64) -> Option<f64> {
    let as_full = |m: &&MemberSide| m.arrival >= fullest * (1.0 - 1e-9);
    let uses = members.iter().filter(as_full).map(|m| m.use_of_capacity);
    uses.flatten().max_by(f64::total_cmp)
}

fn member(name: Arc<str>, owned: &[Slot], flows: &[Vec<Flow>], capacity: Capacity) -> MemberSide {
    let flow = |s: &Slot| {
        let topic = flows.get(s.topic as usize);
        topic.and_then(|t| t.get(s.partition as usize)).copied()
    };
    let all: Vec<Flow> = owned.iter().filter_map(flow).collect();
    let (arrival, lag) = all
        .iter()
        .fold((0.0, 0.0), |(a, l), f| (a + f.arrival, l + f.lag));
    MemberSide {
        member: name,
        partitions: owned.len(),
        arrival,
        lag,
        use_of_capacity: share(arrival, capacity),
        drain: drain(arrival, lag, capacity),
    }
}

fn share(arrival: f64, capacity: Capacity) -> Option<f64> {
    match capacity {
        Capacity::Seen(c) => Some(arrival / c),
        // A lower bound of the capacity says nothing about the share of it.
        Capacity::AtLeast(_) | Capacity::Unknown => None,
    }
}

fn drain(arrival: f64, lag: f64, capacity: Capacity) -> Drain {
    if lag < 1.0 {
        return Drain::Done;
    }
    let time = |c: f64| lag / (c - arrival);
    let has_end = |c: f64| c > arrival && time(c) <= FURTHEST.as_secs_f64();
    // One that keeps up with what comes in was seen to do just that: no time follows from the difference.
    let spares = |c: f64| c - arrival > LEAST_SPARE * c;
    match capacity {
        Capacity::Seen(c) if has_end(c) => Drain::In(time(c)),
        Capacity::Seen(_) => Drain::Never,
        Capacity::AtLeast(c) if spares(c) && has_end(c) => Drain::Within(time(c)),
        Capacity::AtLeast(_) | Capacity::Unknown => Drain::Unknown,
    }
}

impl Drain {
    /// The one that comes later; what is not known may be later than any but `Never`.
    fn later(self, other: Self) -> Self {
        let rank = |d: &Self| match d {
            Self::Done => (0, 0.0),
            Self::In(s) | Self::Within(s) => (1, *s),
            Self::Unknown => (2, 0.0),
            Self::Never => (3, 0.0),
        };
        if rank(&other) > rank(&self) {
            other
        } else {
            self
        }
    }
}
