//! This source's cycles: alone, and with the pipeline folding and cutting beside it as in the real process.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use laggard::model::{
    BootId, ClusterSettings, Fact, Isolation, Observation, Settings, Span, Timestamp,
};
use laggard::pipeline::Pipeline;
use laggard::source::Source as _;
use laggard::source::kafka::{KafkaConfig, KafkaSource, Properties};
use laggard::source::stamp::Stamper;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::tally::Tally;

/// The default interval: a part of the groups is described in each cycle, and how many hangs on it.
const INTERVAL: Duration = Duration::from_secs(10);
/// Cycles after the first, which also learns what is rarely asked.
const CYCLES: usize = 6;

/// One cycle.
pub(crate) struct Cycle {
    pub(crate) took: f64,
    /// Seconds of folding its observations and of the cut at its end.
    pub(crate) pipeline: f64,
    pub(crate) read: Tally,
    pub(crate) requests: String,
}

/// Takes observations in, one cycle after the other.
struct Reader {
    pipeline: Option<Pipeline>,
    spent: Duration,
    read: Tally,
}

impl Reader {
    fn new(with_pipeline: bool) -> Self {
        let pipeline = with_pipeline.then(|| {
            let mut pipeline = Pipeline::new();
            let at = Timestamp::from_millis(0);
            let cluster = ClusterSettings {
                poll_interval: Span::from_secs(10),
                ..ClusterSettings::named("bench".into())
            };
            let settings = Arc::new(Settings {
                clusters: vec![cluster],
                ..Settings::default()
            });
            let boot = BootId::from("bench".to_owned());
            for observation in [
                Observation::Boot { at, boot },
                Observation::Configured { at, settings },
            ] {
                let _nothing_to_cut = pipeline.fold(&observation);
            }
            pipeline
        });
        Self {
            pipeline,
            spent: Duration::ZERO,
            read: Tally::default(),
        }
    }

    /// The cycle, if this ended one.
    fn take(&mut self, observation: &Observation) -> Option<Cycle> {
        self.fold(observation);
        let Observation::Read { fact, answered, .. } = observation else {
            return None;
        };
        self.tally(fact);
        let Fact::Cycle(cycle) = fact else {
            return None;
        };
        self.fold(&Observation::Tick { at: *answered });
        let sent = cycle.requests.iter();
        Some(Cycle {
            took: cycle.took.as_secs_f64(),
            pipeline: std::mem::take(&mut self.spent).as_secs_f64(),
            read: std::mem::take(&mut self.read),
            requests: sent
                .map(|(api, number)| format!("{api} {number}"))
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    fn fold(&mut self, observation: &Observation) {
        if let Some(pipeline) = &mut self.pipeline {
            let started = Instant::now();
            let _snapshot = pipeline.fold(observation);
            self.spent += started.elapsed();
        }
    }

    fn tally(&mut self, fact: &Fact) {
        match fact {
            Fact::Commits { group, topics, .. } => {
                for topic in topics {
                    for read in &topic.partitions {
                        if let Ok(Some(offset)) = read.offset {
                            let (group, topic) = (group.as_str(), topic.topic.as_str());
                            self.read.commit(group, topic, read.partition, offset);
                        }
                    }
                }
            }
            Fact::LogStarts { topic, offsets } => {
                for read in offsets {
                    let offset = *read.offset.as_ref().expect("a log start");
                    self.read.start(topic.as_str(), read.partition, offset);
                }
            }
            Fact::LogEnds {
                topic,
                isolation: Isolation::ReadUncommitted,
                offsets,
            } => {
                for read in offsets {
                    let offset = *read.offset.as_ref().expect("a log end");
                    self.read.end(topic.as_str(), read.partition, offset);
                }
            }
            _ => {}
        }
    }
}

/// Runs the source for some cycles; folding is another thread's work.
pub(crate) fn read(runtime: &Runtime, bootstrap: &str, with_pipeline: bool) -> Vec<Cycle> {
    let mut config = KafkaConfig::new("bench".into(), Properties::bootstrap(bootstrap));
    config.poll_interval = INTERVAL;
    config.request_timeout = Duration::from_secs(30);
    let (out, mut observations) = mpsc::channel(4096);
    let (_asks, asked) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let source = KafkaSource::new(config, Stamper::new());
    let running = runtime.spawn(source.run(out, asked, stop.clone()));
    let folding = thread::spawn(move || {
        let (mut reader, mut cycles) = (Reader::new(with_pipeline), Vec::new());
        while cycles.len() <= CYCLES {
            let Some(observation) = observations.blocking_recv() else {
                break;
            };
            cycles.extend(reader.take(&observation));
        }
        cycles
    });
    let cycles = folding.join().expect("the folding thread");
    stop.cancel();
    let _ended = runtime.block_on(running);
    cycles
}

/// The median over all cycles but the first.
pub(crate) fn usual(cycles: &[Cycle], of: impl Fn(&Cycle) -> f64) -> f64 {
    let mut usual: Vec<f64> = cycles.iter().skip(1).map(of).collect();
    usual.sort_by(f64::total_cmp);
    usual.get(usual.len() / 2).copied().unwrap_or(f64::NAN)
}
