//! Wiring: sources, the one queue, the pipeline, faces; supervision and shutdown.
//!
//! In: what the command line and the configuration came to. Out: a running Laggard. Everything
//! that can end by itself is watched here: a part that ends brings the process down with a clear
//! message or is started again, and none ends in silence.

pub mod demo;
pub mod once;
pub mod session;
