//! Producers, consumers and administration through librdkafka inside the test process: milliseconds where a Java tool takes seconds. In: a
//! cluster and names. Out: records, commits, members that live until dropped. All of it panics on failure, as tests should.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use super::KafkaCluster;
use crate::support::eventually;

const SECONDS_30: Duration = Duration::from_secs(30);

/// A client's configuration for a listener that asks for nothing.
pub fn config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("enable.metrics.push", "false")
        .set("allow.auto.create.topics", "false");
    // Brokers are killed on purpose here; librdkafka's remarks on that are of no use.
    config.set("log_level", "2");
    config
}

/// A number that differs from call to call.
pub(super) fn jitter() -> u32 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .subsec_micros()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

impl KafkaCluster {
    fn admin(&self) -> AdminClient<DefaultClientContext> {
        config(&self.bootstrap()).create().unwrap()
    }

    /// Creates a topic with as many replicas as the cluster allows (three at most) and waits until every partition has a leader.
    #[track_caller]
    pub fn create_topic(&self, name: &str, partitions: i32) {
        self.create_topic_with(name, partitions, &[]);
    }

    /// The same with topic properties of one's own.
    #[track_caller]
    pub fn create_topic_with(&self, name: &str, partitions: i32, properties: &[(&str, &str)]) {
        let replicas = i32::try_from(self.ids().count().min(3)).unwrap();
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(replicas));
        topic.config.extend(properties);
        let results = block_on(self.admin().create_topics([&topic], &AdminOptions::new())).unwrap();
        for result in results {
            result.unwrap_or_else(|(name, error)| panic!("cannot create {name}: {error}"));
        }
        let probe: BaseConsumer = config(&self.bootstrap()).create().unwrap();
        eventually(SECONDS_30, || {
            let metadata = probe
                .fetch_metadata(Some(name), SECONDS_30)
                .map_err(|error| error.to_string())?;
            let led = metadata.topics()[0]
                .partitions()
                .iter()
                .filter(|partition| partition.leader() >= 0)
                .count();
            if led == usize::try_from(partitions).unwrap() {
                Ok(())
            } else {
                Err(format!("{led} of {partitions} partitions have a leader"))
            }
        });
    }

    /// Deletes a topic and waits until the brokers no longer name it.
    #[track_caller]
    pub fn delete_topic(&self, name: &str) {
        for result in block_on(self.admin().delete_topics(&[name], &AdminOptions::new())).unwrap() {
            result.unwrap_or_else(|(name, error)| panic!("cannot delete {name}: {error}"));
        }
        let probe: BaseConsumer = config(&self.bootstrap()).create().unwrap();
        eventually(SECONDS_30, || {
            let metadata = probe
                .fetch_metadata(None, SECONDS_30)
                .map_err(|error| error.to_string())?;
            let still = metadata.topics().iter().any(|topic| topic.name() == name);
            if still {
                Err(format!("{name} is still there"))
            } else {
                Ok(())
            }
        });
    }

    /// Deletes the records of a partition below `before`; the log then starts there.
    #[track_caller]
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) {
        let mut offsets = TopicPartitionList::new();
        offsets
            .add_partition_offset(topic, partition, Offset::Offset(before))
            .unwrap();
        let done = block_on(self.admin().delete_records(&offsets, &AdminOptions::new())).unwrap();
        done.elements()[0].error().unwrap();
    }

    /// Deletes a group that has no members.
    #[track_caller]
    pub fn delete_group(&self, group: &str) {
        for result in block_on(self.admin().delete_groups(&[group], &AdminOptions::new())).unwrap()
        {
            result.unwrap_or_else(|(name, error)| panic!("cannot delete {name}: {error}"));
        }
    }

    /// Appends `count` small records to a partition and waits until all are acknowledged.
    #[track_caller]
    pub fn produce(&self, topic: &str, partition: i32, count: usize) {
        self.produce_at(topic, partition, count, None);
    }

    /// The same with a record timestamp, in ms since the epoch.
    #[track_caller]
    pub fn produce_at(&self, topic: &str, partition: i32, count: usize, timestamp: Option<i64>) {
        let producer = Sender::new(&config(&self.bootstrap()));
        producer.send(topic, partition, count, timestamp);
        producer.settle();
    }

    /// Commits offsets for a group without members (a classic group, state Empty). A negative offset is refused by Kafka.
    #[track_caller]
    pub fn commit(&self, group: &str, offsets: &[(&str, i32, i64)]) {
        let consumer: BaseConsumer = config(&self.bootstrap())
            .set("group.id", group)
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        for (topic, partition, offset) in offsets {
            list.add_partition_offset(topic, *partition, Offset::Offset(*offset))
                .unwrap();
        }
        eventually(SECONDS_30, || {
            consumer
                .commit(&list, CommitMode::Sync)
                .map_err(|error| error.to_string())
        });
    }

    /// The log start and the high watermark of a partition.
    #[track_caller]
    pub fn watermarks(&self, topic: &str, partition: i32) -> (i64, i64) {
        let mut config = config(&self.bootstrap());
        // Else librdkafka answers with the last stable offset.
        let probe: BaseConsumer = config
            .set("isolation.level", "read_uncommitted")
            .create()
            .unwrap();
        probe
            .fetch_watermarks(topic, partition, SECONDS_30)
            .unwrap()
    }
}

/// Counts what the brokers refused.
#[derive(Default)]
struct Deliveries {
    refused: Mutex<Vec<String>>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.refused.lock().unwrap().push(error.to_string());
        }
    }
}

struct Sender(ThreadedProducer<Deliveries>);

impl Sender {
    fn new(config: &ClientConfig) -> Self {
        let mut config = config.clone();
        config
            .set("linger.ms", "5")
            .set("message.timeout.ms", "30000");
        Self(config.create_with_context(Deliveries::default()).unwrap())
    }

    #[track_caller]
    fn send(&self, topic: &str, partition: i32, count: usize, timestamp: Option<i64>) {
        for n in 0..count {
            let (key, value) = (format!("key-{n}"), format!("value-{n}"));
            let mut record = BaseRecord::to(topic)
                .partition(partition)
                .key(&key)
                .payload(&value);
            record.timestamp = timestamp;
            while let Err((error, same)) = self.0.send(record) {
                assert_eq!(
                    error.rdkafka_error_code(),
                    Some(rdkafka::types::RDKafkaErrorCode::QueueFull),
                    "cannot produce: {error}"
                );
                thread::sleep(Duration::from_millis(10));
                record = same;
            }
        }
    }

    #[track_caller]
    fn settle(&self) {
        self.0.flush(SECONDS_30).unwrap();
        let refused = std::mem::take(&mut *self.0.context().refused.lock().unwrap());
        assert!(refused.is_empty(), "refused records: {refused:?}");
    }
}

/// A transactional producer. A transaction that is neither committed nor aborted stays open on the brokers until `transaction.timeout.ms`.
pub struct Transactions(Sender);

impl Transactions {
    /// `timeout_ms` is `transaction.timeout.ms`: after that the coordinator aborts what was left open.
    #[track_caller]
    pub fn new(cluster: &KafkaCluster, transactional_id: &str, timeout_ms: u32) -> Self {
        let mut config = config(&cluster.bootstrap());
        config
            .set("transactional.id", transactional_id)
            .set("transaction.timeout.ms", timeout_ms.to_string());
        let sender = Sender::new(&config);
        sender.0.init_transactions(SECONDS_30).unwrap();
        Self(sender)
    }

    #[track_caller]
    pub fn begin(&self) {
        self.0.0.begin_transaction().unwrap();
    }

    /// Appends records to the open transaction and waits until they are in the log.
    #[track_caller]
    pub fn produce(&self, topic: &str, partition: i32, count: usize) {
        self.0.send(topic, partition, count, None);
        self.0.settle();
    }

    /// Commits: the marker takes an offset of its own in each partition.
    #[track_caller]
    pub fn commit(&self) {
        self.0.0.commit_transaction(SECONDS_30).unwrap();
    }

    #[track_caller]
    pub fn abort(&self) {
        self.0.0.abort_transaction(SECONDS_30).unwrap();
    }
}

/// How a member joins its group.
#[derive(Debug, Clone)]
pub struct MemberOptions {
    properties: Vec<(String, String)>,
    pause_per_record: Duration,
}

impl MemberOptions {
    /// The classic protocol, from the beginning of the log, commits after each record, as quickly as records come.
    pub fn classic() -> Self {
        Self {
            properties: Vec::new(),
            pause_per_record: Duration::ZERO,
        }
        .with("auto.offset.reset", "earliest")
        .with("session.timeout.ms", "10000")
    }

    /// The consumer protocol of KIP-848.
    pub fn consumer() -> Self {
        Self {
            properties: Vec::new(),
            pause_per_record: Duration::ZERO,
        }
        .with("auto.offset.reset", "earliest")
        .with("group.protocol", "consumer")
    }

    /// Any librdkafka property: `client.id`, `group.instance.id` (a static member), `partition.assignment.strategy`, …
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.properties.push((key.to_owned(), value.to_owned()));
        self
    }

    /// How long each record takes.
    pub fn slow(mut self, pause_per_record: Duration) -> Self {
        self.pause_per_record = pause_per_record;
        self
    }
}

/// A member of a group, polling on a thread of its own until dropped, when it leaves in an orderly way.
pub struct Member {
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    paused: AtomicBool,
    records: AtomicU64,
    assigned: Mutex<Vec<(String, i32)>>,
}

impl Member {
    pub fn join(
        cluster: &KafkaCluster,
        group: &str,
        topics: &[&str],
        options: &MemberOptions,
    ) -> Self {
        let mut config = config(&cluster.bootstrap());
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false");
        for (key, value) in &options.properties {
            config.set(key, value);
        }
        let consumer: BaseConsumer = config.create().unwrap();
        consumer.subscribe(topics).unwrap();
        let seen = Arc::new(Seen::default());
        let (shared, pause) = (Arc::clone(&seen), options.pause_per_record);
        let thread = thread::spawn(move || work(&consumer, &shared, pause));
        Self {
            seen,
            thread: Some(thread),
        }
    }

    /// Records that were processed and committed.
    pub fn records(&self) -> u64 {
        self.seen.records.load(Ordering::Relaxed)
    }

    /// The partitions that the member holds now.
    pub fn assigned(&self) -> Vec<(String, i32)> {
        self.seen.assigned.lock().unwrap().clone()
    }

    /// Stops processing while the membership lives on (a stalled consumer), or goes on.
    pub fn pause(&self, paused: bool) {
        self.seen.paused.store(paused, Ordering::Relaxed);
    }

    /// Waits until the member holds at least this many partitions.
    #[track_caller]
    pub fn wait_assigned(&self, partitions: usize) {
        eventually(Duration::from_mins(1), || {
            let held = self.assigned().len();
            if held >= partitions {
                Ok(())
            } else {
                Err(format!(
                    "the member holds {held} of {partitions} partitions"
                ))
            }
        });
    }

    /// Waits until the member has committed this many records.
    #[track_caller]
    pub fn wait_records(&self, records: u64) {
        eventually(Duration::from_mins(1), || {
            let done = self.records();
            if done >= records {
                Ok(())
            } else {
                Err(format!(
                    "the member has processed {done} of {records} records"
                ))
            }
        });
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.seen.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _its_panic_is_reported_by_its_thread = thread.join();
        }
    }
}

fn work(consumer: &BaseConsumer, seen: &Seen, pause: Duration) {
    let mut is_paused = false;
    while !seen.stop.load(Ordering::Relaxed) {
        note_assignment(consumer, seen);
        let pausing = seen.paused.load(Ordering::Relaxed);
        if pausing != is_paused {
            is_paused = pausing;
            let held = consumer.assignment().unwrap();
            if is_paused {
                consumer.pause(&held).unwrap();
            } else {
                consumer.resume(&held).unwrap();
            }
        }
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let until = Instant::now() + pause;
        while Instant::now() < until && !seen.stop.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(5).min(pause));
        }
        // A commit may fail in a rebalance: the record then comes again, here or elsewhere.
        if consumer.commit_message(&message, CommitMode::Sync).is_ok() {
            seen.records.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn note_assignment(consumer: &BaseConsumer, seen: &Seen) {
    if let Ok(assignment) = consumer.assignment() {
        let held = assignment
            .elements()
            .iter()
            .map(|element| (element.topic().to_owned(), element.partition()))
            .collect();
        *seen.assigned.lock().unwrap() = held;
    }
}
