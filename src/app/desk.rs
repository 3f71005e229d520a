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
//! disk is behind by [`WAITING`] such cuts does the fold wait. A disk that refuses is tried again
//! each second; what is called for meanwhile is kept, told to nobody, and the snapshot says so.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::model::{Notification, Snapshot, Timestamp};
use crate::notify::{Letter, Post};
use crate::pipeline::{Cut, Pipeline};
use crate::store::{Batch, Ledger, LedgerError, State, Waiting};

/// Cuts that may wait for the disk.
const WAITING: usize = 256;

/// Until the next try while the disk takes nothing.
const AGAIN: Duration = Duration::from_secs(1);
/// The most letters that are kept while the disk takes none: of more, the oldest are given up.
const MOST_OWED: usize = 100_000;

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
pub(super) fn open(
    ledger: Arc<Ledger>,
    hand: Hand,
    report: Report,
) -> (Desk, Written, thread::JoinHandle<()>) {
    let (out, sheets) = sync_channel(WAITING);
    let (written, newest) = watch::channel(None);
    let scribe = Scribe {
        ledger,
        hand,
        written,
        report,
        owed: Batch::default(),
        newest: None,
        state: None,
        failing: None,
        unheard: false,
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
        self.pass(sheet, matters);
    }

    /// Hands over what a snapshot of a recording calls for: it leaves no state behind.
    pub(super) fn pass_on(&mut self, snapshot: Arc<Snapshot>, notifications: Vec<Notification>) {
        let matters = !notifications.is_empty();
        let sheet = Sheet {
            snapshot,
            state: None,
            notifications,
        };
        self.pass(sheet, matters);
    }

    fn pass(&mut self, sheet: Sheet, matters: bool) {
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

/// What came of writing: `None`, it is written; else what is in the way.
pub(super) type Report = Box<dyn FnMut(Option<&str>) -> bool + Send>;

struct Scribe {
    ledger: Arc<Ledger>,
    hand: Hand,
    written: watch::Sender<Option<Arc<Snapshot>>>,
    /// Says what came of it; whether it was heard.
    report: Report,
    /// What is not written yet.
    owed: Batch,
    newest: Option<Arc<Snapshot>>,
    /// The state as it was written last: what a file begun anew needs.
    state: Option<State>,
    failing: Option<Failing>,
    /// A report that nobody has heard yet.
    unheard: bool,
}

/// The disk takes nothing.
struct Failing {
    why: String,
    /// The number from which on letters are not known to be written.
    from: u64,
}

impl Scribe {
    fn run(mut self, sheets: &Receiver<Sheet>) {
        loop {
            let first = if self.failing.is_some() || self.unheard {
                sheets.recv_timeout(AGAIN)
            } else {
                sheets.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            let over = matches!(first, Err(RecvTimeoutError::Disconnected));
            for sheet in first.into_iter().chain(sheets.try_iter().take(WAITING)) {
                self.take(sheet);
            }
            self.write();
            if over {
                return;
            }
        }
    }

    /// Puts what a cut brings to what is not written yet.
    fn take(&mut self, sheet: Sheet) {
        self.owed.state = sheet.state.or(self.owed.state.take());
        for notification in sheet.notifications {
            match Letter::new(notification, &sheet.snapshot).to_entry() {
                Ok(letter) => self.owed.letters.push(letter),
                Err(error) => tracing::error!("a notification cannot be written: {error}"),
            }
        }
        if self.owed.letters.len() > MOST_OWED {
            let many = self.owed.letters.len() - MOST_OWED;
            self.owed.letters.drain(..many);
            tracing::error!("{many} notifications are given up: the disk takes none of them");
        }
        self.newest = Some(sheet.snapshot);
    }

    /// Writes what is owed, tells it once it is written, and says how that went.
    fn write(&mut self) {
        let before = self.ledger.next();
        match self.attempt() {
            Ok(heads) => {
                self.owed.letters.clear();
                self.state = self.owed.state.take().or(self.state.take());
                self.written.send_replace(self.newest.clone());
                self.tell(heads);
                if self.failing.take().is_some() {
                    tracing::info!("alerts are written to the state directory again");
                    self.unheard = true;
                }
            }
            Err(error) => self.failed(&error, before),
        }
        if self.unheard {
            let why = self.failing.as_ref().map(|f| &*f.why);
            self.unheard = !(self.report)(why);
        }
    }

    fn tell(&self, heads: Vec<Waiting>) {
        for head in heads {
            let ledger = Arc::clone(&self.ledger);
            (self.hand)(Post { ledger, head });
        }
    }

    fn attempt(&mut self) -> Result<Vec<Waiting>, LedgerError> {
        if let Some(failing) = &self.failing {
            // It takes nothing more before it is opened anew.
            self.ledger.mend()?;
            // An answer that was lost: all of the batch is there, or nothing.
            let there = self.ledger.waiting()?;
            let there: Vec<_> = there
                .into_iter()
                .filter(|w| w.number >= failing.from)
                .collect();
            let known = there.len().min(self.owed.letters.len());
            self.owed.letters.drain(..known);
            self.tell(there);
            let next = self.ledger.next();
            self.failing.iter_mut().for_each(|f| f.from = next);
        }
        if self.owed.is_empty() {
            return Ok(Vec::new());
        }
        self.ledger.write(&self.owed)
    }

    fn failed(&mut self, error: &LedgerError, before: u64) {
        let why = error.to_string();
        if error.is_damage() && self.failing.is_some() {
            self.begin_anew();
        }
        match &mut self.failing {
            Some(failing) if failing.why == why => {}
            Some(failing) => {
                failing.why.clone_from(&why);
                self.unheard = true;
            }
            None => {
                self.failing = Some(Failing {
                    why: why.clone(),
                    from: before,
                });
                self.unheard = true;
            }
        }
        if self.unheard {
            tracing::error!(
                "alerts cannot be written to the state directory, so nobody is told of them yet: {why}"
            );
        }
    }

    /// The file is of no use: it is set aside, and where alerts stand is written into a new one.
    fn begin_anew(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |d| d.as_millis() as i64);
        match self.ledger.begin_anew(Timestamp::from_millis(now)) {
            Ok(aside) => {
                tracing::error!(
                    "what alerts stood on was damaged and is set aside as {}: what waited in it is lost",
                    aside.display()
                );
                self.owed.state = self.owed.state.take().or_else(|| self.state.clone());
            }
            Err(error) => tracing::error!(
                "what alerts stand on is damaged, and none can be begun anew: {error}"
            ),
        }
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
