//! Advice on a group's shape: rebalances without end, idle members, a single member, topics no longer read.

use std::collections::BTreeSet;

use super::text::{count, rate};
use super::{About, Draft};
use crate::advice::assign::Assignor;
use crate::advice::hold::{Spare, spare};
use crate::model::{
    AdviceKind, AdviceSeverity, EventKind, GroupState, GroupType, Span, Status, Timestamp,
    TopicName,
};

use AdviceSeverity::{Hint, Urgent};

/// Who read a topic may be away for so long and come back to it.
const AWAY: Span = Span::from_secs(3600);

/// What the shape asks for.
pub(super) fn drafts(about: &About<'_>) -> Vec<Draft> {
    if about.group.inactive {
        return Vec::new();
    }
    let all = [
        storm(about),
        idle(about),
        single(about),
        unsubscribed(about),
    ];
    all.into_iter().flatten().collect()
}

fn storm(about: &About<'_>) -> Option<Draft> {
    let storm = about.group.storm.as_ref()?;
    let mut draft = Draft::new(
        AdviceKind::CalmRebalances,
        Urgent,
        "calm its rebalances: members leave and come back again and again".to_owned(),
    )
    .because(format!(
        "{} rebalances within {}; {} left and came back",
        storm.rebalances,
        storm.window,
        count(storm.rejoining as usize, "member")
    ))
    .because(format!(
        "{} records/s are read while {} come in",
        rate(storm.consume_rate),
        rate(storm.arrival_rate)
    ))
    .gain("each rebalance stops reading; without them the members have time to read")
    .but("offsets do not tell why members leave: the logs of one say whether it was max.poll.interval.ms, session.timeout.ms or a crash")
    .but("adding members starts one more rebalance each");
    if eager(about) {
        draft = draft
            .because("its assignor takes all partitions from all members at each rebalance")
            .but("another assignor takes two rolling restarts: the first with both names in the list, the second with the new one alone");
    }
    Some(match settings(about) {
        Some(lines) => draft
            .but("these are the names of Java's clients: librdkafka has no max.poll.records, and calls that assignor cooperative-sticky")
            .run(lines),
        None => draft.run(about.members()),
    })
}

/// Consumers of a classic group whose assignor stops all of them.
fn eager(about: &About<'_>) -> bool {
    let eager = ["range", "roundrobin", "sticky"];
    let assignor = about.group.assignor.as_deref();
    about.group.group_type == GroupType::Classic && assignor.is_some_and(|a| eager.contains(&a))
}

/// Lines for the configuration of consumers, remarks on lines of their own, as a properties file has no others. None for
/// what is no plain consumer: Connect and Kafka Streams have settings and assignors of their own.
fn settings(about: &About<'_>) -> Option<String> {
    let group = about.group;
    let plain = ["range", "roundrobin", "sticky", "cooperative-sticky"];
    let is_new = group.group_type == GroupType::Consumer;
    let is_plain = &*group.protocol_type == "consumer"
        && group
            .assignor
            .as_deref()
            .is_some_and(|a| plain.contains(&a));
    if !(is_new || is_plain) {
        return None;
    }
    let mut lines = vec![
        "# in the consumers' configuration; less to handle between two polls (default 500):",
        "max.poll.records=100",
        "# more time to handle it (default 300000):",
        "max.poll.interval.ms=600000",
    ];
    if !is_new {
        lines.extend(["# not below this:", "session.timeout.ms=45000"]);
        if eager(about) {
            lines.extend([
                "# for the first rolling restart; in the second the first name alone:",
                "partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor,\
                 org.apache.kafka.clients.consumer.RangeAssignor",
            ]);
        }
        lines.push("# or let the broker assign (Kafka 4): group.protocol=consumer, and then neither of the two above");
    }
    lines.push("# a restart within the session is then no rebalance; another name for each member, such as its pod's:");
    lines.push("group.instance.id=...");
    Some(lines.join("\n"))
}

fn is_stable(about: &About<'_>) -> bool {
    about.group.state.known() == Some(GroupState::Stable)
}

fn idle(about: &About<'_>) -> Option<Draft> {
    let situation = about.situation()?;
    let assignor = situation.assignor?;
    let Spare { idle, most, from } = spare(about.group, &situation, assignor)?;
    let members = situation.group.members.len();
    let mut draft = Draft::new(
        AdviceKind::FewerMembers,
        Hint,
        format!(
            "{} of {members} members have nothing to do: {} are enough",
            idle,
            members - idle
        ),
    )
    .because(format!(
        "{} can be dealt out, and one goes to one member",
        count(most, "partition")
    ))
    .gain(format!("{} less to run", count(idle, "member")))
    .but("one or two in reserve take over faster than a new one starts")
    .run(about.what_if(&format!("--members {}", members - idle)));
    draft.not_before = from;
    let range = matches!(assignor, Assignor::Range | Assignor::ServerRange);
    Some(draft.but_if(
        range && situation.group.topics.len() > 1,
        "range deals each topic out by itself: with another assignor more members would get something",
    ))
}

/// Only where somebody has said that the group matters: many groups are one process on purpose.
fn single(about: &About<'_>) -> Option<Draft> {
    let policy = &about.group.policy;
    let matters = policy.expected || policy.has_limit();
    let members = about.group.members.as_deref().unwrap_or_default();
    let partitions = about
        .group
        .rows
        .iter()
        .filter(|r| r.verdict.is_some())
        .count();
    (matters && is_stable(about) && members.len() == 1 && partitions > 1).then(|| {
        Draft::new(
            AdviceKind::SecondMember,
            Hint,
            "run a second member: with one, nobody takes over while it restarts".to_owned(),
        )
        .because(format!(
            "one member owns all {}, and the configuration expects something of the group",
            count(partitions, "partition")
        ))
        .gain("half of the load each, and a restart stops only half of it")
        .but("a second one handles other partitions at the same time: what it writes to must bear that")
        .run(about.what_if("--members 2"))
    })
}

/// When members last came, went or were dealt other partitions.
fn changed_at(about: &About<'_>) -> Timestamp {
    let kinds = [EventKind::Joined, EventKind::Left, EventKind::Rebalanced];
    let events = about
        .group
        .events
        .iter()
        .filter(|e| kinds.contains(&e.kind));
    let last = events.map(|e| e.at).max();
    last.unwrap_or(about.group.status.since)
}

/// Whether any member subscribes to a topic, where all have told.
fn subscribed(about: &About<'_>, topic: &TopicName) -> Option<bool> {
    let members = about.group.members.as_deref()?;
    let told: Option<Vec<_>> = members.iter().map(|m| m.subscription.as_deref()).collect();
    Some(told?.iter().any(|s| s.topics.contains(topic)))
}

/// Unread records of a topic, as far as they are known.
fn unread(about: &About<'_>, topic: u32) -> i64 {
    let rows = about.group.rows.iter().filter(|r| r.topic == topic);
    rows.filter_map(|r| r.effective_lag.low()).sum()
}

/// Offsets of a topic that stands outside in a group that is at work on others.
fn unsubscribed(about: &About<'_>) -> Option<Draft> {
    let group = about.group;
    let reads: BTreeSet<u32> = group
        .rows
        .iter()
        .filter(|r| r.verdict.is_some())
        .map(|r| r.topic)
        .collect();
    let outside: BTreeSet<u32> = group
        .rows
        .iter()
        .map(|r| r.topic)
        .filter(|t| !reads.contains(t))
        .collect();
    let busy = matches!(group.status.status, Status::DataLoss | Status::Stopped);
    let first = *outside.first()?;
    if reads.is_empty() || busy || !is_stable(about) {
        return None;
    }
    let name = group.topics.get(first as usize)?.topic.clone();
    let told = subscribed(about, &name);
    if told == Some(true) {
        return None;
    }
    let unread = unread(about, first);
    let mut draft = Draft::new(
        AdviceKind::DeleteOffsets,
        Hint,
        format!("delete its offsets on {name}, which it no longer reads"),
    )
    .because(format!(
        "its members own partitions of {} and none of this one",
        count(reads.len(), "other topic")
    ))
    .gain("other tools no longer show a lag that grows for ever")
    .but("if it subscribes again later, it starts where auto.offset.reset says");
    draft = match told {
        Some(_) => draft.because("none of them subscribes to it").sure(0.8),
        None => draft
            .but("what members subscribe to is not told: one that read it may only be away")
            .sure(0.5),
    };
    if unread > 0 {
        draft = draft.but(format!(
            "{unread} records are unread there: whoever comes back without its offsets may skip them"
        ));
    }
    // Whoever read it may be on the way back.
    draft.not_before = Some(changed_at(about) + AWAY);
    Some(draft.run(about.delete_offsets(name.as_str())))
}
