//! The assignors' rules as real clients and brokers apply them (Kafka 4.3), as pure functions.
//!
//! In: topics, members with what they subscribe to and own. Out: a [`Prediction`]: who owns what
//! after the rebalance, and how sure that is. The rules were found by running Kafka's own classes;
//! `tests/it/assignors.rs` holds them to those classes. Never: a claim that is surer than the rule.

mod java;
mod kind;
mod mixed;
mod ordered;
mod sticky;
#[cfg(test)]
mod tests;
mod uniform;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{PartitionId, TopicId};

pub use kind::{Assignor, UnknownAssignor};

/// How the ids of members begin that are not there yet: beyond any character that a client may be named with, so that
/// those that are there keep their places.
pub(super) const TO_COME: char = char::MAX;

/// A partition of one of the group's topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Index into [`Group::topics`].
    pub topic: u32,
    /// The partition.
    pub partition: PartitionId,
}

/// A topic that members subscribe to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: Arc<str>,
    /// Its id: the server's assignors go through topics in its order.
    pub id: Option<TopicId>,
    /// How many partitions it has.
    pub partitions: u32,
    /// The racks of each partition's replicas; empty: not known, or there are none.
    pub racks: Vec<BTreeSet<Arc<str>>>,
}

/// A member as an assignor sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its member id.
    pub id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance: Option<Arc<str>>,
    /// `client.rack`.
    pub rack: Option<Arc<str>>,
    /// Indices of the topics that it subscribes to, ascending.
    pub topics: Vec<u32>,
    /// What it owns, ascending.
    pub owned: Vec<Slot>,
}

/// All that an assignor decides on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// In name order.
    pub topics: Vec<Topic>,
    /// In order of member id.
    pub members: Vec<Member>,
    /// How many racks the brokers stand in, where replicas' racks and `client.rack` of members are not known; below 2,
    /// or where these are known, it says nothing.
    pub unseen_racks: usize,
}

/// How sure a prediction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Each member owns exactly these partitions.
    Exact,
    /// So many members own so many partitions; which member owns one more, and which partitions each
    /// owns, hangs on orders inside Kafka that are not known here, and is only likely.
    Loads,
    /// Kafka decides by more than is known here.
    Estimate,
}

/// Who owns what after the rebalance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// By member as in [`Group::members`], each ascending.
    pub owners: Vec<Vec<Slot>>,
    /// How sure it is.
    pub certainty: Certainty,
    /// Partitions that nobody owns between the first rebalance and its follow-up (cooperative).
    pub withheld: Vec<Slot>,
    /// How many rebalances it takes.
    pub rebalances: u32,
}

impl Group {
    /// All partitions that somebody subscribes to, by topic and number.
    pub fn slots(&self) -> Vec<Slot> {
        let wanted: BTreeSet<u32> = self
            .members
            .iter()
            .flat_map(|m| &m.topics)
            .copied()
            .collect();
        let of = |topic: u32| {
            let count = self.topics.get(topic as usize).map_or(0, |t| t.partitions);
            (0..count as PartitionId).map(move |partition| Slot { topic, partition })
        };
        wanted.into_iter().flat_map(of).collect()
    }

    /// Whether the partition exists.
    pub fn has(&self, slot: Slot) -> bool {
        let topic = self.topics.get(slot.topic as usize);
        topic.is_some_and(|t| (0..i64::from(t.partitions)).contains(&i64::from(slot.partition)))
    }

    /// The same group with so many members: new ones subscribe as most do and own nothing; of those that
    /// leave, the last by id. Real ids are not known beforehand, so who gets which partition is not either.
    #[must_use]
    pub fn resized(&self, members: usize) -> Self {
        let mut group = self.clone();
        group.members.truncate(members);
        let alike = |of: &&Member| {
            self.members
                .iter()
                .filter(|m| m.topics == of.topics)
                .count()
        };
        // Of equals the first: `max_by_key` takes the last.
        let most = self.members.iter().rev().max_by_key(alike);
        let topics = most.map_or_else(
            || (0..self.topics.len() as u32).collect(),
            |m| m.topics.clone(),
        );
        while group.members.len() < members {
            group.members.push(Member {
                id: format!("{TO_COME}{:05}", group.members.len()).into(),
                instance: None,
                rack: None,
                topics: topics.clone(),
                owned: Vec::new(),
            });
        }
        group
    }

    /// Whether all members subscribe to the same topics.
    pub fn is_equal(&self) -> bool {
        self.members.windows(2).all(|w| w[0].topics == w[1].topics)
    }

    /// Whether the client-side assignors may look at racks: members' and replicas' racks meet, and not every
    /// partition has a replica in every rack; or that is not known.
    fn racks_matter(&self) -> bool {
        if self.unseen_racks > 1 {
            return true;
        }
        let replicas: BTreeSet<_> = self
            .topics
            .iter()
            .flat_map(|t| &t.racks)
            .flatten()
            .collect();
        let members: BTreeSet<_> = self
            .members
            .iter()
            .filter_map(|m| m.rack.as_ref())
            .collect();
        let everywhere = |racks: &BTreeSet<Arc<str>>| replicas.iter().all(|r| racks.contains(*r));
        let each = || self.topics.iter().flat_map(|t| &t.racks);
        members.iter().any(|r| replicas.contains(*r)) && !each().all(everywhere)
    }

    /// How many partitions change their owner, those that had none left out.
    pub fn moves(&self, owners: &[Vec<Slot>]) -> usize {
        let lost = |(member, after): (&Member, &Vec<Slot>)| {
            let kept = |slot: &&Slot| after.binary_search(slot).is_err();
            member
                .owned
                .iter()
                .filter(|s| self.has(**s))
                .filter(kept)
                .count()
        };
        self.members.iter().zip(owners).map(lost).sum()
    }
}

/// What `assignor` makes of `group`.
pub fn predict(assignor: Assignor, group: &Group) -> Prediction {
    let mut prediction = match assignor {
        _ if group.members.is_empty() => plain(Vec::new(), Certainty::Exact),
        Assignor::Range => plain(ordered::range(group), ordered::range_certainty(group)),
        Assignor::ServerRange => plain(ordered::range(group), Certainty::Exact),
        Assignor::RoundRobin => plain(ordered::round_robin(group), Certainty::Exact),
        Assignor::Sticky => sticky::eager(group),
        Assignor::CooperativeSticky => sticky::cooperative(group),
        Assignor::Uniform => uniform::uniform(group),
    };
    for owned in &mut prediction.owners {
        owned.sort_unstable();
    }
    prediction
}

fn plain(owners: Vec<Vec<Slot>>, certainty: Certainty) -> Prediction {
    Prediction {
        owners,
        certainty,
        withheld: Vec::new(),
        rebalances: 1,
    }
}
