//! What a probe of a cluster found: whether it is reached, what may be read, which versions of
//! each API its brokers speak. A source makes it, `doctor` puts it into words.

use std::sync::Arc;

use super::id::{BrokerId, ClusterName};
use super::reading::Why;

/// One cluster, probed.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterProbe {
    /// What Laggard calls it.
    pub cluster: ClusterName,
    /// `bootstrap.servers`.
    pub servers: Arc<str>,
    /// The user, as far as the configuration tells: not a principal made from a certificate.
    pub user: Option<Arc<str>>,
    /// What answered, or why nothing did.
    pub reached: Result<Reached, Why>,
    /// What may be read; empty if nothing answered.
    pub rights: Vec<(Right, Grant)>,
    /// What the brokers speak, by API key; empty if no broker told.
    pub apis: Vec<ApiVersions>,
}

/// A cluster that answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Kafka's own id of it.
    pub cluster_id: Option<Arc<str>>,
    /// The controller, as far as brokers tell.
    pub controller: Option<BrokerId>,
    /// How many brokers are up.
    pub brokers: usize,
    /// How many groups are visible, after the configuration's filter.
    pub groups: usize,
    /// How many more the configuration's filter leaves out.
    pub groups_left_out: usize,
    /// How many topics are visible, after the configuration's filter.
    pub topics: usize,
    /// How many more the configuration's filter leaves out.
    pub topics_left_out: usize,
    /// Parts that gave no answer, a sentence each.
    pub unanswered: Vec<Why>,
    /// Whether there may be more groups than are visible.
    pub other_groups: Others,
    /// Whether there may be more topics than are visible.
    pub other_topics: Others,
}

/// Kafka leaves out what one may not see, and says nothing. What can still be told of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Others {
    /// None are hidden: what is visible is all that there is.
    None,
    /// A name made up was refused: what this user was not given is hidden from it.
    Hidden,
    /// It cannot be told.
    #[default]
    Unclear,
}

/// A right that Laggard uses. It never needs more than to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Describe on the cluster.
    DescribeCluster,
    /// Describe on groups.
    DescribeGroups,
    /// Describe on topics.
    DescribeTopics,
    /// DescribeConfigs on topics.
    DescribeConfigs,
    /// Read on `__consumer_offsets`.
    ReadOffsets,
}

/// Whether a right is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// It is, for as many as were tried.
    Given {
        /// How many were tried.
        tried: usize,
    },
    /// It is not, for some or all that were tried.
    Refused {
        /// For how many it is not.
        refused: usize,
        /// How many were tried.
        tried: usize,
        /// One of those.
        example: Option<Arc<str>>,
    },
    /// Nothing that was tried could tell.
    Unclear(Why),
}

/// The versions of one API that all brokers speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersions {
    /// Kafka's number of the API.
    pub key: i16,
    /// The lowest.
    pub min: i16,
    /// The highest; below `min` if brokers have none in common.
    pub max: i16,
}
