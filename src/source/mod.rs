//! Where observations come from.

pub mod kafka;
