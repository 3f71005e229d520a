//! What a client says of itself: its log goes to `tracing`, its errors tell why a cluster is
//! down, its throttling slows the poller. Secrets are taken out of every line first.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::admin::Listener;
use super::ffi::{KafkaFailure, Throttle};
use super::secret::Scrubber;
use super::trouble::{Trouble, TroubleKind, classify, weight};

/// librdkafka's code for no broker being up.
const ALL_BROKERS_DOWN: i32 = -187;
/// For how long a trouble is the likely reason of a failure: librdkafka tells the same one again
/// only after half a minute.
const FRESH: Duration = Duration::from_secs(65);

#[derive(Default)]
struct State {
    troubles: Vec<(Instant, Trouble)>,
    throttles: Vec<Throttle>,
    all_down: bool,
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

    /// Whether waiting longer will hardly help: every broker is down, or the trouble is one that
    /// somebody has to mend.
    pub fn decisive(&self) -> bool {
        let mendable = self
            .trouble()
            .is_some_and(|trouble| weight(trouble.kind) >= 4);
        mendable || self.state().all_down
    }

    /// All is well again.
    pub fn clear(&self) {
        let mut state = self.state();
        state.troubles.clear();
        state.all_down = false;
    }

    /// Throttling since the last call.
    pub fn take_throttles(&self) -> Vec<Throttle> {
        std::mem::take(&mut self.state().throttles)
    }

    /// A text without secrets.
    pub fn scrub(&self, text: &str) -> String {
        self.scrubber.scrub(text)
    }

    /// A connection's failure that librdkafka only logs: some of the telling ones are among them.
    fn note_failure(&self, message: &str) {
        let failure = KafkaFailure {
            code: 0,
            message: message.to_owned(),
        };
        if classify(&failure) != TroubleKind::Other {
            self.note(&failure);
        }
    }

    fn note(&self, failure: &KafkaFailure) {
        let trouble = Trouble {
            kind: classify(failure),
            detail: self.scrub(&failure.message),
        };
        let mut state = self.state();
        state.all_down |= failure.code == ALL_BROKERS_DOWN;
        state
            .troubles
            .retain(|(_, known)| known.kind != trouble.kind);
        state.troubles.push((Instant::now(), trouble));
    }
}

impl Listener for Pulse {
    fn log(&self, level: i32, facility: &str, message: &str) {
        if facility == "FAIL" {
            self.note_failure(message);
        }
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
