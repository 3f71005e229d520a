//! The Kafka source, held against real brokers: what it observes is what is there, and a broken
//! broker takes nothing else with it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use laggard::model::{
    Ask, Fact, GroupDescription, GroupPart, GroupState, GroupType, HealthState, Isolation,
    Observation, Timestamp,
};
use laggard::source::Source as _;
use laggard::source::kafka::{KafkaConfig, KafkaSource, Properties};
use laggard::source::stamp::Stamper;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::kafka::clients::Transactions;
use crate::support::kafka::members::{Member, MemberOptions};
use crate::support::kafka::tools::ShareMember;
use crate::support::kafka::{KafkaCluster, MONITOR, Options, User, shared};
use crate::support::{eventually, unique};

const SOON: Duration = Duration::from_secs(30);

/// A running source and all that it said.
pub(crate) struct Watch {
    runtime: Runtime,
    seen: Arc<Mutex<Vec<Observation>>>,
    asks: mpsc::Sender<Ask>,
    stop: CancellationToken,
}

impl Watch {
    pub(crate) fn start(config: KafkaConfig) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (out, mut observations) = mpsc::channel(1024);
        let (asks, asked) = mpsc::channel(16);
        let (stop, seen) = (CancellationToken::new(), Arc::new(Mutex::new(Vec::new())));
        let source = KafkaSource::new(config, Stamper::new());
        runtime.spawn(source.run(out, asked, stop.clone()));
        let keep = Arc::clone(&seen);
        runtime.spawn(async move {
            while let Some(observation) = observations.recv().await {
                keep.lock().unwrap().push(observation);
            }
        });
        Self {
            runtime,
            seen,
            asks,
            stop,
        }
    }

    fn of(cluster: &KafkaCluster, interval: Duration) -> Self {
        let mut config =
            KafkaConfig::new("test".into(), Properties::bootstrap(&cluster.bootstrap()));
        config.poll_interval = interval;
        config.request_timeout = Duration::from_secs(4);
        Self::start(config)
    }

    /// Facts with the instant of asking and answering, from the n-th on.
    pub(crate) fn facts(&self, from: usize) -> Vec<(Timestamp, Timestamp, Fact)> {
        let seen = self.seen.lock().unwrap();
        let reads = seen
            .iter()
            .skip(from)
            .filter_map(|observation| match observation {
                Observation::Read {
                    asked,
                    answered,
                    fact,
                    ..
                } => Some((*asked, *answered, fact.clone())),
                _ => None,
            });
        reads.collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    pub(crate) fn ask(&self, wish: Ask) {
        self.asks.blocking_send(wish).unwrap();
    }

    /// Waits for so many cycles to end from now on; what was said meanwhile.
    #[track_caller]
    pub(crate) fn cycles(&self, wanted: usize) -> Vec<(Timestamp, Timestamp, Fact)> {
        let from = self.len();
        eventually(SOON, || {
            let ended = self
                .facts(from)
                .iter()
                .filter(|(_, _, fact)| matches!(fact, Fact::Cycle(_)))
                .count();
            if ended >= wanted {
                Ok(())
            } else {
                Err(format!("{ended} of {wanted} cycles"))
            }
        });
        self.facts(from)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.cancel();
        let runtime = std::mem::replace(
            &mut self.runtime,
            tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
        );
        runtime.shutdown_timeout(Duration::from_secs(5));
    }
}

pub(crate) type Facts = [(Timestamp, Timestamp, Fact)];

/// The last offset read of each partition, or why not.
pub(crate) fn ends(
    facts: &Facts,
    of: &str,
    which: Isolation,
) -> BTreeMap<i32, Result<i64, String>> {
    let mut ends = BTreeMap::new();
    for (_, _, fact) in facts {
        if let Fact::LogEnds {
            topic,
            isolation,
            offsets,
        } = fact
            && topic.as_str() == of
            && *isolation == which
        {
            ends.extend(offsets.iter().map(|read| {
                (
                    read.partition,
                    read.offset.clone().map_err(|why| why.to_string()),
                )
            }));
        }
    }
    ends
}

fn starts(facts: &Facts, of: &str) -> BTreeMap<i32, i64> {
    let mut starts = BTreeMap::new();
    for (_, _, fact) in facts {
        if let Fact::LogStarts { topic, offsets } = fact
            && topic.as_str() == of
        {
            starts.extend(
                offsets
                    .iter()
                    .filter_map(|read| Some((read.partition, *read.offset.as_ref().ok()?))),
            );
        }
    }
    starts
}

/// The last commits of a group: topic, partition, offset.
pub(crate) fn commits(facts: &Facts, of: &str) -> Option<Vec<(String, i32, Option<i64>)>> {
    facts.iter().rev().find_map(|(_, _, fact)| match fact {
        Fact::Commits { group, topics, .. } if group.as_str() == of => Some(
            topics
                .iter()
                .flat_map(|topic| {
                    topic.partitions.iter().map(|read| {
                        (
                            topic.topic.to_string(),
                            read.partition,
                            read.offset.clone().unwrap(),
                        )
                    })
                })
                .collect(),
        ),
        _ => None,
    })
}

fn description(facts: &Facts, of: &str) -> Option<Arc<GroupDescription>> {
    facts.iter().rev().find_map(|(_, _, fact)| match fact {
        Fact::Group { description } if description.group.as_str() == of => {
            Some(Arc::clone(description))
        }
        _ => None,
    })
}

#[test]
fn one_cycle_reads_starts_commits_ends_and_members_in_this_order() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("source"), unique("source"));
    cluster.create_topic_with(
        &topic,
        3,
        &[
            ("retention.ms", "3600000"),
            ("segment.ms", "600000"),
            ("cleanup.policy", "compact,delete"),
        ],
    );
    cluster.produce(&topic, 0, 10);
    cluster.produce(&topic, 2, 4);
    cluster.delete_records(&topic, 0, 3);
    let _member = {
        let member = Member::join(cluster, &group, &[&topic], &MemberOptions::classic());
        member.wait_assigned(3);
        member
    };
    let idle = unique("idle");
    cluster.commit(&idle, &[(&topic, 0, 5)]);
    let watch = Watch::of(cluster, Duration::from_secs(2));
    let facts = watch.cycles(1);
    assert_eq!(
        starts(&facts, &topic),
        BTreeMap::from([(0, 3), (1, 0), (2, 0)])
    );
    let read = ends(&facts, &topic, Isolation::ReadUncommitted);
    assert_eq!(read, BTreeMap::from([(0, Ok(10)), (1, Ok(0)), (2, Ok(4))]));
    assert_eq!(
        commits(&facts, &idle),
        Some(vec![(topic.clone(), 0, Some(5))])
    );
    assert_order(&facts, &topic, &idle);
    let described = description(&facts, &group).unwrap();
    assert_eq!(described.state, GroupState::Stable);
    assert_eq!(described.group_type, GroupType::Classic);
    let members = described.members.as_ref().unwrap();
    assert_eq!(members[0].assignment[0].partitions, [0, 1, 2]);
    assert_eq!(description(&facts, &idle).unwrap().state, GroupState::Empty);
    let config = facts.iter().find_map(|(_, _, fact)| match fact {
        Fact::TopicConfig { topic: of, config } if of.as_str() == topic => Some(config.clone()),
        _ => None,
    });
    let config = config.unwrap();
    assert_eq!(config.retention.unwrap().as_millis(), 3_600_000);
    // When the last segment rolls bounds how late retention may delete what is in it.
    assert_eq!(config.segment.unwrap().as_millis(), 600_000);
    // Not set for the topic: the brokers' own.
    assert_eq!(config.segment_bytes, Some(16_777_216));
    let id = facts.iter().rev().find_map(|(_, _, fact)| match fact {
        Fact::Topics { topics, .. } => topics.iter().find(|t| t.topic.as_str() == topic)?.topic_id,
        _ => None,
    });
    assert!(id.is_some(), "the topic's id is part of the first cycle");
}

/// Log starts answered before the commit was asked for, log ends asked after it was answered.
fn assert_order(facts: &Facts, topic: &str, group: &str) {
    let start = facts
        .iter()
        .find(|(_, _, f)| matches!(f, Fact::LogStarts { topic: of, .. } if of.as_str() == topic));
    let commit = facts
        .iter()
        .find(|(_, _, f)| matches!(f, Fact::Commits { group: of, .. } if of.as_str() == group));
    let end = facts
        .iter()
        .find(|(_, _, f)| matches!(f, Fact::LogEnds { topic: of, .. } if of.as_str() == topic));
    let (start, commit, end) = (start.unwrap(), commit.unwrap(), end.unwrap());
    assert!(start.1 <= commit.0, "starts before commits");
    assert!(commit.1 <= end.0, "commits before ends");
}

#[test]
fn open_transactions_hold_the_stable_end_back() {
    require!(kafka);
    let (cluster, topic) = (shared(), unique("source-txn"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 2);
    let open = Transactions::new(cluster, &unique("txn"), 60_000);
    open.begin();
    open.produce(&topic, 0, 3);
    let watch = Watch::of(cluster, Duration::from_secs(2));
    let facts = watch.cycles(1);
    assert_eq!(ends(&facts, &topic, Isolation::ReadUncommitted)[&0], Ok(5));
    assert_eq!(ends(&facts, &topic, Isolation::ReadCommitted)[&0], Ok(2));
    open.commit();
    let facts = watch.cycles(2);
    assert_eq!(
        ends(&facts, &topic, Isolation::ReadCommitted)[&0],
        Ok(6),
        "with the marker"
    );
}

#[test]
fn groups_of_every_protocol_are_shown_as_what_they_are() {
    require!(kafka);
    let (cluster, topic) = (shared(), unique("source-kinds"));
    let (consumer, share) = (unique("kip848"), unique("share"));
    cluster.create_topic(&topic, 2);
    cluster.produce(&topic, 0, 3);
    let member = Member::join(cluster, &consumer, &[&topic], &MemberOptions::consumer());
    member.wait_assigned(2);
    let _sharing = ShareMember::join(cluster, &share, &topic);
    let watch = Watch::of(cluster, Duration::from_secs(1));
    let facts = watch.cycles(2);
    let listed: BTreeMap<String, GroupType> = facts
        .iter()
        .filter_map(|(_, _, fact)| match fact {
            Fact::Groups {
                groups,
                complete: true,
                ..
            } => Some(groups),
            _ => None,
        })
        .flatten()
        .map(|group| (group.group.to_string(), group.group_type.clone()))
        .collect();
    assert_eq!(listed[&consumer], GroupType::Consumer);
    assert_eq!(listed[&share], GroupType::Share);
    assert_eq!(
        description(&facts, &consumer)
            .unwrap()
            .members
            .as_ref()
            .unwrap()
            .len(),
        1
    );
    let why = facts.iter().find_map(|(_, _, fact)| match fact {
        Fact::GroupFailed {
            group,
            part: GroupPart::Commits,
            why,
        } if group.as_str() == share => Some(why.to_string()),
        _ => None,
    });
    assert_eq!(why.as_deref(), Some("protocol"));
}

#[test]
fn a_topic_and_group_made_a_moment_ago_are_right_in_the_next_cycle() {
    require!(kafka);
    let cluster = shared();
    let watch = Watch::of(cluster, Duration::from_secs(1));
    watch.cycles(1);
    let (topic, group) = (unique("source-new"), unique("source-new"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 9);
    cluster.commit(&group, &[(&topic, 0, 4)]);
    let facts = watch.cycles(2);
    assert_eq!(
        commits(&facts, &group),
        Some(vec![(topic.clone(), 0, Some(4))])
    );
    assert_eq!(ends(&facts, &topic, Isolation::ReadUncommitted)[&0], Ok(9));
}

#[test]
fn asks_are_answered_with_ordinary_observations() {
    require!(kafka);
    let (cluster, topic) = (shared(), unique("source-asks"));
    cluster.create_topic(&topic, 1);
    // Not so old that retention would delete them meanwhile.
    let first = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64
        - 600_000;
    for (count, after) in [(2, 0), (3, 100_000)] {
        cluster.produce_at(&topic, 0, count, Some(first + after));
    }
    let watch = Watch::of(cluster, Duration::from_mins(1));
    watch.cycles(1);
    let from = watch.len();
    let name = |topic: &str| topic.into();
    let time = Timestamp::from_millis(first + 50_000);
    for ask in [
        Ask::OffsetForTime {
            cluster: "test".into(),
            topic: name(&topic),
            partition: 0,
            time,
        },
        Ask::MaxTimestamps {
            cluster: "test".into(),
            topic: name(&topic),
            partitions: vec![0],
        },
        Ask::EndsNow {
            cluster: "elsewhere".into(),
            topic: name(&topic),
            partitions: vec![0],
        },
    ] {
        watch.ask(ask);
    }
    let facts = eventually(SOON, || {
        let facts = watch.facts(from);
        if facts.len() >= 2 {
            Ok(facts)
        } else {
            Err(format!("{facts:?}"))
        }
    });
    let found = facts.iter().find_map(|(_, _, fact)| match fact {
        Fact::OffsetForTime {
            found, time: of, ..
        } if *of == time => *found,
        _ => None,
    });
    assert_eq!(found, Some((2, Timestamp::from_millis(first + 100_000))));
    let max = facts.iter().find_map(|(_, _, fact)| match fact {
        Fact::MaxTimestamps { offsets, .. } => Some(offsets[0].offset.clone()),
        _ => None,
    });
    assert!(matches!(max, Some(Ok(2..=4))), "{max:?}");
    assert_eq!(
        facts.len(),
        2,
        "another cluster's ask is not ours: {facts:?}"
    );
}

/// A cluster that cannot be read says why, in words that tell the cases apart, without a secret.
#[test]
fn what_keeps_us_out_is_told_apart() {
    require!(kafka);
    let cluster = KafkaCluster::start(1, &Options::secured());
    let topic = unique("secured");
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 3);
    let read = |file: &std::path::Path, bootstrap: &str| {
        let translated = Properties::read_client_properties(file).unwrap();
        assert_eq!(translated.problems, []);
        let mut properties = translated.properties;
        properties.set("bootstrap.servers", bootstrap);
        properties
    };
    let wrong = User {
        name: MONITOR.name,
        password: "not-the-password-9c2e",
    };
    let (sasl, mtls) = (cluster.bootstrap_sasl(), cluster.bootstrap_mtls());
    for mechanism in ["PLAIN", "SCRAM-SHA-512"] {
        let watch = watch(read(&cluster.sasl_properties(MONITOR, mechanism), &sasl));
        let facts = watch.cycles(1);
        assert_eq!(
            ends(&facts, &topic, Isolation::ReadUncommitted)[&0],
            Ok(3),
            "{mechanism}"
        );
        let why = down(read(&cluster.sasl_properties(wrong, mechanism), &sasl));
        assert!(why.contains("user name or password"), "{mechanism}: {why}");
        assert!(!why.contains(wrong.password), "{why}");
    }
    let with_certificate = watch(read(&cluster.mtls_properties(), &mtls));
    assert_eq!(
        ends(
            &with_certificate.cycles(1),
            &topic,
            Isolation::ReadUncommitted
        )[&0],
        Ok(3)
    );
    for (properties, words) in [
        (
            read(&cluster.wrong_ca_properties(), &mtls),
            "CA that is not trusted",
        ),
        (Properties::bootstrap(&mtls), "another security protocol"),
        (
            read(&cluster.mtls_properties(), &cluster.bootstrap()),
            "another security protocol",
        ),
        (
            Properties::bootstrap("127.0.0.1:1"),
            "no broker can be reached",
        ),
        (
            Properties::bootstrap("no-such-host.invalid:9092"),
            "host name cannot be resolved",
        ),
    ] {
        let why = down(properties);
        assert!(why.contains(words), "wanted `{words}`: {why}");
    }
}

fn watch(properties: Properties) -> Watch {
    Watch::start(KafkaConfig::new("test".into(), properties))
}

/// Why the cluster is down.
#[track_caller]
fn down(properties: Properties) -> String {
    let (watch, started) = (watch(properties), Instant::now());
    let why = eventually(SOON, || {
        let facts = watch.facts(0);
        let down = facts.iter().find_map(|(_, _, fact)| match fact {
            Fact::Health {
                state: HealthState::Down,
                why,
            } => why.clone(),
            _ => None,
        });
        down.ok_or_else(|| format!("{facts:?}"))
    });
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "told after {:?}: {why}",
        started.elapsed()
    );
    why.to_string()
}

/// Broken brokers, one after another: the others' readings go on, the broken one's come back.
#[test]
fn a_broker_killed_hung_or_brought_back_spoils_nothing_else() {
    require!(kafka);
    let cluster = KafkaCluster::start(3, &Options::default());
    let topic = unique("faults");
    cluster.create_topic(&topic, 12);
    let expected: BTreeMap<i32, i64> = (0..12)
        .map(|partition| (partition, i64::from(partition) + 1))
        .collect();
    for (partition, count) in &expected {
        cluster.produce(&topic, *partition, usize::try_from(*count).unwrap());
    }
    for n in 0..20 {
        cluster.commit(&format!("faulty-{n}"), &[(&topic, n % 12, 1)]);
    }
    let watch = Watch::of(&cluster, Duration::from_secs(1));
    watch.cycles(2);
    for broker in cluster.ids() {
        for fault in ["kill", "hang"] {
            let from = watch.len();
            match fault {
                "kill" => cluster.kill(broker),
                _ => cluster.hang(broker),
            }
            let cycles = watch.cycles(6);
            assert_others_go_on(&cycles, fault, broker, &topic);
            match fault {
                "kill" => cluster.restart(broker),
                _ => cluster.wake(broker),
            }
            cluster.wait_until_ready(Duration::from_mins(1));
            assert_healed(&watch, &topic, &expected);
            assert_no_wrong_number(&watch.facts(from), &topic, &expected);
        }
    }
}

/// While one of three is gone, cycles go on and read every group at least once in six cycles.
fn assert_others_go_on(facts: &Facts, fault: &str, broker: usize, topic: &str) {
    let longest = facts
        .iter()
        .filter_map(|(_, _, fact)| match fact {
            Fact::Cycle(cycle) => Some(cycle.took.as_secs_f64()),
            _ => None,
        })
        .fold(0.0, f64::max);
    assert!(longest < 9.0, "{fault} {broker}: a cycle took {longest} s");
    let known = ends(facts, topic, Isolation::ReadUncommitted)
        .values()
        .filter(|end| end.is_ok())
        .count();
    assert!(known >= 8, "{fault} {broker}: {known} of 12 ends are known");
    let down = facts.iter().any(|(_, _, f)| {
        matches!(
            f,
            Fact::Health {
                state: HealthState::Down,
                ..
            }
        )
    });
    assert!(
        !down,
        "{fault} {broker}: two brokers of three are no dead cluster"
    );
}

#[track_caller]
fn assert_healed(watch: &Watch, topic: &str, expected: &BTreeMap<i32, i64>) {
    let started = Instant::now();
    eventually(Duration::from_secs(40), || {
        let facts = watch.cycles(1);
        let ends = ends(&facts, topic, Isolation::ReadUncommitted);
        let good = expected
            .iter()
            .all(|(partition, end)| ends.get(partition) == Some(&Ok(*end)));
        let groups = (0..20)
            .filter(|n| commits(&facts, &format!("faulty-{n}")).is_some())
            .count();
        if good && groups == 20 {
            Ok(())
        } else {
            Err(format!("{groups} groups, {ends:?}"))
        }
    });
    eprintln!("healed in {:?}", started.elapsed());
}

/// A failure may hide a number; it may never show a wrong one.
fn assert_no_wrong_number(facts: &Facts, topic: &str, expected: &BTreeMap<i32, i64>) {
    for (_, _, fact) in facts {
        match fact {
            Fact::LogEnds {
                topic: of, offsets, ..
            } if of.as_str() == topic => {
                for read in offsets {
                    if let Ok(offset) = &read.offset {
                        assert_eq!(
                            *offset, expected[&read.partition],
                            "partition {}",
                            read.partition
                        );
                    }
                }
            }
            Fact::Commits { group, topics, .. } if group.as_str().starts_with("faulty") => {
                let rows: usize = topics.iter().map(|topic| topic.partitions.len()).sum();
                assert_eq!(rows, 1, "{group}: {topics:?}");
                assert_eq!(topics[0].partitions[0].offset, Ok(Some(1)));
            }
            _ => {}
        }
    }
}
