//! Wiring: sources, the one queue, the pipeline, faces; supervision and shutdown.
//!
//! In: what the command line and the configuration came to. Out: a running Laggard, and the code
//! with which it ends. Everything that can end by itself is watched here: a part that ends brings
//! the process down with a clear message or is started again, and none ends in silence.

#[cfg(test)]
mod advised_tests;
#[cfg(test)]
mod away_tests;
mod commands;
pub mod demo;
mod desk;
mod envoy;
mod feeds;
mod files;
mod flight;
mod fold;
#[cfg(test)]
mod judged_tests;
mod kafka;
mod logging;
pub mod once;
mod orders;
mod past;
#[cfg(test)]
mod pictures_tests;
#[cfg(test)]
mod quiet_tests;
mod recall;
mod receivers;
#[cfg(test)]
mod replay_tests;
mod rules;
pub mod session;
mod setup;
mod silences;

pub use commands::run;
pub use setup::Refusal;
