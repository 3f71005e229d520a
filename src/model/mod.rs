//! The ground floor: values only.
//!
//! Every other room speaks in these types: what was observed ([`Observation`]), what is wanted
//! next ([`Ask`]), what people order ([`Command`]), what they expect of a group ([`Policy`]), and
//! what is true now ([`Snapshot`]). Nothing here does IO, reads a clock, or knows a Kafka client.

mod advice;
mod alert;
mod ask;
mod command;
mod course;
mod diagnosis;
pub mod document;
mod evidence;
mod id;
mod load;
mod loss;
mod matcher;
mod notice;
mod notification;
mod notify;
mod observation;
mod page;
mod policy;
mod probe;
mod reading;
mod recurring;
mod secret;
mod settings;
pub(crate) mod short;
mod snapshot;
mod status;
#[doc(hidden)]
pub mod testing;
mod time;
mod time_lag;
mod told;
mod trend;

pub use advice::{Advice, AdviceKind, AdviceSeverity, AdvisedMembers, Load, Plan};
pub use alert::{Alert, AlertState, Delivery, Rule, RuleFile, RuleGroup, RulePlace, Silenced};
pub use ask::Ask;
pub use command::Command;
pub use course::{BackTest, Course, Stretch};
pub use diagnosis::{Cause, Diagnosis};
pub use evidence::Evidence;
pub use id::{
    BootId, BrokerId, ClusterName, GroupId, MemberId, Offset, PartitionId, TopicId, TopicName,
};
pub use load::{MemberLoad, Storm};
pub use loss::{Loss, Retention, RowDetail};
pub use matcher::{Matcher, NotAMatcher};
pub(crate) use matcher::{Quoted, is_label};
pub use notice::{Elsewhere, Mark, Missing, Notices, Silence};
pub use notification::{
    Fingerprint, Notification, NotificationReason, NotificationStatus, fingerprint,
};
pub use notify::{Notify, Route};
pub use observation::{
    AssignedTopic, Broker, CleanupPolicy, CommitRead, Cycle, Fact, GroupDescription, GroupPart,
    GroupState, GroupType, HealthState, Isolation, ListedGroup, Member, Observation, OffsetRead,
    PartitionMetadata, Subscription, TopicCommits, TopicConfig, TopicMetadata,
};
pub use page::group_page;
pub(crate) use policy::policy_of;
pub use policy::{Pattern, Policy, PolicyRule, Severity};
pub use probe::{ApiVersions, ClusterProbe, Grant, Others, Reached, Right};
pub use reading::{Bounds, Reading, ReadingState, Why};
pub use recurring::{
    DaysOfMonth, Location, Months, Range, Recurring, TimeInterval, TimeOfDay, TimeRange, Unit,
    Weekdays, Years,
};
pub use secret::{Secret, is_secret, without_password};
pub use settings::{ClusterSettings, Settings};
pub use snapshot::{
    ClusterHealth, ClusterSnapshot, Eta, Event, EventKind, Generation, GroupSnapshot, Issue,
    PartitionRow, PartitionView, Replicas, Snapshot, TopicPartition, TopicSnapshot, at_most,
    distance,
};
pub use status::{Status, Verdict};
pub use time::{Clock, NotATime, Span, Timestamp};
pub use time_lag::{Method, TimeLag};
pub use told::{ReceiverHealth, TellResult, Told};
pub use trend::TrendPoint;
