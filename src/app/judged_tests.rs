//! Diagnoses against the truth: simulated clusters in trouble and in good health, over seeds.
//!
//! A case is knowable when one cause of the table is at work, in a group of two members or more,
//! for ten minutes, with an effect of two minutes or more. `LAGGARD_SEEDS=20` looks at more seeds.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{
    ClusterSettings, GroupSnapshot, Observation, Settings, Snapshot, Span, Timestamp,
};
use crate::pipeline::Pipeline;
use crate::sim::scenario;
use crate::sim::spec::{Cause, Scenario};
use crate::sim::watch::{Past, Watch, history};
use crate::sim::world::World;

pub(super) const EPOCH: i64 = 1_800_000_000_000;
const INTERVAL: Span = Span::from_secs(10);
const MINUTE: i64 = 60_000;

/// Shows snapshots of a world, each half minute for so many minutes after the epoch, by a pipeline
/// that has watched the six hours before.
pub(super) fn watch(world: &Arc<World>, minutes: i64, mut look: impl FnMut(&Snapshot)) {
    let mut pipeline = Pipeline::new();
    let settings = Settings {
        clusters: vec![ClusterSettings::named("sim".into())],
        ..Settings::default()
    };
    pipeline.fold(&Observation::Configured {
        at: Timestamp::from_millis(EPOCH - 420 * MINUTE),
        settings: Arc::new(settings),
    });
    let past = Past {
        cluster: "sim".into(),
        brokers: Vec::new(),
        interval: INTERVAL,
        cut_each: Some(Span::from_secs(60)),
    };
    for observation in history(world, &past) {
        pipeline.fold(&observation);
    }
    let mut watch = Watch::new(Arc::clone(world), "sim".into(), Vec::new());
    for cycle in 0..minutes * 6 {
        let t = EPOCH + cycle * INTERVAL.as_millis();
        for observation in watch.cycle(t, INTERVAL) {
            pipeline.fold(&observation);
        }
        let at = Timestamp::from_millis(t + 100);
        let cut = pipeline.fold(&Observation::Tick { at });
        if let Some(cut) = cut.filter(|_| cycle % 3 == 0) {
            look(&cut.snapshot);
        }
    }
}

/// The same for a named scenario as it stands.
pub(super) fn watch_named(name: &str, seed: u64, minutes: i64, look: impl FnMut(&Snapshot)) {
    let scenario = scenario::named(name).expect("a scenario");
    watch(&Arc::new(World::new(&scenario, seed, EPOCH)), minutes, look);
}

/// What should be said of a true cause; none: the table has no name for it.
fn name_of(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::TooFewConsumers => Some("too_few_consumers"),
        Cause::PoisonRecord => Some("poison_record"),
        Cause::Stuck => Some("group_stuck"),
        Cause::HotKey => Some("hot_partition"),
        Cause::SickMember => Some("sick_member"),
        Cause::SickHost => Some("sick_host"),
        Cause::SlowLeader => Some("slow_leader"),
        Cause::SlowDownstream | Cause::SlowService => Some("slow_downstream"),
        _ => None,
    }
}

/// How often something was said, and how often it was right.
#[derive(Debug, Default)]
struct Tally {
    said: u32,
    right: u32,
    knowable: u32,
    spoken: u32,
    /// By (truth, what was said).
    confusion: BTreeMap<(String, String), u32>,
}

impl Tally {
    fn look(&mut self, world: &World, snapshot: &Snapshot) {
        for group in &snapshot.clusters[0].groups {
            if let Some(index) = world.group_named(group.group.as_str()) {
                self.judge(world, index, group, snapshot.at.as_millis());
            }
        }
    }

    fn judge(&mut self, world: &World, index: usize, group: &GroupSnapshot, at: i64) {
        let conditions = world.conditions(index, at);
        let truths: Vec<Cause> = conditions.iter().map(|c| c.cause).collect();
        let said = group.diagnosis.cause().map(crate::model::Cause::name);
        let right = truths.iter().any(|t| name_of(*t) == said);
        if let Some(said) = said {
            self.said += 1;
            self.right += u32::from(right);
            if !right {
                let key = (format!("{truths:?} {}", group.group), said.to_owned());
                *self.confusion.entry(key).or_default() += 1;
            }
        }
        let [one] = conditions.as_slice() else {
            return;
        };
        // A service that became slower is none of the table's causes.
        let in_table = one.cause != Cause::SlowService && name_of(one.cause).is_some();
        let members = group.members.as_deref().map_or(0, <[_]>::len);
        let ages = world.truth(index, at);
        let late = ages.iter().filter_map(|r| r.time_lag).max().unwrap_or(0);
        if in_table && members >= 2 && at - one.began >= 10 * MINUTE && late >= 2 * MINUTE {
            self.knowable += 1;
            self.spoken += u32::from(said.is_some());
            if said.is_none() {
                let why = format!("{:?}", group.diagnosis);
                let key = (format!("{:?} {}", one.cause, group.group), why);
                *self.confusion.entry(key).or_default() += 1;
            }
        }
    }

    fn over(scenario: &Scenario, seeds: impl Iterator<Item = u64>, minutes: i64) -> Self {
        let mut tally = Self::default();
        for seed in seeds {
            let world = Arc::new(World::new(&scenario.clone().varied(seed), seed, EPOCH));
            watch(&world, minutes, |snapshot| tally.look(&world, snapshot));
        }
        println!("{tally:#?}");
        tally
    }
}

pub(super) fn seeds() -> impl Iterator<Item = u64> {
    let count = std::env::var("LAGGARD_SEEDS")
        .ok()
        .and_then(|n| n.parse().ok());
    1..=count.unwrap_or(1)
}

#[test]
fn diagnoses_are_right_when_they_are_made_and_made_when_they_can_be() {
    let mut scenario = scenario::demo();
    for name in ["sick-host", "slow-leader"] {
        let more = scenario::named(name).expect("a scenario");
        scenario.topics.extend(more.topics.into_iter().take(1));
        scenario.groups.extend(more.groups.into_iter().take(1));
    }
    let tally = Tally::over(&scenario, seeds(), 3);
    assert!(f64::from(tally.right) >= 0.95 * f64::from(tally.said));
    assert!(f64::from(tally.spoken) >= 0.85 * f64::from(tally.knowable));
    assert!(tally.knowable >= 50, "too few cases to tell");
}

#[test]
fn healthy_noise_has_no_cause() {
    let scenario = scenario::named("healthy").expect("a scenario");
    let tally = Tally::over(&scenario, seeds().map(|s| s + 100), 10);
    assert_eq!(tally.said, 0, "{tally:#?}");
}
