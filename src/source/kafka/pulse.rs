//! What a client says of itself: its log goes to `tracing`, its errors tell why a cluster is
//! down, its throttling slows the poller. Secrets are taken out of every line first.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::admin::Listener;
use super::ffi::{KafkaFailure, Throttle};
use super::secret::Scrubber;
use super::trouble::{Trouble, TroubleKind, classify, classify_known, weight};

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
    /// `host:port` of each broker that has answered.
    heard: BTreeSet<String>,
    /// Whether anybody has.
    anybody: bool,
}

impl State {
    /// Whether a sentence is about a broker that has answered this client before. One that it only
    /// knows as a bootstrap server has no address of its own to be told by: once it knows any
    /// other, this is where it got that from.
    fn is_known(&self, sentence: &str) -> bool {
        let names = |address: &String| {
            let mut ends = sentence.match_indices(address.as_str());
            ends.any(|(at, _)| {
                let next = sentence[at + address.len()..].chars().next();
                next.is_none_or(|next| !next.is_ascii_digit())
            })
        };
        (self.anybody && sentence.contains("/bootstrap")) || self.heard.iter().any(names)
    }
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

    /// Somebody answered; a broker whose address is known, if it is told.
    pub fn heard(&self, host_and_port: Option<String>) {
        let mut state = self.state();
        state.anybody = true;
        state.heard.extend(host_and_port);
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
        let detail = self.scrub(&failure.message);
        let mut state = self.state();
        let kind = if state.is_known(&failure.message) {
            classify_known(failure)
        } else {
            classify(failure)
        };
        state.all_down |= failure.code == ALL_BROKERS_DOWN;
        state.troubles.retain(|(_, known)| known.kind != kind);
        state
            .troubles
            .push((Instant::now(), Trouble { kind, detail }));
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

#[cfg(test)]
mod tests {
    use super::*;

    const RESET: &str = "[thrd:GroupCoordinator]: GroupCoordinator: 127.0.0.1:9092: Disconnected: connection reset by peer (after 0ms in state APIVERSION_QUERY)";
    const BOOTSTRAP: &str = "kafka:9093/bootstrap: Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration";

    fn told(heard: &[Option<&str>], sentence: &str) -> TroubleKind {
        let pulse = Pulse::new("test".into(), Scrubber::default());
        for address in heard {
            pulse.heard(address.map(str::to_owned));
        }
        pulse.error(&KafkaFailure {
            code: -195,
            message: sentence.to_owned(),
        });
        pulse.trouble().unwrap().kind
    }

    #[test]
    fn another_protocol_is_told_only_of_a_broker_that_never_answered() {
        use TroubleKind::{ProtocolMismatch, Unreachable};
        assert_eq!(told(&[], RESET), ProtocolMismatch);
        assert_eq!(told(&[Some("127.0.0.1:9092")], RESET), Unreachable);
        let others = [Some("127.0.0.1:909"), Some("127.0.0.1:9093")];
        assert_eq!(told(&others, RESET), ProtocolMismatch);
        assert_eq!(told(&[], BOOTSTRAP), ProtocolMismatch);
        assert_eq!(told(&[None], BOOTSTRAP), Unreachable);
    }
}
