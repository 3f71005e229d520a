//! How many members a group needs, or why more would not help.

use std::collections::BTreeSet;

use super::plan::plan;
use super::text::{count, rate, seconds};
use super::{About, Draft, lever, limit};
use crate::advice::assign::{Certainty, Member, Slot};
use crate::advice::plan::Limit;
pub(super) use crate::advice::sizing::SHARE;
use crate::advice::sizing::{Bearing, LONGEST, TARGET, fullest, size, time_for};
use crate::advice::what_if::{Change, Drain, WhatIf, what_if};
use crate::advice::{Capacity, Situation};
use crate::model::{
    AdviceKind, AdviceSeverity, Diagnosis, MemberLoad, PartitionId, Reading, Span, Status,
    TopicName,
};

/// A member is at its limit when it does this share of what it can.
const AT_LIMIT: f64 = 0.85;
/// Shares of a capacity that a number that was advised may come to while the load moves.
const SHARES: [f64; 3] = [SHARE, 0.9, 1.0];
/// Of a capacity that is only known from below so much may be used: there is more.
const SHARE_AT_LEAST: f64 = 0.9;
/// No number of members is surer than this: that more help is never seen before they come.
const MOST_SURE: f64 = 0.9;
/// Nor one that rests on an estimate of who would own what.
const ESTIMATED: f64 = 0.6;

/// The number that it takes, for a group that has too few; in words alone where its assignor or what a member can do is
/// not known.
pub(super) fn draft(about: &About<'_>, confidence: f64) -> Option<Draft> {
    let confidence = confidence.min(MOST_SURE);
    let known = about.situation().and_then(|situation| {
        let Capacity::Seen(capacity) = situation.capacity else {
            return None;
        };
        let bearing = Bearing {
            assignor: situation.assignor?,
            capacity,
            share: SHARE,
        };
        Some((situation, bearing))
    });
    match known {
        Some((situation, bearing)) => numbered(about, &situation, bearing, confidence),
        None => lever::in_words(about, confidence),
    }
}

/// Within what a backlog is to be gone.
pub(super) fn first_target(about: &About<'_>) -> Span {
    let limit = about.group.policy.max_time_lag;
    limit.map_or(TARGET, |t| t.max(TARGET))
}

/// A number of members, and what it is for.
struct Wanted {
    n: usize,
    /// Within this the backlog is gone; none: that is not said.
    target: Option<Span>,
    share: f64,
}

fn numbered(
    about: &About<'_>,
    situation: &Situation,
    bearing: Bearing,
    confidence: f64,
) -> Option<Draft> {
    let (sizing, target) = size(situation, bearing, first_target(about));
    let now = situation.group.members.len();
    let sized = |n| Wanted {
        n,
        target: Some(target),
        share: SHARE,
    };
    let draft = match sizing.members {
        Ok(n) => match held(about, situation, bearing).unwrap_or(sized(n)) {
            wanted if wanted.n > now => up(about, situation, &wanted)?,
            _ => return uneven(about, situation, bearing, confidence),
        },
        Err(Limit::Partition { slot, work }) => {
            let topic = &situation.group.topics[slot.topic as usize].name;
            let arrival = situation.flow(slot).arrival;
            let place = (&**topic, slot.partition);
            limit::one(about, place, arrival, work, bearing.capacity)
        }
        Err(Limit::Partitions { most }) => {
            if let Some((other, n)) = limit::other_assignor(about, situation, bearing.capacity) {
                limit::change_assignor(about, situation, other, n)?
            } else if most > now && bears(situation, bearing, most) {
                up_to_the_limit(about, situation, most)?
            } else {
                limit::add_partitions(about, situation, &sizing, most, bearing)?
            }
        }
    };
    let sure = draft.confidence.min(confidence);
    Some(
        draft
            .because(at_work(about, situation, bearing.capacity))
            .sure(sure),
    )
}

/// The number that autoscalers are told, while the load may still be borne by it: one number, which moves seldom.
fn held(about: &About<'_>, situation: &Situation, bearing: Bearing) -> Option<Wanted> {
    let n = about.memory.members? as usize;
    if n <= situation.group.members.len() {
        return None;
    }
    SHARES.into_iter().find_map(|share| {
        let bearing = Bearing { share, ..bearing };
        let target = Some(time_for(situation, bearing, n, first_target(about))?);
        Some(Wanted { n, target, share })
    })
}

/// Whether so many members can do what comes in, if with little to spare.
fn bears(situation: &Situation, bearing: Bearing, members: usize) -> bool {
    fullest(situation, bearing.assignor, members, LONGEST) < 0.95 * bearing.capacity
}

fn up_to_the_limit(about: &About<'_>, situation: &Situation, most: usize) -> Option<Draft> {
    let wanted = Wanted {
        n: most,
        target: None,
        share: SHARE,
    };
    Some(up(about, situation, &wanted)?.but(format!(
        "that is the most that get a partition, and leaves less than {:.0} % to spare: more partitions are next",
        100.0 * (1.0 - SHARE)
    )))
}

fn at_work(about: &About<'_>, situation: &Situation, capacity: f64) -> String {
    let seen = match about.memory.faster {
        Some(faster) => format!("{} each; {} were seen", rate(capacity), rate(faster)),
        None => format!("{} each", rate(capacity)),
    };
    let reads = about.group.consume_rate.value();
    let (reads, comes) = (
        reads.map_or_else(|| "?".to_owned(), rate),
        rate(situation.arrival()),
    );
    let members = count(situation.group.members.len(), "member");
    format!(
        "{members} read {reads} records/s, about all that they can ({seen}), while {comes} come in"
    )
}

/// The same where no cause can be named: each member is at its limit, and more comes in. Whether they are too few
/// or became slower does not show in offsets, so it says both.
pub(super) fn at_the_limit(about: &About<'_>) -> Option<Draft> {
    let group = about.group;
    if let Some(draft) = standing(about) {
        return Some(draft);
    }
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
        draft.title = match about.memory.faster {
            Some(faster) => format!(
                "find out why its members do less than the {} records/s that they did, or {}",
                rate(faster),
                draft.title
            ),
            None => format!("{}, or find out what made them slower", draft.title),
        };
    }
    Some(draft.but("no single cause shows: if they were faster before (a release, a leak, a slow call), mend that first"))
}

/// That it has too few was said, and it is not well yet: what it says stays, though no cause shows at this moment.
pub(super) fn standing(about: &About<'_>) -> Option<Draft> {
    let unread = about.group.effective_lag.value().unwrap_or(0) > 0;
    let found = matches!(about.group.diagnosis, Diagnosis::Found { .. });
    if !about.memory.short || found || !unread {
        return None;
    }
    let situation = about.situation()?;
    let Capacity::Seen(capacity) = situation.capacity else {
        return None;
    };
    let bearing = Bearing {
        assignor: situation.assignor?,
        capacity,
        share: SHARE,
    };
    let wanted = held(about, &situation, bearing)?;
    let draft = up(about, &situation, &wanted)?;
    let sure = draft.confidence.min(MOST_SURE);
    let comes = situation.arrival();
    Some(
        draft
            .because(format!(
                "it was found to have too few members and has not been well for long since; {} records/s come in, and its {} \
                 can do {} each",
                rate(comes),
                count(situation.group.members.len(), "member"),
                rate(capacity)
            ))
            .sure(sure),
    )
}

/// More members where a partition gets more than the others, which any one member could do alone: its owner has others
/// beside it.
pub(super) fn relief(
    about: &About<'_>,
    topic: &TopicName,
    partition: PartitionId,
) -> Option<Draft> {
    let situation = about.situation()?;
    let slot = Slot {
        topic: situation
            .group
            .topics
            .iter()
            .position(|t| &*t.name == topic.as_str())? as u32,
        partition,
    };
    let bearing = bearable(&situation)?;
    let alone = situation.flow(slot).arrival;
    let mut members = situation.group.members.iter();
    let owner = members.find(|m| m.owned.contains(&slot))?;
    let all = load(&situation, owner);
    if alone > bearing.capacity * bearing.share || all <= alone {
        return None;
    }
    let (sizing, _) = size(&situation, bearing, LONGEST);
    let n = sizing.members.ok()?;
    if n <= situation.group.members.len() {
        return None;
    }
    let wanted = Wanted {
        n,
        target: None,
        share: bearing.share,
    };
    Some(up(about, &situation, &wanted)?.because(format!(
        "partition {partition} of {topic} gets {} records/s, which a member can do ({}{}); its owner has {} more beside it, \
         {} records/s in all",
        rate(alone),
        if bearing.share > SHARE { "at least " } else { "" },
        rate(bearing.capacity),
        count(owner.owned.len() - 1, "partition"),
        rate(all)
    )))
}

/// What a member is to bear, also where its capacity is only known from below.
fn bearable(situation: &Situation) -> Option<Bearing> {
    let (capacity, share) = match situation.capacity {
        Capacity::Seen(capacity) => (capacity, SHARE),
        Capacity::AtLeast(capacity) => (capacity, SHARE_AT_LEAST),
        Capacity::Unknown => return None,
    };
    Some(Bearing {
        assignor: situation.assignor?,
        capacity,
        share,
    })
}

/// Records a second that come in on a member's partitions.
fn load(situation: &Situation, member: &Member) -> f64 {
    let flows = member.owned.iter().map(|s| situation.flow(*s).arrival);
    flows.sum()
}

/// As many as there are could bear it, were it dealt out evenly; as it is dealt out, in a way that is not understood,
/// some bear too much.
fn uneven(
    about: &About<'_>,
    situation: &Situation,
    bearing: Bearing,
    confidence: f64,
) -> Option<Draft> {
    let members = &situation.group.members;
    let is_over = |m: &&Member| load(situation, m) > bearing.capacity * bearing.share;
    let over: Vec<&Member> = members.iter().filter(is_over).collect();
    if situation.explained || over.is_empty() {
        return None;
    }
    let topics = over.iter().flat_map(|m| &m.owned).map(|s| s.topic);
    let topics: BTreeSet<u32> = topics.collect();
    let names = topics
        .iter()
        .filter_map(|t| situation.group.topics.get(*t as usize));
    let names: Vec<&str> = names.map(|t| &*t.name).take(3).collect();
    let most = over.iter().map(|m| load(situation, m)).fold(0.0, f64::max);
    let all = count(members.len(), "member");
    let draft = Draft::new(
        AdviceKind::Scale,
        AdviceSeverity::Useful,
        format!(
            "run more of the members that read {}, or let all members share what comes in",
            names.join(", ")
        ),
    )
    .because(format!(
        "{} of {all} get up to {} records/s each, and one can do {}; the others have less to do",
        over.len(),
        rate(most),
        rate(bearing.capacity)
    ))
    .gain(format!(
        "dealt out evenly over the {all}, each gets {} records/s instead of up to {}",
        rate(situation.arrival() / members.len().max(1) as f64),
        rate(most)
    ))
    .but("who owns what now is not what its assignor makes of equal subscriptions: how many more it takes is not known here")
    .run(about.members());
    Some(draft.sure(confidence.min(ESTIMATED)))
}

/// What a change would bring; its times are bounded by the slowest and the fastest member that were seen busy.
pub(super) fn gain(
    about: &About<'_>,
    situation: &Situation,
    change: &Change,
    found: &WhatIf,
) -> String {
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
        let situation = situation.clone().with_capacity(capacity);
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

fn up(about: &About<'_>, situation: &Situation, wanted: &Wanted) -> Option<Draft> {
    let n = wanted.n;
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
            "{}\n{}",
            about.what_if(&format!("--members {n}")),
            lever::Lever::of(about.group).remark(n)
        ));
    if let Some(target) = wanted.target {
        draft = draft.because(format!(
            "so many that what is unread is gone within {target} and nobody bears more than {:.0} %",
            100.0 * wanted.share
        ));
    }
    draft
        .caveats
        .extend(found.notes.iter().map(ToString::to_string));
    let estimated = found.certainty == Certainty::Estimate;
    Some(if estimated {
        draft.sure(ESTIMATED)
    } else {
        draft
    })
}
