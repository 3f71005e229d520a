//! C strings and error codes in, owned Rust values out.

use super::sys;
use rdkafka::bindings as c;
use rustc_hash::FxHashSet;
use std::ffi::{CStr, c_char};
use std::fmt;
use std::sync::Arc;

/// Why a call, or one element of its answer, failed: Kafka's error code
/// (librdkafka's own are negative) and the text that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaFailure {
    /// Kafka's protocol error code, or one of librdkafka's own, which are
    /// negative (−185 is a time-out).
    pub code: i32,
    /// What librdkafka or the broker said. Scrub before it is shown.
    pub message: String,
}

impl KafkaFailure {
    /// A failure with the standard text of its code.
    pub fn of(code: i32) -> Self {
        Self {
            code,
            message: describe(code),
        }
    }

    /// A failure with a text of its own; the standard one if that is empty.
    pub fn with(code: i32, message: String) -> Self {
        if message.is_empty() {
            Self::of(code)
        } else {
            Self { code, message }
        }
    }
}

impl fmt::Display for KafkaFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, error_name(self.code))
    }
}

impl std::error::Error for KafkaFailure {}

/// The name of an error code, such as `NOT_COORDINATOR` or `_TIMED_OUT`.
pub fn error_name(code: i32) -> String {
    // SAFETY: takes any integer and returns a static or thread-local C string.
    unsafe { owned(sys::rd_kafka_err2name(code)) }
}

fn describe(code: i32) -> String {
    // SAFETY: as above.
    unsafe { owned(sys::rd_kafka_err2str(code)) }
}

/// Copies a C string; null is the empty string.
///
/// # Safety
/// `text` is null or a NUL-terminated string that lives during the call.
pub(super) unsafe fn owned(text: *const c_char) -> String {
    unsafe { optional(text) }.unwrap_or_default()
}

/// Copies a C string; null is none.
///
/// # Safety
/// As for [`owned`].
pub(super) unsafe fn optional(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    Some(
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned(),
    )
}

/// Copies an error object that its owner keeps. Null, or code 0, is none.
///
/// # Safety
/// `error` is null or a live `rd_kafka_error_t`.
pub(super) unsafe fn failure(error: *const c::rd_kafka_error_t) -> Option<KafkaFailure> {
    if error.is_null() {
        return None;
    }
    let code = unsafe { sys::rd_kafka_error_code(error) };
    let text = unsafe { owned(c::rd_kafka_error_string(error)) };
    (code != 0).then(|| KafkaFailure::with(code, text))
}

/// Names seen before, so that the rows of 200,000 partitions share a few
/// thousand strings. Forgets what nobody else holds.
#[derive(Debug, Default)]
pub struct Names {
    known: FxHashSet<Arc<str>>,
    sweep_at: usize,
}

impl Names {
    /// The shared copy of this name.
    pub fn share(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.known.get(name) {
            return Arc::clone(known);
        }
        self.sweep();
        let shared: Arc<str> = Arc::from(name);
        self.known.insert(Arc::clone(&shared));
        shared
    }

    /// Drops names that only this set still holds, each time it has doubled.
    fn sweep(&mut self) {
        if self.known.len() < self.sweep_at.max(1024) {
            return;
        }
        self.known.retain(|name| Arc::strong_count(name) > 1);
        self.sweep_at = self.known.len() * 2;
    }

    /// The shared copy of a C string.
    ///
    /// # Safety
    /// `text` is null or a NUL-terminated string that lives during the call.
    pub(super) unsafe fn share_c(&mut self, text: *const c_char) -> Arc<str> {
        if text.is_null() {
            return self.share("");
        }
        let text = unsafe { CStr::from_ptr(text) };
        match text.to_str() {
            Ok(text) => self.share(text),
            Err(_) => self.share(&text.to_string_lossy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shared_and_forgotten() {
        let mut names = Names::default();
        let kept = names.share("kept");
        assert!(Arc::ptr_eq(&kept, &names.share("kept")));
        for n in 0..5000 {
            names.share(&format!("passing-{n}"));
        }
        assert!(names.known.len() < 2100, "{}", names.known.len());
        assert!(Arc::ptr_eq(&kept, &names.share("kept")));
    }

    #[test]
    fn codes_have_names_even_when_unknown() {
        assert_eq!(error_name(16), "NOT_COORDINATOR");
        assert_eq!(
            KafkaFailure::of(-185).to_string(),
            "Local: Timed out (_TIMED_OUT)"
        );
        assert!(error_name(31_999).contains("31999"));
    }
}
