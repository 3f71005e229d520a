//! The hours before the epoch as a poller would have seen them, to fold before the first live poll.

use super::Watch;
use crate::model::{Broker, ClusterName, Observation, Span, Timestamp};
use crate::sim::spec::{HOUR, MINUTE, Millis, PAST};
use crate::sim::world::World;

/// How a past is made.
#[derive(Clone, Debug)]
pub struct Past {
    /// What the user calls the cluster.
    pub cluster: ClusterName,
    /// Its brokers.
    pub brokers: Vec<Broker>,
    /// The poll interval.
    pub interval: Span,
    /// Whether each cycle ends with a tick, which makes a snapshot: dear, and needed only where alerts and verdicts
    /// shall have run in the past too.
    pub ticks: bool,
}

/// Older than this, only every third poll is told …
const FULL: Millis = 30 * MINUTE;
/// … and older than this, only every sixth.
const HALF: Millis = 2 * HOUR;

/// The observations of the six hours before the world's epoch, in order; the last cycle ends before it.
pub fn history(world: &World, past: &Past) -> Vec<Observation> {
    let interval = past.interval.as_millis().max(100);
    let polls = PAST / interval;
    let mut watch = Watch::new(world, past.cluster.clone(), past.brokers.clone());
    let mut all = Vec::new();
    for poll in (1..=polls)
        .rev()
        .filter(|poll| poll % thinning(poll * interval) == 0 || *poll == polls)
    {
        all.extend(watch.cycle(world.epoch() - poll * interval, past.interval));
        if past.ticks {
            let at = all
                .last()
                .map_or(Timestamp::from_millis(world.epoch()), Observation::at);
            all.push(Observation::Tick { at });
        }
    }
    all
}

/// Only each so many-th poll is told at this age.
fn thinning(age: Millis) -> i64 {
    match age {
        age if age <= FULL => 1,
        age if age <= HALF => 3,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fact;
    use crate::sim::scenario;

    const EPOCH: Millis = 1_800_000_000_000;

    fn past(ticks: bool) -> Past {
        Past {
            cluster: "demo".into(),
            brokers: Vec::new(),
            interval: Span::from_secs(10),
            ticks,
        }
    }

    #[test]
    fn the_past_is_whole_and_in_order() {
        let scenario = scenario::named("poison").expect("poison");
        let world = World::new(&scenario, 1, EPOCH);
        let started = std::time::Instant::now();
        let all = history(&world, &past(false));
        println!("{} observations in {:?}", all.len(), started.elapsed());
        let times: Vec<i64> = all
            .iter()
            .map(|observation| observation.at().as_millis())
            .collect();
        assert!(times.is_sorted());
        assert!(times[0] < EPOCH - PAST + MINUTE && times[times.len() - 1] < EPOCH);
        let cycles = all
            .iter()
            .filter(|o| {
                matches!(
                    o,
                    Observation::Read {
                        fact: Fact::Cycle(_),
                        ..
                    }
                )
            })
            .count();
        assert!((599..=602).contains(&cycles), "{cycles}");
        let last = all.iter().rev().find_map(|observation| match observation {
            Observation::Read {
                fact: Fact::Commits { group, topics, .. },
                answered,
                ..
            } if group.as_str() == "billing-export" => Some((topics.clone(), answered.as_millis())),
            _ => None,
        });
        let (topics, at) = last.expect("commits");
        let group = world.group_named("billing-export").expect("group");
        let mut commits = Vec::new();
        world.commits(group, at, &mut commits);
        let told: Vec<_> = topics[0]
            .partitions
            .iter()
            .map(|read| read.offset.clone().ok().flatten())
            .collect();
        let held: Vec<_> = commits
            .iter()
            .map(|commit| commit.map(|commit| commit.offset))
            .collect();
        assert_eq!(told, held);
    }

    #[test]
    fn a_past_with_ticks_has_one_a_cycle() {
        let world = World::new(&scenario::named("idle").expect("idle"), 1, EPOCH);
        let all = history(&world, &past(true));
        let count = |wanted: fn(&Observation) -> bool| all.iter().filter(|o| wanted(o)).count();
        let cycles = count(|o| {
            matches!(
                o,
                Observation::Read {
                    fact: Fact::Cycle(_),
                    ..
                }
            )
        });
        assert_eq!(count(|o| matches!(o, Observation::Tick { .. })), cycles);
    }
}
