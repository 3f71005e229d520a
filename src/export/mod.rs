//! Pushing or offering the catalog's series to other systems.

pub mod prometheus;
