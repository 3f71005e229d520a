//! Diagnoses beside the truth: a confusion matrix.

use std::collections::BTreeMap;

use laggard::model::{Diagnosis, Snapshot};
use laggard::sim::spec::Cause;
use laggard::sim::world::World;

/// Evidence counts as a full window after the condition has lasted this long, in milliseconds.
const FULL_WINDOW: i64 = 600_000;

/// What is kept of diagnoses: by true cause and told cause, how many minutes it was told. `abstains` and `not needed`
/// stand among the told ones, `well` among the true ones.
#[derive(Clone, Debug, Default)]
pub struct Diagnoses {
    /// (truth, told) → samples.
    pub matrix: BTreeMap<(String, String), u64>,
    last: i64,
}

impl Diagnoses {
    /// Takes in another run's.
    pub fn add(&mut self, other: &Self) {
        for (pair, count) in &other.matrix {
            *self.matrix.entry(pair.clone()).or_default() += count;
        }
    }

    /// Takes in a snapshot, one a minute.
    pub fn sample(&mut self, snapshot: &Snapshot, world: &World) {
        let now = snapshot.at.as_millis();
        if now - self.last < 60_000 {
            return;
        }
        self.last = now;
        for group in snapshot.clusters.iter().flat_map(|c| &c.groups) {
            let Some(index) = world.group_named(group.group.as_str()) else {
                continue;
            };
            let conditions = world.conditions(index, now);
            let truth = match conditions.as_slice() {
                [] => "well",
                [one] if one.ended.is_none() && now - one.began >= FULL_WINDOW => name(one.cause),
                // Mixed, just begun, or a backlog that outlasts its cause: nothing that one could be held to.
                _ => continue,
            };
            let told = match &group.diagnosis {
                Diagnosis::NotNeeded => "not needed",
                Diagnosis::Abstains { .. } => "abstains",
                Diagnosis::Found { cause, .. } => cause.name(),
            };
            let pair = (truth.to_owned(), told.to_owned());
            *self.matrix.entry(pair).or_default() += 1;
        }
    }
}

fn name(cause: Cause) -> &'static str {
    match cause {
        Cause::TooFewConsumers => "too few consumers",
        Cause::SlowService => "slow service",
        Cause::PoisonRecord => "poison record",
        Cause::Stopped => "stopped",
        Cause::Stuck => "stuck",
        Cause::HotKey => "hot key",
        Cause::SickMember => "sick member",
        Cause::SlowDownstream => "slow downstream",
        Cause::RebalanceStorm => "rebalance storm",
        Cause::HangingTransaction => "hanging transaction",
        Cause::NeverCommits => "never commits",
        Cause::Rewound => "rewound",
        Cause::TopicRecreated => "topic recreated",
        Cause::SickHost => "sick host",
        Cause::SlowLeader => "slow leader",
    }
}
