//! Who is told of which alerts, and when: the part of the configuration that groups alerts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::matcher::Matcher;
use super::recurring::Recurring;
use super::time::Span;

/// How alerts become notifications.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notify {
    /// Alerts that agree in these labels are told of together; `...`: each alone.
    pub group_by: Vec<Arc<str>>,
    /// How long the first of a group waits for others.
    pub group_wait: Span,
    /// How long a change waits after a group was last looked at.
    pub group_interval: Span,
    /// After how long what still fires is told again.
    pub repeat_interval: Span,
    /// Who is told of alerts that no route takes.
    pub receivers: Vec<Arc<str>>,
    /// Routes; the first that matches takes an alert.
    pub routes: Vec<Route>,
    /// Recurring times that routes name.
    pub recurring: Vec<Recurring>,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            group_by: vec!["kafka_cluster".into(), "owner".into()],
            group_wait: Span::from_secs(30),
            group_interval: Span::from_secs(5 * 60),
            repeat_interval: Span::from_secs(4 * 3600),
            receivers: Vec::new(),
            routes: Vec::new(),
            recurring: Vec::new(),
        }
    }
}

impl Notify {
    /// Whether anybody is told of anything.
    pub fn tells_nobody(&self) -> bool {
        self.receivers.is_empty() && self.routes.iter().all(|r| r.receivers.is_empty())
    }
}

/// Which alerts go to whom.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Route {
    /// All of these must hold; without any, every alert is taken.
    pub matchers: Vec<Matcher>,
    /// Who is told; nobody, if there is none.
    pub receivers: Vec<Arc<str>>,
    /// Nobody is told at these recurring times.
    pub mute_time_intervals: Vec<Arc<str>>,
    /// Whether the routes after it may take the alert, too.
    pub r#continue: bool,
}
