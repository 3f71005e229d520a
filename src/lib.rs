//! Laggard finds slow Kafka consumers before their users do, says why they are slow, and says
//! what to do about it.
//!
//! The floors, from the ground up, are in `ARCHITECTURE.md`; each module's own page says what it
//! is for, what comes in, what goes out, and what it must never do.

pub mod advice;
pub mod alerts;
pub mod app;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod engine;
pub mod export;
#[cfg(test)]
mod held;
pub mod http;
pub mod model;
pub mod notify;
pub mod pipeline;
pub mod recording;
pub mod remote;
pub mod report;
pub mod sim;
pub mod source;
pub mod store;
pub mod timeline;
pub mod tui;
pub mod words;
