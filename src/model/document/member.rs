//! A member as written: what it reads and can read beside what Kafka says of it.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{GroupSnapshot, Member, MemberLoad};

/// A group's member.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MemberWithLoad")]
pub(super) struct MemberDocument {
    #[serde(flatten)]
    member: Member,
    #[serde(flatten)]
    load: Option<MemberLoad>,
}

impl MemberDocument {
    /// A group's members; `None`: they cannot be read, or have not been.
    pub(super) fn all(group: &GroupSnapshot) -> Option<Vec<Self>> {
        let members = group.members.as_deref()?.iter();
        let with_load = members.enumerate().map(|(i, member)| Self {
            member: member.clone(),
            load: group.loads.get(i).cloned(),
        });
        Some(with_load.collect())
    }

    /// The members that were written, and their loads.
    pub(super) fn restore(all: Option<Vec<Self>>) -> (Option<Arc<[Member]>>, Vec<MemberLoad>) {
        let Some(all) = all else {
            return (None, Vec::new());
        };
        let (members, loads): (Vec<_>, Vec<_>) =
            all.into_iter().map(|m| (m.member, m.load)).unzip();
        (Some(members.into()), loads.into_iter().flatten().collect())
    }
}
