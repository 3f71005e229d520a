//! Attach: the snapshots of a running `laggard serve`, over HTTP.
//!
//! In: its address. Out: its newest snapshot, and how the link to it does. A thread asks for what
//! has changed, once a second; when it gets no answer it says so and tries again, ever more
//! rarely. What was read last stays, and its age shows. No Kafka credentials are needed, and
//! nothing is ever sent but requests to read.

mod client;
mod follow;

#[cfg(test)]
mod tests;

pub use client::{AttachError, Client, Options, PastPoint, Told};
pub use follow::{Follower, Link};
