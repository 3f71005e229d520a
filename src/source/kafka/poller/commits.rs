//! Answers to `OffsetFetch`: commits, told, and weighed against the log.

use std::sync::Arc;
use std::time::Instant;

use super::super::ffi::{self, KafkaFailure, TopicOffsets};
use super::facts::{commits, only_type};
use super::job::{Job, Query};
use super::offsets::merged;
use super::take::SHORTLY;
use super::why::{Remedy, remedy, why_failed};
use super::{End, Poller};
use crate::model::{Fact, GroupId, GroupPart, GroupType, Why};

/// How often a group is asked again within a cycle.
const TRIES: u8 = 2;

impl Poller {
    pub(super) async fn take_no_commits(
        &mut self,
        mut job: Job,
        group: Arc<str>,
        failure: &KafkaFailure,
        asked: Instant,
        answered: Instant,
    ) -> Result<(), End> {
        if remedy(failure.code) != Remedy::Nothing && job.tries < TRIES {
            job.tries += 1;
            if coordinator_moved(failure.code) {
                self.moved.push(job);
            } else {
                self.delayed.push((Instant::now() + SHORTLY, job));
            }
            return Ok(());
        }
        self.commits_flying.remove(&group);
        let reason = why_failed(failure, job.lane.1);
        self.tell_group_failed(&group, GroupPart::Commits, reason, asked, answered)
            .await
    }

    pub(super) async fn take_commits(
        &mut self,
        mut job: Job,
        topics: Vec<TopicOffsets>,
        asked: Instant,
        answered: Instant,
    ) -> Result<(), End> {
        let Query::Commits {
            group,
            partitions,
            second,
        } = &job.query
        else {
            return Ok(());
        };
        let (group, whole, second) = (Arc::clone(group), partitions.is_none(), *second);
        let passing = |row: &ffi::Offset| row.error != 0 && remedy(row.error) == Remedy::Again;
        if job.tries < TRIES && topics.iter().any(|topic| topic.offsets.iter().any(passing)) {
            job.tries += 1;
            self.delayed.push((Instant::now() + SHORTLY, job));
            return Ok(());
        }
        self.commits_flying.remove(&group);
        if let Some((group_type, news)) = self.groups.learn_type(&group, !topics.is_empty()) {
            if news {
                let description = Arc::new(only_type(&group, &group_type, job.lane.1));
                self.emit(Fact::Group { description }, asked, answered)
                    .await?;
            }
            if group_type == GroupType::Share {
                return self
                    .tell_group_failed(&group, GroupPart::Commits, Why::PROTOCOL, asked, answered)
                    .await;
            }
        }
        let mut told = Vec::with_capacity(topics.len());
        let mut rows = 0;
        for topic in merged(topics) {
            if !self.admits(&topic.topic) {
                continue;
            }
            rows += topic.offsets.len();
            self.weigh(&group, &topic, second);
            told.push(commits(topic, job.lane.1));
        }
        let names = whole.then(|| {
            told.iter()
                .map(|topic| self.admin.share(topic.topic.as_str()))
                .collect()
        });
        if !second {
            self.groups.committed(&group, rows, names, answered);
        }
        let fact = Fact::Commits {
            group: GroupId::from(group),
            topics: told,
            complete: whole,
        };
        self.emit(fact, asked, answered).await
    }

    fn admits(&self, topic: &str) -> bool {
        self.topology.topics.contains_key(topic)
            || ((self.config.internal_topics || !topic.starts_with("__"))
                && self.config.topics.admits(topic))
    }

    /// Looks whether commits lie outside the log, or on a topic that is news.
    fn weigh(&mut self, group: &Arc<str>, commits: &TopicOffsets, second: bool) {
        self.unknown_topic |= self.topology.is_news(&commits.topic);
        let Some(topic) = self.topology.topics.get_mut(&commits.topic) else {
            return;
        };
        topic.read = true;
        for row in commits
            .offsets
            .iter()
            .filter(|row| row.error == 0 && row.offset >= 0)
        {
            let Some(partition) = topic.partition_mut(row.partition) else {
                continue;
            };
            partition.max_commit = partition.max_commit.max(row.offset);
            if row.offset >= partition.start {
                continue;
            }
            if second {
                self.groups
                    .confirm_loss(group, &commits.topic, row.partition, row.offset);
            } else if self
                .groups
                .doubts_loss(group, &commits.topic, row.partition, row.offset)
            {
                self.losses
                    .push((Arc::clone(group), Arc::clone(&commits.topic), row.partition));
            }
        }
    }
}

/// COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
fn coordinator_moved(code: i32) -> bool {
    matches!(code, 15 | 16)
}
