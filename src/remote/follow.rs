//! Following: a thread that keeps the newest snapshot, and says how the link does.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::sync::watch;

use super::{AttachError, Client, Told};
use crate::model::{Clock, Generation, Snapshot, Span, Timestamp};

/// How often it is asked.
const EACH: Duration = Duration::from_secs(1);
/// After a failure: so long at first, twice as long each time …
const FIRST_RETRY: Duration = Duration::from_millis(500);
/// … up to this.
const LAST_RETRY: Duration = Duration::from_secs(10);

/// Clocks that differ by no more than this are alike.
const ALIKE: Span = Span::from_secs(2);

/// How the link does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// When it last answered.
    pub answered: Option<Timestamp>,
    /// What goes wrong now, and since when.
    pub broken: Option<(Timestamp, Arc<str>)>,
    /// What its own source is.
    pub source: Option<Arc<str>>,
    /// Which Laggard it is.
    pub version: Option<Arc<str>>,
    /// Since when a question waits for its answer.
    pub asked: Option<Timestamp>,
}

/// Follows a `serve`. Its thread ends when this is dropped.
pub struct Follower {
    /// The newest snapshot; generation 0 until the first answer.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// How the link does.
    pub link: watch::Receiver<Link>,
    ahead: Arc<AtomicI64>,
    clock: Clock,
    _end: Sender<()>,
}

impl Follower {
    /// Begins to follow. `clock` is for telling how old things are.
    ///
    /// # Errors
    ///
    /// When there can be no thread.
    pub fn start(client: Client, clock: Clock) -> std::io::Result<Self> {
        let empty = Snapshot::empty("none".into(), clock());
        let (snapshot_tx, snapshots) = watch::channel(Arc::new(empty));
        let (link_tx, link) = watch::channel(Link::default());
        let (end, ended) = channel();
        let ahead = Arc::new(AtomicI64::new(0));
        let run = Run {
            client,
            snapshots: snapshot_tx,
            link: link_tx,
            clock: Arc::clone(&clock),
            ahead: Arc::clone(&ahead),
            whole: true,
        };
        std::thread::Builder::new()
            .name("attach".to_owned())
            .spawn(move || run.run(&ended))?;
        Ok(Self {
            snapshots,
            link,
            ahead,
            clock,
            _end: end,
        })
    }

    /// The time there, as far as its answers tell: what it shows is as old as it is there, whatever
    /// the clock of this machine says.
    pub fn clock(&self) -> Clock {
        let (clock, ahead) = (Arc::clone(&self.clock), Arc::clone(&self.ahead));
        Arc::new(move || clock() + Span::from_millis(ahead.load(Ordering::Relaxed)))
    }
}

struct Run {
    client: Client,
    snapshots: watch::Sender<Arc<Snapshot>>,
    link: watch::Sender<Link>,
    clock: Clock,
    /// By how many milliseconds its clock is ahead of ours.
    ahead: Arc<AtomicI64>,
    /// Ask for all, whatever we have.
    whole: bool,
}

impl Run {
    fn run(mut self, ended: &Receiver<()>) {
        let mut retry = FIRST_RETRY;
        loop {
            let wait = match self.ask() {
                Ok(()) => {
                    retry = FIRST_RETRY;
                    EACH
                }
                Err(error) => {
                    self.broke(&error);
                    let now = retry;
                    retry = (retry * 2).min(LAST_RETRY);
                    now
                }
            };
            if ended.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    fn ask(&mut self) -> Result<(), AttachError> {
        let have = Arc::clone(&self.snapshots.borrow());
        let since = Some(&have.generation).filter(|_| !self.whole);
        let asked = self.now();
        self.link.send_modify(|link| link.asked = Some(asked));
        let answer = self.client.delta(since);
        self.link.send_modify(|link| link.asked = None);
        let (delta, told) = answer?;
        self.set_clock(asked, told.time);
        self.answered(told);
        let told = &delta.changed.generation;
        let fits = delta
            .since
            .is_none_or(|n| follows(&have.generation, told, n));
        // A change of what we do not have: next time all is asked for.
        self.whole = !fits;
        if fits && *told != have.generation {
            self.snapshots.send_replace(delta.onto(&have));
        }
        Ok(())
    }

    /// Its time, as far as it is known.
    fn now(&self) -> Timestamp {
        (self.clock)() + Span::from_millis(self.ahead.load(Ordering::Relaxed))
    }

    /// Its clock is as far ahead of ours as it must be for its time to lie between question and answer.
    fn set_clock(&self, asked: Timestamp, time: Option<Timestamp>) {
        let Some(time) = time else { return };
        let answered = self.now();
        let off = time - time.clamp(asked, answered.max(asked));
        if off.as_millis().abs() <= ALIKE.as_millis() {
            return;
        }
        let before = self.ahead.fetch_add(off.as_millis(), Ordering::Relaxed);
        let now = Span::from_millis(before.saturating_add(off.as_millis()));
        tracing::info!(
            "the clock of {} is {now} ahead of this machine's; ages are told by it",
            self.client.address()
        );
    }

    fn answered(&self, told: Told) {
        let now = self.now();
        self.link.send_modify(|link| {
            if let Some((since, _)) = link.broken.take() {
                tracing::info!(
                    "{} answers again, after {}",
                    self.client.address(),
                    since.age_at(now)
                );
            }
            link.answered = Some(now);
            link.source = told.source.map(Into::into).or(link.source.take());
            let version = told.version.map(Arc::<str>::from);
            if version != link.version {
                let which = version.as_deref().unwrap_or("of an unknown version");
                tracing::info!("{} is Laggard {which}", self.client.address());
                link.version = version;
            }
        });
    }

    fn broke(&self, error: &AttachError) {
        let (now, text) = (self.now(), Arc::<str>::from(error.to_string()));
        self.link.send_modify(|link| {
            if link.broken.as_ref().is_none_or(|(_, was)| *was != text) {
                tracing::warn!("{text}");
            }
            let since = link.broken.take().map_or(now, |(since, _)| since);
            link.broken = Some((since, text));
        });
    }
}

/// Whether a change told since `n` is one of what we have.
fn follows(have: &Generation, told: &Generation, n: u64) -> bool {
    have.boot == told.boot && have.n == n
}
