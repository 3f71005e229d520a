use proptest::prelude::*;

use super::*;

fn group(topics: &[(&str, u32)], members: &[&str]) -> Group {
    let all: Vec<u32> = (0..topics.len() as u32).collect();
    Group {
        topics: topics
            .iter()
            .map(|(name, partitions)| Topic {
                name: (*name).into(),
                id: None,
                partitions: *partitions,
                racks: Vec::new(),
            })
            .collect(),
        members: members
            .iter()
            .map(|id| Member {
                id: (*id).into(),
                instance: None,
                rack: None,
                topics: all.clone(),
                owned: Vec::new(),
            })
            .collect(),
        unseen_racks: 0,
    }
}

fn loads(prediction: &Prediction) -> Vec<usize> {
    prediction.owners.iter().map(Vec::len).collect()
}

fn settle(group: &mut Group, assignor: Assignor) {
    let after = predict(assignor, group).owners;
    for (member, owned) in group.members.iter_mut().zip(after) {
        member.owned = owned;
    }
}

#[test]
fn range_stacks_extras_over_topics() {
    let group = group(&[("a", 4), ("b", 4), ("c", 4)], &["m1", "m2", "m3"]);
    assert_eq!(loads(&predict(Assignor::Range, &group)), [6, 3, 3]);
    assert_eq!(loads(&predict(Assignor::RoundRobin, &group)), [4, 4, 4]);
}

#[test]
fn static_members_come_first_in_range_and_ids_are_strings() {
    let mut group = group(&[("a", 4)], &["m10", "m2", "z"]);
    assert_eq!(loads(&predict(Assignor::Range, &group)), [2, 1, 1]);
    group.members[2].instance = Some("pod-1".into());
    assert_eq!(loads(&predict(Assignor::Range, &group)), [1, 1, 2]);
}

#[test]
fn roundrobin_never_looks_at_load() {
    let mut group = group(&[("a", 2), ("b", 8)], &["m1", "m2", "m3"]);
    group.members[1].topics = vec![0];
    group.members[2].topics = vec![0];
    assert_eq!(loads(&predict(Assignor::RoundRobin, &group)), [9, 1, 0]);
}

#[test]
fn sticky_moves_no_more_than_it_must() {
    let mut group = group(&[("a", 7), ("b", 5)], &["m1", "m2"]);
    settle(&mut group, Assignor::Sticky);
    group.members.push(Member {
        id: "m3".into(),
        owned: Vec::new(),
        ..group.members[0].clone()
    });
    let after = predict(Assignor::Sticky, &group);
    assert_eq!(
        (loads(&after), group.moves(&after.owners)),
        (vec![4, 4, 4], 4)
    );
    assert_eq!((after.rebalances, after.certainty), (1, Certainty::Exact));
}

#[test]
fn cooperative_withholds_what_changes_hands_for_one_rebalance() {
    let mut group = group(&[("a", 6)], &["m1", "m2"]);
    settle(&mut group, Assignor::CooperativeSticky);
    group.members.push(Member {
        id: "m3".into(),
        owned: Vec::new(),
        ..group.members[0].clone()
    });
    let after = predict(Assignor::CooperativeSticky, &group);
    assert_eq!((after.rebalances, after.withheld.len()), (2, 2));
    assert_eq!(after.owners[2], after.withheld);
    // One that leaves frees what it had: nothing is withheld.
    group.members.truncate(1);
    let after = predict(Assignor::CooperativeSticky, &group);
    assert_eq!((after.rebalances, loads(&after)), (1, vec![6]));
}

#[test]
fn racks_that_matter_take_exactness_from_the_clients_assignors_alone() {
    let mut group = group(&[("a", 2)], &["m1", "m2"]);
    group.topics[0].racks = vec![["r1".into()].into(), ["r2".into()].into()];
    let certainty = |g: &Group, a| predict(a, g).certainty;
    assert_eq!(certainty(&group, Assignor::Range), Certainty::Exact);
    group.members[0].rack = Some("r1".into());
    assert_eq!(certainty(&group, Assignor::Range), Certainty::Loads);
    assert_eq!(certainty(&group, Assignor::Sticky), Certainty::Loads);
    assert_eq!(certainty(&group, Assignor::ServerRange), Certainty::Exact);
    let everywhere: BTreeSet<Arc<str>> = ["r1".into(), "r2".into()].into();
    group.topics[0].racks = vec![everywhere.clone(), everywhere];
    assert_eq!(certainty(&group, Assignor::Range), Certainty::Exact);
}

#[test]
fn extras_of_two_topics_may_add_up_otherwise_where_racks_are_not_seen() {
    let certainty = |topics: &[(&str, u32)], racks| {
        let mut group = group(topics, &["m1", "m2"]);
        group.unseen_racks = racks;
        predict(Assignor::Range, &group).certainty
    };
    assert_eq!(certainty(&[("a", 3), ("b", 3)], 1), Certainty::Exact);
    assert_eq!(certainty(&[("a", 3), ("b", 3)], 2), Certainty::Estimate);
    assert_eq!(certainty(&[("a", 3), ("b", 4)], 2), Certainty::Loads);
}

#[test]
fn no_members_own_nothing() {
    let group = group(&[("a", 2)], &[]);
    assert!(predict(Assignor::Uniform, &group).owners.is_empty());
}

fn any_group() -> impl Strategy<Value = Group> {
    let topics = prop::collection::vec(1_u32..12, 1..4);
    (topics, prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(topics, members)| {
        let names: Vec<String> = (0..topics.len()).map(|i| format!("t{i}")).collect();
        let topics: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(topics).collect();
        let ids: Vec<String> = (0..members.len()).map(|i| format!("m{i}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut group = group(&topics, &ids);
        for (member, bits) in group.members.iter_mut().zip(members) {
            let reads = |t: &u32| bits >> t & 1 == 0;
            member.topics.retain(reads);
        }
        group
    })
}

proptest! {
    #[test]
    fn every_partition_has_one_owner_who_subscribes_to_it(mut group in any_group(), leave in 0_usize..9) {
        for assignor in [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky, Assignor::Uniform, Assignor::ServerRange] {
            let mut group = group.clone();
            for _ in 0..2 {
                let after = predict(assignor, &group);
                let mut all: Vec<Slot> = after.owners.iter().flatten().copied().collect();
                all.sort_unstable();
                prop_assert_eq!(&all, &group.slots(), "{:?}", assignor);
                for (member, owned) in group.members.iter().zip(&after.owners) {
                    prop_assert!(owned.iter().all(|s| member.topics.contains(&s.topic)));
                }
                settle(&mut group, assignor);
                if group.members.len() > 1 {
                    group.members.remove(leave % group.members.len());
                }
            }
        }
        group.members.clear();
        prop_assert!(group.slots().is_empty());
    }
}
