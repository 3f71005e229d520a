//! The same workload otherwise: bigger, later, or with other numbers.

use super::{EventKind, FeedSpec, Filler, Millis, Scenario, Shape};
use crate::sim::random::{between, derive, mix};

impl Scenario {
    /// Filled up with plain healthy groups to these totals; what is more already stays.
    #[must_use]
    pub fn sized(mut self, groups: usize, partitions: usize, brokers: i32) -> Self {
        let held: i32 = self.topics.iter().map(|topic| topic.partitions).sum();
        let filler = Filler {
            groups: groups.saturating_sub(self.groups.len()),
            partitions: partitions.saturating_sub(held as usize),
        };
        self.filler = Some(filler).filter(|filler| filler.groups > 0 || filler.partitions > 0);
        self.brokers = brokers.max(1);
        self
    }

    /// With all that goes wrong, deploys and new groups `by` later.
    #[must_use]
    pub fn later(mut self, by: Millis) -> Self {
        let shift = |at: &mut Option<Millis>| *at = at.map(|at| at + by);
        for topic in &mut self.topics {
            for feed in topic.feeds.iter_mut().filter(|feed| feed.cause.is_some()) {
                shift(&mut feed.from);
                shift(&mut feed.until);
            }
            if let Some(hanging) = &mut topic.hanging {
                hanging.opened += by;
                shift(&mut hanging.aborted);
            }
            if let Some(recreated) = &mut topic.recreated {
                recreated.deleted += by;
                recreated.created += by;
            }
        }
        for group in &mut self.groups {
            shift(&mut group.since);
            for event in &mut group.events {
                event.from += by;
                shift(&mut event.until);
            }
        }
        for outage in self
            .downstreams
            .iter_mut()
            .flat_map(|downstream| &mut downstream.outages)
        {
            outage.from += by;
            shift(&mut outage.until);
        }
        self
    }

    /// The same story with other numbers, drawn from `seed`: all rates and capacities grow or shrink together, each
    /// group has its own commit interval and a little more or less room.
    #[must_use]
    pub fn varied(mut self, seed: u64) -> Self {
        let pace = between(seed, 1, 0.5, 2.0);
        for feed in self.topics.iter_mut().flat_map(|topic| &mut topic.feeds) {
            feed.scale(pace);
        }
        for downstream in &mut self.downstreams {
            downstream.per_second *= pace;
            downstream
                .outages
                .iter_mut()
                .for_each(|outage| outage.per_second *= pace);
        }
        for group in &mut self.groups {
            let own = mix(seed, derive(2, &group.name));
            let room = pace * between(own, 1, 0.98, 1.04);
            group
                .members
                .iter_mut()
                .for_each(|member| member.per_second *= room);
            for event in &mut group.events {
                if let EventKind::SlowLeader { per_second, .. } = &mut event.kind {
                    *per_second *= pace;
                }
            }
            group.commit_every = (group.commit_every as f64 * between(own, 2, 0.6, 1.6)) as Millis;
        }
        self
    }
}

impl FeedSpec {
    fn scale(&mut self, pace: f64) {
        match &mut self.shape {
            Shape::Steady { per_second } => *per_second *= pace,
            Shape::Diurnal { mean, .. } => *mean *= pace,
            Shape::Bursts { records, .. } => *records *= pace,
            Shape::Ramp { start, end, .. } => (*start, *end) = (*start * pace, *end * pace),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::scenario;
    use crate::sim::spec::HOUR;
    use crate::sim::world::World;

    const EPOCH: i64 = 1_800_000_000_000;

    #[test]
    fn a_sized_cluster_has_what_was_asked() {
        let world = World::new(&scenario::demo().sized(500, 2_000, 5), 1, EPOCH);
        assert_eq!(world.group_count(), 500);
        assert_eq!(
            world
                .topics()
                .iter()
                .map(|topic| topic.partitions)
                .sum::<i32>(),
            2_000
        );
        assert_eq!(world.brokers(), 5);
        assert_eq!(scenario::demo().sized(0, 0, 1).filler, None);
    }

    #[test]
    fn what_comes_later_has_not_come_yet() {
        let world = World::new(&scenario::demo().later(2 * HOUR), 1, EPOCH);
        let wrong = |t| {
            (0..world.group_count())
                .filter(|group| !world.conditions(*group, EPOCH + t).is_empty())
                .count()
        };
        // What never was right, and what has been wrong for hours.
        assert!(
            wrong(-6 * HOUR) <= 2 && wrong(2 * HOUR) >= 15,
            "{} {}",
            wrong(-6 * HOUR),
            wrong(2 * HOUR)
        );
    }

    #[test]
    fn a_variation_is_the_same_story() {
        for seed in 0..4 {
            let world = World::new(
                &scenario::named("hot-key").expect("hot-key").varied(seed),
                seed,
                EPOCH,
            );
            let group = world.group_named("fraud-scoring").expect("group");
            let ages = world.truth(group, EPOCH);
            let age = |row: usize| ages[row].time_lag.expect("an age");
            assert!(
                age(7) > 300_000 && (0..12).filter(|row| age(*row) > 300_000).count() <= 2,
                "seed {seed}: {ages:?}"
            );
        }
    }
}
