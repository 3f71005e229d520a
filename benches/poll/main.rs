//! What a cycle of the source costs, beside the least that it could cost and what everyone writes.
//!
//! `cargo bench --bench poll` serves 10,000 groups × 20 rows on 50,000 partitions from the embedded
//! cluster of six brokers, in a process of its own on the same machine, and prints the seconds of
//! three readers as a table: this source's whole cycle, alone and with the pipeline beside it; the
//! same groups, log starts and log ends by raw batched requests (`OffsetFetch` with many groups,
//! KIP-709); and the usual loop of `committed_offsets` and `fetch_watermarks`, of which a part is
//! measured and the rest reckoned. It fails unless each row that any of them read is the true one.
//!
//! `BENCH_GROUPS`, `BENCH_PARTITIONS` and `BENCH_BROKERS` in the environment change the size. `docs/benchmarks.md`
//! says what the numbers mean.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints"
)]

mod naive;
mod ours;
mod raw;
mod tally;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use laggard::model::Timestamp;
use laggard::sim::broker::{Cluster, Options};
use laggard::sim::scenario;
use laggard::sim::world::World;
use tokio::runtime::Runtime;

use self::tally::Tally;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NOW: i64 = 1_800_000_000_000;
/// Partitions of a topic, and so rows of a group.
const WIDTH: usize = 20;
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
        groups: number("BENCH_GROUPS", 10_000),
        partitions: number("BENCH_PARTITIONS", 50_000),
        brokers: number("BENCH_BROKERS", 6) as i32,
    };
    if std::env::var_os(SERVE).is_some() {
        serve(size);
    } else {
        measure(size);
    }
}

/// The child: the embedded cluster, until its parent closes the pipe. It says its address and what
/// is true, of all and of what the usual loop is measured on.
fn serve(size: Size) {
    let world = World::new(
        &scenario::bulk(size.groups, size.partitions, size.brokers),
        1,
        NOW,
    );
    let truth = Tally::truth(&world, usize::MAX, usize::MAX, NOW);
    let sample = Tally::truth(&world, naive::SAMPLE, naive::SAMPLE, NOW);
    let mut options = Options::new(Arc::new(|| Timestamp::from_millis(NOW)));
    options.threads = 2;
    let cluster = Cluster::start(Arc::new(world), options).expect("ports");
    println!("{}\n{truth}\n{sample}", cluster.bootstrap());
    let mut line = String::new();
    let _closed = std::io::stdin().read_line(&mut line);
    assert_eq!(cluster.forbidden(), [], "only reads may be asked");
}

/// The cluster's process.
struct Served {
    child: Child,
    bootstrap: String,
    truth: Tally,
    sample: Tally,
}

impl Served {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .env(SERVE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the cluster's process");
        let output = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines();
        let mut line = || lines.next().expect("a line").expect("a line");
        Self {
            bootstrap: line(),
            truth: line().parse().expect("what is true"),
            sample: line().parse().expect("what is true of a part"),
            child,
        }
    }

    fn end(&mut self) {
        drop(self.child.stdin.take());
        let ended = self.child.wait().expect("the cluster's end");
        assert!(ended.success(), "the cluster was asked for what is no read");
    }
}

fn measure(size: Size) {
    let mut cluster = Served::start();
    let runtime = Runtime::new().expect("a runtime");
    println!(
        "{} groups × {WIDTH} rows, {} partitions, {} brokers, all on this machine\n",
        size.groups, size.partitions, size.brokers
    );
    // With the pipeline first: the peak is then its own, not that of another reader.
    let (whole, settled) = ours::read(&runtime, &cluster.bootstrap, true);
    let peak = peak_memory();
    let (alone, _) = ours::read(&runtime, &cluster.bootstrap, false);
    for cycle in whole.iter().chain(&alone) {
        println!("  {:.3} s: {}", cycle.took, cycle.requests);
        assert_eq!(cycle.read, cluster.truth, "a cycle that is not the truth");
    }
    let (raw, read) = runtime
        .block_on(raw::read(&cluster.bootstrap))
        .expect("raw requests");
    assert_eq!(read, cluster.truth, "raw requests that are not the truth");
    let (naive, read) = naive::read(&cluster.bootstrap, size);
    assert_eq!(read, cluster.sample, "a loop that reads not the truth");
    cluster.end();
    let poll = ours::usual(&alone, |cycle| cycle.took);
    let pipeline = ours::usual(&whole, |cycle| cycle.pipeline);
    let (commits, partitions) = cluster.truth.counts();
    println!(
        "\nEach read the same {commits} commits and {partitions} partitions, and all were true.\n"
    );
    println!("| | seconds | × raw |\n|---|---|---|");
    let line = |what: &str, seconds: f64| {
        println!("| {what} | {seconds:.3} | {:.1} |", seconds / raw);
    };
    line("raw batched requests (OffsetFetch with 500 groups)", raw);
    line("this source, each cycle", poll);
    let first = alone.first().map_or(f64::NAN, |cycle| cycle.took);
    line("this source, the first cycle", first);
    let beside = ours::usual(&whole, |cycle| cycle.took);
    line("this source, each cycle, the pipeline beside it", beside);
    line("fold and cut in the first minute", pipeline);
    let quiet = settled.unwrap_or(f64::NAN);
    line("fold and cut of a quiet cycle", quiet);
    line("the usual loop, reckoned from a part", naive);
    println!(
        "\nFold and cut of a quiet cycle ÷ poll: {:.3}",
        quiet / poll
    );
    println!("Peak memory of source and pipeline: {} MiB", peak / 1024);
}

/// The most memory that this process ever held, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
