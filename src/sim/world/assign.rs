//! The assignors: who gets which partition.

use super::group::Row;
use crate::sim::spec::{Assignor, Protocol};

/// Owners of rows (sorted by topic, then partition) among `present`.
pub(super) fn assign(
    protocol: Protocol,
    rows: &[Row],
    present: &[(usize, u32)],
    before: &[Option<usize>],
) -> Vec<Option<usize>> {
    if present.is_empty() {
        return vec![None; rows.len()];
    }
    let assignor = match protocol {
        Protocol::Classic(assignor) | Protocol::Consumer(assignor) => assignor,
        Protocol::Manual => Assignor::Range,
    };
    match assignor {
        Assignor::Range => range(rows, present),
        Assignor::RoundRobin => (0..rows.len())
            .map(|row| Some(present[row % present.len()].0))
            .collect(),
        Assignor::Sticky | Assignor::CooperativeSticky | Assignor::Uniform => {
            sticky(present, before)
        }
    }
}

fn range(rows: &[Row], present: &[(usize, u32)]) -> Vec<Option<usize>> {
    let count = present.len();
    let mut owners = Vec::with_capacity(rows.len());
    for topic in rows.chunk_by(|a, b| a.topic == b.topic) {
        let (each, extra) = (topic.len() / count, topic.len() % count);
        for (turn, (member, _)) in present.iter().enumerate() {
            owners.extend(std::iter::repeat_n(
                Some(*member),
                each + usize::from(turn < extra),
            ));
        }
    }
    owners
}

/// Everybody keeps what they have up to an even share; the rest goes to whoever has least.
fn sticky(present: &[(usize, u32)], before: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut held = vec![0_usize; present.len()];
    let most = before.len().div_ceil(present.len());
    let mut extra = before.len() - (before.len() / present.len()) * present.len();
    let place = |member: usize| present.iter().position(|(m, _)| *m == member);
    let least = before.len() / present.len();
    let mut owners: Vec<Option<usize>> = Vec::with_capacity(before.len());
    for owner in before {
        let kept = owner.and_then(place).filter(|at| {
            let room = held[*at] < least || (held[*at] < most && extra > 0);
            if room && held[*at] >= least {
                extra -= 1;
            }
            room
        });
        if let Some(at) = kept {
            held[at] += 1;
        }
        owners.push(kept.map(|at| present[at].0));
    }
    for owner in owners.iter_mut().filter(|owner| owner.is_none()) {
        let emptiest = (0..held.len()).min_by_key(|at| held[*at]).unwrap_or(0);
        held[emptiest] += 1;
        *owner = Some(present[emptiest].0);
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: i32) -> Vec<Row> {
        (0..count)
            .map(|partition| Row {
                topic: 0,
                partition,
            })
            .collect()
    }

    #[test]
    fn range_gives_runs_and_the_first_get_more() {
        let owners = range(&rows(5), &[(0, 1), (3, 1)]);
        assert_eq!(owners, [Some(0), Some(0), Some(0), Some(3), Some(3)]);
    }

    #[test]
    fn sticky_moves_only_what_it_must() {
        let before: Vec<_> = (0..9).map(|row| Some(row % 3)).collect();
        let after = sticky(&[(0, 1), (2, 1)], &before);
        for (was, is) in before.iter().zip(&after) {
            assert!(*was == Some(1) || was == is);
        }
        let first = after.iter().filter(|owner| **owner == Some(0)).count();
        assert!(first == 4 || first == 5, "{after:?}");
    }
}
