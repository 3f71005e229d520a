//! Records lost, topics made anew, and offsets that hold no record.

use crate::model::{Fact, Status, Timestamp, Why};

use super::facts::{commits, ends, no_topics, offsets, read, starts, tick, topic};
use super::{group, run, two_good_hours};

#[test]
fn records_deleted_unread_are_a_loss_once_a_second_read_confirms() {
    let all = |reads: usize| {
        let mut all = two_good_hours(1);
        all.extend([
            starts(7210, &[72_500]),
            commits(7210, &[Some(72_000)]),
            ends(7211, &[73_000]),
        ]);
        for _ in 1..reads {
            all.push(commits(7212, &[Some(72_000)]));
        }
        all.push(tick(7213));
        run(all)
    };
    let once = all(1);
    assert_ne!(group(&once.snapshot).status.status, Status::DataLoss);
    assert_eq!(
        once.asks.len(),
        1,
        "a second read is asked for: {:?}",
        once.asks
    );
    let twice = all(2);
    let g = group(&twice.snapshot);
    assert_eq!(g.status.status, Status::DataLoss);
    assert_eq!(
        (g.lag.value(), g.effective_lag.value()),
        (Some(1000), Some(500))
    );
}

#[test]
fn a_commit_read_before_the_log_start_moved_is_no_loss() {
    // A consumer commits, then deletes what it has read: the start overtakes the older commit.
    let mut all = two_good_hours(1);
    for t in (7210..7400).step_by(10) {
        all.extend([
            commits(t, &[Some(t * 10)]),
            starts(t + 1, &[t * 10 + 5]),
            ends(t + 2, &[t * 10 + 50]),
        ]);
    }
    all.push(tick(7401));
    let cut = run(all);
    assert_ne!(group(&cut.snapshot).status.status, Status::DataLoss);
    assert_eq!(cut.asks, []);
}

#[test]
fn a_commit_beyond_the_end_has_no_lag_and_its_own_status() {
    let mut all = two_good_hours(1);
    for t in [7210, 7220, 7230] {
        all.extend([commits(t, &[Some(90_000)]), ends(t + 1, &[72_100])]);
    }
    all.push(tick(7232));
    let cut = run(all);
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::Truncated);
    assert_eq!(
        (g.lag.value(), g.lag.why()),
        (None, Some(&Why::COMMIT_BEYOND_END))
    );
}

#[test]
fn a_topic_made_anew_between_two_polls_is_noticed_and_its_history_wiped() {
    let mut all = two_good_hours(1);
    all.extend([
        topic(7210, 2, 1),
        commits(7211, &[Some(72_000)]),
        ends(7212, &[30]),
    ]);
    all.push(tick(7213));
    let cut = run(all);
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::Recreated);
    assert!(g.lag.is_unknown() && g.time_lag.is_unknown());
    let told = |e: &crate::model::Event| e.text.ends_with("was deleted and made anew");
    assert_eq!(g.events.iter().filter(|e| told(e)).count(), 1);
}

#[test]
fn a_deleted_topic_takes_its_rows_with_it() {
    let mut all = two_good_hours(1);
    all.extend([no_topics(7210), tick(7211)]);
    let cut = run(all);
    assert!(group(&cut.snapshot).rows.is_empty());
    assert!(cut.snapshot.clusters[0].topics.is_empty());
}

#[test]
fn transaction_markers_are_no_effective_lag() {
    let mut all = two_good_hours(1);
    all.extend([
        commits(7210, &[Some(72_000)]),
        ends(7211, &[72_001]),
        tick(7212),
    ]);
    all.extend([
        commits(7220, &[Some(72_000)]),
        ends(7221, &[72_001]),
        tick(7222),
    ]);
    let asked = run(all.clone());
    assert_eq!(asked.asks.len(), 1, "{:?}", asked.asks);
    all.push(read(7223, record_at(72_000, None, 72_001)));
    all.push(tick(7224));
    let cut = run(all.clone());
    let g = group(&cut.snapshot);
    assert_eq!((g.lag.value(), g.effective_lag.value()), (Some(1), Some(0)));
    // One more record, and what was read no longer tells.
    all.extend([ends(7225, &[72_002]), tick(7226)]);
    assert_eq!(group(&run(all).snapshot).effective_lag.value(), Some(2));
}

/// Kafka 4.3 answers with the first record of a batch that was written within one millisecond:
/// below the commit, though the rest is unread.
#[test]
fn the_highest_timestamp_below_the_commit_is_no_sign_of_markers() {
    let mut all = two_good_hours(1);
    all.extend([commits(7210, &[Some(71_994)]), ends(7211, &[72_000])]);
    all.extend([
        read(
            7212,
            Fact::MaxTimestamps {
                topic: "t".into(),
                offsets: offsets(&[Ok(71_990)]),
            },
        ),
        read(7212, record_at(71_994, Some(71_994), 72_000)),
        tick(7213),
    ]);
    assert_eq!(group(&run(all).snapshot).effective_lag.value(), Some(6));
}

pub(super) fn record_at(offset: i64, found: Option<i64>, log_end_offset: i64) -> Fact {
    Fact::RecordAt {
        topic: "t".into(),
        partition: 0,
        offset,
        found: found.map(|offset| (offset, Timestamp::from_millis(0))),
        log_end_offset,
    }
}
