//! The HTTP face: `/metrics`, the JSON document, health, and a page with links.
//!
//! In: the newest snapshot, a clock, a label of the source. Out: answers on one listener, loopback
//! unless told otherwise. It only reads: no request reaches Kafka, and none waits for the
//! pipeline: a body is written from a snapshot of its own, on a thread of its own, as fast as its
//! client reads it. `/healthz` never depends on Kafka.

mod body;
mod index;
mod listen;
mod routes;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::catalog::Options;
use crate::model::{Clock, Snapshot, Span, Timestamp};

pub use listen::{ListenError, Listener};

/// How many large bodies are sent at once; more are turned away with 503.
const AT_ONCE: usize = 4;

/// How long requests that are running may go on after the end was ordered.
const GRACE: Duration = Duration::from_secs(3);

/// A start counts as done after this, whatever the clusters do.
const READY_AFTER: Span = Span::from_secs(60);

/// What the face needs.
pub struct Http {
    /// The newest snapshot.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// The time that faces go by.
    pub clock: Clock,
    /// What of the catalog is exported, and the source's label.
    pub options: Options,
    /// The process' own metrics as Prometheus text.
    pub internals: Arc<dyn Fn() -> String + Send + Sync>,
}

/// What all requests share.
struct Shared {
    http: Http,
    started: Timestamp,
    ready: AtomicBool,
    room: Arc<Semaphore>,
    /// Ends bodies that are being sent.
    abort: CancellationToken,
}

impl Shared {
    /// The newest snapshot. The channel is held no longer than it takes to count a reference.
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.http.snapshots.borrow())
    }

    /// The clusters that have not had their first cycle yet; none once ready, for good.
    fn waiting_for(&self) -> Vec<String> {
        let snapshot = self.snapshot();
        let waited = self.started.age_at((self.http.clock)());
        if self.ready.load(Ordering::Relaxed) || waited >= READY_AFTER {
            return Vec::new();
        }
        if snapshot.clusters.is_empty() {
            return vec!["the first snapshot".to_owned()];
        }
        let waiting = snapshot
            .clusters
            .iter()
            .filter(|c| c.health.cycle.is_none());
        let waiting: Vec<_> = waiting
            .map(|c| format!("{:?}", c.cluster.as_str()))
            .collect();
        self.ready.store(waiting.is_empty(), Ordering::Relaxed);
        waiting
    }
}

/// Answers requests on `listener` until `cancel` says to end; then lets those that run end, within
/// three seconds.
///
/// # Errors
///
/// What the listener says.
pub async fn serve(listener: Listener, http: Http, cancel: CancellationToken) -> io::Result<()> {
    let abort = CancellationToken::new();
    let _abort_at_the_end = abort.clone().drop_guard();
    let router = router(http, abort.clone());
    let graceful = cancel.clone().cancelled_owned();
    let server = axum::serve(listener.tcp, router).with_graceful_shutdown(graceful);
    let too_late = async {
        cancel.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = std::future::IntoFuture::into_future(server) => ended,
        () = too_late => Ok(()),
    }
}

fn router(http: Http, abort: CancellationToken) -> Router {
    let shared = Shared {
        started: (http.clock)(),
        ready: AtomicBool::new(false),
        room: Arc::new(Semaphore::new(AT_ONCE)),
        abort,
        http,
    };
    routes::routes(Arc::new(shared))
}
