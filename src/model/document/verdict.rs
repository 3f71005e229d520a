//! A verdict as written: with the sentence that its evidence makes as of the snapshot's instant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{Evidence, Status, Timestamp, Verdict};

/// What is the matter, since when, and the numbers that say so.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Verdict")]
pub(super) struct VerdictDocument {
    /// What.
    value: Status,
    /// Since when it is so, as far as is known.
    since: Timestamp,
    /// The numbers behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<Box<Evidence>>,
    /// The evidence in words, as of the snapshot's instant.
    #[serde(default, skip_serializing_if = "Option::is_none", skip_deserializing)]
    sentence: Option<String>,
}

impl VerdictDocument {
    pub(super) fn of(verdict: &Verdict, at: Timestamp) -> Self {
        Self {
            value: verdict.status,
            since: verdict.since,
            evidence: verdict.evidence.clone(),
            sentence: verdict.evidence.as_ref().map(|e| e.sentence(at)),
        }
    }

    pub(super) fn restore(self) -> Verdict {
        Verdict {
            status: self.value,
            since: self.since,
            evidence: self.evidence,
        }
    }
}
