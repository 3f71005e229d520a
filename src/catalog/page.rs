//! The metrics page of the documentation, made from the catalog.

use std::fmt::{self, Write};

use super::{Level, Series, all, internal, status_code};
use crate::model::Status;

const HEAD: &str = "\
# Metrics

<!-- Generated from the catalog: INSTA_UPDATE=always cargo test --lib catalog::page -->

Every series of `/metrics`. A value that is unknown is absent, never 0. A stale one stays beside its
staleness for 15 minutes, then goes. What is deleted in Kafka leaves no series behind. The label
`kafka_cluster` can be renamed.
";

/// `docs/metrics.md`.
pub fn page() -> String {
    let mut out = HEAD.to_owned();
    // Writing to a string cannot fail.
    let _ = write(&mut out);
    out
}

fn write(out: &mut String) -> fmt::Result {
    for level in Level::ALL {
        let labels = level.labels().iter().map(|l| format!("`{l}`"));
        let labels = labels.collect::<Vec<_>>().join(", ");
        write!(out, "\n## {}\n\n", title(level))?;
        if !labels.is_empty() {
            write!(out, "Labels: {labels}.")?;
            writeln!(
                out,
                "{}\n",
                if level.is_optional() {
                    " Off by default."
                } else {
                    ""
                }
            )?;
        }
        out.write_str(
            "| name | type | unit | more labels | what it tells |\n|---|---|---|---|---|\n",
        )?;
        for series in all().filter(|s| s.level() == level) {
            row(out, series)?;
        }
    }
    codes(out)?;
    internals(out)
}

fn title(level: Level) -> &'static str {
    match level {
        Level::Laggard => "Laggard",
        Level::Cluster => "Clusters",
        Level::Topic => "Topics",
        Level::TopicPartition => "Partitions of topics",
        Level::Group => "Groups",
        Level::GroupTopic => "Groups by topic",
        Level::Partition => "Groups by partition",
    }
}

fn row(out: &mut String, series: &Series) -> fmt::Result {
    let labels: Vec<_> = series.labels.iter().map(|l| format!("`{l}`")).collect();
    writeln!(
        out,
        "| `{}` | {} | {} | {} | {} |",
        series.name,
        series.kind.name(),
        series.unit.name(),
        labels.join(", "),
        series.help
    )
}

fn codes(out: &mut String) -> fmt::Result {
    out.write_str("\n## Statuses\n\nThe numbers of `laggard_group_partition_status`:\n\n")?;
    out.write_str("| number | status |\n|---|---|\n")?;
    for status in Status::ALL {
        writeln!(out, "| {} | `{}` |", status_code(status), status.name())?;
    }
    Ok(())
}

fn internals(out: &mut String) -> fmt::Result {
    out.write_str("\n## The process\n\nCounted where it happens; not part of a snapshot.\n\n")?;
    out.write_str("| name | type | labels | what it tells |\n|---|---|---|---|\n")?;
    for series in internal::ALL {
        let labels: Vec<_> = series.labels.iter().map(|l| format!("`{l}`")).collect();
        let labels = labels.join(", ");
        writeln!(
            out,
            "| `{}` | {} | {labels} | {} |",
            series.name, series.kind, series.help
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_in_docs_is_fresh() {
        crate::held::file("docs/metrics.md", &super::page());
    }
}
