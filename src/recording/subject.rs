//! What a read is about: reads of the same subject are told as changes of one another.

use crate::model::{ClusterName, Fact, Isolation};

/// A kind of read, and the topic or group that it is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    pub(super) cluster: ClusterName,
    pub(super) of: String,
    pub(super) name: String,
}

/// The subject of a read; `None` for reads of which each stands for itself.
pub(super) fn subject(cluster: &ClusterName, fact: &Fact) -> Option<Subject> {
    let (of, name) = match fact {
        Fact::Health { .. } => ("health", ""),
        Fact::Brokers { .. } => ("brokers", ""),
        Fact::Topics { .. } => ("topics", ""),
        Fact::TopicConfig { topic, .. } => ("topic_config", topic.as_str()),
        Fact::Groups { .. } => ("groups", ""),
        Fact::Group { description } => ("group", description.group.as_str()),
        Fact::Commits { group, .. } => ("commits", group.as_str()),
        Fact::LogStarts { topic, .. } => ("log_starts", topic.as_str()),
        Fact::LogEnds {
            topic,
            isolation: Isolation::ReadUncommitted,
            ..
        } => ("log_ends", topic.as_str()),
        Fact::LogEnds { topic, .. } => ("last_stable_offsets", topic.as_str()),
        _ => return None,
    };
    Some(Subject {
        cluster: cluster.clone(),
        of: of.to_owned(),
        name: name.to_owned(),
    })
}
