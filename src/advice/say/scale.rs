//! How many members a group needs, or why more would not help.

use super::plan::plan;
use super::text::{count, rate, seconds};
use super::{About, Draft};
use crate::advice::assign::Assignor;
use crate::advice::plan::{Limit, Sizing, Sought, members, work};
use crate::advice::what_if::{
    Change, Drain, EAGER_PAUSE, INCREMENTAL_PAUSE, Partitions, WhatIf, what_if,
};
use crate::advice::{Capacity, Situation};
use crate::model::{AdviceKind, AdviceSeverity, CleanupPolicy, MemberLoad, Reading, Span, Status};

/// What of a member's capacity is to be used.
pub(super) const SHARE: f64 = 0.8;
/// A backlog is to be gone within this, unless a limit of the group says otherwise.
const TARGET: Span = Span::from_secs(1_800);
/// … or, where that cannot be had, within this.
const LONGEST: Span = Span::from_secs(24 * 3_600);
/// A member is at its limit when it does this share of what it can.
const AT_LIMIT: f64 = 0.85;

/// The number that it takes, for a group that has too few; none where its capacity or assignor is not known.
pub(super) fn draft(about: &About<'_>, confidence: f64) -> Option<Draft> {
    let situation = about.situation()?;
    let Capacity::Seen(capacity) = situation.capacity else {
        return None;
    };
    let assignor = situation.assignor?;
    let (sizing, target) = size(about, &situation, assignor, capacity);
    let now = situation.group.members.len();
    let draft = match sizing.members {
        Ok(n) if n > now => up(about, &situation, n)?.because(format!(
            "so many that what is unread is gone within {target} and nobody bears more than {:.0} %",
            100.0 * SHARE
        )),
        Ok(_) => return None,
        Err(Limit::Partition { slot, work }) => {
            let topic = &situation.group.topics[slot.topic as usize].name;
            let arrival = situation.flow(slot).arrival;
            partition_limit(about, (topic, slot.partition), arrival, work, capacity)
        }
        Err(Limit::Partitions { most }) => match other_assignor(about, &situation, capacity) {
            Some((other, n)) => change_assignor(about, &situation, other, n)?,
            None => add_partitions(about, &situation, &sizing, most),
        },
    };
    Some(
        draft
            .because(format!(
                "{} read {} records/s, about all that they can ({} each), while {} come in",
                count(now, "member"),
                about
                    .group
                    .consume_rate
                    .value()
                    .map_or_else(|| "?".to_owned(), rate),
                rate(capacity),
                rate(situation.arrival())
            ))
            .sure(confidence),
    )
}

/// The same where no cause can be named: each member is at its limit, and more comes in. Whether they are too few
/// or became slower does not show in offsets, so it says both.
pub(super) fn at_the_limit(about: &About<'_>) -> Option<Draft> {
    let group = about.group;
    let at_limit = |l: &MemberLoad| {
        let seen = l.capacity.bounds().is_none_or(|b| b.high.is_some());
        let pair = l.consume_rate.known().zip(l.capacity.known());
        seen && pair.is_some_and(|(rate, capacity)| rate >= AT_LIMIT * capacity)
    };
    let short = group.arrival_rate.low()? > group.consume_rate.known()?;
    let behind = group.status.status == Status::FallingBehind;
    if !behind || !short || group.loads.is_empty() || !group.loads.iter().all(at_limit) {
        return None;
    }
    let mut draft = draft(about, 0.5)?;
    draft.severity = AdviceSeverity::Useful;
    if draft.kind == AdviceKind::Scale {
        draft.title = format!("{}, or find out what made them slower", draft.title);
    }
    Some(draft.but("no single cause shows: if they were faster before (a release, a leak, a slow call), mend that first"))
}

/// The sizing of a group's present load under an assignor. A backlog that no number of members works off within the
/// target is given more time; what comes in is not. With the target that it is sized for.
fn size(
    about: &About<'_>,
    situation: &Situation,
    assignor: Assignor,
    capacity: f64,
) -> (Sizing, Span) {
    let pause = if assignor.is_incremental() {
        INCREMENTAL_PAUSE
    } else {
        EAGER_PAUSE
    };
    let limit = about.group.policy.max_time_lag;
    let mut target = limit.map_or(TARGET, |t| t.max(TARGET));
    loop {
        let work = |slot| {
            let flow = situation.flow(slot);
            work(flow.arrival, flow.lag, pause, target)
        };
        let sizing = members(&Sought {
            group: &situation.group,
            assignor,
            work: &work,
            capacity,
            share: SHARE,
        });
        if sizing.members.is_ok() || target >= LONGEST {
            return (sizing, target);
        }
        target = target.times(2);
    }
}

/// An assignor with which the group's own number of partitions would do, where range's stacking is the limit.
fn other_assignor(
    about: &About<'_>,
    situation: &Situation,
    capacity: f64,
) -> Option<(Assignor, usize)> {
    let other = match situation.assignor? {
        Assignor::Range => Assignor::CooperativeSticky,
        Assignor::ServerRange => Assignor::Uniform,
        _ => return None,
    };
    let (sizing, _) = size(about, situation, other, capacity);
    Some((other, sizing.members.ok()?))
}

/// What a change would bring; its times are bounded by the slowest and the fastest member that were seen busy.
fn gain(about: &About<'_>, situation: &Situation, change: &Change, found: &WhatIf) -> String {
    let share = |s: Option<f64>| {
        s.map_or_else(String::new, |s| {
            format!(" ({:.0} % of what it can)", 100.0 * s)
        })
    };
    let (before, after) = (&found.before, &found.after);
    format!(
        "the fullest member gets {} records/s{} instead of {}{}; caught up {}{} instead of {}",
        rate(after.fullest),
        share(after.fullest_use),
        rate(before.fullest),
        share(before.fullest_use),
        drain(after.drain),
        drain_between(about, situation, change),
        drain(before.drain)
    )
}

/// When the backlog is gone if all members are as the fastest, and as the slowest, that were seen busy.
fn drain_between(about: &About<'_>, situation: &Situation, change: &Change) -> String {
    let seen = about.group.loads.iter().map(|l| &l.capacity);
    let seen = seen.filter(|c| c.bounds().is_none_or(|b| b.high.is_some()));
    let low = seen
        .clone()
        .filter_map(Reading::low)
        .fold(f64::INFINITY, f64::min);
    let high = seen
        .filter_map(|c| c.bounds().and_then(|b| b.high).or_else(|| c.value()))
        .fold(0.0, f64::max);
    let at = |capacity: f64| {
        let capacity = Capacity::Seen(capacity);
        let situation = Situation {
            capacity,
            ..situation.clone()
        };
        Some(what_if(&situation, change).ok()?.after.drain)
    };
    if !(low > 0.0 && low < high && high.is_finite()) {
        return String::new();
    }
    match (at(high), at(low)) {
        (Some(Drain::In(soonest)), Some(Drain::In(latest))) => {
            format!(" ({} to {})", seconds(soonest), seconds(latest))
        }
        (Some(Drain::In(soonest)), Some(Drain::Never)) => {
            format!(
                " (in {} at the best; never, if all are as slow as the slowest)",
                seconds(soonest)
            )
        }
        _ => String::new(),
    }
}

fn drain(drain: Drain) -> String {
    match drain {
        Drain::Done => "at once".to_owned(),
        Drain::In(s) => format!("in {}", seconds(s)),
        Drain::Within(s) => format!("within {}", seconds(s)),
        Drain::Never => "never".to_owned(),
        Drain::Unknown => "at a time that is not known".to_owned(),
    }
}

fn up(about: &About<'_>, situation: &Situation, n: usize) -> Option<Draft> {
    let change = Change {
        members: Some(n),
        ..Change::default()
    };
    let found = what_if(situation, &change).ok()?;
    let now = situation.group.members.len();
    let title = format!("run {} instead of {now}", count(n, "member"));
    let mut draft = Draft::new(AdviceKind::Scale, AdviceSeverity::Urgent, title)
        .plan(plan(about, &found))
        .gain(gain(about, situation, &change, &found))
        .but(format!(
            "the rebalance stops reading for about {}, in which {:.0} records wait",
            seconds(found.cost.pause),
            found.cost.records
        ))
        .but("if all members share something slow (a database, a lock), more of them make it worse")
        .run(format!(
            "{}\n# where it runs as a Deployment: kubectl scale deployment NAME --replicas={n}",
            about.what_if(&format!("--members {n}"))
        ));
    draft
        .caveats
        .extend(found.notes.iter().map(ToString::to_string));
    Some(draft)
}

fn partition_limit(
    about: &About<'_>,
    (topic, partition): (&str, i32),
    arrival: f64,
    work: f64,
    capacity: f64,
) -> Draft {
    Draft::new(
        AdviceKind::SpreadKey,
        AdviceSeverity::Urgent,
        format!("do not add consumers: partition {partition} of {topic} alone is more than one member can do"),
    )
    .because(format!(
        "it asks for {} records/s ({} come in, the rest is backlog); a member does {}",
        rate(work),
        rate(arrival),
        rate(capacity)
    ))
    .gain(format!(
        "handled by {} in parallel, its records keep up",
        count((work / (capacity * SHARE)).ceil().max(2.0) as usize, "thread")
    ))
    .but("a partition goes to one member: only handling its records in parallel by key, faster handling, or other keys help")
    .but("if its records have many keys, more partitions help too")
    .run(about.keys(topic, partition))
}

fn change_assignor(
    about: &About<'_>,
    situation: &Situation,
    other: Assignor,
    n: usize,
) -> Option<Draft> {
    let change = Change {
        members: Some(n),
        assignor: Some(other),
        ..Change::default()
    };
    let found = what_if(situation, &change).ok()?;
    let range = situation.assignor_name.as_deref().unwrap_or("range");
    let title = format!("use {} and run {}", other.name(), count(n, "member"));
    let draft = Draft::new(AdviceKind::ChangeAssignor, AdviceSeverity::Urgent, title)
        .plan(plan(about, &found))
        .because(format!(
            "{range} deals each of {} out by itself and gives the extra partitions of all to the same members",
            count(situation.group.topics.len(), "topic")
        ))
        .gain(gain(about, situation, &change, &found))
        .but("co-partitioned topics are no longer read by the same member: a join in memory needs range")
        .run(about.what_if(&format!("--members {n} --assignor {}", other.name())));
    Some(draft)
}

fn add_partitions(about: &About<'_>, situation: &Situation, sizing: &Sizing, most: usize) -> Draft {
    let largest = (0..situation.group.topics.len())
        .max_by(|a, b| topic_work(situation, *a).total_cmp(&topic_work(situation, *b)));
    let at = largest.unwrap_or(0);
    let (name, now) = situation.group.topics.get(at).map_or_else(
        || (String::new(), 0),
        |t| (t.name.to_string(), t.partitions as usize),
    );
    // As many more as members are wanted beyond those that get a partition, in proportion.
    let wanted = (now * sizing.at_least.max(most + 1)).div_ceil(most.max(1));
    let compacted = about.group.topics.iter().any(|t| {
        t.topic.as_str() == name
            && t.config
                .as_ref()
                .is_some_and(|c| c.cleanup_policy != CleanupPolicy::Delete)
    });
    let draft = Draft::new(
        AdviceKind::AddPartitions,
        AdviceSeverity::Urgent,
        format!("more members cannot help beyond {most}: {name} has too few partitions ({now})"),
    )
    .because(format!(
        "with {} the fullest still has {} records/s to do",
        count(most, "member"),
        rate(sizing.fullest)
    ))
    .but("records of one key go to another partition from then on: their order is lost while the old ones are unread")
    .but("more partitions do nothing for one hot key, and cannot be taken away again")
    .run(about.widen(&name, wanted));
    let change = Change {
        members: Some(sizing.at_least.max(most + 1)),
        partitions: Some(Partitions {
            topic: Some(name.clone()),
            count: wanted as u32,
        }),
        ..Change::default()
    };
    let found = what_if(situation, &change).ok();
    let draft = match found {
        Some(found) => draft.plan(plan(about, &found)).gain(format!(
            "with {wanted} partitions and {}, {}",
            count(found.after.members.len(), "member"),
            gain(about, situation, &change, &found)
        )),
        None => draft,
    };
    if compacted {
        draft.but(format!(
            "{name} is compacted: a key's old value stays in its old partition for ever"
        ))
    } else {
        draft
    }
}

fn topic_work(situation: &Situation, topic: usize) -> f64 {
    let flows = situation.flows.get(topic).map_or(&[][..], Vec::as_slice);
    flows
        .iter()
        .map(|f| f.arrival + f.lag / TARGET.as_secs_f64())
        .sum()
}
