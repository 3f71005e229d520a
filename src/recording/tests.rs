//! Any sequence of observations survives being written and read; what is damaged costs itself only.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{Checkpoint, Item, Reader, Sink, Writer};
use crate::model::{
    AssignedTopic, BootId, Broker, ClusterName, ClusterSettings, Command, CommitRead, Cycle,
    Elsewhere, Fact, GroupDescription, GroupPart, GroupState, GroupType, HealthState, Isolation,
    ListedGroup, Matcher, Member, Notify, Observation, OffsetRead, PartitionMetadata, Pattern,
    Policy, PolicyRule, Recurring, Route, RuleFile, Settings, Span, Subscription, TellResult,
    TimeInterval, Timestamp, Told, TopicCommits, TopicConfig, TopicId, TopicMetadata, Why,
};

/// Few names, so that reads of the same subject follow one another.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-c]",
        1 => any::<String>(),
        1 => Just("a\nb\u{0}\"\\".to_owned()),
    ]
}

fn when() -> impl Strategy<Value = Timestamp> {
    // What RFC 3339 can write: the years 0 to 9999.
    (-62_000_000_000_000_i64..253_000_000_000_000).prop_map(Timestamp::from_millis)
}

fn span() -> impl Strategy<Value = Span> {
    (0_i64..10_000_000_000).prop_map(Span::from_millis)
}

fn why() -> impl Strategy<Value = Why> {
    prop_oneof![Just(Why::NO_ANSWER), name().prop_map(Why::text)]
}

fn partition() -> impl Strategy<Value = i32> {
    prop_oneof![4 => 0..4_i32, 1 => any::<i32>()]
}

fn offset() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0..50_i64, 1 => any::<i64>()]
}

/// A few partitions in order, or anything.
fn reads() -> impl Strategy<Value = Vec<OffsetRead>> {
    let odd = (
        partition(),
        prop_oneof![offset().prop_map(Ok), why().prop_map(Err)],
        option::of(any::<i32>()),
    )
        .prop_map(|(partition, offset, leader_epoch)| OffsetRead {
            partition,
            offset,
            leader_epoch,
        });
    let plain = vec(offset(), 0..4).prop_map(|offsets| {
        let read = |(i, o): (usize, i64)| OffsetRead {
            partition: i as i32,
            offset: Ok(o),
            leader_epoch: None,
        };
        offsets.into_iter().enumerate().map(read).collect()
    });
    prop_oneof![3 => plain, 1 => vec(odd, 0..4)]
}

fn commits() -> impl Strategy<Value = Vec<TopicCommits>> {
    let offset = prop_oneof![4 => option::of(offset()).prop_map(Ok), 1 => why().prop_map(Err)];
    let odd =
        (partition(), offset, option::of(when())).prop_map(|(partition, offset, at)| CommitRead {
            partition,
            offset,
            committed_at: at,
        });
    let plain = vec(option::of(0..3_i64), 0..4).prop_map(|offsets| {
        let read = |(i, o): (usize, Option<i64>)| CommitRead {
            partition: i as i32,
            offset: Ok(o),
            committed_at: None,
        };
        offsets
            .into_iter()
            .enumerate()
            .map(read)
            .collect::<Vec<_>>()
    });
    let partitions = prop_oneof![3 => plain, 1 => vec(odd, 0..4)];
    let topic = (name(), partitions).prop_map(|(topic, partitions)| TopicCommits {
        topic: topic.into(),
        partitions,
    });
    vec(topic, 0..3)
}

fn group_type() -> impl Strategy<Value = GroupType> {
    prop_oneof![
        Just(GroupType::Classic),
        Just(GroupType::Share),
        Just(GroupType::Unknown)
    ]
}

fn state() -> impl Strategy<Value = GroupState> {
    prop_oneof![
        Just(GroupState::Stable),
        Just(GroupState::Reconciling),
        Just(GroupState::Unknown)
    ]
}

fn member() -> impl Strategy<Value = Member> {
    let assigned = (name(), vec(partition(), 0..3)).prop_map(|(t, partitions)| AssignedTopic {
        topic: t.into(),
        partitions,
    });
    let subscription = (vec(name(), 0..3), option::of(name())).prop_map(|(topics, rack)| {
        Arc::new(Subscription {
            topics: topics.into_iter().map(Into::into).collect(),
            rack: rack.map(Into::into),
        })
    });
    let owns = vec(assigned, 0..2);
    (
        name(),
        name(),
        option::of(name()),
        owns,
        option::of(subscription),
    )
        .prop_map(|(id, client, instance, assignment, subscription)| Member {
            member_id: id.into(),
            client_id: client.as_str().into(),
            host: client.into(),
            group_instance_id: instance.map(Into::into),
            assignment,
            subscription,
        })
}

fn description() -> impl Strategy<Value = GroupDescription> {
    let who = (name(), group_type(), state());
    (
        who,
        option::of(name()),
        option::of(any::<i32>()),
        option::of(vec(member(), 0..3)),
    )
        .prop_map(|((group, group_type, state), text, coordinator, members)| {
            GroupDescription {
                group: group.into(),
                group_type,
                state,
                protocol_type: text.clone().map(Into::into),
                assignor: text.map(Into::into),
                coordinator,
                members,
            }
        })
}

fn topics() -> impl Strategy<Value = Vec<TopicMetadata>> {
    let place =
        (partition(), option::of(0..4_i32), any::<u16>()).prop_map(|(partition, leader, n)| {
            PartitionMetadata {
                partition,
                leader,
                replicas: n,
                in_sync: n / 2,
            }
        });
    let topic = (name(), option::of(any::<u128>()), vec(place, 0..4)).prop_map(
        |(topic, id, partitions)| TopicMetadata {
            topic: topic.into(),
            topic_id: id.map(TopicId::from_bits),
            partitions,
        },
    );
    vec(topic, 0..3)
}

fn of_topics() -> impl Strategy<Value = Fact> {
    let isolation = prop_oneof![
        Just(Isolation::ReadUncommitted),
        Just(Isolation::ReadCommitted)
    ];
    let found = || option::of((offset(), when()));
    prop_oneof![
        4 => (name(), isolation, reads()).prop_map(|(t, isolation, offsets)| Fact::LogEnds {
            topic: t.into(), isolation, offsets
        }),
        2 => (name(), reads()).prop_map(|(t, offsets)| Fact::LogStarts { topic: t.into(), offsets }),
        1 => (name(), reads()).prop_map(|(t, offsets)| Fact::MaxTimestamps { topic: t.into(), offsets }),
        1 => (topics(), any::<bool>()).prop_map(|(topics, complete)| Fact::Topics { topics, complete }),
        1 => (name(), option::of(span()), option::of(any::<u64>())).prop_map(|(t, retention, bytes)| {
            let config = TopicConfig { retention, retention_bytes: bytes, ..TopicConfig::default() };
            Fact::TopicConfig { topic: t.into(), config }
        }),
        1 => (name(), partition(), when(), found()).prop_map(|(t, partition, time, found)| {
            Fact::OffsetForTime { topic: t.into(), partition, time, found }
        }),
        1 => (name(), partition(), offset(), found()).prop_map(|(t, partition, offset, found)| {
            Fact::RecordAt { topic: t.into(), partition, offset, found, log_end_offset: offset }
        }),
    ]
}

fn of_groups() -> impl Strategy<Value = Fact> {
    let listed = (name(), group_type(), state()).prop_map(|(g, group_type, state)| ListedGroup {
        group: g.as_str().into(),
        group_type,
        state,
        protocol_type: g.into(),
    });
    let part = prop_oneof![Just(GroupPart::Commits), Just(GroupPart::Description)];
    prop_oneof![
        4 => (name(), commits(), any::<bool>()).prop_map(|(g, topics, complete)| Fact::Commits {
            group: g.into(), topics, complete
        }),
        1 => (vec(listed, 0..3), any::<bool>(), vec(why(), 0..2)).prop_map(|(groups, complete, failures)| {
            Fact::Groups { groups, complete, failures }
        }),
        1 => description().prop_map(|d| Fact::Group { description: Arc::new(d) }),
        1 => (name(), part, why()).prop_map(|(g, part, why)| Fact::GroupFailed { group: g.into(), part, why }),
    ]
}

fn of_clusters() -> impl Strategy<Value = Fact> {
    let health = prop_oneof![
        Just(HealthState::Up),
        Just(HealthState::Down),
        Just(HealthState::Connecting)
    ];
    let broker = (any::<i32>(), name(), any::<u16>(), option::of(name())).prop_map(
        |(id, host, port, rack)| Broker {
            id,
            host: host.into(),
            port,
            rack: rack.map(Into::into),
        },
    );
    let cycle = (
        span(),
        span(),
        option::of(why()),
        vec((name(), any::<u64>()), 0..2),
    )
        .prop_map(|(took, interval, lengthened, requests)| Cycle {
            took,
            interval,
            lengthened,
            requests: requests.into_iter().map(|(n, c)| (n.into(), c)).collect(),
            ..Cycle::default()
        });
    prop_oneof![
        (health, option::of(why())).prop_map(|(state, why)| Fact::Health { state, why }),
        (
            option::of(name()),
            option::of(any::<i32>()),
            vec(broker, 0..3)
        )
            .prop_map(|(id, controller, brokers)| {
                Fact::Brokers {
                    cluster_id: id.map(Into::into),
                    controller,
                    brokers,
                }
            }),
        cycle.prop_map(Fact::Cycle),
    ]
}

fn settings() -> impl Strategy<Value = Arc<Settings>> {
    (name(), span(), option::of(any::<u64>())).prop_map(|(cluster, stale_for, max_lag)| {
        let policy = Policy {
            max_lag,
            max_silence: Some(stale_for),
            ..Policy::default()
        };
        Arc::new(Settings {
            clusters: vec![ClusterSettings {
                stale_for,
                ..ClusterSettings::named(cluster.into())
            }],
            policies: vec![PolicyRule {
                cluster: Pattern::new(".*").unwrap(),
                group: Pattern::new("a|b").unwrap(),
                policy: Arc::new(policy),
            }],
            rules: vec![RuleFile {
                name: "r.yml".into(),
                text: "groups: []\n# \u{1f4c8}\n".into(),
            }],
            notify: Notify {
                receivers: vec!["night".into()],
                routes: vec![Route {
                    matchers: vec!["group=~\"a|b\"".parse().unwrap()],
                    mute_time_intervals: vec!["nights".into()],
                    ..Route::default()
                }],
                recurring: vec![Recurring {
                    name: "nights".into(),
                    time_intervals: vec![TimeInterval {
                        weekdays: vec!["monday:friday".to_owned().try_into().unwrap()],
                        location: Some("Europe/Berlin".to_owned().try_into().unwrap()),
                        ..TimeInterval::default()
                    }],
                }],
                ..Notify::default()
            },
        })
    })
}

fn observation() -> impl Strategy<Value = Observation> {
    let fact = prop_oneof![of_topics(), of_groups(), of_clusters()];
    let read =
        (name(), when(), -5_000_i64..90_000, fact).prop_map(|(cluster, asked, waited, fact)| {
            Observation::Read {
                cluster: cluster.into(),
                asked,
                answered: asked + Span::from_millis(waited),
                fact,
            }
        });
    let mark =
        (name(), when(), option::of(name())).prop_map(|(text, until, cluster)| Command::Mark {
            cluster: cluster.map(ClusterName::from),
            group: text.as_str().into(),
            until,
            why: text.as_str().into(),
            author: text.into(),
        });
    let silence = (name(), when()).prop_map(|(text, until)| Command::Silence {
        id: text.as_str().into(),
        matchers: vec![Matcher::equal("group", &text)],
        until,
        why: text.as_str().into(),
        alertmanagers: vec![Elsewhere {
            receiver: "am".into(),
            id: text.as_str().into(),
        }],
        author: text.into(),
    });
    prop_oneof![
        20 => read,
        2 => when().prop_map(|at| Observation::Tick { at }),
        1 => (when(), name()).prop_map(|(at, b)| Observation::Boot { at, boot: BootId::from(b) }),
        1 => (when(), settings()).prop_map(|(at, settings)| Observation::Configured { at, settings }),
        1 => (when(), span()).prop_map(|(at, by)| Observation::ClockJump { at, by }),
        1 => (when(), any::<u64>()).prop_map(|(at, lost)| Observation::Gap { at, lost }),
        1 => (when(), name()).prop_map(|(at, why)| Observation::Refused { at, why: why.into() }),
        1 => (when(), option::of(name())).prop_map(|(at, why)| Observation::Unwritten { at, why: why.map(Into::into) }),
        1 => (when(), silence).prop_map(|(at, command)| Observation::Commanded { at, command }),
        1 => (when(), mark).prop_map(|(at, command)| Observation::Commanded { at, command }),
        1 => (when(), told()).prop_map(|(at, told)| Observation::Told { at, told }),
    ]
}

fn told() -> impl Strategy<Value = Told> {
    (name(), option::of(name()), option::of(when()), 0_u64..9).prop_map(
        |(receiver, why, oldest, waiting)| Told {
            receiver: receiver.into(),
            alerts: vec![crate::model::fingerprint(&BTreeMap::new()); waiting as usize],
            result: match why {
                Some(_) => TellResult::Failed,
                None => TellResult::Delivered,
            },
            why: why.map(Arc::from),
            waiting,
            oldest,
        },
    )
}

fn written(observations: &[Observation], compressed: bool) -> Vec<u8> {
    let mut writer = Writer::begin(Sink::new(Vec::new(), compressed).unwrap(), None, None).unwrap();
    for observation in observations {
        writer.write(&Arc::new(observation.clone())).unwrap();
    }
    writer.finish().unwrap()
}

fn read_back(bytes: &[u8]) -> (Vec<Observation>, Reader) {
    let mut reader = Reader::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
    let items = reader.by_ref().map(|item| match item {
        Item::Observation(observation) => observation,
        Item::Checkpoint(checkpoint) => panic!("{checkpoint:?}"),
    });
    (items.collect(), reader)
}

proptest! {
    #[test]
    fn any_observations_survive(observations in vec(observation(), 0..60), compressed: bool) {
        let bytes = written(&observations, compressed);
        let (back, reader) = read_back(&bytes);
        prop_assert_eq!(reader.issues(), &[]);
        prop_assert_eq!(back, observations);
    }

    #[test]
    fn what_is_cut_off_or_damaged_costs_no_more_than_itself(
        observations in vec(observation(), 5..40),
        cut in any::<prop::sample::Index>(),
        noise in vec(any::<u8>(), 1..40),
    ) {
        let bytes = written(&observations, false);
        let at = cut.index(bytes.len());
        // Cut off: all whole lines are there.
        let (back, _) = read_back(&bytes[..at]);
        let whole = bytes[..at].split(|b| *b == b'\n').count().saturating_sub(2);
        prop_assert!(back.len() >= whole && back.len() <= whole + 1);
        prop_assert_eq!(&back[..whole], &observations[..whole]);
        // Overwritten by noise: never a panic, and what is read is something that was written.
        let mut bytes = bytes;
        for (place, byte) in bytes[at..].iter_mut().zip(&noise) {
            *place = *byte;
        }
        let (back, _) = read_back(&bytes);
        prop_assert!(back.len() <= observations.len() + noise.len());
    }
}

fn ends(secs: i64, offsets: &[i64]) -> Observation {
    let at = Timestamp::from_millis(secs * 1000);
    let read = |(i, o): (usize, &i64)| OffsetRead {
        partition: i as i32,
        offset: Ok(*o),
        leader_epoch: None,
    };
    Observation::Read {
        cluster: "c".into(),
        asked: at,
        answered: at,
        fact: Fact::LogEnds {
            topic: "t".into(),
            isolation: Isolation::ReadUncommitted,
            offsets: offsets.iter().enumerate().map(read).collect(),
        },
    }
}

#[test]
fn reads_of_one_subject_are_told_as_changes() {
    let observations = [
        ends(0, &[100_000, 200_000]),
        ends(10, &[100_003, 200_000]),
        ends(20, &[100_003, 200_000]),
    ];
    let text = String::from_utf8(written(&observations, false)).unwrap();
    let lines: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            r#"{"at":"1970-01-01T00:00:00.000Z","cluster":"c","v":1,"kind":"log_ends","topic":"t","isolation":"read_uncommitted","offsets":[100000,200000]}"#,
            r#"{"kind":"change","at":"1970-01-01T00:00:10.000Z","cluster":"c","of":"log_ends","subject":"t","v":2,"plus":[3,0]}"#,
            r#"{"kind":"change","at":"1970-01-01T00:00:20.000Z","cluster":"c","of":"log_ends","subject":"t","v":3}"#,
        ]
    );
}

#[test]
fn a_damaged_line_is_named_and_what_hangs_on_it_is_not_guessed() {
    let observations: Vec<_> = (0..100).map(|i| ends(i * 10, &[i * 7])).collect();
    let text = String::from_utf8(written(&observations, false)).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[3] = "{\"kind\":\"change\",";
    lines.insert(
        5,
        r#"{"kind":"from_the_future","at":"2030-01-01T00:00:00Z"}"#,
    );
    let (back, reader) = read_back(lines.join("\n").as_bytes());
    // The second change is lost, the others up to the next full read cannot be applied.
    assert_eq!(back[..2], observations[..2]);
    assert_eq!(back[2..], observations[61..]);
    assert_eq!(reader.issues().len(), 59);
    assert!(
        reader.issues()[0]
            .to_string()
            .starts_with("line 4: EOF while parsing")
    );
    assert_eq!(
        reader.issues()[1].to_string(),
        "line 5: a change of log_ends \"t\", of which the read before it was not read"
    );
    assert_eq!(reader.unknown_kinds()["from_the_future"], 1);
}

#[test]
fn a_compressed_file_is_readable_up_to_its_last_flush_while_it_is_written() {
    let observations: Vec<_> = (0..500).map(|i| ends(i, &[i * 13, i])).collect();
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(Sink::new(&mut bytes, true).unwrap(), None, None).unwrap();
    for (i, observation) in observations.iter().enumerate() {
        writer.write(&Arc::new(observation.clone())).unwrap();
        if i == 300 {
            writer.flush().unwrap();
        }
    }
    // As after a kill: neither the end of the frame nor what was not flushed.
    std::mem::forget(writer);
    let (back, reader) = read_back(&bytes);
    assert_eq!(back, observations[..=300]);
    assert!(
        reader.issues()[0].text.contains("ends in the middle"),
        "{:?}",
        reader.issues()
    );
}

#[test]
fn a_checkpoint_survives_and_a_damaged_one_is_an_issue() {
    let checkpoint = Checkpoint {
        form: 7,
        bytes: (0..=255).cycle().take(5000).collect(),
    };
    let mut writer = Writer::begin(Sink::new(Vec::new(), false).unwrap(), None, None).unwrap();
    writer.checkpoint(&checkpoint).unwrap();
    let bytes = writer.finish().unwrap();
    let mut reader = Reader::new(std::io::Cursor::new(bytes.clone())).unwrap();
    assert_eq!(reader.next(), Some(Item::Checkpoint(checkpoint)));
    let text = String::from_utf8(bytes)
        .unwrap()
        .replace("\"state\":\"", "\"state\":\"AAAA");
    let (back, reader) = read_back(text.as_bytes());
    assert!(back.is_empty());
    assert!(
        reader.issues()[0]
            .text
            .starts_with("the checkpoint cannot be read: ")
    );
}

#[test]
fn a_version_from_the_future_is_said() {
    let mut bytes = Vec::new();
    writeln!(bytes, r#"{{"kind":"recording","version":99}}"#).unwrap();
    let (_, reader) = read_back(&bytes);
    assert!(reader.issues()[0].text.contains("version 99"));
}

#[test]
fn every_example_of_the_page_is_read() {
    let page = include_str!("../../docs/recording.md");
    let blocks: Vec<&str> = page
        .split("```json\n")
        .skip(1)
        .filter_map(|b| b.split("```").next())
        .collect();
    assert!(blocks.len() >= 15, "{}", blocks.len());
    for block in blocks {
        let mut reader = Reader::new(std::io::Cursor::new(block.as_bytes().to_vec())).unwrap();
        let items = reader.by_ref().count();
        assert_eq!(reader.issues(), &[], "{block}");
        let unknown = reader.unknown_kinds().len();
        assert_eq!(unknown, usize::from(block.contains("weather")), "{block}");
        assert!(
            items + unknown > 0 || block.contains("\"recording\""),
            "{block}"
        );
    }
}
