//! A probe of one cluster, for `doctor`: tries each read once or on a few subjects and notes what
//! is refused.
//!
//! In: the cluster's configuration. Out: a [`ClusterProbe`]. It tries at most a hundred groups and
//! topics, never writes, and never fails: what does not answer stands in the probe.

mod offsets_topic;
mod versions;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::admin::{Admin, Listener};
use super::config::KafkaConfig;
use super::ffi::{ClusterMetadata, GroupDescription, KafkaFailure, ListedPartition, Throttle};
use super::pulse::Pulse;
use crate::model::{ClusterProbe, Grant, Others, Reached, Right, Why};
use versions::Versions;

/// How many groups and topics are tried.
const TRIES: usize = 100;
/// How many calls are under way at once.
const AT_ONCE: usize = 16;
/// No group and no topic is called so: whether it may be seen shows how far rights reach.
const MADE_UP: &str = "laggard-doctor-looks-for-nothing";
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
        let all_groups = self.groups(&metadata, &mut unanswered).await;
        let all_topics = topics(&metadata);
        let (groups_there, topics_there) = (all_groups.len(), all_topics.len());
        let admits = |(name, _): &Seen| self.config.groups.admits(name);
        let groups: Vec<Seen> = all_groups.into_iter().filter(admits).collect();
        let admits = |name: &Arc<str>| self.config.topics.admits(name);
        let topics: Vec<Arc<str>> = all_topics.into_iter().filter(admits).collect();
        let (of_groups, of_topics, of_configs, of_offsets, other_groups, other_topics) = tokio::join!(
            self.try_groups(&groups),
            self.try_topics(&topics, &groups),
            self.try_configs(&topics),
            self.try_offsets_topic(),
            self.other_groups(described.may_describe, &metadata),
            self.other_topics(),
        );
        found.rights = vec![
            (Right::DescribeCluster, may(described.may_describe)),
            (Right::DescribeGroups, of_groups),
            (Right::DescribeTopics, of_topics),
            (Right::DescribeConfigs, of_configs),
            (Right::ReadOffsets, of_offsets),
        ];
        found.reached = Ok(Reached {
            cluster_id: described.cluster_id.map(Arc::from),
            controller: described.controller,
            brokers: metadata.brokers.len(),
            groups: groups.len(),
            groups_left_out: groups_there - groups.len(),
            topics: topics.len(),
            topics_left_out: topics_there - topics.len(),
            other_groups: match unanswered.as_slice() {
                [] => other_groups,
                _ => Others::Unclear,
            },
            other_topics,
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

    /// The groups that are visible.
    async fn groups(&self, metadata: &ClusterMetadata, unanswered: &mut Vec<Why>) -> Vec<Seen> {
        let brokers = metadata.brokers.iter();
        let listing = brokers
            .clone()
            .map(|broker| self.admin.list_groups(broker.id, self.timeout));
        let listed = futures::future::join_all(listing).await;
        let mut groups = Vec::new();
        for (broker, listed) in brokers.zip(listed) {
            let failures = match listed {
                Ok(listed) => {
                    let names = listed.groups.into_iter().map(|g| (g.group, broker.id));
                    groups.extend(names);
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
        tally.grant("no group is visible to try it on")
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
        tally.grant("no topic is visible to try it on")
    }

    /// The topics of which members of some of these groups own partitions.
    async fn owned(&self, groups: &[Seen]) -> BTreeSet<Arc<str>> {
        let some = &groups[..groups.len().min(TRIES)];
        let brokers: BTreeSet<_> = some.iter().map(|(_, broker)| *broker).collect();
        let calls = brokers.into_iter().map(|broker| {
            let names = some.iter().filter(|(_, b)| *b == broker);
            let names = names.map(|(group, _)| Arc::clone(group)).collect();
            self.admin.describe_groups(broker, names, self.timeout)
        });
        let described = futures::future::join_all(calls).await.into_iter();
        let described: Vec<GroupDescription> =
            described.flat_map(Result::unwrap_or_default).collect();
        let members = described.into_iter().flat_map(|group| group.members);
        members
            .flat_map(|m| m.assigned)
            .map(|(topic, _)| topic)
            .collect()
    }

    async fn try_offsets_topic(&self) -> Grant {
        // Whoever may read may describe: what is hidden needs no fetch.
        if REFUSED.contains(&self.topic_code(offsets_topic::TOPIC).await) {
            return may(Some(false));
        }
        let (config, timeout) = (self.config.clone(), self.timeout);
        let trying = tokio::task::spawn_blocking(move || offsets_topic::may_read(&config, timeout));
        trying
            .await
            .unwrap_or_else(|_| Grant::Unclear(Why::text("the try broke")))
    }

    /// Whoever may describe the cluster sees all groups. Of the others, a name that nobody has
    /// given a right on tells: brokers judge the right before they look for the group.
    async fn other_groups(&self, may_describe: Option<bool>, metadata: &ClusterMetadata) -> Others {
        if may_describe == Some(true) {
            return Others::None;
        }
        let Some(broker) = metadata.brokers.first() else {
            return Others::Unclear;
        };
        let answer = self
            .admin
            .group_offsets(broker.id, MADE_UP.into(), None, self.timeout)
            .await;
        others(answer.err().map_or(0, |failure| failure.code))
    }

    /// As [`Self::other_groups`]: a topic that may not be described is refused, not unknown.
    async fn other_topics(&self) -> Others {
        others(self.topic_code(MADE_UP).await)
    }

    /// What a topic asked for by its name is answered with: there, unlike in the list of all,
    /// one that may not be seen is refused.
    async fn topic_code(&self, topic: &str) -> i32 {
        let asked = vec![topic.into()];
        match self.admin.describe_topics(asked, self.timeout).await {
            Ok(topics) => {
                let failures = topics.iter().filter_map(|topic| topic.failure.as_ref());
                failures.map(|failure| failure.code).max().unwrap_or(0)
            }
            Err(failure) => failure.code,
        }
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

/// The topics that are visible, Kafka's own left out.
fn topics(metadata: &ClusterMetadata) -> Vec<Arc<str>> {
    let names = metadata.topics.iter().map(|t| Arc::clone(&t.topic));
    names.filter(|name| !name.starts_with("__")).collect()
}

/// What the answer on a made-up name says of others. Any answer of a broker but a refusal comes
/// after the right was found; a failure of librdkafka's own (below 0) says nothing, unknown
/// partitions and topics (-190, -188) apart.
fn others(code: i32) -> Others {
    match code {
        code if REFUSED.contains(&code) => Others::Hidden,
        0.. | -190 | -188 => Others::None,
        _ => Others::Unclear,
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
    fn a_made_up_name_tells_how_far_rights_reach() {
        // Not the coordinator, no such group, no such topic: said to those who may see.
        for code in [0, 16, 69, 3, -188] {
            assert_eq!(others(code), Others::None, "{code}");
        }
        assert_eq!(others(29), Others::Hidden);
        assert_eq!(others(30), Others::Hidden);
        assert_eq!(others(-185), Others::Unclear);
    }

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
