//! Advice that follows from verdicts: nobody reads, offsets that lead nowhere, transactions, retention.

use super::text::count;
use super::{About, Draft};
use crate::advice::resets::resets;
use crate::model::{
    AdviceKind, AdviceSeverity, Eta, Evidence, Loss, PartitionView, Retention, Span, Status,
    Timestamp, TopicName,
};

use AdviceSeverity::{Hint, Urgent, Useful};

/// A loss that is further off than this is not spoken of.
const HORIZON: Span = Span::from_secs(24 * 3600);
/// A burst of records is over within this …
const BURST: Span = Span::from_secs(600);
/// … and is not waited for once a loss may be so near.
const LAST_CALL: Span = Span::from_secs(1_800);
/// A cut is seen some time after it was made; what is read twice does less harm than what is never read.
const BEFORE_THE_CUT: Span = Span::from_secs(300);
/// A group that has never committed is given this long.
const FIRST_COMMIT: Span = Span::from_secs(900);

/// What the verdicts ask for.
pub(super) fn drafts(about: &About<'_>) -> Vec<Draft> {
    if about.group.inactive {
        return abandoned(about).into_iter().collect();
    }
    [
        stopped(about),
        beyond_end(about),
        transaction(about),
        never_commits(about),
        rewound(about),
        unowned(about),
        retention(about),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn with<'a>(about: &About<'a>, status: Status) -> Option<PartitionView<'a>> {
    about
        .group
        .partitions()
        .find(|p| p.status() == Some(status))
}

fn counted(about: &About<'_>, status: Status) -> usize {
    let all = about.group.partitions();
    all.filter(|p| p.status() == Some(status)).count()
}

fn is_empty(about: &About<'_>) -> bool {
    about.group.members.as_deref().is_some_and(<[_]>::is_empty)
}

fn lost(about: &About<'_>) -> i64 {
    let each =
        about
            .group
            .rows
            .iter()
            .filter_map(|r| match r.verdict.as_ref()?.evidence.as_deref() {
                Some(Evidence::LostRecords { lost, .. }) => Some(*lost),
                _ => None,
            });
    each.sum()
}

fn stopped(about: &About<'_>) -> Option<Draft> {
    let status = about.group.status.status;
    let gone = matches!(status, Status::Stopped | Status::DataLoss) && is_empty(about);
    let unread = about.group.effective_lag.low().unwrap_or(0);
    // Some commit for a group in which nobody is, and lose records all the same.
    let reads = about.group.consume_rate.low().is_some_and(|r| r > 0.0);
    if !gone || reads || unread == 0 {
        return None;
    }
    let since = about.group.status.since;
    let draft = Draft::new(
        AdviceKind::StartConsumers,
        Urgent,
        "start its consumers: it has no members, and records wait".to_owned(),
    )
    .because(format!(
        "{unread} records are unread, and nobody has committed anything new: {} since {since}",
        status.name()
    ))
    .but("if it was stopped for good, delete it instead: then nobody is woken for it")
    .run(about.members());
    Some(match lost(about) {
        0 => draft.gain("reading goes on from the committed offsets"),
        n => draft
            .because(format!(
                "{n} records were deleted before anybody read them; each minute may cost more"
            ))
            .gain("reading goes on")
            .but(
                "where records were deleted it begins where auto.offset.reset says: latest, the default, skips all that \
                 waits there; earliest does not",
            ),
    })
}

fn abandoned(about: &About<'_>) -> Option<Draft> {
    let unread = about.group.effective_lag.low().unwrap_or(0);
    (is_empty(about) && unread > 0).then(|| {
        Draft::new(
            AdviceKind::DeleteGroup,
            Hint,
            "delete the group if nobody needs it any more".to_owned(),
        )
        .because(format!("it has no members, has not moved for long, and {unread} records are unread"))
        .gain("nobody is shown a lag that grows for ever")
        .but("its offsets are then gone: a consumer that comes back starts where auto.offset.reset says")
        .sure(0.6)
        .run(about.delete_group())
    })
}

fn beyond_end(about: &About<'_>) -> Option<Draft> {
    let draft = |topic: &TopicName, status: Status, what: &str| {
        Draft::new(
            AdviceKind::ResetOffsets,
            Urgent,
            format!("set the group's offsets on {topic} anew: {what}"),
        )
        .because(format!(
            "{} have a commit that leads to no record",
            count(counted(about, status), "partition")
        ))
        .gain("new records are read again")
    };
    if let Some(row) = with(about, Status::Recreated) {
        let topic = &row.topic().topic;
        let what = "the topic was deleted and made anew under it";
        return Some(
            draft(topic, Status::Recreated, what)
                .but("to the earliest: what was handled before the change may come again; --to-latest skips what is there instead")
                .run(about.set_offsets(&topic_and(about, topic.as_str(), Status::Recreated), "earliest")),
        );
    }
    let row = with(about, Status::Truncated)?;
    let topic = &row.topic().topic;
    let since = row.row().verdict.as_ref()?.since;
    let place = topic_and(about, topic.as_str(), Status::Truncated);
    Some(
        draft(topic, Status::Truncated, "the log was cut off below it")
            .because(format!(
                "what is left of the log below the cut was read before; what came in since about {since} was not"
            ))
            .but("what was cut off is lost, unless its producers still have it")
            .but("by the records' own times: where producers set these, look at the offsets that the dry run shows")
            .run(about.set_offsets_by_time(&place, since - BEFORE_THE_CUT)),
    )
}

/// A topic as the tool takes it: with its partitions where not all have such a commit.
fn topic_and(about: &About<'_>, topic: &str, status: Status) -> String {
    let of_topic = || {
        about
            .group
            .partitions()
            .filter(|p| p.topic().topic.as_str() == topic)
    };
    let bad = |p: &PartitionView<'_>| p.status() == Some(status);
    let numbers: Vec<String> = of_topic()
        .filter(bad)
        .map(|p| p.partition().to_string())
        .collect();
    if numbers.len() == of_topic().count() {
        topic.to_owned()
    } else {
        format!("{topic}:{}", numbers.join(","))
    }
}

fn transaction(about: &About<'_>) -> Option<Draft> {
    let row = with(about, Status::TxnBlocked)?;
    let topic = row.topic().topic.clone();
    let partition = row.partition();
    let stable = row.last_stable_offset().value();
    let start = stable.unwrap_or(0);
    Some(
        Draft::new(
            AdviceKind::EndTransaction,
            Urgent,
            format!("end the transaction that is open on partition {partition} of {topic} since offset {start}"),
        )
        .because(format!(
            "the last stable offset of {} stands while the log grows: read_committed consumers cannot pass it",
            count(counted(about, Status::TxnBlocked), "partition")
        ))
        .gain("what was written behind it can be read")
        .but("aborting loses what that producer has written in it: look at the producer first")
        .but("more consumers do nothing here")
        .run(about.hanging(topic.as_str(), partition, start)),
    )
}

fn never_commits(about: &About<'_>) -> Option<Draft> {
    let group = about.group;
    let members = group.members.as_deref().map_or(0, <[_]>::len);
    let never = counted(about, Status::NeverCommitted);
    let all = group.rows.iter().filter(|r| r.verdict.is_some()).count();
    if members == 0 || never == 0 || never < all {
        return None;
    }
    let mut draft = Draft::new(
        AdviceKind::CommitOffsets,
        Useful,
        "let it commit its offsets: it has members and has never committed".to_owned(),
    )
    .because(format!("{} own {} and none has a committed offset", count(members, "member"), count(never, "partition")))
    .gain("a restart goes on where it was, and its lag becomes known")
    .but("it may keep its offsets elsewhere on purpose; then a policy can say that it is not expected here")
    .run(about.members());
    draft.not_before = Some(group.status.since + FIRST_COMMIT);
    Some(draft)
}

fn rewound(about: &About<'_>) -> Option<Draft> {
    let row = with(about, Status::Rewound)?;
    let topic = row.topic().topic.clone();
    let verdict = row.row().verdict.as_ref()?;
    let Some(Evidence::WentBack { at, from, to, .. }) = verdict.evidence.as_deref() else {
        return None;
    };
    let again: i64 = about
        .group
        .rows
        .iter()
        .filter_map(|r| match r.verdict.as_ref()?.evidence.as_deref() {
            Some(Evidence::WentBack { from, to, .. }) => Some(from - to),
            _ => None,
        })
        .sum();
    // A place that is no more is none to go back to.
    let places = resets(about.group);
    Some(
        Draft::new(
            AdviceKind::ReviewRewind,
            Useful,
            "make sure that its offsets were set back on purpose".to_owned(),
        )
        .because(format!("at {at} the commit on partition {} of {topic} went from {from} back to {to}", row.partition()))
        .because(format!("{again} records are read again over {}", count(counted(about, Status::Rewound), "partition")))
        .gain(format!("if it was a mistake: up to {again} records are not handled twice"))
        .but("if it was meant, there is nothing to do: it catches up by itself")
        .but("if not: set each partition forward again; what was read twice meanwhile stays handled twice")
        .run(if places.is_empty() {
            about.members()
        } else {
            about.set_all(&places)
        }),
    )
}

fn unowned(about: &About<'_>) -> Option<Draft> {
    let row = with(about, Status::Unassigned)?;
    let n = counted(about, Status::Unassigned);
    Some(
        Draft::new(
            AdviceKind::AssignPartitions,
            Urgent,
            format!("find out why no member owns {} (first: {} of {})", count(n, "partition"), row.partition(), row.topic().topic),
        )
        .because("the group has members, and Kafka says that it is stable".to_owned())
        .gain("what is unread there is read again")
        .but("members that subscribe to different topics, an assignor of one's own, or assign() beside subscribe() do this")
        .run(about.members()),
    )
}

fn retention(about: &About<'_>) -> Option<Draft> {
    let soonest = about
        .group
        .partitions()
        .filter_map(|p| match p.loss_at().known()? {
            Loss::Never => None,
            Loss::At {
                at, earliest, by, ..
            } => Some((at, earliest, by, p)),
        });
    let (at, earliest, by, row) = soonest.min_by_key(|(at, ..)| *at)?;
    let caught_up = match about.group.eta.value() {
        Some(Eta::At { latest, .. }) => latest,
        _ => None,
    };
    // At the latest it is through before anything can be lost.
    if caught_up.is_some_and(|latest| latest < earliest) {
        return None;
    }
    let topic = row.topic();
    let name = topic.topic.as_str();
    let mut draft = Draft::new(
        AdviceKind::ExtendRetention,
        Urgent,
        format!("keep the records of {name} for longer until the group has caught up"),
    )
    .because(format!(
        "at this rate the first unread record of partition {} is deleted at {at} (not before {earliest}), by {}",
        row.partition(),
        match by {
            Retention::Time => "retention.ms",
            Retention::Size => "retention.bytes",
        }
    ))
    .gain("nothing is lost meanwhile; the lag itself stays")
    .but("brokers need the disk for it; set it back afterwards");
    draft.not_before = Some((earliest - HORIZON).max(burst_over(about, earliest)));
    Some(extended(about, draft, &row, (by, at)))
}

/// From when on a group that falls behind is in no passing burst; while there is time to wait and see.
fn burst_over(about: &About<'_>, earliest: Timestamp) -> Timestamp {
    let status = &about.group.status;
    let wait = match status.status {
        Status::FallingBehind | Status::Recovering => BURST,
        _ => Span::ZERO,
    };
    (status.since + wait).min(earliest - LAST_CALL)
}

/// By how much to extend what deletes: until the group has caught up; where that is not foreseen, for a day more.
fn extended(
    about: &About<'_>,
    draft: Draft,
    row: &PartitionView<'_>,
    (by, at): (Retention, Timestamp),
) -> Draft {
    let topic = row.topic();
    let config = topic.config.as_ref();
    let until = match about.group.eta.value() {
        Some(Eta::At { at, latest, .. }) => latest.unwrap_or(at).max(at),
        _ => at + HORIZON,
    };
    let name = topic.topic.as_str();
    let keeps = config.and_then(|c| c.retention);
    let bytes = config.and_then(|c| c.retention_bytes);
    // What one limit would keep the other may delete: both are named then.
    let keeps = keeps.filter(|keeps| by == Retention::Time || age_at(row, until) >= *keeps);
    let known = match by {
        Retention::Time => keeps.is_some(),
        Retention::Size => bytes.is_some(),
    };
    if !known {
        return draft.but("how long it keeps records is not known here: look at retention.ms and retention.bytes first").run(about.show_topic(name));
    }
    let (mut draft, mut settings) = (draft, Vec::new());
    if let Some(keeps) = keeps {
        let wanted = time_kept(row, until, keeps);
        settings.push(format!("retention.ms={}", wanted.as_millis()));
        draft = draft.because(format!(
            "retention.ms is {keeps}; {wanted} keep what is unread until {until}"
        ));
    }
    if let Some(bytes) = bytes {
        let wanted = bytes_kept(row, at, until, bytes);
        settings.push(format!("retention.bytes={wanted}"));
        draft = draft
            .because(format!(
                "retention.bytes is {bytes} a partition; {wanted} keep what comes in until {until}"
            ))
            .but(
                "retention.bytes is worked out from the size that its records have on average now",
            );
    }
    draft
        .but_if(
            settings.len() > 1,
            "both limits delete, whichever is reached first: one alone does not keep the records",
        )
        .run(about.set_topic(name, &settings.join(",")))
}

/// How old the oldest unread record is by then, if nobody reads it.
fn age_at(row: &PartitionView<'_>, until: Timestamp) -> Span {
    let unread = row.row().time_lag.value();
    unread.map_or(Span::ZERO, |lag| lag.high(until).unwrap_or(lag.age(until)))
}

/// So long that the oldest unread record is still there at `until`, in whole hours and at least one more than now.
fn time_kept(row: &PartitionView<'_>, until: Timestamp, keeps: Span) -> Span {
    const HOUR: i64 = 3_600;
    let age = age_at(row, until);
    let hours = |span: Span| (span.as_secs_f64() / HOUR as f64).ceil() as i64;
    Span::from_secs(HOUR * hours(age).max(hours(keeps) + 1))
}

/// So many bytes that what comes in between the loss and `until` has room too; at least a quarter more than now.
fn bytes_kept(row: &PartitionView<'_>, at: Timestamp, until: Timestamp, bytes: u64) -> u64 {
    let log = row.log();
    let rate = log.and_then(|l| l.arrival_rate.value()).unwrap_or(0.0);
    let end = row.log_end_offset().value();
    let held = end
        .zip(row.log_start_offset().value())
        .map_or(0, |(end, start)| end - start);
    let more = rate * at.age_at(until).as_secs_f64() / held.max(1) as f64;
    (bytes as f64 * (1.0 + more.max(0.25))).ceil() as u64
}
