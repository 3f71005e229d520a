//! Where observations come from.
//!
//! In: asks. Out: observations, in the order in which they became known, into a bounded queue: a
//! source that cannot hand one on waits, it never drops one. It must never judge: what a read
//! means is the engine's work. A source speaks of failures as observations too; it returns only
//! when it was told to stop or cannot go on, and may then be run again.

pub mod backoff;
pub mod kafka;
pub mod stamp;

use std::future::Future;
use std::pin::Pin;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::model::{Ask, Observation};

/// Why a source ended by itself, without secrets.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot work as it is configured.
    #[error("{0}")]
    Unusable(String),
    /// It broke.
    #[error("{0}")]
    Broke(String),
    /// Nobody takes its observations any more.
    #[error("the queue of observations is closed")]
    Closed,
}

/// A running source.
pub type Running = Pin<Box<dyn Future<Output = Result<(), SourceError>> + Send>>;

/// Something that observes one or more clusters.
pub trait Source: Send + Sync {
    /// What a face may print to say where its numbers come from.
    fn label(&self) -> String;

    /// Observes until it is told to stop. Asks of clusters that it does not read are ignored. May be
    /// called again once it has ended.
    fn run(
        &self,
        out: mpsc::Sender<Observation>,
        asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> Running;
}
