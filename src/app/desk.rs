//! From the fold to the outbox: what a cut calls for is written down, and only then told.
//!
//! In: cuts, on the folding thread. Out: letters that are on the disk, handed to the receivers'
//! threads, and snapshots whose alert state is on the disk, for those who tell of alerts as they
//! stand.
//!
//! **Where the transaction is.** The folding thread only packs the alert state, and only at a cut in
//! which an alert moved or something is to be told; it hands both to the scribe, a thread of its
//! own, which writes them as one transaction and waits for the disk. That is right because nothing
//! is told before the transaction that calls for it has ended: whenever the process dies, what was
//! not written was not told either, and the next run, which begins from the state that was written,
//! makes the same step again. What waits for the disk together is written together. Only when the
//! disk is behind by [`WAITING`] such cuts does the fold wait.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use tokio::sync::watch;

use crate::model::{Notification, Snapshot};
use crate::notify::{Letter, Post};
use crate::pipeline::{Cut, Pipeline};
use crate::store::{Batch, Ledger, State};

/// Cuts that may wait for the disk.
const WAITING: usize = 256;

/// What a cut brings.
struct Sheet {
    snapshot: Arc<Snapshot>,
    state: Option<State>,
    notifications: Vec<Notification>,
}

/// The folding thread's end.
pub struct Desk {
    out: SyncSender<Sheet>,
    behind: bool,
}

/// The newest snapshot whose alert state is on the disk, for as long as the scribe runs.
#[derive(Clone)]
pub(super) struct Written(watch::Receiver<Option<Arc<Snapshot>>>);

impl Written {
    /// That snapshot; none before the first.
    pub(super) fn newest(&self) -> Option<Arc<Snapshot>> {
        self.0.borrow().clone()
    }

    /// Whether there will be none any more.
    pub(super) fn is_closed(&self) -> bool {
        self.0.has_changed().is_err()
    }
}

/// Gives a letter to its receiver's thread.
pub(super) type Hand = Box<dyn Fn(Post) + Send>;

/// Starts the scribe. It ends when the desk is dropped, after all was written.
pub(super) fn open(ledger: Arc<Ledger>, hand: Hand) -> (Desk, Written, thread::JoinHandle<()>) {
    let (out, sheets) = sync_channel(WAITING);
    let (written, newest) = watch::channel(None);
    let scribe = Scribe {
        ledger,
        spare: None,
        hand,
        written,
    };
    let running = thread::Builder::new().name("scribe".to_owned());
    let running = running.spawn(move || scribe.run(&sheets));
    let desk = Desk { out, behind: false };
    (
        desk,
        Written(newest),
        running.unwrap_or_else(|_| thread::spawn(|| ())),
    )
}

impl Desk {
    /// Hands over what a cut brings.
    pub(super) fn take(&mut self, cut: &mut Cut, pipeline: &Pipeline) {
        let notifications = std::mem::take(&mut cut.notifications);
        let matters = cut.alerts_moved || !notifications.is_empty();
        let state = matters.then(|| packed(pipeline)).flatten();
        let sheet = Sheet {
            snapshot: Arc::clone(&cut.snapshot),
            state,
            notifications,
        };
        match self.out.try_send(sheet) {
            Ok(()) => self.behind = false,
            // A snapshot in which nothing moved: the next one is as good.
            Err(TrySendError::Full(_)) if !matters => {}
            Err(TrySendError::Full(sheet)) => {
                if !std::mem::replace(&mut self.behind, true) {
                    tracing::warn!("the state directory's disk is too slow: alerts wait for it");
                }
                let _ended = self.out.send(sheet);
            }
            Err(TrySendError::Disconnected(_)) => {}
        }
    }
}

fn packed(pipeline: &Pipeline) -> Option<State> {
    match pipeline.alert_state() {
        Ok(bytes) => Some(State {
            form: Pipeline::CHECKPOINT_FORM,
            bytes,
        }),
        Err(error) => {
            tracing::warn!("where alerts stand cannot be written down: {error}");
            None
        }
    }
}

struct Scribe {
    ledger: Arc<Ledger>,
    /// Where letters stand while the disk takes none: better told twice than never.
    spare: Option<Arc<Ledger>>,
    hand: Hand,
    written: watch::Sender<Option<Arc<Snapshot>>>,
}

impl Scribe {
    fn run(mut self, sheets: &Receiver<Sheet>) {
        while let Ok(first) = sheets.recv() {
            let mut together = vec![first];
            together.extend(sheets.try_iter().take(WAITING));
            let newest = together.last().map(|s| Arc::clone(&s.snapshot));
            self.write(together);
            self.written.send_replace(newest);
        }
    }

    fn write(&mut self, sheets: Vec<Sheet>) {
        let mut batch = Batch::default();
        for sheet in sheets {
            batch.state = sheet.state.or(batch.state);
            for notification in sheet.notifications {
                match Letter::new(notification, &sheet.snapshot).to_entry() {
                    Ok(letter) => batch.letters.push(letter),
                    Err(error) => tracing::error!("a notification cannot be written: {error}"),
                }
            }
        }
        if batch.is_empty() {
            return;
        }
        match self.ledger.write(&batch) {
            Ok(heads) => {
                let ledger = &self.ledger;
                for head in heads {
                    let ledger = Arc::clone(ledger);
                    (self.hand)(Post { ledger, head });
                }
            }
            Err(error) => {
                tracing::error!("alerts cannot be written to the state directory: {error}");
                self.write_aside(batch);
            }
        }
    }

    fn write_aside(&mut self, batch: Batch) {
        if self.spare.is_none() {
            self.spare = Ledger::in_memory().ok().map(Arc::new);
        }
        let Some(spare) = &self.spare else { return };
        let letters = Batch {
            letters: batch.letters,
            ..Batch::default()
        };
        for head in spare.write(&letters).unwrap_or_default() {
            let ledger = Arc::clone(spare);
            (self.hand)(Post { ledger, head });
        }
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
