//! Real clusters, read through librdkafka.

pub mod admin;
pub mod ffi;

#[cfg(test)]
mod admin_tests;
