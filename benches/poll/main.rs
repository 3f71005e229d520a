//! What a cycle of the source costs, beside the least that it could cost and what everyone writes.
//!
//! `cargo bench --bench poll` serves 10,000 groups × 20 rows on 50,000 partitions from the embedded
//! cluster of six brokers, in a process of its own on the same machine, and prints the seconds of
//! three readers: this source's whole cycle; the same groups, log starts and log ends by raw batched
//! requests (`OffsetFetch` with many groups, KIP-709); and the usual loop of `committed_offsets` and
//! `fetch_watermarks`, of which a part is measured and the rest reckoned. Then the ratios, and the
//! peak memory of the reading process.
//!
//! `GROUPS`, `PARTITIONS` and `BROKERS` in the environment change the size.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints"
)]

mod naive;
mod raw;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use laggard::model::{Fact, Observation, Timestamp};
use laggard::sim::broker::{Cluster, Options};
use laggard::sim::scenario;
use laggard::sim::world::World;
use laggard::source::Source as _;
use laggard::source::kafka::{KafkaConfig, KafkaSource, Properties};
use laggard::source::stamp::Stamper;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const NOW: i64 = 1_800_000_000_000;
/// Cycles after the first, which also learns what is rarely asked.
const CYCLES: usize = 6;
const SERVE: &str = "LAGGARD_BENCH_SERVE";

/// How big the cluster is.
#[derive(Clone, Copy)]
struct Size {
    groups: usize,
    partitions: usize,
    brokers: i32,
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn main() {
    let size = Size {
        groups: number("GROUPS", 10_000),
        partitions: number("PARTITIONS", 50_000),
        brokers: number("BROKERS", 6) as i32,
    };
    if std::env::var_os(SERVE).is_some() {
        serve(size);
    } else {
        measure(size);
    }
}

/// The child: the embedded cluster, until its parent closes the pipe.
fn serve(size: Size) {
    let world = World::new(
        &scenario::bulk(size.groups, size.partitions, size.brokers),
        1,
        NOW,
    );
    let mut options = Options::new(Arc::new(|| Timestamp::from_millis(NOW)));
    options.threads = 2;
    let cluster = Cluster::start(Arc::new(world), options).expect("ports");
    println!("{}", cluster.bootstrap());
    let mut line = String::new();
    let _closed = std::io::stdin().read_line(&mut line);
}

fn start() -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .env(SERVE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the cluster's process");
    let mut bootstrap = String::new();
    let output = child.stdout.take().expect("its output");
    BufReader::new(output)
        .read_line(&mut bootstrap)
        .expect("its address");
    (child, bootstrap.trim().to_owned())
}

fn measure(size: Size) {
    let (mut cluster, bootstrap) = start();
    let runtime = Runtime::new().expect("a runtime");
    println!(
        "{} groups × 20 rows, {} partitions, {} brokers, all on this machine\n",
        size.groups, size.partitions, size.brokers
    );
    let raw = runtime
        .block_on(raw::read(&bootstrap, size.groups))
        .expect("raw requests");
    println!("raw batched requests      {raw:8.3} s");
    let (first, usual) = runtime.block_on(source(&bootstrap));
    println!("this source, first cycle  {first:8.3} s");
    println!(
        "this source, each cycle   {usual:8.3} s   {:.1} × raw",
        usual / raw
    );
    println!("peak memory so far        {:8} KiB", peak_memory());
    let (naive, share) = naive::read(&bootstrap, size.groups, size.partitions);
    println!(
        "the usual loop            {naive:8.1} s   {:.0} × raw ({share} measured, the rest reckoned)",
        naive / raw
    );
    drop(cluster.stdin.take());
    let _ended = cluster.wait();
}

/// The first cycle's seconds and the median of those that follow.
async fn source(bootstrap: &str) -> (f64, f64) {
    let mut config = KafkaConfig::new("bench".into(), Properties::bootstrap(bootstrap));
    config.poll_interval = Duration::from_secs(10);
    config.request_timeout = Duration::from_secs(30);
    let (out, mut observations) = mpsc::channel(4096);
    let (_asks, asked) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let source = Box::new(KafkaSource::new(config, Stamper::new()));
    let running = tokio::spawn(source.run(out, asked, stop.clone()));
    let (mut cycles, mut rows, started) = (Vec::new(), 0, Instant::now());
    while cycles.len() <= CYCLES && started.elapsed() < Duration::from_mins(5) {
        let Some(Observation::Read { fact, .. }) = observations.recv().await else {
            break;
        };
        match fact {
            Fact::Commits { topics, .. } => {
                rows += topics.iter().map(|t| t.partitions.len()).sum::<usize>();
            }
            Fact::Cycle(cycle) => {
                let sent: Vec<_> = cycle
                    .requests
                    .iter()
                    .map(|(api, n)| format!("{api} {n}"))
                    .collect();
                println!(
                    "  cycle {:.3} s, {rows} rows, {}",
                    cycle.took.as_secs_f64(),
                    sent.join(", ")
                );
                cycles.push(cycle.took.as_secs_f64());
                rows = 0;
            }
            _ => {}
        }
    }
    stop.cancel();
    drop(observations);
    let _ended = running.await;
    let first = cycles.first().copied().unwrap_or(f64::NAN);
    let mut usual: Vec<f64> = cycles.into_iter().skip(1).collect();
    usual.sort_by(f64::total_cmp);
    (
        first,
        usual.get(usual.len() / 2).copied().unwrap_or(f64::NAN),
    )
}

/// The most memory that this process ever held, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
