//! Recordings: everything that was observed, line by line, and back.
//!
//! In: observations, in the order in which they are folded. Out: JSON Lines (zstd when the name
//! ends in `.zst`), one observation a line, that a person can read and write
//! (`docs/recording.md`); and from such a file the same observations, with what could not be read
//! of it as [`Issue`]s. A [`Recorder`] writes on a thread of its own behind a bounded queue: it
//! slows nobody, and what finds no room leaves a gap that the file tells. A recording holds no
//! secrets, because observations hold none.

mod change;
mod line;
mod read;
mod recorder;
mod ring;
mod subject;
mod write;

#[cfg(test)]
mod tests;

pub use read::{Issue, Item, Place, Reader};
pub use recorder::{Recorder, RecorderError, Summary, Tap};
pub use ring::{Ring, Segment, segments};
pub use write::{Sink, Writer};

/// A checkpoint as a recording carries it: what it holds is known to the pipeline alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The form that the bytes are in.
    pub form: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Checkpoint(form {}, {} bytes)",
            self.form,
            self.bytes.len()
        )
    }
}
