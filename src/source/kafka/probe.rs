//! A probe of one cluster, for `doctor`: tries each read once or on a few subjects and notes what
//! is refused.
//!
//! In: the cluster's configuration. Out: a [`ClusterProbe`]. It tries at most a hundred groups and
//! topics, never writes, and never fails: what does not answer stands in the probe.

mod versions;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::admin::{Admin, Listener};
use super::config::KafkaConfig;
use super::ffi::{ClusterMetadata, GroupDescription, KafkaFailure, ListedPartition, Throttle};
use super::pulse::Pulse;
use crate::model::{ClusterProbe, Grant, Reached, Right, Why};
use versions::Versions;

/// How many groups and topics are tried.
const TRIES: usize = 100;
/// How many calls are under way at once.
const AT_ONCE: usize = 16;
const CLOSE: Duration = Duration::from_secs(3);
/// Topic, group and cluster authorization failed.
const REFUSED: [i32; 3] = [29, 30, 31];

/// Hears a client for the probe: its versions, and what a [`Pulse`] hears.
struct Ear {
    pulse: Pulse,
    versions: Versions,
}

impl Listener for Ear {
    fn log(&self, level: i32, facility: &str, message: &str) {
        if facility == "APIVERSION" && self.versions.hear(message) {
            return;
        }
        self.pulse.log(level, facility, message);
    }

    fn error(&self, failure: &KafkaFailure) {
        self.pulse.error(failure);
    }

    fn throttled(&self, throttle: Throttle) {
        self.pulse.throttled(throttle);
    }
}

/// Probes a cluster. Each call gets `timeout`.
pub async fn probe(config: &KafkaConfig, timeout: Duration) -> ClusterProbe {
    let ear = Arc::new(Ear {
        pulse: Pulse::new(config.cluster.to_string(), config.properties.scrubber()),
        versions: Versions::default(),
    });
    let mut found = ClusterProbe {
        cluster: config.cluster.clone(),
        servers: config
            .properties
            .get("bootstrap.servers")
            .unwrap_or("?")
            .into(),
        user: config.properties.get("sasl.username").map(Arc::from),
        reached: Err(Why::NOT_READ_YET),
        rights: Vec::new(),
        apis: Vec::new(),
    };
    // librdkafka tells the brokers' versions in its log, and only there.
    let mut properties = config.properties.for_client();
    properties.retain(|(name, _)| name != "debug");
    properties.push(("debug".to_owned(), "feature".to_owned()));
    let admin = match Admin::new(&properties, Arc::clone(&ear) as _) {
        Ok(admin) => admin,
        Err(error) => {
            found.reached = Err(Why::text(ear.pulse.scrub(&error.to_string())));
            return found;
        }
    };
    let probing = Probing {
        admin: &admin,
        config,
        timeout,
        ear: &ear,
    };
    probing.fill(&mut found).await;
    found.apis = ear.versions.common();
    admin.close(CLOSE).await;
    found
}

struct Probing<'a> {
    admin: &'a Admin,
    config: &'a KafkaConfig,
    timeout: Duration,
    ear: &'a Ear,
}

/// A group and its coordinator.
type Seen = (Arc<str>, i32);

impl Probing<'_> {
    async fn fill(&self, found: &mut ClusterProbe) {
        let (described, metadata) = tokio::join!(
            self.admin.describe_cluster(self.timeout),
            self.admin.metadata(self.timeout)
        );
        let (described, metadata) = match (described, metadata) {
            (Ok(described), Ok(metadata)) => (described, metadata),
            (Err(failure), _) | (_, Err(failure)) => {
                found.reached = Err(self.why(&failure));
                return;
            }
        };
        let mut unanswered = Vec::new();
        let groups = self.groups(&metadata, &mut unanswered).await;
        let topics = self.topics(&metadata);
        found.rights = vec![
            (Right::DescribeCluster, may(described.may_describe)),
            (Right::DescribeGroups, self.try_groups(&groups).await),
            (
                Right::DescribeTopics,
                self.try_topics(&topics, &groups).await,
            ),
            (Right::DescribeConfigs, self.try_configs(&topics).await),
        ];
        found.reached = Ok(Reached {
            cluster_id: described.cluster_id.map(Arc::from),
            controller: described.controller,
            brokers: metadata.brokers.len(),
            groups: groups.len(),
            topics: topics.len(),
            unanswered,
        });
    }

    /// Why nothing answered: what the client says of itself tells more than a time-out does.
    fn why(&self, failure: &KafkaFailure) -> Why {
        match self.ear.pulse.trouble() {
            Some(trouble) => Why::text(trouble.to_string()),
            None => Why::text(self.ear.pulse.scrub(&failure.message)),
        }
    }

    /// The groups that are visible, after the filters.
    async fn groups(&self, metadata: &ClusterMetadata, unanswered: &mut Vec<Why>) -> Vec<Seen> {
        let mut groups = Vec::new();
        for broker in &metadata.brokers {
            let listed = self.admin.list_groups(broker.id, self.timeout).await;
            let failures = match listed {
                Ok(listed) => {
                    let names = listed.groups.into_iter().map(|g| (g.group, broker.id));
                    groups.extend(names.filter(|(name, _)| self.config.groups.admits(name)));
                    listed.failures
                }
                Err(failure) => vec![failure],
            };
            unanswered.extend(failures.into_iter().map(|failure| {
                let message = self.ear.pulse.scrub(&failure.message);
                Why::text(format!("broker {} lists no groups: {message}", broker.id))
            }));
        }
        groups
    }

    /// The topics that are visible, after the filters, Kafka's own left out.
    fn topics(&self, metadata: &ClusterMetadata) -> Vec<Arc<str>> {
        let names = metadata.topics.iter().map(|t| Arc::clone(&t.topic));
        names
            .filter(|name| !name.starts_with("__") && self.config.topics.admits(name))
            .collect()
    }

    async fn try_groups(&self, groups: &[Seen]) -> Grant {
        let mut tally = Tally::default();
        for some in groups.chunks(AT_ONCE).take(TRIES.div_ceil(AT_ONCE)) {
            let calls = some.iter().map(|(group, broker)| {
                self.admin
                    .group_offsets(*broker, Arc::clone(group), None, self.timeout)
            });
            for ((group, _), answer) in some.iter().zip(futures::future::join_all(calls).await) {
                tally.add(group, answer.err().map_or(0, |failure| failure.code));
            }
        }
        tally.grant("no group is visible: there is none, or they are hidden from this user")
    }

    /// Topics that may not be described are left out of the metadata in silence: those that
    /// members own but that are not there are hidden.
    async fn try_topics(&self, topics: &[Arc<str>], groups: &[Seen]) -> Grant {
        let mut tally = Tally::default();
        let visible: BTreeSet<_> = topics.iter().collect();
        for topic in self.owned(groups).await {
            if !visible.contains(&topic) && self.config.topics.admits(&topic) {
                tally.add(&topic, REFUSED[0]);
            }
        }
        for some in topics.chunks(AT_ONCE).take(TRIES.div_ceil(AT_ONCE)) {
            let calls = some.iter().map(|topic| {
                let end = ListedPartition {
                    topic: Arc::clone(topic),
                    partition: 0,
                    spec: -1,
                };
                self.admin.list_offsets(vec![end], false, self.timeout)
            });
            for (topic, answer) in some.iter().zip(futures::future::join_all(calls).await) {
                let code = match answer {
                    Ok(read) => read.iter().flat_map(|t| &t.offsets).map(|o| o.error).max(),
                    Err(failure) => Some(failure.code),
                };
                tally.add(topic, code.unwrap_or(0));
            }
        }
        tally.grant("no topic is visible: there is none, or they are hidden from this user")
    }

    /// The topics of which members of some of these groups own partitions.
    async fn owned(&self, groups: &[Seen]) -> BTreeSet<Arc<str>> {
        let mut owned = BTreeSet::new();
        let some = &groups[..groups.len().min(TRIES)];
        let brokers: BTreeSet<_> = some.iter().map(|(_, broker)| *broker).collect();
        for broker in brokers {
            let names = some.iter().filter(|(_, b)| *b == broker);
            let names: Vec<_> = names.map(|(group, _)| Arc::clone(group)).collect();
            let described = self
                .admin
                .describe_groups(broker, names, self.timeout)
                .await;
            let described: Vec<GroupDescription> = described.unwrap_or_default();
            let members = described.into_iter().flat_map(|group| group.members);
            owned.extend(members.flat_map(|m| m.assigned).map(|(topic, _)| topic));
        }
        owned
    }

    async fn try_configs(&self, topics: &[Arc<str>]) -> Grant {
        let mut tally = Tally::default();
        let some = topics[..topics.len().min(TRIES)].to_vec();
        if !some.is_empty() {
            match self.admin.topic_configs(some.clone(), self.timeout).await {
                Ok(configs) => {
                    for topic in &configs {
                        let code = topic.failure.as_ref().map_or(0, |failure| failure.code);
                        tally.add(&topic.name, code);
                    }
                }
                Err(failure) => some.iter().for_each(|topic| tally.add(topic, failure.code)),
            }
        }
        tally.grant("no topic is visible to try it on")
    }
}

fn may(may: Option<bool>) -> Grant {
    match may {
        Some(true) => Grant::Given { tried: 0 },
        Some(false) => Grant::Refused {
            refused: 0,
            tried: 0,
            example: None,
        },
        None => Grant::Unclear(Why::text(
            "the brokers do not tell (Kafka 2.3 and later do)",
        )),
    }
}

/// What came of trying a right on several subjects.
#[derive(Default)]
struct Tally {
    given: usize,
    refused: usize,
    failed: usize,
    example: Option<Arc<str>>,
}

impl Tally {
    fn add(&mut self, name: &str, code: i32) {
        if code == 0 {
            self.given += 1;
        } else if REFUSED.contains(&code) {
            self.refused += 1;
            self.example.get_or_insert_with(|| name.into());
        } else {
            self.failed += 1;
        }
    }

    /// `nothing`: why nothing was tried, if nothing was.
    fn grant(self, nothing: &str) -> Grant {
        let tried = self.given + self.refused;
        match self {
            Self { refused: 1.., .. } => Grant::Refused {
                refused: self.refused,
                tried,
                example: self.example,
            },
            Self { given: 1.., .. } => Grant::Given { tried },
            Self { failed: 1.., .. } => Grant::Unclear(Why::text(format!(
                "none of {} tries was answered",
                self.failed
            ))),
            _ => Grant::Unclear(Why::text(nothing)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_among_many_is_a_refusal_and_a_failure_is_none() {
        let mut tally = Tally::default();
        assert_eq!(
            Tally::default().grant("none"),
            Grant::Unclear(Why::text("none"))
        );
        tally.add("slow", -185);
        assert!(matches!(
            Tally {
                failed: 1,
                ..Tally::default()
            }
            .grant(""),
            Grant::Unclear(_)
        ));
        tally.add("a", 0);
        tally.add("b", 30);
        tally.add("c", 30);
        assert_eq!(
            tally.grant(""),
            Grant::Refused {
                refused: 2,
                tried: 3,
                example: Some("b".into())
            }
        );
    }
}
