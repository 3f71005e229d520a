//! First records at or after offsets, where an operator allows it: the timestamp of the oldest
//! unread record, and whether there is one at all behind a commit.
//!
//! In: partitions and offsets. Out: observations. A consumer that assigns itself one partition at a
//! time, never joins, never commits. Of what it reads only offset and timestamp leave this file:
//! no key, value or header. What it cannot read it leaves unanswered: asks may be ignored.

use std::sync::mpsc as blocking;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Message as _, Offset as At, TopicPartitionList};
use tokio::sync::mpsc;

use super::config::KafkaConfig;
use crate::model::{ClusterName, Fact, Observation, Offset, PartitionId, Timestamp, TopicName};
use crate::source::stamp::Stamper;

/// Asks that wait; more are dropped, and asked again when the log has moved.
const WAITING: usize = 256;
/// How long a record is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the consumer is told beside the user's own: little at a time, and to say where a log ends.
const PROPERTIES: [(&str, &str); 5] = [
    ("enable.partition.eof", "true"),
    ("enable.auto.commit", "false"),
    ("fetch.wait.max.ms", "20"),
    ("fetch.message.max.bytes", "1024"),
    ("queued.min.messages", "1"),
];

/// One wish.
#[derive(Debug)]
struct Wanted {
    topic: TopicName,
    partition: PartitionId,
    offset: Offset,
}

/// The way to the thread that reads; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Records(blocking::SyncSender<Wanted>);

impl Records {
    /// Starts the thread. It connects to nothing before the first wish.
    pub(super) fn start(
        config: &KafkaConfig,
        stamper: Stamper,
        out: mpsc::Sender<Observation>,
    ) -> std::io::Result<Self> {
        let mut client = ClientConfig::new();
        client.extend(config.properties.for_client());
        client.extend(PROPERTIES.map(|(name, value)| (name.to_owned(), value.to_owned())));
        client.set_log_level(RDKafkaLogLevel::Critical);
        let (sender, inbox) = blocking::sync_channel(WAITING);
        let reader = Reader {
            client,
            cluster: config.cluster.clone(),
            stamper,
            out,
        };
        thread::Builder::new()
            .name("records".to_owned())
            .spawn(move || reader.run(&inbox))?;
        Ok(Self(sender))
    }

    /// Asks for the first record at or after an offset.
    pub(super) fn ask(&self, topic: TopicName, partition: PartitionId, offset: Offset) {
        let wanted = Wanted {
            topic,
            partition,
            offset,
        };
        if self.0.try_send(wanted).is_err() {
            tracing::debug!(target: "laggard::kafka", "too many records are waited for: one is not read");
        }
    }
}

struct Reader {
    client: ClientConfig,
    cluster: ClusterName,
    stamper: Stamper,
    out: mpsc::Sender<Observation>,
}

impl Reader {
    fn run(&self, inbox: &blocking::Receiver<Wanted>) {
        let mut consumer: Option<BaseConsumer> = None;
        while let Ok(wanted) = inbox.recv() {
            let asked = Instant::now();
            // A leader that moved fails a consumer that knows the old one: once more with a new one.
            let known = consumer.is_some();
            let mut read = self.read(&mut consumer, &wanted);
            if read.is_err() && known {
                read = self.read(&mut consumer, &wanted);
            }
            match read {
                Ok(Some(fact)) => {
                    let observation = Observation::Read {
                        cluster: self.cluster.clone(),
                        asked: self.stamper.at(asked),
                        answered: self.stamper.now(),
                        fact,
                    };
                    if self.out.blocking_send(observation).is_err() {
                        return;
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    // The code alone: a message may quote what the broker was told.
                    let code = error.rdkafka_error_code();
                    tracing::debug!(target: "laggard::kafka", cluster = %self.cluster, ?code, "a record cannot be read");
                }
            }
        }
    }

    /// Reads with the consumer, made first if there is none; one that failed is not used again.
    fn read(
        &self,
        consumer: &mut Option<BaseConsumer>,
        wanted: &Wanted,
    ) -> KafkaResult<Option<Fact>> {
        let made = match consumer.take() {
            Some(made) => made,
            None => self.client.create()?,
        };
        let read = first_record(&made, wanted)?;
        *consumer = Some(made);
        Ok(read)
    }
}

/// The first record at or after an offset, or that there is none up to the log end; nothing when
/// the time was up first.
fn first_record(consumer: &BaseConsumer, wanted: &Wanted) -> KafkaResult<Option<Fact>> {
    let Wanted {
        topic,
        partition,
        offset,
    } = wanted;
    // Asked before the read, so that what the read has come to lies no lower.
    let (_, end) = consumer.fetch_watermarks(topic.as_str(), *partition, PATIENCE)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic.as_str(), *partition, At::Offset(*offset))?;
    consumer.assign(&list)?;
    let met = meet(consumer, PATIENCE);
    consumer.unassign()?;
    let fact = |found| Fact::RecordAt {
        topic: topic.clone(),
        partition: *partition,
        offset: *offset,
        found,
        log_end_offset: end,
    };
    Ok(met?.map(fact))
}

/// What comes first: a record (its offset and timestamp) or the log's end.
#[allow(clippy::option_option, reason = "nothing, the end, or a record")]
fn meet(
    consumer: &BaseConsumer,
    patience: Duration,
) -> KafkaResult<Option<Option<(Offset, Timestamp)>>> {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(message)) => {
                let time = message.timestamp().to_millis().unwrap_or(-1);
                return Ok(Some(Some((message.offset(), Timestamp::from_millis(time)))));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(Some(None)),
            Some(Err(error)) => return Err(error),
        }
    }
    Ok(None)
}
