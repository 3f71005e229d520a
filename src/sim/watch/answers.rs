//! What a cluster answers to a monitor's own questions.

use super::Watch;
use crate::model::{Ask, Fact, Isolation, Observation, OffsetRead, Timestamp, TopicName};
use crate::sim::spec::Millis;

impl Watch {
    /// The answers to what is asked at `t`, in the order of the questions. Records are not read: by default no operator
    /// has allowed it.
    pub fn answer(&mut self, asks: &[Ask], t: Millis) -> Vec<Observation> {
        for ask in asks {
            self.answer_one(ask, t);
        }
        // An answer that comes early is told early.
        self.out.sort_by_key(Observation::at);
        std::mem::take(&mut self.out)
    }

    fn answer_one(&mut self, ask: &Ask, t: Millis) {
        match ask {
            Ask::OffsetForTime {
                topic,
                partition,
                time,
                ..
            } => {
                let Some(index) = self.topic_there(topic, t) else {
                    return;
                };
                self.tell(t, |watch, at| {
                    let found = watch
                        .world
                        .first_at(index, *partition, time.as_millis(), at);
                    Fact::OffsetForTime {
                        topic: topic.clone(),
                        partition: *partition,
                        time: *time,
                        found: found.map(|r| (r.offset, Timestamp::from_millis(r.at))),
                    }
                });
            }
            Ask::MaxTimestamps {
                topic, partitions, ..
            } => {
                let Some(index) = self.topic_there(topic, t) else {
                    return;
                };
                self.tell(t, |watch, at| {
                    let newest = |p: &i32| {
                        let record = watch.world.newest(index, *p, at)?;
                        Some(OffsetRead {
                            partition: *p,
                            offset: Ok(record.offset),
                            leader_epoch: None,
                        })
                    };
                    Fact::MaxTimestamps {
                        topic: topic.clone(),
                        offsets: partitions.iter().filter_map(newest).collect(),
                    }
                });
            }
            Ask::EndsNow { topic, .. } => {
                if let Some(index) = self.topic_there(topic, t) {
                    let isolation = Isolation::ReadUncommitted;
                    self.tell(t, |watch, at| watch.ends_fact(index, isolation, at));
                }
            }
            Ask::DescribeTopic { topic, .. } => {
                self.tell(t, Self::topics_fact);
                if let Some(index) = self.topic_there(topic, t) {
                    self.tell(t, |watch, at| watch.config_fact(index, at));
                }
            }
            Ask::DescribeGroup { group, .. } => {
                if let Some(index) = self.world.group_named(group.as_str()) {
                    self.tell(t, |watch, at| watch.group_fact(index, at));
                }
            }
            Ask::CommitsNow { group, .. } => {
                if let Some(index) = self.world.group_named(group.as_str()) {
                    self.tell(t, |watch, at| watch.commits_fact(index, at));
                }
            }
            Ask::RecordAt { .. } => {}
        }
    }

    fn topic_there(&self, topic: &TopicName, t: Millis) -> Option<usize> {
        let index = self.world.topic_named(topic.as_str())?;
        let id = self.world.topics()[index].id(self.world.relative(t));
        id.map(|_| index)
    }
}
