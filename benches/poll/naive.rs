//! The loop that everyone writes: a consumer a group for its commits, a call a partition for its
//! watermarks.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::tally::Tally;
use super::{Size, WIDTH};

const WAIT: Duration = Duration::from_secs(10);
/// So many groups are measured, and the partitions of so many topics.
pub(crate) const SAMPLE: usize = 60;

fn consumer(bootstrap: &str, group: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .create()
        .expect("a consumer")
}

fn topic(number: usize) -> String {
    format!("bulk.events-{number:05}")
}

/// Seconds for all, reckoned from the sample, and what the sample gave.
pub(crate) fn read(bootstrap: &str, size: Size) -> (f64, Tally) {
    let mut tally = Tally::default();
    let topics = size.partitions / WIDTH;
    let (groups, sampled) = (SAMPLE.min(size.groups), SAMPLE.min(topics));
    let started = Instant::now();
    for number in 0..groups {
        let group = format!("bulk-worker-{number:05}");
        let consumer = consumer(bootstrap, &group);
        let mut list = TopicPartitionList::new();
        list.add_partition_range(&topic(number % topics), 0, WIDTH as i32 - 1);
        list.set_all_offsets(Offset::Invalid).expect("offsets");
        let committed = consumer.committed_offsets(list, WAIT).expect("commits");
        for row in committed.elements() {
            if let Offset::Offset(offset) = row.offset() {
                tally.commit(&group, row.topic(), row.partition(), offset);
            }
        }
    }
    let commits = started.elapsed().as_secs_f64() / groups as f64 * size.groups as f64;
    let consumer = consumer(bootstrap, "watermarks");
    let started = Instant::now();
    for number in 0..sampled {
        let topic = topic(number);
        for partition in 0..WIDTH as i32 {
            let (low, high) = consumer
                .fetch_watermarks(&topic, partition, WAIT)
                .expect("watermarks");
            tally.start(&topic, partition, low);
            tally.end(&topic, partition, high);
        }
    }
    let measured = (sampled * WIDTH) as f64;
    let watermarks = started.elapsed().as_secs_f64() / measured * size.partitions as f64;
    (commits + watermarks, tally)
}
