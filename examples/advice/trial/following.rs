//! A run in which the advice is followed, beside the same run in which nobody does anything.

use std::sync::Arc;

use laggard::model::{AdviceKind, Span};
use laggard::sim::spec::{Cause, MINUTE, Millis};
use laggard::sim::world::World;

use super::bench::Bench;
use super::operator::{Act, Operator};
use super::outcome::{Outcomes, TARGET};
use super::{RESOLUTION, Run};

/// The backlog is to be gone within what the advice says, from when the new members are there and the rebalance is over.
const UP: Millis = 2 * MINUTE;
/// Of the time after that, this share may be above the target.
const LATER: f64 = 0.05;

/// Both runs.
pub struct Followed {
    /// What was done or left undone, and when.
    pub acts: Vec<(Millis, Act)>,
    /// With the advice followed.
    pub with: Outcomes,
    /// Without.
    pub without: Outcomes,
    /// For each group that was told not to add consumers: since when it stood, and what was wrong with it in truth.
    pub told_not_to: Vec<Told>,
    /// Scale-up advice: whether each reached its target.
    pub scaled: Vec<Scaled>,
}

/// Advice that more consumers would not help.
#[derive(Clone, Debug)]
pub struct Told {
    /// Whom.
    pub group: String,
    /// What.
    pub kind: AdviceKind,
    /// When it had stood for long enough.
    pub at: Millis,
    /// What was wrong in truth.
    pub truth: Vec<Cause>,
    /// Members then.
    pub members: usize,
}

/// Scale-up advice that was followed.
#[derive(Clone, Debug)]
pub struct Scaled {
    /// Whose.
    pub group: String,
    /// When.
    pub at: Millis,
    /// Whether the backlog was gone in time and stayed so.
    pub reached: bool,
    /// In words.
    pub words: String,
}

/// A group that was worse off.
#[derive(Clone, Debug)]
pub struct Harm {
    /// Which.
    pub group: String,
    /// p99 time lag with the advice followed, from the first act on.
    pub with: Millis,
    /// Without.
    pub without: Millis,
}

/// Runs it twice.
pub fn follow(run: &Run) -> Followed {
    let alone = run.world();
    let mut world = Arc::clone(&alone);
    let (mut with, mut without) = (Outcomes::default(), Outcomes::default());
    let mut bench = Bench::new(&world, run);
    let mut operator = Operator::default();
    let (mut acts, mut told_not_to) = (Vec::new(), Vec::new());
    for t in run.instants() {
        without.look(&alone, t);
        with.look(&world, t);
        let Some(snapshot) = bench.cycle(t) else {
            continue;
        };
        let at = t + run.interval;
        for act in operator.read(&snapshot, t) {
            if let Some(remedy) = &act.remedy {
                let after = world.after(act.advice.group.as_str(), at, remedy);
                world = after.map_or(world, Arc::new);
                bench.turn_to(&world);
                acts.push((at, act));
            } else {
                told(&mut told_not_to, &world, &act, at);
            }
        }
    }
    let scaled = acts.iter().filter_map(|(at, act)| scaled(&with, *at, act));
    Followed {
        scaled: scaled.collect(),
        acts,
        with,
        without,
        told_not_to,
    }
}

fn told(all: &mut Vec<Told>, world: &World, act: &Act, at: Millis) {
    let (group, kind) = (act.advice.group.to_string(), act.advice.kind);
    let not_to = matches!(kind, AdviceKind::DoNotAddConsumers | AdviceKind::SpreadKey);
    if !not_to || all.iter().any(|told| told.group == group) {
        return;
    }
    let Some(index) = world.group_named(&group) else {
        return;
    };
    let truth = world.conditions(index, at);
    all.push(Told {
        group,
        kind,
        at,
        truth: truth.iter().map(|condition| condition.cause).collect(),
        members: world.view(index, at).members.len(),
    });
}

/// Whether scale-up advice did what it said. A group that had other acts done to it afterwards is judged all the same:
/// a target that takes a second act was not reached by the first.
fn scaled(with: &Outcomes, at: Millis, act: &Act) -> Option<Scaled> {
    let up = matches!(
        act.advice.kind,
        AdviceKind::Scale | AdviceKind::ChangeAssignor
    );
    let outcome = with.of(act.advice.group.as_str()).filter(|_| up)?;
    let due = at + UP + within(act)?;
    let after = outcome.since(at);
    let gone = after.iter().find(|sample| sample.age <= TARGET);
    let later: Vec<_> = outcome
        .since(due)
        .iter()
        .filter(|s| s.age > TARGET)
        .collect();
    let share = later.len() as f64 / outcome.since(due).len().max(1) as f64;
    let in_time = gone.is_some_and(|sample| sample.at <= due);
    // A run that ends before the target is due says nothing.
    (!outcome.since(due).is_empty()).then(|| Scaled {
        group: outcome.group.clone(),
        at,
        reached: in_time && share <= LATER,
        words: format!(
            "{}: below the target after {:?} s, above it again in {:.0} % of the time from {} s on",
            act.advice.title,
            gone.map(|sample| (sample.at - at) / 1_000),
            100.0 * share,
            (due - at) / 1_000,
        ),
    })
}

/// Within what the advice says that the backlog is gone; none: it does not say.
fn within(act: &Act) -> Option<Millis> {
    let said = act.advice.evidence.iter();
    let mut said = said.filter_map(|line| line.split("is gone within ").nth(1));
    let span: Span = said.next()?.split(" and ").next()?.parse().ok()?;
    Some(span.as_millis())
}

impl Followed {
    /// When the first act was done.
    pub fn first_act(&self) -> Option<Millis> {
        self.acts.first().map(|(at, _)| *at)
    }

    /// Groups whose time lag was worse with the advice followed than without. Where less was lost with it, an older
    /// record may still be there to be read: that is no harm.
    pub fn harmed(&self) -> Vec<Harm> {
        let Some(from) = self.first_act() else {
            return Vec::new();
        };
        let pairs = self.with.groups.iter().zip(&self.without.groups);
        let worse = pairs.filter_map(|(with, without)| {
            let (a, b) = (with.p99(from), without.p99(from));
            let more_lost = with.lost(from) > without.lost(from);
            let older = a > b.saturating_add(RESOLUTION) && with.lost(from) >= without.lost(from);
            (older || more_lost).then(|| Harm {
                group: with.group.clone(),
                with: a,
                without: b,
            })
        });
        worse.collect()
    }
}
