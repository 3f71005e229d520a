//! The flight recorder of `serve`: takes the state directory, goes on where the last run stood,
//! and writes down what this one observes.

use std::path::Path;
use std::sync::Arc;

use crate::model::Clock;
use crate::pipeline::{CheckpointError, Pipeline};
use crate::recording::{Recorder, RecorderError, Ring, Tap};
use crate::store::{Ledger, StateDir, StoreError};
use crate::timeline::{Tape, resume};

use super::setup::Refusal;

/// A running flight recorder.
pub(super) struct Flight {
    /// What it holds.
    pub(super) tape: Tape,
    /// The state directory.
    pub(super) state: StateDir,
    recorder: Recorder,
}

/// What a session takes of it.
pub(super) struct Aboard {
    /// Where the last run stood, and all that it knew.
    pub(super) begin: Box<dyn FnOnce() -> Pipeline + Send>,
    /// Where this one is written.
    pub(super) tap: Tap,
    /// Where alerts stand, and what is to be told.
    pub(super) ledger: Arc<Ledger>,
}

/// Takes the state directory. `None`: it cannot be used, which is said; `serve` goes on without.
///
/// # Errors
///
/// When another `serve` has it.
pub(super) fn board(
    state_dir: &Path,
    max_bytes: u64,
    clock: &Clock,
) -> Result<Option<(Flight, Aboard)>, Refusal> {
    let (state, notes) = match StateDir::take(state_dir, clock()) {
        Ok(taken) => taken,
        Err(error @ StoreError::Locked { .. }) => {
            return Err(Refusal::failed(format!("error: {error}")));
        }
        Err(error) => {
            tracing::warn!("{error}: nothing is kept, and nothing of before is known");
            return Ok(None);
        }
    };
    for note in notes {
        tracing::warn!("{note}");
    }
    match start(state, max_bytes, clock) {
        Ok(both) => Ok(Some(both)),
        Err(why) => {
            tracing::warn!("{why}: nothing is kept, and nothing of before is known");
            Ok(None)
        }
    }
}

fn start(state: StateDir, max_bytes: u64, clock: &Clock) -> Result<(Flight, Aboard), String> {
    let (ledger, notes) = state.ledger(clock()).map_err(|e| e.to_string())?;
    for note in notes {
        tracing::warn!("{note}");
    }
    let ledger = Arc::new(ledger);
    let stood = Arc::clone(&ledger);
    let dir = state.flight_recorder();
    // What is there is read before the ring begins a segment behind it.
    let ring = Ring::open(&dir, max_bytes).map_err(|e| format!("{}: {e}", dir.display()))?;
    let before = Tape::open(&dir).map_err(|e| e.to_string())?;
    let tape = before.clone();
    let (recorder, tap) = Recorder::ring(ring).map_err(|e| e.to_string())?;
    let begin = Box::new(move || {
        let (pipeline, notes) = resume(&before);
        for note in notes {
            tracing::warn!("{note}");
        }
        if let Some(standing) = pipeline.as_ref().and_then(Pipeline::standing) {
            tracing::info!("going on from what was known at {}", standing.at);
        }
        let mut pipeline = pipeline.unwrap_or_default();
        take_alerts(&mut pipeline, &stood);
        pipeline
    });
    let flight = Flight {
        tape,
        state,
        recorder,
    };
    let aboard = Aboard { begin, tap, ledger };
    Ok((flight, aboard))
}

/// Where alerts stand is what was written with what was to be told, whatever the recording says: it
/// may end before or after that. What was folded of it was told, or waits in the ledger.
fn take_alerts(pipeline: &mut Pipeline, ledger: &Ledger) {
    let taken = match ledger.state() {
        Ok(None) => return,
        Ok(Some(state)) => {
            let taken = match state.form {
                Pipeline::CHECKPOINT_FORM => pipeline.take_alert_state(&state.bytes),
                other => Err(CheckpointError::Form(other)),
            };
            taken.map_err(|e| e.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    if let Err(why) = taken {
        tracing::warn!("where alerts stood is not known, beyond the flight recorder: {why}");
    }
}

impl Flight {
    /// Waits until all is written: the session must have ended.
    pub(super) async fn land(self) {
        let joined = tokio::task::spawn_blocking(move || self.recorder.join()).await;
        if let Ok(Err(error @ (RecorderError::Write { .. } | RecorderError::Broke))) = joined {
            tracing::warn!("the flight recorder: {error}");
        }
    }
}
