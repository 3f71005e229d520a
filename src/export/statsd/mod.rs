//! StatsD: every gauge of the catalog to a server, again and again.
//!
//! In: the newest snapshot, each interval. Out: packets, filled to what the network takes and
//! paced. It runs on a thread of its own with one packet's memory: a server that is dead or slow
//! costs dropped gauges, which are counted and warned of, and delays nobody. Never sent are a
//! gauge with a sign (StatsD takes it for a change), what is not known, infos and state sets.

mod address;
mod dialect;
mod escape;
mod pace;
mod queue;
mod sink;
mod template;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use cadence::{Gauged, MetricSink, StatsdClient};

use crate::catalog::{Exported, Kind, Options, Scope, internal};
use crate::model::Snapshot;

pub use address::Address;
pub use dialect::Dialect;
pub use sink::Sent;
pub use template::Template;

use dialect::Names;
use sink::Packets;

/// What the exporter needs.
pub struct Statsd {
    /// Where to.
    pub address: Address,
    /// How labels are written.
    pub dialect: Dialect,
    /// How plain names are made.
    pub template: Template,
    /// What every name begins with.
    pub prefix: String,
    /// The most bytes of a packet; none: as fits the kind of socket.
    pub packet_bytes: Option<usize>,
    /// How often all is sent.
    pub interval: Duration,
    /// What of the catalog.
    pub options: Options,
}

impl Statsd {
    /// Sends what `newest` gives each interval, until the sender of `stop` is gone.
    pub fn run(&self, newest: impl Fn() -> Arc<Snapshot>, stop: &Receiver<()>) {
        let mut warned = false;
        let mut bytes = None;
        let mut next = Instant::now();
        loop {
            let wait = next.saturating_duration_since(Instant::now());
            if !matches!(stop.recv_timeout(wait), Err(RecvTimeoutError::Timeout)) {
                return;
            }
            next = (next + self.interval).max(Instant::now());
            let snapshot = newest();
            if snapshot.generation.n == 0 {
                continue;
            }
            let sent = self.send(&snapshot, bytes);
            bytes = Some(sent.bytes);
            metrics::counter!(internal::STATSD_SENT).increment(sent.lines);
            metrics::counter!(internal::STATSD_DROPPED).increment(sent.dropped);
            self.tell(&sent, &mut warned);
        }
    }

    /// Once when it begins and once when it ends, not every time.
    fn tell(&self, sent: &Sent, warned: &mut bool) {
        if sent.dropped > 0 && !*warned {
            let why = sent.why.as_deref().unwrap_or("they do not fit a packet");
            tracing::warn!(
                "StatsD at {}: {} of {} gauges could not be sent: {why}",
                self.address,
                sent.dropped,
                sent.dropped + sent.lines
            );
        } else if sent.dropped == 0 && *warned {
            tracing::info!("StatsD at {}: all gauges are sent again", self.address);
        }
        *warned = sent.dropped > 0;
    }

    /// Sends all of `snapshot` within the interval. `bytes` is what it took the last time.
    pub fn send(&self, snapshot: &Snapshot, bytes: Option<u64>) -> Sent {
        let scope = Scope::new(snapshot, &self.options);
        let expected = bytes.unwrap_or_else(|| scope.tally().series.saturating_mul(80));
        let packets = Packets::new(self, expected);
        let client = StatsdClient::from_sink("", packets.clone());
        let mut names = Names::new(self.dialect, &self.prefix, &self.template);
        for exported in scope.series() {
            if !is_sent(exported, self.dialect) {
                continue;
            }
            scope.samples(exported, &mut |labels, value| {
                // An infinite one has no notation, a negative one would be taken for a change.
                if !value.is_finite() || value < 0.0 {
                    return;
                }
                let (name, tags) = names.of(exported, labels);
                gauge(&client, name, tags, value + 0.0);
            });
        }
        // What cannot be sent is counted in there.
        let _ = packets.flush();
        packets.sent()
    }
}

/// Names with dots in them are of StatsD alone; ruby-kafka's plain ones need no tags.
fn is_sent(exported: Exported, dialect: Dialect) -> bool {
    let plain = dialect == Dialect::Plain;
    exported.series.kind == Kind::Gauge
        && exported
            .profile
            .is_none_or(|p| !plain || p.is_text() || p.template().is_some())
}

/// Errors are counted by the sink.
fn gauge(client: &StatsdClient, name: &str, tags: &[(String, String)], value: f64) {
    let whole = value.fract() == 0.0 && value < 9e15;
    let builder = if whole {
        client.gauge_with_tags(name, value as u64)
    } else {
        client.gauge_with_tags(name, value)
    };
    let tagged = tags.iter().fold(builder, |builder, (key, value)| {
        builder.with_tag(key, value)
    });
    let _ = tagged.try_send();
}
