//! One topic and who reads it.

use super::Look::{Lines, Number, Table};
use super::{Dashboard, panel};

pub(super) fn dashboard() -> Dashboard {
    Dashboard {
        name: "topic",
        title: "Laggard / Topic",
        description: "What comes in to a topic, what it holds, and how late its readers are.",
        variable: Some(("topic", "laggard_topic_partitions")),
        panels: vec![
            panel(Number, 8, "none", "Partitions", "How many partitions are there?", &[
                (r#"sum(laggard_topic_partitions{kafka_cluster=~"$cluster",topic=~"$topic"})"#, ""),
            ]),
            panel(Number, 8, "cps", "Coming in", "How many records a second come in?", &[
                (r#"sum(laggard_topic_arrival_records_per_second{kafka_cluster=~"$cluster",topic=~"$topic"})"#, ""),
            ]),
            panel(Number, 8, "s", "Latest reader", "How old is the oldest record that one of its readers has not read?", &[
                (r#"max(laggard_group_topic_time_lag_seconds{kafka_cluster=~"$cluster",topic=~"$topic"})"#, ""),
            ]).red_from(&[(300.0, "yellow"), (3600.0, "red")]),
            panel(Lines, 12, "cps", "Records coming in", "How does that change over time?", &[
                (r#"laggard_topic_arrival_records_per_second{kafka_cluster=~"$cluster",topic=~"$topic"}"#, "{{topic}}"),
            ]),
            panel(Lines, 12, "short", "Offsets that it holds", "How many offsets lie between the log starts and the log ends?", &[
                (r#"laggard_topic_log_end_offset{kafka_cluster=~"$cluster",topic=~"$topic"} - laggard_topic_log_start_offset{kafka_cluster=~"$cluster",topic=~"$topic"}"#, "{{topic}}"),
            ]),
            panel(Lines, 12, "s", "Time lag of its readers", "How late is each group that reads it?", &[
                (r#"laggard_group_topic_time_lag_seconds{kafka_cluster=~"$cluster",topic=~"$topic"}"#, "{{group}} on {{topic}}"),
            ]),
            panel(Table, 12, "short", "Unread records of its readers", "How many records has each group that reads it still to read?", &[
                (r#"topk(25, laggard_group_topic_effective_lag{kafka_cluster=~"$cluster",topic=~"$topic"})"#, "unread"),
            ]),
        ],
    }
}
