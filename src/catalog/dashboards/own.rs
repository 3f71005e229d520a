//! Whether Laggard itself is well.

use super::Look::{Lines, Number};
use super::{Dashboard, panel};

#[expect(clippy::too_many_lines, reason = "a list of panels")]
pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: "itself",
        title: "Laggard / Laggard itself",
        description: "How fresh its numbers are, and what it costs to have them.",
        variable: None,
        panels: vec![
            panel(
                Number,
                6,
                "s",
                "Age of the snapshot",
                "How old is what is shown?",
                &[("max(time() - laggard_snapshot_timestamp_seconds)", "")],
            )
            .red_from(&[(60.0, "yellow"), (300.0, "red")]),
            panel(
                Number,
                6,
                "s",
                "Age of the last success",
                "When did reading a cluster last bring anything?",
                &[(
                    r#"max(laggard_cluster_last_success_age_seconds{kafka_cluster=~"$cluster"})"#,
                    "",
                )],
            )
            .red_from(&[(60.0, "yellow"), (300.0, "red")]),
            panel(
                Number,
                6,
                "none",
                "Things that went wrong",
                "What went wrong in reading and has not gone right since?",
                &[(
                    r#"sum(laggard_cluster_issues{kafka_cluster=~"$cluster"})"#,
                    "",
                )],
            )
            .red_from(&[(1.0, "yellow")]),
            panel(
                Number,
                6,
                "none",
                "Samples left out",
                "How many samples does metrics.max_series leave out?",
                &[("sum(laggard_series_left_out)", "")],
            )
            .red_from(&[(1.0, "red")]),
            panel(
                Lines,
                12,
                "s",
                "Cycle",
                "How long does a cycle take, and how often is there one?",
                &[
                    (
                        r#"laggard_cluster_cycle_duration_seconds{kafka_cluster=~"$cluster"}"#,
                        "{{kafka_cluster}} takes",
                    ),
                    (
                        r#"laggard_cluster_cycle_interval_seconds{kafka_cluster=~"$cluster"}"#,
                        "{{kafka_cluster}} each",
                    ),
                ],
            ),
            panel(
                Lines,
                12,
                "none",
                "Requests of a cycle",
                "What does a cycle ask the brokers?",
                &[(
                    r#"sum by (api) (laggard_cluster_cycle_requests{kafka_cluster=~"$cluster"})"#,
                    "{{api}}",
                )],
            ),
            panel(
                Lines,
                12,
                "s",
                "Throttling",
                "For how long did brokers ask it to wait?",
                &[(
                    r#"laggard_cluster_cycle_throttled_seconds{kafka_cluster=~"$cluster"}"#,
                    "{{kafka_cluster}}",
                )],
            ),
            panel(
                Lines,
                12,
                "none",
                "Failed parts",
                "How many parts of a cycle failed after their retries?",
                &[(
                    r#"laggard_cluster_cycle_failed_parts{kafka_cluster=~"$cluster"}"#,
                    "{{kafka_cluster}}",
                )],
            ),
            panel(
                Lines,
                12,
                "reqps",
                "HTTP requests",
                "Who asks it for what?",
                &[(
                    "sum by (path, code) (rate(laggard_http_requests_total[$__rate_interval]))",
                    "{{path}} {{code}}",
                )],
            ),
            panel(
                Lines,
                12,
                "none",
                "Samples",
                "How many samples are there, and how many are allowed?",
                &[
                    ("laggard_series", "samples"),
                    ("laggard_series_limit", "limit"),
                ],
            ),
            panel(
                Lines,
                12,
                "cps",
                "StatsD",
                "How many gauges go to StatsD, and how many are lost on the way?",
                &[
                    ("rate(laggard_statsd_sent_total[$__rate_interval])", "sent"),
                    (
                        "rate(laggard_statsd_dropped_total[$__rate_interval])",
                        "dropped",
                    ),
                ],
            ),
            panel(
                Lines,
                12,
                "reqps",
                "Turned away",
                "How many requests and questions were dropped because enough were under way?",
                &[
                    ("rate(laggard_http_busy_total[$__rate_interval])", "HTTP"),
                    (
                        "rate(laggard_asks_dropped_total[$__rate_interval])",
                        "questions to Kafka",
                    ),
                ],
            ),
        ],
    }
}
