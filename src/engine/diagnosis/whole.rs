//! Causes that explain a whole group: all of it stands, all of it works at its limit, all of it is
//! slower than it was.

use crate::model::Cause;

use super::Finding;
use super::picture::{Part, Picture};

/// Share of the partitions that lag where the whole group is concerned.
const MOST: f64 = 0.8;
/// Reading this much of what was seen at the most is reading at the limit.
const AT_THE_LIMIT: f64 = 0.8;
/// Reading less than this of what was seen at the most is well below it.
const WELL_BELOW: f64 = 0.6;
/// Of what is missing, this share must be explained by a cause.
const EXPLAINED: f64 = 2.0 / 3.0;
/// A change by less than this share of what was read while all was well is none.
const CHANGED: f64 = 0.05;

/// No partition moves although something is unread in two or more.
pub(super) fn group_stuck(picture: &Picture<'_>) -> Finding {
    let unread: Vec<&Part> = picture
        .parts
        .iter()
        .filter(|p| p.effective_lag > 0)
        .collect();
    let since: Option<Vec<_>> = unread.iter().map(|p| p.frozen).collect();
    let since = since?.into_iter().max()?;
    if unread.len() < 2 || !most_lag(picture) {
        return None;
    }
    let cause = Cause::GroupStuck {
        partitions: unread.len() as u32,
        since,
        effective_lag: unread.iter().map(|p| p.effective_lag).sum(),
    };
    Some((cause, 0.9))
}

/// Nearly all lag, more comes in than before, and the members read as much as they ever did.
pub(super) fn too_few_consumers(picture: &Picture<'_>) -> Finding {
    let (reads, comes) = whole(picture)?;
    let (most, calm) = (picture.most?, picture.calm?);
    if !explains(comes - calm, comes - reads, calm) || reads < AT_THE_LIMIT * most {
        return None;
    }
    let cause = Cause::TooFewConsumers {
        members: picture.members.len() as u32,
        consume_rate: reads,
        capacity: most,
        arrival_rate: comes,
        lagging: picture.lagging() as u32,
        of: picture.parts.len() as u32,
    };
    Some((cause, (reads / most).min(1.0)))
}

/// Nearly all lag, and the members read far less than they have been seen to.
pub(super) fn slow_downstream(picture: &Picture<'_>) -> Finding {
    let (reads, comes) = whole(picture)?;
    let (most, calm) = (picture.most?, picture.calm?);
    let slower = explains(calm - reads, comes - reads, calm);
    // Who reads nothing at all is not slow.
    if reads <= 0.0 || !slower && reads >= WELL_BELOW * most {
        return None;
    }
    let cause = Cause::SlowDownstream {
        members: picture.members.len() as u32,
        consume_rate: reads,
        capacity: most.max(calm),
        lagging: picture.lagging() as u32,
        of: picture.parts.len() as u32,
    };
    Some((cause, (1.0 - 0.5 * reads / calm.max(most)).clamp(0.5, 1.0)))
}

/// Whether a change since all was well, of what comes in or of what is read, explains most of what is
/// `missing`: what comes in and is not read, which is the sum of the two.
fn explains(change: f64, missing: f64, calm: f64) -> bool {
    missing > 0.0 && change >= CHANGED * calm && change >= EXPLAINED * missing
}

/// Nearly all lag: by count; or most of them, with nearly all that comes in (partitions that get
/// next to nothing are never late) or of nearly all members (one that cannot do all of its work is
/// late first with what gets most).
fn most_lag(picture: &Picture<'_>) -> bool {
    let (lagging, all) = (picture.lagging() as f64, picture.parts.len() as f64);
    let comes = |p: &Part| p.arrival.unwrap_or(0.0);
    let late: f64 = picture.parts.iter().filter(|p| p.lagging).map(comes).sum();
    let total: f64 = picture.parts.iter().map(comes).sum();
    let of_members = picture.members_late() >= MOST * picture.members_at_work();
    lagging >= MOST * all || (lagging * 2.0 >= all && (late >= MOST * total || of_members))
}

/// Records a second that were read and that came in lately, where nearly all partitions lag and not all stand.
fn whole(picture: &Picture<'_>) -> Option<(f64, f64)> {
    let moves = picture.parts.iter().any(|p| p.frozen.is_none());
    (most_lag(picture) && moves).then_some(picture.flow)?
}
