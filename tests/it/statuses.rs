//! A consumer that crawls and one that drops a topic, on real Kafka: status and time lag agree with what was done. (One that stops, hangs or is
//! reset: `verdicts`.)

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use laggard::model::{Policy, Span, Timestamp};
use serde_json::Value;

use crate::support::inside::Inside;
use crate::support::kafka::members::{Member, MemberOptions};
use crate::support::kafka::shared;
use crate::support::laggard::{group, partition};
use crate::support::{eventually, unique};

/// The clocks of the brokers and of the test are this machine's, to within their reading.
const SLACK: i64 = 250;

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_millis()).unwrap()
}

fn expecting() -> Policy {
    Policy {
        max_silence: Some(Span::from_secs(20)),
        ..Policy::default()
    }
}

fn millis(instant: &Value) -> i64 {
    let text = instant.as_str().expect("an instant");
    text.parse::<Timestamp>().unwrap().as_millis()
}

#[test]
fn one_that_crawls_is_falling_behind_and_its_oldest_unread_record_is_as_old_as_that() {
    require!(kafka);
    let (cluster, topic, name) = (shared(), unique("crawl"), unique("crawl"));
    cluster.create_topic(&topic, 1);
    let slow = MemberOptions::classic().slow(Duration::from_millis(100));
    let member = Member::join(cluster, &name, &[&topic], &slow);
    member.wait_assigned(1);
    let watched = Inside::start_expecting(cluster, expecting());
    // Forty records a second come in, ten are read. Each batch: its end, and between which instants it was appended.
    let (stop, batches) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let row = thread::scope(|scope| {
        scope.spawn(|| {
            let producer = cluster.producer();
            for end in (1..).map(|batch| batch * 20) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let before = now();
                producer.produce(&topic, 0, 20);
                batches.lock().unwrap().push((end, before, now()));
                thread::sleep(Duration::from_millis(500));
            }
        });
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually(Duration::from_mins(4), || {
                let document = watched.snapshot();
                let row = partition(&document, &name, &topic, 0)?;
                let known = row["time_lag"]["oldest_unread_between"][0].is_string();
                if row["status"]["value"] == "falling_behind" && known {
                    Ok(row.clone())
                } else {
                    Err(format!("not falling behind: {row:#}"))
                }
            })
        }));
        stop.store(true, Ordering::Relaxed);
        seen
    });
    let row = row.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let committed = row["committed_offset"]["value"].as_i64().unwrap();
    let batches = batches.lock().unwrap();
    let (_, before, after) = batches.iter().find(|(end, ..)| *end > committed).unwrap();
    let between = &row["time_lag"]["oldest_unread_between"];
    let (from, until) = (millis(&between[0]), millis(&between[1]));
    assert!(
        from <= after + SLACK && before - SLACK <= until,
        "{before}..{after}: {row:#}"
    );
    let growth = row["status"]["evidence"]["growth"].as_f64().unwrap();
    assert!(growth > 5.0, "{row:#}");
    let document = watched.snapshot();
    let eta = &group(&document, &name).unwrap()["eta"];
    assert_ne!(eta["value"]["is"], "caught_up", "{eta:#}");
}

#[test]
fn one_that_drops_a_topic_has_its_rows_still_and_no_verdict_on_them() {
    require!(kafka);
    let (cluster, kept, dropped) = (shared(), unique("kept"), unique("dropped"));
    let name = unique("drops");
    for topic in [&kept, &dropped] {
        cluster.create_topic(topic, 1);
        cluster.produce(topic, 0, 5);
    }
    let both = Member::join(
        cluster,
        &name,
        &[&kept, &dropped],
        &MemberOptions::classic(),
    );
    both.wait_records(10);
    let watched = Inside::start_expecting(cluster, expecting());
    eventually(Duration::from_secs(40), || {
        let document = watched.snapshot();
        match partition(&document, &name, &dropped, 0)?["status"]["value"].as_str() {
            Some("ok" | "idle") => Ok(()),
            other => Err(format!("not well: {other:?}")),
        }
    });
    drop(both);
    let one = Member::join(cluster, &name, &[&kept], &MemberOptions::classic());
    one.wait_assigned(1);
    cluster.produce(&dropped, 0, 7);
    eventually(Duration::from_mins(1), || {
        let document = watched.snapshot();
        let row = partition(&document, &name, &dropped, 0)?;
        let whole = group(&document, &name)?;
        let stands_outside = row["status"].is_null() && row["lag"]["value"] == 7;
        let well = whole["lag"]["value"] == 0 && whole["status"]["value"] == "ok";
        if stands_outside && well {
            Ok(())
        } else {
            Err(format!(
                "{row:#} in {:#} {:#}",
                whole["lag"], whole["status"]
            ))
        }
    });
}
