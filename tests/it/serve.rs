//! `laggard serve` on real Kafka: what can only be seen from one poll to the next.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::inside::Inside as Served;
use crate::support::kafka::shared;
use crate::support::laggard::partition;
use crate::support::{eventually, unique};

const WITHIN: Duration = Duration::from_secs(15);

/// Waits until a row has these committed and end offsets and this lag.
#[track_caller]
fn wait_row(served: &mut Served, of: (&str, &str), expected: [i64; 3]) -> Value {
    wait_row_within(WITHIN, served, of, expected)
}

#[track_caller]
fn wait_row_within(
    within: Duration,
    served: &mut Served,
    (group, topic): (&str, &str),
    expected: [i64; 3],
) -> Value {
    eventually(within, || {
        let document = served.snapshot();
        let row = partition(&document, group, topic, 0)?;
        let seen =
            ["committed_offset", "log_end_offset", "lag"].map(|field| row[field]["value"].as_i64());
        if seen == expected.map(Some) {
            Ok(row.clone())
        } else {
            Err(format!("{row:#}"))
        }
    })
}

#[test]
fn a_new_group_on_a_new_topic_is_right_in_the_next_cycle() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("new"), unique("new"));
    let mut served = Served::start(cluster);
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 8);
    cluster.commit(&group, &[(&topic, 0, 5)]);
    wait_row(&mut served, (&group, &topic), [5, 8, 3]);
}

/// Long enough to delete a topic and make it anew between two polls.
const RARELY: Duration = Duration::from_secs(15);

/// The last poll's end, and the topic's id.
fn seen_of(served: &Served, topic: &str) -> (Value, Value) {
    let document = served.snapshot();
    let cluster = &document["clusters"][0];
    let mut topics = cluster["topics"].as_array().unwrap().iter();
    let id = topics.find(|seen| seen["topic"] == topic);
    (
        cluster["health"]["last_complete_listing"].clone(),
        id.map_or(Value::Null, |seen| seen["topic_id"].clone()),
    )
}

/// Kafka deletes the commits of a deleted topic, but not at once: until then they lie beyond the end. Either way there is no lag to tell, and
/// surely none of 10 or 0.
#[test]
fn a_topic_made_anew_between_two_polls_starts_a_new_history() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("anew"), unique("anew"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 50);
    cluster.commit(&group, &[(&topic, 0, 40)]);
    let mut served = Served::start_each(cluster, RARELY);
    wait_row(&mut served, (&group, &topic), [40, 50, 10]);
    let last_poll = || seen_of(&served, &topic).0;
    let before = seen_of(&served, &topic);
    // From the beginning of an interval, so that the next poll is far.
    let polled = eventually(2 * RARELY, || {
        let polled = last_poll();
        (polled != before.0)
            .then_some(polled)
            .ok_or("no poll".to_owned())
    });
    cluster.delete_topic(&topic);
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 3);
    assert_eq!(last_poll(), polled, "a poll fell between");
    let made_anew =
        |row: &Value| row["log_end_offset"]["value"] == 3 && row["lag"]["value"].is_null();
    eventually(2 * RARELY, || {
        let document = served.snapshot();
        let polled_again = last_poll() != polled;
        // With its only commit Kafka may delete the group, too.
        let Ok(row) = partition(&document, &group, &topic, 0) else {
            return polled_again.then_some(()).ok_or("gone".to_owned());
        };
        let lag = &row["lag"]["value"];
        // Until the next poll the old picture stands; then no number but the new one's.
        let (old, end) = (*lag == 10, &row["log_end_offset"]["value"]);
        let new = lag.is_null() && (end.is_null() || *end == 3);
        assert!(old || new, "{row:#}");
        if polled_again && made_anew(row) {
            Ok(())
        } else {
            Err(format!("{row:#}"))
        }
    });
    let (_, id) = seen_of(&served, &topic);
    assert!(id.is_string() && id != before.1, "{id} after {}", before.1);
    cluster.commit(&group, &[(&topic, 0, 1)]);
    let row = wait_row_within(2 * RARELY, &mut served, (&group, &topic), [1, 3, 2]);
    assert_ne!(row["status"]["value"], "data_loss", "{row:#}");
}

#[test]
fn deleting_what_was_just_committed_is_no_loss() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("purge"), unique("purge"));
    cluster.create_topic(&topic, 1);
    cluster.produce(&topic, 0, 1);
    cluster.commit(&group, &[(&topic, 0, 1)]);
    let mut served = Served::start(cluster);
    let producer = cluster.producer();
    let committer = cluster.committer(&group);
    let until = Instant::now() + Duration::from_secs(purge_seconds());
    let (mut end, mut looks) = (1, 0);
    while Instant::now() < until {
        producer.produce(&topic, 0, 5);
        end += 5;
        committer.commit(&topic, 0, end);
        cluster.delete_records(&topic, 0, end);
        if let Ok(row) = partition(&served.snapshot(), &group, &topic, 0) {
            assert_ne!(row["status"]["value"], "data_loss", "{row:#}");
            looks += 1;
        }
        sleep(Duration::from_millis(100));
    }
    assert!(looks > 10, "the group was hardly ever seen");
    wait_row(&mut served, (&group, &topic), [end, end, 0]);
}

/// `LAGGARD_PURGE_SECONDS` makes it longer.
fn purge_seconds() -> u64 {
    std::env::var("LAGGARD_PURGE_SECONDS").map_or(30, |seconds| seconds.parse().unwrap())
}
