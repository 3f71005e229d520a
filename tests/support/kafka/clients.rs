//! Producers, consumers and administration through librdkafka inside the test process: milliseconds where a Java tool takes seconds. In: a
//! cluster and names. Out: records, commits, members that live until dropped. All of it panics on failure, as tests should.

use std::future::Future;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, SystemTime};

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

/// On a thread of its own, so that an asynchronous test may use the helpers too.
fn block_on<T: Send>(future: impl Future<Output = T> + Send) -> T {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    };
    thread::scope(|scope| scope.spawn(runtime).join()).unwrap()
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
        self.create(&topic);
    }

    #[track_caller]
    fn create(&self, topic: &NewTopic<'_>) {
        let (name, partitions) = (topic.name, topic.num_partitions);
        let results = block_on(self.admin().create_topics([topic], &AdminOptions::new())).unwrap();
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

    /// Creates a topic without replicas, whose partition `n` stands on broker `n + 1` alone: down with its broker.
    #[track_caller]
    pub fn create_pinned_topic(&self, name: &str) {
        let brokers: Vec<_> = self.ids().map(|id| [i32::try_from(id).unwrap()]).collect();
        let brokers: Vec<&[i32]> = brokers.iter().map(<[i32; 1]>::as_slice).collect();
        let partitions = i32::try_from(brokers.len()).unwrap();
        self.create(&NewTopic::new(
            name,
            partitions,
            TopicReplication::Variable(&brokers),
        ));
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
        self.committer(group).commit_all(offsets);
    }

    /// A group's commits one after another, without connecting anew for each.
    #[track_caller]
    pub fn committer(&self, group: &str) -> Committer {
        Committer(
            config(&self.bootstrap())
                .set("group.id", group)
                .create()
                .unwrap(),
        )
    }

    /// Records one after another, without connecting anew for each.
    #[track_caller]
    pub fn producer(&self) -> Producer {
        Producer(Sender::new(&config(&self.bootstrap())))
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

/// The leader of each partition, as the brokers at these addresses tell it; −1 where there is none.
pub fn leaders_seen(bootstrap: &str, topic: &str) -> Result<Vec<i32>, String> {
    let probe: BaseConsumer = config(bootstrap)
        .create()
        .map_err(|error| error.to_string())?;
    let metadata = probe
        .fetch_metadata(Some(topic), Duration::from_secs(5))
        .map_err(|error| error.to_string())?;
    let mut leaders: Vec<_> = metadata.topics()[0]
        .partitions()
        .iter()
        .map(|partition| (partition.id(), partition.leader()))
        .collect();
    leaders.sort_unstable();
    Ok(leaders.into_iter().map(|(_, leader)| leader).collect())
}

/// Commits for a group without members. See [`KafkaCluster::committer`].
pub struct Committer(BaseConsumer);

impl Committer {
    #[track_caller]
    pub fn commit(&self, topic: &str, partition: i32, offset: i64) {
        self.commit_all(&[(topic, partition, offset)]);
    }

    #[track_caller]
    fn commit_all(&self, offsets: &[(&str, i32, i64)]) {
        let mut list = TopicPartitionList::new();
        for (topic, partition, offset) in offsets {
            list.add_partition_offset(topic, *partition, Offset::Offset(*offset))
                .unwrap();
        }
        eventually(SECONDS_30, || {
            self.0
                .commit(&list, CommitMode::Sync)
                .map_err(|error| error.to_string())
        });
    }
}

/// Appends records. See [`KafkaCluster::producer`].
pub struct Producer(Sender);

impl Producer {
    /// Appends and waits until all are acknowledged.
    #[track_caller]
    pub fn produce(&self, topic: &str, partition: i32, count: usize) {
        self.0.send(topic, partition, count, None);
        self.0.settle();
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
