//! Brokers that are killed, hung and brought back while `laggard serve` watches: the others' readings stay known, their own turn stale with the
//! reason and come back, and nothing is ever shown that was not so.

use std::time::Duration;

use serde_json::Value;

use crate::support::inside::Inside as Served;
use crate::support::kafka::{KafkaCluster, Options};
use crate::support::laggard::partition;
use crate::support::{eventually, unique};

const END: i64 = 10;
const COMMITTED: i64 = 4;

/// How many faults; the full run is 30.
fn faults() -> usize {
    std::env::var("LAGGARD_FAULTS").map_or(4, |count| count.parse().unwrap())
}

struct Watched {
    cluster: KafkaCluster,
    served: Served,
    group: String,
    pinned: String,
    replicated: String,
}

impl Watched {
    fn start() -> Self {
        let cluster = KafkaCluster::start(3, &Options::default());
        let (group, pinned, replicated) =
            (unique("faults"), unique("pinned"), unique("replicated"));
        cluster.create_pinned_topic(&pinned);
        cluster.create_topic(&replicated, 3);
        for (topic, partition) in [&pinned, &replicated]
            .into_iter()
            .flat_map(|topic| (0..3).map(move |p| (topic, p)))
        {
            cluster.produce(topic, partition, usize::try_from(END).unwrap());
            cluster.commit(&group, &[(topic, partition, COMMITTED)]);
        }
        let served = Served::start(&cluster);
        Self {
            cluster,
            served,
            group,
            pinned,
            replicated,
        }
    }

    /// A snapshot, in which every number has to be the true one or none.
    #[track_caller]
    fn look(&mut self) -> Value {
        let document = self.served.snapshot();
        for (topic, number) in [&self.pinned, &self.replicated]
            .into_iter()
            .flat_map(|topic| (0..3).map(move |p| (topic, p)))
        {
            let row = partition(&document, &self.group, topic, number).unwrap();
            let truth = [
                ("committed_offset", COMMITTED),
                ("log_end_offset", END),
                ("lag", END - COMMITTED),
                ("effective_lag", END - COMMITTED),
            ];
            for (field, truth) in truth {
                let reading = &row[field];
                assert!(
                    reading["value"].is_null() || reading["value"] == truth,
                    "{topic}-{number} {field}: {row:#}"
                );
                assert!(
                    is_known(reading) || reading["why"].is_string(),
                    "{topic}-{number} {field} gives no reason: {row:#}"
                );
            }
        }
        document
    }

    /// Waits until the readings of these brokers' own partitions are known, and those of all others are not.
    #[track_caller]
    fn wait_known(&mut self, known: &[usize]) {
        eventually(Duration::from_secs(45), || {
            let document = self.look();
            for id in 1..=3 {
                let number = i32::try_from(id - 1).unwrap();
                let row = partition(&document, &self.group, &self.pinned, number)?;
                if is_known(&row["lag"]) != known.contains(&id) {
                    return Err(format!("{}-{number}, of broker {id}: {row:#}", self.pinned));
                }
                let moved = partition(&document, &self.group, &self.replicated, number)?;
                if !is_known(&moved["lag"]) {
                    return Err(format!(
                        "{}-{number}, which has a leader: {moved:#}",
                        self.replicated,
                    ));
                }
            }
            Ok(())
        });
    }
}

fn is_known(reading: &Value) -> bool {
    !reading["value"].is_null() && reading["stale_since"].is_null()
}

#[test]
fn brokers_that_die_and_hang_in_turn_spoil_only_their_own_readings() {
    require!(kafka);
    let mut watched = Watched::start();
    watched.wait_known(&[1, 2, 3]);
    for fault in 0..faults() {
        let (broker, hangs) = (fault % 3 + 1, fault % 2 == 1);
        let others: Vec<_> = (1..=3).filter(|id| *id != broker).collect();
        if hangs {
            watched.cluster.hang(broker);
        } else {
            watched.cluster.kill(broker);
        }
        watched.wait_known(&others);
        if hangs {
            watched.cluster.wake(broker);
        } else {
            watched.cluster.restart(broker);
        }
        watched.wait_known(&[1, 2, 3]);
        watched.cluster.elect_preferred_leaders();
        watched.wait_known(&[1, 2, 3]);
    }
}
