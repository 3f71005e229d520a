//! Real clusters, read through librdkafka.
//!
//! In: [`config::KafkaConfig`] and asks. Out: observations. One client, one poller a cluster; a
//! cluster that is down shows as down and is tried again. It must never send a request that
//! changes a cluster, join a group, or let a secret out.

pub mod admin;
pub mod config;
pub mod ffi;
mod poller;
mod probe;
pub mod properties;
mod pulse;
mod records;
pub mod secret;
mod supervise;
pub mod trouble;

#[cfg(test)]
mod admin_tests;

pub use config::{Filter, KafkaConfig};
pub use ffi::leave;
pub use probe::probe;
pub use properties::Properties;
pub use pulse::Pulse;
pub use secret::{Scrubber, Secret};
pub use supervise::KafkaSource;
pub use trouble::{Trouble, TroubleKind};
