//! The few C functions that `rdkafka::bindings` declares with a Rust enum as
//! their result or argument, declared here once more with the plain integer.
//!
//! A broker may answer an error code that this librdkafka does not know. Read
//! through the bindings' enum that would be undefined behaviour; read as an
//! `i32` it is only an unfamiliar number.

use rdkafka::bindings as c;
use std::ffi::{c_char, c_int, c_void};

unsafe extern "C" {
    pub(super) fn rd_kafka_event_error(event: *mut c::rd_kafka_event_t) -> i32;
    pub(super) fn rd_kafka_error_code(error: *const c::rd_kafka_error_t) -> i32;
    pub(super) fn rd_kafka_err2name(code: i32) -> *const c_char;
    pub(super) fn rd_kafka_err2str(code: i32) -> *const c_char;
    pub(super) fn rd_kafka_ConfigResource_error(
        resource: *const c::rd_kafka_ConfigResource_t,
    ) -> i32;
    pub(super) fn rd_kafka_metadata(
        client: *mut c::rd_kafka_t,
        all_topics: c_int,
        only: *mut c_void,
        answer: *mut *const c::rd_kafka_metadata,
        timeout_ms: c_int,
    ) -> i32;
    pub(super) fn rd_kafka_list_groups(
        client: *mut c::rd_kafka_t,
        group: *const c_char,
        answer: *mut *const c::rd_kafka_group_list,
        timeout_ms: c_int,
    ) -> i32;
}
