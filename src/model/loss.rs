//! Time to loss: when Kafka's retention will have deleted the first record that a group has not
//! read, if nothing changes.
//!
//! Kept as instants with bounds. A row that is plainly well has none of its own: what is said of
//! the others stands beside the rows, in [`RowDetail`]s.

use serde::{Deserialize, Serialize};

use super::id::PartitionId;
use super::reading::Reading;
use super::time::Timestamp;

/// When unread records will begin to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Loss {
    /// Not while things stay as they are: nothing is unread, the log deletes nothing by age or
    /// size, or reading is at least as fast as deleting.
    Never,
    /// At about this instant.
    At {
        /// Best guess.
        at: Timestamp,
        /// Not before.
        earliest: Timestamp,
        /// Not after; `None`: open.
        latest: Option<Timestamp>,
        /// Which limit will delete them.
        by: Retention,
    },
}

/// What deletes records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retention {
    /// `retention.ms`.
    Time,
    /// `retention.bytes`.
    Size,
}

impl Loss {
    /// The best guess; `None` for never.
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::At { at, .. } => Some(at),
        }
    }

    /// The one that comes first.
    #[must_use]
    pub fn sooner(self, other: Self) -> Self {
        match (self.at(), other.at()) {
            (Some(a), Some(b)) if b < a => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }
}

/// What is said only of rows that are not plainly well, beside the row itself.
#[derive(Clone, Debug, PartialEq)]
pub struct RowDetail {
    /// Index into the group's topics, as in the row.
    pub topic: u32,
    /// The partition.
    pub partition: PartitionId,
    /// When its first unread record will be deleted.
    pub loss_at: Reading<Loss>,
    /// Seconds of the log's time that are read in a second: 1 keeps its distance, above it
    /// catches up, 0 stands.
    pub event_time_speed: Reading<f64>,
}
