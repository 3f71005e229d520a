//! The clock is set back: time goes on, and what was learned of a group's ways stays.

use crate::model::{BootId, GroupState, Observation, Status};
use crate::pipeline::Pipeline;

use super::facts::{at, commits, described, ends, listed, tick};
use super::{group, run, two_good_hours};

fn boot(secs: i64) -> Observation {
    let boot = BootId::from("b2");
    Observation::Boot { at: at(secs), boot }
}

/// Half an hour from `from` on in which the commit stands at 72,000 and records go on coming.
fn standing(from: i64) -> Vec<Observation> {
    let each = |t: i64| {
        let end = 72_000 + (t - from) * 10;
        [
            listed(t, &["g"], GroupState::Stable, true),
            commits(t, &[Some(72_000)]),
            ends(t, &[end]),
            tick(t),
        ]
    };
    let mut all = vec![described(from, &[("m", &[0])])];
    all.extend((from..=from + 1800).step_by(10).flat_map(each));
    all
}

#[test]
fn a_start_an_hour_back_freezes_nothing() {
    let mut all = two_good_hours(1);
    all.extend([tick(7205), boot(3600)]);
    all.extend(standing(3605));
    let cut = run(all);
    assert_eq!(cut.snapshot.at, at(5405));
    let g = group(&cut.snapshot);
    assert_eq!(g.lag.value(), Some(18_000));
    // How it behaves was learned by the other clock: no need to learn it anew.
    assert_eq!(g.status.status, Status::Stalled, "{:?}", g.status);
    let age = g.time_lag.age(cut.snapshot.at);
    let low = age.low().unwrap().as_secs_f64();
    assert!((1700.0..=1800.0).contains(&low), "{age:?}");
    let issues = &cut.snapshot.notices.issues;
    assert_eq!(&*issues[0].subject, "clock", "{issues:?}");
}

#[test]
fn a_clock_set_back_within_a_run_freezes_nothing_either() {
    let mut all = two_good_hours(1);
    all.push(tick(7205));
    all.extend(standing(3605));
    let cut = run(all);
    assert_eq!(cut.snapshot.at, at(5405));
    assert_eq!(group(&cut.snapshot).lag.value(), Some(18_000));
}

#[test]
fn a_clock_set_back_a_little_is_waited_for() {
    let mut all = two_good_hours(1);
    all.extend([tick(7205), boot(7150), tick(7151)]);
    let cut = run(all);
    assert_eq!(cut.snapshot.at, at(7205));
    assert_eq!(group(&cut.snapshot).status.status, Status::Ok);
}

#[test]
fn what_stands_in_a_checkpoint_is_set_back_too() {
    let mut pipeline = Pipeline::new();
    for observation in two_good_hours(1).iter().chain([&tick(7205)]) {
        pipeline.fold(observation);
    }
    let bytes = pipeline.checkpoint().unwrap();
    let mut pipeline = Pipeline::from_checkpoint(Pipeline::CHECKPOINT_FORM, &bytes).unwrap();
    let mut after = vec![boot(3600)];
    after.extend(standing(3605));
    let cuts = after.iter().filter_map(|o| pipeline.fold(o));
    let cut = cuts.last().unwrap();
    assert_eq!(group(&cut.snapshot).status.status, Status::Stalled);
}
