//! What `config check` says of the number of series: how many each subject brings, and how many a
//! middling cluster has.

use std::fmt::Write as _;

use super::settings::Config;
use crate::catalog::{Count, Level, count};

/// A cluster to reckon with: groups, topics that each reads, topics, partitions of each.
const GROUPS: u64 = 1_000;
const READS: u64 = 2;
const TOPICS: u64 = 500;
const PARTITIONS: u64 = 10;

/// The note.
pub(super) fn note(config: &Config) -> String {
    let text: Vec<_> = config
        .metrics
        .profile
        .iter()
        .copied()
        .filter(|p| p.is_text())
        .collect();
    let count = count(&text);
    let of = |level| {
        let (own, profiles) = count.of(level);
        own + profiles
    };
    let mut note = format!(
        "note: /metrics has at most {} series a group, {} for each topic that a group reads, {} a \
         topic and {} a cluster\n",
        of(Level::Group),
        of(Level::GroupTopic),
        of(Level::Topic),
        of(Level::Cluster)
    );
    let opted = !config.metrics.partitions_of.is_empty();
    // Writing to a string cannot fail.
    if opted || !text.is_empty() {
        let _ = writeln!(
            note,
            "  and {} for each partition of a group that partitions_of matches ({} of any other), {} \
             ({}) for each partition of a topic",
            of(Level::Partition),
            count.of(Level::Partition).1,
            of(Level::TopicPartition),
            count.of(Level::TopicPartition).1,
        );
    }
    let total = example(&count, opted);
    let _ = writeln!(
        note,
        "  expect {total} for {GROUPS} groups that read {READS} of {TOPICS} topics with {PARTITIONS} \
         partitions each"
    );
    if config.metrics.max_series.is_some_and(|max| total > max) {
        note.push_str(
            "  help: that is more than max_series: the finest levels would be left out\n",
        );
    }
    note
}

fn example(count: &Count, opted: bool) -> u64 {
    let subjects = |level| match level {
        Level::Laggard | Level::Cluster => 1,
        Level::Topic => TOPICS,
        Level::TopicPartition => TOPICS * PARTITIONS,
        Level::Group => GROUPS,
        Level::GroupTopic => GROUPS * READS,
        Level::Partition => GROUPS * READS * PARTITIONS,
    };
    let samples = Level::ALL.into_iter().map(|level| {
        let (own, profiles) = count.of(level);
        let own = if opted || !level.is_optional() {
            own
        } else {
            0
        };
        subjects(level) * (own + profiles)
    });
    samples.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Profile;
    use crate::model::Pattern;

    #[test]
    fn more_is_expected_of_more() {
        let mut config = Config::default();
        let plain = note(&config);
        assert!(
            plain.contains("series a group") && !plain.contains("help:"),
            "{plain}"
        );
        config.metrics.profile = vec![Profile::KafkaExporter];
        let more = note(&config);
        assert!(more.contains("for each partition of a group"), "{more}");
        config.metrics.partitions_of = vec![Pattern::new(".*").unwrap()];
        config.metrics.max_series = Some(100_000);
        assert!(note(&config).contains("more than max_series"));
    }
}
