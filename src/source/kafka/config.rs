//! What one cluster's source is told.

use std::time::Duration;

use crate::model::{ClusterName, Pattern};

/// Which names are read: those that some `include` matches (all, if there is none) and no
/// `exclude`. Decided before anything is asked about a name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Any of these.
    pub include: Vec<Pattern>,
    /// None of these.
    pub exclude: Vec<Pattern>,
}

impl Filter {
    /// Whether the name is read.
    pub fn admits(&self, name: &str) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(name));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

/// One cluster.
#[derive(Clone)]
pub struct KafkaConfig {
    /// What Laggard calls it.
    pub cluster: ClusterName,
    /// librdkafka's properties, secrets included; see [`super::properties`].
    pub properties: super::properties::Properties,
    /// How often it is read.
    pub poll_interval: Duration,
    /// How long one call may take.
    pub request_timeout: Duration,
    /// Which groups are read.
    pub groups: Filter,
    /// Which topics are read.
    pub topics: Filter,
    /// Whether Kafka's own topics (`__consumer_offsets` …) are read too.
    pub internal_topics: bool,
    /// Topics of which single records may be read, for their offsets and timestamps alone; none:
    /// no record is ever read.
    pub read_records: Option<Filter>,
    /// Requests a second that the cluster is asked for at most; none: no limit.
    pub requests_per_second: Option<f64>,
    /// `OffsetFetch` calls in flight over all coordinators. Above 256, stalls of 200 ms were seen.
    pub offset_window: usize,
}

impl KafkaConfig {
    /// The defaults for a cluster reached through these properties.
    pub fn new(cluster: ClusterName, properties: super::properties::Properties) -> Self {
        Self {
            cluster,
            properties,
            poll_interval: Duration::from_secs(10),
            request_timeout: Duration::from_secs(5),
            groups: Filter::default(),
            topics: Filter::default(),
            internal_topics: false,
            read_records: None,
            requests_per_second: None,
            offset_window: 256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts
            .iter()
            .map(|text| Pattern::new(text).unwrap())
            .collect()
    }

    #[test]
    fn a_filter_matches_whole_names() {
        let filter = Filter {
            include: patterns(&["orders.*", "bill"]),
            exclude: patterns(&[".*-test"]),
        };
        assert!(filter.admits("orders-eu"));
        assert!(filter.admits("bill"));
        assert!(!filter.admits("billing"));
        assert!(!filter.admits("orders-test"));
        assert!(Filter::default().admits("anything\nat all"));
    }
}
