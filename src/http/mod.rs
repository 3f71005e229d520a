//! The HTTP face: `/metrics`, the JSON document, health, Burrow's API, and pages for people.
//!
//! In: the newest snapshot, a clock, a label of the source. Out: answers on one listener, loopback
//! unless told otherwise. It only reads, commands aside, which it hands on: no request reaches Kafka, and none waits for the
//! pipeline: a body is written from a snapshot of its own, on a thread of its own, as fast as its
//! client reads it. `/healthz` never depends on Kafka.

mod advised;
mod alerts;
mod body;
mod burrow;
mod commands;
#[cfg(test)]
mod commands_tests;
mod listen;
mod pages;
mod past;
mod prefix;
mod routes;
mod serving;
mod web;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::catalog::Options;
use crate::model::{Clock, Snapshot, Span, Timestamp};
use crate::timeline::Tape;

pub use commands::{Commands, Orders};
pub use listen::{ListenError, Listener};
pub use web::{Web, WebError};

/// How many large bodies are sent at once; more are turned away with 503.
const AT_ONCE: usize = 4;

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
    /// What is kept of the past.
    pub past: Option<Tape>,
    /// The process' own metrics as Prometheus text.
    pub internals: Arc<dyn Fn() -> String + Send + Sync>,
    /// TLS and who may come in.
    pub web: Web,
    /// Who may order what, where commands are taken.
    pub commands: Option<Commands>,
    /// What every path begins with: empty, or like `/a/b`.
    pub prefix: String,
}

/// What all requests share.
struct Shared {
    http: Http,
    started: Timestamp,
    ready: AtomicBool,
    room: Arc<Semaphore>,
    gone: past::Gone,
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
    let tls = http.web.tls.clone();
    let router = router(http, abort.clone());
    serving::run(listener.tcp, tls, router, cancel).await
}

fn router(http: Http, abort: CancellationToken) -> Router {
    let prefix = http.prefix.clone();
    let shared = Shared {
        started: (http.clock)(),
        ready: AtomicBool::new(false),
        room: Arc::new(Semaphore::new(AT_ONCE)),
        gone: past::Gone::default(),
        abort,
        http,
    };
    prefix::under(&prefix, routes::routes(Arc::new(shared)))
}
