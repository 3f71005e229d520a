//! What a trial assumes, and what could be wrong with it, in sentences.

use std::sync::Arc;

use super::change::Change;
use crate::advice::assign::{Assignor, Certainty, Group};
use crate::advice::situation::{Capacity, Situation};

/// A member that can do so much more or less than the usual is another one.
const DIFFERS: f64 = 0.25;
/// How the note begins that says on which subscriptions a prediction rests.
pub const ASSUMED_SUBSCRIPTIONS: &str = "it is assumed that";

/// What the sentences are about.
pub(super) struct Case<'a> {
    pub(super) situation: &'a Situation,
    pub(super) change: &'a Change,
    pub(super) after: &'a Group,
    pub(super) assignor: Assignor,
    pub(super) certainty: Certainty,
    /// How often each member restarts for it.
    pub(super) restarts: u32,
}

/// All of them, after those that the change itself brings.
pub(super) fn notes(case: &Case<'_>, assumed: Vec<String>) -> Vec<Arc<str>> {
    let more = [
        unread(case),
        capacity(case),
        differing(case),
        restarts(case),
        unexplained(case),
        subscriptions(case),
        racks(case),
        places(case),
        idle(case),
        leaving(case),
        alone(case),
    ];
    let all = assumed.into_iter().chain(more.into_iter().flatten());
    all.map(Arc::from).collect()
}

impl Case<'_> {
    fn before(&self) -> usize {
        self.situation.group.members.len()
    }

    fn now(&self) -> usize {
        self.after.members.len()
    }
}

fn unread(case: &Case<'_>) -> Option<String> {
    let (unknown, all) = (case.situation.unknown, case.situation.partitions());
    (unknown > 0).then(|| {
        format!(
            "what comes in is not known of {unknown} of {all} partitions: they count as nothing here"
        )
    })
}

fn capacity(case: &Case<'_>) -> Option<String> {
    match case.situation.capacity {
        Capacity::Seen(_) => None,
        Capacity::AtLeast(c) => Some(format!(
            "a member can do at least {c:.1} records/s: none was ever seen busy, so more may be possible"
        )),
        Capacity::Unknown => {
            Some("what a member can do is not known: none was seen to read".to_owned())
        }
    }
}

/// Members that can do other than those that join are taken to.
fn differing(case: &Case<'_>) -> Option<String> {
    let joins = case.now() > case.before();
    let usual = case.situation.capacity.low();
    let other = |c: &f64| (c - usual).abs() > DIFFERS * usual;
    let each = case.situation.capacities.iter().map(|c| c.low());
    let others = each.filter(other).count();
    (joins && usual > 0.0 && others > 0).then(|| {
        format!(
            "{others} of {} members can do more or less than most: those that join are taken to do {usual:.1} records/s, as \
             most do",
            case.before()
        )
    })
}

fn restarts(case: &Case<'_>) -> Option<String> {
    let rounds = match case.restarts {
        0 => return None,
        1 => "once",
        _ => {
            "twice, first with both assignors in the list and then with the new one alone, and each restart is a rebalance"
        }
    };
    Some(format!("each member restarts {rounds}"))
}

fn unexplained(case: &Case<'_>) -> Option<String> {
    let estimate = case.certainty == Certainty::Estimate;
    (estimate && !case.situation.explained && case.before() > 0).then(|| {
        let why = if case.situation.told {
            "what members subscribe to: a rebalance may be under way"
        } else {
            "equal subscriptions: members may subscribe to different topics, or a rebalance is under way"
        };
        format!("who owns what now is not what this assignor makes of {why}")
    })
}

/// With one topic there is nothing else to subscribe to.
fn subscriptions(case: &Case<'_>) -> Option<String> {
    let topics = case.after.topics.len();
    let joins = case.now() > case.before();
    if topics <= 1 {
        return None;
    }
    if !case.situation.told || case.before() == 0 {
        let join = if joins { ", those that join too," } else { "" };
        return Some(format!(
            "{ASSUMED_SUBSCRIPTIONS} all members{join} subscribe to all {topics} topics: what each subscribes to is not known"
        ));
    }
    let equal = case.situation.group.is_equal();
    let who = match (joins, equal) {
        (true, true) => "those that join subscribe as the others do",
        (true, false) => {
            "those that join subscribe as most do: members subscribe to different topics"
        }
        (false, false) if case.now() < case.before() => {
            "those leave whose ids come last: members subscribe to different topics"
        }
        _ => return None,
    };
    Some(format!("{ASSUMED_SUBSCRIPTIONS} {who}"))
}

fn racks(case: &Case<'_>) -> Option<String> {
    let looks = matches!(
        case.assignor,
        Assignor::Range | Assignor::Sticky | Assignor::CooperativeSticky
    );
    let racks = case.after.unseen_racks;
    (looks && racks > 1).then(|| {
        let set = if case.situation.told {
            "members set client.rack: if a partition"
        } else {
            "if members set client.rack and a partition"
        };
        format!(
            "brokers stand in {racks} racks, and {set} is not in all of them, {} looks at racks too, which is not \
             followed here",
            case.assignor.name()
        )
    })
}

fn places(case: &Case<'_>) -> Option<String> {
    (case.certainty == Certainty::Loads && case.now() != case.before()).then(|| {
        "which member gets which partition depends on member ids that are not known yet".to_owned()
    })
}

fn idle(case: &Case<'_>) -> Option<String> {
    let partitions = case.after.slots().len();
    let idle = case.now().saturating_sub(partitions);
    let shared = match partitions {
        1 => "1 partition is shared out".to_owned(),
        n => format!("{n} partitions are shared out"),
    };
    (idle > 0).then(|| {
        format!(
            "{idle} of {} members would have nothing to do: {shared}, and one goes to one member",
            case.now()
        )
    })
}

fn leaving(case: &Case<'_>) -> Option<String> {
    let mut members = case.situation.group.members.iter();
    (case.now() < case.before() && members.any(|m| m.instance.is_some())).then(|| {
        "members are static: what one owns that stops is read by nobody until its session has timed out"
            .to_owned()
    })
}

fn alone(case: &Case<'_>) -> Option<String> {
    (case.change.members == Some(1))
        .then(|| "with one member nobody takes over while it restarts".to_owned())
}
