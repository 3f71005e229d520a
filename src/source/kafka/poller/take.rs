//! Answers, taken as they come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::admin::TIMED_OUT;
use super::super::ffi::{self, KafkaFailure, ResourceConfigs, TopicDescription};
use super::facts::{description, topic_config};
use super::job::{Answer, Done, Job, Query};
use super::offsets::nobody_answered;
use super::why::{Remedy, UNKNOWN_TOPIC, remedy, timed_out, why_failed};
use super::{End, Poller};
use crate::model::{Fact, GroupId, GroupPart, TopicName, Why};

/// Before something transient is asked again.
pub(super) const SHORTLY: Duration = Duration::from_millis(200);

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

    pub(super) async fn tell_group_failed(
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

    /// Only the older listing tells what members of a classic group subscribe to.
    fn note_members(&mut self, group: &ffi::GroupDescription) {
        if group.group_type == ffi::GroupType::Classic && group.state == ffi::GroupState::Stable {
            let ids = group.members.iter().map(|member| &*member.member_id);
            self.groups.subscriptions.note_members(&group.group, ids);
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
                    self.note_members(&group);
                    let description = Arc::new(description(group, &self.groups.subscriptions));
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
