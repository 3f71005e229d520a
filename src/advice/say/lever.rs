//! What people turn to have more members: another thing for Connect, Kafka Streams and plain consumers. And advice to do
//! so where nothing is known of how partitions are dealt out, in words and without a number.

use super::scale::SHARE;
use super::text::{count, rate};
use super::{About, Draft};
use crate::model::{
    AdviceKind, AdviceSeverity, Cause, Diagnosis, GroupSnapshot, GroupType, Status,
};

/// How Kafka Streams' assignor calls itself.
const STREAMS: &str = "stream";
/// So sure is advice that foretells nobody's load.
const IN_WORDS: f64 = 0.7;

/// What a group's members are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lever {
    /// Consumers of somebody's own.
    Members,
    /// Tasks of a connector.
    Tasks,
    /// Threads of an application of Kafka Streams.
    Threads,
    /// Members of a share group, which read the same partitions together.
    Shares,
}

impl Lever {
    pub(super) fn of(group: &GroupSnapshot) -> Self {
        let members = group.members.as_deref().unwrap_or_default();
        let all =
            |part: &str| !members.is_empty() && members.iter().all(|m| m.client_id.contains(part));
        let streams = group.group_type == GroupType::Streams
            || group.assignor.as_deref() == Some(STREAMS)
            || &*group.protocol_type == "streams";
        match () {
            () if group.group_type == GroupType::Share => Self::Shares,
            () if streams || all("-StreamThread-") => Self::Threads,
            () if &*group.protocol_type == "connect" || all("connector-consumer-") => Self::Tasks,
            () => Self::Members,
        }
    }

    /// The remark that says how to come to so many.
    pub(super) fn remark(self, n: usize) -> String {
        match self {
            Self::Tasks => format!("# in the connector's configuration: tasks.max={n}"),
            Self::Threads => {
                format!("# num.stream.threads times instances are to be {n}")
            }
            Self::Members | Self::Shares => format!(
                "# where it runs as a Deployment: kubectl scale deployment NAME --replicas={n}"
            ),
        }
    }
}

/// More members, where it is known that they are too few and not how partitions are dealt out.
pub(super) fn in_words(about: &About<'_>, confidence: f64) -> Option<Draft> {
    let group = about.group;
    let Diagnosis::Found {
        cause:
            Cause::TooFewConsumers {
                members,
                consume_rate,
                capacity,
                arrival_rate,
                ..
            },
        ..
    } = &group.diagnosis
    else {
        return None;
    };
    if group.status.status != Status::FallingBehind {
        return None;
    }
    let now = *members as usize;
    let rows = group.rows.iter().filter(|r| r.verdict.is_some());
    let partitions = rows.count();
    let lever = Lever::of(group);
    let draft = if now >= partitions && lever != Lever::Shares {
        full(about, now, partitions)
    } else {
        more(about, lever, now, partitions)
    };
    let each = capacity / (now as f64).max(1.0);
    let least = (arrival_rate / (SHARE * each)).ceil();
    let draft = draft
        .because(format!(
            "{} read {} records/s together, about all that they can ({}), while {} come in",
            count(now, "member"),
            rate(*consume_rate),
            rate(*capacity),
            rate(*arrival_rate)
        ))
        .but("if all members share something slow (a database, a lock), more of them make it worse")
        .sure(confidence.min(IN_WORDS));
    Some(if least > now as f64 && least.is_finite() {
        draft.because(format!(
            "by the sum alone it takes {least:.0} of them at the least, if nobody is to bear more than {:.0} %",
            100.0 * SHARE
        ))
    } else {
        draft
    })
}

fn more(about: &About<'_>, lever: Lever, now: usize, partitions: usize) -> Draft {
    let title = match lever {
        Lever::Tasks => format!(
            "raise the connector's tasks.max: its {} read all that they can",
            count(now, "task")
        ),
        Lever::Threads => format!(
            "give it more threads (num.stream.threads) or instances: its {} read all that they can",
            count(now, "member")
        ),
        Lever::Members | Lever::Shares => format!("run more members than {now}"),
    };
    let limit = match lever {
        Lever::Shares => {
            "members of a share group read the same partitions together: their number is not limited by partitions"
                .to_owned()
        }
        Lever::Threads => {
            let largest = about.group.topics.iter().map(|t| t.partitions.len()).max();
            format!(
                "more help up to one for each task: {} for each sub-topology, by its topic with the most partitions; how tasks \
                 are dealt out is not known here",
                largest.unwrap_or(partitions)
            )
        }
        _ => format!(
            "more help up to {partitions}, one for each partition; how its partitions are dealt out is not known here"
        ),
    };
    let draft = Draft::new(AdviceKind::Scale, AdviceSeverity::Urgent, title)
        .because(limit)
        .gain("what comes in is read, and what is unread shrinks");
    match lever {
        Lever::Tasks => draft.run(format!(
            "# in the connector's configuration; more than {partitions} get nothing to read:\ntasks.max=..."
        )),
        Lever::Threads => draft.run(
            "# in the application's configuration, for each instance:\nnum.stream.threads=...",
        ),
        Lever::Members | Lever::Shares => draft.run(about.members()),
    }
}

fn full(about: &About<'_>, now: usize, partitions: usize) -> Draft {
    Draft::new(
        AdviceKind::AddPartitions,
        AdviceSeverity::Urgent,
        format!(
            "more members cannot help: {now} of them share {}",
            count(partitions, "partition")
        ),
    )
    .because("a partition goes to one member".to_owned())
    .gain("with more partitions, or faster handling, what comes in can be read")
    .but("records of one key go to another partition from then on: their order is lost while the old ones are unread")
    .run(about.members())
}
