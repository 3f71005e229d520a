//! Advice on how many members, and on what is the limit instead.

use super::*;
use crate::advice::say::Memory;
use crate::model::{CleanupPolicy, Event, EventKind, PartitionId, TopicConfig};

fn said_with(group: &GroupSnapshot, memory: Memory) -> Vec<Arc<Advice>> {
    let all = say(&"prod".into(), &[broker(1, None)], group, memory);
    all.into_iter().map(|s| s.advice).collect()
}

fn arrives(group: &mut GroupSnapshot, topic: usize, partition: usize, rate: f64) {
    let topic = Arc::make_mut(&mut group.topics[topic]);
    topic.partitions[partition].arrival_rate = Reading::Known(rate);
}

/// Four partitions with 45 records/s each, of which a member does 35.
fn all_too_full() -> GroupSnapshot {
    too_few(busy(grouped(&[4], &[1; 4], 45.0, 600), &[Some(35.0); 4]))
}

#[test]
fn where_all_partitions_are_too_full_it_takes_more_of_them() {
    let mut group = all_too_full();
    Arc::make_mut(&mut group.topics[0]).topic = "a.b".into();
    let mut members = group.members.as_deref().unwrap().to_vec();
    for member in &mut members {
        member.assignment[0].topic = "a.b".into();
    }
    group.members = Some(members.into());
    let advice = first(&group);
    assert_eq!(advice.kind, AdviceKind::AddPartitions);
    assert!(advice.title.contains("beyond 4"), "{}", advice.title);
    // 180 records/s, 28 of which one is to bear: seven.
    let command = advice.command.as_deref().unwrap();
    assert!(
        command.starts_with("laggard what-if g --members 7 --partitions a.b=7 ")
            && command.contains("--alter --topic 'a\\.b' --partitions 7"),
        "{command}"
    );
    let gain = advice.gain.as_deref().unwrap();
    assert!(
        gain.contains("gets 26 records/s (73 % of what it can) instead of 45 (129 %"),
        "{gain}"
    );
    assert!(advice.caveats.iter().any(|c| c.contains("one key")));
    assert!(!advice.caveats.iter().any(|c| c.contains("compacted")));
}

#[test]
fn a_compacted_topic_keeps_a_keys_old_value_where_it_was() {
    let mut group = all_too_full();
    Arc::make_mut(&mut group.topics[0]).config = Some(Arc::new(TopicConfig {
        cleanup_policy: CleanupPolicy::Compact,
        ..TopicConfig::default()
    }));
    let advice = first(&group);
    assert_eq!(advice.kind, AdviceKind::AddPartitions);
    assert!(advice.caveats.iter().any(|c| c.contains("compacted")));
}

/// One partition gets five times what the others do; `hot` records/s.
fn hot(hot: f64) -> GroupSnapshot {
    let mut group = busy(grouped(&[8], &[4, 4], 14.0, 100), &[None, None]);
    arrives(&mut group, 0, 0, hot);
    group.loads[0].capacity = Reading::at_least(100.0, crate::model::Why::text("never busy"));
    let cause = Cause::HotPartition {
        topic: "topic-0".into(),
        partition: 0,
        arrival_rate: hot,
        median_arrival_rate: 14.0,
        consume_rate: 58.0,
    };
    found(group, cause)
}

#[test]
fn a_partition_that_a_member_can_do_alone_needs_members_and_not_other_keys() {
    let advice = first(&hot(70.0));
    assert_eq!(advice.kind, AdviceKind::Scale);
    assert_eq!(&*advice.title, "run 4 members instead of 2");
    let why = advice.evidence[0].as_ref();
    assert!(
        why.contains("at least 100") && why.contains("3 partitions"),
        "{why}"
    );
    assert_eq!(first(&hot(120.0)).kind, AdviceKind::SpreadKey);
}

#[test]
fn another_assignor_comes_with_its_setting_and_without_fewer_members() {
    let mut group = too_few(busy(
        grouped(&[2, 2, 2, 2, 2], &[1, 1, 0, 0], 15.0, 0),
        &[Some(60.0); 4],
    ));
    let stacked = kinds(&group);
    assert_eq!(stacked, [AdviceKind::ChangeAssignor]);
    let command = first(&group).command.clone().unwrap();
    let both = "partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor,";
    assert!(command.contains(both), "{command}");
    group.group_type = crate::model::GroupType::Consumer;
    let command = first(&group).command.clone().unwrap();
    assert!(
        command.contains("group.remote.assignor=uniform"),
        "{command}"
    );
}

#[test]
fn fewer_members_are_spoken_of_once_none_came_for_a_while() {
    let mut group = grouped(&[2], &[1, 1, 0], 10.0, 0);
    assert_eq!(said(&group)[0].not_before, None);
    let joined = Event {
        at: NOW,
        kind: EventKind::Joined,
        text: "it came".into(),
    };
    group.events = [joined].into();
    assert_eq!(said(&group)[0].not_before, Some(NOW + Span::from_secs(600)));
}

#[test]
fn it_names_the_number_that_autoscalers_are_told_and_stays_while_it_is_not_well() {
    let mut group = too_few(busy(grouped(&[12], &[6, 6], 10.0, 600), &[Some(50.0); 2]));
    let memory = Memory {
        members: Some(6),
        short: true,
        faster: None,
    };
    let title = |g: &GroupSnapshot, memory| {
        let all = said_with(g, memory);
        all.first().map(|a| a.title.to_string())
    };
    let six = Some("run 6 members instead of 2".to_owned());
    assert_eq!(title(&group, memory), six);
    group.diagnosis = Diagnosis::NotNeeded;
    group.status = Verdict::plain(Status::Recovering, ago(60));
    assert_eq!(title(&group, memory), six);
    assert_eq!(title(&group, Memory::default()), None);
}

#[test]
fn no_number_of_members_is_certain_and_an_estimate_still_less() {
    let mut group = too_few(busy(grouped(&[12], &[6, 6], 10.0, 600), &[Some(50.0); 2]));
    if let Diagnosis::Found { confidence, .. } = &mut group.diagnosis {
        *confidence = 1.0;
    }
    assert!((first(&group).confidence - 0.9).abs() < 1e-9);
    // Owners that no equal subscriptions explain.
    group.assignor = Some("roundrobin".into());
    assert!((first(&group).confidence - 0.6).abs() < 1e-9);
}

#[test]
fn members_that_did_more_before_are_first_to_be_asked_why() {
    let mut group = busy(grouped(&[12], &[6, 6], 10.0, 600), &[Some(50.0); 2]);
    group.status = Verdict::plain(Status::FallingBehind, ago(600));
    group.arrival_rate = Reading::Known(120.0);
    group.consume_rate = Reading::Known(100.0);
    group.diagnosis = Diagnosis::Abstains {
        why: crate::model::Why::text("no single cause"),
    };
    let memory = Memory {
        faster: Some(60.0),
        ..Memory::default()
    };
    let all = said_with(&group, memory);
    assert!(all[0].title.starts_with("find out why"), "{}", all[0].title);
    let said = all[0]
        .evidence
        .iter()
        .any(|e| e.contains("50 each; 60 were seen"));
    assert!(said, "{:?}", all[0].evidence);
}

#[test]
fn members_of_other_topics_that_bear_too_much_are_named_by_their_topics() {
    // Two read a topic with much, two another with little.
    let mut group = busy(grouped(&[4, 4], &[1; 4], 30.0, 600), &[Some(50.0); 4]);
    for partition in 0..4 {
        arrives(&mut group, 1, partition, 3.0);
    }
    let mut members = group.members.as_deref().unwrap().to_vec();
    for (at, member) in members.iter_mut().enumerate() {
        member.assignment.remove(usize::from(at < 2));
        let first = 2 * (at as PartitionId % 2);
        member.assignment[0].partitions = (first..first + 2).collect();
    }
    group.members = Some(members.into());
    let advice = first(&too_few(group));
    assert!(
        advice
            .title
            .starts_with("run more of the members that read topic-0,"),
        "{}",
        advice.title
    );
    assert!(advice.confidence < 0.65 && advice.plan.is_none());
}

#[test]
fn what_deals_out_its_partitions_in_an_unknown_way_is_told_so_in_words() {
    let group = too_few(busy(grouped(&[12], &[6, 6], 10.0, 600), &[Some(50.0); 2]));
    let told = |change: &dyn Fn(&mut GroupSnapshot)| {
        let mut group = group.clone();
        change(&mut group);
        let advice = first(&group);
        assert_eq!((advice.kind, &advice.plan), (AdviceKind::Scale, &None));
        let limit = advice.evidence.iter().any(|e| e.contains("not known here"));
        assert!(limit, "{:?}", advice.evidence);
        format!("{}\n{}", advice.title, advice.command.as_deref().unwrap())
    };
    let connect = told(&|g| g.protocol_type = "connect".into());
    assert!(connect.contains("tasks.max"), "{connect}");
    let streams = told(&|g| g.assignor = Some("stream".into()));
    assert!(streams.contains("num.stream.threads"), "{streams}");
    let own = told(&|g| g.assignor = Some("my-own".into()));
    assert!(own.starts_with("run more members than 2"), "{own}");
    told(&|g| g.assignor = None);
}

fn losing(minutes: i64, by: Retention) -> GroupSnapshot {
    let mut group = grouped(&[1], &[1], 10.0, 100);
    let at = NOW + Span::from_secs(60 * minutes);
    group.details = vec![RowDetail {
        topic: 0,
        partition: 0,
        loss_at: Reading::Known(Loss::At {
            at,
            earliest: at,
            latest: None,
            by,
        }),
        event_time_speed: Reading::Known(0.9),
    }];
    group.status = Verdict::plain(Status::FallingBehind, ago(120));
    group
}

#[test]
fn who_catches_up_before_anything_is_lost_needs_no_longer_retention() {
    let mut group = losing(60, Retention::Time);
    let eta = |minutes: i64| crate::model::Eta::At {
        at: NOW,
        earliest: NOW,
        latest: Some(NOW + Span::from_secs(60 * minutes)),
    };
    group.eta = Reading::Known(eta(59));
    assert_eq!(kinds(&group), []);
    group.eta = Reading::Known(eta(61));
    assert_eq!(kinds(&group), [AdviceKind::ExtendRetention]);
}

#[test]
fn a_burst_is_waited_for_unless_the_loss_is_near() {
    let from = |minutes| said(&losing(minutes, Retention::Time))[0].not_before;
    assert_eq!(from(60), Some(ago(120) + Span::from_secs(600)));
    assert_eq!(from(32), Some(NOW + Span::from_secs(120)));
}

#[test]
fn two_limits_that_delete_are_both_extended() {
    let mut group = losing(60, Retention::Time);
    Arc::make_mut(&mut group.topics[0]).config = Some(Arc::new(TopicConfig {
        retention: Some(Span::from_secs(7_200)),
        retention_bytes: Some(1_000_000),
        ..TopicConfig::default()
    }));
    let advice = first(&group);
    let command = advice.command.as_deref().unwrap();
    let setting = command.split("--add-config ").nth(1).unwrap();
    assert!(
        setting.starts_with("retention.ms=") && setting.contains(",retention.bytes="),
        "{command}"
    );
}
