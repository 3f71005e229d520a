//! The pipeline as a whole: what a sequence of observations makes of a group.

use std::sync::Arc;

use proptest::prelude::*;

use crate::model::{
    AssignedTopic, ClusterSettings, CommitRead, Eta, Fact, GroupDescription, GroupSnapshot,
    GroupState, GroupType, Isolation, ListedGroup, Member, Observation, OffsetRead,
    PartitionMetadata, Pattern, Policy, PolicyRule, Reading, Settings, Snapshot, Span, Status,
    Timestamp, TopicCommits, TopicId, TopicMetadata, Why,
};

use super::{Cut, Pipeline};

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

fn read(secs: i64, fact: Fact) -> Observation {
    Observation::Read {
        cluster: "c".into(),
        asked: at(secs),
        answered: at(secs),
        fact,
    }
}

fn offsets(values: &[Result<i64, Why>]) -> Vec<OffsetRead> {
    let read = |(p, o): (usize, &Result<i64, Why>)| OffsetRead {
        partition: p as i32,
        offset: o.clone(),
        leader_epoch: None,
    };
    values.iter().enumerate().map(read).collect()
}

fn ends(secs: i64, values: &[i64]) -> Observation {
    let values: Vec<_> = values.iter().map(|v| Ok(*v)).collect();
    end_results(secs, &values)
}

fn end_results(secs: i64, values: &[Result<i64, Why>]) -> Observation {
    let (topic, isolation) = ("t".into(), Isolation::ReadUncommitted);
    read(
        secs,
        Fact::LogEnds {
            topic,
            isolation,
            offsets: offsets(values),
        },
    )
}

fn starts(secs: i64, values: &[i64]) -> Observation {
    let values: Vec<_> = values.iter().map(|v| Ok(*v)).collect();
    read(
        secs,
        Fact::LogStarts {
            topic: "t".into(),
            offsets: offsets(&values),
        },
    )
}

fn commits(secs: i64, values: &[Option<i64>]) -> Observation {
    let partitions = values.iter().enumerate().filter_map(|(p, o)| {
        o.map(|o| CommitRead {
            partition: p as i32,
            offset: Ok(Some(o)),
            committed_at: None,
        })
    });
    let topics = vec![TopicCommits {
        topic: "t".into(),
        partitions: partitions.collect(),
    }];
    read(
        secs,
        Fact::Commits {
            group: "g".into(),
            topics,
            complete: true,
        },
    )
}

fn topic(secs: i64, id: u128, partitions: i32) -> Observation {
    let partition = |partition| PartitionMetadata {
        partition,
        leader: Some(1),
        replicas: 1,
        in_sync: 1,
    };
    let topic = TopicMetadata {
        topic: "t".into(),
        topic_id: Some(TopicId::from_bits(id)),
        partitions: (0..partitions).map(partition).collect(),
    };
    read(
        secs,
        Fact::Topics {
            topics: vec![topic],
            complete: true,
        },
    )
}

fn no_topics(secs: i64) -> Observation {
    read(
        secs,
        Fact::Topics {
            topics: Vec::new(),
            complete: true,
        },
    )
}

fn listed(secs: i64, names: &[&str], state: GroupState, complete: bool) -> Observation {
    let group = |name: &&str| ListedGroup {
        group: (*name).into(),
        group_type: GroupType::Classic,
        state,
        protocol_type: "consumer".into(),
    };
    let failures = if complete {
        Vec::new()
    } else {
        vec![Why::text("broker 2: loading")]
    };
    read(
        secs,
        Fact::Groups {
            groups: names.iter().map(group).collect(),
            complete,
            failures,
        },
    )
}

fn described(secs: i64, members: &[(&str, &[i32])]) -> Observation {
    let member = |(id, partitions): &(&str, &[i32])| Member {
        member_id: (*id).into(),
        client_id: (*id).into(),
        host: "/127.0.0.1".into(),
        group_instance_id: None,
        assignment: vec![AssignedTopic {
            topic: "t".into(),
            partitions: partitions.to_vec(),
        }],
    };
    let description = GroupDescription {
        group: "g".into(),
        group_type: GroupType::Classic,
        state: if members.is_empty() {
            GroupState::Empty
        } else {
            GroupState::Stable
        },
        protocol_type: Some("consumer".into()),
        assignor: Some("range".into()),
        coordinator: Some(1),
        members: Some(members.iter().map(member).collect()),
    };
    read(
        secs,
        Fact::Group {
            description: Arc::new(description),
        },
    )
}

fn configured(policy: Policy) -> Observation {
    let settings = Settings {
        clusters: vec![ClusterSettings::named("c".into())],
        policies: vec![PolicyRule {
            cluster: Pattern::new(".*").unwrap(),
            group: Pattern::new(".*").unwrap(),
            policy: Arc::new(policy),
        }],
        ..Settings::default()
    };
    Observation::Configured {
        at: at(0),
        settings: Arc::new(settings),
    }
}

fn tick(secs: i64) -> Observation {
    Observation::Tick { at: at(secs) }
}

/// Folds all and gives the last cut.
fn run(observations: impl IntoIterator<Item = Observation>) -> Cut {
    let mut pipeline = Pipeline::new();
    let cuts = observations.into_iter().filter_map(|o| pipeline.fold(&o));
    cuts.last().expect("a tick")
}

fn group(snapshot: &Snapshot) -> &GroupSnapshot {
    snapshot.clusters[0].group("g").expect("the group")
}

/// A group that read everything for two hours, so that its rhythm is known; then it stands at
/// `last` on each of `partitions`.
fn two_good_hours(partitions: usize) -> Vec<Observation> {
    let mut all = vec![
        configured(Policy::default()),
        topic(0, 1, partitions as i32),
        starts(0, &vec![0; partitions]),
    ];
    let owned: Vec<i32> = (0..partitions as i32).collect();
    all.push(described(0, &[("m", &owned)]));
    for t in (0..=7200).step_by(10) {
        all.push(listed(t, &["g"], GroupState::Stable, true));
        all.push(commits(t, &vec![Some(t * 10); partitions]));
        all.push(ends(t, &vec![t * 10; partitions]));
    }
    all
}

#[test]
fn lag_is_end_minus_commit_and_a_caught_up_group_is_ok() {
    let mut all = two_good_hours(2);
    all.push(tick(7201));
    let cut = run(all);
    let g = group(&cut.snapshot);
    assert_eq!(g.lag, Reading::Known(0));
    assert_eq!(g.status.status, Status::Ok);
    assert_eq!(g.eta, Reading::Known(Eta::CaughtUp));
    assert_eq!(g.arrival_rate.value().map(f64::round), Some(20.0));
    assert_eq!(g.consume_rate.value().map(f64::round), Some(20.0));
}

/// After the good hours, goes on for `minutes`: each poll by `more(t)`.
fn then(minutes: i64, mut more: impl FnMut(i64) -> Vec<Observation>) -> Cut {
    let mut all = two_good_hours(2);
    for t in (7210..=7200 + minutes * 60).step_by(10) {
        all.push(listed(t, &["g"], GroupState::Stable, true));
        all.extend(more(t));
        all.push(tick(t));
    }
    run(all)
}

#[test]
fn a_frozen_commit_of_an_owned_partition_is_suspect_then_stalled() {
    let frozen = |t: i64| {
        vec![
            commits(t, &[Some(72_000), Some(t * 10)]),
            ends(t, &[t * 10; 2]),
        ]
    };
    let status = |minutes| group(&then(minutes, frozen).snapshot).status.status;
    assert_eq!(status(2), Status::Ok);
    assert_eq!(status(4), Status::Suspect);
    assert_eq!(status(7), Status::Stalled);
    let cut = then(7, frozen);
    let g = group(&cut.snapshot);
    assert_eq!(g.lag, Reading::Known(420 * 10));
    // The oldest unread record came in right after the good hours.
    let age = g.time_lag.age(cut.snapshot.at);
    assert!(
        age.low().unwrap() <= Span::from_secs(420) && age.high().unwrap() >= Span::from_secs(419),
        "{age:?}"
    );
    assert_eq!(g.eta, Reading::Known(Eta::Never));
}

#[test]
fn a_group_that_lost_its_members_is_stopped() {
    let mut gone = false;
    let cut = then(4, |t| {
        let mut all = vec![listed(t, &["g"], GroupState::Empty, true)];
        if !std::mem::replace(&mut gone, true) {
            all.push(described(t, &[]));
        }
        all.extend([commits(t, &[Some(72_000); 2]), ends(t, &[t * 10; 2])]);
        all
    });
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::Stopped);
    let sentence = g
        .status
        .evidence
        .as_ref()
        .unwrap()
        .sentence(cut.snapshot.at);
    assert!(sentence.contains("nobody owns it"), "{sentence}");
}

#[test]
fn a_consumer_slower_than_its_producer_is_falling_behind() {
    let cut = then(15, |t| {
        let read = 72_000 + (t - 7200) * 6;
        vec![commits(t, &[Some(read); 2]), ends(t, &[t * 10; 2])]
    });
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::FallingBehind);
    assert_eq!(g.eta, Reading::Known(Eta::Never));
}

#[test]
fn a_consumer_that_catches_up_is_recovering_with_an_eta() {
    let cut = then(10, |t| {
        let read = (72_000 + (t - 7200) * 20 - 9_000).max(72_000);
        vec![commits(t, &[Some(read); 2]), ends(t, &[t * 10 + 9_000; 2])]
    });
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::Recovering, "{g:#?}");
    // 12,000 records left, 10/s faster than they come in.
    let Some(Eta::At { at: eta, .. }) = g.eta.value() else {
        panic!("{:?}", g.eta)
    };
    let left = (eta - at(7800)).as_secs_f64();
    assert!((1000.0..1500.0).contains(&left), "{left}");
}

#[test]
fn a_rewind_is_seen_and_cleared_once_regained() {
    let back = |t: i64| if t < 7260 { t * 10 } else { (t - 7260) * 1300 };
    let read = |t| {
        vec![
            commits(t, &[Some(back(t).min(t * 10)); 2]),
            ends(t, &[t * 10; 2]),
        ]
    };
    assert_eq!(
        group(&then(1, read).snapshot).status.status,
        Status::Rewound
    );
    assert_eq!(group(&then(4, read).snapshot).status.status, Status::Ok);
}

#[test]
fn records_deleted_unread_are_a_loss_once_a_second_read_confirms() {
    let all = |reads: usize| {
        let mut all = two_good_hours(1);
        all.extend([
            starts(7210, &[72_500]),
            commits(7210, &[Some(72_000)]),
            ends(7211, &[73_000]),
        ]);
        for _ in 1..reads {
            all.push(commits(7212, &[Some(72_000)]));
        }
        all.push(tick(7213));
        run(all)
    };
    let once = all(1);
    assert_ne!(group(&once.snapshot).status.status, Status::DataLoss);
    assert_eq!(
        once.asks.len(),
        1,
        "a second read is asked for: {:?}",
        once.asks
    );
    let twice = all(2);
    let g = group(&twice.snapshot);
    assert_eq!(g.status.status, Status::DataLoss);
    assert_eq!(
        (g.lag.value(), g.effective_lag.value()),
        (Some(1000), Some(500))
    );
}

#[test]
fn a_commit_read_before_the_log_start_moved_is_no_loss() {
    // A consumer commits, then deletes what it has read: the start overtakes the older commit.
    let mut all = two_good_hours(1);
    for t in (7210..7400).step_by(10) {
        all.extend([
            commits(t, &[Some(t * 10)]),
            starts(t + 1, &[t * 10 + 5]),
            ends(t + 2, &[t * 10 + 50]),
        ]);
    }
    all.push(tick(7401));
    let cut = run(all);
    assert_ne!(group(&cut.snapshot).status.status, Status::DataLoss);
    assert_eq!(cut.asks, []);
}

#[test]
fn a_commit_beyond_the_end_has_no_lag_and_its_own_status() {
    let mut all = two_good_hours(1);
    for t in [7210, 7220, 7230] {
        all.extend([commits(t, &[Some(90_000)]), ends(t + 1, &[72_100])]);
    }
    all.push(tick(7232));
    let cut = run(all);
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::Truncated);
    assert_eq!(
        (g.lag.value(), g.lag.why()),
        (None, Some(&Why::COMMIT_BEYOND_END))
    );
}

#[test]
fn a_topic_made_anew_between_two_polls_is_noticed_and_its_history_wiped() {
    let mut all = two_good_hours(1);
    all.extend([
        topic(7210, 2, 1),
        commits(7211, &[Some(72_000)]),
        ends(7212, &[30]),
    ]);
    all.push(tick(7213));
    let cut = run(all);
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::Recreated);
    assert!(g.lag.is_unknown() && g.time_lag.is_unknown());
}

#[test]
fn a_deleted_topic_takes_its_rows_with_it() {
    let mut all = two_good_hours(1);
    all.extend([no_topics(7210), tick(7211)]);
    let cut = run(all);
    assert!(group(&cut.snapshot).rows.is_empty());
    assert!(cut.snapshot.clusters[0].topics.is_empty());
}

#[test]
fn never_committed_is_unknown_within_bounds() {
    let cut = run([
        configured(Policy::default()),
        topic(0, 1, 2),
        starts(0, &[10, 0]),
        listed(0, &["g"], GroupState::Stable, true),
        read(
            0,
            Fact::Commits {
                group: "g".into(),
                topics: Vec::new(),
                complete: true,
            },
        ),
        described(1, &[("m", &[0, 1])]),
        ends(1, &[100, 50]),
        tick(2),
    ]);
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::NeverCommitted);
    assert_eq!(
        (g.lag.value(), g.lag.low(), g.lag.high()),
        (None, Some(0), Some(140))
    );
}

#[test]
fn a_failed_broker_makes_its_own_partitions_stale_and_no_others() {
    let mut all = two_good_hours(2);
    let down = || Err(Why::text("broker 2 is down"));
    all.extend([
        commits(7210, &[Some(72_000), Some(72_000)]),
        end_results(7211, &[Ok(72_100), down()]),
        tick(7212),
    ]);
    let cut = run(all);
    let g = group(&cut.snapshot);
    let rows: Vec<_> = g.partitions().map(|p| p.lag()).collect();
    assert_eq!(rows[0], Reading::Known(100));
    assert!(rows[1].is_stale() && rows[1].stale_since() == Some(at(7200)));
    assert_eq!((g.lag.value(), g.lag.low()), (Some(100), Some(100)));
    assert!(g.lag.is_stale());
}

#[test]
fn a_silent_source_goes_stale_then_unknown_and_never_zero() {
    let after = |secs| {
        let mut all = two_good_hours(1);
        all.extend([ends(7201, &[72_300]), tick(7205), tick(secs)]);
        run(all)
    };
    let stale = after(7230);
    assert!(group(&stale.snapshot).lag.is_stale());
    assert_eq!(group(&stale.snapshot).status.status, Status::Unknown);
    let gone = after(7201 + 900);
    let g = group(&gone.snapshot);
    assert!(g.lag.is_unknown() && g.state.is_unknown(), "{:?}", g.lag);
    assert_eq!(
        g.partitions().next().unwrap().log_end_offset().last(),
        Some(72_300)
    );
}

#[test]
fn a_group_is_gone_after_two_complete_listings_without_it_only() {
    let with = |complete| {
        let mut all = two_good_hours(1);
        all.extend([
            listed(7210, &[], GroupState::Stable, complete),
            listed(7220, &[], GroupState::Stable, complete),
        ]);
        all.push(tick(7221));
        run(all)
    };
    assert!(with(true).snapshot.clusters[0].groups.is_empty());
    let kept = with(false);
    assert!(group(&kept.snapshot).state.is_stale());
    assert_eq!(kept.snapshot.clusters[0].issues.len(), 1);
}

#[test]
fn transaction_markers_are_no_effective_lag() {
    let mut all = two_good_hours(1);
    all.extend([
        commits(7210, &[Some(72_000)]),
        ends(7211, &[72_001]),
        tick(7212),
    ]);
    all.extend([
        commits(7220, &[Some(72_000)]),
        ends(7221, &[72_001]),
        tick(7222),
    ]);
    let asked = run(all.clone());
    assert_eq!(asked.asks.len(), 1, "{:?}", asked.asks);
    all.push(read(7223, record_at(72_000, None, 72_001)));
    all.push(tick(7224));
    let cut = run(all.clone());
    let g = group(&cut.snapshot);
    assert_eq!((g.lag.value(), g.effective_lag.value()), (Some(1), Some(0)));
    // One more record, and what was read no longer tells.
    all.extend([ends(7225, &[72_002]), tick(7226)]);
    assert_eq!(group(&run(all).snapshot).effective_lag.value(), Some(2));
}

/// Kafka 4.3 answers with the first record of a batch that was written within one millisecond:
/// below the commit, though the rest is unread.
#[test]
fn the_highest_timestamp_below_the_commit_is_no_sign_of_markers() {
    let mut all = two_good_hours(1);
    all.extend([commits(7210, &[Some(71_994)]), ends(7211, &[72_000])]);
    all.extend([
        read(
            7212,
            Fact::MaxTimestamps {
                topic: "t".into(),
                offsets: offsets(&[Ok(71_990)]),
            },
        ),
        read(7212, record_at(71_994, Some(71_994), 72_000)),
        tick(7213),
    ]);
    assert_eq!(group(&run(all).snapshot).effective_lag.value(), Some(6));
}

fn record_at(offset: i64, found: Option<i64>, log_end_offset: i64) -> Fact {
    Fact::RecordAt {
        topic: "t".into(),
        partition: 0,
        offset,
        found: found.map(|offset| (offset, Timestamp::from_millis(0))),
        log_end_offset,
    }
}

#[test]
fn no_visible_group_is_said() {
    let cut = run([
        configured(Policy::default()),
        listed(0, &[], GroupState::Stable, true),
        tick(1),
    ]);
    assert!(
        cut.snapshot.clusters[0].issues[0]
            .text
            .contains("no group is visible")
    );
}

#[derive(Clone, Debug)]
enum Step {
    Ends(Vec<i64>, i64),
    Starts(Vec<i64>),
    Commits(Vec<Option<i64>>),
    Failed,
    Topic(u128, i32),
    NoTopics,
    Listed(bool, bool),
    Described(u8),
    Markers(i64, Option<i64>, i64),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    // Often the same ones: a read that changes nothing heals all the same.
    let offset = || prop_oneof![2 => Just(0_i64), 3 => Just(100), 2 => 0_i64..200];
    prop_oneof![
        4 => (proptest::collection::vec(offset(), 1..4), 0_i64..40).prop_map(|(v, late)| Step::Ends(v, late)),
        2 => proptest::collection::vec(offset(), 1..4).prop_map(Step::Starts),
        4 => proptest::collection::vec(proptest::option::of(offset()), 0..4).prop_map(Step::Commits),
        1 => Just(Step::Failed),
        1 => (1_u128..3, 0_i32..4).prop_map(|(id, n)| Step::Topic(id, n)),
        1 => Just(Step::NoTopics),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(named, complete)| Step::Listed(named, complete)),
        2 => (0_u8..4).prop_map(Step::Described),
        1 => (offset(), proptest::option::of(offset()), offset()).prop_map(|(o, f, e)| Step::Markers(o, f, e)),
        4 => prop_oneof![Just(10_i64), Just(1), Just(25), Just(400), Just(2000), Just(90_000)].prop_map(Step::Wait),
    ]
}

fn observation(step: Step, t: &mut i64) -> Observation {
    match step {
        Step::Ends(values, late) => ends(*t - late, &values),
        Step::Starts(values) => starts(*t, &values),
        Step::Commits(values) => commits(*t, &values),
        Step::Failed => read(
            *t,
            Fact::GroupFailed {
                group: "g".into(),
                part: crate::model::GroupPart::Commits,
                why: Why::text("coordinator is loading"),
            },
        ),
        Step::Topic(id, partitions) => topic(*t, id, partitions),
        Step::NoTopics => no_topics(*t),
        Step::Listed(named, complete) => listed(
            *t,
            if named { &["g"] } else { &[] },
            GroupState::Stable,
            complete,
        ),
        Step::Described(0) => described(*t, &[]),
        Step::Described(1) => described(*t, &[("a", &[0]), ("b", &[1, 2])]),
        Step::Described(_) => described(*t, &[("a", &[0, 1, 2])]),
        Step::Markers(offset, found, end) => read(*t, record_at(offset, found, end)),
        Step::Wait(secs) => {
            *t += secs;
            tick(*t)
        }
    }
}

fn without_generations(snapshot: &Snapshot) -> Snapshot {
    let mut plain = snapshot.clone();
    for cluster in &mut plain.clusters {
        let cluster = Arc::make_mut(cluster);
        cluster.generation = 0;
        for topic in &mut cluster.topics {
            Arc::make_mut(topic).generation = 0;
        }
        for group in &mut cluster.groups {
            let group = Arc::make_mut(group);
            group.generation = 0;
            for topic in &mut group.topics {
                Arc::make_mut(topic).generation = 0;
            }
        }
    }
    plain
}

fn offsets_are_sane(g: &GroupSnapshot) -> bool {
    let lags = g
        .partitions()
        .flat_map(|p| [p.lag(), p.last_stable_lag(), p.row().effective_lag.clone()]);
    lags.chain([g.lag.clone(), g.effective_lag.clone()])
        .all(|lag| {
            [lag.value(), lag.low(), lag.high(), lag.last()]
                .iter()
                .flatten()
                .all(|v| *v >= 0)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn incremental_snapshots_equal_those_built_anew(steps in proptest::collection::vec(step(), 1..120)) {
        let (mut lazy, mut eager) = (Pipeline::new(), Pipeline::rebuilding_all());
        let mut t = 0;
        let first = [configured(Policy::default()), topic(0, 1, 3)];
        let observations: Vec<_> =
            first.into_iter().chain(steps.into_iter().map(|s| observation(s, &mut t))).collect();
        for o in observations {
            match (lazy.fold(&o), eager.fold(&o)) {
                (Some(a), Some(b)) => {
                    let [a_text, b_text] = [&a, &b].map(|c| format!("{:#?}", without_generations(&c.snapshot)));
                    let differs = a_text.lines().zip(b_text.lines()).find(|(x, y)| x != y);
                    prop_assert_eq!(differs, None, "at {}", a.snapshot.at);
                    prop_assert_eq!(a.asks, b.asks);
                    if let Some(g) = a.snapshot.clusters[0].group("g") {
                        prop_assert!(offsets_are_sane(g));
                    }
                }
                (None, None) => {}
                _ => prop_assert!(false, "only one of them cut"),
            }
        }
    }
}
