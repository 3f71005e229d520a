//! Following: a thread that keeps the newest snapshot, and says how the link does.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::sync::watch;

use super::{AttachError, Client};
use crate::model::{Clock, Generation, Snapshot, Timestamp};

/// How often it is asked.
const EACH: Duration = Duration::from_secs(1);
/// After a failure: so long at first, twice as long each time …
const FIRST_RETRY: Duration = Duration::from_millis(500);
/// … up to this.
const LAST_RETRY: Duration = Duration::from_secs(10);

/// How the link does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// When it last answered.
    pub answered: Option<Timestamp>,
    /// What goes wrong now, and since when.
    pub broken: Option<(Timestamp, Arc<str>)>,
    /// What its own source is.
    pub source: Option<Arc<str>>,
}

/// Follows a `serve`. Its thread ends when this is dropped.
pub struct Follower {
    /// The newest snapshot; generation 0 until the first answer.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// How the link does.
    pub link: watch::Receiver<Link>,
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
        let run = Run {
            client,
            snapshots: snapshot_tx,
            link: link_tx,
            clock,
            whole: true,
        };
        std::thread::Builder::new()
            .name("attach".to_owned())
            .spawn(move || run.run(&ended))?;
        Ok(Self {
            snapshots,
            link,
            _end: end,
        })
    }
}

struct Run {
    client: Client,
    snapshots: watch::Sender<Arc<Snapshot>>,
    link: watch::Sender<Link>,
    clock: Clock,
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
        let (delta, source) = self.client.delta(since)?;
        self.answered(source);
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

    fn answered(&self, source: Option<String>) {
        let now = (self.clock)();
        self.link.send_modify(|link| {
            if let Some((since, _)) = link.broken.take() {
                tracing::info!(
                    "{} answers again, after {}",
                    self.client.url(),
                    since.age_at(now)
                );
            }
            link.answered = Some(now);
            link.source = source.map(Into::into).or(link.source.take());
        });
    }

    fn broke(&self, error: &AttachError) {
        let (now, text) = ((self.clock)(), Arc::<str>::from(error.to_string()));
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
