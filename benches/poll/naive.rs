//! The loop that everyone writes: a consumer a group for its commits, a call a partition for its
//! watermarks.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

const WAIT: Duration = Duration::from_secs(10);
/// Of each kind so many are measured.
const SAMPLE: usize = 60;

fn consumer(bootstrap: &str, group: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .create()
        .expect("a consumer")
}

/// Seconds for all, reckoned from a sample, and what was measured.
pub(crate) fn read(bootstrap: &str, groups: usize, partitions: usize) -> (f64, String) {
    let started = Instant::now();
    for group in 0..SAMPLE.min(groups) {
        let consumer = consumer(bootstrap, &format!("bulk-worker-{group:05}"));
        let mut list = TopicPartitionList::new();
        list.add_partition_range("bulk.events-00000", 0, 19);
        list.set_all_offsets(Offset::Invalid).expect("offsets");
        let committed = consumer.committed_offsets(list, WAIT).expect("commits");
        assert_eq!(committed.count(), 20);
    }
    let commits = started.elapsed().as_secs_f64() / SAMPLE.min(groups) as f64 * groups as f64;
    let consumer = consumer(bootstrap, "watermarks");
    let started = Instant::now();
    for n in 0..SAMPLE * 10 {
        let topic = format!("bulk.events-{:05}", n / 20 % (partitions / 20).max(1));
        consumer
            .fetch_watermarks(&topic, (n % 20) as i32, WAIT)
            .expect("watermarks");
    }
    let watermarks = started.elapsed().as_secs_f64() / (SAMPLE * 10) as f64 * partitions as f64;
    let share = format!(
        "{} groups and {} partitions",
        SAMPLE.min(groups),
        SAMPLE * 10
    );
    (commits + watermarks, share)
}
