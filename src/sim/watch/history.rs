//! The hours before the epoch as a poller would have seen them, to fold before the first live poll.

use std::sync::Arc;

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
/// About how many single readings a past may hold: a big cluster's is thinner.
const BUDGET: usize = 2_500_000;
/// The fewest polls that a past has.
const FEWEST: usize = 6;

/// The observations of the six hours before the world's epoch, in order; the last cycle ends before it. A cycle is made
/// when it is taken, so that even a big cluster's past needs no room.
pub fn history(
    world: &Arc<World>,
    past: &Past,
) -> impl Iterator<Item = Observation> + Send + use<> {
    let (epoch, interval, ticks) = (world.epoch(), past.interval, past.ticks);
    let mut watch = Watch::new(
        Arc::clone(world),
        past.cluster.clone(),
        past.brokers.clone(),
    );
    let ages = ages(interval.as_millis().max(100), readings(world));
    ages.into_iter().flat_map(move |age| {
        let mut cycle = watch.cycle(epoch - age, interval);
        if ticks {
            let at = cycle
                .last()
                .map_or(Timestamp::from_millis(epoch - age), Observation::at);
            cycle.push(Observation::Tick { at });
        }
        cycle
    })
}

/// About how many single readings one cycle makes.
fn readings(world: &World) -> usize {
    let partitions: usize = world
        .topics()
        .iter()
        .map(|topic| topic.partitions as usize)
        .sum();
    let rows: usize = (0..world.group_count())
        .map(|group| world.row_count(group))
        .sum();
    3 * partitions + rows
}

/// How long before the epoch the cycles of a past begin, the oldest first.
fn ages(interval: Millis, readings: usize) -> Vec<Millis> {
    let polls = PAST / interval;
    let told = |poll: &i64| poll % thinning(poll * interval) == 0 || *poll == polls;
    let all: Vec<Millis> = (1..=polls)
        .rev()
        .filter(told)
        .map(|poll| poll * interval)
        .collect();
    let most = (BUDGET / readings.max(1)).max(FEWEST);
    if all.len() <= most {
        return all;
    }
    // Ever closer towards the epoch, as a thinned history is.
    let growth = (polls as f64).powf(1.0 / (most - 1) as f64);
    let mut polls: Vec<i64> = (0..most)
        .map(|k| growth.powi(k as i32).round() as i64)
        .collect();
    polls.dedup();
    polls
        .into_iter()
        .rev()
        .map(|poll| poll * interval)
        .collect()
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
        let world = Arc::new(World::new(&scenario, 1, EPOCH));
        let started = std::time::Instant::now();
        let all: Vec<Observation> = history(&world, &past(false)).collect();
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
        let world = Arc::new(World::new(
            &scenario::named("idle").expect("idle"),
            1,
            EPOCH,
        ));
        let all: Vec<Observation> = history(&world, &past(true)).collect();
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

    #[test]
    fn a_big_clusters_past_is_thin_and_covers_as_much() {
        let ages = ages(5_000, 350_000);
        assert!((FEWEST..=8).contains(&ages.len()), "{ages:?}");
        assert!(ages.windows(2).all(|pair| pair[0] > pair[1]));
        assert!(ages[0] > PAST - MINUTE && ages[ages.len() - 1] == 5_000);
    }
}
