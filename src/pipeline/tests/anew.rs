//! Any sequence of observations: late, failed, contradicting, from before; topics, partitions,
//! groups and members that come and go; new settings. No panic, no negative, no false 0, bounded
//! memory; and an incremental snapshot equals one built anew.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::model::{
    AssignedTopic, CleanupPolicy, ClusterSettings, CommitRead, Cycle, Eta, Fact, GroupDescription,
    GroupPart, GroupSnapshot, GroupState, GroupType, HealthState, Isolation, ListedGroup, Loss,
    Member, Observation, OffsetRead, PartitionMetadata, Pattern, Policy, PolicyRule, Reading,
    Settings, Snapshot, Span, TimeLag, TopicCommits, TopicConfig, TopicId, TopicMetadata, Why,
};

use super::super::Pipeline;
use super::facts::{at, tick};

const TOPICS: [&str; 2] = ["t", "u"];
const GROUPS: [&str; 2] = ["g", "h"];

/// An observation to be made at the time that has come, or time that passes.
#[derive(Clone, Debug)]
enum Step {
    /// Asked and answered so many seconds ago.
    Fact(Fact, i64, i64),
    Settings(Settings),
    Boot,
    Jump(i64),
    Wait(i64),
}

fn why() -> Why {
    Why::text("broker 2 is down")
}

/// Often the same ones: a read that changes nothing heals all the same.
fn offset() -> impl Strategy<Value = i64> {
    prop_oneof![2 => Just(0_i64), 3 => Just(100), 2 => 0_i64..200, 1 => Just(1_000_000_007)]
}

fn read_offset() -> impl Strategy<Value = Result<i64, Why>> {
    prop_oneof![9 => offset().prop_map(Ok), 1 => Just(Err(why()))]
}

fn topic() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&TOPICS[..])
}

fn group() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&GROUPS[..])
}

fn offsets() -> impl Strategy<Value = Vec<OffsetRead>> {
    vec(read_offset(), 1..4).prop_map(|all| {
        let read = |(partition, offset)| OffsetRead {
            partition,
            offset,
            leader_epoch: None,
        };
        (0..).zip(all).map(read).collect()
    })
}

fn log() -> impl Strategy<Value = Fact> {
    let isolation = prop_oneof![
        4 => Just(Isolation::ReadUncommitted),
        1 => Just(Isolation::ReadCommitted),
    ];
    let ends = (topic(), isolation, offsets()).prop_map(|(topic, isolation, offsets)| {
        let topic = topic.into();
        Fact::LogEnds {
            topic,
            isolation,
            offsets,
        }
    });
    let starts = (topic(), offsets()).prop_map(|(topic, offsets)| {
        let topic = topic.into();
        Fact::LogStarts { topic, offsets }
    });
    let met = option::of((offset(), 0..90_000_i64));
    let record = (topic(), offset(), met, offset());
    let record = record.prop_map(|(topic, offset, found, log_end_offset)| Fact::RecordAt {
        topic: topic.into(),
        partition: 0,
        offset,
        found: found.map(|(offset, time)| (offset, at(time))),
        log_end_offset,
    });
    let found = (
        topic(),
        0..3,
        0..90_000_i64,
        option::of((offset(), 0..90_000_i64)),
    );
    let found = found.prop_map(|(topic, partition, time, found)| Fact::OffsetForTime {
        topic: topic.into(),
        partition,
        time: at(time),
        found: found.map(|(o, t)| (o, at(t))),
    });
    prop_oneof![6 => ends, 2 => starts, 1 => record, 1 => found]
}

fn commits() -> impl Strategy<Value = Fact> {
    let read = prop_oneof![
        8 => offset().prop_map(|o| Ok(Some(o))),
        2 => Just(Ok(None)),
        1 => Just(Err(why())),
    ];
    let one = (option::of(read), option::of(0..90_000_i64));
    let of_topic = |topic: &'static str| {
        vec(one.clone(), 0..4).prop_map(move |all| {
            let read = |(partition, (offset, committed)): (i32, (Option<_>, Option<i64>))| {
                Some(CommitRead {
                    partition,
                    offset: offset?,
                    committed_at: committed.map(at),
                })
            };
            TopicCommits {
                topic: topic.into(),
                partitions: (0..).zip(all).filter_map(read).collect(),
            }
        })
    };
    let topics = (option::of(of_topic("t")), option::of(of_topic("u")));
    (group(), topics, prop::bool::weighted(0.8)).prop_map(|(group, (t, u), complete)| {
        Fact::Commits {
            group: group.into(),
            topics: t.into_iter().chain(u).collect(),
            complete,
        }
    })
}

fn state() -> impl Strategy<Value = GroupState> {
    prop_oneof![
        4 => Just(GroupState::Stable),
        1 => Just(GroupState::Empty),
        1 => Just(GroupState::PreparingRebalance),
        1 => Just(GroupState::Unknown),
    ]
}

fn listing() -> impl Strategy<Value = Fact> {
    let named = (any::<bool>(), any::<bool>());
    (named, state(), prop::bool::weighted(0.7)).prop_map(|((g, h), state, complete)| {
        let names = GROUPS.iter().zip([g, h]).filter(|(_, named)| *named);
        let listed = |(name, _): (&&str, bool)| ListedGroup {
            group: (*name).into(),
            group_type: GroupType::Classic,
            state,
            protocol_type: "consumer".into(),
        };
        Fact::Groups {
            groups: names.map(listed).collect(),
            complete,
            failures: if complete { Vec::new() } else { vec![why()] },
        }
    })
}

fn description() -> impl Strategy<Value = Fact> {
    let member = (
        0..4_u8,
        vec((topic(), vec(0..3, 0..3)), 0..2),
        any::<bool>(),
    );
    let members = option::weighted(0.9, vec(member, 0..4));
    (group(), state(), members).prop_map(|(group, state, members)| {
        let member = |(id, assigned, told): (u8, Vec<(&str, Vec<i32>)>, bool)| Member {
            member_id: format!("m{id}").into(),
            client_id: format!("c{}", id / 2).into(),
            host: "/h".into(),
            group_instance_id: None,
            assignment: assigned
                .into_iter()
                .map(|(topic, partitions)| AssignedTopic {
                    topic: topic.into(),
                    partitions,
                })
                .collect(),
            subscription: told.then(Arc::default),
        };
        let description = GroupDescription {
            group: group.into(),
            group_type: GroupType::Classic,
            state,
            protocol_type: Some("consumer".into()),
            assignor: Some("range".into()),
            coordinator: Some(1),
            members: members.map(|all| all.into_iter().map(member).collect()),
        };
        Fact::Group {
            description: Arc::new(description),
        }
    })
}

fn topics() -> impl Strategy<Value = Fact> {
    let one = |topic: &'static str| {
        (option::of(1_u128..3), 0..4_i32, 1..3_i32).prop_map(move |(id, count, leader)| {
            let partition = |partition| PartitionMetadata {
                partition,
                leader: Some(leader),
                replicas: 1,
                in_sync: 1,
            };
            TopicMetadata {
                topic: topic.into(),
                topic_id: id.map(TopicId::from_bits),
                partitions: (0..count).map(partition).collect(),
            }
        })
    };
    let some = (option::of(one("t")), option::of(one("u")), any::<bool>());
    some.prop_map(|(t, u, complete)| Fact::Topics {
        topics: t.into_iter().chain(u).collect(),
        complete,
    })
}

fn rare() -> impl Strategy<Value = Fact> {
    let part = prop_oneof![Just(GroupPart::Commits), Just(GroupPart::Description)];
    let failed = (group(), part).prop_map(|(group, part)| Fact::GroupFailed {
        group: group.into(),
        part,
        why: why(),
    });
    let health = any::<bool>().prop_map(|up| Fact::Health {
        state: if up {
            HealthState::Up
        } else {
            HealthState::Down
        },
        why: (!up).then(why),
    });
    let keeps = (
        option::of(1..100_000_i64),
        option::of(1..9_u64),
        any::<bool>(),
    );
    let config = (topic(), keeps).prop_map(|(topic, (time, bytes, compact))| {
        let config = TopicConfig {
            cleanup_policy: if compact {
                CleanupPolicy::Compact
            } else {
                CleanupPolicy::Delete
            },
            retention: time.map(Span::from_secs),
            retention_bytes: bytes,
            ..TopicConfig::default()
        };
        let topic = topic.into();
        Fact::TopicConfig { topic, config }
    });
    let cycle = prop_oneof![Just(10_i64), Just(30)].prop_map(|secs| {
        Fact::Cycle(Cycle {
            interval: Span::from_secs(secs),
            ..Cycle::default()
        })
    });
    prop_oneof![failed, health, config, cycle]
}

fn settings() -> impl Strategy<Value = Settings> {
    let limits = (
        option::of(0..300_u64),
        option::of(1..600_i64),
        option::of(1..600_i64),
    );
    (limits, prop_oneof![Just(10_i64), Just(60)]).prop_map(|((lag, time, silence), every)| {
        let policy = Policy {
            max_lag: lag,
            max_time_lag: time.map(Span::from_secs),
            max_silence: silence.map(Span::from_secs),
            ..Policy::default()
        };
        let mut cluster = ClusterSettings::named("c".into());
        cluster.poll_interval = Span::from_secs(every);
        Settings {
            clusters: vec![cluster],
            policies: vec![PolicyRule {
                cluster: Pattern::new(".*").expect("a pattern"),
                group: Pattern::new("g").expect("a pattern"),
                policy: Arc::new(policy),
            }],
            ..Settings::default()
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let fact = prop_oneof![
        8 => log(),
        6 => commits(),
        2 => listing(),
        2 => description(),
        1 => topics(),
        2 => rare(),
    ];
    // Most are new; some come late, and some were long under way.
    let ago =
        prop_oneof![6 => Just((0, 0)), 1 => (0..40_i64, Just(0)), 1 => (0..40_i64, 0..40_i64)];
    let wait = prop_oneof![
        4 => Just(10_i64),
        1 => Just(1),
        1 => Just(25),
        1 => Just(400),
        1 => Just(2000),
        1 => Just(90_000),
    ];
    prop_oneof![
        20 => (fact, ago).prop_map(|(fact, (asked, answered))| {
            Step::Fact(fact, asked.max(answered), answered.min(asked))
        }),
        1 => settings().prop_map(Step::Settings),
        1 => prop_oneof![Just(Step::Boot), (-9_000..9_000_i64).prop_map(Step::Jump)],
        6 => wait.prop_map(Step::Wait),
    ]
}

fn observation(step: Step, t: &mut i64) -> Observation {
    match step {
        Step::Fact(fact, asked, answered) => Observation::Read {
            cluster: "c".into(),
            asked: at(*t - asked),
            answered: at(*t - answered),
            fact,
        },
        Step::Settings(settings) => Observation::Configured {
            at: at(*t),
            settings: Arc::new(settings),
        },
        Step::Boot => Observation::Boot {
            at: at(*t),
            boot: "again".into(),
        },
        Step::Jump(by) => Observation::ClockJump {
            at: at(*t),
            by: Span::from_secs(by),
        },
        Step::Wait(secs) => {
            *t += secs;
            tick(*t)
        }
    }
}

fn observations(steps: Vec<Step>) -> Vec<Observation> {
    let mut t = 100_000;
    steps.into_iter().map(|s| observation(s, &mut t)).collect()
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

/// The first line in which the texts of two snapshots differ.
fn difference(a: &Snapshot, b: &Snapshot) -> Option<String> {
    let (a, b) = (without_generations(a), without_generations(b));
    if a == b {
        return None;
    }
    let (a, b) = (format!("{a:#?}"), format!("{b:#?}"));
    let (mut left, mut right) = (a.lines(), b.lines());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (x, y) if x != y => return Some(format!("{x:?} against {y:?}")),
            _ => {}
        }
    }
}

/// A 0 that nothing shows: a row counts as read to the end with records between its commit and the log end, which are
/// neither deleted nor, as a read has told (`markers`: topics of which one ever did), markers only, or with none where
/// the log is not known to be empty; a group counts as read
/// with a row that is not.
fn false_zero(group: &GroupSnapshot, markers: &[&str]) -> Option<String> {
    let mut all_read = true;
    for row in group.partitions() {
        let (c, h, b) = (
            row.row().committed_offset.value(),
            row.log_end_offset().value(),
            row.log_start_offset().value(),
        );
        let at_the_end = c.is_some() && c == h;
        if row.lag().value() == Some(0) && !at_the_end {
            return Some(format!("a false 0: {c:?} of {h:?}"));
        }
        let read = row.row().effective_lag.value() == Some(0);
        let gone = b.is_some() && b >= h && c < b;
        let told = markers.contains(&row.topic().topic.as_str());
        // Never committed on, and no record is there.
        let bare = c.is_none() && h.is_some() && b == h;
        if read && !bare && (c.is_none() || h.is_none() || !(at_the_end || gone || told)) {
            return Some(format!("a false 0 of effective lag: {c:?} of {b:?}..{h:?}"));
        }
        let caught_up = row.row().time_lag.value() == Some(TimeLag::CaughtUp);
        if caught_up != read {
            return Some(format!("read: {read}, caught up: {caught_up}"));
        }
        // An empty partition, never committed on, has nothing to read.
        let nothing = row.row().effective_lag.high() == Some(0);
        all_read &= read || nothing || row.row().verdict.is_none();
    }
    let sum = &group.effective_lag;
    // Beside unknown parts a sum is a lower bound, and open above.
    let open = sum.bounds().is_some_and(|b| b.high != Some(0));
    if sum.value() == Some(0) && !open && !all_read {
        return Some(format!("a false 0 of the group: {sum:?}"));
    }
    None
}

/// What is wrong with a group's numbers in themselves.
fn nonsense(group: &GroupSnapshot) -> Option<String> {
    let rows = group.partitions();
    let lags = rows.flat_map(|p| [p.lag(), p.last_stable_lag(), p.row().effective_lag.clone()]);
    for lag in lags.chain([
        group.lag.clone(),
        group.effective_lag.clone(),
        group.lost_lately.clone(),
    ]) {
        let parts = [lag.value(), lag.low(), lag.high(), lag.last()];
        if parts.iter().flatten().any(|v| *v < 0) {
            return Some(format!("a negative lag: {lag:?}"));
        }
    }
    for row in group.partitions() {
        if let Some(TimeLag::Behind {
            oldest_unread,
            after,
            until,
            ..
        }) = row.row().time_lag.value()
            && (oldest_unread > until || after.is_some_and(|a| a > oldest_unread))
        {
            return Some(format!(
                "a guess outside its bounds: {:?}",
                row.row().time_lag
            ));
        }
    }
    let rates = [&group.arrival_rate, &group.consume_rate];
    let loads = group
        .loads
        .iter()
        .flat_map(|l| [&l.consume_rate, &l.capacity]);
    if rates
        .into_iter()
        .chain(loads)
        .filter_map(Reading::value)
        .any(|r| !r.is_finite() || r < 0.0)
    {
        return Some(format!(
            "a rate that cannot be: {rates:?} {:?}",
            group.loads
        ));
    }
    if let Some(Eta::At {
        at,
        earliest,
        latest,
    }) = group.eta.value()
        && (earliest > at || latest.is_some_and(|l| l < at))
    {
        return Some(format!("an eta outside its bounds: {:?}", group.eta));
    }
    let losses = group
        .details
        .iter()
        .map(|d| &d.loss_at)
        .chain([&group.loss_at]);
    for loss in losses {
        if let Some(Loss::At {
            at,
            earliest,
            latest,
            ..
        }) = loss.value()
            && (earliest > at || latest.is_some_and(|l| l < at))
        {
            return Some(format!("a loss outside its bounds: {loss:?}"));
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(150),
        max_shrink_iters: 3000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn incremental_snapshots_equal_those_built_anew(steps in vec(step(), 1..150)) {
        let (mut lazy, mut eager) = (Pipeline::new(), Pipeline::rebuilding_all());
        let mut markers = Vec::new();
        for o in observations(steps) {
            if let Observation::Read { fact: Fact::RecordAt { topic, found: None, .. }, .. } = &o {
                markers.extend(TOPICS.iter().copied().filter(|name| *name == topic.as_str()));
            }
            match (lazy.fold(&o), eager.fold(&o)) {
                (Some(a), Some(b)) => {
                    prop_assert_eq!(difference(&a.snapshot, &b.snapshot), None, "at {}", a.snapshot.at);
                    prop_assert_eq!(a.asks, b.asks);
                    for (_, group) in a.snapshot.groups() {
                        prop_assert_eq!(nonsense(group), None, "at {}", a.snapshot.at);
                        prop_assert_eq!(false_zero(group, &markers), None, "at {}", a.snapshot.at);
                        prop_assert!(group.events.len() <= 50 && group.trend.len() <= 60);
                    }
                }
                (None, None) => {}
                _ => prop_assert!(false, "only one of them cut"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, max_shrink_iters: 0, ..ProptestConfig::default() })]

    /// Twelve rows and as many partitions at the most; what is known of them has an upper bound.
    #[test]
    fn memory_is_bounded(steps in vec(step(), 1500..1501)) {
        let mut pipeline = Pipeline::new();
        let mut most = 0;
        for (i, o) in observations(steps).iter().enumerate() {
            pipeline.fold(o);
            if i % 300 == 299 {
                most = most.max(pipeline.checkpoint().expect("a checkpoint").len());
            }
        }
        prop_assert!(most < 256 * 1024, "{most} bytes");
    }
}
