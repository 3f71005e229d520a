mod scaling;

use super::*;
use crate::advice::testing::{busy, grouped};
use crate::model::testing::{NOW, ago};
use crate::model::{
    Cause, Diagnosis, Evidence, GroupState, Load, Loss, Policy, Reading, Retention, RowDetail,
    Span, Status, Storm, Subscription, Verdict,
};

fn broker(id: i32, rack: Option<&str>) -> Broker {
    Broker {
        id,
        host: "kafka".into(),
        port: 9092,
        rack: rack.map(Into::into),
    }
}

fn said(group: &GroupSnapshot) -> Vec<Said> {
    let all = say(&"prod".into(), &[broker(1, None)], group, Memory::default());
    for said in &all {
        changes_nothing(&said.advice);
    }
    all
}

/// Whoever pastes all of a command has changed nothing yet.
fn changes_nothing(advice: &Advice) {
    let command = advice.command.as_deref().unwrap();
    let changes = [
        "--execute",
        "--delete",
        "--alter",
        " abort ",
        "kubectl scale",
    ];
    for line in command.lines().filter(|line| !line.starts_with('#')) {
        let found: Vec<_> = changes.iter().filter(|c| line.contains(**c)).collect();
        assert!(found.is_empty(), "{found:?} in {command}");
        assert!(
            !line.contains("--reset-offsets") || line.contains("--dry-run"),
            "{command}"
        );
    }
}

fn first(group: &GroupSnapshot) -> Arc<Advice> {
    Arc::clone(&said(group).first().expect("some advice").advice)
}

fn found(mut group: GroupSnapshot, cause: Cause) -> GroupSnapshot {
    group.status = Verdict::plain(Status::FallingBehind, ago(600));
    group.diagnosis = Diagnosis::Found {
        cause,
        since: ago(500),
        confidence: 0.8,
    };
    group
}

fn too_few(group: GroupSnapshot) -> GroupSnapshot {
    found(
        group,
        Cause::TooFewConsumers {
            members: 2,
            consume_rate: 100.0,
            capacity: 100.0,
            arrival_rate: 120.0,
            lagging: 12,
            of: 12,
        },
    )
}

fn kinds(group: &GroupSnapshot) -> Vec<AdviceKind> {
    said(group).iter().map(|s| s.advice.kind).collect()
}

#[test]
fn a_healthy_group_gets_none() {
    assert_eq!(said(&grouped(&[6], &[3, 3], 10.0, 0)), []);
    assert_eq!(said(&grouped(&[1], &[1], 10.0, 0)), []);
}

#[test]
fn too_few_members_are_told_how_many_it_takes_and_what_that_brings() {
    let group = too_few(busy(grouped(&[12], &[6, 6], 10.0, 600), &[Some(50.0); 2]));
    let advice = first(&group);
    assert_eq!(advice.kind, AdviceKind::Scale);
    assert_eq!(&*advice.title, "run 4 members instead of 2");
    let gain = advice.gain.as_deref().unwrap();
    assert!(
        gain.contains("30 records/s (60 % of what it can) instead of 60")
            && gain.ends_with("instead of never"),
        "{gain}"
    );
    let plan = advice.plan.as_ref().unwrap();
    let loads = |side: &[Load]| -> Vec<(u32, f64)> {
        side.iter().map(|l| (l.partitions, l.arrival)).collect()
    };
    assert_eq!(loads(&plan.before), [(6, 60.0); 2]);
    assert_eq!(loads(&plan.after), [(3, 30.0); 4]);
    assert_eq!(&*plan.after[3].member, "new member 2");
    assert!(plan.before[0].member.ends_with("@10.0.0.0"), "{plan:?}");
    let command = advice.command.as_deref().unwrap();
    assert!(
        command.starts_with("laggard what-if g --members 4 --bootstrap-server kafka:9092"),
        "{command}"
    );
}

#[test]
fn no_number_is_named_where_capacity_was_never_seen() {
    let group = too_few(busy(grouped(&[12], &[6, 6], 10.0, 600), &[None, None]));
    let advice = first(&group);
    assert_eq!(&*advice.title, "run more members than 2");
    assert_eq!(advice.plan, None);
}

#[test]
fn a_partition_beyond_a_member_is_no_case_for_more_members() {
    let mut group = too_few(busy(grouped(&[4], &[2, 2], 10.0, 600), &[Some(60.0); 2]));
    let topic = Arc::make_mut(&mut group.topics[0]);
    topic.partitions[3].arrival_rate = Reading::Known(90.0);
    let advice = first(&group);
    assert_eq!(advice.kind, AdviceKind::SpreadKey);
    assert!(
        advice.title.starts_with("do not add consumers"),
        "{}",
        advice.title
    );
}

#[test]
fn ranges_stacking_is_left_behind_by_another_assignor() {
    // Two members at the most get anything of three topics with two partitions each.
    let group = too_few(busy(
        grouped(&[2, 2, 2], &[1, 1], 30.0, 0),
        &[Some(80.0); 2],
    ));
    let advice = first(&group);
    assert_eq!(advice.kind, AdviceKind::ChangeAssignor);
    assert!(
        advice.title.contains("cooperative-sticky"),
        "{}",
        advice.title
    );
}

#[test]
fn a_big_backlog_gets_time_and_not_a_wrong_limit() {
    let group = too_few(busy(
        grouped(&[8], &[4, 4], 50.0, 400_000),
        &[Some(150.0); 2],
    ));
    assert_eq!(first(&group).kind, AdviceKind::Scale);
}

#[test]
fn a_poison_record_gets_its_coordinates_and_a_dry_run() {
    let group = found(
        grouped(&[6], &[3, 3], 10.0, 100),
        Cause::PoisonRecord {
            topic: "a b".into(),
            partition: 5,
            offset: 41,
            since: ago(600),
            others_moved: 2,
            owners: 3,
        },
    );
    let advice = first(&group);
    assert_eq!(
        advice.command.as_deref().unwrap(),
        "kafka-console-consumer.sh --bootstrap-server kafka:9092 --topic 'a b' --partition 5 --offset 41 --max-messages 1 \
         --property print.offset=true\n\
         kafka-consumer-groups.sh --bootstrap-server kafka:9092 --group g --reset-offsets --topic 'a b:5' --to-offset 42 --dry-run\n\
         # reads right? Stop all of its members, then again with --execute in place of --dry-run"
    );
}

#[test]
fn every_cause_has_its_advice() {
    let host = |host: &str| Cause::SickHost {
        host: host.into(),
        members: 2,
        lagging: 4,
        others_lagging: 0,
        others: 8,
    };
    let leader = Cause::SlowLeader {
        broker: 3,
        lagging: 4,
        led: 4,
        others_lagging: 0,
        others: 8,
    };
    let slow = Cause::SlowDownstream {
        members: 2,
        consume_rate: 30.0,
        capacity: 100.0,
        lagging: 6,
        of: 6,
    };
    let stuck = Cause::GroupStuck {
        partitions: 6,
        since: ago(700),
        effective_lag: 600,
    };
    for (cause, kind) in [
        (host("/10.0.0.7"), AdviceKind::CheckHost),
        (leader, AdviceKind::CheckBroker),
        (slow, AdviceKind::DoNotAddConsumers),
        (stuck, AdviceKind::FindBlock),
    ] {
        let group = found(grouped(&[6], &[3, 3], 10.0, 100), cause);
        let advice = first(&group);
        assert_eq!(advice.kind, kind);
        assert!(advice.command.is_some() && advice.gain.is_some() && !advice.evidence.is_empty());
    }
}

#[test]
fn a_cause_is_no_reason_where_the_status_is_not_known() {
    let mut group = too_few(busy(
        grouped(&[12], &[6, 6], 10.0, 600),
        &[Some(50.0), Some(50.0)],
    ));
    assert!(kinds(&group).contains(&AdviceKind::Scale));
    group.status = Verdict::plain(Status::Unknown, ago(600));
    assert_eq!(kinds(&group), []);
}

#[test]
fn a_hot_key_gains_what_an_even_spread_of_all_that_comes_in_would_be() {
    let mut group = grouped(&[6], &[3, 3], 10.0, 100);
    let topic = Arc::make_mut(&mut group.topics[0]);
    topic.partitions[3].arrival_rate = Reading::Known(130.0);
    let hot = Cause::HotPartition {
        topic: "topic-0".into(),
        partition: 3,
        arrival_rate: 130.0,
        median_arrival_rate: 10.0,
        consume_rate: 60.0,
    };
    let advice = first(&found(group, hot));
    assert_eq!(advice.kind, AdviceKind::SpreadKey);
    // 5 × 10 + 130 over six.
    assert_eq!(
        advice.gain.as_deref(),
        Some(
            "spread evenly over the 6 partitions of topic-0, each gets 30 records/s instead of up to 130"
        )
    );
}

#[test]
fn a_storm_gets_the_settings_that_its_assignor_lacks() {
    let mut group = grouped(&[6], &[3, 3], 10.0, 100);
    group.storm = Some(Box::new(Storm {
        since: ago(500),
        rebalances: 9,
        window: Span::from_secs(600),
        rejoining: 2,
        consume_rate: 3.0,
        arrival_rate: 60.0,
    }));
    let command = |g: &GroupSnapshot| first(g).command.clone().unwrap().to_string();
    assert!(command(&group).contains("CooperativeStickyAssignor"));
    group.assignor = Some("cooperative-sticky".into());
    assert!(!command(&group).contains("CooperativeStickyAssignor"));
    assert!(command(&group).contains("group.instance.id"));
    // A properties file takes what stands behind a value for a part of it.
    for line in command(&group).lines().filter(|l| !l.starts_with('#')) {
        assert!(!line.contains('#') && !line.contains(' '), "{line}");
    }
    // Connect, Kafka Streams and assignors of one's own have other settings.
    for (protocol, assignor) in [
        ("connect", "sessioned"),
        ("consumer", "stream"),
        ("consumer", "mine"),
    ] {
        group.protocol_type = protocol.into();
        group.assignor = Some(assignor.into());
        let advice = first(&group);
        assert!(!command(&group).contains("max.poll"), "{advice:?}");
        assert!(
            !advice.evidence.iter().any(|e| e.contains("its assignor")),
            "{advice:?}"
        );
    }
}

#[test]
fn no_name_leaves_its_line_or_its_word() {
    let mut group = grouped(&[2, 2], &[1, 1], 10.0, 0);
    group.group = "evil\ntouch it #".into();
    for row in group.rows.iter_mut().filter(|r| r.topic == 1) {
        row.verdict = None;
    }
    let lines = |group: &GroupSnapshot| first(group).command.clone().unwrap().lines().count();
    assert_eq!(lines(&group), 2);
    group.status = Verdict::plain(Status::Stopped, ago(900));
    group.inactive = true;
    group.members = Some(Arc::from([]));
    for row in &mut group.rows {
        row.effective_lag = Reading::Known(5);
    }
    group.effective_lag = Reading::Known(20);
    assert_eq!(first(&group).kind, AdviceKind::DeleteGroup);
    assert_eq!(lines(&group), 2);
    let evil = Broker {
        host: "$(touch it)".into(),
        ..broker(1, None)
    };
    let all = say(&"prod".into(), &[evil], &group, Memory::default());
    let command = all[0].advice.command.as_deref().unwrap();
    assert!(
        command.contains("--bootstrap-server '$(touch it):9092'"),
        "{command}"
    );
}

#[test]
fn what_members_subscribe_to_decides_whether_offsets_may_be_deleted() {
    let mut group = grouped(&[2, 2], &[1, 1], 10.0, 0);
    for row in group.rows.iter_mut().filter(|r| r.topic == 1) {
        row.verdict = None;
        row.effective_lag = Reading::Known(7);
    }
    let piece = |g: &GroupSnapshot| said(g).first().cloned();
    let untold = piece(&group).unwrap();
    assert!(untold.advice.confidence <= 0.5, "{untold:?}");
    assert!(untold.not_before >= Some(group.status.since + Span::from_secs(3600)));
    let unread = "14 records are unread there";
    assert!(
        untold.advice.caveats.iter().any(|c| c.starts_with(unread)),
        "{untold:?}"
    );
    let mut telling = |topics: &[&str]| {
        let mut members = group.members.as_deref().unwrap().to_vec();
        for member in &mut members {
            member.subscription = Some(Arc::new(Subscription {
                topics: topics.iter().map(|t| (*t).into()).collect(),
                rack: None,
            }));
        }
        group.members = Some(members.into());
        piece(&group)
    };
    let told = telling(&["topic-0"]).unwrap();
    assert!(told.advice.confidence > 0.7, "{told:?}");
    assert_eq!(telling(&["topic-0", "topic-1"]), None);
}

#[test]
fn a_log_that_was_cut_off_is_read_on_from_the_time_of_the_cut() {
    let mut group = grouped(&[2], &[2], 10.0, 100);
    group.rows[1].verdict = Some(Verdict::plain(Status::Truncated, ago(300)));
    let advice = first(&group);
    let command = advice.command.as_deref().unwrap();
    let from = ago(300) - Span::from_secs(300);
    let wanted = format!("--reset-offsets --topic topic-0:1 --to-datetime {from} --dry-run");
    assert!(
        command.lines().next().unwrap().ends_with(&wanted),
        "{command}"
    );
    group.rows[1].verdict = Some(Verdict::plain(Status::Recreated, ago(300)));
    let command = first(&group).command.clone().unwrap();
    assert!(
        command.contains("--topic topic-0:1 --to-earliest --dry-run"),
        "{command}"
    );
}

#[test]
fn who_commits_without_members_is_not_asked_to_start() {
    let mut group = grouped(&[4], &[], 10.0, 100);
    group.state = Reading::Known(GroupState::Empty);
    let lost = Evidence::LostRecords {
        lost: 40,
        committed_offset: 10,
        log_start_offset: 50,
        at_first_sight: false,
    };
    group.status = Verdict::plain(Status::DataLoss, ago(900));
    group.rows[0].verdict = Some(Verdict::because(Status::DataLoss, ago(900), lost));
    group.consume_rate = Reading::Known(0.0);
    let advice = first(&group);
    assert_eq!(advice.kind, AdviceKind::StartConsumers);
    assert!(
        advice
            .caveats
            .iter()
            .any(|c| c.contains("auto.offset.reset")),
        "{advice:?}"
    );
    group.consume_rate = Reading::Known(7.0);
    assert!(!kinds(&group).contains(&AdviceKind::StartConsumers));
}

#[test]
fn a_stopped_group_is_started_and_an_abandoned_one_deleted() {
    let mut group = grouped(&[4], &[], 10.0, 100);
    group.state = Reading::Known(GroupState::Empty);
    group.status = Verdict::plain(Status::Stopped, ago(900));
    assert_eq!(kinds(&group), [AdviceKind::StartConsumers]);
    group.inactive = true;
    assert_eq!(kinds(&group), [AdviceKind::DeleteGroup]);
}

#[test]
fn a_loss_is_spoken_of_a_day_before_it_comes() {
    let mut group = grouped(&[1], &[1], 10.0, 100);
    let at = NOW + Span::from_secs(100 * 3600);
    group.details = vec![RowDetail {
        topic: 0,
        partition: 0,
        loss_at: Reading::Known(Loss::At {
            at,
            earliest: at,
            latest: None,
            by: Retention::Time,
        }),
        event_time_speed: Reading::Known(0.9),
    }];
    let all = said(&group);
    assert_eq!(all[0].advice.kind, AdviceKind::ExtendRetention);
    assert_eq!(all[0].not_before, Some(at - Span::from_secs(24 * 3600)));
}

#[test]
fn idle_members_and_a_single_one_are_hints_where_they_matter() {
    let idle = grouped(&[2], &[1, 1, 0], 10.0, 0);
    let advice = first(&idle);
    assert_eq!(
        (advice.kind, advice.severity),
        (AdviceKind::FewerMembers, AdviceSeverity::Hint)
    );
    let mut single = grouped(&[4], &[4], 10.0, 0);
    assert_eq!(kinds(&single), []);
    single.policy = Arc::new(Policy {
        expected: true,
        ..Policy::default()
    });
    assert_eq!(kinds(&single), [AdviceKind::SecondMember]);
}

#[test]
fn a_topic_that_is_no_longer_read_may_be_forgotten() {
    let mut group = grouped(&[2, 2], &[1, 1], 10.0, 0);
    for row in group.rows.iter_mut().filter(|r| r.topic == 1) {
        row.verdict = None;
    }
    let advice = first(&group);
    assert_eq!(advice.kind, AdviceKind::DeleteOffsets);
    assert!(
        advice
            .command
            .as_deref()
            .unwrap()
            .ends_with("--delete-offsets --topic topic-1")
    );
}

#[test]
fn a_rewind_names_both_ends() {
    let mut group = grouped(&[2], &[2], 10.0, 100);
    let went_back = Evidence::WentBack {
        at: ago(300),
        from: 900,
        to: 100,
        to_log_start: false,
    };
    for row in &mut group.rows[..2] {
        let went_back = went_back.clone();
        row.verdict = Some(Verdict::because(Status::Rewound, ago(300), went_back));
    }
    let advice = first(&group);
    assert_eq!(advice.kind, AdviceKind::ReviewRewind);
    let command = advice.command.as_deref().unwrap();
    assert!(
        command.starts_with("printf '%s\\n' topic-0,0,900 topic-0,1,900 > offsets.csv\n"),
        "{command}"
    );
    assert!(
        advice.evidence[0].ends_with("went from 900 back to 100"),
        "{:?}",
        advice.evidence
    );
}

#[test]
fn a_piece_says_that_racks_may_decide_who_gets_what() {
    let group = too_few(busy(grouped(&[12], &[6, 6], 10.0, 600), &[Some(50.0); 2]));
    let racks = |brokers: &[Broker]| {
        let said = say(&"prod".into(), brokers, &group, Memory::default());
        let caveats = said[0].advice.caveats.iter();
        caveats.filter(|c| c.contains("racks")).count()
    };
    assert_eq!(racks(&[broker(1, Some("a")), broker(2, Some("a"))]), 0);
    assert_eq!(racks(&[broker(1, Some("a")), broker(2, Some("b"))]), 1);
}
