//! The smallest number of members that the group's actual assignor can make hold.

use super::bound::lower_bound;
use crate::advice::assign::{Assignor, Group, Slot, predict};

/// A partition that asks for so many times the median stands out: one key, or few.
pub const STANDS_OUT: f64 = 3.0;
/// After so many tries the step grows: a group of ten thousand partitions is no search of ten thousand.
const FINE_TRIES: usize = 64;

/// What is sought: `share` of `capacity` is what a member is to bear at the most.
pub struct Sought<'a> {
    /// The group as it is.
    pub group: &'a Group,
    /// Who deals out.
    pub assignor: Assignor,
    /// Records a second that a partition asks for.
    pub work: &'a dyn Fn(Slot) -> f64,
    /// Records a second that a member can do.
    pub capacity: f64,
    /// The share of it that is to be used, such as 0.8.
    pub share: f64,
}

/// Why no number of members helps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// This partition alone asks for more than a member is to bear, and stands out from the others.
    Partition {
        /// Which.
        slot: Slot,
        /// What it asks for.
        work: f64,
    },
    /// Even one member for each partition that the assignor can deal out is too few, though no partition stands out.
    Partitions {
        /// The most members that get a partition.
        most: usize,
    },
}

/// How many members it takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizing {
    /// The smallest number that holds, or why there is none.
    pub members: Result<usize, Limit>,
    /// The fullest member's work at that number; with a limit: the least that can be had.
    pub fullest: f64,
    /// The number below which no assignor could do it.
    pub at_least: usize,
}

/// The smallest number of members, two at the least, at which the assignor leaves every member within what
/// it is to bear; a number near it that divides the partitions is preferred.
pub fn members(sought: &Sought<'_>) -> Sizing {
    let bearable = sought.capacity * sought.share;
    let slots = sought.group.slots();
    let work: Vec<f64> = slots.iter().map(|s| (sought.work)(*s)).collect();
    let at_least = at_least(&work, bearable);
    let heaviest = (0..work.len()).max_by(|a, b| work[*a].total_cmp(&work[*b]));
    if let Some(i) = heaviest.filter(|i| work[*i] > bearable) {
        let limit = if stands_out(&work, i) {
            Limit::Partition {
                slot: slots[i],
                work: work[i],
            }
        } else {
            Limit::Partitions {
                most: useful(sought.group, sought.assignor).max(1),
            }
        };
        return Sizing {
            members: Err(limit),
            fullest: work[i],
            at_least,
        };
    }
    search(sought, bearable, at_least, slots.len())
}

/// Whether a piece asks for far more than the median of the others.
fn stands_out(work: &[f64], piece: usize) -> bool {
    let others = work.iter().enumerate().filter(|(i, _)| *i != piece);
    let mut others: Vec<f64> = others.map(|(_, w)| *w).collect();
    others.sort_by(f64::total_cmp);
    let median = others.get(others.len() / 2);
    median.is_some_and(|m| work[piece] >= STANDS_OUT * m)
}

/// The smallest number at which the lower bound is within what is to be borne; 1 for no work.
fn at_least(work: &[f64], bearable: f64) -> usize {
    let mean = work.iter().sum::<f64>() / bearable.max(f64::MIN_POSITIVE);
    let mut members = (mean.ceil() as usize).clamp(1, work.len().max(1));
    while members < work.len() && lower_bound(work, members) > bearable {
        members += 1;
    }
    members
}

fn search(sought: &Sought<'_>, bearable: f64, at_least: usize, partitions: usize) -> Sizing {
    let most = useful(sought.group, sought.assignor).max(1);
    let (mut members, mut step, mut tries) = (at_least.max(2).min(most.max(2)), 1, 0);
    let mut least = f64::INFINITY;
    while members <= most.max(2) {
        let full = fullest(sought, members);
        least = least.min(full);
        if full <= bearable {
            let members = rounded(sought, bearable, members, partitions);
            return Sizing {
                members: Ok(members),
                fullest: fullest(sought, members),
                at_least,
            };
        }
        tries += 1;
        if tries % FINE_TRIES == 0 {
            step *= 2;
        }
        members = if members < most {
            (members + step).min(most)
        } else {
            most + 1
        };
    }
    Sizing {
        members: Err(Limit::Partitions { most }),
        fullest: if least.is_finite() { least } else { 0.0 },
        at_least,
    }
}

/// A number up to a quarter above that divides the partitions and holds too: no member then has one more.
fn rounded(sought: &Sought<'_>, bearable: f64, members: usize, partitions: usize) -> usize {
    let near = members..=(members + members / 4).min(partitions.max(members));
    let divides = |n: &usize| partitions.is_multiple_of(*n) && fullest(sought, *n) <= bearable;
    near.clone().find(divides).unwrap_or(members)
}

/// How many members can get a partition: range deals out each topic by itself.
pub fn useful(group: &Group, assignor: Assignor) -> usize {
    match assignor {
        Assignor::Range | Assignor::ServerRange => {
            let largest = group.topics.iter().map(|t| t.partitions as usize).max();
            largest.unwrap_or(0)
        }
        _ => group.slots().len(),
    }
}

fn fullest(sought: &Sought<'_>, members: usize) -> f64 {
    let owners = predict(sought.assignor, &sought.group.resized(members)).owners;
    let load = |owned: &Vec<Slot>| owned.iter().map(|s| (sought.work)(*s)).sum::<f64>();
    owners.iter().map(load).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::assign::{Member, Topic};

    fn group(topics: &[u32], members: usize) -> Group {
        let topic = |(i, partitions): (usize, &u32)| Topic {
            name: format!("t{i}").into(),
            id: None,
            partitions: *partitions,
            racks: Vec::new(),
        };
        let member = |i| Member {
            id: format!("m{i}").into(),
            instance: None,
            rack: None,
            topics: (0..topics.len() as u32).collect(),
            owned: Vec::new(),
        };
        Group {
            topics: topics.iter().enumerate().map(topic).collect(),
            members: (0..members).map(member).collect(),
            unseen_racks: 0,
        }
    }

    fn size(group: &Group, assignor: Assignor, work: f64, capacity: f64) -> Sizing {
        members(&Sought {
            group,
            assignor,
            work: &|_| work,
            capacity,
            share: 0.8,
        })
    }

    #[test]
    fn range_needs_more_members_than_the_sum_says() {
        // Three topics of 4: 12 partitions of 10. A member bears 40: by the sum 3 members do, but range gives the
        // first of them 6.
        let group = group(&[4, 4, 4], 3);
        assert_eq!(
            size(&group, Assignor::RoundRobin, 10.0, 50.0).members,
            Ok(3)
        );
        assert_eq!(size(&group, Assignor::Range, 10.0, 50.0).members, Ok(4));
        assert_eq!(size(&group, Assignor::Range, 10.0, 50.0).at_least, 3);
    }

    #[test]
    fn one_partition_beyond_a_member_is_the_limit_if_it_stands_out() {
        let group = group(&[4], 2);
        let hot = |slot: Slot| if slot.partition == 3 { 90.0 } else { 10.0 };
        let sizing = members(&Sought {
            group: &group,
            assignor: Assignor::Range,
            work: &hot,
            capacity: 100.0,
            share: 0.8,
        });
        let slot = Slot {
            topic: 0,
            partition: 3,
        };
        let limit = Limit::Partition { slot, work: 90.0 };
        assert_eq!(sizing.members, Err(limit));
    }

    #[test]
    fn where_all_partitions_are_beyond_a_member_there_are_too_few_of_them() {
        let sizing = size(&group(&[4], 2), Assignor::Range, 90.0, 100.0);
        assert_eq!(sizing.members, Err(Limit::Partitions { most: 4 }));
        assert!((sizing.fullest - 90.0).abs() < 1e-9);
    }

    #[test]
    fn range_over_small_topics_runs_out_of_partitions() {
        let sizing = size(&group(&[2, 2, 2], 2), Assignor::Range, 30.0, 100.0);
        assert_eq!(sizing.members, Err(Limit::Partitions { most: 2 }));
        assert!((sizing.fullest - 90.0).abs() < 1e-9);
        let sizing = size(&group(&[2, 2, 2], 2), Assignor::RoundRobin, 30.0, 100.0);
        assert_eq!(sizing.members, Ok(3));
    }

    #[test]
    fn a_number_that_divides_is_preferred_and_two_are_the_least() {
        let group = group(&[12], 3);
        // 5 would do; 6 divides 12.
        assert_eq!(size(&group, Assignor::Range, 10.0, 40.0).members, Ok(4));
        assert_eq!(size(&group, Assignor::Range, 10.0, 26.0).members, Ok(6));
        assert_eq!(size(&group, Assignor::Range, 0.0, 26.0).members, Ok(2));
    }
}
