//! One line: its kinds and their fields.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Checkpoint;
use crate::model::short::ByTopic;
use crate::model::{BootId, ClusterName, Fact, Observation, Settings, Span, Timestamp};

/// The version of the format: counted up when a reader of before would misread a line.
pub(super) const VERSION: u32 = 1;

/// Which kind of line it is; nothing else of it is looked at.
#[derive(Deserialize)]
pub(super) struct Kind<'a> {
    #[serde(borrow)]
    pub(super) kind: std::borrow::Cow<'a, str>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) kind: HeaderKind,
    pub(super) version: u32,
    /// Which Laggard wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) laggard: Option<String>,
    /// In which start of it, where the recording begins in the middle of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) boot: Option<BootId>,
    /// The settings in force, where the recording begins in the middle of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) settings: Option<Arc<Settings>>,
}

/// `recording`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HeaderKind {
    Recording,
}

/// One whole read.
#[derive(Serialize)]
pub(super) struct ReadLine<'a> {
    pub(super) at: Timestamp,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) waited: Span,
    pub(super) cluster: &'a ClusterName,
    #[serde(skip_serializing_if = "is_none")]
    pub(super) v: u64,
    #[serde(flatten)]
    pub(super) fact: &'a Fact,
}

/// The same, read.
#[derive(Deserialize)]
pub(super) struct OwnedReadLine {
    at: Timestamp,
    #[serde(default)]
    waited: Span,
    #[serde(default = "kafka")]
    cluster: ClusterName,
    #[serde(default)]
    pub(super) v: u64,
    #[serde(flatten)]
    fact: Fact,
}

impl OwnedReadLine {
    pub(super) fn observation(self) -> Observation {
        Observation::Read {
            cluster: self.cluster,
            asked: self.at - self.waited,
            answered: self.at,
            fact: self.fact,
        }
    }
}

/// A read that is told by what is different from the last one of the same subject.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) kind: ChangeKind,
    pub(super) at: Timestamp,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) waited: Span,
    #[serde(default = "kafka")]
    pub(super) cluster: ClusterName,
    /// Of which kind of read.
    pub(super) of: String,
    /// Of which topic or group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) subject: String,
    /// The number of this read among those of its subject: it follows on the one before.
    pub(super) v: u64,
    /// What is added to each offset, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) plus: Option<Vec<i64>>,
    /// The commits that are different.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) commits: Option<ByTopic>,
}

/// `change`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChangeKind {
    Change,
}

/// A checkpoint, as text.
#[derive(Serialize, Deserialize)]
pub(super) struct CheckpointLine {
    kind: CheckpointKind,
    form: u32,
    /// Compressed with zstd, in base64.
    state: String,
}

/// `checkpoint`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CheckpointKind {
    Checkpoint,
}

impl CheckpointLine {
    pub(super) fn of(checkpoint: &Checkpoint) -> std::io::Result<Self> {
        let packed = zstd::bulk::compress(&checkpoint.bytes, 3)?;
        Ok(Self {
            kind: CheckpointKind::Checkpoint,
            form: checkpoint.form,
            state: STANDARD.encode(packed),
        })
    }

    pub(super) fn checkpoint(&self) -> Result<Checkpoint, String> {
        let packed = STANDARD.decode(&self.state).map_err(|e| e.to_string())?;
        let bytes = zstd::stream::decode_all(&*packed).map_err(|e| e.to_string())?;
        Ok(Checkpoint {
            form: self.form,
            bytes,
        })
    }
}

/// What a hand-written line that names no cluster is about.
fn kafka() -> ClusterName {
    ClusterName::from("kafka")
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_zero(span: &Span) -> bool {
    *span == Span::ZERO
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_none(v: &u64) -> bool {
    *v == 0
}
