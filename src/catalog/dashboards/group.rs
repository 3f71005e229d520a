//! One group, down to its partitions.

use super::Look::{Lines, Number, Status, Table};
use super::{Dashboard, panel};

#[expect(clippy::too_many_lines, reason = "a list of panels")]
pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: "group",
        title: "Laggard / Group",
        description: "How far behind a group is, whether it catches up, and where it lags.",
        variable: Some(("group", "laggard_group_info")),
        panels: vec![
            panel(
                Status,
                6,
                "none",
                "Status",
                "What is the matter with it?",
                &[(
                    r#"max(laggard_group_status_code{kafka_cluster=~"$cluster",group=~"$group"})"#,
                    "",
                )],
            )
            .red_from(&[(7.0, "red")]),
            panel(
                Number,
                6,
                "s",
                "Since",
                "For how long has it been so?",
                &[(
                    r#"max(time() - laggard_group_status_since_timestamp_seconds{kafka_cluster=~"$cluster",group=~"$group"})"#,
                    "",
                )],
            ),
            panel(
                Number,
                6,
                "s",
                "Caught up in",
                "When will it have read all, if nothing changes?",
                &[(
                    r#"max(laggard_group_eta_seconds{kafka_cluster=~"$cluster",group=~"$group"})"#,
                    "",
                )],
            ),
            panel(
                Number,
                6,
                "s",
                "Records deleted in",
                "When will Kafka delete the first record that it has not read?",
                &[(
                    r#"min(laggard_group_time_to_loss_seconds{kafka_cluster=~"$cluster",group=~"$group"})"#,
                    "",
                )],
            ),
            panel(
                Lines,
                12,
                "s",
                "Time lag",
                "How old is its oldest unread record, and within which bounds is that known?",
                &[
                    (
                        r#"laggard_group_time_lag_seconds{kafka_cluster=~"$cluster",group=~"$group"}"#,
                        "time lag",
                    ),
                    (
                        r#"laggard_group_time_lag_low_seconds{kafka_cluster=~"$cluster",group=~"$group"}"#,
                        "at least",
                    ),
                    (
                        r#"laggard_group_time_lag_high_seconds{kafka_cluster=~"$cluster",group=~"$group"}"#,
                        "at most",
                    ),
                    (
                        r#"laggard_group_time_lag_limit_seconds{kafka_cluster=~"$cluster",group=~"$group"}"#,
                        "limit",
                    ),
                ],
            ),
            panel(
                Lines,
                12,
                "short",
                "Unread records",
                "How many records can it still read?",
                &[
                    (
                        r#"laggard_group_effective_lag{kafka_cluster=~"$cluster",group=~"$group"}"#,
                        "{{group}}",
                    ),
                    (
                        r#"laggard_group_lag_limit{kafka_cluster=~"$cluster",group=~"$group"}"#,
                        "{{group}} limit",
                    ),
                ],
            ),
            panel(
                Lines,
                12,
                "cps",
                "Rate in against rate out",
                "Does it read as fast as records come in?",
                &[
                    (
                        r#"laggard_group_arrival_records_per_second{kafka_cluster=~"$cluster",group=~"$group"}"#,
                        "{{group}} in",
                    ),
                    (
                        r#"laggard_group_consume_records_per_second{kafka_cluster=~"$cluster",group=~"$group"}"#,
                        "{{group}} out",
                    ),
                ],
            ),
            panel(
                Lines,
                12,
                "none",
                "Members and rebalances",
                "Who reads, how many are advised to, and how often do partitions change hands? Blue lines are marks.",
                &[
                    (
                        r#"laggard_group_members{kafka_cluster=~"$cluster",group=~"$group"}"#,
                        "{{group}} members",
                    ),
                    (
                        r#"laggard_group_recent_rebalances{kafka_cluster=~"$cluster",group=~"$group"}"#,
                        "{{group}} rebalances in the last hour",
                    ),
                    (
                        r#"laggard_group_advised_members{kafka_cluster=~"$cluster",group=~"$group"}"#,
                        "{{group}} advised members",
                    ),
                ],
            ),
            panel(
                Table,
                24,
                "none",
                "Why it lags",
                "What do its numbers say is the cause?",
                &[(
                    r#"max by (kafka_cluster, group, cause) (laggard_group_diagnosis_info{kafka_cluster=~"$cluster",group=~"$group"})"#,
                    "found",
                )],
            ),
            panel(
                Table,
                12,
                "short",
                "Worst topics",
                "On which topics does it lag most?",
                &[(
                    r#"topk(15, laggard_group_topic_effective_lag{kafka_cluster=~"$cluster",group=~"$group"})"#,
                    "unread",
                )],
            ),
            panel(
                Table,
                12,
                "short",
                "Worst partitions",
                "On which partitions does it lag most? Only for groups that metrics.partitions_of names.",
                &[(
                    r#"topk(15, laggard_group_partition_effective_lag{kafka_cluster=~"$cluster",group=~"$group"})"#,
                    "unread",
                )],
            ),
            panel(
                Lines,
                12,
                "none",
                "Unknown partitions",
                "Of how many partitions is the lag not known?",
                &[(
                    r#"laggard_group_unknown_partitions{kafka_cluster=~"$cluster",group=~"$group"}"#,
                    "{{group}}",
                )],
            ),
            panel(
                Lines,
                12,
                "s",
                "Staleness",
                "For how long could its lag not be read anew?",
                &[(
                    r#"laggard_group_staleness_seconds{kafka_cluster=~"$cluster",group=~"$group"}"#,
                    "{{group}}",
                )],
            ),
        ],
    }
}
