//! The Kafka source against the embedded cluster: one fault at a time, each error code, each of
//! them either healed within the cycle or told of exactly the part that failed.

use std::collections::BTreeMap;
use std::time::Duration;

use kafka_protocol::ResponseError as Code;
use kafka_protocol::messages::ApiKey;
use laggard::model::{Ask, Fact, Isolation};
use laggard::sim::broker::{Rule, Trouble};
use laggard::sim::scenario;
use laggard::source::kafka::{Filter, KafkaConfig, Properties};

use crate::source::{Facts, Watch, commits, ends};
use crate::support::embedded::Embedded;
use crate::support::eventually;

const NOW: i64 = 1_800_000_000_000;
const TOPIC: &str = "bulk.events-00000";
const GROUPS: usize = 60;

/// Three brokers, 60 groups on 200 partitions, time standing still: every value is known.
fn still() -> Embedded {
    Embedded::still(&scenario::bulk(GROUPS, 200, 3), NOW)
}

fn config(cluster: &Embedded) -> KafkaConfig {
    let mut config = KafkaConfig::new("test".into(), Properties::bootstrap(&cluster.bootstrap()));
    config.poll_interval = Duration::from_millis(700);
    config.request_timeout = Duration::from_secs(2);
    config
}

/// What the cluster's log ends really are.
fn truth(cluster: &Embedded) -> BTreeMap<i32, Result<i64, String>> {
    let world = cluster.world();
    let topic = world
        .topics()
        .iter()
        .position(|topic| *topic.name == *TOPIC)
        .unwrap();
    (0..20)
        .map(|partition| (partition, Ok(world.log_end(topic, partition, NOW).unwrap())))
        .collect()
}

fn group(n: usize) -> String {
    format!("bulk-worker-{n:05}")
}

fn groups_read(facts: &Facts) -> usize {
    (0..GROUPS)
        .filter(|n| commits(facts, &group(*n)).is_some())
        .count()
}

fn failures(facts: &Facts) -> Vec<String> {
    let told = facts.iter().filter_map(|(_, _, fact)| match fact {
        Fact::GroupFailed { group, part, why } => Some(format!("{group} {part:?}: {why}")),
        Fact::Groups { failures, .. } if !failures.is_empty() => Some(format!("{failures:?}")),
        Fact::LogEnds { topic, offsets, .. } | Fact::LogStarts { topic, offsets } => {
            let failed: Vec<_> = offsets
                .iter()
                .filter_map(|r| Some((r.partition, r.offset.as_ref().err()?)))
                .collect();
            (!failed.is_empty()).then(|| format!("{topic} {failed:?}"))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn passing_errors_heal_within_the_cycle() {
    let cluster = still();
    let watch = Watch::start(config(&cluster));
    watch.cycles(2);
    for code in [
        Code::UnknownTopicOrPartition,
        Code::LeaderNotAvailable,
        Code::NotLeaderOrFollower,
        Code::ListenerNotFound,
        Code::FencedLeaderEpoch,
        Code::UnknownLeaderEpoch,
        Code::OffsetNotAvailable,
        Code::ReplicaNotAvailable,
    ] {
        let rule = Rule::new(Trouble::Error(code))
            .on(ApiKey::ListOffsets)
            .for_partition(TOPIC, 3);
        cluster.faults().inject(rule.times(1));
        let facts = watch.cycles(2);
        assert_eq!(failures(&facts), Vec::<String>::new(), "{code:?}");
        assert_eq!(
            ends(&facts, TOPIC, Isolation::ReadUncommitted),
            truth(&cluster),
            "{code:?}"
        );
    }
    for code in [
        Code::CoordinatorLoadInProgress,
        Code::CoordinatorNotAvailable,
        Code::NotCoordinator,
        Code::UnstableOffsetCommit,
    ] {
        let rule = Rule::new(Trouble::Error(code))
            .on(ApiKey::OffsetFetch)
            .for_group(group(7));
        cluster.faults().inject(rule.times(1));
        let facts = watch.cycles(2);
        assert_eq!(failures(&facts), Vec::<String>::new(), "{code:?}");
        assert!(commits(&facts, &group(7)).is_some(), "{code:?}");
    }
}

#[test]
fn lasting_errors_are_told_of_their_own_part_alone() {
    let cluster = still();
    let watch = Watch::start(config(&cluster));
    watch.cycles(1);
    let fenced = Rule::new(Trouble::Error(Code::FencedLeaderEpoch)).on(ApiKey::ListOffsets);
    cluster.faults().inject(fenced.for_partition(TOPIC, 3));
    let denied = Rule::new(Trouble::Error(Code::GroupAuthorizationFailed)).on(ApiKey::OffsetFetch);
    cluster.faults().inject(denied.for_group(group(7)));
    let facts = watch.cycles(2);
    let read = ends(&facts, TOPIC, Isolation::ReadUncommitted);
    for (partition, end) in truth(&cluster) {
        match &read[&partition] {
            Err(why) => assert!(
                partition == 3 && why.contains("FENCED_LEADER_EPOCH"),
                "{partition}: {why}"
            ),
            read => assert!(partition != 3 && *read == end, "{partition}: {read:?}"),
        }
    }
    let of_groups: Vec<_> = failures(&facts)
        .into_iter()
        .filter(|text| text.contains("bulk-worker"))
        .collect();
    assert!(
        !of_groups.is_empty()
            && of_groups
                .iter()
                .all(|text| text.starts_with(&group(7)) && text.contains("no right")),
        "{of_groups:?}"
    );
    assert_eq!(groups_read(&facts), GROUPS - 1);
    cluster.faults().clear();
    watch.cycles(1);
    let facts = watch.cycles(1);
    assert_eq!(failures(&facts), Vec::<String>::new());
    assert_eq!(groups_read(&facts), GROUPS);
}

#[test]
fn a_listing_that_lacks_a_broker_says_so() {
    let cluster = still();
    let watch = Watch::start(config(&cluster));
    watch.cycles(1);
    let loading = Rule::new(Trouble::Error(Code::CoordinatorLoadInProgress)).on(ApiKey::ListGroups);
    cluster.faults().inject(loading.at(2));
    watch.cycles(1);
    let facts = watch.cycles(1);
    let listing = facts.iter().find_map(|(_, _, fact)| match fact {
        Fact::Groups {
            groups,
            complete,
            failures,
        } => Some((groups.len(), *complete, failures.clone())),
        _ => None,
    });
    let (listed, complete, failures) = listing.unwrap();
    assert!(!complete && listed < GROUPS, "{listed} {complete}");
    assert!(
        failures.len() == 1 && failures[0].as_str().contains("broker 2"),
        "{failures:?}"
    );
    assert_eq!(
        groups_read(&facts),
        GROUPS,
        "groups known from before are still read"
    );
}

#[test]
fn a_hung_broker_delays_nobody_else_and_comes_back() {
    let cluster = still();
    let watch = Watch::start(config(&cluster));
    watch.cycles(2);
    let healthy = groups_read(&watch.cycles(1));
    assert_eq!(healthy, GROUPS);
    cluster.faults().inject(Rule::new(Trouble::Hung).at(2));
    let facts = watch.cycles(6);
    let longest = longest_cycle(&facts);
    assert!(longest < 6.0, "{longest} s");
    let last: Vec<_> = facts[facts.len() / 2..].to_vec();
    let known = ends(&last, TOPIC, Isolation::ReadUncommitted);
    assert!(
        known.values().filter(|end| end.is_ok()).count() >= 12,
        "{known:?}"
    );
    assert!(groups_read(&last) >= GROUPS / 3, "{}", groups_read(&last));
    assert!(
        !failures(&last).is_empty(),
        "its own parts are told as failed"
    );
    cluster.faults().clear();
    assert_all_well(&watch, &cluster);
}

#[test]
fn slow_answers_join_late_and_broken_connections_are_made_anew() {
    let cluster = still();
    let watch = Watch::start(config(&cluster));
    watch.cycles(1);
    // One after the other on a connection: 20 groups take three seconds, longer than a call may.
    let slow = Trouble::Slow(Duration::from_millis(150));
    let rule = Rule::new(slow).at(3).on(ApiKey::OffsetFetch);
    cluster.faults().inject(rule);
    let facts = watch.cycles(8);
    assert_eq!(groups_read(&facts), GROUPS, "slow is not lost");
    assert!(longest_cycle(&facts) < 6.0);
    cluster.faults().clear();
    // High watermarks and last stable offsets share a broker's lane: neither shuts the other out.
    let slow = Trouble::Slow(Duration::from_millis(400));
    let rule = Rule::new(slow).at(3).on(ApiKey::ListOffsets);
    cluster.faults().inject(rule);
    watch.cycles(3);
    let facts = watch.cycles(8);
    for isolation in [Isolation::ReadUncommitted, Isolation::ReadCommitted] {
        let answered = ends(&facts, TOPIC, isolation);
        assert_eq!(answered.len(), 20, "{isolation:?}: {answered:?}");
    }
    cluster.faults().clear();
    for trouble in [Trouble::Truncated, Trouble::Closed] {
        cluster.faults().inject(Rule::new(trouble).at(1).times(5));
        watch.cycles(2);
        cluster.faults().clear();
        assert_all_well(&watch, &cluster);
    }
}

#[test]
fn moved_leaders_and_coordinators_are_followed() {
    let cluster = still();
    let watch = Watch::start(config(&cluster));
    watch.cycles(1);
    for broker in [1, 2, 3] {
        for partition in 0..20 {
            cluster.faults().move_leader(TOPIC, partition, broker);
        }
        for n in 0..GROUPS {
            cluster.faults().move_coordinator(&group(n), broker);
        }
        watch.cycles(1);
        let facts = watch.cycles(1);
        assert_eq!(failures(&facts), Vec::<String>::new(), "all to {broker}");
        assert_eq!(
            ends(&facts, TOPIC, Isolation::ReadUncommitted),
            truth(&cluster)
        );
        assert_eq!(groups_read(&facts), GROUPS);
    }
    for down in [1, 2] {
        cluster.faults().down(down);
        watch.cycles(3);
        cluster.faults().up(down);
        assert_all_well(&watch, &cluster);
    }
}

#[test]
fn records_are_read_by_reads_alone_though_leaders_move() {
    let cluster = still();
    let mut config = config(&cluster);
    config.read_records = Some(Filter::default());
    let watch = Watch::start(config);
    watch.cycles(1);
    for broker in [1, 2, 3] {
        for (partition, end) in truth(&cluster) {
            cluster.faults().move_leader(TOPIC, partition, broker);
            if partition >= 4 {
                continue;
            }
            let from = watch.len();
            let offset = end.unwrap() - 2;
            let wish = Ask::RecordAt {
                cluster: "test".into(),
                topic: TOPIC.into(),
                partition,
                offset,
            };
            watch.ask(wish);
            eventually(Duration::from_secs(20), || {
                let facts = watch.facts(from);
                let found = facts.iter().find_map(|(_, _, fact)| match fact {
                    Fact::RecordAt {
                        partition: of,
                        found,
                        ..
                    } if *of == partition => Some(*found),
                    _ => None,
                });
                let found = found.ok_or_else(|| format!("nothing of {partition}"))?;
                assert_eq!(found.map(|(offset, _)| offset), Some(offset));
                Ok(())
            });
        }
    }
    assert!(cluster.requests(ApiKey::Fetch) > 0);
}

#[test]
fn a_request_budget_spreads_a_cycle_and_lengthens_the_interval() {
    let cluster = still();
    let mut config = config(&cluster);
    config.requests_per_second = Some(60.0);
    let watch = Watch::start(config);
    watch.cycles(1);
    let before = total(&cluster);
    let facts = watch.cycles(3);
    let sent = total(&cluster) - before;
    let cycles: Vec<_> = facts
        .iter()
        .filter_map(|(_, _, fact)| match fact {
            Fact::Cycle(cycle) => Some(cycle.clone()),
            _ => None,
        })
        .collect();
    let last = cycles.last().unwrap();
    assert!(last.interval.as_millis() > 700, "{last:?}");
    assert!(
        last.lengthened
            .as_ref()
            .unwrap()
            .as_str()
            .contains("60 requests a second"),
        "{last:?}"
    );
    let (first, last) = (facts.first().unwrap().0, facts.last().unwrap().1);
    let seconds = (last - first).as_secs_f64();
    // A second's worth may have been saved up; a description costs its two requests at once.
    assert!(
        sent as f64 <= 60.0 * (seconds + 3.0),
        "{sent} requests in {seconds} s"
    );
}

fn total(cluster: &Embedded) -> u64 {
    let apis = [
        ApiKey::ListGroups,
        ApiKey::OffsetFetch,
        ApiKey::ListOffsets,
        ApiKey::Metadata,
        ApiKey::DescribeGroups,
        ApiKey::ConsumerGroupDescribe,
        ApiKey::DescribeConfigs,
    ];
    apis.into_iter().map(|api| cluster.requests(api)).sum()
}

fn longest_cycle(facts: &Facts) -> f64 {
    let took = facts.iter().filter_map(|(_, _, fact)| match fact {
        Fact::Cycle(cycle) => Some(cycle.took.as_secs_f64()),
        _ => None,
    });
    took.fold(0.0, f64::max)
}

/// Within a few cycles everything is read again, and right.
#[track_caller]
fn assert_all_well(watch: &Watch, cluster: &Embedded) {
    let mut last = String::new();
    for _ in 0..25 {
        let facts = watch.cycles(1);
        let right = ends(&facts, TOPIC, Isolation::ReadUncommitted) == truth(cluster);
        if right && groups_read(&facts) == GROUPS && failures(&facts).is_empty() {
            return;
        }
        last = format!(
            "{} groups, {right}, {:?}",
            groups_read(&facts),
            failures(&facts)
        );
    }
    panic!("not well again: {last}");
}
