//! Members that subscribe to different topics: partitions to the least loaded, then moves that even out.
//!
//! An estimate: Kafka breaks ties here by which partition moved before and by hash orders.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::{Group, Slot};

/// Passes over all partitions after which the broker's assignor stops evening out.
const PASSES: usize = 16;

/// The clients' sticky assignors: topics with the fewest subscribers first.
pub(super) fn sticky(group: &Group) -> Vec<Vec<Slot>> {
    Spread::new(group).settle(|readers, _| (readers, Reverse(0)))
}

/// The broker's uniform assignor: topics with the most partitions a subscriber first.
pub(super) fn uniform(group: &Group) -> Vec<Vec<Slot>> {
    Spread::new(group).settle(|readers, partitions| {
        (
            0,
            Reverse(u64::from(partitions) * 1_000_000 / readers.max(1) as u64),
        )
    })
}

struct Spread<'a> {
    group: &'a Group,
    /// Subscribers of each topic, by member id.
    readers: Vec<Vec<usize>>,
    owner: HashMap<Slot, usize>,
    loads: Vec<usize>,
    was_empty: bool,
}

impl<'a> Spread<'a> {
    fn new(group: &'a Group) -> Self {
        let reads = |topic: u32| {
            let members = group.members.iter().enumerate();
            let mut all: Vec<usize> = members
                .filter(|(_, m)| m.topics.binary_search(&topic).is_ok())
                .map(|(i, _)| i)
                .collect();
            all.sort_by_key(|i| group.members[*i].id.clone());
            all
        };
        let mut this = Self {
            group,
            readers: (0..group.topics.len() as u32).map(reads).collect(),
            owner: HashMap::new(),
            loads: vec![0; group.members.len()],
            was_empty: true,
        };
        this.keep_owned();
        this
    }

    fn keep_owned(&mut self) {
        for (index, member) in self.group.members.iter().enumerate() {
            let stays = |s: &&Slot| self.group.has(**s) && member.topics.contains(&s.topic);
            for slot in member.owned.iter().filter(stays) {
                if self.owner.insert(*slot, index).is_none() {
                    self.loads[index] += 1;
                    self.was_empty = false;
                }
            }
        }
    }

    fn settle<K: Ord>(mut self, rank: impl Fn(usize, u32) -> K) -> Vec<Vec<Slot>> {
        let mut slots = self.group.slots();
        slots.sort_by_key(|s| {
            let topic = s.topic as usize;
            let readers = self.readers[topic].len();
            (
                rank(readers, self.group.topics[topic].partitions),
                readers,
                *s,
            )
        });
        for slot in &slots {
            if !self.owner.contains_key(slot)
                && let Some(to) = self.least_loaded(*slot)
            {
                self.owner.insert(*slot, to);
                self.loads[to] += 1;
            }
        }
        self.even_out(&slots);
        let mut owners = vec![Vec::new(); self.group.members.len()];
        for (slot, owner) in self.owner {
            owners[owner].push(slot);
        }
        owners
    }

    fn least_loaded(&self, slot: Slot) -> Option<usize> {
        let readers = self.readers[slot.topic as usize].iter().copied();
        readers.min_by_key(|m| (self.loads[*m], self.group.members[*m].id.clone()))
    }

    /// Moves partitions to less loaded subscribers while any does any good; undone as a whole if the balance of
    /// what was owned before does not get better.
    fn even_out(&mut self, slots: &[Slot]) {
        let (before, loads) = (self.owner.clone(), self.loads.clone());
        for _ in 0..PASSES {
            let mut moved = false;
            for slot in slots {
                if let (Some(from), Some(to)) =
                    (self.owner.get(slot).copied(), self.least_loaded(*slot))
                    && self.loads[from] > self.loads[to] + 1
                {
                    self.owner.insert(*slot, to);
                    self.loads[from] -= 1;
                    self.loads[to] += 1;
                    moved = true;
                }
            }
            if !moved {
                break;
            }
        }
        if !self.was_empty && score(&self.loads) >= score(&loads) {
            (self.owner, self.loads) = (before, loads);
        }
    }
}

/// Sum of the differences of all pairs.
fn score(loads: &[usize]) -> usize {
    let sorted: BTreeSet<(usize, usize)> = loads.iter().copied().zip(0..).collect();
    let count = loads.len();
    // The i-th smallest is above i others and below count − 1 − i.
    let weighed = (0..)
        .zip(sorted)
        .map(|(i, (load, _))| (load * i) as i64 - (load * (count - 1 - i)) as i64);
    weighed.sum::<i64>().unsigned_abs() as usize
}
