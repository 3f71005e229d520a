//! What became of groups in truth: how old their oldest unread record was, what was lost, who was there.

use laggard::sim::spec::Millis;
use laggard::sim::world::World;

/// A time lag above this is above the target.
pub const TARGET: Millis = 60_000;

/// One group at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Unix milliseconds.
    pub at: Millis,
    /// Age of the oldest unread record; the greatest number where there is no commit that leads to a record.
    pub age: Millis,
    /// Records that were deleted unread so far.
    pub lost: i64,
    /// Members.
    pub members: usize,
    /// Rebalances so far.
    pub generation: i32,
}

/// One group's time.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Its name.
    pub group: String,
    /// In order.
    pub samples: Vec<Sample>,
    last_lost: Vec<i64>,
}

/// All groups' times.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    /// By the world's index.
    pub groups: Vec<Outcome>,
}

impl Outcomes {
    /// Looks at all groups.
    pub fn look(&mut self, world: &World, at: Millis) {
        for index in 0..world.group_count() {
            if self.groups.len() == index {
                self.groups.push(Outcome {
                    group: world.group_name(index).to_string(),
                    ..Outcome::default()
                });
            }
            if world.group_exists(index, at) {
                self.groups[index].look(world, index, at);
            }
        }
    }

    /// One group's.
    pub fn of(&self, group: &str) -> Option<&Outcome> {
        self.groups.iter().find(|outcome| outcome.group == group)
    }
}

impl Outcome {
    fn look(&mut self, world: &World, index: usize, at: Millis) {
        let truth = world.truth(index, at);
        let ages = truth.iter().map(|row| row.time_lag.unwrap_or(Millis::MAX));
        self.last_lost.resize(truth.len(), 0);
        let mut lost = self.samples.last().map_or(0, |sample| sample.lost);
        for (row, before) in truth.iter().zip(&mut self.last_lost) {
            // What is lost shows until the consumer goes on behind it.
            lost += (row.lost - *before).max(0);
            *before = row.lost;
        }
        let view = world.view(index, at);
        self.samples.push(Sample {
            at,
            age: ages.max().unwrap_or(0),
            lost,
            members: view.members.len(),
            generation: view.generation,
        });
    }

    /// The samples from `from` on.
    pub fn since(&self, from: Millis) -> &[Sample] {
        let first = self.samples.partition_point(|sample| sample.at < from);
        &self.samples[first..]
    }

    /// The age that 99 of 100 samples from `from` on do not exceed.
    pub fn p99(&self, from: Millis) -> Millis {
        let mut ages: Vec<Millis> = self.since(from).iter().map(|sample| sample.age).collect();
        ages.sort_unstable();
        let place = (ages.len().saturating_sub(1)) as f64 * 0.99;
        ages.get(place.ceil() as usize).copied().unwrap_or(0)
    }

    /// Records that were deleted unread from `from` on.
    pub fn lost(&self, from: Millis) -> i64 {
        let all = self.since(from);
        let (first, last) = (all.first(), all.last());
        first
            .zip(last)
            .map_or(0, |(first, last)| last.lost - first.lost)
    }

    /// Member-hours.
    pub fn member_hours(&self) -> f64 {
        self.over(|sample| sample.members as f64) / 3.6e6
    }

    /// Hours above the target.
    pub fn hours_above(&self) -> f64 {
        self.over(|sample| f64::from(u8::from(sample.age > TARGET))) / 3.6e6
    }

    /// Rebalances.
    pub fn rebalances(&self) -> i32 {
        let (first, last) = (self.samples.first(), self.samples.last());
        first
            .zip(last)
            .map_or(0, |(first, last)| last.generation - first.generation)
    }

    fn over(&self, value: impl Fn(&Sample) -> f64) -> f64 {
        let pairs = self.samples.iter().zip(self.samples.iter().skip(1));
        pairs
            .map(|(one, next)| value(one) * (next.at - one.at) as f64)
            .sum()
    }
}
