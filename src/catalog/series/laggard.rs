//! Laggard itself.

use crate::catalog::{Kind, Read, Series, Unit};

pub(super) static ALL: &[Series] = &[
    Series {
        name: "laggard_up",
        help: "1 while Laggard answers.",
        unit: Unit::Flag,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|_, emit| emit.value(1.0)),
    },
    Series {
        name: "laggard_info",
        help: "Laggard's version and what its snapshots come from.",
        unit: Unit::Flag,
        kind: Kind::Info,
        labels: &["version", "source"],
        read: Read::Laggard(|_, emit| {
            let source = emit.source().to_owned();
            let version = env!("CARGO_PKG_VERSION");
            emit.labelled(&[("version", version), ("source", &source)], 1.0);
        }),
    },
    Series {
        name: "laggard_snapshot_generation",
        help: "Which snapshot this is, counted since the start.",
        unit: Unit::Count,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|snapshot, emit| emit.value(snapshot.generation.n as f64)),
    },
    Series {
        name: "laggard_snapshot_timestamp_seconds",
        help: "The instant as of which every sample here stands.",
        unit: Unit::UnixSeconds,
        kind: Kind::Gauge,
        labels: &[],
        read: Read::Laggard(|snapshot, emit| emit.value(snapshot.at.as_secs_f64())),
    },
];
