//! Exporters: the catalog's series in other programs' formats, straight from the snapshot.

pub mod prometheus;
pub mod statsd;
