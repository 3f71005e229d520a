//! A diagnosis and a storm as written: with the sentences that their numbers make as of the
//! snapshot's instant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{Diagnosis, Storm, Timestamp};

/// Why a group lags.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DiagnosisInWords")]
pub(super) struct DiagnosisDocument {
    #[serde(flatten)]
    diagnosis: Diagnosis,
    /// The numbers in words, as of the snapshot's instant.
    #[serde(default, skip_serializing_if = "Option::is_none", skip_deserializing)]
    sentence: Option<String>,
}

/// A group that rebalances again and again instead of reading.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StormInWords")]
pub(super) struct StormDocument {
    #[serde(flatten)]
    storm: Storm,
    /// The numbers in words.
    #[serde(default, skip_deserializing)]
    sentence: String,
}

impl DiagnosisDocument {
    pub(super) fn of(diagnosis: &Diagnosis, at: Timestamp) -> Self {
        Self {
            diagnosis: diagnosis.clone(),
            sentence: diagnosis.sentence(at),
        }
    }

    pub(super) fn restore(self) -> Diagnosis {
        self.diagnosis
    }
}

impl StormDocument {
    pub(super) fn of(storm: &Storm) -> Self {
        Self {
            storm: storm.clone(),
            sentence: storm.sentence(),
        }
    }

    pub(super) fn restore(self) -> Storm {
        self.storm
    }
}
