//! Diagnoses beside the truth: a confusion matrix.
//!
//! A case is *knowable* when one cause of the table is at work, in a group of two members or more, and its lag has been
//! there for a full evidence window: only these count for how often it speaks. Whatever is said counts for how often it
//! is right, of groups with which nothing is wrong too.

use std::collections::{BTreeMap, BTreeSet};

use laggard::model::{Diagnosis, Snapshot};
use laggard::sim::spec::{Cause, MINUTE, Millis};
use laggard::sim::world::World;

/// A full evidence window.
const FULL_WINDOW: Millis = 10 * MINUTE;
/// Lag counts from this age of the oldest unread record on.
const LATE: Millis = MINUTE;
/// Wrong ones that are kept in words.
const EXAMPLES: usize = 12;

/// What is kept of diagnoses: by true cause and told cause, how many minutes it was told. `abstains` and `not needed`
/// stand among the told ones, `well` among the true ones.
#[derive(Clone, Debug, Default)]
pub struct Diagnoses {
    /// (truth, told) → minutes.
    pub matrix: BTreeMap<(&'static str, &'static str), u64>,
    /// Minutes in which a cause was named.
    pub spoken: u64,
    /// Of which the right one.
    pub right: u64,
    /// Minutes of knowable cases.
    pub knowable: u64,
    /// Of which a cause was named.
    pub answered: u64,
    /// Groups that were knowable for a minute at least, by whether a cause was ever named: cases, of which spoken.
    pub cases: (u64, u64),
    /// Wrong ones in words.
    pub examples: Vec<String>,
}

impl Diagnoses {
    /// Takes in another run's.
    pub fn add(&mut self, other: &Self) {
        for (pair, count) in &other.matrix {
            *self.matrix.entry(*pair).or_default() += count;
        }
        self.spoken += other.spoken;
        self.right += other.right;
        self.knowable += other.knowable;
        self.answered += other.answered;
        self.cases.0 += other.cases.0;
        self.cases.1 += other.cases.1;
        self.examples.extend(other.examples.iter().cloned());
    }

    /// Shares: right of those spoken, spoken of those knowable.
    pub fn shares(&self) -> (f64, f64) {
        let share = |some: u64, of: u64| some as f64 / of.max(1) as f64;
        (
            share(self.right, self.spoken),
            share(self.answered, self.knowable),
        )
    }
}

/// Follows one run's groups.
#[derive(Debug, Default)]
pub struct Follow {
    last: Millis,
    /// Since when each group's lag is there, in truth.
    late: BTreeMap<usize, Millis>,
    cases: BTreeSet<usize>,
    spoken: BTreeSet<usize>,
}

impl Follow {
    /// Takes in a snapshot, one a minute.
    pub fn sample(&mut self, snapshot: &Snapshot, world: &World, kept: &mut Diagnoses) {
        let now = snapshot.at.as_millis();
        if now - self.last < MINUTE {
            return;
        }
        self.last = now;
        for group in snapshot.clusters.iter().flat_map(|c| &c.groups) {
            let Some(index) = world.group_named(group.group.as_str()) else {
                continue;
            };
            let told = match &group.diagnosis {
                Diagnosis::NotNeeded => None,
                Diagnosis::Abstains { .. } => Some("abstains"),
                Diagnosis::Found { cause, .. } => Some(cause.name()),
            };
            let Some((truth, expected, lasts)) = self.truth(world, index, now) else {
                continue;
            };
            let knowable = expected.is_some() && lasts;
            let told = told.unwrap_or("not needed");
            if lasts {
                *kept.matrix.entry((truth, told)).or_default() += 1;
            }
            let speaks = !matches!(told, "not needed" | "abstains");
            let right = expected == Some(told);
            kept.spoken += u64::from(speaks);
            kept.right += u64::from(right);
            kept.knowable += u64::from(knowable);
            kept.answered += u64::from(knowable && speaks);
            if knowable {
                self.cases.insert(index);
                if speaks {
                    self.spoken.insert(index);
                }
            }
            if speaks && !right && kept.examples.len() < EXAMPLES {
                let said = &group.diagnosis;
                let example = format!(
                    "{} at {}: is {truth}, told {said:?}",
                    group.group, snapshot.at
                );
                kept.examples.push(example);
            }
        }
    }

    /// What is wrong in truth, what should be told of it, and whether its lag has been there for a full window; `None`:
    /// mixed, or a backlog that outlasts its cause, which nothing can be held to.
    fn truth(
        &mut self,
        world: &World,
        group: usize,
        now: Millis,
    ) -> Option<(&'static str, Option<&'static str>, bool)> {
        let conditions = world.conditions(group, now);
        let one = match conditions.as_slice() {
            [] => return Some(("well", None, true)),
            [one] if one.ended.is_none() => one,
            _ => return None,
        };
        let rows = world.truth(group, now);
        let oldest = rows.iter().filter_map(|row| row.time_lag).max();
        let since = if oldest.unwrap_or(0) < LATE {
            self.late.remove(&group);
            now
        } else {
            *self.late.entry(group).or_insert(now)
        };
        let lasts = now - since >= FULL_WINDOW;
        Some((name(one.cause), in_the_table(one.cause), lasts))
    }

    /// The run is over.
    pub fn finish(self, kept: &mut Diagnoses) {
        kept.cases.0 += self.cases.len() as u64;
        kept.cases.1 += self.spoken.len() as u64;
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

/// The diagnosis that a cause of the table calls for. Offsets cannot tell a service that got slow from one whose
/// downstream did.
fn in_the_table(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::TooFewConsumers => Some("too_few_consumers"),
        Cause::SlowService | Cause::SlowDownstream => Some("slow_downstream"),
        Cause::PoisonRecord => Some("poison_record"),
        Cause::Stuck => Some("group_stuck"),
        Cause::HotKey => Some("hot_partition"),
        Cause::SickMember => Some("sick_member"),
        Cause::SickHost => Some("sick_host"),
        Cause::SlowLeader => Some("slow_leader"),
        _ => None,
    }
}
