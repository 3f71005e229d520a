//! What people ordered, what is missing, and whether the configuration was taken.

use std::collections::BTreeSet;

use super::flag;
use crate::catalog::{Emit, Kind, Read, Series, Unit};
use crate::model::{ClusterSnapshot, Missing, Severity, Snapshot};

/// A mark is no reading: what rests on its absence is held while it stands.
pub(in crate::catalog) const MARK: &str = "laggard_group_mark_info";

pub(super) static ALL: &[Series] = &[
    Series {
        name: MARK,
        help: "A note that something is being done to the group on purpose, while it stands.",
        unit: Unit::Flag,
        kind: Kind::Info,
        labels: &["group", "author", "why"],
        read: Read::OnCluster(marks),
    },
    Series {
        name: "laggard_group_missing",
        help: "1 for a group that must be there, by its policy, and is not; absent for others.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &["group", "owner", "severity", "runbook"],
        read: Read::OnCluster(|snapshot, cluster, emit| {
            let missed = snapshot.notices.missing.iter();
            for group in missed.filter(|m| m.cluster == cluster.cluster) {
                missing(group, emit);
            }
        }),
    },
    Series {
        name: "laggard_config_last_reload_successful",
        help: "0 while a configuration that was reloaded is not in force because of its errors, else 1.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|snapshot, emit| {
            let issues = &snapshot.notices.issues;
            emit.value(flag(!issues.iter().any(|i| &*i.subject == "configuration")));
        }),
    },
    Series {
        name: "laggard_alerts_written",
        help: "0 while where alerts stand cannot be written to the state directory: nobody is told of them before it can; else 1.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|snapshot, emit| {
            let issues = &snapshot.notices.issues;
            emit.value(flag(
                !issues.iter().any(|i| &*i.subject == "state directory"),
            ));
        }),
    },
];

/// Two marks may say the same; a series stands once.
fn marks(snapshot: &Snapshot, cluster: &ClusterSnapshot, emit: &mut Emit<'_>) {
    let on_it = snapshot
        .notices
        .marks
        .iter()
        .filter(|mark| match &mark.cluster {
            Some(named) => *named == cluster.cluster,
            // One on every cluster is one on each that has the group.
            None => cluster.group(mark.group.as_str()).is_some(),
        });
    let all: BTreeSet<_> = on_it.map(|m| (&m.group, &m.author, &m.why)).collect();
    for (group, author, why) in all {
        let labels = [("group", group.as_str()), ("author", author), ("why", why)];
        emit.labelled(&labels, 1.0);
    }
}

fn missing(group: &Missing, emit: &mut Emit<'_>) {
    let policy = &group.policy;
    let labels = [
        ("group", group.group.as_str()),
        ("owner", policy.owner.as_deref().unwrap_or("")),
        ("severity", policy.severity.map_or("", Severity::name)),
        ("runbook", policy.runbook.as_deref().unwrap_or("")),
    ];
    emit.labelled(&labels, 1.0);
}
