//! The folding thread: one order for the recorder, the pipeline and the faces.
//!
//! In: observations of the past, then live ones. Out: snapshots, asks, and, where a recorder
//! listens, all that was folded in the order of folding.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::session::Router;
use crate::model::{Observation, Snapshot};
use crate::pipeline::Pipeline;
use crate::recording::{Checkpoint, Tap};
use crate::tui;

/// Observations of the past that are handed over at once …
const BATCH: usize = 512;
/// … and how many of such may wait: the past of a big cluster needs no room.
const BATCHES: usize = 16;

/// Makes the past on a thread of its own while what was made is folded. The thread ends when
/// nobody takes what it makes any more.
pub(super) fn ahead(
    mut past: impl Iterator<Item = Observation> + Send + 'static,
) -> Receiver<Vec<Observation>> {
    let (out, made) = sync_channel(BATCHES);
    tokio::task::spawn_blocking(move || {
        loop {
            let batch: Vec<_> = past.by_ref().take(BATCH).collect();
            if batch.is_empty() || out.send(batch).is_err() {
                return;
            }
        }
    });
    made
}

/// What the thread gives to.
pub(super) struct Folding {
    pub(super) snapshots: watch::Sender<Arc<Snapshot>>,
    /// Takes the snapshots of the past.
    pub(super) keep: Option<tui::Past>,
    pub(super) router: Router,
    pub(super) tap: Option<Tap>,
    pub(super) desk: Option<Desk>,
}

impl Folding {
    /// Folds until nothing comes any more.
    pub(super) fn run(
        mut self,
        mut pipeline: Pipeline,
        before: Receiver<Vec<Observation>>,
        mut observations: mpsc::Receiver<Observation>,
        stop: &CancellationToken,
    ) {
        self.head(&pipeline);
        let mut untold = false;
        for observation in before.into_iter().flatten() {
            // Whoever wants to end need not wait for the past.
            if stop.is_cancelled() {
                return;
            }
            let observation = Arc::new(observation);
            if let Some(tap) = &mut self.tap {
                tap.record_past(&observation);
            }
            // Asks on the past are not worth anything any more.
            let Some(cut) = pipeline.fold(&observation) else {
                continue;
            };
            untold |= !cut.notifications.is_empty();
            if let Some(keep) = &self.keep {
                keep.add(&cut.snapshot);
            }
        }
        if untold {
            // Nor was anybody told of it: what still stands is to be told as new.
            pipeline.tell_anew();
        }
        self.keep = None;
        while let Some(observation) = observations.blocking_recv() {
            // Recorded first: if the fold breaks on it, the recording has it.
            let observation = Arc::new(observation);
            if let Some(tap) = &mut self.tap {
                tap.record(&observation);
            }
            if let Some(mut cut) = pipeline.fold(&observation) {
                if let Some(desk) = &mut self.desk {
                    desk.take(&mut cut, &pipeline);
                }
                self.snapshots.send_replace(cut.snapshot);
                self.router.route(cut.asks);
                self.checkpoint_if_wanted(&pipeline);
            }
        }
    }

    /// A recording that goes on from a run before begins with what was known.
    fn head(&mut self, pipeline: &Pipeline) {
        if pipeline.standing().is_some() {
            self.checkpoint_if_wanted(pipeline);
        } else if let Some(tap) = &self.tap {
            // Nothing is known: it begins with a start.
            let _ = tap.wants_checkpoint();
        }
    }

    fn checkpoint_if_wanted(&mut self, pipeline: &Pipeline) {
        let Some(tap) = self.tap.as_mut().filter(|t| t.wants_checkpoint()) else {
            return;
        };
        let form = Pipeline::CHECKPOINT_FORM;
        match pipeline.freeze() {
            Ok(frozen) => {
                let make = move || {
                    let bytes = frozen.into_bytes().map_err(|error| error.to_string())?;
                    Ok(Checkpoint { form, bytes })
                };
                tap.checkpoint(make, pipeline.at());
            }
            Err(error) => tracing::warn!("{error}"),
        }
    }
}
