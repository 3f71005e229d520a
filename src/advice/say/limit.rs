//! Where more members would not help: one partition is too much for a member, all are, or range stacks them.

use super::plan::plan;
use super::scale::{SHARE, first_target, gain};
use super::text::{count, rate};
use super::{About, Draft};
use crate::advice::Situation;
use crate::advice::assign::Assignor;
use crate::advice::plan::Sizing;
use crate::advice::sizing::{Bearing, size};
use crate::advice::what_if::{Change, Partitions, what_if, widened};
use crate::model::{AdviceKind, AdviceSeverity, CleanupPolicy};

/// So many numbers of partitions are tried.
const TRIES: usize = 8;

/// One partition, far beyond the others, is more than a member can do.
pub(super) fn one(
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

/// An assignor with which the group's own number of partitions would do, where range's stacking is the limit.
pub(super) fn other_assignor(
    about: &About<'_>,
    situation: &Situation,
    capacity: f64,
) -> Option<(Assignor, usize)> {
    let other = match situation.assignor? {
        Assignor::Range => Assignor::CooperativeSticky,
        Assignor::ServerRange => Assignor::Uniform,
        _ => return None,
    };
    let bearing = Bearing {
        assignor: other,
        capacity,
        share: SHARE,
    };
    let (sizing, _) = size(situation, bearing, first_target(about));
    Some((other, sizing.members.ok()?))
}

/// Deal partitions out in another way.
pub(super) fn change_assignor(
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
        .run(format!(
            "{}\n{}",
            about.what_if(&format!("--members {n} --assignor {}", other.name())),
            settings(other)
        ));
    Some(draft.but_if(
        other == Assignor::CooperativeSticky,
        "librdkafka's clients cannot have both in their list: stop all of them, and start them with the new one",
    ))
}

/// The setting, as remarks: it takes rolling restarts.
fn settings(assignor: Assignor) -> &'static str {
    match assignor {
        Assignor::Uniform => {
            "# in the consumers' configuration, with one rolling restart:\n# group.remote.assignor=uniform"
        }
        _ => {
            "# in the consumers' configuration, with a first rolling restart:\n\
             # partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor,org.apache.kafka.clients.consumer.RangeAssignor\n\
             # and once all have it, with a second one:\n\
             # partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor"
        }
    }
}

/// Each partition is as full as the others, and all are too full.
pub(super) fn add_partitions(
    about: &About<'_>,
    situation: &Situation,
    sizing: &Sizing,
    most: usize,
    bearing: Bearing,
) -> Option<Draft> {
    let at = heaviest(situation)?;
    let topic = situation.group.topics.get(at)?;
    let (name, now) = (topic.name.to_string(), topic.partitions as usize);
    let title =
        format!("more members cannot help beyond {most}: {name} has too few partitions ({now})");
    let bearable = bearing.capacity * bearing.share;
    let flows = situation.flows.get(at)?;
    let over = flows.iter().filter(|f| f.arrival > bearable).count();
    let draft = Draft::new(AdviceKind::AddPartitions, AdviceSeverity::Urgent, title)
        .because(format!(
            "the fullest partition asks for {} records/s, no other for far less, and a member is to bear {} at the most",
            rate(sizing.fullest),
            rate(bearable)
        ))
        .but("records of one key go to another partition from then on: their order is lost while the old ones are unread")
        .but("more partitions do nothing for one hot key, and cannot be taken away again");
    let draft = match over {
        0 => draft,
        _ => draft.because(format!("{over} of its {now} partitions get more than that")),
    };
    let draft = match enough(about, situation, at, bearing) {
        Some((wanted, n)) => widening(about, situation, draft, (&name, wanted), n),
        None => draft
            .gain("with more partitions more members can share what comes in")
            .run(about.show_topic(&name)),
    };
    let compacted = about.group.topics.iter().any(|t| {
        t.topic.as_str() == name
            && t.config
                .as_ref()
                .is_some_and(|c| c.cleanup_policy != CleanupPolicy::Delete)
    });
    Some(if compacted {
        draft.but(format!(
            "{name} is compacted: a key's old value stays in its old partition for ever"
        ))
    } else {
        draft
    })
}

/// The topic of the partition on which most comes in.
fn heaviest(situation: &Situation) -> Option<usize> {
    let most = |at: usize| {
        let flows = situation.flows[at].iter();
        flows.map(|f| f.arrival).fold(0.0, f64::max)
    };
    (0..situation.flows.len()).max_by(|a, b| most(*a).total_cmp(&most(*b)))
}

/// So many partitions of a topic that some number of members can bear what comes in; with that number.
fn enough(
    about: &About<'_>,
    situation: &Situation,
    at: usize,
    bearing: Bearing,
) -> Option<(usize, usize)> {
    let (topic, flows) = (situation.group.topics.get(at)?, situation.flows.get(at)?);
    let comes: f64 = flows.iter().map(|f| f.arrival).sum();
    let least = (comes / (bearing.capacity * bearing.share)).ceil();
    let mut wanted = (least as usize).max(topic.partitions as usize + 1);
    for _ in 0..TRIES {
        let partitions = Partitions {
            topic: Some(topic.name.to_string()),
            count: u32::try_from(wanted).ok()?,
        };
        let (sizing, _) = size(
            &widened(situation, &partitions)?,
            bearing,
            first_target(about),
        );
        if let Ok(n) = sizing.members {
            return Some((wanted, n));
        }
        wanted += (wanted / 8).max(1);
    }
    None
}

fn widening(
    about: &About<'_>,
    situation: &Situation,
    draft: Draft,
    (name, wanted): (&str, usize),
    n: usize,
) -> Draft {
    let change = Change {
        members: Some(n),
        partitions: Some(Partitions {
            topic: Some(name.to_owned()),
            count: wanted as u32,
        }),
        ..Change::default()
    };
    let place = format!("{name}={wanted}");
    let trial = format!(
        "--members {n} --partitions {}",
        crate::words::text::shell(&place)
    );
    let draft = draft.run(format!(
        "{}\n{}",
        about.what_if(&trial),
        about.widen(name, wanted)
    ));
    match what_if(situation, &change) {
        Ok(found) => draft.plan(plan(about, &found)).gain(format!(
            "with {wanted} partitions and {}, {}",
            count(n, "member"),
            gain(about, situation, &change, &found)
        )),
        Err(_) => draft,
    }
}
