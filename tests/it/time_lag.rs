//! Time lag on real Kafka: right soon after a fresh start, and true of a consumer that pauses.

use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::support::inside::Inside;
use crate::support::kafka::members::{Member, MemberOptions};
use crate::support::kafka::shared;
use crate::support::laggard::partition;
use crate::support::{eventually, unique};

const WITHIN: Duration = Duration::from_secs(40);

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_millis()).expect("a time of today")
}

fn seconds(row: &Value, field: &str) -> Result<f64, String> {
    row["time_lag"][field]
        .as_f64()
        .ok_or_else(|| format!("no {field}: {row:#}"))
}

#[test]
fn after_a_fresh_start_old_records_ages_are_asked_for() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("old"), unique("old"));
    cluster.create_topic(&topic, 2);
    // Ten records each ten minutes for three hours, as producers of then would have stamped them; partition 1 has a gap.
    let (step, now) = (600_000, now_ms());
    for steps in (1..=18).rev() {
        cluster.produce_at(&topic, 0, 10, Some(now - steps * step));
        if !(4..=15).contains(&steps) {
            cluster.produce_at(&topic, 1, 10, Some(now - steps * step));
        }
    }
    // The oldest unread: of 120 minutes ago; the first one after the gap, of 30 minutes ago.
    cluster.commit(&group, &[(&topic, 0, 60), (&topic, 1, 30)]);
    let started = Instant::now();
    let watched = Inside::start_each(cluster, Duration::from_secs(5));
    for (index, age) in [(0, 120.0 * 60.0), (1, 30.0 * 60.0)] {
        let took = eventually(WITHIN, || {
            let document = watched.snapshot();
            let row = partition(&document, &group, &topic, index)?;
            if row["time_lag"]["method"] != "timestamp-search" {
                return Err(format!("not searched yet: {row:#}"));
            }
            let (low, value) = (seconds(row, "low")?, seconds(row, "value")?);
            let high = seconds(row, "high")?;
            let truth = age + (now_ms() - now) as f64 / 1e3;
            if high - low > 11.0 {
                return Err(format!("the bounds are wide: {row:#}"));
            }
            // The snapshot may be older than now by a cycle.
            assert!(
                low <= truth && truth - 8.0 <= high && (value - truth).abs() < 20.0,
                "{truth} s, told {row:#}"
            );
            Ok(started.elapsed())
        });
        eprintln!("partition {index}: right after {took:?}");
    }
}

#[test]
fn a_paused_consumers_time_lag_grows_with_the_clock() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("paused"), unique("paused"));
    cluster.create_topic(&topic, 1);
    let producer = cluster.producer();
    producer.produce(&topic, 0, 5);
    let member = Member::join(cluster, &group, &[&topic], &MemberOptions::classic());
    member.wait_records(5);
    let watched = Inside::start(cluster);
    let age = || {
        let document = watched.snapshot();
        let row = partition(&document, &group, &topic, 0)?;
        // Of a caught-up row there is nothing between bounds.
        if row["time_lag"]["value"] == 0.0 {
            return Ok((0.0, 0.0));
        }
        Ok::<_, String>((seconds(row, "low")?, seconds(row, "high")?))
    };
    eventually(WITHIN, || match age()? {
        (low, high) if low == 0.0 && high == 0.0 => Ok(()),
        other => Err(format!("not caught up: {other:?}")),
    });
    member.pause(true);
    let before = Instant::now();
    producer.produce(&topic, 0, 3);
    let after = Instant::now();
    for wanted in [4.0, 9.0] {
        eventually(WITHIN, || {
            let (low, high) = age()?;
            let (oldest, youngest) = (before.elapsed(), after.elapsed());
            if low < wanted {
                return Err(format!("{low} s are less than {wanted}"));
            }
            // The snapshot may be older than now by a cycle.
            assert!(low <= oldest.as_secs_f64(), "{low} s after {oldest:?}");
            assert!(
                high >= youngest.as_secs_f64() - 3.0,
                "{high} s after {youngest:?}"
            );
            Ok(())
        });
    }
}
