//! Assignors that look at nothing but order: range (the clients' and the broker's) and roundrobin.

use super::{Certainty, Group, Member, Slot, Topic};

/// Static members first, by instance id, then the rest by member id, as strings.
fn in_order(group: &Group) -> Vec<usize> {
    let mut order: Vec<usize> = (0..group.members.len()).collect();
    let key = |m: &Member| match &m.instance {
        Some(instance) => (0, instance.clone()),
        None => (1, m.id.clone()),
    };
    order.sort_by_cached_key(|i| key(&group.members[*i]));
    order
}

/// Each topic by itself in ranges; the first members get one more where it does not divide. The extras
/// of every topic go to the same members, so spreads add up over topics.
pub(super) fn range(group: &Group) -> Vec<Vec<Slot>> {
    let order = in_order(group);
    let mut owners = vec![Vec::new(); group.members.len()];
    for (topic, partitions) in (0..).zip(group.topics.iter().map(|t| t.partitions)) {
        let reads = |m: &&usize| group.members[**m].topics.binary_search(&topic).is_ok();
        let readers: Vec<usize> = order.iter().filter(reads).copied().collect();
        let mut next = 0;
        for (at, member) in (0..).zip(&readers) {
            let count = readers.len() as u32;
            let share = partitions / count + u32::from(at < partitions % count);
            let range = next..next + share;
            owners[*member].extend(range.map(|p| Slot {
                topic,
                partition: p as i32,
            }));
            next += share;
        }
    }
    owners
}

/// How sure the clients' range is. Racks are not followed here: within a topic as many members get one more, but which
/// ones they decide, so that extras of several topics may add up otherwise.
pub(super) fn range_certainty(group: &Group) -> Certainty {
    if !group.racks_matter() {
        return Certainty::Exact;
    }
    let has_extras = |(topic, of): (u32, &Topic)| {
        let reads = |m: &&Member| m.topics.binary_search(&topic).is_ok();
        let readers = group.members.iter().filter(reads).count() as u32;
        readers > 0 && !of.partitions.is_multiple_of(readers)
    };
    let uneven = (0..)
        .zip(&group.topics)
        .filter(|(t, of)| has_extras((*t, of)))
        .count();
    if uneven <= usize::from(group.is_equal()) {
        Certainty::Loads
    } else {
        Certainty::Estimate
    }
}

/// One cursor over members for all partitions of all topics; it passes over members that do not
/// subscribe and never looks at load.
pub(super) fn round_robin(group: &Group) -> Vec<Vec<Slot>> {
    let order = in_order(group);
    let mut owners = vec![Vec::new(); group.members.len()];
    let mut cursor = 0;
    for slot in group.slots() {
        let reads = |at: &usize| {
            let member = order[at % order.len()];
            group.members[member]
                .topics
                .binary_search(&slot.topic)
                .is_ok()
        };
        if let Some(at) = (cursor..cursor + order.len()).find(reads) {
            owners[order[at % order.len()]].push(slot);
            cursor = at % order.len() + 1;
        }
    }
    owners
}
