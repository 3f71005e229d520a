//! Sticky and cooperative-sticky: members keep what they own as far as balance allows.
//!
//! Equal subscriptions without racks are followed step by step; all else goes to [`super::mixed`].

use std::collections::{HashSet, VecDeque};

use super::{Certainty, Group, Prediction, Slot, java, mixed, plain};

/// What one rebalance decides.
struct Round {
    owners: Vec<Vec<Slot>>,
    /// Slots that go from one living member to another.
    transferred: HashSet<Slot>,
    certainty: Certainty,
}

/// `sticky`: all is given up and handed out in one rebalance.
pub(super) fn eager(group: &Group) -> Prediction {
    let round = round(group);
    plain(round.owners, round.certainty)
}

/// `cooperative-sticky`: what changes hands goes to nobody first, and to its new owner in a follow-up.
pub(super) fn cooperative(group: &Group) -> Prediction {
    let mut group = group.clone();
    let mut first = round(&group);
    let mut rebalances = 1;
    let mut certainty = first.certainty;
    let mut withheld: Vec<Slot> = first.transferred.iter().copied().collect();
    withheld.sort_unstable();
    // A follow-up hands out what was withheld and takes nothing anew; racks may need one more.
    while !first.transferred.is_empty() && rebalances < 4 {
        for (member, owned) in group.members.iter_mut().zip(&mut first.owners) {
            owned.retain(|s| !first.transferred.contains(s));
            owned.sort_unstable();
            member.owned.clone_from(owned);
        }
        first = round(&group);
        rebalances += 1;
        certainty = certainty.max(first.certainty);
    }
    Prediction {
        owners: first.owners,
        certainty,
        withheld,
        rebalances,
    }
}

fn round(group: &Group) -> Round {
    if !group.is_equal() {
        let owners = mixed::sticky(group);
        return Round {
            transferred: transferred(group, &owners),
            owners,
            certainty: Certainty::Estimate,
        };
    }
    let (owners, sure) = balanced(group);
    // Racks decide who keeps what, within the same quotas.
    let certainty = if sure && !group.racks_matter() {
        Certainty::Exact
    } else {
        Certainty::Loads
    };
    Round {
        transferred: transferred(group, &owners),
        owners,
        certainty,
    }
}

fn transferred(group: &Group, owners: &[Vec<Slot>]) -> HashSet<Slot> {
    let owned = group.members.iter().flat_map(|m| &m.owned);
    let had: HashSet<Slot> = owned.copied().collect();
    let mut moved = HashSet::new();
    for (member, after) in group.members.iter().zip(owners) {
        let new = after
            .iter()
            .filter(|s| member.owned.binary_search(s).is_err());
        moved.extend(new.filter(|s| had.contains(s)));
    }
    moved
}

/// The members' shares while they are filled.
struct Filling {
    owners: Vec<Vec<Slot>>,
    /// Below the smaller quota.
    under: Vec<usize>,
    /// At the smaller quota, may get one more.
    exactly: VecDeque<usize>,
}

/// Equal subscriptions: who owns what, and whether hash collisions leave no doubt about it.
fn balanced(group: &Group) -> (Vec<Vec<Slot>>, bool) {
    let slots = group.slots();
    let count = group.members.len();
    let (min, over) = (slots.len() / count, slots.len() % count);
    let (mut filling, sure) = keep(group, min, over);
    let kept: HashSet<Slot> = filling.owners.iter().flatten().copied().collect();
    let by_id = |m: &usize| group.members[*m].id.clone();
    filling.under.sort_by_key(by_id);
    filling.exactly.make_contiguous().sort_by_key(by_id);
    let free = slots.into_iter().filter(|s| !kept.contains(s));
    hand_out(&mut filling, free, min);
    (filling.owners, sure)
}

/// What members keep: the smaller quota, or one more while there are more to have.
fn keep(group: &Group, min: usize, over: usize) -> (Filling, bool) {
    let hashes: Vec<i32> = group
        .members
        .iter()
        .map(|m| java::text_hash(&m.id))
        .collect();
    let buckets = java::buckets(&hashes);
    let mut filling = Filling {
        owners: vec![Vec::new(); group.members.len()],
        under: Vec::new(),
        exactly: VecDeque::new(),
    };
    let max = min + usize::from(over > 0);
    let (mut holding, mut last, mut sure) = (0, None, true);
    for member in java::order(&hashes) {
        let owned = lowest_first(group, member);
        let wants_more = over > 0 && owned.len() >= max;
        let keeps = if owned.len() < min {
            filling.under.push(member);
            owned.len()
        } else if wants_more && holding < over {
            holding += 1;
            last = Some(buckets[member]);
            if holding == over {
                filling.exactly.clear();
            }
            max
        } else {
            // In one bucket the order of insertion decides, which is not known.
            sure &= !(wants_more && last == Some(buckets[member]));
            if holding < over {
                filling.exactly.push_back(member);
            }
            min
        };
        filling.owners[member].extend(&owned[..keeps]);
    }
    (filling, sure)
}

/// What a member owns and still exists, by partition, then topic: the first of these are kept.
fn lowest_first(group: &Group, member: usize) -> Vec<Slot> {
    let member = &group.members[member];
    let stays = |s: &&Slot| group.has(**s) && member.topics.binary_search(&s.topic).is_ok();
    let mut owned: Vec<Slot> = member.owned.iter().filter(stays).copied().collect();
    owned.sort_by_key(|s| (s.partition, s.topic));
    owned
}

/// Free partitions go round-robin to members below the smaller quota, then one each to those at it.
fn hand_out(filling: &mut Filling, free: impl Iterator<Item = Slot>, min: usize) {
    let mut cursor = 0;
    for slot in free {
        if filling.under.is_empty() {
            let Some(member) = filling.exactly.pop_front() else {
                return;
            };
            filling.owners[member].push(slot);
            continue;
        }
        cursor %= filling.under.len();
        let member = filling.under[cursor];
        filling.owners[member].push(slot);
        if filling.owners[member].len() == min {
            filling.under.remove(cursor);
            filling.exactly.push_back(member);
            // Past the last one, Java's iterator is at its end and begins anew.
        } else {
            cursor += 1;
        }
    }
}
