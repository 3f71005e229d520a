//! Who may connect and how: TLS, basic auth, bearer tokens, headers, from a file in the format of
//! Prometheus' web configuration.
//!
//! In: the file. Out: a TLS acceptor, and for each request whether it may go on. Secrets stay
//! inside: no error and no log shows one.

mod auth;
mod file;
mod tls;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};

pub(super) use auth::Gate;
pub(super) use tls::Tls;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("web configuration {path}: {why}")]
pub struct WebError {
    path: String,
    why: String,
}

/// What the file says.
#[derive(Clone, Default)]
pub struct Web {
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) gate: Option<Arc<Gate>>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Web {
    /// Reads the file and all that it names.
    ///
    /// # Errors
    ///
    /// What in it cannot be used.
    pub fn load(path: &Path) -> Result<Self, WebError> {
        let failed = |why: String| WebError {
            path: path.display().to_string(),
            why,
        };
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let directory = path.parent().unwrap_or(Path::new("."));
        file::read(&text, directory).map_err(failed)
    }

    /// Whether connections are encrypted.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}
