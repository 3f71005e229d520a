//! A running pipeline: sources in, snapshots out.
//!
//! One task sequences what the sources observe and adds ticks; one thread folds. So there is one
//! order, the order in which a recorder would write, and a slow reader of snapshots slows nobody.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::model::{Ask, BootId, Clock, ClusterName, Fact, Observation, Settings, Snapshot};
use crate::pipeline::Pipeline;
use crate::recording::Tap;
use crate::tui;

pub use super::desk::Desk;
pub use super::feeds::Feed;
use super::feeds::{ASKS, Kept};
use super::fold::{Folding, ahead};

/// Observations that may wait between the sources and the pipeline; a fuller queue makes sources
/// wait, and loses nothing.
const QUEUE: usize = 4096;
/// A snapshot is made at least this often, whatever the sources do.
pub const AT_LEAST_EACH: Duration = Duration::from_secs(10);
/// Answers to asks are in a snapshot after this long at the most: what is asked in rounds is known
/// within seconds.
const PROMPTLY: Duration = Duration::from_secs(1);

/// What a session starts from.
pub struct Start {
    /// What the pipeline judges by.
    pub settings: Arc<Settings>,
    /// Where the pipeline begins: anew, or where a run before it stood. Made on its own thread.
    pub begin: Box<dyn FnOnce() -> Pipeline + Send>,
    /// Observations of the time before, folded before the first live one.
    pub past: Box<dyn Iterator<Item = Observation> + Send>,
    /// Takes the snapshots of that time, for a screen to go back to.
    pub keep: Option<tui::Past>,
    /// The live sources.
    pub feeds: Vec<Feed>,
    /// A snapshot is made at least this often: [`AT_LEAST_EACH`], shorter for one-shots.
    pub cut_each: Duration,
    /// The time.
    pub clock: Clock,
    /// Writes down what is folded.
    pub tap: Option<Tap>,
    /// Takes what is to be told, with what came of telling as observations.
    pub telling: Option<(Desk, mpsc::Receiver<Observation>)>,
    /// Ends everything.
    pub stop: CancellationToken,
}

/// A running pipeline.
pub struct Session {
    /// The newest snapshot; generation 0 until the first cut.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// The time, for faces.
    pub clock: Clock,
    /// Ends everything.
    pub stop: CancellationToken,
    /// Takes what people order into the one order; none where snapshots are made elsewhere.
    pub orders: Option<mpsc::Sender<Observation>>,
    tasks: JoinSet<Result<(), SessionError>>,
}

/// Why a session ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The pipeline broke: a fault of Laggard's own.
    #[error("the pipeline ended: this is a fault of Laggard; please report it with the log above")]
    Pipeline,
    /// A task broke.
    #[error("a part of Laggard broke: {0}")]
    Broke(#[from] tokio::task::JoinError),
}

impl Session {
    /// Starts the sources and the pipeline. Must be called inside a tokio runtime.
    pub fn start(start: Start) -> Self {
        let Start {
            settings,
            begin,
            past,
            keep,
            feeds,
            cut_each,
            clock,
            tap,
            telling,
            stop,
        } = start;
        let boot = BootId::from(format!("{:x}", clock().as_millis()));
        let (snapshot_tx, snapshots) =
            watch::channel(Arc::new(Snapshot::empty(boot.clone(), clock())));
        let (observed_tx, observed) = mpsc::channel(QUEUE);
        let (fold_tx, fold_rx) = mpsc::channel(QUEUE);
        let mut tasks = JoinSet::new();
        let mut routes = HashMap::new();
        for feed in feeds {
            let (ask_tx, ask_rx) = mpsc::channel(ASKS);
            routes.insert(feed.cluster.clone(), ask_tx);
            let kept = Kept {
                feed,
                out: observed_tx.clone(),
                clock: clock.clone(),
                stop: stop.clone(),
            };
            tasks.spawn(async move {
                kept.run(ask_rx).await;
                Ok(())
            });
        }
        let (desk, told) = telling.unzip();
        if let Some(told) = told {
            tasks.spawn(pass_on(told, observed_tx.clone(), stop.clone()));
        }
        let orders = Some(observed_tx);
        let opening = opening(boot, &settings, &clock);
        let router = Router { routes };
        let sequencer = Sequencer {
            cut_each,
            clock: clock.clone(),
            out: fold_tx,
            stop: stop.clone(),
        };
        tasks.spawn(sequencer.run(observed));
        let before = ahead(opening.into_iter().chain(past));
        let stopped = stop.clone();
        let folding = Folding {
            snapshots: snapshot_tx,
            keep,
            router,
            tap,
            desk,
        };
        tasks.spawn(async move {
            let stop = stopped.clone();
            let folded = tokio::task::spawn_blocking(move || {
                folding.run(begin(), before, fold_rx, &stop);
            });
            folded.await?;
            if stopped.is_cancelled() {
                Ok(())
            } else {
                Err(SessionError::Pipeline)
            }
        });
        Self {
            snapshots,
            clock,
            stop,
            orders,
            tasks,
        }
    }

    /// A session that shows what is made elsewhere: a recording being played, snapshots from afar.
    pub fn showing(snapshots: watch::Receiver<Arc<Snapshot>>, clock: Clock) -> Self {
        Self {
            snapshots,
            clock,
            stop: CancellationToken::new(),
            orders: None,
            tasks: JoinSet::new(),
        }
    }

    /// Waits until a part ends: with an error when one ended that should not, without one when
    /// all were told to stop.
    pub async fn ended(&mut self) -> Result<(), SessionError> {
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// Resolves only when a part ends that should not: with why.
    ///
    /// # Errors
    ///
    /// Always, if it resolves.
    pub async fn ended_early(&mut self) -> Result<(), SessionError> {
        self.ended().await?;
        std::future::pending().await
    }

    /// Tells all parts to stop and waits for them, `patience` at the most.
    pub async fn shut_down(mut self, patience: Duration) {
        self.stop.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("some parts did not stop in time");
        }
    }
}

/// Brings what came of telling into the one order.
async fn pass_on(
    mut told: mpsc::Receiver<Observation>,
    out: mpsc::Sender<Observation>,
    stop: CancellationToken,
) -> Result<(), SessionError> {
    loop {
        let observation = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            told = told.recv() => told,
        };
        let Some(observation) = observation else {
            return Ok(());
        };
        if out.send(observation).await.is_err() {
            return Ok(());
        }
    }
}

fn opening(boot: BootId, settings: &Arc<Settings>, clock: &Clock) -> [Observation; 2] {
    let at = clock();
    [
        Observation::Boot { at, boot },
        Observation::Configured {
            at,
            settings: Arc::clone(settings),
        },
    ]
}

/// Puts what the sources observe into one order and adds the ticks.
struct Sequencer {
    cut_each: Duration,
    clock: Clock,
    out: mpsc::Sender<Observation>,
    stop: CancellationToken,
}

impl Sequencer {
    async fn run(self, mut observed: mpsc::Receiver<Observation>) -> Result<(), SessionError> {
        let mut timer = tokio::time::interval(self.cut_each);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // Whether the timer has been set for the answers to asks.
        let mut soon = false;
        // The first comes at once: what was folded from the past can be seen.
        loop {
            let observation = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(()),
                _ = timer.tick() => Observation::Tick {
                    at: (self.clock)(),
                },
                observation = next(&mut observed) => observation,
            };
            let cuts = calls_for_a_cut(&observation);
            if answers_an_ask(&observation) && !soon {
                timer.reset_after(PROMPTLY.min(self.cut_each));
                soon = true;
            } else if cuts || matches!(observation, Observation::Tick { .. }) {
                soon = false;
            }
            if self.out.send(observation).await.is_err() {
                return Ok(());
            }
            if cuts {
                timer.reset();
                let tick = Observation::Tick { at: (self.clock)() };
                if self.out.send(tick).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// The next observation. With no source left it never comes: time goes on, and what was read grows
/// stale.
async fn next(observed: &mut mpsc::Receiver<Observation>) -> Observation {
    match observed.recv().await {
        Some(observation) => observation,
        None => std::future::pending().await,
    }
}

/// A cycle's end, a cluster's going up or down, and what people order are worth a snapshot at once.
fn calls_for_a_cut(observation: &Observation) -> bool {
    matches!(
        observation,
        Observation::Commanded { .. }
            | Observation::Configured { .. }
            | Observation::Refused { .. }
            | Observation::Read {
                fact: Fact::Cycle(_) | Fact::Health { .. },
                ..
            }
    )
}

/// Whether it is what the engine asked for beside the cycle's own reads, to know an age better.
fn answers_an_ask(observation: &Observation) -> bool {
    matches!(
        observation,
        Observation::Read {
            fact: Fact::OffsetForTime { .. } | Fact::RecordAt { .. },
            ..
        }
    )
}

/// Brings asks to the sources that may answer them.
pub(super) struct Router {
    routes: HashMap<ClusterName, mpsc::Sender<Ask>>,
}

impl Router {
    pub(super) fn route(&self, asks: Vec<Ask>) {
        for ask in asks {
            if let Some(route) = self.routes.get(ask.cluster())
                && route.try_send(ask).is_err()
            {
                metrics::counter!("laggard_asks_dropped_total").increment(1);
            }
        }
    }
}
