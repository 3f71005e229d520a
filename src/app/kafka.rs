//! From a configured cluster to what its source is told.

use std::time::Duration;

use crate::config::{Cluster, Names};
use crate::model::Span;
use crate::source::kafka::{Filter, KafkaConfig, Properties};

/// What the source of `cluster` is told, or everything that is wrong with its properties.
///
/// # Errors
///
/// One text a problem, each naming the cluster.
pub(super) fn kafka_config(cluster: &Cluster) -> Result<KafkaConfig, Vec<String>> {
    let mut problems = Vec::new();
    let mut properties = Properties::default();
    if let Some(path) = &cluster.command_config {
        match Properties::read_client_properties(path) {
            Ok(translated) => {
                let place = |p: &_| format!("error: {}: {p}", path.display());
                problems.extend(translated.problems.iter().map(place));
                properties = translated.properties;
            }
            Err(error) => problems.push(format!(
                "error: cluster `{}`: cannot read {}: {error}",
                cluster.name,
                path.display()
            )),
        }
    }
    for (name, value) in cluster.properties.read() {
        match value {
            Ok(value) if cluster.properties.stands_elsewhere(name) => {
                properties.set_hidden(name, value.reveal());
            }
            Ok(value) => properties.set(name, value.reveal()),
            Err(e) => problems.push(format!("error: cluster `{}`: `{name}`: {e}", cluster.name)),
        }
    }
    properties.set("bootstrap.servers", &cluster.bootstrap());
    problems.extend(
        properties
            .check()
            .iter()
            .map(|p| format!("error: cluster `{}`: {p}", cluster.name)),
    );
    if problems.is_empty()
        && let Some(why) = properties.refused_together()
    {
        problems.push(format!("error: cluster `{}`: {why}", cluster.name));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut kafka = KafkaConfig::new(cluster.name.clone(), properties);
    kafka.poll_interval = duration(cluster.poll_interval);
    kafka.request_timeout = duration(cluster.request_timeout);
    kafka.groups = filter(&cluster.groups);
    kafka.topics = filter(&cluster.topics);
    kafka.internal_topics = cluster.internal_topics;
    kafka.read_records = (!cluster.read_records.is_empty()).then(|| Filter {
        include: cluster.read_records.clone(),
        exclude: Vec::new(),
    });
    kafka.requests_per_second = cluster.requests_per_second;
    kafka.offset_window = usize::try_from(cluster.window).unwrap_or(usize::MAX);
    Ok(kafka)
}

fn duration(span: Span) -> Duration {
    span.to_std()
}

fn filter(names: &Names) -> Filter {
    Filter {
        include: names.include.clone(),
        exclude: names.exclude.clone(),
    }
}
