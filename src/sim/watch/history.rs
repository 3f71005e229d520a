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
    /// How often a cycle ends with a tick, which makes a snapshot: dear, and needed only so that verdicts begin when
    /// they began, to within this, and alerts have run. None: never.
    pub cut_each: Option<Span>,
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
    let (epoch, interval, cut_each) = (world.epoch(), past.interval, past.cut_each);
    let mut last_cut = None;
    let mut watch = Watch::new(
        Arc::clone(world),
        past.cluster.clone(),
        past.brokers.clone(),
    );
    let ages = ages(interval.as_millis().max(100), readings(world));
    ages.into_iter().flat_map(move |age| {
        let mut cycle = watch.cycle(epoch - age, interval);
        let at = cycle
            .last()
            .map_or(Timestamp::from_millis(epoch - age), Observation::at);
        let due = |each: Span| last_cut.is_none_or(|last: Timestamp| last.age_at(at) >= each);
        if cut_each.is_some_and(due) {
            last_cut = Some(at);
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

    fn past(cut_each: Option<Span>) -> Past {
        Past {
            cluster: "demo".into(),
            brokers: Vec::new(),
            interval: Span::from_secs(10),
            cut_each,
        }
    }

    #[test]
    fn the_past_is_whole_and_in_order() {
        let scenario = scenario::named("poison").expect("poison");
        let world = Arc::new(World::new(&scenario, 1, EPOCH));
        let started = std::time::Instant::now();
        let all: Vec<Observation> = history(&world, &past(None)).collect();
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
    fn a_past_has_a_tick_at_a_cycles_end_but_no_more_often_than_asked() {
        let scenario = scenario::named("idle").expect("idle");
        let world = Arc::new(World::new(&scenario, 1, EPOCH));
        let all: Vec<Observation> = history(&world, &past(Some(Span::from_secs(60)))).collect();
        let ticks: Vec<Millis> = all
            .iter()
            .filter(|o| matches!(o, Observation::Tick { .. }))
            .map(|o| o.at().as_millis())
            .collect();
        let expected = PAST / MINUTE;
        assert!(
            (expected - 10..=expected).contains(&(ticks.len() as Millis)),
            "{}",
            ticks.len()
        );
        assert!(ticks.windows(2).all(|pair| pair[1] - pair[0] >= MINUTE));
        assert!(EPOCH - ticks[ticks.len() - 1] < 2 * MINUTE);
        for pair in all.windows(2) {
            if let Observation::Tick { .. } = pair[1] {
                let cycle = matches!(
                    pair[0],
                    Observation::Read {
                        fact: Fact::Cycle(_),
                        ..
                    }
                );
                assert!(cycle, "{:?}", pair[0]);
            }
        }
    }

    #[test]
    fn a_big_clusters_past_is_thin_and_covers_as_much() {
        let ages = ages(5_000, 350_000);
        assert!((FEWEST..=8).contains(&ages.len()), "{ages:?}");
        assert!(ages.windows(2).all(|pair| pair[0] > pair[1]));
        assert!(ages[0] > PAST - MINUTE && ages[ages.len() - 1] == 5_000);
    }
}
