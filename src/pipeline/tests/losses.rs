//! Records lost, topics made anew, and offsets that hold no record.

use crate::model::{
    CleanupPolicy, EventKind, Fact, GroupState, Observation, Reading, Span, Status, Timestamp,
    TopicConfig, Why,
};

use super::facts::{
    at, commits, described, end_results, ends, listed, no_topics, offsets, read, starts, tick,
    topic,
};
use super::{Cut, Pipeline, group, run, two_good_hours};

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
    let cut = run(all.clone());
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::Recreated);
    assert!(g.lag.is_unknown() && g.time_lag.is_unknown());
    let told = |e: &crate::model::Event| e.text.ends_with("was deleted and made anew");
    assert_eq!(g.events.iter().filter(|e| told(e)).count(), 1);
    // Whoever goes on at the new one's beginning reads nothing twice.
    all.extend([commits(7220, &[Some(20)]), ends(7221, &[30]), tick(7222)]);
    let status = group(&run(all).snapshot).status.status;
    assert_ne!(status, Status::Rewound);
}

#[test]
fn a_timestamp_older_than_kafka_says_nothing() {
    let now = 1_800_000_000;
    let met = |timestamp: i64| Fact::RecordAt {
        topic: "t".into(),
        partition: 0,
        offset: 10,
        found: Some((10, Timestamp::from_millis(timestamp))),
        log_end_offset: 1000,
    };
    let age = |timestamp| {
        let cut = run([
            ends(now, &[1000]),
            commits(now, &[Some(10)]),
            ends(now + 1, &[1000]),
            read(now + 2, met(timestamp)),
            tick(now + 3),
        ]);
        group(&cut.snapshot).time_lag.age(cut.snapshot.at).value()
    };
    assert_eq!(age(1_000), None);
    assert_eq!(age((now - 97) * 1000), Some(Span::from_secs(100)));
}

#[test]
fn answers_that_were_under_way_when_a_topic_was_deleted_bring_nothing_of_it_back() {
    let gone = || Err(Why::text("UNKNOWN_TOPIC_OR_PART: the cluster"));
    let none = Fact::Commits {
        group: "g".into(),
        topics: Vec::new(),
        complete: true,
    };
    let mut all = two_good_hours(1);
    let topics = |all: &[Observation]| run(all.to_vec()).snapshot.clusters[0].topics.len();
    // Asked before it was deleted, answered after.
    all.extend([
        described(7209, &[]),
        no_topics(7210),
        read(7211, none),
        end_results(7212, &[gone()]),
        starts(7212, &[0]),
        tick(7213),
    ]);
    assert_eq!(topics(&all), 0);
    all.extend([topic(7220, 2, 1), ends(7221, &[3]), tick(7222)]);
    assert_eq!(topics(&all), 1, "made anew");
    // A commit that is still there stays in sight until Kafka has dropped it.
    all.extend([no_topics(7230), commits(7231, &[Some(2)]), tick(7232)]);
    assert_eq!(topics(&all), 1);
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

/// Two good hours, then it stands for ten minutes, and then goes on from `to`, the log start being
/// `start`, on a topic of this `retention`.
fn stands_and_goes_on(to: i64, start: i64, retention: Option<Span>) -> Cut {
    let config = TopicConfig {
        cleanup_policy: CleanupPolicy::Delete,
        retention,
        ..TopicConfig::default()
    };
    let mut all = two_good_hours(1);
    let topic = "t".into();
    all.push(read(7205, Fact::TopicConfig { topic, config }));
    for t in (7210..=7830).step_by(10) {
        let gone_on = t > 7800;
        all.extend([
            starts(t, &[if gone_on { start } else { 0 }]),
            commits(t, &[Some(if gone_on { to } else { 72_000 })]),
            ends(t, &[t * 10]),
            tick(t),
        ]);
    }
    run(all)
}

fn events(cut: &Cut, of: EventKind) -> Vec<String> {
    let events = &group(&cut.snapshot).events;
    let said = events.iter().filter(|e| e.kind == of);
    said.map(|e| e.text.to_string()).collect()
}

#[test]
fn a_loss_and_a_reset_between_two_reads_are_a_loss() {
    let hour = Some(Span::from_secs(3600));
    let landed = stands_and_goes_on(76_000, 76_000, hour);
    assert_eq!(group(&landed.snapshot).lost_lately, Reading::Known(4_000));
    assert_eq!(
        events(&landed, EventKind::Lost),
        ["4000 records of t were deleted unread"]
    );
    // It has read on since, and stands beyond the log start.
    let beyond = stands_and_goes_on(76_500, 76_000, hour);
    assert_eq!(group(&beyond.snapshot).lost_lately, Reading::Known(4_000));
}

#[test]
fn what_was_deleted_on_purpose_up_to_a_commit_is_no_loss() {
    // Kafka Streams keeps such topics for ever and deletes what it has read.
    let cut = stands_and_goes_on(76_000, 76_000, None);
    assert_eq!(group(&cut.snapshot).lost_lately, Reading::Known(0));
    let mut all = two_good_hours(1);
    for t in (7210..=7800).step_by(10) {
        all.extend([
            starts(t, &[t * 10 - 20]),
            commits(t, &[Some(t * 10)]),
            ends(t, &[t * 10 + 10]),
        ]);
    }
    all.push(tick(7800));
    let cut = run(all);
    let g = group(&cut.snapshot);
    assert_eq!(g.lost_lately, Reading::Known(0));
    assert_eq!(g.consume_rate.value().map(f64::round), Some(10.0));
}

#[test]
fn a_leap_to_the_end_is_told() {
    let cut = stands_and_goes_on(78_310, 0, None);
    let told = events(&cut, EventKind::Reset);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("partition 0 of t went ahead from 72000 to 78310 at one stroke"),
        "{told:?}"
    );
    // Ten times as fast as ever may be a reader that has rested.
    assert_eq!(
        events(&stands_and_goes_on(73_000, 0, None), EventKind::Reset),
        [] as [&str; 0]
    );
}

#[test]
fn a_stall_is_not_over_because_the_log_was_cut_off() {
    let mut all = two_good_hours(1);
    for t in (7210..=9000).step_by(10) {
        // For a moment the log ends before the commit, and then grows again.
        let end = match t {
            ..8000 => t * 10,
            8000 => 71_000,
            _ => 72_000 + (t - 8000) * 10,
        };
        all.extend([
            listed(t, &["g"], GroupState::Stable, true),
            commits(t, &[Some(72_000)]),
            ends(t, &[end]),
            tick(t),
        ]);
    }
    let mut seen = Vec::new();
    let mut pipeline = Pipeline::new();
    for cut in all.iter().filter_map(|o| pipeline.fold(o)) {
        let status = group(&cut.snapshot).status.status;
        if cut.snapshot.at >= at(7600) && seen.last() != Some(&status) {
            seen.push(status);
        }
    }
    let around = [Status::Stalled, Status::Unknown, Status::Stalled];
    assert_eq!(seen, around);
}

#[test]
fn the_lag_on_a_compacted_topic_is_said_to_be_an_upper_bound() {
    let config = TopicConfig {
        cleanup_policy: CleanupPolicy::Compact,
        ..TopicConfig::default()
    };
    let mut all = two_good_hours(2);
    let topic = "t".into();
    all.extend([
        read(7205, Fact::TopicConfig { topic, config }),
        commits(7210, &[Some(72_000), Some(72_500)]),
        ends(7211, &[72_500, 72_500]),
        tick(7212),
    ]);
    let cut = run(all);
    let g = group(&cut.snapshot);
    let at_most = Reading::because(500, Why::COMPACTED);
    assert_eq!((&g.lag, &g.effective_lag), (&at_most, &at_most));
    let rows: Vec<_> = g.partitions().map(|p| p.lag()).collect();
    assert_eq!(rows, [at_most, Reading::Known(0)]);
}
