//! The pipeline as a whole: what a sequence of observations makes of a group.

mod anew;
mod causes;
mod clock;
mod facts;
mod honesty;
mod losses;
mod verdicts;

use crate::model::{GroupSnapshot, GroupState, Observation, Policy, Snapshot};

use super::{Cut, Pipeline};

use facts::{commits, configured, described, ends, listed, starts, tick, topic};

/// Folds all and gives the last cut.
fn run(observations: impl IntoIterator<Item = Observation>) -> Cut {
    let mut pipeline = Pipeline::new();
    let cuts = observations.into_iter().filter_map(|o| pipeline.fold(&o));
    cuts.last().expect("a tick")
}

fn group(snapshot: &Snapshot) -> &GroupSnapshot {
    snapshot.clusters[0].group("g").expect("the group")
}

/// A group that read everything for two hours, so that its rhythm is known; then it stands at
/// `last` on each of `partitions`.
fn two_good_hours(partitions: usize) -> Vec<Observation> {
    let mut all = vec![
        configured(Policy::default()),
        topic(0, 1, partitions as i32),
        starts(0, &vec![0; partitions]),
    ];
    let owned: Vec<i32> = (0..partitions as i32).collect();
    all.push(described(0, &[("m", &owned)]));
    for t in (0..=7200).step_by(10) {
        all.push(listed(t, &["g"], GroupState::Stable, true));
        all.push(commits(t, &vec![Some(t * 10); partitions]));
        all.push(ends(t, &vec![t * 10; partitions]));
    }
    all
}

/// After the good hours, goes on for `minutes`: each poll by `more(t)`.
fn then(minutes: i64, mut more: impl FnMut(i64) -> Vec<Observation>) -> Cut {
    let mut all = two_good_hours(2);
    for t in (7210..=7200 + minutes * 60).step_by(10) {
        all.push(listed(t, &["g"], GroupState::Stable, true));
        all.extend(more(t));
        all.push(tick(t));
    }
    run(all)
}
