//! Who would carry how much, beside a piece of advice that moves load.

use std::collections::HashMap;

use super::About;
use crate::advice::what_if::{MemberSide, Side, WhatIf};
use crate::model::{Load, Member, Plan};

/// Both sides of a trial.
pub(super) fn plan(about: &About<'_>, found: &WhatIf) -> Plan {
    let members = about.group.members.as_deref().unwrap_or_default();
    let known: HashMap<&str, &Member> = members.iter().map(|m| (m.member_id.as_str(), m)).collect();
    let load = |side: &MemberSide| Load {
        // A member that is not there yet has a name of its own.
        member: known
            .get(&*side.member)
            .map_or_else(|| side.member.clone(), |m| label(m).into()),
        partitions: u32::try_from(side.partitions).unwrap_or(u32::MAX),
        arrival: side.arrival,
        use_of_capacity: side.use_of_capacity,
    };
    let loads = |side: &Side| side.members.iter().map(load).collect();
    Plan {
        before: loads(&found.before),
        after: loads(&found.after),
    }
}

/// What people call a member: member ids are long and change with each start.
fn label(member: &Member) -> String {
    let instance = member.group_instance_id.as_ref();
    let name = instance.unwrap_or(&member.client_id);
    format!("{name}@{}", member.host.trim_start_matches('/'))
}
