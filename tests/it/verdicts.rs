//! What Laggard says of the demo's groups, against what is true of them.

use std::sync::Arc;

use laggard::model::{
    ClusterSettings, GroupSnapshot, Observation, PartitionView, Settings, Snapshot, Span, Status,
    Timestamp,
};
use laggard::pipeline::Pipeline;
use laggard::sim::spec::Cause;
use laggard::sim::watch::{Past, Watch, history};
use laggard::sim::{scenario, world::World};

const EPOCH: i64 = 1_795_199_041_000;
const INTERVAL: Span = Span::from_secs(10);

/// The demo as it looks after its past and three polls.
fn snapshot(world: &World) -> Arc<Snapshot> {
    let past = Past {
        cluster: "demo".into(),
        brokers: Vec::new(),
        interval: INTERVAL,
        ticks: true,
    };
    let settings = Settings {
        clusters: vec![ClusterSettings::named("demo".into())],
        policies: Vec::new(),
    };
    let mut pipeline = Pipeline::new();
    let at = Timestamp::from_millis(EPOCH - 7 * 3_600_000);
    pipeline.fold(&Observation::Configured {
        at,
        settings: Arc::new(settings),
    });
    for observation in history(world, &past) {
        pipeline.fold(&observation);
    }
    let mut watch = Watch::new(world, "demo".into(), Vec::new());
    let mut last = None;
    for poll in 1..=3 {
        let mut observations = watch.cycle(EPOCH + poll * INTERVAL.as_millis(), INTERVAL);
        let at = observations
            .last()
            .expect("a cycle observes something")
            .at();
        observations.push(Observation::Tick { at });
        last = observations.iter().filter_map(|o| pipeline.fold(o)).last();
    }
    last.expect("a tick").snapshot
}

/// The statuses that say the truth about a cause.
fn fitting(cause: Cause) -> &'static [Status] {
    match cause {
        Cause::TooFewConsumers
        | Cause::SlowService
        | Cause::HotKey
        | Cause::SickMember
        | Cause::SlowDownstream => &[Status::FallingBehind],
        Cause::PoisonRecord | Cause::Stuck => &[Status::Stalled],
        // Where retention overtook a stopped group, what is lost is worse than that it stands.
        Cause::Stopped => &[Status::Stopped, Status::DataLoss],
        Cause::HangingTransaction => &[Status::TxnBlocked],
        Cause::NeverCommits => &[Status::NeverCommitted],
        Cause::Rewound => &[Status::Rewound],
        Cause::TopicRecreated => &[Status::Recreated],
        // Members that come and go all the time: growth says nothing while they settle.
        Cause::RebalanceStorm => &[
            Status::Steady,
            Status::FallingBehind,
            Status::Unassigned,
            Status::Suspect,
        ],
    }
}

fn sentence(g: &GroupSnapshot, at: Timestamp) -> String {
    g.status
        .evidence
        .as_ref()
        .map_or_else(String::new, |e| e.sentence(at))
}

#[test]
fn the_demos_groups_are_judged_as_they_are() {
    let mut wrong = Vec::new();
    for seed in [1, 7, 42] {
        let world = World::new(&scenario::demo(), seed, EPOCH);
        let snapshot = snapshot(&world);
        let cluster = snapshot.cluster("demo").expect("the demo");
        assert!(cluster.groups.len() >= 25, "{}", cluster.groups.len());
        for g in &cluster.groups {
            let index = world
                .group_named(g.group.as_str())
                .expect("a group of the demo");
            let causes = world.conditions(index, snapshot.at.as_millis());
            let causes: Vec<_> = causes
                .iter()
                .filter(|c| c.ended.is_none())
                .map(|c| c.cause)
                .collect();
            let fits = if causes.is_empty() {
                !g.status.status.is_trouble() && g.status.status != Status::Unknown
            } else {
                causes
                    .iter()
                    .any(|c| fitting(*c).contains(&g.status.status))
            };
            if !fits {
                let said = (g.status.status.word(), sentence(g, snapshot.at));
                wrong.push(format!(
                    "seed {seed}: {} is {causes:?}, said to be {said:?}",
                    g.group
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_demos_lags_are_the_true_ones() {
    let world = World::new(&scenario::demo(), 7, EPOCH);
    let snapshot = snapshot(&world);
    // The last cycle's reads were made within a second from here.
    let read_at = EPOCH + 3 * INTERVAL.as_millis();
    let (mut rows, mut ages) = (0, 0);
    for g in &snapshot.cluster("demo").expect("the demo").groups {
        let index = world
            .group_named(g.group.as_str())
            .expect("a group of the demo");
        let [before, after] = [read_at - 1_000, read_at + 2_000].map(|t| world.truth(index, t));
        let truths = world
            .rows(index)
            .into_iter()
            .zip(before.into_iter().zip(after));
        for (row, (before, after)) in truths {
            let topic = &*world.topics()[row.topic as usize].name;
            let mut views = g.partitions();
            let same = |v: &PartitionView<'_>| {
                &*v.topic().topic.to_string() == topic && v.partition() == row.partition
            };
            let Some(view) = views.find(same) else {
                continue;
            };
            let place = format!("{} {}-{}", g.group, view.topic().topic, view.partition());
            if let (Some(a), Some(b)) = (before.time_lag, after.time_lag) {
                let age = view.row().time_lag.age(snapshot.at);
                let (low, high) = (
                    age.low().map(Span::as_millis),
                    age.high().map(Span::as_millis),
                );
                // The commit may move on between the two instants, and time does.
                let slack = 3_000;
                assert!(
                    low.is_none_or(|low| low <= a.max(b) + slack),
                    "{place}: {age:?}, truth {a} to {b} ms"
                );
                assert!(
                    high.is_none_or(|high| high >= a.min(b) - slack),
                    "{place}: {age:?}, truth {a} to {b} ms"
                );
                ages += usize::from(age.value().is_some());
            }
            let (Some(a), Some(b)) = (before.effective_lag, after.effective_lag) else {
                continue;
            };
            let Some(lag) = view.row().effective_lag.value() else {
                continue;
            };
            // Between two instants lag swings by what comes in and what one commit takes.
            let swing = (a - b).abs() + 2_000;
            assert!(
                lag >= a.min(b) - swing && lag <= a.max(b) + swing,
                "{place}: {lag}, truth {a} to {b}"
            );
            rows += 1;
        }
    }
    assert!(
        rows > 100 && ages > 100,
        "{rows} rows, {ages} ages compared"
    );
}
