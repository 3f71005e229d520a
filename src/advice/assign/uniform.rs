//! The broker's `uniform` assignor (KIP-848).
//!
//! With equal subscriptions loads and the number of moves can be told; which partitions go where hangs
//! on the order of hash maps inside the coordinator, which is followed here as far as it is known.

use std::collections::HashSet;

use super::{Certainty, Group, Prediction, Slot, java, mixed, plain};

/// What `uniform` makes of the group; racks and instance ids do not count.
pub(super) fn uniform(group: &Group) -> Prediction {
    if !group.is_equal() {
        return plain(mixed::uniform(group), Certainty::Estimate);
    }
    let hashes: Vec<i32> = group
        .members
        .iter()
        .map(|m| java::text_hash(&m.id))
        .collect();
    let order = java::order(&hashes);
    let slots = slots(group);
    let count = group.members.len();
    let (min, over) = (slots.len() / count, slots.len() % count);
    let mut owners = keep(group, &order, min, over);
    let kept: HashSet<Slot> = owners.iter().flatten().copied().collect();
    let quotas = quotas(&owners, &order, min, over);
    let mut free = slots.into_iter().filter(|s| !kept.contains(s));
    for member in order {
        let wants = quotas[member].saturating_sub(owners[member].len());
        owners[member].extend(free.by_ref().take(wants));
    }
    plain(owners, Certainty::Loads)
}

/// All partitions, topics in the hash order of their ids.
fn slots(group: &Group) -> Vec<Slot> {
    let all = group.slots();
    let topics: Vec<u32> = group
        .members
        .first()
        .map_or(Vec::new(), |m| m.topics.clone());
    let ids = topics.iter().map(|t| group.topics[*t as usize].id);
    let Some(hashes) = ids
        .map(|id| id.map(java::id_hash))
        .collect::<Option<Vec<_>>>()
    else {
        return all;
    };
    let order = java::order(&hashes);
    let rank = |topic: u32| order.iter().position(|i| topics[*i] == topic);
    let mut all = all;
    all.sort_by_key(|s| (rank(s.topic), s.partition));
    all
}

/// What members keep: the smaller quota; one more for those that hold it, while there are more to have.
fn keep(group: &Group, order: &[usize], min: usize, mut over: usize) -> Vec<Vec<Slot>> {
    let mut owners = vec![Vec::new(); group.members.len()];
    for member in order.iter().copied() {
        let this = &group.members[member];
        let stays = |s: &&Slot| group.has(**s) && this.topics.binary_search(&s.topic).is_ok();
        let owned: Vec<Slot> = this.owned.iter().filter(stays).copied().collect();
        let more = owned.len() > min && over > 0;
        over -= usize::from(more);
        let keeps = owned.len().min(min + usize::from(more));
        owners[member].extend(&owned[..keeps]);
    }
    owners
}

/// The extras that nobody held go to the last members in the map's order.
fn quotas(owners: &[Vec<Slot>], order: &[usize], min: usize, over: usize) -> Vec<usize> {
    let mut quotas = vec![min; owners.len()];
    let mut left = over;
    for member in order.iter().filter(|m| owners[**m].len() > min) {
        quotas[*member] = min + 1;
        left -= 1;
    }
    for member in order.iter().rev() {
        if left > 0 && quotas[*member] == min {
            quotas[*member] += 1;
            left -= 1;
        }
    }
    quotas
}
