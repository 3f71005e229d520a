//! Causes that explain a part of a group: one record, one partition, one member, one host, one
//! broker.

use std::collections::BTreeMap;

use crate::model::{Cause, Span};

use super::Finding;
use super::picture::{Part, Picture};

/// A hot partition gets this many times the median …
const HOT: f64 = 3.0;
/// … and lies this many σ above it.
const FAR: f64 = 5.0;
/// Reading this share of the most that it was seen to read, a member is as fast as ever.
const AS_EVER: f64 = 0.8;
/// Share of the variance of lateness that lies between members.
const BETWEEN: f64 = 0.7;
/// Share of the others that may lag where one part is to blame.
const FEW: f64 = 0.1;

/// One partition frozen while its owner's other partitions move: across two owners or more, or
/// for long.
pub(super) fn poison_record(picture: &Picture<'_>) -> Finding {
    let frozen = picture.parts.iter().filter(|p| p.frozen.is_some());
    if frozen.clone().count() * 4 > picture.parts.len() {
        return None;
    }
    let (part, since) = frozen
        .filter_map(|p| Some((p, p.frozen?)))
        .min_by_key(|(_, s)| *s)?;
    let moved = |p: &&Part| {
        p.moved_at
            .is_some_and(|at| at > since + Span::from_secs(60))
    };
    let others = |p: &&Part| p.owner == part.owner && !std::ptr::eq(*p, part);
    let others_moved = picture.parts.iter().filter(others).filter(moved).count();
    let all_moved = picture.parts.iter().filter(moved).count();
    let outlived = part.owners > 1 && all_moved > 0;
    let long = others_moved >= 2 && part.frozen_long;
    if !outlived && !long {
        return None;
    }
    let cause = Cause::PoisonRecord {
        topic: picture.topic(part),
        partition: part.partition,
        offset: part.committed,
        since,
        others_moved: others_moved as u32,
        owners: part.owners,
    };
    Some((cause, if outlived { 0.9 } else { 0.6 }))
}

/// One partition gets far more than the others of its topic, and its reader is at its limit.
pub(super) fn hot_partition(picture: &Picture<'_>) -> Finding {
    let hottest = |p: &&Part| p.lagging && p.frozen.is_none();
    let lagging = picture.parts.iter().filter(hottest);
    let part = lagging.max_by(|a, b| {
        a.arrival
            .unwrap_or(0.0)
            .total_cmp(&b.arrival.unwrap_or(0.0))
    })?;
    let arrival = part.arrival?;
    let siblings = picture.parts.iter().filter(|p| p.topic == part.topic);
    let mut rates: Vec<f64> = siblings.filter_map(|p| p.arrival).collect();
    if rates.len() < 3 || picture.lagging() * 2 > picture.parts.len() {
        return None;
    }
    let median = middle(&mut rates);
    let mut off: Vec<f64> = rates.iter().map(|r| (r - median).abs()).collect();
    let sigma = (1.4826 * middle(&mut off)).max(0.05 * median);
    let consume = part.consume?;
    let is_hot = median > 0.0 && arrival >= HOT * median && arrival >= median + FAR * sigma;
    if !is_hot || !at_its_limit(picture, part) {
        return None;
    }
    // What else lags shares its reader.
    let strangers = picture
        .parts
        .iter()
        .filter(|p| p.lagging && p.owner != part.owner);
    if share(strangers.count(), picture.parts.len()) > FEW {
        return None;
    }
    let cause = Cause::HotPartition {
        topic: picture.topic(part),
        partition: part.partition,
        arrival_rate: arrival,
        median_arrival_rate: median,
        consume_rate: consume,
    };
    Some((cause, confidence(arrival / median, HOT)))
}

/// Its owner reads about as much as members of this group have been seen to.
fn at_its_limit(picture: &Picture<'_>, part: &Part) -> bool {
    let Some(owner) = part.owner else {
        return false;
    };
    let mine = picture.parts.iter().filter(|p| p.owner == Some(owner));
    let Some((reads, _)) = Picture::rates(mine) else {
        return false;
    };
    let own = picture.capacities.get(owner as usize).copied().flatten();
    let usual = picture.calm.map(|c| c / picture.members.len() as f64);
    // One that has read much more than now is slower than it was, however hot its partition.
    let most = picture.seen.get(owner as usize).copied().flatten();
    let slower = most.is_some_and(|most| reads < AS_EVER * most);
    !slower && own.or(usual).is_some_and(|can| reads >= 0.7 * can)
}

/// All partitions of one member lag, and those of the others do not.
pub(super) fn sick_member(picture: &Picture<'_>) -> Finding {
    let sick = members_that_lag(picture);
    let [sick] = sick.as_slice() else {
        return None;
    };
    let (mine, others) = split(picture, |p| p.owner == Some(*sick));
    let member = &picture.members[*sick as usize];
    if mine.len() < 2 || others.len() < 2 {
        return None;
    }
    let apart = between(&mine, &others);
    if apart <= BETWEEN || share(lagging(&others), others.len()) > FEW {
        return None;
    }
    let cause = Cause::SickMember {
        member_id: member.member_id.clone(),
        client_id: member.client_id.clone(),
        host: member.host.clone(),
        lagging: mine.len() as u32,
        others_lagging: lagging(&others) as u32,
        others: others.len() as u32,
    };
    Some((cause, confidence(apart, BETWEEN)))
}

/// All partitions of all members of one host lag, and there are two such members or more.
pub(super) fn sick_host(picture: &Picture<'_>) -> Finding {
    let sick = members_that_lag(picture);
    let host = &picture.members.get(*sick.first()? as usize)?.host;
    let there = |m: u32| picture.members[m as usize].host == *host;
    let working = |p: &&Part| p.owner.is_some_and(there);
    let mut on_host: Vec<u32> = picture
        .parts
        .iter()
        .filter(working)
        .filter_map(|p| p.owner)
        .collect();
    on_host.sort_unstable();
    on_host.dedup();
    if sick != on_host || sick.len() < 2 {
        return None;
    }
    let (mine, others) = split(picture, |p| p.owner.is_some_and(there));
    if others.len() < 2 || share(lagging(&others), others.len()) > FEW {
        return None;
    }
    let apart = between(&mine, &others);
    let cause = Cause::SickHost {
        host: host.clone(),
        members: sick.len() as u32,
        lagging: mine.len() as u32,
        others_lagging: lagging(&others) as u32,
        others: others.len() as u32,
    };
    (apart > BETWEEN).then(|| (cause, confidence(apart, BETWEEN)))
}

/// The partitions that lag share one leader, and belong to two members or more.
pub(super) fn slow_leader(picture: &Picture<'_>) -> Finding {
    let broker = picture.parts.iter().find(|p| p.lagging)?.leader?;
    let (led, others) = split(picture, |p| p.leader == Some(broker));
    let mut owners: Vec<_> = led.iter().filter(|p| p.lagging).map(|p| p.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    let late = lagging(&led);
    let whole = late >= 2 && share(late, led.len()) >= 0.8;
    if !whole || owners.len() < 2 || others.len() < 2 {
        return None;
    }
    // Those same members read what others lead without delay.
    let shown = |owner| others.iter().any(|p| p.owner == owner && !p.lagging);
    if share(lagging(&others), others.len()) > FEW || !owners.into_iter().all(shown) {
        return None;
    }
    let cause = Cause::SlowLeader {
        broker,
        lagging: late as u32,
        led: led.len() as u32,
        others_lagging: lagging(&others) as u32,
        others: others.len() as u32,
    };
    Some((cause, confidence(share(late, led.len()), 0.8)))
}

/// Members all of whose partitions lag, in order.
fn members_that_lag(picture: &Picture<'_>) -> Vec<u32> {
    let mut all: BTreeMap<u32, bool> = BTreeMap::new();
    for part in &picture.parts {
        if let Some(owner) = part.owner {
            *all.entry(owner).or_insert(true) &= part.lagging;
        }
    }
    all.into_iter()
        .filter(|(_, all)| *all)
        .map(|(m, _)| m)
        .collect()
}

fn split<'p>(
    picture: &'p Picture<'_>,
    mine: impl Fn(&Part) -> bool,
) -> (Vec<&'p Part>, Vec<&'p Part>) {
    picture.parts.iter().partition(|p| mine(p))
}

fn lagging(parts: &[&Part]) -> usize {
    parts.iter().filter(|p| p.lagging).count()
}

fn share(some: usize, of: usize) -> f64 {
    some as f64 / of.max(1) as f64
}

/// Share of the variance of lateness that lies between these and the others (η²).
fn between(mine: &[&Part], others: &[&Part]) -> f64 {
    let late = |p: &&Part| p.late;
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len().max(1) as f64;
    let (a, b): (Vec<f64>, Vec<f64>) = (
        mine.iter().map(late).collect(),
        others.iter().map(late).collect(),
    );
    let all: Vec<f64> = a.iter().chain(&b).copied().collect();
    let (centre, of_a, of_b) = (mean(&all), mean(&a), mean(&b));
    let total: f64 = all.iter().map(|v| (v - centre).powi(2)).sum();
    let between =
        a.len() as f64 * (of_a - centre).powi(2) + b.len() as f64 * (of_b - centre).powi(2);
    if total > 0.0 { between / total } else { 0.0 }
}

/// 0.5 where a number just passes, towards 1 as it goes beyond.
fn confidence(number: f64, asked: f64) -> f64 {
    1.0 - 0.5 * (asked / number.max(asked)).powi(2)
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n.is_multiple_of(2) => f64::midpoint(values[half - 1], values[half]),
        _ => values[half],
    }
}
