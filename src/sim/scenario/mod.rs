//! Ready scenarios: ways in which event-driven systems really fail, and healthy life that looks like failing.
//!
//! Each is a [`Scenario`] of its own; `demo` is nearly all of them in one cluster, every trouble at its telling moment at the
//! epoch. What is written here says what happens and never what a monitor should make of it.

mod backlog;
mod bad_input;
mod capacity;
mod days;
mod habits;
mod offsets;
mod releases;

pub use self::days::{Purpose, for_days, over_days};
use super::spec::{DownstreamSpec, Filler, GroupSpec, Scenario, TopicSpec};

/// What one scenario adds to a cluster.
#[derive(Clone, Debug, Default)]
struct Part {
    topics: Vec<TopicSpec>,
    groups: Vec<GroupSpec>,
    downstreams: Vec<DownstreamSpec>,
}

impl Part {
    fn new(topic: TopicSpec, group: GroupSpec) -> Self {
        Self {
            topics: vec![topic],
            groups: vec![group],
            downstreams: Vec::new(),
        }
    }

    fn and(mut self, group: GroupSpec) -> Self {
        self.groups.push(group);
        self
    }
}

/// A scenario's name, what it shows, and what it adds.
type Entry = (&'static str, &'static str, fn() -> Part);

/// Things that go wrong.
const TROUBLES: [Entry; 15] = [
    (
        "slow-service",
        "a service that silently falls behind",
        capacity::slow_service,
    ),
    (
        "too-few",
        "traffic grew beyond what the members can do",
        capacity::too_few,
    ),
    (
        "hot-key",
        "one partition gets far more than its share",
        capacity::hot_key,
    ),
    (
        "sick-member",
        "one member slower than its peers",
        capacity::sick_member,
    ),
    (
        "slow-downstream",
        "a slow database behind three groups",
        capacity::slow_downstream,
    ),
    (
        "poison",
        "one record that cannot be handled",
        bad_input::poison,
    ),
    (
        "hanging-transaction",
        "a producer left a transaction open",
        bad_input::hanging_transaction,
    ),
    (
        "stopped",
        "a group whose members are gone",
        backlog::stopped,
    ),
    (
        "stuck",
        "a group whose members live and do nothing",
        backlog::stuck,
    ),
    (
        "rebalance-storm",
        "members that keep joining and leaving",
        backlog::rebalance_storm,
    ),
    (
        "retention",
        "a consumer that retention is about to overtake",
        backlog::retention,
    ),
    (
        "data-loss",
        "a stopped consumer that retention has overtaken",
        backlog::data_loss,
    ),
    (
        "never-commits",
        "a group that reads and never commits",
        offsets::never_commits,
    ),
    ("rewind", "offsets set back by two hours", offsets::rewind),
    (
        "recreated-topic",
        "a topic deleted and made again under its consumer",
        offsets::recreated_topic,
    ),
];

/// Things that go wrong more rarely: scenarios of their own, not in `demo`.
const RARE: [Entry; 2] = [
    (
        "sick-host",
        "all members on one host slower than the others",
        capacity::sick_host,
    ),
    (
        "slow-leader",
        "one broker that hands out its records too slowly",
        capacity::slow_leader,
    ),
];

/// Healthy life, that which fools others included.
const HEALTHY: [Entry; 12] = [
    (
        "plain",
        "a consumer that keeps up and commits each 5 s",
        habits::plain,
    ),
    ("diurnal", "a day's wave", habits::diurnal),
    ("idle", "a topic that nothing is produced to", habits::idle),
    ("sparse", "a record every few minutes", habits::sparse),
    (
        "hourly-batches",
        "a producer that writes once an hour",
        habits::hourly_batches,
    ),
    (
        "cron",
        "a consumer that runs five minutes an hour",
        habits::cron,
    ),
    (
        "hourly-sink",
        "a sink that commits once an hour",
        habits::hourly_sink,
    ),
    (
        "memberless",
        "a job that commits without joining its group",
        habits::memberless,
    ),
    (
        "rare-commits",
        "a consumer that commits each ten minutes",
        habits::rare_commits,
    ),
    (
        "rolling-deploy",
        "twenty members replaced one by one",
        releases::rolling,
    ),
    (
        "recreate-deploy",
        "all members gone for 90 s",
        releases::recreate,
    ),
    (
        "backfill",
        "new groups that read a topic from its start",
        releases::backfill,
    ),
];

/// The name of the scenario that has everything.
pub const DEMO: &str = "demo";

/// All names with what they show, for help texts.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = TROUBLES
        .iter()
        .chain(&RARE)
        .chain(&HEALTHY)
        .map(|(name, shows, _)| (*name, *shows));
    [
        (DEMO, "everything at once"),
        ("healthy", "all that is well and may not look it"),
    ]
    .into_iter()
    .chain(all)
}

/// The scenario of this name.
pub fn named(name: &str) -> Option<Scenario> {
    match name {
        DEMO => Some(assemble(DEMO, TROUBLES.iter().chain(&HEALTHY))),
        "healthy" => Some(assemble("healthy", HEALTHY.iter())),
        _ => {
            let entry = TROUBLES
                .iter()
                .chain(&RARE)
                .chain(&HEALTHY)
                .find(|(known, ..)| *known == name)?;
            let beside = HEALTHY.iter().take(2).filter(|other| other.0 != entry.0);
            Some(assemble(name, std::iter::once(entry).chain(beside)))
        }
    }
}

/// Everything at once.
pub fn demo() -> Scenario {
    assemble(DEMO, TROUBLES.iter().chain(&HEALTHY))
}

/// A big quiet cluster: so many groups over so many partitions on so many brokers.
pub fn bulk(groups: usize, partitions: usize, brokers: i32) -> Scenario {
    Scenario {
        name: "bulk".to_owned(),
        brokers,
        filler: Some(Filler { groups, partitions }),
        ..Scenario::default()
    }
}

fn assemble<'a>(name: &str, entries: impl Iterator<Item = &'a Entry>) -> Scenario {
    let mut scenario = Scenario {
        name: name.to_owned(),
        brokers: 3,
        ..Scenario::default()
    };
    for (.., part) in entries {
        let part = part();
        scenario.topics.extend(part.topics);
        scenario.groups.extend(part.groups);
        scenario.downstreams.extend(part.downstreams);
    }
    scenario
}

#[cfg(test)]
mod tests;
