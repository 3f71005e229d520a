//! Why a group lags, where two causes look alike.

use crate::model::{Cause, Diagnosis, Fact, GroupState, Isolation, Status};

use super::facts::{
    commits, configured, described, ends, listed, offsets, read, starts, tick, topic,
};
use super::{group, run, then};

/// Three members of two partitions each, the last partition with twenty times the records of the
/// others; `come` and `read`: records of it that have come and been read `t` seconds after two good
/// hours, and `other` those of the member's other partition.
fn with_a_hot_partition(
    come: impl Fn(i64) -> i64,
    read: impl Fn(i64) -> i64,
    other: impl Fn(i64) -> i64,
) -> Option<Cause> {
    let mut all = vec![
        configured(crate::model::Policy::default()),
        topic(0, 1, 6),
        starts(0, &[0; 6]),
        described(0, &[("a", &[0, 1]), ("b", &[2, 3]), ("c", &[4, 5])]),
    ];
    for t in (0..=9000).step_by(10) {
        let (usual, late) = (t * 100, t - 7200);
        let (mut end, mut commit) = ([usual; 6], [usual; 6]);
        (end[5], commit[5]) = (t * 2000, t * 2000);
        if late > 0 {
            end[5] = 14_400_000 + come(late);
            commit[5] = 14_400_000 + read(late);
            commit[4] = 720_000 + other(late);
        }
        all.extend([
            listed(t, &["g"], GroupState::Stable, true),
            commits(t, &commit.map(Some)),
            ends(t, &end),
        ]);
    }
    all.push(tick(9001));
    group(&run(all).snapshot).diagnosis.cause().cloned()
}

#[test]
fn a_member_that_got_slower_is_sick_though_its_partition_is_hot_by_nature() {
    let cause = with_a_hot_partition(|t| t * 2000, |t| t * 1200, |t| t * 60);
    assert!(matches!(cause, Some(Cause::SickMember { .. })), "{cause:?}");
}

#[test]
fn a_partition_that_got_hotter_than_its_member_can_bear_is_hot() {
    let cause = with_a_hot_partition(|t| t * 6000, |t| t * 2300, |t| t * 100);
    assert!(
        matches!(cause, Some(Cause::HotPartition { partition: 5, .. })),
        "{cause:?}"
    );
}

#[test]
fn an_open_transaction_is_a_cause_by_itself() {
    let cut = then(14, |t| {
        let stable = Fact::LogEnds {
            topic: "t".into(),
            isolation: Isolation::ReadCommitted,
            offsets: offsets(&[Ok(72_000), Ok(t * 10)]),
        };
        vec![
            commits(t, &[Some(72_000), Some(t * 10)]),
            read(t, stable),
            ends(t, &[t * 10; 2]),
        ]
    });
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::Steady);
    assert_eq!(g.diagnosis, Diagnosis::NotNeeded);
}

#[test]
fn who_reads_nothing_is_not_slow() {
    // Paused while what is usual for it is still being learned.
    let mut all = vec![
        configured(crate::model::Policy::default()),
        topic(0, 1, 2),
        starts(0, &[0; 2]),
        described(0, &[("m", &[0, 1])]),
    ];
    for t in (0..=1800).step_by(10) {
        all.extend([
            listed(t, &["g"], GroupState::Stable, true),
            commits(t, &[Some(t.min(900) * 10); 2]),
            ends(t, &[t * 10; 2]),
        ]);
    }
    all.push(tick(1801));
    let cut = run(all);
    let cause = group(&cut.snapshot).diagnosis.cause();
    assert!(
        !matches!(cause, Some(Cause::SlowDownstream { .. })),
        "{cause:?}"
    );
}
