//! What a scrape and a round of StatsD cost, beside the two usual libraries in the same run.
//!
//! `cargo bench --bench export` prints, for some 1,000, 50,000 and 500,000 gauges with four labels:
//! milliseconds, how far the process' memory rose above where it stood, and bytes.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that prints"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use laggard::catalog::{Options, Scope};
use laggard::export::prometheus::{self, Format};
use laggard::export::statsd::{Dialect, Statsd, Template};
use laggard::model::testing::World;
use laggard::model::{Pattern, Snapshot};
use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Partitions of each group: nine series each.
const PARTITIONS: usize = 20;

fn main() {
    println!(
        "{:>8}  {:<34} {:>9} {:>10} {:>12}",
        "samples", "", "ms", "MiB more", "bytes"
    );
    for wanted in [1_000, 50_000, 500_000] {
        let snapshot = snapshot(wanted);
        let options = Options {
            partitions_of: Pattern::new(".*").ok(),
            ..Options::default()
        };
        let mut samples = 0;
        let scope = Scope::new(&snapshot, &options);
        for series in scope.series() {
            scope.samples(series, &mut |_, _| samples += 1);
        }
        let line = |what: &str, (time, memory, bytes): (Duration, f64, u64)| {
            let ms = time.as_secs_f64() * 1e3;
            println!("{samples:>8}  {what:<34} {ms:>9.1} {memory:>10.1} {bytes:>12}");
        };
        line("text", of_ours(&snapshot, &options, Format::Text, false));
        line(
            "text, gzip",
            of_ours(&snapshot, &options, Format::Text, true),
        );
        line(
            "OpenMetrics",
            of_ours(&snapshot, &options, Format::OpenMetrics, false),
        );
        line("metrics-exporter-prometheus", of_exporter(&scope));
        line("prometheus-client", of_client(&scope));
        line(
            "StatsD, made and sent unpaced",
            of_statsd(&snapshot, &options),
        );
    }
}

/// A snapshot with about so many samples.
fn snapshot(samples: usize) -> Snapshot {
    let groups = (samples / (PARTITIONS * 9 + 50)).max(1);
    let ends = vec![(0, 1_000_000); PARTITIONS];
    let commits: Vec<_> = (0..PARTITIONS).map(|p| Some(999_000 - p as i64)).collect();
    World::new()
        .cluster("production", |c| {
            c.topic("orders-of-all-kinds", &ends);
            for g in 0..groups {
                c.group(&format!("payments-service-{g:05}"), |group| {
                    group.commits("orders-of-all-kinds", &commits);
                });
            }
        })
        .build()
}

/// How long `work` takes, and how far memory rises while it does.
fn measured(work: impl FnOnce() -> u64) -> (Duration, f64, u64) {
    // Sets the high-water mark back to what is in use.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let before = memory("VmRSS:");
    let began = Instant::now();
    let bytes = work();
    let took = began.elapsed();
    (took, memory("VmHWM:") - before, bytes)
}

/// MiB.
fn memory(what: &str) -> f64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text
        .lines()
        .find_map(|l| l.strip_prefix(what))
        .unwrap_or("0");
    let kib = line
        .trim()
        .split(' ')
        .next()
        .and_then(|n| n.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

#[derive(Default)]
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn of_ours(
    snapshot: &Snapshot,
    options: &Options,
    format: Format,
    gzip: bool,
) -> (Duration, f64, u64) {
    measured(|| {
        let scope = Scope::new(snapshot, options);
        let mut out = Counted::default();
        if gzip {
            let mut packed = GzEncoder::new(&mut out, Compression::fast());
            prometheus::write(&scope, format, "", &mut packed).unwrap();
            packed.finish().unwrap();
        } else {
            prometheus::write(&scope, format, "", &mut out).unwrap();
        }
        out.0
    })
}

/// The same samples, set before the clock starts; only the rendering is measured.
fn of_exporter(scope: &Scope<'_>) -> (Duration, f64, u64) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metadata = Metadata::new("bench", Level::INFO, None);
    for exported in scope.series() {
        scope.samples(exported, &mut |labels, value| {
            let labels: Vec<_> = labels
                .iter()
                .map(|(k, v)| Label::new((*k).to_owned(), (*v).to_owned()))
                .collect();
            let key = Key::from_parts(KeyName::from(exported.series.name), labels);
            recorder.register_gauge(&key, &metadata).set(value);
        });
    }
    let handle = recorder.handle();
    measured(|| handle.render().len() as u64)
}

fn of_client(scope: &Scope<'_>) -> (Duration, f64, u64) {
    let mut registry = Registry::default();
    for exported in scope.series() {
        let family =
            Family::<Vec<(String, String)>, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
        scope.samples(exported, &mut |labels, value| {
            let labels = labels
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            family.get_or_create(&labels.collect()).set(value);
        });
        registry.register(exported.series.name, exported.series.help, family);
    }
    measured(|| {
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let _ = writeln!(text);
        text.len() as u64
    })
}

/// Into a socket that a thread empties; an interval of nothing paces as little as can be.
fn of_statsd(snapshot: &Snapshot, options: &Options) -> (Duration, f64, u64) {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let address = server.local_addr().unwrap().to_string();
    let reader = thread::spawn(move || {
        let mut packet = vec![0; 2048];
        while server.recv(&mut packet).is_ok() {}
    });
    let statsd = Statsd {
        address: address.parse().unwrap(),
        dialect: Dialect::Dogstatsd,
        template: Template::default(),
        prefix: String::new(),
        packet_bytes: None,
        interval: Duration::from_mins(1),
        options: options.clone(),
    };
    let measured = measured(|| statsd.send(snapshot, Some(u64::MAX)).bytes);
    reader.join().unwrap();
    measured
}
