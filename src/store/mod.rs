//! The state directory: what `serve` keeps for its next start.
//!
//! In: a path. Out: a locked directory, with a place for the flight recorder, the audit log, the token
//! of commands, and the [`Ledger`]: where alerts stand and what is still to be told. Only `serve`
//! takes the lock; others read the files without it. Files are replaced whole or not at all. What is
//! damaged, or of a later version, is set aside under another name and never deleted: `serve` goes
//! on without it.

mod atomic;
mod audit;
mod ledger;
mod token;

#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::{Secret, Timestamp};

pub use atomic::replace;
pub use audit::Audit;
pub use ledger::{Batch, Ledger, LedgerError, Letter, State, Waiting};

/// The version of the directory's layout.
const FORMAT: u32 = 1;
/// Says which it is.
const FORMAT_FILE: &str = "laggard-state.json";
/// Held while a `serve` runs.
const LOCK_FILE: &str = "lock";
/// Where segments are.
const FLIGHT_RECORDER: &str = "flight-recorder";
/// Where alerts stand and what is still to be told.
const LEDGER: &str = "alerts.redb";

/// Why there is no state directory.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another `serve` has it.
    #[error("another `laggard serve` keeps its state in {}; give each its own state_dir", path.display())]
    Locked {
        /// Which.
        path: PathBuf,
    },
    /// It cannot be made, read or written.
    #[error("the state directory {} cannot be used: {error}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

#[derive(Serialize, Deserialize)]
struct Format {
    format: u32,
}

/// A state directory that is ours until this is dropped.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    _lock: File,
}

/// The flight recorder in a state directory, for those who only read.
pub fn flight_recorder(state_dir: &Path) -> PathBuf {
    state_dir.join(FLIGHT_RECORDER)
}

impl StateDir {
    /// Takes the directory, which is made if it is not there. What is damaged is set aside under a
    /// name with `now` in it; the second part says what was, a line each.
    ///
    /// # Errors
    ///
    /// When another process has it, or it cannot be used at all.
    pub fn take(path: &Path, now: Timestamp) -> Result<(Self, Vec<String>), StoreError> {
        let mut notes = Vec::new();
        let unusable = |error| StoreError::Unusable {
            path: path.to_owned(),
            error,
        };
        if path.exists() && !path.is_dir() {
            // A user's file, most likely, and a slip in the configuration: it is left alone.
            return Err(unusable(io::ErrorKind::NotADirectory.into()));
        }
        fs::create_dir_all(path).map_err(unusable)?;
        let lock = lock(path).map_err(|error| match error {
            TryLockError::WouldBlock => StoreError::Locked {
                path: path.to_owned(),
            },
            TryLockError::Error(error) => unusable(error),
        })?;
        if let Err(why) = check_format(path) {
            for name in [FORMAT_FILE, FLIGHT_RECORDER, LEDGER] {
                let part = path.join(name);
                if part.exists() {
                    set_aside(&part, now, &why, &mut notes).map_err(unusable)?;
                }
            }
        }
        let flights = flight_recorder(path);
        if flights.exists() && !flights.is_dir() {
            set_aside(&flights, now, "it is no directory", &mut notes).map_err(unusable)?;
        }
        let format = format!("{{\"format\":{FORMAT}}}\n");
        replace(&path.join(FORMAT_FILE), format.as_bytes()).map_err(unusable)?;
        let taken = Self {
            path: path.to_owned(),
            _lock: lock,
        };
        Ok((taken, notes))
    }

    /// The audit log, opened.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn audit(&self) -> io::Result<Audit> {
        Audit::open(&self.path)
    }

    /// The token of commands, made at the first start.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn token(&self) -> io::Result<Secret> {
        token::token(&self.path)
    }

    /// Where the flight recorder's segments go.
    pub fn flight_recorder(&self) -> PathBuf {
        flight_recorder(&self.path)
    }

    /// Opens the ledger. One that is damaged is set aside under a name with `now` in it, and a new
    /// one begun; the second part says so.
    ///
    /// # Errors
    ///
    /// When there can be none.
    pub fn ledger(&self, now: Timestamp) -> Result<(Ledger, Vec<String>), StoreError> {
        let path = self.path.join(LEDGER);
        let mut notes = Vec::new();
        let unusable = |error| StoreError::Unusable {
            path: path.clone(),
            error,
        };
        let opened = Ledger::open(&path).or_else(|why| {
            if path.exists() {
                let why = format!("it cannot be read: {why}");
                set_aside(&path, now, &why, &mut notes).map_err(unusable)?;
            }
            Ledger::open(&path).map_err(|error| unusable(io::Error::other(error.to_string())))
        });
        opened.map(|ledger| (ledger, notes))
    }
}

fn lock(path: &Path) -> Result<File, TryLockError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.join(LOCK_FILE))
        .map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(file)
}

/// Whether the directory is of our making, or empty of it.
fn check_format(path: &Path) -> Result<(), String> {
    let text = match fs::read(path.join(FORMAT_FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    match serde_json::from_slice(&text) {
        Ok(Format { format: FORMAT }) => Ok(()),
        Ok(Format { format }) => Err(format!(
            "its format is {format}, and this Laggard knows {FORMAT}"
        )),
        Err(error) => Err(format!("{FORMAT_FILE} is damaged: {error}")),
    }
}

fn set_aside(path: &Path, now: Timestamp, why: &str, notes: &mut Vec<String>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".damaged-{}", now.as_millis()));
    let aside = path.with_file_name(name);
    fs::rename(path, &aside)?;
    notes.push(format!(
        "{} was set aside as {}: {why}",
        path.display(),
        aside.display()
    ));
    Ok(())
}
