//! Advice on a group's shape: rebalances without end, idle members, a single member, topics no longer read.

use std::collections::BTreeSet;

use super::text::{count, rate};
use super::{About, Draft};
use crate::advice::assign::Assignor;
use crate::advice::plan::useful;
use crate::model::{AdviceKind, AdviceSeverity, GroupState, GroupType, Status};

use AdviceSeverity::{Hint, Urgent};

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
    let mut settings = vec!["# in the consumers' configuration:"];
    settings
        .push("max.poll.records=100            # less to handle between two polls (default 500)");
    settings.push("max.poll.interval.ms=600000     # more time to handle it (default 300000)");
    if about.group.group_type != GroupType::Consumer {
        settings.push("session.timeout.ms=45000        # not below this");
        let eager = !matches!(about.group.assignor.as_deref(), Some("cooperative-sticky"));
        if eager {
            settings.push("partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
            draft = draft
                .because("its assignor takes all partitions from all members at each rebalance");
        }
        settings.push("# or let the broker assign: group.protocol=consumer (Kafka 4)");
    }
    settings.push(
        "group.instance.id=NAME-OF-POD   # a restart within the session is then no rebalance",
    );
    Some(draft.run(settings.join("\n")))
}

fn is_stable(about: &About<'_>) -> bool {
    about.group.state.known() == Some(GroupState::Stable)
}

fn idle(about: &About<'_>) -> Option<Draft> {
    let situation = about.situation()?;
    let assignor = situation.assignor?;
    let most = useful(&situation.group, assignor);
    let members = situation.group.members.len();
    let idle = situation
        .group
        .members
        .iter()
        .filter(|m| m.owned.is_empty())
        .count();
    if !is_stable(about) || members <= most || idle == 0 {
        return None;
    }
    let draft = Draft::new(
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
    let range = matches!(assignor, Assignor::Range | Assignor::ServerRange);
    Some(if range && situation.group.topics.len() > 1 {
        draft.but("range deals each topic out by itself: with another assignor more members would get something")
    } else {
        draft
    })
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
    Some(
        Draft::new(
            AdviceKind::DeleteOffsets,
            Hint,
            format!("delete its offsets on {name}, which it no longer reads"),
        )
        .because(format!(
            "its members own partitions of {} and none of this one",
            count(reads.len(), "other topic")
        ))
        .gain("other tools no longer show a lag that grows for ever")
        .but("if it subscribes again later, it starts where auto.offset.reset says")
        .run(about.delete_offsets(name.as_str())),
    )
}
