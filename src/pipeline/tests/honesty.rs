//! What is not known is never shown as known.

use crate::model::{Fact, GroupState, Observation, Policy, Reading, Status, Why};

use super::facts::{
    at, commits, configured, described, end_results, ends, listed, read, starts, tick, topic,
};
use super::{group, run, two_good_hours};

#[test]
fn never_committed_is_unknown_within_bounds() {
    let cut = run([
        configured(Policy::default()),
        topic(0, 1, 2),
        starts(0, &[10, 0]),
        listed(0, &["g"], GroupState::Stable, true),
        read(
            0,
            Fact::Commits {
                group: "g".into(),
                topics: Vec::new(),
                complete: true,
            },
        ),
        described(1, &[("m", &[0, 1])]),
        ends(1, &[100, 50]),
        tick(2),
    ]);
    let g = group(&cut.snapshot);
    assert_eq!(g.status.status, Status::NeverCommitted);
    assert_eq!(
        (g.lag.value(), g.lag.low(), g.lag.high()),
        (None, Some(0), Some(140))
    );
}

#[test]
fn a_failed_broker_makes_its_own_partitions_stale_and_no_others() {
    let mut all = two_good_hours(2);
    let down = || Err(Why::text("broker 2 is down"));
    all.extend([
        commits(7210, &[Some(72_000), Some(72_000)]),
        end_results(7211, &[Ok(72_100), down()]),
        tick(7212),
    ]);
    let cut = run(all);
    let g = group(&cut.snapshot);
    let rows: Vec<_> = g.partitions().map(|p| p.lag()).collect();
    assert_eq!(rows[0], Reading::Known(100));
    assert!(rows[1].is_stale() && rows[1].stale_since() == Some(at(7200)));
    assert_eq!((g.lag.value(), g.lag.low()), (Some(100), Some(100)));
    assert!(g.lag.is_stale());
}

#[test]
fn a_silent_source_goes_stale_then_unknown_and_never_zero() {
    let after = |secs| {
        let mut all = two_good_hours(1);
        all.extend([ends(7201, &[72_300]), tick(7205), tick(secs)]);
        run(all)
    };
    let stale = after(7230);
    assert!(group(&stale.snapshot).lag.is_stale());
    assert_eq!(group(&stale.snapshot).status.status, Status::Unknown);
    let gone = after(7201 + 900);
    let g = group(&gone.snapshot);
    assert!(g.lag.is_unknown() && g.state.is_unknown(), "{:?}", g.lag);
    assert_eq!(
        g.partitions().next().unwrap().log_end_offset().last(),
        Some(72_300)
    );
}

#[test]
fn a_group_is_gone_after_two_complete_listings_without_it_only() {
    let with = |complete| {
        let mut all = two_good_hours(1);
        all.extend([
            listed(7210, &[], GroupState::Stable, complete),
            listed(7220, &[], GroupState::Stable, complete),
        ]);
        all.push(tick(7221));
        run(all)
    };
    assert!(with(true).snapshot.clusters[0].groups.is_empty());
    let kept = with(false);
    assert!(group(&kept.snapshot).state.is_stale());
    assert_eq!(kept.snapshot.clusters[0].issues.len(), 1);
}

#[test]
fn no_visible_group_is_said() {
    let cut = run([
        configured(Policy::default()),
        listed(0, &[], GroupState::Stable, true),
        tick(1),
    ]);
    assert!(
        cut.snapshot.clusters[0].issues[0]
            .text
            .contains("no group is visible")
    );
}

#[test]
fn what_cannot_be_written_down_is_in_sight_until_it_can() {
    let refused = |secs, why: Option<&str>| Observation::Unwritten {
        at: at(secs),
        why: why.map(Into::into),
    };
    let written = |more: Vec<Observation>| {
        let mut all = vec![configured(Policy::default()), refused(5, Some("no room"))];
        all.extend(more);
        all.push(tick(10));
        let snapshot = run(all).snapshot;
        let issues = snapshot.notices.issues.iter();
        let issues: Vec<_> = issues
            .map(|i| format!("{}: {} {}", i.subject, i.text, i.since))
            .collect();
        let mut value = None;
        let series = crate::catalog::find("laggard_alerts_written").unwrap();
        series.samples(
            &snapshot,
            &crate::catalog::Options::default(),
            &mut |_, v| value = Some(v),
        );
        (issues.join("; "), value)
    };
    let since = at(5);
    let said = format!("state directory: no room {since}");
    assert_eq!(written(Vec::new()), (said, Some(0.0)));
    let said = format!("state directory: no disk {since}");
    assert_eq!(
        written(vec![refused(7, Some("no disk"))]),
        (said.clone(), Some(0.0))
    );
    // A reload has nothing to do with it.
    let reloaded = vec![refused(7, Some("no disk")), configured(Policy::default())];
    assert_eq!(written(reloaded), (said, Some(0.0)));
    assert_eq!(written(vec![refused(8, None)]), (String::new(), Some(1.0)));
}
