use super::*;
use crate::advice::testing::{busy, grouped};
use crate::model::GroupSnapshot;

fn try_out(group: &GroupSnapshot, change: &Change) -> Result<WhatIf, WrongChange> {
    what_if(&Situation::of(group).unwrap(), change)
}

fn members(n: usize) -> Change {
    Change {
        members: Some(n),
        ..Change::default()
    }
}

fn short_of_hands() -> GroupSnapshot {
    busy(
        grouped(&[12], &[6, 6], 10.0, 600),
        &[Some(50.0), Some(50.0)],
    )
}

#[test]
fn more_members_bring_never_to_a_time() {
    let found = try_out(&short_of_hands(), &members(4)).unwrap();
    assert_eq!(
        (found.before.drain, found.after.drain),
        (Drain::Never, Drain::In(90.0))
    );
    assert_eq!(
        (found.before.fullest_use, found.after.fullest_use),
        (Some(1.2), Some(0.6))
    );
    assert_eq!(found.certainty, Certainty::Loads);
    assert_eq!(
        (found.before.members.len(), found.after.members.len()),
        (2, 4)
    );
    assert_eq!(&*found.after.members[3].member, "new member 2");
}

#[test]
fn a_capacity_never_seen_gives_the_latest_time_and_no_share() {
    let group = busy(grouped(&[4], &[2, 2], 10.0, 100), &[None, None]);
    let found = try_out(&group, &members(4)).unwrap();
    assert_eq!(found.after.drain, Drain::Within(10.0));
    assert_eq!(found.after.fullest_use, None);
    assert_eq!(found.before.drain, Drain::Unknown);
    assert!(
        found.notes.iter().any(|n| n.contains("at least")),
        "{:?}",
        found.notes
    );
}

#[test]
fn nothing_changed_is_exact_and_moves_nothing() {
    let found = try_out(&short_of_hands(), &Change::default()).unwrap();
    assert_eq!((found.certainty, found.moved), (Certainty::Exact, Some(0)));
    assert_eq!(found.before.members, found.after.members);
}

#[test]
fn members_beyond_the_partitions_are_idle() {
    let found = try_out(&grouped(&[1], &[1], 5.0, 0), &members(3)).unwrap();
    assert_eq!(found.after.idle, 2);
    assert!(
        found.notes.iter().any(|n| n.starts_with("2 of 3 members")),
        "{:?}",
        found.notes
    );
}

#[test]
fn a_hot_partition_stays_hot_with_more_partitions() {
    let mut group = short_of_hands();
    let topic = std::sync::Arc::make_mut(&mut group.topics[0]);
    topic.partitions[3].arrival_rate = crate::model::Reading::Known(100.0);
    let change = Change {
        partitions: Some(Partitions {
            topic: None,
            count: 24,
        }),
        members: Some(24),
        ..Change::default()
    };
    let found = try_out(&group, &change).unwrap();
    // 11 × 10 + 100 come in, 70 of which are beyond three times the median of 10.
    assert!(
        (found.after.fullest - (70.0 + 140.0 / 24.0)).abs() < 1e-9,
        "{}",
        found.after.fullest
    );
}

#[test]
fn skew_keeps_the_sum() {
    let change = Change {
        skew: Some(1.0),
        ..Change::default()
    };
    let found = try_out(&short_of_hands(), &change).unwrap();
    let sum: f64 = found.after.members.iter().map(|m| m.arrival).sum();
    assert!((sum - 120.0).abs() < 1e-9);
    assert!(found.after.fullest > 80.0);
}

#[test]
fn what_makes_no_sense_is_refused_with_what_would() {
    let said = |change: Change| try_out(&short_of_hands(), &change).unwrap_err().to_string();
    assert!(said(members(0)).contains("1 or more"));
    let partitions = |topic: Option<&str>, count| Change {
        partitions: Some(Partitions {
            topic: topic.map(str::to_owned),
            count,
        }),
        ..Change::default()
    };
    assert_eq!(
        said(partitions(None, 3)),
        "topic-0 has 12 partitions, and Kafka takes none away; ask for 12 or more"
    );
    assert_eq!(
        said(partitions(Some("x"), 30)),
        "it does not read a topic \"x\"; it reads topic-0"
    );
    assert!(
        said(Change {
            skew: Some(-1.0),
            ..Change::default()
        })
        .contains("0 (even)")
    );
    let mut own = short_of_hands();
    own.assignor = Some("my-own".into());
    assert!(
        try_out(&own, &members(3))
            .unwrap_err()
            .to_string()
            .contains("\"my-own\"")
    );
}

#[test]
fn an_empty_group_is_planned_with_the_clients_default() {
    let mut group = grouped(&[6], &[], 5.0, 100);
    group.assignor = None;
    assert_eq!(
        try_out(&group, &Change::default()).unwrap_err(),
        WrongChange::MembersUnsaid
    );
    let found = try_out(&group, &members(3)).unwrap();
    assert_eq!((found.moved, found.before.drain), (None, Drain::Unknown));
    assert!(
        found.notes[0].contains("range is assumed"),
        "{:?}",
        found.notes
    );
}

#[test]
fn another_assignor_evens_out_what_range_stacks() {
    let group = busy(grouped(&[4, 4], &[2, 1, 1], 10.0, 0), &[Some(100.0); 3]);
    let change = Change {
        assignor: Some(Assignor::CooperativeSticky),
        ..Change::default()
    };
    let found = try_out(&group, &change).unwrap();
    assert_eq!((found.before.fullest, found.after.fullest), (40.0, 30.0));
    assert_eq!((found.moved, found.rebalances), (Some(1), 2));
}
