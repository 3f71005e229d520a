//! Values that may be secrets: written as they are, or kept in a file or a variable.
//!
//! `file:PATH` is that file's content, `env:NAME` that variable's. They are read each time they are
//! used, so that a rotated one is taken up. None is ever shown whole.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::place::Place;
use super::value::{Refusal, Scalar, quoted};
use crate::model::Secret;

/// How a value is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// As it was written.
    Literal(Secret),
    /// In a file.
    File(PathBuf),
    /// In a variable of the environment.
    Variable(String),
}

/// A value that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Its file cannot be read.
    #[error("the file {path} cannot be read: {why}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// Its variable is not set.
    #[error("{}", not_set(.0))]
    Variable(String),
}

fn not_set(name: &str) -> String {
    if name.is_empty() {
        "`env:` names no variable: write it like env:KAFKA_SECRET".to_owned()
    } else {
        format!("the environment variable {name} is not set")
    }
}

impl Held {
    pub(crate) fn new(text: &str, place: &Place) -> Self {
        if let Some(path) = text.strip_prefix("file:") {
            let path = Path::new(path);
            return Self::File(match place.directory() {
                Some(directory) if path.is_relative() => directory.join(path),
                _ => path.to_owned(),
            });
        }
        match text.strip_prefix("env:") {
            Some(name) => Self::Variable(name.to_owned()),
            None => Self::Literal(Secret::new(text)),
        }
    }

    /// Reads it now.
    ///
    /// # Errors
    ///
    /// When its file cannot be read or its variable is not set.
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Literal(secret) => Ok(secret.clone()),
            Self::File(path) => match std::fs::read_to_string(path) {
                // Files end with a newline that is no part of a password.
                Ok(text) => Ok(Secret::new(text.trim_end_matches(['\n', '\r']))),
                Err(why) => Err(SecretError::File {
                    path: path.display().to_string(),
                    why,
                }),
            },
            Self::Variable(name) => std::env::var(name)
                .map(Secret::new)
                .map_err(|_| SecretError::Variable(name.clone())),
        }
    }

    /// With what stands in place of one that was written as it is.
    pub(crate) fn show_or(&self, literal: impl FnOnce(&str) -> String) -> String {
        match self {
            Self::Literal(text) => literal(text.reveal()),
            Self::File(path) => format!("file:{}", path.display()),
            Self::Variable(variable) => format!("env:{variable}"),
        }
    }
}

/// An address without what could be a secret of it: its scheme and host.
pub(crate) fn host_only(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "***".to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let known = ["http", "https"].contains(&scheme);
    if !known || host.contains('@') {
        return "***".to_owned();
    }
    let more = if path.trim_matches('/').is_empty() {
        ""
    } else {
        "/***"
    };
    format!("{scheme}://{host}{more}")
}

impl Scalar for Held {
    const WHAT: &'static str = "a text, or where it is kept (\"env:NAME\", \"file:PATH\")";
    const MANY: &'static str = "texts, or where they are kept";

    fn from_text(text: &str, place: &Place) -> Result<Self, Refusal> {
        Ok(Self::new(text.trim(), place))
    }

    fn show(&self) -> String {
        quoted(&self.show_or(host_only))
    }

    fn schema() -> Json {
        json!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_scheme_and_host_are_shown() {
        for (url, shown) in [
            ("http://alertmanager:9093", "http://alertmanager:9093"),
            ("http://alertmanager:9093/", "http://alertmanager:9093"),
            (
                "https://hooks.example.com/services/T/B/x",
                "https://hooks.example.com/***",
            ),
            ("https://example.com?k=x", "https://example.com/***"),
            ("https://me:pw@example.com/", "***"),
            ("r0uting-key", "***"),
        ] {
            assert_eq!(host_only(url), shown);
        }
    }
}
