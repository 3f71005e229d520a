//! The past: the snapshot at a time, and recordings played like live runs.
//!
//! In: a recording, or the directory of a flight recorder. Out: the snapshots that the run which
//! made it had, the same byte for byte. A [`Head`] folds a tape from tick to tick; [`snapshot_at`]
//! looks up one instant; a [`Player`] plays with a virtual clock that faces go by: play, pause,
//! seek, speed. It never writes.

mod backtest;
mod head;
mod history;
mod marks;
mod player;
mod tape;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use crate::model::{Snapshot, Timestamp};
use crate::pipeline::Pipeline;

pub use backtest::{Instead, backtest};
pub use head::Head;
pub use history::{HistoryPoint, history};
pub use player::{Order, Player, Position};
pub use tape::Tape;

/// Why a tape cannot show what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    /// It cannot be opened.
    #[error("cannot read {}: {error}", path.display())]
    Open {
        /// Which file or directory.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It holds no tick, so no snapshot.
    #[error("{} shows nothing: it holds no tick, and only a tick makes a snapshot (docs/recording.md)", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// It begins later.
    #[error("{} begins at {begins}, after {at}", path.display())]
    Before {
        /// Which.
        path: PathBuf,
        /// Its first snapshot.
        begins: Timestamp,
        /// What was asked for.
        at: Timestamp,
    },
    /// It ends earlier.
    #[error("{} ends at {ends}, before {at}", path.display())]
    After {
        /// Which.
        path: PathBuf,
        /// Its last snapshot.
        ends: Timestamp,
        /// What was asked for.
        at: Timestamp,
    },
}

/// The snapshot that was true at `at` (the last one not after it); without a time, the last one.
/// Beside it, what could not be read on the way, a line each.
///
/// # Errors
///
/// When the tape cannot be read at all, or does not reach to `at`.
pub fn snapshot_at(
    tape: &Tape,
    at: Option<Timestamp>,
) -> Result<(Arc<Snapshot>, Vec<String>), TimelineError> {
    let mut head = match at {
        Some(at) => Head::near(tape, at)?,
        None => Head::near_the_end(tape)?,
    };
    let mut last = head.standing();
    if let (Some(standing), Some(at)) = (&last, at)
        && standing.at > at
    {
        last = None;
    }
    while let Some(cut) = head.next_cut() {
        if at.is_some_and(|at| cut.snapshot.at > at) {
            let begins = cut.snapshot.at;
            return match (last, at) {
                (Some(snapshot), _) => Ok((snapshot, head.take_notes())),
                (None, Some(at)) => Err(TimelineError::Before {
                    path: tape.path().to_owned(),
                    begins,
                    at,
                }),
                (None, None) => Err(TimelineError::Empty {
                    path: tape.path().to_owned(),
                }),
            };
        }
        last = Some(cut.snapshot);
    }
    let path = tape.path().to_owned();
    match (last, at) {
        (None, _) => Err(TimelineError::Empty { path }),
        (Some(snapshot), Some(at)) if snapshot.at < at => Err(TimelineError::After {
            path,
            ends: snapshot.at,
            at,
        }),
        (Some(snapshot), _) => Ok((snapshot, head.take_notes())),
    }
}

/// A pipeline that stands where the run that wrote `tape` stood last: the newest checkpoint that
/// can be read, and all that follows it. `None`: there is nothing to go on from. Beside it, what
/// could not be read.
pub fn resume(tape: &Tape) -> (Option<Pipeline>, Vec<String>) {
    let mut head = match Head::near_the_end(tape) {
        Ok(head) => head,
        Err(error) => return (None, vec![error.to_string()]),
    };
    while head.next_cut().is_some() {}
    let notes = head.take_notes();
    let pipeline = head.into_pipeline();
    let knows = pipeline.standing().is_some();
    (knows.then_some(pipeline), notes)
}
