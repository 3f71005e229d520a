//! This source's cycles: alone, and with the pipeline folding and cutting beside it as in the real process.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

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
/// Cycles after which the engine knows that nothing flows: half an hour of them.
const SETTLED: i32 = 180;

/// One cycle.
pub(crate) struct Cycle {
    pub(crate) took: f64,
    /// Seconds of a processor that folding its observations and the cut at its end took.
    pub(crate) pipeline: f64,
    pub(crate) read: Tally,
    pub(crate) requests: String,
}

/// Takes observations in, one cycle after the other.
struct Reader {
    pipeline: Option<Pipeline>,
    /// Of the cycle that goes on: held against the truth at its end, so that this costs the pipeline nothing.
    seen: Vec<Observation>,
    last: Vec<Observation>,
    busy: f64,
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
            seen: Vec::new(),
            last: Vec::new(),
            busy: on_processor(),
        }
    }

    /// The cycle, if this ended one.
    fn take(&mut self, observation: Observation) -> Option<Cycle> {
        self.fold(&observation);
        self.seen.push(observation);
        let Some(Observation::Read {
            fact: Fact::Cycle(cycle),
            answered,
            ..
        }) = self.seen.last()
        else {
            return None;
        };
        let (cycle, at) = (cycle.clone(), *answered);
        self.fold(&Observation::Tick { at });
        let pipeline = on_processor() - self.busy;
        let mut read = Tally::default();
        for observation in &self.seen {
            if let Observation::Read { fact, .. } = observation {
                tally(&mut read, fact);
            }
        }
        self.last = std::mem::take(&mut self.seen);
        self.busy = on_processor();
        let sent = cycle.requests.iter();
        Some(Cycle {
            took: cycle.took.as_secs_f64(),
            pipeline,
            read,
            requests: sent
                .map(|(api, number)| format!("{api} {number}"))
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// Seconds of a processor for a cycle like the last one, once the same was read for half an hour.
    fn settled(mut self) -> f64 {
        let cycle = std::mem::take(&mut self.last);
        let mut seconds = Vec::new();
        for n in 1..=SETTLED {
            let later: Vec<_> = cycle.iter().map(|o| shifted(o, n)).collect();
            let at = later
                .last()
                .map_or_else(Timestamp::default, Observation::at);
            let before = on_processor();
            for observation in &later {
                self.fold(observation);
            }
            self.fold(&Observation::Tick { at });
            seconds.push(on_processor() - before);
        }
        // One cycle in three also takes measure of what flows.
        median(&mut seconds[SETTLED as usize - 9..])
    }

    fn fold(&mut self, observation: &Observation) {
        if let Some(pipeline) = &mut self.pipeline {
            let _snapshot = pipeline.fold(observation);
        }
    }
}

/// The same, some intervals later.
fn shifted(observation: &Observation, intervals: i32) -> Observation {
    let by = Span::from_secs(INTERVAL.as_secs() as i64).times(i64::from(intervals));
    match observation.clone() {
        Observation::Read {
            cluster,
            asked,
            answered,
            fact,
        } => Observation::Read {
            cluster,
            asked: asked + by,
            answered: answered + by,
            fact,
        },
        other => other,
    }
}

/// Seconds that this thread has been on a processor: those in which it waited for one, or for an
/// observation, are not the pipeline's.
fn on_processor() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|n| n.parse::<f64>().ok());
    nanos.unwrap_or(f64::NAN) / 1e9
}

fn tally(read: &mut Tally, fact: &Fact) {
    match fact {
        Fact::Commits { group, topics, .. } => {
            for topic in topics {
                for one in &topic.partitions {
                    if let Ok(Some(offset)) = one.offset {
                        let (group, topic) = (group.as_str(), topic.topic.as_str());
                        read.commit(group, topic, one.partition, offset);
                    }
                }
            }
        }
        Fact::LogStarts { topic, offsets } => {
            for one in offsets {
                let offset = *one.offset.as_ref().expect("a log start");
                read.start(topic.as_str(), one.partition, offset);
            }
        }
        Fact::LogEnds {
            topic,
            isolation: Isolation::ReadUncommitted,
            offsets,
        } => {
            for one in offsets {
                let offset = *one.offset.as_ref().expect("a log end");
                read.end(topic.as_str(), one.partition, offset);
            }
        }
        _ => {}
    }
}

/// Runs the source for some cycles; folding is another thread's work. Also says what a quiet cycle
/// costs the pipeline once it knows that nothing flows, if there is one.
pub(crate) fn read(
    runtime: &Runtime,
    bootstrap: &str,
    with_pipeline: bool,
) -> (Vec<Cycle>, Option<f64>) {
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
            cycles.extend(reader.take(observation));
        }
        (cycles, reader)
    });
    let (cycles, reader) = folding.join().expect("the folding thread");
    stop.cancel();
    let _ended = runtime.block_on(running);
    (cycles, with_pipeline.then(|| reader.settled()))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median over all cycles but the first.
pub(crate) fn usual(cycles: &[Cycle], of: impl Fn(&Cycle) -> f64) -> f64 {
    median(&mut cycles.iter().skip(1).map(of).collect::<Vec<_>>())
}
