//! What is really so while brokers break: the offsets that were acknowledged and when, and who leads what.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use laggard::model::Timestamp;

use crate::support::kafka::KafkaCluster;
use crate::support::kafka::clients::{Producer, leaders_seen};

/// Records of each partition before the faults begin.
pub(super) const BEFORE: i64 = 10;
/// What every group has committed on every partition; nobody commits more.
pub(super) const COMMITTED: i64 = 4;
pub(super) const PARTITIONS: i32 = 3;
const OFFSETS_TOPIC: &str = "__consumer_offsets";
const EACH: Duration = Duration::from_millis(300);

pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_millis(i64::try_from(since.unwrap().as_millis()).unwrap())
}

/// When each record beyond the first [`BEFORE`] was acknowledged, and which broker gets none now.
#[derive(Default)]
struct Appended {
    spared: Option<usize>,
    acknowledged: [Vec<Timestamp>; 3],
}

/// Two topics, three groups, and a producer that goes on whatever breaks.
pub(super) struct Truth {
    /// Partition `n` stands on broker `n + 1` alone; only to these is appended.
    pub(super) pinned: String,
    /// Each partition on all three brokers.
    pub(super) replicated: String,
    /// The n-th is coordinated by broker `n + 1`.
    pub(super) groups: [String; 3],
    appended: Arc<Mutex<Appended>>,
    stop: Arc<AtomicBool>,
}

impl Truth {
    #[track_caller]
    pub(super) fn start(cluster: &KafkaCluster, name: &str) -> Self {
        let (pinned, replicated) = (format!("{name}-pinned"), format!("{name}-replicated"));
        cluster.create_pinned_topic(&pinned);
        cluster.create_topic(&replicated, PARTITIONS);
        // The first commit makes the offsets topic, which tells who coordinates what.
        cluster.commit(&format!("{name}-first"), &[(&pinned, 0, COMMITTED)]);
        let groups = coordinated(cluster, name);
        let producer = cluster.producer();
        let before = usize::try_from(BEFORE).unwrap();
        for topic in [&pinned, &replicated] {
            (0..PARTITIONS).for_each(|partition| producer.produce(topic, partition, before));
        }
        for group in &groups {
            let committer = cluster.committer(group);
            for topic in [&pinned, &replicated] {
                (0..PARTITIONS).for_each(|partition| committer.commit(topic, partition, COMMITTED));
            }
        }
        let truth = Self {
            pinned,
            replicated,
            groups,
            appended: Arc::default(),
            stop: Arc::default(),
        };
        truth.keep_appending(producer);
        truth
    }

    fn keep_appending(&self, producer: Producer) {
        let (topic, appended, stop) = (
            self.pinned.clone(),
            Arc::clone(&self.appended),
            Arc::clone(&self.stop),
        );
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                for (partition, broker) in (0..PARTITIONS).zip(1..) {
                    let mut appended = appended.lock().unwrap();
                    if appended.spared != Some(broker) {
                        producer.produce(&topic, partition, 1);
                        appended.acknowledged[broker - 1].push(now());
                    }
                }
                thread::sleep(EACH);
            }
        });
    }

    /// From now on nothing is appended to this broker's own partition.
    pub(super) fn spare(&self, broker: Option<usize>) {
        self.appended.lock().unwrap().spared = broker;
    }

    /// Where a pinned partition ended for certain at that time.
    pub(super) fn end_at(&self, partition: i32, at: Timestamp) -> i64 {
        let appended = self.appended.lock().unwrap();
        let acknowledged = &appended.acknowledged[usize::try_from(partition).unwrap()];
        let by_then = acknowledged.partition_point(|then| *then <= at);
        BEFORE + i64::try_from(by_then).unwrap()
    }

    /// Of the replicated topic's partitions and of the groups, those that this broker leads and coordinates.
    #[track_caller]
    pub(super) fn led_by(&self, broker: usize, ask: &str) -> Led {
        let id = i32::try_from(broker).unwrap();
        let mine = |leaders: Vec<i32>| {
            let numbered = (0..).zip(leaders);
            numbered.filter(|(_, leader)| *leader == id).map(|(n, _)| n)
        };
        let offsets: Vec<i32> = mine(leaders_seen(ask, OFFSETS_TOPIC).unwrap()).collect();
        assert!(!offsets.is_empty(), "broker {broker} coordinates nothing");
        let partitions = mine(leaders_seen(ask, &self.replicated).unwrap()).collect();
        Led {
            partitions,
            offsets,
        }
    }

    /// That the cluster has given all of this broker's partitions that have other replicas to others.
    pub(super) fn leads_nothing(&self, broker: usize, ask: &str) -> Result<(), String> {
        let id = i32::try_from(broker).unwrap();
        for topic in [OFFSETS_TOPIC, &self.replicated] {
            let leaders = leaders_seen(ask, topic)?;
            if leaders.contains(&id) || leaders.contains(&-1) {
                return Err(format!("{topic} is led by {leaders:?}"));
            }
        }
        Ok(())
    }

    /// That it leads again what it led.
    pub(super) fn leads_again(&self, broker: usize, led: &Led, ask: &str) -> Result<(), String> {
        let id = i32::try_from(broker).unwrap();
        for (topic, partitions) in [
            (OFFSETS_TOPIC, &led.offsets),
            (&*self.replicated, &led.partitions),
        ] {
            let leaders = leaders_seen(ask, topic)?;
            let back = |n: &i32| leaders.get(usize::try_from(*n).unwrap()) == Some(&id);
            if !partitions.iter().all(back) {
                return Err(format!("{topic} is led by {leaders:?}"));
            }
        }
        Ok(())
    }
}

impl Drop for Truth {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// What a broker leads.
pub(super) struct Led {
    /// Of the replicated topic.
    pub(super) partitions: Vec<i32>,
    /// Of the offsets topic.
    offsets: Vec<i32>,
}

/// A group's name for each broker that coordinates it, by Kafka's own rule.
#[track_caller]
fn coordinated(cluster: &KafkaCluster, name: &str) -> [String; 3] {
    let leaders = leaders_seen(&cluster.bootstrap(), OFFSETS_TOPIC).unwrap();
    let hash = |text: &str| {
        text.encode_utf16().fold(0_i32, |hash, unit| {
            hash.wrapping_mul(31).wrapping_add(i32::from(unit))
        })
    };
    [1, 2, 3].map(|broker| {
        let names = (0..1000).map(|n| format!("{name}-of-{broker}-{n}"));
        let coordinator = |group: &str| {
            let slot = hash(group).checked_abs().unwrap_or(0);
            leaders[usize::try_from(slot).unwrap() % leaders.len()]
        };
        names
            .into_iter()
            .find(|group| coordinator(group) == broker)
            .unwrap()
    })
}
