//! Observations of one small cluster, written in a line each.

use std::sync::Arc;

use crate::model::{
    AssignedTopic, ClusterSettings, CommitRead, Fact, GroupDescription, GroupState, GroupType,
    Isolation, ListedGroup, Member, Observation, OffsetRead, PartitionMetadata, Pattern, Policy,
    PolicyRule, Settings, Timestamp, TopicCommits, TopicId, TopicMetadata, Why,
};

pub(super) fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

pub(super) fn read(secs: i64, fact: Fact) -> Observation {
    Observation::Read {
        cluster: "c".into(),
        asked: at(secs),
        answered: at(secs),
        fact,
    }
}

pub(super) fn offsets(values: &[Result<i64, Why>]) -> Vec<OffsetRead> {
    let read = |(p, o): (usize, &Result<i64, Why>)| OffsetRead {
        partition: p as i32,
        offset: o.clone(),
        leader_epoch: None,
    };
    values.iter().enumerate().map(read).collect()
}

pub(super) fn ends(secs: i64, values: &[i64]) -> Observation {
    let values: Vec<_> = values.iter().map(|v| Ok(*v)).collect();
    end_results(secs, &values)
}

pub(super) fn end_results(secs: i64, values: &[Result<i64, Why>]) -> Observation {
    let (topic, isolation) = ("t".into(), Isolation::ReadUncommitted);
    read(
        secs,
        Fact::LogEnds {
            topic,
            isolation,
            offsets: offsets(values),
        },
    )
}

pub(super) fn starts(secs: i64, values: &[i64]) -> Observation {
    let values: Vec<_> = values.iter().map(|v| Ok(*v)).collect();
    read(
        secs,
        Fact::LogStarts {
            topic: "t".into(),
            offsets: offsets(&values),
        },
    )
}

pub(super) fn commits(secs: i64, values: &[Option<i64>]) -> Observation {
    let partitions = values.iter().enumerate().filter_map(|(p, o)| {
        o.map(|o| CommitRead {
            partition: p as i32,
            offset: Ok(Some(o)),
            committed_at: None,
        })
    });
    let topics = vec![TopicCommits {
        topic: "t".into(),
        partitions: partitions.collect(),
    }];
    read(
        secs,
        Fact::Commits {
            group: "g".into(),
            topics,
            complete: true,
        },
    )
}

pub(super) fn topic(secs: i64, id: u128, partitions: i32) -> Observation {
    let partition = |partition| PartitionMetadata {
        partition,
        leader: Some(1),
        replicas: 1,
        in_sync: 1,
    };
    let topic = TopicMetadata {
        topic: "t".into(),
        topic_id: Some(TopicId::from_bits(id)),
        partitions: (0..partitions).map(partition).collect(),
    };
    read(
        secs,
        Fact::Topics {
            topics: vec![topic],
            complete: true,
        },
    )
}

pub(super) fn no_topics(secs: i64) -> Observation {
    read(
        secs,
        Fact::Topics {
            topics: Vec::new(),
            complete: true,
        },
    )
}

pub(super) fn listed(secs: i64, names: &[&str], state: GroupState, complete: bool) -> Observation {
    let group = |name: &&str| ListedGroup {
        group: (*name).into(),
        group_type: GroupType::Classic,
        state,
        protocol_type: "consumer".into(),
    };
    let failures = if complete {
        Vec::new()
    } else {
        vec![Why::text("broker 2: loading")]
    };
    read(
        secs,
        Fact::Groups {
            groups: names.iter().map(group).collect(),
            complete,
            failures,
        },
    )
}

pub(super) fn described(secs: i64, members: &[(&str, &[i32])]) -> Observation {
    let member = |(id, partitions): &(&str, &[i32])| Member {
        member_id: (*id).into(),
        client_id: (*id).into(),
        host: "/127.0.0.1".into(),
        group_instance_id: None,
        assignment: vec![AssignedTopic {
            topic: "t".into(),
            partitions: partitions.to_vec(),
        }],
        subscription: None,
    };
    let description = GroupDescription {
        group: "g".into(),
        group_type: GroupType::Classic,
        state: if members.is_empty() {
            GroupState::Empty
        } else {
            GroupState::Stable
        },
        protocol_type: Some("consumer".into()),
        assignor: Some("range".into()),
        coordinator: Some(1),
        members: Some(members.iter().map(member).collect()),
    };
    read(
        secs,
        Fact::Group {
            description: Arc::new(description),
        },
    )
}

pub(super) fn configured(policy: Policy) -> Observation {
    let settings = Settings {
        clusters: vec![ClusterSettings::named("c".into())],
        policies: vec![PolicyRule {
            cluster: Pattern::new(".*").unwrap(),
            group: Pattern::new(".*").unwrap(),
            policy: Arc::new(policy),
        }],
        ..Settings::default()
    };
    Observation::Configured {
        at: at(0),
        settings: Arc::new(settings),
    }
}

pub(super) fn tick(secs: i64) -> Observation {
    Observation::Tick { at: at(secs) }
}
