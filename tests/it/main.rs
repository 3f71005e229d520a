//! All integration tests, in one binary: each test binary links librdkafka, which takes long.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub,
    reason = "tests may, and a test binary has no public face"
)]

#[path = "../support/mod.rs"]
#[macro_use]
mod support;

mod accuracy;
mod advice;
mod architecture;
mod assignors;
mod attach;
mod autoscale;
mod calls;
mod clusters;
mod commands;
mod deliver;
mod demo;
mod doctor;
mod embedded;
mod faults;
mod harness;
mod lag;
mod metrics;
mod notify;
mod orders;
mod played;
mod promql;
mod rebalances;
mod receivers;
mod replay;
mod rights;
mod rules;
mod serve;
mod source;
mod source_faults;
mod statuses;
mod templates;
mod time_lag;
mod top;
mod usage;
mod verdicts;
mod what_if;
