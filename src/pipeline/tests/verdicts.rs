//! Verdicts, rates and ends to come of a group that is well, or slow, or gone.

use crate::model::{Eta, Fact, GroupState, Isolation, Observation, Policy, Reading, Span, Status};

use super::facts::{
    at, commits, configured, described, ends, listed, offsets, read, starts, tick, topic,
};
use super::{Pipeline, group, run, then, two_good_hours};

#[test]
fn lag_is_end_minus_commit_and_a_caught_up_group_is_ok() {
    let mut all = two_good_hours(2);
    all.push(tick(7201));
    let cut = run(all);
    let g = group(&cut.snapshot);
    assert_eq!(g.lag, Reading::Known(0));
    assert_eq!(g.status.status, Status::Ok);
    assert_eq!(g.eta, Reading::Known(Eta::CaughtUp));
    assert_eq!(g.arrival_rate.value().map(f64::round), Some(20.0));
    assert_eq!(g.consume_rate.value().map(f64::round), Some(20.0));
}

#[test]
fn a_frozen_commit_of_an_owned_partition_is_suspect_then_stalled() {
    let frozen = |t: i64| {
        vec![
            commits(t, &[Some(72_000), Some(t * 10)]),
            ends(t, &[t * 10; 2]),
        ]
    };
    let status = |minutes| group(&then(minutes, frozen).snapshot).status.status;
    assert_eq!(status(2), Status::Ok);
    assert_eq!(status(4), Status::Suspect);
    assert_eq!(status(7), Status::Stalled);
    let cut = then(7, frozen);
    let g = group(&cut.snapshot);
    assert_eq!(g.lag, Reading::Known(420 * 10));
    // The oldest unread record came in right after the good hours.
    let age = g.time_lag.age(cut.snapshot.at);
    assert!(
        age.low().unwrap() <= Span::from_secs(420) && age.high().unwrap() >= Span::from_secs(419),
        "{age:?}"
    );
    assert_eq!(g.eta, Reading::Known(Eta::Never));
}

#[test]
fn a_group_that_lost_its_members_is_stopped() {
    let mut gone = false;
    let cut = then(4, |t| {
        let mut all = vec![listed(t, &["g"], GroupState::Empty, true)];
        if !std::mem::replace(&mut gone, true) {
            all.push(described(t, &[]));
        }
        all.extend([commits(t, &[Some(72_000); 2]), ends(t, &[t * 10; 2])]);
        all
    });
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::Stopped);
    let sentence = g
        .status
        .evidence
        .as_ref()
        .unwrap()
        .sentence(cut.snapshot.at);
    assert!(sentence.contains("nobody owns it"), "{sentence}");
}

#[test]
fn a_consumer_slower_than_its_producer_is_falling_behind() {
    let cut = then(15, |t| {
        let read = 72_000 + (t - 7200) * 6;
        vec![commits(t, &[Some(read); 2]), ends(t, &[t * 10; 2])]
    });
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::FallingBehind);
    assert_eq!(g.eta, Reading::Known(Eta::Never));
}

#[test]
fn a_consumer_that_catches_up_is_recovering_with_an_eta() {
    let cut = then(10, |t| {
        let read = (72_000 + (t - 7200) * 20 - 9_000).max(72_000);
        vec![commits(t, &[Some(read); 2]), ends(t, &[t * 10 + 9_000; 2])]
    });
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::Recovering, "{g:#?}");
    // 12,000 records left, 10/s faster than they come in.
    let Some(Eta::At { at: eta, .. }) = g.eta.value() else {
        panic!("{:?}", g.eta)
    };
    let left = (eta - at(7800)).as_secs_f64();
    assert!((1000.0..1500.0).contains(&left), "{left}");
}

#[test]
fn a_rewind_is_seen_and_cleared_once_regained() {
    let back = |t: i64| if t < 7260 { t * 10 } else { (t - 7260) * 1300 };
    let read = |t| {
        vec![
            commits(t, &[Some(back(t).min(t * 10)); 2]),
            ends(t, &[t * 10; 2]),
        ]
    };
    assert_eq!(
        group(&then(1, read).snapshot).status.status,
        Status::Rewound
    );
    assert_eq!(group(&then(4, read).snapshot).status.status, Status::Ok);
}

/// At 7260 the log is another; the commit stands where it stood until 7380, and then goes to where records are.
fn set_anew(mut another: impl FnMut(i64) -> Vec<Observation>) -> Status {
    let cut = then(5, |t| {
        if t < 7260 {
            return vec![commits(t, &[Some(t * 10); 2]), ends(t, &[t * 10; 2])];
        }
        let end = 500 + (t - 7260) * 10;
        let committed = if t < 7380 { 72_590 } else { end };
        let mut all = another(t);
        all.push(commits(t, &[Some(committed); 2]));
        all.push(ends(t, &[end; 2]));
        all
    });
    group(&cut.snapshot).status.status
}

#[test]
fn offsets_that_led_to_no_record_and_are_set_anew_are_no_rewind() {
    assert_eq!(set_anew(|_| Vec::new()), Status::Ok, "cut off");
    assert_eq!(set_anew(|t| vec![topic(t, 2, 2)]), Status::Ok, "made anew");
    let at_once = then(5, |t| {
        let (end, committed) = match t {
            ..7260 => (t * 10, t * 10),
            t => (500 + (t - 7260) * 10, (t - 7260) * 10),
        };
        let mut all = if t < 7260 {
            Vec::new()
        } else {
            vec![topic(t, 2, 2)]
        };
        all.extend([commits(t, &[Some(committed); 2]), ends(t, &[end; 2])]);
        all
    });
    assert_ne!(group(&at_once.snapshot).status.status, Status::Rewound);
}

#[test]
fn an_open_transaction_is_one_from_its_first_record_on_and_not_from_the_last_rest() {
    let after_an_hours_rest = |minutes: i64| {
        let began = 7200 + 3600;
        then(60 + minutes, |t| {
            let end = if t > began { 72_500 } else { 72_000 };
            let stable = Fact::LogEnds {
                topic: "t".into(),
                isolation: Isolation::ReadCommitted,
                offsets: offsets(&[Ok(72_000), Ok(72_000)]),
            };
            let all_read = [Some(72_000), Some(72_000)];
            vec![commits(t, &all_read), read(t, stable), ends(t, &[end, end])]
        })
    };
    let status = |minutes| group(&after_an_hours_rest(minutes).snapshot).status.status;
    assert_eq!(status(1), Status::Steady);
    assert_eq!(status(14), Status::Steady);
    assert_eq!(status(16), Status::TxnBlocked);
}

#[test]
fn whoever_commits_each_ten_minutes_and_reads_half_falls_behind_all_the_time() {
    let mut all = vec![
        configured(Policy::default()),
        topic(0, 1, 1),
        starts(0, &[0]),
        described(0, &[("m", &[0])]),
    ];
    for t in (0..4 * 3600).step_by(30) {
        all.extend([
            listed(t, &["g"], GroupState::Stable, true),
            commits(t, &[Some(t / 600 * 600 * 50)]),
            ends(t, &[t * 100]),
            tick(t),
        ]);
    }
    let mut pipeline = Pipeline::new();
    for cut in all.iter().filter_map(|o| pipeline.fold(o)) {
        if cut.snapshot.at < at(2 * 3600) {
            continue;
        }
        let g = group(&cut.snapshot);
        assert_eq!(
            g.status.status,
            Status::FallingBehind,
            "{}",
            cut.snapshot.at
        );
        assert_eq!(g.consume_rate.value().map(f64::round), Some(50.0));
    }
}

#[test]
fn a_second_outage_as_long_as_the_first_is_one_too() {
    let mut all = vec![
        configured(Policy::default()),
        topic(0, 1, 1),
        starts(0, &[0]),
    ];
    let hour = 3600;
    let (mut read, mut was_out) = (0, true);
    for t in (0..16 * hour).step_by(30) {
        let out = [3, 8, 13]
            .iter()
            .any(|h| (h * hour..(h + 3) * hour).contains(&t));
        read = if out { read } else { t * 10 };
        if out != was_out {
            let owned: [(&str, &[i32]); 1] = [("m", &[0])];
            all.push(described(t, if out { &[] } else { &owned }));
        }
        was_out = out;
        let state = if out {
            GroupState::Empty
        } else {
            GroupState::Stable
        };
        all.extend([
            listed(t, &["g"], state, true),
            commits(t, &[Some(read)]),
            ends(t, &[t * 10]),
            tick(t),
        ]);
    }
    let mut pipeline = Pipeline::new();
    let cuts = all.iter().filter_map(|o| pipeline.fold(o));
    let stopped: Vec<_> = cuts
        .filter(|cut| group(&cut.snapshot).status.status == Status::Stopped)
        .map(|cut| (cut.snapshot.at - at(0)).as_millis() / 1000 / hour)
        .collect();
    for outage in [3, 8, 13] {
        assert!(stopped.contains(&outage), "{stopped:?}");
        assert!(stopped.contains(&(outage + 2)), "{stopped:?}");
        assert!(!stopped.contains(&(outage + 3)), "{stopped:?}");
    }
}
