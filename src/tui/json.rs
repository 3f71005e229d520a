//! One row as JSON, for the clipboard: a piece of the document that `lag --output json` writes,
//! with the names that stand there.

use std::sync::Arc;

use serde_json::{Value, json};

use super::state::{GroupKey, TopicKey};
use crate::model::document::{Narrow, to_json};
use crate::model::{ClusterSnapshot, Snapshot};

/// A group with its partitions.
pub(super) fn group(snapshot: &Arc<Snapshot>, key: &GroupKey) -> Option<String> {
    let narrow = Narrow {
        clusters: [key.0.clone()].into(),
        groups: [key.1.clone()].into(),
    };
    piece(&narrow.apply(snapshot), "/clusters/0/groups/0")
}

/// A topic with its partitions.
pub(super) fn topic(snapshot: &Snapshot, key: &TopicKey) -> Option<String> {
    let cluster = snapshot.cluster(key.0.as_str())?;
    let alone = ClusterSnapshot {
        groups: Vec::new(),
        topics: vec![Arc::clone(cluster.topic(key.1.as_str())?)],
        ..(**cluster).clone()
    };
    let narrowed = Snapshot {
        generation: snapshot.generation.clone(),
        at: snapshot.at,
        clusters: vec![Arc::new(alone)],
        advice: Vec::new(),
        advised_members: Arc::default(),
        alerts: Vec::new(),
        rules: Arc::default(),
        receivers: Arc::default(),
        notices: Arc::default(),
    };
    piece(&narrowed, "/clusters/0/topics/0")
}

/// A piece of the document, with the cluster and the instant that it belongs to.
fn piece(snapshot: &Snapshot, pointer: &str) -> Option<String> {
    let mut bytes = Vec::new();
    to_json(snapshot, &mut bytes).ok()?;
    let document: Value = serde_json::from_slice(&bytes).ok()?;
    let mut piece = document.pointer(pointer)?.clone();
    let cluster = &snapshot.clusters.first()?.cluster;
    if let Some(fields) = piece.as_object_mut() {
        fields.insert("cluster".to_owned(), json!(cluster));
        fields.insert("at".to_owned(), json!(snapshot.at));
    }
    Some(any(&piece))
}

/// Anything that can be written; what cannot says why, as JSON.
pub(super) fn any(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|e| json!({ "error": e.to_string() }).to_string())
}
