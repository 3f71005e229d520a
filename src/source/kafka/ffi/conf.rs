//! A client's properties, checked by librdkafka itself.

use super::text::owned;
use rdkafka::bindings as c;
use std::ffi::{CString, c_char};
use std::ptr::NonNull;

/// Why librdkafka refused the properties.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PropertyError {
    /// No such property.
    #[error("librdkafka has no property `{name}`")]
    Unknown {
        /// The property.
        name: String,
    },
    /// The property exists, the value is not one of its values.
    #[error("property `{name}`: {message}")]
    Invalid {
        /// The property.
        name: String,
        /// What librdkafka said; may quote the value, so scrub it.
        message: String,
    },
    /// Each property was fine alone, their combination was not, or a file
    /// that they name cannot be read.
    #[error("the client could not be made: {message}")]
    Client {
        /// What librdkafka said.
        message: String,
    },
}

/// Room for librdkafka's error text.
pub(super) struct ErrorText([c_char; 512]);

impl ErrorText {
    pub(super) fn new() -> Self {
        Self([0; 512])
    }

    pub(super) fn buffer(&mut self) -> (*mut c_char, usize) {
        (self.0.as_mut_ptr(), self.0.len())
    }

    pub(super) fn text(&self) -> String {
        // SAFETY: zeroed at birth and written by snprintf: always terminated.
        unsafe { owned(self.0.as_ptr()) }
    }
}

/// An owned `rd_kafka_conf_t`, destroyed unless a client takes it.
pub(super) struct Conf(NonNull<c::rd_kafka_conf_t>);

impl Conf {
    pub(super) fn new(properties: &[(String, String)]) -> Result<Self, PropertyError> {
        // SAFETY: allocates and returns an owned object.
        let raw = unsafe { c::rd_kafka_conf_new() };
        let conf = Self(NonNull::new(raw).ok_or_else(|| PropertyError::Client {
            message: "out of memory".to_owned(),
        })?);
        for (name, value) in properties {
            conf.set(name, value)?;
        }
        Ok(conf)
    }

    /// Sets one property.
    pub(super) fn set(&self, name: &str, value: &str) -> Result<(), PropertyError> {
        let invalid = |message: String| PropertyError::Invalid {
            name: name.to_owned(),
            message,
        };
        let c_name = CString::new(name).map_err(|_| invalid("the name holds a NUL".to_owned()))?;
        let c_value =
            CString::new(value).map_err(|_| invalid("the value holds a NUL".to_owned()))?;
        let mut text = ErrorText::new();
        let (buffer, size) = text.buffer();
        // SAFETY: all pointers live during the call; librdkafka copies both strings.
        let result = unsafe {
            c::rd_kafka_conf_set(
                self.0.as_ptr(),
                c_name.as_ptr(),
                c_value.as_ptr(),
                buffer,
                size,
            )
        };
        match result {
            c::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK => Ok(()),
            c::rd_kafka_conf_res_t::RD_KAFKA_CONF_UNKNOWN => Err(PropertyError::Unknown {
                name: name.to_owned(),
            }),
            c::rd_kafka_conf_res_t::RD_KAFKA_CONF_INVALID => Err(invalid(text.text())),
        }
    }

    pub(super) fn as_ptr(&self) -> *mut c::rd_kafka_conf_t {
        self.0.as_ptr()
    }

    /// Gives the object up: a client owns it now.
    pub(super) fn release(self) {
        std::mem::forget(self);
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        // SAFETY: still owned, or `release` would have forgotten it.
        unsafe { c::rd_kafka_conf_destroy(self.0.as_ptr()) }
    }
}

/// The names of all properties that librdkafka has.
pub fn property_names() -> Vec<String> {
    let mut names = Vec::new();
    // SAFETY: the dump is an array of `count` C strings, names and values in turn, that lives
    // until it is given back; the configuration outlives it.
    unsafe {
        let conf = c::rd_kafka_conf_new();
        let mut count = 0;
        let dump = c::rd_kafka_conf_dump(conf, &raw mut count);
        for index in (0..count).step_by(2) {
            names.push(owned(*dump.add(index)));
        }
        c::rd_kafka_conf_dump_free(dump, count);
        c::rd_kafka_conf_destroy(conf);
    }
    names
}

/// Checks properties without making a client.
pub fn check_properties(properties: &[(String, String)]) -> Result<(), PropertyError> {
    Conf::new(properties).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str) -> Result<(), PropertyError> {
        check_properties(&[(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn unknown_and_invalid_are_told_apart() {
        assert_eq!(check("client.id", "x"), Ok(()));
        assert_eq!(
            check("no.such", "x"),
            Err(PropertyError::Unknown {
                name: "no.such".into()
            })
        );
        assert!(matches!(
            check("socket.timeout.ms", "soon"),
            Err(PropertyError::Invalid { .. })
        ));
        assert!(matches!(
            check("client.id", "a\0b"),
            Err(PropertyError::Invalid { .. })
        ));
    }
}
