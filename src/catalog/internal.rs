//! Series on this process, which stand in no snapshot: counted through the `metrics` macros where
//! things happen, by these names.

/// A series that the process counts itself.
pub struct Internal {
    /// Its name.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

/// HTTP requests answered.
pub const HTTP_REQUESTS: &str = "laggard_http_requests_total";
/// Requests turned away because enough were running.
pub const HTTP_BUSY: &str = "laggard_http_busy_total";
/// Asks that found no room in a source's queue.
pub const ASKS_DROPPED: &str = "laggard_asks_dropped_total";

/// Gauges sent to a StatsD server.
pub const STATSD_SENT: &str = "laggard_statsd_sent_total";
/// Gauges that could not be sent.
pub const STATSD_DROPPED: &str = "laggard_statsd_dropped_total";

/// Notifications that a receiver took.
pub const NOTIFY_DELIVERED: &str = "laggard_notifications_delivered_total";
/// Tries to tell a receiver that failed.
pub const NOTIFY_FAILED: &str = "laggard_notifications_failed_total";
/// Notifications that were given up.
pub const NOTIFY_GIVEN_UP: &str = "laggard_notifications_given_up_total";

/// All of them.
pub const ALL: &[Internal] = &[
    Internal {
        name: HTTP_REQUESTS,
        kind: "counter",
        labels: &["path", "code"],
        help: "HTTP requests answered, by path and status code.",
    },
    Internal {
        name: HTTP_BUSY,
        kind: "counter",
        labels: &[],
        help: "Requests for a large body answered with 503 because four were being sent already.",
    },
    Internal {
        name: ASKS_DROPPED,
        kind: "counter",
        labels: &[],
        help: "Questions of the engine dropped because a source's queue was full.",
    },
    Internal {
        name: STATSD_SENT,
        kind: "counter",
        labels: &[],
        help: "Gauges sent to the StatsD server.",
    },
    Internal {
        name: STATSD_DROPPED,
        kind: "counter",
        labels: &[],
        help: "Gauges that could not be sent to the StatsD server.",
    },
    Internal {
        name: NOTIFY_DELIVERED,
        kind: "counter",
        labels: &["receiver"],
        help: "Notifications that a receiver took; of Alertmanagers, requests with news.",
    },
    Internal {
        name: NOTIFY_FAILED,
        kind: "counter",
        labels: &["receiver"],
        help: "Tries to tell a receiver that failed and are made again.",
    },
    Internal {
        name: NOTIFY_GIVEN_UP,
        kind: "counter",
        labels: &["receiver"],
        help: "Notifications given up: refused as they are, or older than `give_up_after`.",
    },
];
