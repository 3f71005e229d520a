//! Answers, taken as they come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::admin::TIMED_OUT;
use super::super::ffi::{self, KafkaFailure, ResourceConfigs, TopicDescription, TopicOffsets};
use super::facts::{commits, description, only_type, topic_config};
use super::job::{Answer, Done, Job, Query};
use super::offsets::{merged, nobody_answered};
use super::why::{Remedy, UNKNOWN_TOPIC, remedy, timed_out, why_failed};
use super::{End, Poller};
use crate::model::{Fact, GroupId, GroupPart, GroupType, TopicName, Why};

/// Before something transient is asked again.
const SHORTLY: Duration = Duration::from_millis(200);
/// How often a group is asked again within a cycle.
const TRIES: u8 = 2;

impl Poller {
    /// Takes one answer in, and with it what its lane gives back unasked.
    pub(super) async fn take(&mut self, done: Done) -> Result<(), End> {
        let silent = match &done.result {
            Err(failure) => timed_out(failure.code),
            Ok(Answer::Offsets(topics)) => nobody_answered(topics),
            Ok(_) => false,
        };
        if !silent && answers(&done.result) {
            self.count.answers += 1;
            self.note_heard(done.job.lane.1);
        }
        let now = Instant::now();
        let unasked = self.lanes.ended(done.job.lane, silent, now);
        self.digest(done).await?;
        for job in unasked {
            let result = Err(KafkaFailure::of(TIMED_OUT));
            // Not again within the cycle: the broker seems to hang.
            let job = Job {
                tries: u8::MAX,
                ..job
            };
            self.digest(Done {
                job,
                asked: now,
                answered: now,
                result,
            })
            .await?;
        }
        Ok(())
    }

    /// Tells the client's listener who has answered, once after each metadata.
    fn note_heard(&mut self, broker: i32) {
        if self.heard.insert(broker) {
            let known = self
                .topology
                .brokers
                .iter()
                .find(|known| known.id == broker);
            let address = known.map(|known| format!("{}:{}", known.host, known.port));
            self.pulse.heard(address);
        }
    }

    async fn digest(&mut self, done: Done) -> Result<(), End> {
        let Done {
            job,
            asked,
            answered,
            result,
        } = done;
        match result {
            Ok(answer) => self.digest_answer(job, answer, asked, answered).await,
            Err(failure) => self.digest_failure(job, &failure, asked, answered).await,
        }
    }

    async fn digest_answer(
        &mut self,
        job: Job,
        answer: Answer,
        asked: Instant,
        answered: Instant,
    ) -> Result<(), End> {
        match answer {
            Answer::Metadata(metadata) => {
                self.topology.take(metadata, &self.config, answered);
                self.heard.clear();
                self.tell_brokers(asked, answered).await?;
                self.emit(self.topology.fact(), asked, answered).await
            }
            Answer::Listing(listed) => {
                self.take_listing(job.lane.1, Ok(listed), answered);
                Ok(())
            }
            Answer::AllGroups(groups) => {
                self.groups.take_foreign(groups, &self.config);
                Ok(())
            }
            Answer::Cluster(cluster) => {
                self.cluster_read = Some(answered);
                self.cluster_id = cluster.cluster_id.as_deref().map(Arc::from);
                self.controller = cluster.controller;
                self.topology.take_racks(&cluster.brokers);
                self.tell_brokers(asked, answered).await
            }
            Answer::Offsets(topics) => self.take_offsets(job, Ok(topics), asked, answered).await,
            Answer::Commits(topics) => self.take_commits(job, topics, asked, answered).await,
            Answer::Describe(groups) => self.take_descriptions(job, groups, asked, answered).await,
            Answer::Topics(topics) => self.take_topics(topics, asked, answered).await,
            Answer::Configs(configs) => self.take_configs(configs, asked, answered).await,
        }
    }

    async fn digest_failure(
        &mut self,
        job: Job,
        failure: &KafkaFailure,
        asked: Instant,
        answered: Instant,
    ) -> Result<(), End> {
        let broker = job.lane.1;
        match &job.query {
            Query::Offsets { .. } => {
                self.take_offsets(job, Err(failure.code), asked, answered)
                    .await
            }
            Query::Commits { group, .. } => {
                let group = Arc::clone(group);
                self.take_no_commits(job, group, failure, asked, answered)
                    .await
            }
            Query::Describe(groups) => {
                let (groups, reason) = (groups.clone(), why_failed(failure, broker));
                for group in groups {
                    self.tell_group_failed(
                        &group,
                        GroupPart::Description,
                        reason.clone(),
                        asked,
                        answered,
                    )
                    .await?;
                }
                Ok(())
            }
            Query::Listing => {
                self.take_listing(broker, Err(failure.clone()), answered);
                Ok(())
            }
            query => {
                let reason = self.pulse.scrub(&failure.to_string());
                tracing::debug!(target: "laggard::kafka", ?query, reason, "a read failed");
                self.count.failed_parts += 1;
                Ok(())
            }
        }
    }

    async fn tell_brokers(&mut self, asked: Instant, answered: Instant) -> Result<(), End> {
        let fact = Fact::Brokers {
            cluster_id: self.cluster_id.clone(),
            controller: self.controller,
            brokers: self.topology.model_brokers(),
        };
        self.emit(fact, asked, answered).await
    }

    async fn tell_group_failed(
        &mut self,
        group: &Arc<str>,
        part: GroupPart,
        why: Why,
        asked: Instant,
        answered: Instant,
    ) -> Result<(), End> {
        self.count.failed_parts += 1;
        let group = GroupId::from(Arc::clone(group));
        self.emit(Fact::GroupFailed { group, part, why }, asked, answered)
            .await
    }

    async fn take_no_commits(
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

    async fn take_commits(
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

    async fn take_descriptions(
        &mut self,
        job: Job,
        groups: Vec<ffi::GroupDescription>,
        asked: Instant,
        answered: Instant,
    ) -> Result<(), End> {
        let mut again = Vec::new();
        for group in groups {
            match &group.failure {
                None => {
                    self.groups.described(&group.group, answered);
                    let description = Arc::new(description(group));
                    self.emit(Fact::Group { description }, asked, answered)
                        .await?;
                }
                Some(failure) if job.tries == 0 && remedy(failure.code) == Remedy::Again => {
                    again.push(group.group);
                }
                Some(failure) => {
                    let reason = why_failed(failure, job.lane.1);
                    self.tell_group_failed(
                        &group.group,
                        GroupPart::Description,
                        reason,
                        asked,
                        answered,
                    )
                    .await?;
                }
            }
        }
        if !again.is_empty() {
            let job = Job {
                tries: 1,
                query: Query::Describe(again),
                ..job
            };
            self.delayed.push((Instant::now() + SHORTLY, job));
        }
        Ok(())
    }

    async fn take_topics(
        &mut self,
        topics: Vec<TopicDescription>,
        asked: Instant,
        answered: Instant,
    ) -> Result<(), End> {
        let mut told = Vec::new();
        for topic in topics {
            match &topic.failure {
                Some(failure) if failure.code == UNKNOWN_TOPIC => self.topology.doubt(&topic.topic),
                Some(_) => self.count.failed_parts += 1,
                None => {
                    self.topology.describe(&topic, answered);
                    told.extend(
                        self.topology
                            .topics
                            .get(&topic.topic)
                            .map(super::topology::Topic::model),
                    );
                }
            }
        }
        if told.is_empty() {
            return Ok(());
        }
        self.emit(
            Fact::Topics {
                topics: told,
                complete: false,
            },
            asked,
            answered,
        )
        .await
    }

    async fn take_configs(
        &mut self,
        configs: Vec<ResourceConfigs>,
        asked: Instant,
        answered: Instant,
    ) -> Result<(), End> {
        for config in configs {
            if config.failure.is_some() {
                self.count.failed_parts += 1;
                continue;
            }
            let fact = Fact::TopicConfig {
                topic: TopicName::from(Arc::clone(&config.name)),
                config: topic_config(&config),
            };
            self.emit(fact, asked, answered).await?;
        }
        Ok(())
    }
}

/// COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR.
fn coordinator_moved(code: i32) -> bool {
    matches!(code, 15 | 16)
}

/// Whether somebody answered at all, be it with an error of Kafka's own.
fn answers(result: &Result<Answer, KafkaFailure>) -> bool {
    match result {
        Ok(Answer::Listing(listed)) => {
            !listed.groups.is_empty() || listed.failures.iter().all(|f| f.code >= 0)
        }
        Ok(_) => true,
        Err(failure) => failure.code > 0,
    }
}
