//! What Laggard needs of a cluster: versions of APIs, rights; what is lost without each, and the
//! command that gives it.

use crate::model::{ApiVersions, ClusterProbe, Right};
use crate::words::text::{escape, shell};

/// An API that Laggard uses, and from which version on for what.
pub(super) struct Need {
    /// Kafka's number of it.
    pub(super) key: i16,
    /// Kafka's name of it.
    pub(super) api: &'static str,
    /// The version needed, and what is lost below it.
    pub(super) from: &'static [(i16, &'static str)],
}

/// Versions by Kafka's protocol guide: states came to ListGroups with 4, types with 5; the record
/// of the highest timestamp to ListOffsets with 7; topic ids to Metadata with 10.
pub(super) const NEEDS: &[Need] = &[
    Need {
        key: 3,
        api: "Metadata",
        from: &[
            (0, "everything"),
            (
                10,
                "topic ids: a topic deleted and made anew is noticed by its offsets alone",
            ),
        ],
    },
    Need {
        key: 10,
        api: "FindCoordinator",
        from: &[(0, "all groups")],
    },
    Need {
        key: 16,
        api: "ListGroups",
        from: &[
            (0, "all groups"),
            (4, "the states of groups that are not described"),
            (5, "the types of groups: KIP-848 groups look like others"),
        ],
    },
    Need {
        key: 15,
        api: "DescribeGroups",
        from: &[(0, "members and assignments of classic groups")],
    },
    Need {
        key: 69,
        api: "ConsumerGroupDescribe",
        from: &[(0, "members and assignments of KIP-848 groups")],
    },
    Need {
        key: 9,
        api: "OffsetFetch",
        from: &[
            (0, "committed offsets, so all lag"),
            (2, "committed offsets of partitions that no member owns"),
        ],
    },
    Need {
        key: 2,
        api: "ListOffsets",
        from: &[
            (1, "log ends, so all lag"),
            (2, "last stable offsets: what open transactions hold back"),
            (
                7,
                "telling transaction markers from unread records without reading any",
            ),
        ],
    },
    Need {
        key: 32,
        api: "DescribeConfigs",
        from: &[(0, "retention and cleanup policy of topics")],
    },
];

impl Need {
    /// The versions that are spoken, and what is lost below those that are not.
    pub(super) fn judge(
        &self,
        spoken: &[ApiVersions],
    ) -> (Option<ApiVersions>, Vec<(i16, &'static str)>) {
        let spoken = spoken.iter().find(|s| s.key == self.key).copied();
        let max = spoken.map_or(-1, |s| if s.min > s.max { -1 } else { s.max });
        let missing = self.from.iter().filter(|(from, _)| *from > max).copied();
        (spoken, missing.collect())
    }
}

/// Whether lag is wrong or missing without it.
pub(super) fn essential(right: Right) -> bool {
    !matches!(right, Right::DescribeConfigs | Right::ReadOffsets)
}

/// As an administrator calls it.
pub(super) fn name(right: Right) -> &'static str {
    match right {
        Right::DescribeCluster => "Describe on the cluster",
        Right::DescribeGroups => "Describe on groups",
        Right::DescribeTopics => "Describe on topics",
        Right::DescribeConfigs => "DescribeConfigs on topics",
        Right::ReadOffsets => "Read on __consumer_offsets",
    }
}

/// What is lost without it.
pub(super) fn lost(right: Right) -> &'static str {
    match right {
        Right::DescribeCluster => {
            "groups that may not be described one by one are hidden in silence"
        }
        Right::DescribeGroups => "members, states and committed offsets of those groups",
        Right::DescribeTopics => {
            "log ends and committed offsets of those topics, so the lag on them; they are hidden in silence"
        }
        Right::DescribeConfigs => "time to loss, and which topics are compacted",
        Right::ReadOffsets => {
            "commits between two polls; all that is read at a poll stays, so no lag is wrong without it"
        }
    }
}

/// As Kafka's own tool takes it, for somebody who may alter ACLs.
pub(super) fn command(probe: &ClusterProbe, right: Right) -> String {
    let on = match right {
        Right::DescribeCluster => "--operation Describe --cluster",
        Right::DescribeGroups => "--operation Describe --group '*'",
        Right::DescribeTopics => "--operation Describe --topic '*'",
        Right::DescribeConfigs => "--operation DescribeConfigs --topic '*'",
        Right::ReadOffsets => "--operation Read --topic __consumer_offsets",
    };
    let principal = principal(probe);
    let who = shell(&principal);
    admins(
        "kafka-acls",
        probe,
        &format!("--add --allow-principal {who} {on}"),
    )
}

/// One of Kafka's own tools, run by somebody who may.
pub(super) fn admins(tool: &str, probe: &ClusterProbe, rest: &str) -> String {
    let servers = shell(&probe.servers);
    format!("{tool} --bootstrap-server {servers} --command-config admin.properties {rest}")
}

/// As ACLs call the user, as far as the configuration tells.
pub(super) fn principal(probe: &ClusterProbe) -> String {
    match &probe.user {
        Some(user) => format!("User:{}", escape(user, false)),
        None => "User:YOUR-PRINCIPAL".to_owned(),
    }
}
