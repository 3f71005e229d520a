//! Commands: what a person or a program orders. An accepted one is an observation like any other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::{ClusterName, GroupId};
use super::matcher::Matcher;
use super::notice::Elsewhere;
use super::time::Timestamp;

/// An order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// A note that something is being done to a group on purpose, such as a deploy.
    Mark {
        /// Which cluster; `None`: every cluster that has the group.
        cluster: Option<ClusterName>,
        /// Which group.
        group: GroupId,
        /// Until when.
        until: Timestamp,
        /// What is being done.
        why: Arc<str>,
        /// By whom.
        author: Arc<str>,
    },
    /// Alerts that are known: nobody is to be told of them.
    Silence {
        /// What it is called.
        id: Arc<str>,
        /// Alerts whose labels fulfil all of these.
        matchers: Vec<Matcher>,
        /// Until when.
        until: Timestamp,
        /// Why.
        why: Arc<str>,
        /// By whom.
        author: Arc<str>,
        /// The Alertmanagers that have it, too.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        alertmanagers: Vec<Elsewhere>,
    },
    /// The end of a silence before its time.
    Expire {
        /// Which silence.
        silence: Arc<str>,
        /// By whom.
        author: Arc<str>,
        /// The Alertmanagers in which it ends, too.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        alertmanagers: Vec<Elsewhere>,
    },
}
