//! Verdicts and time lag on real Kafka, with a policy's `max_silence` in place of a learned one.

use std::thread::sleep;
use std::time::{Duration, Instant};

use laggard::model::{Policy, Span};
use serde_json::Value;

use crate::support::inside::Inside;
use crate::support::kafka::members::{Member, MemberOptions};
use crate::support::kafka::shared;
use crate::support::laggard::partition;
use crate::support::{eventually, unique};

const WITHIN: Duration = Duration::from_secs(40);

/// Waits for a verdict on partition 0 and gives its row.
#[track_caller]
fn wait_status(watched: &Inside, (group, topic): (&str, &str), statuses: &[&str]) -> Value {
    eventually(WITHIN, || {
        let document = watched.snapshot();
        let row = partition(&document, group, topic, 0)?;
        let status = row["status"]["value"].as_str().unwrap_or("none");
        if statuses.contains(&status) {
            Ok(row.clone())
        } else {
            Err(format!("not {statuses:?}: {row:#}"))
        }
    })
}

#[test]
fn a_member_that_hangs_is_stalled_and_one_that_left_has_stopped() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("life"), unique("life"));
    let it = (group.as_str(), topic.as_str());
    cluster.create_topic(&topic, 1);
    let producer = cluster.producer();
    producer.produce(&topic, 0, 5);
    let member = Member::join(cluster, &group, &[&topic], &MemberOptions::classic());
    member.wait_records(5);
    let watched = Inside::start_expecting(
        cluster,
        Policy {
            max_silence: Some(Span::from_secs(6)),
            ..Policy::default()
        },
    );
    wait_status(&watched, it, &["ok"]);

    member.pause(true);
    producer.produce(&topic, 0, 20);
    let row = wait_status(&watched, it, &["stalled"]);
    assert_eq!(row["effective_lag"]["value"], 20, "{row:#}");
    assert!(row["member_id"].is_string(), "{row:#}");

    member.pause(false);
    member.wait_records(25);
    wait_status(&watched, it, &["ok"]);

    drop(member);
    producer.produce(&topic, 0, 7);
    let row = wait_status(&watched, it, &["stopped"]);
    assert_eq!(row["effective_lag"]["value"], 7, "{row:#}");
    assert!(row["member_id"].is_null(), "{row:#}");

    cluster.commit(&group, &[(&topic, 0, 2)]);
    let row = wait_status(&watched, it, &["rewound"]);
    assert_eq!(row["effective_lag"]["value"], 30, "{row:#}");
}

#[test]
fn time_lag_is_the_age_of_the_oldest_unread_record() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("age"), unique("age"));
    cluster.create_topic(&topic, 1);
    cluster.commit(&group, &[(&topic, 0, 0)]);
    let watched = Inside::start(cluster);
    let producer = cluster.producer();
    // The watcher has seen the partition empty before the first record comes.
    eventually(WITHIN, || {
        partition(&watched.snapshot(), &group, &topic, 0)
            .map(|row| assert_eq!(row["time_lag"]["value"], 0.0))
    });
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for _ in 0..12 {
        before.push(Instant::now());
        producer.produce(&topic, 0, 10);
        after.push(Instant::now());
        sleep(Duration::from_secs(1));
    }
    for oldest_unread in [0, 5, 9] {
        cluster.commit(
            &group,
            &[(&topic, 0, i64::try_from(oldest_unread).unwrap() * 10)],
        );
        eventually(WITHIN, || {
            let document = watched.snapshot();
            let row = partition(&document, &group, &topic, 0)?;
            if row["committed_offset"]["value"] != oldest_unread * 10 {
                return Err(format!("{row:#}"));
            }
            let seconds = |field: &str| {
                row["time_lag"][field]
                    .as_f64()
                    .ok_or_else(|| format!("no {field}: {row:#}"))
            };
            // The snapshot may be as old as a cycle; the truth is that of now.
            let (oldest, youngest) = (
                before[oldest_unread].elapsed().as_secs_f64(),
                after[oldest_unread].elapsed().as_secs_f64(),
            );
            let (low, high) = (seconds("low")?, seconds("high")?);
            assert!(
                low <= oldest && high >= youngest - 3.0,
                "{youngest}..{oldest} s outside of {row:#}"
            );
            assert!(high - low < 4.0, "the bounds are wide: {row:#}");
            Ok(())
        });
    }
}
