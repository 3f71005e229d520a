//! The audit log: each accepted command on a line of its own, added and never changed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::model::Timestamp;

/// Its name in the state directory.
const FILE: &str = "audit.jsonl";

/// An open audit log.
#[derive(Debug)]
pub struct Audit(Mutex<File>);

#[derive(Serialize)]
struct Line<'a, T> {
    at: Timestamp,
    #[serde(flatten)]
    what: &'a T,
}

impl Audit {
    /// The log in this directory, made if it is not there.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .append(true)
            .mode(0o600)
            .open(dir.join(FILE))?;
        Ok(Self(Mutex::new(file)))
    }

    /// Adds a line. When this returns, it outlives a power cut.
    ///
    /// # Errors
    ///
    /// What the system says: then nothing was accepted.
    pub fn add(&self, at: Timestamp, what: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Line { at, what })?;
        line.push(b'\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line)?;
        file.sync_data()
    }
}
