//! Advice that follows from the diagnosis.

use super::text::{count, rate, seconds};
use super::{About, Draft, scale};
use crate::advice::{Capacity, Situation};
use crate::model::{
    AdviceKind, AdviceSeverity, Cause, CleanupPolicy, Diagnosis, Member, PartitionId, Status,
    TopicName,
};

use AdviceSeverity::{Urgent, Useful};

/// What the cause of a lag asks for.
pub(super) fn draft(about: &About<'_>) -> Option<Draft> {
    let (cause, confidence) = match &about.group.diagnosis {
        Diagnosis::Found {
            cause, confidence, ..
        } => (cause, confidence),
        Diagnosis::Abstains { .. } => return scale::at_the_limit(about),
        Diagnosis::NotNeeded => return None,
    };
    // Slow and yet keeping its distance is how some groups live: a sink that commits once an hour, for one. Where
    // somebody has said what is too far behind, that counts.
    let group = about.group;
    // Where nobody knows what is the matter, a cause explains nothing.
    if group.status.status == Status::Unknown {
        return None;
    }
    let idles = matches!(
        group.status.status,
        Status::Ok | Status::Idle | Status::Steady | Status::Recovering
    );
    if idles && !group.policy.has_limit() {
        return None;
    }
    // What nobody reads is not read faster by any of this.
    if about.group.members.as_deref().is_some_and(<[_]>::is_empty) {
        return None;
    }
    let draft = match cause {
        Cause::PoisonRecord { .. } => poison(about, cause)?,
        Cause::SickMember { .. } | Cause::SickHost { .. } => sick(about, cause)?,
        Cause::HotPartition {
            topic, partition, ..
        } => scale::relief(about, topic, *partition).or_else(|| hot(about, cause))?,
        Cause::TooFewConsumers { .. } => return scale::draft(about, *confidence),
        Cause::SlowDownstream { .. } => downstream(about, cause)?,
        Cause::GroupStuck { .. } => stuck(about, cause)?,
        Cause::SlowLeader { .. } => leader(about, cause)?,
    };
    Some(draft.sure(*confidence))
}

fn poison(about: &About<'_>, cause: &Cause) -> Option<Draft> {
    let Cause::PoisonRecord {
        topic,
        partition,
        offset,
        since,
        others_moved,
        owners,
    } = cause
    else {
        return None;
    };
    let name = topic.as_str();
    Some(
        Draft::new(
            AdviceKind::SkipRecord,
            Urgent,
            format!("mend or skip the record at offset {offset} of partition {partition} of {name}"),
        )
        .because(format!(
            "that partition has stood at offset {offset} since {since} while its owner's other {} moved",
            count(*others_moved as usize, "partition")
        ))
        .because(format!("{} had it in the meantime", count(*owners as usize, "owner")))
        .gain(match behind(about, topic, *partition) {
            Some(n) => format!("{n} records that are unread there can be read again"),
            None => "what is unread there can be read again".to_owned(),
        })
        .but("skipping loses that one record: put it aside first")
        .but("the record itself was not read: the one that fails may be a few offsets further, in the batch being handled")
        .but_if(
            is_compacted(about, topic),
            "the topic is compacted: the record is the first one shown, at that offset or further on; skip to the one behind it",
        )
        .run(format!(
            "{}\n{}",
            about.look(name, *partition, *offset),
            about.set_offset(name, *partition, offset + 1)
        )),
    )
}

fn is_compacted(about: &About<'_>, topic: &TopicName) -> bool {
    let mut topics = about.group.topics.iter();
    let found = topics.find(|t| t.topic == *topic);
    let policy = found.and_then(|t| Some(t.config.as_ref()?.cleanup_policy));
    policy.is_some_and(|p| p != CleanupPolicy::Delete)
}

/// Unread records of a partition.
fn behind(about: &About<'_>, topic: &TopicName, partition: PartitionId) -> Option<i64> {
    let mut rows = about.group.partitions();
    let row = rows.find(|p| p.topic().topic == *topic && p.partition() == partition)?;
    row.row().effective_lag.value()
}

fn sick(about: &About<'_>, cause: &Cause) -> Option<Draft> {
    let peers = |lagging: u32, others_lagging: u32, others: u32| {
        format!(
            "all {lagging} of its partitions lag, and {others_lagging} of the {others} others do"
        )
    };
    let draft = match cause {
        Cause::SickMember {
            client_id,
            host,
            lagging,
            others_lagging,
            others,
            ..
        } => Draft::new(
            AdviceKind::ReplaceMember,
            Urgent,
            format!("replace the member {client_id} on {host}: its peers keep up"),
        )
        .because(peers(*lagging, *others_lagging, *others))
        .but("more members do not mend it: it keeps a share of the partitions as long as it lives"),
        Cause::SickHost {
            host,
            members,
            lagging,
            others_lagging,
            others,
        } => Draft::new(
            AdviceKind::CheckHost,
            Urgent,
            format!(
                "look at the host {host}: its {} are slow and the others are not",
                count(*members as usize, "member")
            ),
        )
        .because(peers(*lagging, *others_lagging, *others))
        .but("members there may also be far from what they read or write"),
        _ => return None,
    };
    Some(
        draft
            .gain(relief(about, cause))
            .but("offsets do not tell why it is slow: its processor, its network, its garbage collector")
            .run(about.members()),
    )
}

/// What is unread on the sick members' partitions, and how soon members like their peers would be through with it.
fn relief(about: &About<'_>, cause: &Cause) -> String {
    let is_sick = |m: &Member| match cause {
        Cause::SickMember { member_id, .. } => m.member_id == *member_id,
        Cause::SickHost { host, .. } => m.host == *host,
        _ => false,
    };
    let rows = about.group.partitions();
    let rows = rows.filter(|p| p.owner().is_some_and(is_sick));
    let (mut lag, mut arrival) = (0.0, 0.0);
    for row in rows {
        lag += row.row().effective_lag.value().unwrap_or(0) as f64;
        arrival += row
            .log()
            .and_then(|l| l.arrival_rate.value())
            .unwrap_or(0.0);
    }
    let members = about.group.members.as_deref().unwrap_or_default();
    let sick = members.iter().filter(|m| is_sick(m)).count().max(1) as f64;
    let able = Situation::of(about.group).map_or(Capacity::Unknown, |s| s.capacity);
    let through = match able {
        Capacity::Seen(c) if c * sick > arrival => {
            format!(
                ", and are through with it in about {}",
                seconds(lag / (c * sick - arrival))
            )
        }
        Capacity::AtLeast(c) if c * sick > arrival => {
            format!(
                ", and are through with it within {}",
                seconds(lag / (c * sick - arrival))
            )
        }
        _ => String::new(),
    };
    format!("its partitions, with {lag:.0} unread records, go to members that keep up{through}")
}

fn hot(about: &About<'_>, cause: &Cause) -> Option<Draft> {
    let Cause::HotPartition {
        topic,
        partition,
        arrival_rate,
        median_arrival_rate,
        consume_rate,
    } = cause
    else {
        return None;
    };
    Some(
        Draft::new(
            AdviceKind::SpreadKey,
            Urgent,
            format!("do not add consumers: spread the key behind partition {partition} of {topic}, or handle its records in parallel"),
        )
        .because(format!(
            "{} records/s come in there, {} in the median partition; its reader manages {}",
            rate(*arrival_rate),
            rate(*median_arrival_rate),
            rate(*consume_rate)
        ))
        .gain(even(about, topic, *arrival_rate))
        .but("a partition goes to one member, so neither more members nor more partitions help while it is one key")
        .but("keys were not read: it may also be several keys that fall together")
        .run(about.keys(topic.as_str(), *partition)),
    )
}

/// What each partition of a topic would get if all did the same.
fn even(about: &About<'_>, topic: &TopicName, hottest: f64) -> String {
    let mut topics = about.group.topics.iter();
    let found = topics.find(|t| t.topic == *topic);
    let each = found.and_then(|t| {
        let rates = t.partitions.iter().map(|p| p.arrival_rate.value());
        Some((t.partitions.len(), rates.sum::<Option<f64>>()?))
    });
    match each {
        Some((partitions, all)) if partitions > 0 => format!(
            "spread evenly over the {partitions} partitions of {topic}, each gets {} records/s instead of up to {}",
            rate(all / partitions as f64),
            rate(hottest)
        ),
        _ => "spread over several partitions, several members read it".to_owned(),
    }
}

fn downstream(about: &About<'_>, cause: &Cause) -> Option<Draft> {
    let Cause::SlowDownstream {
        members,
        consume_rate,
        capacity,
        lagging,
        of,
    } = cause
    else {
        return None;
    };
    Some(
        Draft::new(
            AdviceKind::DoNotAddConsumers,
            Urgent,
            "do not add consumers: look at what they call or write to".to_owned(),
        )
        .because(format!(
            "{} read {} records/s together and have been seen to read {}; {lagging} of {of} partitions lag",
            count(*members as usize, "member"),
            rate(*consume_rate),
            rate(*capacity)
        ))
        .gain("once that is as fast as it was, so is the group; more members would press harder on what is slow already")
        .but("a release that made handling slower, or brokers that throttle the clients, look the same from offsets")
        .run(about.members()),
    )
}

fn stuck(about: &About<'_>, cause: &Cause) -> Option<Draft> {
    let Cause::GroupStuck {
        partitions,
        since,
        effective_lag,
    } = cause
    else {
        return None;
    };
    Some(
        Draft::new(
            AdviceKind::FindBlock,
            Urgent,
            "find out what all members wait for; if nothing, restart them".to_owned(),
        )
        .because(format!(
            "none of {} with {effective_lag} unread records has moved since {since}, though the members are there",
            count(*partitions as usize, "partition")
        ))
        .gain("reading goes on")
        .but("crashed handlers and a blocked downstream look the same from offsets: a thread dump of one member tells them apart")
        .but("more members would wait with the others")
        .run(about.members()),
    )
}

fn leader(about: &About<'_>, cause: &Cause) -> Option<Draft> {
    let Cause::SlowLeader {
        broker,
        lagging,
        led,
        others_lagging,
        others,
    } = cause
    else {
        return None;
    };
    Some(
        Draft::new(
            AdviceKind::CheckBroker,
            Useful,
            format!("look at broker {broker}: what lags is what it leads"),
        )
        .because(format!(
            "{lagging} of the {led} partitions that it leads lag, and {others_lagging} of the {others} that others lead do"
        ))
        .gain("no consumer has to be touched")
        .but("moving its partitions' leadership to another broker helps while it is slow; it does not move any consumer's load")
        .run(format!(
            "kafka-topics.sh --bootstrap-server {} --describe --under-replicated-partitions",
            about.servers
        )),
    )
}
