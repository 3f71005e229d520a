//! Names and labels of other tools, beside our own: dashboards and rules that people already have
//! go on working.
//!
//! Each profile is a table like the catalog's own, with that tool's names for the labels of a
//! place. What a tool gets wrong (a lag below 0, a 0 for what is not known) is not copied: such
//! samples are absent. The pages in `docs/migration` say what differs.

pub mod burrow;
mod datadog;
mod kafka_exporter;
mod kafka_lag_exporter;
mod kminion;
mod ruby_kafka;

use super::{Kind, Read, Series, Unit};
use crate::model::PartitionView;

/// A tool whose names are exported too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// danielqsj/kafka_exporter.
    KafkaExporter,
    /// seglo/kafka-lag-exporter.
    KafkaLagExporter,
    /// redpanda-data/kminion.
    Kminion,
    /// linkedin/Burrow.
    Burrow,
    /// Datadog's kafka_consumer check: DogStatsD only, for its names have dots.
    Datadog,
    /// The reporters of zendesk/ruby-kafka: StatsD only.
    RubyKafka,
}

/// How the labels of a place are called.
#[derive(Debug)]
pub struct Naming {
    /// The cluster; `None`: as the options call it.
    pub cluster: Option<&'static str>,
    /// The group.
    pub group: &'static str,
    /// The topic.
    pub topic: &'static str,
    /// The partition's number.
    pub partition: &'static str,
}

impl Naming {
    /// Laggard's own.
    pub const OWN: Self = Self {
        cluster: None,
        group: "group",
        topic: "topic",
        partition: "partition",
    };
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::KafkaExporter,
        Self::KafkaLagExporter,
        Self::Kminion,
        Self::Burrow,
        Self::Datadog,
        Self::RubyKafka,
    ];

    /// In the configuration and in documentation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KafkaExporter => "kafka_exporter",
            Self::KafkaLagExporter => "kafka_lag_exporter",
            Self::Kminion => "kminion",
            Self::Burrow => "burrow",
            Self::Datadog => "datadog",
            Self::RubyKafka => "ruby_kafka",
        }
    }

    /// Its series.
    pub fn series(self) -> &'static [Series] {
        match self {
            Self::KafkaExporter => kafka_exporter::ALL,
            Self::KafkaLagExporter => kafka_lag_exporter::ALL,
            Self::Kminion => kminion::ALL,
            Self::Burrow => burrow::ALL,
            Self::Datadog => datadog::ALL,
            Self::RubyKafka => ruby_kafka::ALL,
        }
    }

    /// Its names for the labels of a place.
    pub const fn naming(self) -> &'static Naming {
        match self {
            Self::KafkaExporter => &kafka_exporter::NAMING,
            Self::KafkaLagExporter => &kafka_lag_exporter::NAMING,
            Self::Kminion => &kminion::NAMING,
            Self::Burrow => &burrow::NAMING,
            Self::Datadog => &datadog::NAMING,
            Self::RubyKafka => &ruby_kafka::NAMING,
        }
    }

    /// Whether Prometheus text can say its names: those of the others have dots.
    pub const fn is_text(self) -> bool {
        !matches!(self, Self::Datadog | Self::RubyKafka)
    }

    /// How plain StatsD, which has no tags, writes its names.
    pub const fn template(self) -> Option<&'static str> {
        match self {
            Self::RubyKafka => Some(ruby_kafka::TEMPLATE),
            _ => None,
        }
    }
}

/// A gauge of a profile.
const fn gauge(
    name: &'static str,
    help: &'static str,
    unit: Unit,
    labels: &'static [&'static str],
    read: Read,
) -> Series {
    Series {
        name,
        help,
        unit,
        kind: Kind::Gauge,
        labels,
        read,
    }
}

/// The sum of what has a value, over the partitions that take part; `None` if nothing has.
fn total(
    rows: &[PartitionView<'_>],
    of: impl Fn(&PartitionView<'_>) -> Option<i64>,
) -> Option<f64> {
    let rows = rows.iter().filter(|p| p.row().verdict.is_some());
    let sum = rows.filter_map(of).reduce(|a, b| a + b);
    sum.map(|sum| sum as f64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalog::all;

    #[test]
    fn no_name_stands_twice_in_what_prometheus_reads() {
        let mut names: BTreeSet<_> = all().map(|s| s.name).collect();
        for profile in Profile::ALL.into_iter().filter(|p| p.is_text()) {
            for series in profile.series() {
                assert!(names.insert(series.name), "{}", series.name);
                let plain = |b: u8| b == b'_' || b.is_ascii_lowercase();
                assert!(series.name.bytes().all(plain), "{}", series.name);
                assert!(series.help.ends_with('.'), "{}", series.name);
            }
        }
    }
}
