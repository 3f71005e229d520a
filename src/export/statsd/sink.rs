//! Lines into packets, packets onto the network: filled, paced, counted.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use cadence::MetricSink;

use super::Statsd;
use super::address::Socket;
use super::pace::Pace;

/// After so many packets in a row that could not be sent, the rest is given up.
const FAILURES: u32 = 20;
const TOO_SLOWLY: &str = "the server takes them too slowly";

/// What a round came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Gauges that went out.
    pub lines: u64,
    /// Gauges that did not.
    pub dropped: u64,
    /// Packets that went out.
    pub packets: u64,
    /// Bytes of all lines, sent or not.
    pub bytes: u64,
    /// What went wrong last.
    pub why: Option<String>,
}

/// cadence's way out: one round's packets. Clones share them.
#[derive(Clone)]
pub(super) struct Packets {
    most: usize,
    until: Instant,
    state: Arc<Mutex<State>>,
}

struct State {
    socket: Option<Socket>,
    pace: Option<Pace>,
    packet: Vec<u8>,
    lines: u64,
    failures: u32,
    sent: Sent,
}

impl Packets {
    /// For a round that probably takes so many bytes.
    pub(super) fn new(statsd: &Statsd, bytes: u64) -> Self {
        let most = statsd
            .packet_bytes
            .unwrap_or_else(|| statsd.address.packet_bytes());
        let (socket, why) = match statsd.address.connect() {
            Ok(socket) => (Some(socket), None),
            Err(error) => (None, Some(error.to_string())),
        };
        // A socket that makes the sender wait is the best of paces.
        let lossy = socket.as_ref().filter(|s| !s.waits());
        let pace = lossy.map(|s| Pace::new(statsd.interval, bytes, most, s.queue()));
        Self {
            most,
            until: Instant::now() + statsd.interval,
            state: Arc::new(Mutex::new(State {
                socket,
                pace,
                packet: Vec::with_capacity(most),
                lines: 0,
                failures: 0,
                sent: Sent {
                    why,
                    ..Sent::default()
                },
            })),
        }
    }

    /// What the round came to.
    pub(super) fn sent(&self) -> Sent {
        self.state().sent.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, state: &mut State) {
        if state.packet.is_empty() {
            return;
        }
        let result = match &state.socket {
            Some(socket) => {
                if state.pace.as_mut().is_none_or(|p| p.wait(self.until)) {
                    socket.send(&state.packet)
                } else {
                    Err(io::Error::other(TOO_SLOWLY))
                }
            }
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        match result {
            Ok(_) => {
                state.failures = 0;
                state.sent.packets += 1;
                state.sent.lines += state.lines;
            }
            Err(error) => {
                state.failures += 1;
                state.sent.dropped += state.lines;
                if state.socket.is_some() {
                    state.sent.why = Some(error.to_string());
                }
            }
        }
        if state.failures >= FAILURES {
            state.socket = None;
        } else if Instant::now() > self.until && state.socket.take().is_some() {
            state.sent.why = Some(TOO_SLOWLY.to_owned());
        }
        state.packet.clear();
        state.lines = 0;
    }
}

impl MetricSink for Packets {
    fn emit(&self, line: &str) -> io::Result<usize> {
        let state = &mut *self.state();
        state.sent.bytes += line.len() as u64 + 1;
        if line.len() > self.most {
            state.sent.dropped += 1;
            return Ok(0);
        }
        if state.packet.len() + 1 + line.len() > self.most {
            self.send(state);
        }
        if !state.packet.is_empty() {
            state.packet.push(b'\n');
        }
        state.packet.extend_from_slice(line.as_bytes());
        state.lines += 1;
        Ok(line.len())
    }

    fn flush(&self) -> io::Result<()> {
        self.send(&mut self.state());
        Ok(())
    }
}
