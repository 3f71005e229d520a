//! What is played: one recording, or the segments of a flight recorder.

use std::path::{Path, PathBuf};

use super::{Instead, TimelineError};
use crate::model::Timestamp;
use crate::recording::{Reader, segments};

/// A recording file, or the directory of a flight recorder.
#[derive(Clone, Debug)]
pub struct Tape {
    path: PathBuf,
    /// What it is judged by instead of what was recorded.
    instead: Option<Instead>,
}

impl Tape {
    /// The tape at `path`.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn open(path: &Path) -> Result<Self, TimelineError> {
        let tape = Self {
            path: path.to_owned(),
            instead: None,
        };
        let files = tape.files()?;
        if let [only] = files.as_slice() {
            Reader::open(&only.1).map_err(|error| tape.failed(error))?;
        }
        Ok(tape)
    }

    /// The same, judged by other rules or policies.
    pub fn judged_by(self, instead: Instead) -> Self {
        let instead = Some(instead);
        Self { instead, ..self }
    }

    /// What it is judged by instead of what was recorded.
    pub(super) fn instead(&self) -> Option<&Instead> {
        self.instead.as_ref()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its files in order, with when each begins as far as its name tells.
    pub(super) fn files(&self) -> Result<Vec<(Option<Timestamp>, PathBuf)>, TimelineError> {
        if !self.path.is_dir() {
            return Ok(vec![(None, self.path.clone())]);
        }
        let found = segments(&self.path).map_err(|error| self.failed(error))?;
        Ok(found.into_iter().map(|s| (Some(s.from), s.path)).collect())
    }

    /// When the last of its files that begin no later than `at` does, as far as names tell.
    pub(super) fn begins_before(&self, at: Timestamp) -> Result<Option<Timestamp>, TimelineError> {
        let begin = self.files()?.into_iter().filter_map(|(from, _)| from);
        Ok(begin.filter(|from| *from <= at).max())
    }

    pub(super) fn failed(&self, error: std::io::Error) -> TimelineError {
        TimelineError::Open {
            path: self.path.clone(),
            error,
        }
    }
}
