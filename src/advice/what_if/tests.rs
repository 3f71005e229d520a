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
    assert_eq!((found.moved, found.rebalances), (Some(1), 6));
}

fn notes(found: &WhatIf, part: &str) -> usize {
    found.notes.iter().filter(|n| n.contains(part)).count()
}

#[test]
fn what_members_are_taken_to_subscribe_to_is_said_whatever_deals_out() {
    let group = busy(grouped(&[4, 4], &[2, 2], 10.0, 0), &[Some(100.0); 2]);
    for assignor in ["range", "roundrobin", "sticky"] {
        let mut group = group.clone();
        group.assignor = Some(assignor.into());
        let more = try_out(&group, &members(4)).unwrap();
        let said = "all members, those that join too, subscribe to all 2 topics";
        assert_eq!(notes(&more, said), 1, "{assignor}: {:?}", more.notes);
        let fewer = try_out(&group, &members(1)).unwrap();
        assert_eq!(notes(&fewer, "all members subscribe to"), 1, "{assignor}");
    }
    let one = try_out(&short_of_hands(), &members(4)).unwrap();
    assert_eq!(notes(&one, ASSUMED_SUBSCRIPTIONS), 0, "{:?}", one.notes);
}

#[test]
fn brokers_in_racks_leave_an_assignor_that_looks_at_them_less_sure() {
    let group = busy(grouped(&[4, 4], &[2, 2], 10.0, 0), &[Some(100.0); 2]);
    let broker = |id, rack: &str| crate::model::Broker {
        id,
        host: "kafka".into(),
        port: 9092,
        rack: Some(rack.into()),
    };
    let tried = |brokers: &[crate::model::Broker], assignor: &str, members| {
        let mut group = group.clone();
        group.assignor = Some(assignor.into());
        let situation = Situation::of(&group).unwrap().among(brokers);
        let change = Change {
            members: Some(members),
            ..Change::default()
        };
        let found = what_if(&situation, &change).unwrap();
        (found.certainty, notes(&found, "brokers stand in 2 racks"))
    };
    let (one, two) = (
        [broker(1, "a"), broker(2, "a")],
        [broker(1, "a"), broker(2, "b")],
    );
    assert_eq!(tried(&one, "range", 3), (Certainty::Loads, 0));
    // Two topics that do not divide by three.
    assert_eq!(tried(&two, "range", 3), (Certainty::Estimate, 1));
    assert_eq!(tried(&two, "range", 4), (Certainty::Loads, 1));
    assert_eq!(tried(&two, "sticky", 3), (Certainty::Loads, 1));
    assert_eq!(tried(&two, "roundrobin", 3), (Certainty::Estimate, 0));
}

#[test]
fn static_members_that_stop_keep_what_they_own_for_a_while() {
    let mut group = short_of_hands();
    let mut all = group.members.as_deref().unwrap().to_vec();
    all[1].group_instance_id = Some("pod-1".into());
    group.members = Some(all.into());
    let said = |n| notes(&try_out(&group, &members(n)).unwrap(), "session");
    assert_eq!((said(1), said(3)), (1, 0));
}

#[test]
fn an_ownership_that_the_rule_does_not_make_is_no_exact_prediction_even_if_nothing_changes() {
    let mut group = short_of_hands();
    group.assignor = Some("roundrobin".into());
    let found = try_out(&group, &Change::default()).unwrap();
    assert_eq!(found.certainty, Certainty::Estimate);
    assert_eq!(notes(&found, "is not what this assignor makes"), 1);
}

#[test]
fn a_number_that_is_there_already_is_no_change() {
    let group = short_of_hands();
    let partitions = |count| Change {
        partitions: Some(Partitions {
            topic: Some("topic-0".into()),
            count,
        }),
        ..Change::default()
    };
    for change in [members(2), partitions(12), Change::default()] {
        let found = try_out(&group, &change).unwrap();
        let rests = (found.moved, found.rebalances, found.cost.records);
        assert_eq!(rests, (Some(0), 0, 0.0), "{change:?}");
        assert_eq!(found.before.members, found.after.members, "{change:?}");
    }
    assert!(try_out(&group, &partitions(13)).unwrap().cost.records > 0.0);
}

#[test]
fn partitions_that_are_there_already_keep_what_each_gets() {
    let mut group = grouped(&[4, 4], &[2, 2], 10.0, 0);
    let topic = std::sync::Arc::make_mut(&mut group.topics[0]);
    topic.partitions[0].arrival_rate = crate::model::Reading::Known(25.0);
    let change = Change {
        members: Some(4),
        partitions: Some(Partitions {
            topic: Some("topic-0".into()),
            count: 4,
        }),
        ..Change::default()
    };
    let found = try_out(&group, &change).unwrap();
    assert!((found.after.fullest - 35.0).abs() < 1e-9);
}

#[test]
fn what_leavers_own_waits_too() {
    let mut group = busy(grouped(&[8], &[2; 4], 10.0, 0), &[None; 4]);
    group.assignor = Some("cooperative-sticky".into());
    let found = try_out(&group, &members(2)).unwrap();
    // Four partitions of the two that go, ten records/s each, for three seconds.
    assert_eq!((found.moved, found.cost.records), (Some(4), 120.0));
}

#[test]
fn another_assignor_restarts_each_member_twice() {
    let group = busy(grouped(&[4, 4], &[2, 1, 1], 10.0, 0), &[Some(100.0); 3]);
    let to = |assignor| {
        let change = Change {
            assignor: Some(assignor),
            ..Change::default()
        };
        let found = try_out(&group, &change).unwrap();
        assert_eq!(notes(&found, "each member restarts"), 1);
        (found.rebalances, found.cost.pause, found.cost.records)
    };
    // Three members, and all stop at each restart.
    assert_eq!(to(Assignor::CooperativeSticky), (6, 60.0, 4_800.0));
    assert_eq!(to(Assignor::Uniform), (3, 30.0, 2_400.0));
}

#[test]
fn no_time_follows_from_what_is_no_spare() {
    let mut group = busy(grouped(&[4], &[2, 2], 10.0, 15), &[None, None]);
    // One that keeps up, by the last digit more than what comes in.
    for load in &mut group.loads {
        let why = crate::model::Why::text("never busy");
        load.capacity = crate::model::Reading::at_least(20.000_000_000_1, why);
    }
    let found = try_out(&group, &members(3)).unwrap();
    assert_eq!(found.before.drain, Drain::Unknown);
    let mut seen = busy(grouped(&[4], &[2, 2], 10.0, 15), &[Some(20.0); 2]);
    seen.loads[0].capacity = crate::model::Reading::Known(20.000_000_01);
    let found = try_out(&seen, &Change::default()).unwrap();
    assert_eq!(found.before.members[0].drain, Drain::Never);
    assert_eq!(found.cost.recovery, None);
}

#[test]
fn each_member_is_measured_by_what_it_can_do_itself() {
    let slow = [None, Some(20.0), None, None];
    let group = busy(grouped(&[16], &[4; 4], 10.0, 0), &slow);
    let found = try_out(&group, &members(5)).unwrap();
    let uses = |side: &Side| -> Vec<Option<f64>> {
        let members = side.members.iter();
        members.map(|m| m.use_of_capacity).collect()
    };
    assert_eq!(uses(&found.before), [None, Some(2.0), None, None]);
    assert_eq!(uses(&found.after), [None, Some(1.5), None, None, None]);
    assert_eq!(notes(&found, "1 of 4 members can do more or less"), 1);
}

#[test]
fn what_is_assumed_of_a_group_without_a_known_assignor_says_why() {
    let mut group = short_of_hands();
    group.assignor = None;
    let found = try_out(&group, &members(3)).unwrap();
    assert_eq!(notes(&found, "was not told: range is assumed"), 1);
    group.assignor = Some("stream".into());
    let said = try_out(&group, &members(3)).unwrap_err().to_string();
    assert!(
        said.contains("num.stream.threads") && !said.contains("--assignor"),
        "{said}"
    );
}
