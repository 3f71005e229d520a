//! What was read, as counts and sums that do not depend on its order: equal to the truth's exactly when each row is.

use std::fmt;
use std::hash::{DefaultHasher, Hasher as _};
use std::str::FromStr;

use laggard::sim::world::World;

/// Rows of one kind.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Rows {
    count: u64,
    sum: u64,
}

impl Rows {
    fn add(&mut self, row: impl std::hash::Hash) {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        self.count += 1;
        self.sum = self.sum.wrapping_add(hasher.finish());
    }
}

/// Commits, log starts and log ends.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    commits: Rows,
    starts: Rows,
    ends: Rows,
}

impl Tally {
    pub(crate) fn commit(&mut self, group: &str, topic: &str, partition: i32, offset: i64) {
        self.commits.add((group, topic, partition, offset));
    }

    pub(crate) fn start(&mut self, topic: &str, partition: i32, offset: i64) {
        self.starts.add((topic, partition, offset));
    }

    pub(crate) fn end(&mut self, topic: &str, partition: i32, offset: i64) {
        self.ends.add((topic, partition, offset));
    }

    /// How many commits, and how many partitions with a log end.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.commits.count, self.ends.count)
    }

    /// What is true of the first groups and topics of a world at an instant.
    pub(crate) fn truth(world: &World, groups: usize, topics: usize, at: i64) -> Self {
        let mut tally = Self::default();
        for (number, topic) in world.topics().iter().enumerate().take(topics) {
            for partition in 0..topic.partitions {
                let end = world.log_end(number, partition, at).unwrap_or(-1);
                let start = world.log_start(number, partition, at).unwrap_or(-1);
                tally.start(&topic.name, partition, start);
                tally.end(&topic.name, partition, end);
            }
        }
        for group in 0..groups.min(world.group_count()) {
            let mut commits = Vec::new();
            world.commits(group, at, &mut commits);
            for (row, commit) in world.rows(group).iter().zip(commits) {
                if let Some(commit) = commit {
                    let topic = &world.topics()[row.topic as usize].name;
                    let name = world.group_name(group);
                    tally.commit(name, topic, row.partition, commit.offset);
                }
            }
        }
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [c, s, e] = [self.commits, self.starts, self.ends];
        let numbers = [c.count, c.sum, s.count, s.sum, e.count, e.sum];
        write!(f, "{}", numbers.map(|number| number.to_string()).join(" "))
    }
}

impl FromStr for Tally {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers: Vec<u64> = text
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let rows = |at: usize| Rows {
            count: numbers.get(at).copied().unwrap_or(0),
            sum: numbers.get(at + 1).copied().unwrap_or(0),
        };
        Ok(Self {
            commits: rows(0),
            starts: rows(2),
            ends: rows(4),
        })
    }
}
