//! A receiver: who is to be told, and how it is reached.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::{Secret, Span};

/// A text that may be a secret and may change while Laggard runs: it is read each time it is used,
/// so that a rotated one is taken up.
pub type Kept = Arc<dyn Fn() -> Result<Secret, String> + Send + Sync>;

/// What speaks at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Alertmanager's API v2: it groups, repeats and silences by itself.
    Alertmanager,
    /// Whoever takes Alertmanager's webhook, version 4.
    Webhook,
    /// Slack's incoming webhook.
    Slack,
    /// PagerDuty's Events API v2.
    Pagerduty,
    /// A Teams workflow that takes a card.
    Teams,
    /// An address to be called while all is well with Laggard itself.
    Heartbeat,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Alertmanager,
        Self::Webhook,
        Self::Slack,
        Self::Pagerduty,
        Self::Teams,
        Self::Heartbeat,
    ];

    /// In configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Pagerduty => "pagerduty",
            Self::Teams => "teams",
            Self::Heartbeat => "heartbeat",
        }
    }

    /// Whether it is told of grouped alerts; the others see alerts as they stand.
    pub const fn takes_letters(self) -> bool {
        !matches!(self, Self::Alertmanager | Self::Heartbeat)
    }
}

/// Who is to be told.
#[derive(Clone)]
pub struct Receiver {
    /// What people call it.
    pub name: Arc<str>,
    /// What it speaks.
    pub kind: Kind,
    /// Where it is.
    pub url: Kept,
    /// PagerDuty's routing key, or what a webhook is signed with.
    pub key: Option<Kept>,
    /// Sent as `Authorization: Bearer …`.
    pub token: Option<Kept>,
    /// Certificates that are trusted instead of the usual ones, as PEM.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub timeout: Span,
    /// Whether it is told that something is over.
    pub send_resolved: bool,
    /// How often a heartbeat beats.
    pub interval: Span,
    /// The alert that must fire for a heartbeat to beat.
    pub alert: Arc<str>,
}

/// Nothing that could be a secret.
impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.kind.name())
    }
}

/// Where people find more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Where the listener is reached from outside: what links and commands begin with.
    pub base: Arc<str>,
}
