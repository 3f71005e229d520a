//! What alerts did over a stretch of time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::time::Timestamp;

/// Every alert of a stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BackTest {
    /// The first snapshot.
    pub from: Timestamp,
    /// The last one.
    pub to: Timestamp,
    /// How many there were.
    pub snapshots: u64,
    /// How many rules were in force at the end.
    pub rules: u64,
    /// How many notifications would have been made for receivers that are configured.
    pub notifications: u64,
    /// In order of when each began.
    pub alerts: Vec<Course>,
}

/// One alert from its first moment to its last.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Course {
    /// The rule's name.
    pub name: Arc<str>,
    /// Its identity.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// When the expression began to hold.
    pub pending: Timestamp,
    /// When it would have fired, if it would.
    pub fired: Option<Timestamp>,
    /// When its way to its end was withheld.
    pub held: Vec<Stretch>,
    /// When it would have been resolved; or, of one that never fired, when it was over.
    pub ended: Option<Timestamp>,
    /// What it says, as it was when it fired, else when it was last seen.
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
}

/// From an instant on until before another; `None`: it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Option<Timestamp>,
}
