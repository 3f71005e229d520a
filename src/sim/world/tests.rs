//! What must hold in every world.

use proptest::prelude::*;

use super::*;
use crate::sim::spec::{
    Assignor, Cause, Event, EventKind, FeedSpec, GroupSpec, HOUR, Hanging, Keys, MINUTE, Protocol,
    Rewind, SECOND, Shape, TopicSpec,
};

const EPOCH: Millis = 1_800_000_000_000;

fn one(topic: TopicSpec, group: GroupSpec) -> Scenario {
    Scenario {
        name: "one".to_owned(),
        brokers: 1,
        topics: vec![topic],
        groups: vec![group],
        ..Scenario::default()
    }
}

fn steady(rate: f64) -> TopicSpec {
    TopicSpec::new("t", 6).fed(FeedSpec::steady(rate).keyed(Keys::Zipf(0.4)))
}

fn offsets(world: &World, t: Millis) -> Vec<Option<i64>> {
    let mut commits = Vec::new();
    world.commits(0, EPOCH + t, &mut commits);
    commits
        .into_iter()
        .map(|commit| commit.map(|commit| commit.offset))
        .collect()
}

fn lag(world: &World, t: Millis) -> i64 {
    world
        .truth(0, EPOCH + t)
        .iter()
        .filter_map(|row| row.effective_lag)
        .sum()
}

fn event() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        (0.05..0.9, 0..HOUR).prop_map(|(factor, over)| EventKind::Slower { factor, over }),
        (0..3_usize).prop_map(|member| EventKind::SickMember {
            member,
            factor: 0.1
        }),
        (0..6).prop_map(|partition| EventKind::Poison {
            topic: "t".to_owned(),
            partition,
            restarts: Some(3 * MINUTE)
        }),
        Just(EventKind::Stopped),
        Just(EventKind::Stuck),
        (20..200_i64).prop_map(|s| EventKind::Storm {
            every: s * SECOND,
            away: 15 * SECOND
        }),
        Just(EventKind::RollingDeploy {
            gap: MINUTE,
            boot: 20 * SECOND
        }),
        Just(EventKind::RecreateDeploy { boot: 90 * SECOND }),
        (1..9_usize).prop_map(|members| EventKind::Scale { members }),
    ]
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![
        Just(Protocol::Classic(Assignor::Range)),
        Just(Protocol::Classic(Assignor::CooperativeSticky)),
        Just(Protocol::Consumer(Assignor::Uniform)),
        Just(Protocol::Manual),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn commits_never_go_back_nor_beyond_the_end(
        seed in 0..1_000_u64, kind in event(), protocol in protocol(), rate in 1.0..400.0,
        every in 3_000..30_000_i64, txn in prop::option::of(2_000..20_000_i64), committed: bool,
    ) {
        let mut topic = steady(rate);
        topic.feeds[0].transaction = txn;
        let mut group = GroupSpec::new("g", "t").members(3, 60.0).protocol(protocol).commits_every(every);
        group.read_committed = committed;
        let world = World::new(&one(topic, group.event(-HOUR, Some(20 * MINUTE), kind)), seed, EPOCH);
        let mut last = [0; 6];
        for step in -160..60 {
            let t = step * 31 * SECOND;
            for (partition, offset) in offsets(&world, t).into_iter().enumerate() {
                let offset = offset.expect("a commit");
                let end = world.log_end(0, partition as i32, EPOCH + t).expect("an end");
                let stable = world.last_stable(0, partition as i32, EPOCH + t).expect("a last stable offset");
                prop_assert!(last[partition] <= offset && offset <= end, "{} {offset} {end} at {t}", last[partition]);
                prop_assert!(stable <= end && (!committed || offset <= stable));
                last[partition] = offset;
            }
        }
    }

    #[test]
    fn the_truth_is_in_the_records(seed in 0..1_000_u64, kind in event(), txn in prop::option::of(2_000..20_000_i64)) {
        let mut topic = steady(20.0);
        topic.feeds[0].transaction = txn;
        topic.hanging = Some(Hanging { partition: 2, opened: -30 * MINUTE, aborted: Some(-10 * MINUTE) });
        let group = GroupSpec::new("g", "t").members(3, 15.0).event(-HOUR, None, kind);
        let world = World::new(&one(topic, group), seed, EPOCH);
        for t in [-50 * MINUTE, -20 * MINUTE, -MINUTE, 0, 10 * MINUTE] {
            let commits = offsets(&world, t);
            for (partition, (truth, commit)) in world.truth(0, EPOCH + t).iter().zip(commits).enumerate() {
                let commit = commit.expect("a commit");
                let limit = truth.lag.expect("lag") as usize;
                let unread = world.records(0, partition as i32, commit, limit + 10, EPOCH + t);
                let seen: Vec<_> = unread.iter().filter(|record| !record.kind.is_control()).collect();
                prop_assert_eq!(unread.len(), limit);
                prop_assert_eq!(truth.effective_lag, Some(seen.len() as i64));
                let age = seen.first().map_or(0, |record| EPOCH + t - record.at);
                prop_assert_eq!(truth.time_lag, Some(age));
                for pair in unread.windows(2) {
                    prop_assert!(pair[0].offset + 1 == pair[1].offset && pair[0].at <= pair[1].at);
                }
                for record in unread.iter().take(3) {
                    prop_assert_eq!(world.record(0, partition as i32, record.offset, EPOCH + t), Some(*record));
                }
            }
        }
    }
}

#[test]
fn the_order_of_questions_changes_nothing() {
    let group = || {
        GroupSpec::new("g", "t")
            .members(2, 30.0)
            .event(-HOUR, None, EventKind::Stuck)
    };
    let late_first = World::new(&one(steady(20.0), group()), 5, EPOCH);
    let later = offsets(&late_first, 40 * MINUTE);
    let early = offsets(&late_first, -3 * HOUR);
    let in_order = World::new(&one(steady(20.0), group()), 5, EPOCH);
    assert_eq!(early, offsets(&in_order, -3 * HOUR));
    assert_eq!(later, offsets(&in_order, 40 * MINUTE));
}

#[test]
fn a_healthy_group_keeps_up_and_a_stopped_one_falls_behind() {
    let group = GroupSpec::new("g", "t")
        .members(3, 40.0)
        .event(0, None, EventKind::Stopped);
    let world = World::new(&one(steady(60.0), group), 3, EPOCH);
    assert!(lag(&world, -SECOND) < 60 * 10);
    let behind = lag(&world, HOUR);
    assert!((190_000..240_000).contains(&behind), "{behind}");
    assert_eq!(world.brief(0, EPOCH + MINUTE).state, "Empty");
    let expected = Condition {
        cause: Cause::Stopped,
        began: EPOCH,
        ended: None,
    };
    assert_eq!(world.conditions(0, EPOCH - 1), []);
    assert_eq!(world.conditions(0, EPOCH + MINUTE), [expected]);
}

#[test]
fn a_poison_record_stops_one_partition_only() {
    let poison = EventKind::Poison {
        topic: "t".to_owned(),
        partition: 4,
        restarts: Some(5 * MINUTE),
    };
    let group = GroupSpec::new("g", "t")
        .members(3, 40.0)
        .event(-HOUR, None, poison);
    let world = World::new(&one(steady(60.0), group), 3, EPOCH);
    let truth = world.truth(0, EPOCH);
    let ages: Vec<_> = truth
        .iter()
        .map(|row| row.time_lag.expect("an age") / SECOND)
        .collect();
    assert!((3_500..=3_700).contains(&ages[4]), "{ages:?}");
    assert!(
        ages.iter().enumerate().all(|(k, age)| k == 4 || *age < 60),
        "{ages:?}"
    );
    assert_eq!(offsets(&world, -50 * MINUTE)[4], offsets(&world, 0)[4]);
}

#[test]
fn more_members_change_the_future_and_not_the_past() {
    let group = GroupSpec::new("g", "t").members(1, 40.0);
    let scenario = one(steady(60.0), group);
    let (alone, helped) = (
        World::new(&scenario, 3, EPOCH),
        World::new(&scenario, 3, EPOCH),
    );
    assert!(lag(&helped, 10 * MINUTE) > 100_000);
    let more = Event {
        from: 10 * MINUTE,
        until: None,
        kind: EventKind::Scale { members: 6 },
    };
    assert!(helped.intervene("g", more));
    assert_eq!(offsets(&alone, 9 * MINUTE), offsets(&helped, 9 * MINUTE));
    assert!(lag(&helped, 2 * HOUR) < lag(&alone, 2 * HOUR) / 4);
    assert_eq!(helped.view(0, EPOCH + HOUR).members.len(), 6);
}

#[test]
fn a_rewind_goes_back_and_catches_up() {
    let group = GroupSpec::new("g", "t").members(3, 80.0).event(
        0,
        None,
        EventKind::Rewind(Rewind::Back(HOUR)),
    );
    let world = World::new(&one(steady(60.0), group), 3, EPOCH);
    let (before, after) = (offsets(&world, -1), offsets(&world, SECOND));
    assert!(before.iter().zip(&after).all(|(was, is)| was > is));
    assert!(lag(&world, MINUTE) > 150_000);
    assert!(lag(&world, 2 * HOUR) < 2_000);
}

#[test]
fn a_recreated_topic_leaves_a_stale_position() {
    let mut topic = steady(60.0);
    topic.recreated = Some(crate::sim::spec::Recreation {
        deleted: -10 * MINUTE,
        created: -9 * MINUTE,
    });
    let world = World::new(
        &one(topic, GroupSpec::new("g", "t").members(3, 80.0)),
        3,
        EPOCH,
    );
    let ids = [-11, -9].map(|minute| world.topics()[0].id(minute * MINUTE));
    assert!(ids[0].is_some() && ids[1].is_some() && ids[0] != ids[1]);
    assert_eq!(world.log_end(0, 0, EPOCH - 10 * MINUTE), None);
    assert_eq!(offsets(&world, -10 * MINUTE + 1), [None; 6]);
    let ends: Vec<_> = (0..6).map(|p| world.log_end(0, p, EPOCH)).collect();
    assert!(
        offsets(&world, 0)
            .iter()
            .zip(&ends)
            .all(|(commit, end)| commit > end)
    );
}

#[test]
fn a_hanging_transaction_holds_back_the_last_stable_offset() {
    let mut topic = steady(60.0);
    topic.feeds[0].transaction = Some(10 * SECOND);
    topic.hanging = Some(Hanging {
        partition: 1,
        opened: -20 * MINUTE + 3 * SECOND,
        aborted: None,
    });
    let mut group = GroupSpec::new("g", "t").members(3, 80.0);
    group.read_committed = true;
    let world = World::new(&one(topic, group), 3, EPOCH);
    let stable = world.last_stable(0, 1, EPOCH).expect("stable");
    assert_eq!(
        stable,
        world
            .last_stable(0, 1, EPOCH - 10 * MINUTE)
            .expect("stable")
    );
    assert_eq!(
        world.record(0, 1, stable, EPOCH).expect("record").kind,
        RecordKind::Hanging
    );
    assert!(world.last_stable(0, 2, EPOCH) > world.last_stable(0, 2, EPOCH - MINUTE));
    assert_eq!(offsets(&world, 0)[1], Some(stable));
}

#[test]
fn all_read_behind_a_marker_is_no_lag() {
    let topic = TopicSpec::new("t", 2).fed(
        FeedSpec::steady(30.0)
            .until(-10 * MINUTE)
            .transactional(10 * SECOND),
    );
    let world = World::new(
        &one(topic, GroupSpec::new("g", "t").members(1, 100.0)),
        3,
        EPOCH,
    );
    let truth = RowTruth {
        lag: Some(1),
        effective_lag: Some(0),
        time_lag: Some(0),
        lost: 0,
    };
    assert_eq!(world.truth(0, EPOCH), [truth; 2]);
}

#[test]
fn retention_overtakes_who_stands_still() {
    let topic = steady(60.0).keeps(HOUR, 10 * MINUTE);
    let group = GroupSpec::new("g", "t")
        .members(3, 80.0)
        .event(-2 * HOUR, None, EventKind::Stuck);
    let world = World::new(&one(topic, group), 3, EPOCH);
    for (row, truth) in world.truth(0, EPOCH).iter().enumerate() {
        let start = world.log_start(0, row as i32, EPOCH).expect("start");
        assert!(
            truth.lost > 0 && truth.effective_lag == Some(truth.lag.expect("lag") - truth.lost)
        );
        assert!(
            (50..=75).contains(&(truth.time_lag.expect("age") / MINUTE)),
            "{truth:?}"
        );
        assert!(start > world.log_start(0, row as i32, EPOCH - HOUR).expect("start"));
    }
}

#[test]
fn hourly_batches_and_cron_windows_come_and_go() {
    let shape = Shape::Bursts {
        every: HOUR,
        records: 30_000.0,
        length: [MINUTE, 2 * MINUTE],
        late: MINUTE,
    };
    let mut group = GroupSpec::new("g", "t").members(2, 200.0);
    group.schedule = crate::sim::spec::Schedule::Windows {
        every: HOUR,
        length: 5 * MINUTE,
        phase: 10 * MINUTE,
    };
    let world = World::new(
        &one(TopicSpec::new("t", 6).fed(FeedSpec::new(shape)), group),
        3,
        EPOCH,
    );
    assert_eq!(world.brief(0, EPOCH + 5 * MINUTE).state, "Empty");
    assert_eq!(world.brief(0, EPOCH + 12 * MINUTE).state, "Stable");
    assert!(lag(&world, 9 * MINUTE) > 25_000);
    assert!(
        lag(&world, 20 * MINUTE) < 100,
        "{}",
        lag(&world, 20 * MINUTE)
    );
}

#[test]
fn groups_hash_as_javas_strings_do() {
    // "polygenelubricants".hashCode() is Integer.MIN_VALUE; "hello".hashCode() is 99162322.
    assert_eq!(offsets_partition("polygenelubricants"), 0);
    assert_eq!(offsets_partition("hello"), 99_162_322 % 50);
    assert_eq!(
        offsets_partition("\u{1F600}"),
        (0xD83D_i32 * 31 + 0xDE00) % 50
    );
}

#[test]
fn what_is_forgotten_changes_nothing_later() {
    let storm = EventKind::Storm {
        every: 5 * MINUTE,
        away: 20 * SECOND,
    };
    let group = || {
        GroupSpec::new("g", "t")
            .members(3, 40.0)
            .event(-HOUR, None, storm.clone())
    };
    let (whole, lean) = (
        World::new(&one(steady(60.0), group()), 3, EPOCH),
        World::new(&one(steady(60.0), group()), 3, EPOCH),
    );
    for hour in 0..4 {
        let t = hour * HOUR;
        assert_eq!(offsets(&whole, t), offsets(&lean, t));
        assert_eq!(whole.view(0, EPOCH + t), lean.view(0, EPOCH + t));
        let partition = offsets_partition("g");
        assert_eq!(
            whole.commit_log_end(partition, EPOCH + t),
            lean.commit_log_end(partition, EPOCH + t)
        );
        lean.forget_before(EPOCH + t);
    }
}
