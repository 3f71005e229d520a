//! What a team looks at first.

use super::Look::{Lines, Number, Table};
use super::{Dashboard, panel};

const SOON: &[(f64, &str)] = &[(3600.0, "yellow"), (86_400.0, "green")];

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: "overview",
        title: "Laggard / Overview",
        description: "Which consumer groups are late, who cares for them, and how late all are.",
        variable: None,
        panels: vec![
            panel(Number, 4, "none", "Over their limit", "How many groups are over a limit of their own for certain?", &[
                (r#"sum(laggard_cluster_groups_over_limit{kafka_cluster=~"$cluster"})"#, ""),
            ]).red_from(&[(1.0, "red")]),
            panel(Number, 4, "none", "In trouble", "How many groups have a status that needs someone?", &[
                (r#"sum(laggard_cluster_groups_by_status{kafka_cluster=~"$cluster",status=~"data_loss|truncated|recreated|stopped|stalled|txn_blocked|rewound|unassigned|falling_behind|suspect"})"#, ""),
            ]).red_from(&[(1.0, "red")]),
            panel(Number, 4, "s", "Oldest unread record", "How old is the oldest record that a group has not read yet?", &[
                (r#"max(laggard_group_time_lag_seconds{kafka_cluster=~"$cluster"})"#, ""),
            ]).red_from(&[(300.0, "yellow"), (3600.0, "red")]),
            panel(Number, 4, "s", "Soonest loss", "When will Kafka delete a record that a group has not read?", &[
                (r#"min(laggard_group_time_to_loss_seconds{kafka_cluster=~"$cluster"})"#, ""),
            ]).red_from(SOON),
            panel(Number, 4, "short", "Lost in the last hour", "How many records were deleted unread within the last hour?", &[
                (r#"sum(laggard_group_lost_records{kafka_cluster=~"$cluster"})"#, ""),
            ]).red_from(&[(1.0, "red")]),
            panel(Number, 4, "none", "Clusters that answer", "How many clusters can be read?", &[
                (r#"sum(laggard_cluster_up{kafka_cluster=~"$cluster"})"#, ""),
            ]),
            panel(Table, 24, "s", "Groups over their limit", "Which groups are over a limit of their own, since when, why, and who cares for them? A click leads to the group.", &[
                (r#"((time() - max by (kafka_cluster, group) (laggard_group_status_since_timestamp_seconds{kafka_cluster=~"$cluster"})) * on (kafka_cluster, group) group_left (owner, severity, runbook) max by (kafka_cluster, group, owner, severity, runbook) (laggard_group_info) * on (kafka_cluster, group) group_left (status) max by (kafka_cluster, group, status) (laggard_group_status == 1)) and on (kafka_cluster, group) laggard_group_over_limit == 1"#, "in this status for"),
                (r#"max by (kafka_cluster, group) (laggard_group_time_lag_seconds{kafka_cluster=~"$cluster"}) and on (kafka_cluster, group) laggard_group_over_limit == 1"#, "time lag"),
                (r#"max by (kafka_cluster, group) (laggard_group_time_lag_limit_seconds{kafka_cluster=~"$cluster"}) and on (kafka_cluster, group) laggard_group_over_limit == 1"#, "limit"),
            ]),
            panel(Lines, 12, "s", "Oldest unread record by group", "Which ten groups are the latest?", &[
                (r#"topk(10, laggard_group_time_lag_seconds{kafka_cluster=~"$cluster"})"#, "{{group}}"),
            ]),
            panel(Table, 12, "s", "Lowest time to loss", "Which groups will lose records first, if nothing changes?", &[
                (r#"bottomk(10, laggard_group_time_to_loss_seconds{kafka_cluster=~"$cluster"})"#, "time to loss"),
            ]),
            panel(Lines, 12, "none", "Groups by status", "How many groups are in which status?", &[
                (r#"sum by (status) (laggard_cluster_groups_by_status{kafka_cluster=~"$cluster"}) > 0"#, "{{status}}"),
            ]),
            panel(Lines, 12, "short", "Unread records", "How many records are unread in all, by cluster?", &[
                (r#"laggard_cluster_effective_lag{kafka_cluster=~"$cluster"}"#, "{{kafka_cluster}}"),
            ]),
        ],
    }
}
