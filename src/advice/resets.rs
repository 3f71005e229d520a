//! The offsets that advice would set, partition by partition, as `kafka-consumer-groups --from-file` takes them.
//!
//! In: a group's snapshot. Out: one [`Reset`] for each partition that advice asks to set, and no other: behind a record
//! that cannot be handled, back to where a rewind came from, to the log start of a topic that was made anew. Never an
//! offset that is not known, nor one that lies outside the log as it was read: Kafka's tool would set such a one to the
//! log end, and all that is unread would be lost. (Where a log was cut off its offset is not known: by time, see `say`.)

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{
    Cause, Evidence, GroupSnapshot, Offset, PartitionId, PartitionView, Status, TopicName,
};

/// One partition's offset, to be set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reset {
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: PartitionId,
    /// The next record to read.
    pub offset: Offset,
}

/// What advice would set for a group, by topic and partition.
pub fn resets(group: &GroupSnapshot) -> Vec<Reset> {
    let mut all: BTreeMap<(TopicName, PartitionId), Offset> = BTreeMap::new();
    for row in group.partitions() {
        if let Some(offset) = by_verdict(&row) {
            all.insert((row.topic().topic.clone(), row.partition()), offset);
        }
    }
    if let Some(Cause::PoisonRecord {
        topic,
        partition,
        offset,
        ..
    }) = group.diagnosis.cause()
    {
        all.insert((topic.clone(), *partition), offset + 1);
    }
    let reset = |((topic, partition), offset)| Reset {
        topic,
        partition,
        offset,
    };
    all.into_iter().map(reset).collect()
}

fn by_verdict(row: &PartitionView<'_>) -> Option<Offset> {
    let verdict = row.row().verdict.as_ref()?;
    let (start, end) = (row.log_start_offset().value(), row.log_end_offset().value());
    match (verdict.status, verdict.evidence.as_deref()) {
        (Status::Recreated, _) => start,
        (Status::Rewound, Some(Evidence::WentBack { from, .. })) => {
            let is_there = start.is_some_and(|b| b <= *from) && end.is_some_and(|h| *from <= h);
            is_there.then_some(*from)
        }
        _ => None,
    }
}

/// A line for each, as Kafka's tool reads them for one group (`topic,partition,offset`), or for several, with the group
/// before. No head, as the tool's own `--export` writes none.
pub fn csv<'a>(groups: impl IntoIterator<Item = (&'a str, Vec<Reset>)>, several: bool) -> String {
    let mut lines = String::new();
    for (group, resets) in groups {
        for reset in resets {
            if several {
                lines.push_str(&quoted(group));
                lines.push(',');
            }
            let Reset {
                topic,
                partition,
                offset,
            } = reset;
            lines.push_str(&quoted(topic.as_str()));
            // Writing to a string cannot fail.
            let _ = writeln!(lines, ",{partition},{offset}");
        }
    }
    lines
}

/// As RFC 4180 has it.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::grouped;
    use crate::model::testing::NOW;
    use crate::model::{Diagnosis, Verdict};

    #[test]
    fn only_what_advice_would_set_is_set() {
        let mut group = grouped(&[3], &[3], 10.0, 100);
        assert_eq!(resets(&group), []);
        let went_back = Evidence::WentBack {
            at: NOW,
            from: 900,
            to: 100,
            to_log_start: false,
        };
        group.rows[0].verdict = Some(Verdict::because(Status::Rewound, NOW, went_back));
        group.rows[1].verdict = Some(Verdict::plain(Status::Recreated, NOW));
        group.diagnosis = Diagnosis::Found {
            cause: Cause::PoisonRecord {
                topic: "topic-0".into(),
                partition: 2,
                offset: 41,
                since: NOW,
                others_moved: 2,
                owners: 3,
            },
            since: NOW,
            confidence: 0.9,
        };
        let found = resets(&group);
        assert_eq!(
            csv([("g", found.clone())], false),
            "topic-0,0,900\ntopic-0,1,0\ntopic-0,2,42\n"
        );
        assert_eq!(
            csv([("a \"b\", c", found[..1].to_vec())], true),
            "\"a \"\"b\"\", c\",topic-0,0,900\n"
        );
    }

    #[test]
    fn nothing_is_set_to_where_no_record_is() {
        let mut group = grouped(&[2], &[2], 10.0, 100);
        let from_beyond_the_end = Evidence::WentBack {
            at: NOW,
            from: 100_900,
            to: 15,
            to_log_start: false,
        };
        group.rows[0].verdict = Some(Verdict::because(Status::Rewound, NOW, from_beyond_the_end));
        group.rows[1].verdict = Some(Verdict::plain(Status::Truncated, NOW));
        assert_eq!(resets(&group), []);
    }

    #[test]
    fn a_log_start_that_is_not_known_is_not_made_up() {
        let mut group = grouped(&[1], &[1], 10.0, 100);
        group.rows[0].verdict = Some(Verdict::plain(Status::Recreated, NOW));
        let topic = std::sync::Arc::make_mut(&mut group.topics[0]);
        topic.partitions[0].log_start_offset =
            crate::model::Reading::unknown(crate::model::Why::NOT_READ_YET);
        assert_eq!(resets(&group), []);
    }
}
