//! What has changed since a generation: for those who follow a running `serve`.
//!
//! In: a snapshot, the generation that a reader has, what was removed since. Out: a document with
//! the parts rebuilt since then, and from it and the snapshot that the reader has, the new one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::super::{
    ClusterName, ClusterSnapshot, GroupId, GroupSnapshot, Snapshot, TopicName, TopicSnapshot,
};
use super::{DocumentError, SnapshotDocument, to_json};

/// A part that is no more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// Of which cluster.
    pub cluster: ClusterName,
    /// The group, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// The topic, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicName>,
}

/// What has changed since a generation.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// Since which generation of the same start; `None`: this is all that there is.
    pub since: Option<u64>,
    /// What is no more.
    pub removed: Vec<Removed>,
    /// A snapshot of the changed groups and topics, and of the topics that these groups read. Its
    /// clusters are all that there are.
    pub changed: Arc<Snapshot>,
}

/// What has changed since a generation: what `/api/v1/snapshot?since=` answers.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Delta")]
pub(super) struct DeltaDocument {
    /// The number of the generation since which it is told; null: everything is told.
    since: Option<u64>,
    /// Groups and topics that are no more.
    removed: Vec<Removed>,
    /// The snapshot, with only those groups and topics that have changed, and the topics of these
    /// groups. All clusters, advice and alerts are in it.
    #[schemars(schema_with = "whole")]
    changed: SnapshotDocument,
}

/// The document itself, which is the root of the schema.
fn whole(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "$ref": "#" })
}

impl Delta {
    /// All that there is.
    pub fn all(snapshot: &Arc<Snapshot>) -> Self {
        Self {
            since: None,
            removed: Vec::new(),
            changed: Arc::clone(snapshot),
        }
    }

    /// The parts rebuilt after generation `since`.
    pub fn since(snapshot: &Snapshot, since: u64, removed: Vec<Removed>) -> Self {
        let clusters = snapshot.clusters.iter().map(|c| changed(c, since));
        Self {
            since: Some(since),
            removed,
            changed: Arc::new(Snapshot {
                clusters: clusters.collect(),
                ..snapshot.clone()
            }),
        }
    }

    /// The new snapshot, made of the one that the reader has. What has not changed is shared.
    pub fn onto(self, before: &Snapshot) -> Arc<Snapshot> {
        if self.since.is_none() {
            return self.changed;
        }
        let clusters = self.changed.clusters.iter().map(|new| {
            let old = before.cluster(new.cluster.as_str());
            old.map_or_else(|| Arc::clone(new), |old| self.merged(old, new))
        });
        Arc::new(Snapshot {
            clusters: clusters.collect(),
            ..(*self.changed).clone()
        })
    }

    fn merged(&self, old: &ClusterSnapshot, new: &ClusterSnapshot) -> Arc<ClusterSnapshot> {
        let gone = |r: &&Removed| r.cluster == new.cluster;
        let mut groups: BTreeMap<&GroupId, &Arc<GroupSnapshot>> =
            old.groups.iter().map(|g| (&g.group, g)).collect();
        let mut topics: BTreeMap<&TopicName, &Arc<TopicSnapshot>> =
            old.topics.iter().map(|t| (&t.topic, t)).collect();
        for removed in self.removed.iter().filter(gone) {
            removed.group.as_ref().and_then(|g| groups.remove(g));
            removed.topic.as_ref().and_then(|t| topics.remove(t));
        }
        groups.extend(new.groups.iter().map(|g| (&g.group, g)));
        topics.extend(new.topics.iter().map(|t| (&t.topic, t)));
        Arc::new(ClusterSnapshot {
            groups: groups.into_values().cloned().collect(),
            topics: topics.into_values().cloned().collect(),
            ..new.clone()
        })
    }

    /// Writes the document, in small pieces: give it a buffered writer.
    ///
    /// # Errors
    ///
    /// What `out` says.
    pub fn to_json(&self, mut out: impl Write) -> io::Result<()> {
        let since = serde_json::to_string(&self.since)?;
        let removed = serde_json::to_string(&self.removed)?;
        write!(
            out,
            "{{\"since\":{since},\"removed\":{removed},\"changed\":"
        )?;
        to_json(&self.changed, &mut out)?;
        out.write_all(b"}")
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// Where and how it differs from one.
    pub fn from_json(json: &[u8]) -> Result<Self, DocumentError> {
        let document: DeltaDocument = serde_json::from_slice(json)?;
        Ok(Self {
            since: document.since,
            removed: document.removed,
            changed: Arc::new(document.changed.restore()?),
        })
    }
}

/// The changed part of a cluster, with the topics that its changed groups read.
fn changed(cluster: &Arc<ClusterSnapshot>, since: u64) -> Arc<ClusterSnapshot> {
    let groups = cluster.groups.iter().filter(|g| g.generation > since);
    let groups: Vec<_> = groups.cloned().collect();
    let read: BTreeSet<_> = groups
        .iter()
        .flat_map(|g| g.topics.iter().map(|t| &t.topic))
        .collect();
    let is_told = |t: &&Arc<TopicSnapshot>| t.generation > since || read.contains(&t.topic);
    let topics = cluster.topics.iter().filter(is_told).cloned().collect();
    Arc::new(ClusterSnapshot {
        groups,
        topics,
        ..(**cluster).clone()
    })
}

/// What of `before` is not in `now`: of the same start.
pub fn removed(before: &Snapshot, now: &Snapshot) -> Vec<Removed> {
    let mut out = Vec::new();
    for old in &before.clusters {
        let Some(new) = now.cluster(old.cluster.as_str()) else {
            continue;
        };
        if Arc::ptr_eq(old, new) {
            continue;
        }
        let part = || Removed {
            cluster: old.cluster.clone(),
            group: None,
            topic: None,
        };
        let groups = old.groups.iter();
        out.extend(
            groups
                .filter(|g| new.group(g.group.as_str()).is_none())
                .map(|g| Removed {
                    group: Some(g.group.clone()),
                    ..part()
                }),
        );
        let topics = old.topics.iter();
        out.extend(
            topics
                .filter(|t| new.topic(t.topic.as_str()).is_none())
                .map(|t| Removed {
                    topic: Some(t.topic.clone()),
                    ..part()
                }),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::model::testing::World;

    fn world(n: u64, groups: &[(&str, u64)]) -> Arc<Snapshot> {
        let mut snapshot = World::new()
            .cluster("eu", |c| {
                c.topic("orders", &[(0, 100)]);
                for (name, generation) in groups {
                    c.group(name, |g| {
                        g.commits("orders", &[Some(*generation as i64)]);
                        g.group.generation = *generation;
                    });
                }
            })
            .build();
        snapshot.generation.n = n;
        Arc::new(snapshot)
    }

    #[test]
    fn what_has_changed_makes_the_new_of_the_old() {
        let before = world(5, &[("ads", 3), ("billing", 5), ("gone", 1)]);
        let now = world(9, &[("ads", 3), ("billing", 8), ("new", 9)]);
        let delta = Delta::since(&now, 5, removed(&before, &now));
        let told: Vec<_> = delta
            .changed
            .groups()
            .map(|(_, g)| g.group.as_str())
            .collect();
        assert_eq!(told, ["billing", "new"]);
        let mut json = Vec::new();
        delta.to_json(&mut json).unwrap();
        let back = Delta::from_json(&json).unwrap();
        assert_eq!(back, delta);
        let made = back.onto(&before);
        assert_eq!(*made, *now);
        // What has not changed is the old one itself.
        let ads = |s: &Arc<Snapshot>| Arc::clone(s.cluster("eu").unwrap().group("ads").unwrap());
        assert!(Arc::ptr_eq(&ads(&made), &ads(&before)));
    }

    #[test]
    fn its_schema_names_what_is_written_and_no_more() {
        let before = world(5, &[("ads", 3), ("gone", 1)]);
        let now = world(9, &[("ads", 9)]);
        let mut json = Vec::new();
        let delta = Delta::since(&now, 5, removed(&before, &now));
        delta.to_json(&mut json).unwrap();
        let written: Value = serde_json::from_slice(&json).unwrap();
        let schema = serde_json::to_value(super::super::schema()).unwrap();
        let keys = |value: &Value| -> BTreeSet<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        let delta = &schema["$defs"]["Delta"];
        assert_eq!(keys(&delta["properties"]), keys(&written));
        assert_eq!(delta["required"].as_array().unwrap().len(), 3);
        // What has changed is a whole document: the root of the schema.
        assert_eq!(delta["properties"]["changed"]["$ref"], "#");
        let types = |value: &Value| value["type"].as_array().cloned().unwrap_or_default();
        let since = types(&delta["properties"]["since"]);
        assert!(since.contains(&"null".into()) && since.contains(&"integer".into()));
        let removed = &schema["$defs"]["Removed"];
        let known = keys(&removed["properties"]);
        assert!(keys(&written["removed"][0]).is_subset(&known));
    }

    #[test]
    fn all_replaces_all_and_fields_of_the_future_do_no_harm() {
        let now = world(2, &[("ads", 1)]);
        let mut json = Vec::new();
        Delta::all(&now).to_json(&mut json).unwrap();
        let text = String::from_utf8(json).unwrap();
        let later = text.replacen('{', "{\"weather\":\"rain\",", 1);
        let later = later.replace("\"group\":\"ads\"", "\"group\":\"ads\",\"mood\":[1]");
        assert_eq!(
            *Delta::from_json(later.as_bytes())
                .unwrap()
                .onto(&world(7, &[])),
            *now
        );
    }
}
