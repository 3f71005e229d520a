//! Why a group lags: one small pure function a cause, over a picture of the whole group.
//!
//! In: the group's rows as they are shown, who owns and who leads them, how fast they move, what
//! members have been seen to bear. Out: one cause with the numbers that made it, or that none can
//! be named and why. The rules are ordered: one that explains a single partition comes before one
//! that explains a member, and that before one that explains all. None speaks while members turn
//! over, save of a partition that outlives its owners.

mod part;
mod picture;
mod whole;

use std::sync::Arc;

use crate::model::{Cause, Diagnosis, PartitionRow, TopicSnapshot, Why};

use super::group::Group;
use super::group_view::Shared;
use super::now::Now;

use picture::Picture;

/// A cause, and how far the numbers are beyond what its rule asks for: 0.5 just so, 1 by far.
type Finding = Option<(Cause, f64)>;

/// Rules on a part of the group; the first that speaks wins.
const PARTS: [fn(&Picture<'_>) -> Finding; 5] = [
    part::poison_record,
    part::hot_partition,
    part::slow_leader,
    part::sick_member,
    part::sick_host,
];

/// Rules on the whole group.
const WHOLE: [fn(&Picture<'_>) -> Finding; 3] = [
    whole::group_stuck,
    whole::too_few_consumers,
    whole::slow_downstream,
];

/// The diagnosis of a group. `storm`: it rebalances again and again.
pub(super) fn of(
    group: &mut Group,
    rows: &[PartitionRow],
    topics: &[Arc<TopicSnapshot>],
    storm: bool,
    shared: &Shared,
    now: &mut Now,
) -> Diagnosis {
    let Some(picture) = Picture::of(group, rows, topics, shared, now) else {
        group.diagnosed = None;
        return Diagnosis::NotNeeded;
    };
    match judge(&picture, storm, shared.settling.is_some()) {
        Ok((cause, confidence)) => {
            let since = match &group.diagnosed {
                Some((name, since)) if name == cause.name() => *since,
                _ => now.at,
            };
            group.diagnosed = Some((cause.name().to_owned(), since));
            Diagnosis::Found {
                cause,
                since,
                confidence,
            }
        }
        Err(why) => {
            group.diagnosed = None;
            Diagnosis::Abstains { why }
        }
    }
}

fn judge(picture: &Picture<'_>, storm: bool, settling: bool) -> Result<(Cause, f64), Why> {
    if let Some(found) = part::poison_record(picture) {
        return Ok(found);
    }
    if storm {
        return Err(Why::text("it rebalances again and again"));
    }
    if settling {
        return Err(Why::text("its members are changing"));
    }
    let found = PARTS.iter().chain(&WHOLE).find_map(|rule| rule(picture));
    found.ok_or_else(|| Why::text(picture.what_is_missing()))
}
