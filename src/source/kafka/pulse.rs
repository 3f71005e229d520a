//! What a client says of itself: its log goes to `tracing`, its errors tell why a cluster is
//! down, its throttling slows the poller. Secrets are taken out of every line first.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::admin::Listener;
use super::ffi::{KafkaFailure, Throttle};
use super::secret::Scrubber;
use super::trouble::{Trouble, classify, weight};

/// For how long a trouble is the likely reason of a failure.
const FRESH: Duration = Duration::from_secs(30);

#[derive(Default)]
struct State {
    troubles: Vec<(Instant, Trouble)>,
    throttles: Vec<Throttle>,
}

/// A client's listener.
pub struct Pulse {
    cluster: String,
    scrubber: Scrubber,
    state: Mutex<State>,
}

impl Pulse {
    /// Listens for this cluster.
    pub fn new(cluster: String, scrubber: Scrubber) -> Self {
        Self {
            cluster,
            scrubber,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The most telling trouble of late.
    pub fn trouble(&self) -> Option<Trouble> {
        let now = Instant::now();
        let state = self.state();
        let fresh = state
            .troubles
            .iter()
            .filter(|(at, _)| now.duration_since(*at) < FRESH);
        fresh
            .max_by_key(|(at, trouble)| (weight(trouble.kind), *at))
            .map(|(_, trouble)| trouble.clone())
    }

    /// All is well again.
    pub fn clear(&self) {
        self.state().troubles.clear();
    }

    /// Throttling since the last call.
    pub fn take_throttles(&self) -> Vec<Throttle> {
        std::mem::take(&mut self.state().throttles)
    }

    /// A text without secrets.
    pub fn scrub(&self, text: &str) -> String {
        self.scrubber.scrub(text)
    }

    fn note(&self, failure: &KafkaFailure) {
        let trouble = Trouble {
            kind: classify(failure),
            detail: self.scrub(&failure.message),
        };
        let mut state = self.state();
        state
            .troubles
            .retain(|(_, known)| known.kind != trouble.kind);
        state.troubles.push((Instant::now(), trouble));
    }
}

impl Listener for Pulse {
    fn log(&self, level: i32, facility: &str, message: &str) {
        let message = self.scrub(message);
        let cluster = &self.cluster;
        match level {
            0..=3 => tracing::warn!(target: "laggard::kafka", cluster, facility, "{message}"),
            4..=5 => tracing::info!(target: "laggard::kafka", cluster, facility, "{message}"),
            _ => tracing::debug!(target: "laggard::kafka", cluster, facility, "{message}"),
        }
    }

    fn error(&self, failure: &KafkaFailure) {
        self.note(failure);
    }

    fn throttled(&self, throttle: Throttle) {
        let mut state = self.state();
        if state.throttles.len() < 1024 {
            state.throttles.push(throttle);
        }
    }
}
