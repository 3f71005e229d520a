//! One row as JSON, for the clipboard: the names of the document that `lag --output json` writes.

use serde_json::{Value, json};

use crate::model::{ClusterSnapshot, GroupSnapshot, PartitionView, Timestamp, TopicSnapshot};

/// A group with its partitions.
pub(super) fn group(cluster: &ClusterSnapshot, group: &GroupSnapshot, at: Timestamp) -> String {
    any(&json!({
        "cluster": cluster.cluster,
        "at": at,
        "group": group.group,
        "group_type": group.group_type,
        "state": group.state,
        "protocol_type": group.protocol_type,
        "assignor": group.assignor,
        "coordinator": group.coordinator,
        "status": group.status,
        "unknown_partitions": group.unknown_partitions,
        "lag": group.lag,
        "effective_lag": group.effective_lag,
        "time_lag": group.time_lag.age(at),
        "arrival_rate": group.arrival_rate,
        "consume_rate": group.consume_rate,
        "eta": group.eta,
        "members": group.members,
        "partitions": group.partitions().map(|p| partition(&p, at)).collect::<Vec<_>>(),
    }))
}

fn partition(view: &PartitionView<'_>, at: Timestamp) -> Value {
    let row = view.row();
    json!({
        "topic": view.topic().topic,
        "partition": view.partition(),
        "committed_offset": row.committed_offset,
        "log_start_offset": view.log_start_offset(),
        "log_end_offset": view.log_end_offset(),
        "last_stable_offset": view.last_stable_offset(),
        "lag": view.lag(),
        "effective_lag": row.effective_lag,
        "time_lag": row.time_lag.age(at),
        "status": row.verdict,
        "member_id": view.owner().map(|m| &m.member_id),
    })
}

/// A topic with its partitions.
pub(super) fn topic((cluster, topic): (&ClusterSnapshot, &TopicSnapshot)) -> String {
    let partitions: Vec<_> = topic
        .partitions
        .iter()
        .map(|p| {
            json!({
                "partition": p.partition,
                "leader": p.leader,
                "log_start_offset": p.log_start_offset,
                "log_end_offset": p.log_end_offset,
                "last_stable_offset": p.last_stable_offset,
            })
        })
        .collect();
    any(&json!({
        "cluster": cluster.cluster,
        "topic": topic.topic,
        "topic_id": topic.topic_id,
        "config": topic.config,
        "arrival_rate": topic.arrival_rate,
        "partitions": partitions,
    }))
}

/// Anything that can be written; what cannot says why, as JSON.
pub(super) fn any(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|e| json!({ "error": e.to_string() }).to_string())
}
