//! Where observations come from.
//!
//! In: asks. Out: observations, in the order in which they became known, into a bounded queue: a
//! source that cannot hand one on waits, it never drops one. It must never judge: what a read
//! means is the engine's work. A source speaks of failures as observations too; it returns only
//! when it was told to stop or can never work.

pub mod kafka;
pub mod stamp;

use std::future::Future;
use std::pin::Pin;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::model::{Ask, Observation};

/// Why a source ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It can never work as it is configured.
    #[error("cluster `{cluster}`: {message}")]
    Unusable {
        /// Which cluster.
        cluster: String,
        /// Why, without secrets.
        message: String,
    },
    /// Nobody takes its observations any more.
    #[error("the queue of observations is closed")]
    Closed,
}

/// A running source.
pub type Running = Pin<Box<dyn Future<Output = Result<(), SourceError>> + Send>>;

/// Something that observes one or more clusters.
pub trait Source: Send {
    /// What a face may print to say where its numbers come from.
    fn label(&self) -> String;

    /// Observes until it is told to stop. Asks of clusters that it does not read are ignored.
    fn run(
        self: Box<Self>,
        out: mpsc::Sender<Observation>,
        asks: mpsc::Receiver<Ask>,
        stop: CancellationToken,
    ) -> Running;
}
