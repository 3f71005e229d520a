//! The catalog: each exported series once, with its name, unit, labels, help, type, and how it is
//! read off a snapshot.
//!
//! In: a [`Snapshot`] and [`Options`]. Out: samples, series by series. Prometheus text, StatsD,
//! alert rules and the metrics page all come from here, so that none can differ. It is a pure
//! function: what is not in the snapshot leaves no series behind. An unknown value is no sample,
//! never a 0; a stale one stays, beside its staleness.

mod budget;
#[cfg(test)]
mod dashboards;
mod doubt;
mod fold;
pub mod internal;
mod page;
mod profile;
mod sample;
mod scope;
mod series;

use crate::model::{
    ClusterSnapshot, GroupSnapshot, PartitionView, Pattern, Snapshot, Status, TopicPartition,
    TopicSnapshot,
};

pub use budget::{Count, Tally, count};
pub use doubt::{Doubt, Graded};
pub use fold::{Folder, GENERATED};
pub use page::page;
pub use profile::{Naming, Profile, burrow};
pub use sample::Emit;
pub use scope::{Exported, Scope};
pub use series::status_code;

/// One series.
pub struct Series {
    /// Its name, base unit included.
    pub name: &'static str,
    /// What it tells, one sentence or two.
    pub help: &'static str,
    /// What its numbers count.
    pub unit: Unit,
    /// How its samples are to be read.
    pub kind: Kind,
    /// Its labels beside those of its level.
    pub labels: &'static [&'static str],
    /// How it is read off a snapshot.
    pub read: Read,
}

/// What numbers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Records.
    Records,
    /// Records a second.
    RecordsPerSecond,
    /// Seconds.
    Seconds,
    /// Seconds since 1970.
    UnixSeconds,
    /// Bytes.
    Bytes,
    /// A position in a log.
    Offset,
    /// Things: partitions, members, requests.
    Count,
    /// 1 for yes, 0 for no.
    Flag,
    /// A number that stands for a word.
    Code,
}

impl Unit {
    /// For a person.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::RecordsPerSecond => "records a second",
            Self::Seconds => "seconds",
            Self::UnixSeconds => "seconds since 1970",
            Self::Bytes => "bytes",
            Self::Offset => "offset",
            Self::Count => "count",
            Self::Flag => "1 or 0",
            Self::Code => "code",
        }
    }
}

/// How samples are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value that goes up and down.
    Gauge,
    /// Always 1: its labels are what it tells.
    Info,
    /// One sample for each state that there is, 1 for the one that it is in.
    StateSet,
}

impl Kind {
    /// For a person.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Info => "info",
            Self::StateSet => "state set",
        }
    }
}

/// How a series is read, by its level: the function is called with each subject of that level.
pub enum Read {
    /// Once.
    Laggard(fn(&Snapshot, &mut Emit<'_>)),
    /// For each cluster.
    Cluster(fn(&ClusterSnapshot, &mut Emit<'_>)),
    /// For each cluster, from what stands beside it in the snapshot.
    OnCluster(fn(&Snapshot, &ClusterSnapshot, &mut Emit<'_>)),
    /// For each topic.
    Topic(fn(&TopicSnapshot, &mut Emit<'_>)),
    /// For each partition of each topic.
    TopicPartition(fn(&TopicPartition, &mut Emit<'_>)),
    /// For each group.
    Group(fn(&GroupSnapshot, &mut Emit<'_>)),
    /// For each topic of each group.
    GroupTopic(fn(&[PartitionView<'_>], &mut Emit<'_>)),
    /// For each partition of each group.
    Partition(fn(&PartitionView<'_>, &mut Emit<'_>)),
}

/// Where a series is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Laggard itself.
    Laggard,
    /// A cluster.
    Cluster,
    /// A topic.
    Topic,
    /// A partition of a topic.
    TopicPartition,
    /// A group.
    Group,
    /// A group's part of a topic.
    GroupTopic,
    /// A group's part of a partition.
    Partition,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Laggard,
        Self::Cluster,
        Self::Topic,
        Self::TopicPartition,
        Self::Group,
        Self::GroupTopic,
        Self::Partition,
    ];

    /// Its labels. The first one's name, where there is one, may be changed by the options.
    pub const fn labels(self) -> &'static [&'static str] {
        match self {
            Self::Laggard => &[],
            Self::Cluster => &["kafka_cluster"],
            Self::Topic => &["kafka_cluster", "topic"],
            Self::TopicPartition => &["kafka_cluster", "topic", "partition"],
            Self::Group => &["kafka_cluster", "group"],
            Self::GroupTopic => &["kafka_cluster", "group", "topic"],
            Self::Partition => &["kafka_cluster", "group", "topic", "partition"],
        }
    }

    /// In a label's value, in configuration and in documentation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Laggard => "laggard",
            Self::Cluster => "cluster",
            Self::Topic => "topic",
            Self::TopicPartition => "topic_partition",
            Self::Group => "group",
            Self::GroupTopic => "group_topic",
            Self::Partition => "group_partition",
        }
    }

    /// Whether it is written only where the options ask for it.
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::TopicPartition | Self::Partition)
    }
}

impl Series {
    /// The most samples that one subject has.
    pub fn most(&self) -> u64 {
        match (self.kind, self.labels) {
            (Kind::StateSet, _) | (Kind::Gauge, [.., "status"]) => Status::ALL.len() as u64,
            (Kind::Gauge, [.., "level"]) => Level::ALL.len() as u64,
            // More receivers than anybody has.
            (Kind::Gauge, [.., "receiver"]) => 16,
            // About as many APIs are asked in a cycle.
            (Kind::Gauge, [.., "api"]) => 12,
            _ => 1,
        }
    }

    /// Where it is at home.
    pub const fn level(&self) -> Level {
        match self.read {
            Read::Laggard(_) => Level::Laggard,
            Read::Cluster(_) | Read::OnCluster(_) => Level::Cluster,
            Read::Topic(_) => Level::Topic,
            Read::TopicPartition(_) => Level::TopicPartition,
            Read::Group(_) => Level::Group,
            Read::GroupTopic(_) => Level::GroupTopic,
            Read::Partition(_) => Level::Partition,
        }
    }
}

/// What of the catalog is wanted. Rules see everything; exporters leave out, fold and cap.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the label that holds the cluster: `cluster` would collide with external labels.
    pub cluster_label: String,
    /// The groups whose partitions are exported one by one; `None`: none, and no topic's either.
    pub partitions_of: Option<Pattern>,
    /// What the snapshots come from, for `laggard_info`.
    pub source: String,
    /// Groups that are not exported.
    pub left_out: Option<Pattern>,
    /// Groups whose names differ in a generated suffix only are exported as one.
    pub fold: Option<Folder>,
    /// Names and labels of other tools that are exported beside the own ones.
    pub profiles: Vec<Profile>,
    /// The most samples; beyond it the finest levels are left out first.
    pub max_series: Option<u64>,
    /// What that left; a [`Scope`] fills it.
    pub tally: Option<Tally>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cluster_label: "kafka_cluster".to_owned(),
            partitions_of: None,
            source: "kafka".to_owned(),
            left_out: None,
            fold: None,
            profiles: Vec::new(),
            max_series: None,
            tally: None,
        }
    }
}

/// Every series, in the order in which they are written.
pub fn all() -> impl Iterator<Item = &'static Series> {
    series::ALL.iter().copied().flatten()
}

/// Whether a label holds something else than the cluster already, with whatever profiles.
pub fn is_taken(label: &str) -> bool {
    let own = all().map(|series| (series, &Naming::OWN));
    let others = Profile::ALL
        .into_iter()
        .filter(|p| p.naming().cluster.is_none())
        .flat_map(|p| p.series().iter().map(move |series| (series, p.naming())));
    own.chain(others).any(|(series, names)| {
        [names.group, names.topic, names.partition].contains(&label)
            || series.labels.contains(&label)
    })
}

/// A series by name.
pub fn find(name: &str) -> Option<&'static Series> {
    all().find(|s| s.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_follow_prometheus_conventions_and_stand_once() {
        let mut names = BTreeSet::new();
        for series in all() {
            let name = series.name;
            assert!(names.insert(name), "{name} stands twice");
            assert!(name.starts_with("laggard_"), "{name}");
            assert!(
                name.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()),
                "{name}"
            );
            for suffix in ["_total", "_sum", "_count", "_bucket"] {
                assert!(!name.ends_with(suffix), "{name} is no {suffix}");
            }
            assert_eq!(series.kind == Kind::Info, name.ends_with("_info"), "{name}");
            match series.unit {
                Unit::Seconds => assert!(name.ends_with("_seconds"), "{name}"),
                Unit::UnixSeconds => assert!(name.ends_with("_timestamp_seconds"), "{name}"),
                Unit::Bytes => assert!(name.ends_with("_bytes"), "{name}"),
                Unit::RecordsPerSecond => assert!(name.ends_with("_per_second"), "{name}"),
                _ => assert!(!name.ends_with("_seconds"), "{name}"),
            }
            assert!(
                series.help.ends_with('.') && series.help.len() < 200,
                "{name}"
            );
        }
        for internal in internal::ALL {
            assert!(
                names.insert(internal.name),
                "{} stands twice",
                internal.name
            );
        }
    }

    #[test]
    fn no_sample_has_a_label_twice_whatever_the_clusters_is_called() {
        for taken in [
            "group",
            "status",
            "consumergroup",
            "topic_name",
            "client",
            "state",
        ] {
            assert!(is_taken(taken), "{taken}");
        }
        // kafka-lag-exporter and Burrow have a label for the cluster: ours is not beside them.
        for free in ["kafka_cluster", "cluster", "cluster_name", "member_host"] {
            assert!(!is_taken(free), "{free}");
        }
    }

    #[test]
    fn a_series_is_found_by_name() {
        assert_eq!(find("laggard_group_lag").unwrap().level(), Level::Group);
        assert!(find("laggard_nothing").is_none());
    }
}
