//! The one enum of what may be wrong with a group or one of its partitions.

use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::time::Timestamp;

/// Worst first: the order is the order of alarm, and a group is as bad as its worst partition.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Records fell off the log start before they were read.
    DataLoss,
    /// The log end went back below the commit while the topic stayed the same.
    Truncated,
    /// The topic was deleted and made anew under the group's commit.
    Recreated,
    /// Something is unread and nobody owns the partition.
    Stopped,
    /// Something is unread, it is owned, and its commit does not move.
    Stalled,
    /// An open transaction has held back the last stable offset for longer than its time-out.
    TxnBlocked,
    /// The commit went back.
    Rewound,
    /// The group has members but none owns this partition.
    Unassigned,
    /// It reads more slowly than records come in.
    FallingBehind,
    /// Half-way to stalled.
    Suspect,
    /// It cannot be said.
    Unknown,
    /// The group has never committed an offset here.
    NeverCommitted,
    /// There was a commit; Kafka has since deleted it.
    CommitExpired,
    /// Behind, and getting closer.
    Recovering,
    /// Behind, neither growing nor shrinking.
    Steady,
    /// Within what is allowed.
    Ok,
    /// All is read and nothing comes in.
    Idle,
}

impl Status {
    /// All of them, worst first.
    pub const ALL: [Self; 17] = [
        Self::DataLoss,
        Self::Truncated,
        Self::Recreated,
        Self::Stopped,
        Self::Stalled,
        Self::TxnBlocked,
        Self::Rewound,
        Self::Unassigned,
        Self::FallingBehind,
        Self::Suspect,
        Self::Unknown,
        Self::NeverCommitted,
        Self::CommitExpired,
        Self::Recovering,
        Self::Steady,
        Self::Ok,
        Self::Idle,
    ];

    /// The name in JSON, series and documentation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DataLoss => "data_loss",
            Self::Truncated => "truncated",
            Self::Recreated => "recreated",
            Self::Stopped => "stopped",
            Self::Stalled => "stalled",
            Self::TxnBlocked => "txn_blocked",
            Self::Rewound => "rewound",
            Self::Unassigned => "unassigned",
            Self::FallingBehind => "falling_behind",
            Self::Suspect => "suspect",
            Self::Unknown => "unknown",
            Self::NeverCommitted => "never_committed",
            Self::CommitExpired => "commit_expired",
            Self::Recovering => "recovering",
            Self::Steady => "steady",
            Self::Ok => "ok",
            Self::Idle => "idle",
        }
    }

    /// The word on a terminal, six letters at the most.
    pub const fn word(self) -> &'static str {
        match self {
            Self::DataLoss => "LOST",
            Self::Truncated => "TRUNC",
            Self::Recreated => "NEWTOP",
            Self::Stopped => "STOP",
            Self::Stalled => "STALL",
            Self::TxnBlocked => "TXN",
            Self::Rewound => "REWND",
            Self::Unassigned => "UNASGN",
            Self::FallingBehind => "BEHIND",
            Self::Suspect => "STALL?",
            Self::Unknown => "?",
            Self::NeverCommitted => "NEVER",
            Self::CommitExpired => "EXPIR",
            Self::Recovering => "CATCH",
            Self::Steady => "STEADY",
            Self::Ok => "OK",
            Self::Idle => "IDLE",
        }
    }

    /// Whether someone should look: all that is worse than `unknown`.
    pub fn is_trouble(self) -> bool {
        self < Self::Unknown
    }
}

/// A status with what made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What.
    #[serde(rename = "value")]
    pub status: Status,
    /// Since when it is so, as far as is known.
    pub since: Timestamp,
    /// The numbers behind it; `None` where there is nothing to explain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<Evidence>>,
}

impl Verdict {
    /// A verdict that needs no explanation.
    pub fn plain(status: Status, since: Timestamp) -> Self {
        Self {
            status,
            since,
            evidence: None,
        }
    }

    /// A verdict with its evidence.
    pub fn because(status: Status, since: Timestamp, evidence: Evidence) -> Self {
        Self {
            status,
            since,
            evidence: Some(Box::new(evidence)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json_and_words_are_short_and_differ() {
        let mut words = std::collections::BTreeSet::new();
        for status in Status::ALL {
            assert_eq!(
                serde_json::to_string(&status).unwrap(),
                format!("\"{}\"", status.name())
            );
            assert!(status.word().len() <= 6 && words.insert(status.word()));
        }
        assert!(Status::ALL.is_sorted());
    }
}
