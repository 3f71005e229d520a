//! A group's row as written: what is its own, the log's offsets beside it, and the lags that
//! follow from both. Only what is its own is read back.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use std::sync::Arc;

use super::super::{
    GroupId, Loss, Member, MemberId, Offset, PartitionId, PartitionRow, PartitionView, Reading,
    RowDetail, Timestamp, TopicName, TopicSnapshot, Why,
};
use super::DocumentError;
use super::time_lag::TimeLagDocument;
use super::verdict::VerdictDocument;

/// A partition that a group reads.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Partition")]
pub(super) struct PartitionDocument {
    /// The topic.
    topic: TopicName,
    /// The partition's number.
    partition: PartitionId,
    /// The committed offset.
    committed_offset: Reading<Offset>,
    /// The first offset that can still be read; the topic's.
    #[serde(default = "ignored", skip_deserializing)]
    log_start_offset: Reading<Offset>,
    /// The high watermark; the topic's.
    #[serde(default = "ignored", skip_deserializing)]
    log_end_offset: Reading<Offset>,
    /// Below it, no transaction is open; the topic's.
    #[serde(default = "ignored", skip_deserializing)]
    last_stable_offset: Reading<Offset>,
    /// Log end − committed offset, as Kafka's tools show it.
    #[serde(default = "ignored", skip_deserializing)]
    lag: Reading<i64>,
    /// Last stable offset − committed offset: what a `read_committed` consumer may read.
    #[serde(default = "ignored", skip_deserializing)]
    last_stable_lag: Reading<i64>,
    /// What can still be read.
    effective_lag: Reading<i64>,
    /// The oldest unread record.
    time_lag: TimeLagDocument,
    /// Records a second being read.
    consume_rate: Reading<f64>,
    /// When its first unread record will be deleted, if nothing changes; left out where it is
    /// plainly well or nothing is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loss_at: Option<Reading<Loss>>,
    /// Seconds of the log's time that are read in a second: 1 keeps its distance, above it
    /// catches up, 0 stands. Stands beside `loss_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event_time_speed: Option<Reading<f64>>,
    /// The verdict; null for a partition that stands outside (`unsubscribed`).
    status: Option<VerdictDocument>,
    /// The member that owns it; null: nobody does, or it is not known.
    member_id: Option<MemberId>,
}

fn ignored() -> Reading<i64> {
    Reading::unknown(Why::NOT_READ_YET)
}

/// Where a group's topics and members stand, by name.
pub(super) struct Index<'a> {
    group: &'a GroupId,
    topics: HashMap<&'a TopicName, u32>,
    members: HashMap<&'a MemberId, u32>,
}

impl<'a> Index<'a> {
    pub(super) fn new(
        group: &'a GroupId,
        topics: &'a [Arc<TopicSnapshot>],
        members: Option<&'a [Member]>,
    ) -> Self {
        let members = members.unwrap_or_default();
        Self {
            group,
            topics: (0..).zip(topics).map(|(i, t)| (&t.topic, i)).collect(),
            members: (0..).zip(members).map(|(i, m)| (&m.member_id, i)).collect(),
        }
    }
}

impl PartitionDocument {
    pub(super) fn of(view: &PartitionView<'_>, at: Timestamp) -> Self {
        let row = view.row();
        Self {
            topic: view.topic().topic.clone(),
            partition: row.partition,
            committed_offset: row.committed_offset.clone(),
            log_start_offset: view.log_start_offset(),
            log_end_offset: view.log_end_offset(),
            last_stable_offset: view.last_stable_offset(),
            lag: view.lag(),
            last_stable_lag: view.last_stable_lag(),
            effective_lag: row.effective_lag.clone(),
            time_lag: TimeLagDocument::of(&row.time_lag, at),
            consume_rate: row.consume_rate.clone(),
            loss_at: view.detail().map(|d| d.loss_at.clone()),
            event_time_speed: view.detail().map(|d| d.event_time_speed.clone()),
            status: row.verdict.as_ref().map(|v| VerdictDocument::of(v, at)),
            member_id: view.owner().map(|m| m.member_id.clone()),
        }
    }

    /// The row that was written; what stood beside it is added to `details`.
    pub(super) fn restore(
        self,
        index: &Index<'_>,
        details: &mut Vec<RowDetail>,
    ) -> Result<PartitionRow, DocumentError> {
        let Some(topic) = index.topics.get(&self.topic).copied() else {
            return Err(DocumentError::NoSuchTopic {
                group: index.group.clone(),
                topic: self.topic,
            });
        };
        let owner = match self.member_id {
            None => None,
            Some(id) => match index.members.get(&id).copied() {
                Some(owner) => Some(owner),
                None => {
                    return Err(DocumentError::NoSuchMember {
                        group: index.group.clone(),
                        member: id,
                    });
                }
            },
        };
        if let (Some(loss_at), Some(event_time_speed)) = (self.loss_at, self.event_time_speed) {
            details.push(RowDetail {
                topic,
                partition: self.partition,
                loss_at,
                event_time_speed,
            });
        }
        Ok(PartitionRow {
            topic,
            partition: self.partition,
            owner,
            committed_offset: self.committed_offset,
            effective_lag: self.effective_lag,
            time_lag: self.time_lag.restore(),
            consume_rate: self.consume_rate,
            verdict: self.status.map(VerdictDocument::restore),
        })
    }
}
