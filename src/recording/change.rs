//! A read as a change of the last one of the same subject, and back.
//!
//! A change names the number of the read that it makes; a reader that has not read the one before
//! (its line was damaged) refuses it, and goes on with the next read that is told in full.

use super::line::Change;
use crate::model::short::{ByTopic, Entry};
use crate::model::{CommitRead, Fact, OffsetRead, TopicCommits};

/// What is different, if it can be told shorter than the whole.
#[derive(Debug, PartialEq)]
pub(super) enum Difference {
    /// Nothing.
    Same,
    /// Offsets moved by so much, in order.
    Plus(Vec<i64>),
    /// These commits are different.
    Commits(ByTopic),
}

/// What tells `now` from `before`; `None`: only the whole does.
pub(super) fn difference(before: &Fact, now: &Fact) -> Option<Difference> {
    if before == now {
        return Some(Difference::Same);
    }
    match (before, now) {
        (Fact::LogEnds { offsets: a, .. }, Fact::LogEnds { offsets: b, .. })
        | (Fact::LogStarts { offsets: a, .. }, Fact::LogStarts { offsets: b, .. }) => {
            moved(a, b).map(Difference::Plus)
        }
        (
            Fact::Commits {
                topics: a,
                complete: was,
                ..
            },
            Fact::Commits {
                topics: b,
                complete: is,
                ..
            },
        ) if was == is => different(a, b).map(Difference::Commits),
        _ => None,
    }
}

fn moved(before: &[OffsetRead], now: &[OffsetRead]) -> Option<Vec<i64>> {
    if before.len() != now.len() {
        return None;
    }
    let pairs = before.iter().zip(now);
    let plus = pairs.map(|(a, b)| {
        let alike = a.partition == b.partition && a.leader_epoch == b.leader_epoch;
        match (&a.offset, &b.offset) {
            (Ok(a), Ok(b)) if alike => b.checked_sub(*a),
            _ => None,
        }
    });
    plus.collect()
}

fn different(before: &[TopicCommits], now: &[TopicCommits]) -> Option<ByTopic> {
    if before.len() != now.len() {
        return None;
    }
    let mut topics = Vec::new();
    for (a, b) in before.iter().zip(now) {
        let alike = a.topic == b.topic && a.partitions.len() == b.partitions.len();
        if !alike || !ascending(&a.partitions) {
            return None;
        }
        let mut entries = Vec::new();
        for (was, is) in a.partitions.iter().zip(&b.partitions) {
            if was.partition != is.partition {
                return None;
            }
            if was != is {
                entries.push(Entry::of_commit(is, None));
            }
        }
        if !entries.is_empty() {
            topics.push((b.topic.clone(), entries));
        }
    }
    let twice = now.windows(2).any(|w| w[0].topic >= w[1].topic);
    (!twice).then_some(ByTopic(topics))
}

fn ascending(partitions: &[CommitRead]) -> bool {
    partitions
        .windows(2)
        .all(|w| w[0].partition < w[1].partition)
}

/// The read that `change` makes of the one before.
pub(super) fn apply(before: &Fact, change: &Change) -> Result<Fact, String> {
    let mut fact = before.clone();
    if let Some(plus) = &change.plus {
        match &mut fact {
            Fact::LogEnds { offsets, .. } | Fact::LogStarts { offsets, .. } => add(offsets, plus)?,
            _ => return Err("`plus` is for offsets by partition".to_owned()),
        }
    }
    if let Some(commits) = &change.commits {
        match &mut fact {
            Fact::Commits { topics, .. } => replace(topics, commits)?,
            _ => return Err("`commits` is for commits".to_owned()),
        }
    }
    Ok(fact)
}

fn add(offsets: &mut [OffsetRead], plus: &[i64]) -> Result<(), String> {
    if offsets.len() != plus.len() {
        let (has, told) = (offsets.len(), plus.len());
        return Err(format!("{told} changes for {has} partitions"));
    }
    for (read, plus) in offsets.iter_mut().zip(plus) {
        if let Ok(offset) = &mut read.offset {
            *offset = offset.checked_add(*plus).ok_or("an offset beyond 2^63")?;
        }
    }
    Ok(())
}

fn replace(topics: &mut [TopicCommits], commits: &ByTopic) -> Result<(), String> {
    for (topic, entries) in &commits.0 {
        let known = topics.iter_mut().find(|t| t.topic == *topic);
        let partitions = &mut known
            .ok_or_else(|| format!("topic {topic:?} was not there before"))?
            .partitions;
        for entry in entries {
            let read = entry.clone().commit(None)?;
            let place = partitions
                .binary_search_by_key(&read.partition, |p| p.partition)
                .map_err(|_| format!("partition {} was not there before", read.partition))?;
            partitions[place] = read;
        }
    }
    Ok(())
}
