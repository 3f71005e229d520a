//! Moves and swaps from what members own now: the most relief of the fullest for the least work moved.

use std::collections::BTreeSet;

use super::pack::Packing;

/// A step is worth it while it takes this much off the fullest member for each unit of work moved.
const LEAST_GAIN: f64 = 0.1;
/// No plan moves more pieces than this: nobody would follow it.
const MOST_STEPS: usize = 2_000;

/// A better assignment near the one that there is.
#[derive(Clone, Debug, PartialEq)]
pub struct Improvement {
    /// The new packing.
    pub packing: Packing,
    /// The fullest member's work before.
    pub fullest_before: f64,
    /// Pieces that change their owner.
    pub moved: Vec<usize>,
}

/// What one step would do.
struct Step {
    give: usize,
    take: Option<usize>,
    gain: f64,
}

/// Improves `owner` by moves and swaps between the fullest member and the least loaded, while each
/// step's gain is worth the work that it moves. Never makes the fullest fuller.
pub fn improve(work: &[f64], owner: &[usize], members: usize) -> Improvement {
    let mut packing = Packing::new(work, owner.to_vec(), members);
    let fullest_before = packing.fullest();
    let mut pieces = vec![Vec::new(); members];
    for (piece, member) in owner.iter().enumerate() {
        pieces[*member].push(piece);
    }
    for _ in 0..MOST_STEPS {
        let Some((full, least)) = extremes(&packing.loads) else {
            break;
        };
        let gap = packing.loads[full] - packing.loads[least];
        let Some(step) = best_step(work, &pieces[full], &pieces[least], gap) else {
            break;
        };
        carry_out(&step, full, least, &mut pieces);
        packing.owner[step.give] = least;
        if let Some(take) = step.take {
            packing.owner[take] = full;
        }
        let shift = work[step.give] - step.take.map_or(0.0, |t| work[t]);
        packing.loads[full] -= shift;
        packing.loads[least] += shift;
    }
    let moved = (0..work.len()).filter(|p| packing.owner[*p] != owner[*p]);
    Improvement {
        moved: moved.collect(),
        packing,
        fullest_before,
    }
}

fn extremes(loads: &[f64]) -> Option<(usize, usize)> {
    let all = 0..loads.len();
    let full = all.clone().max_by(|a, b| loads[*a].total_cmp(&loads[*b]))?;
    let least = all.min_by(|a, b| loads[*a].total_cmp(&loads[*b]))?;
    (full != least).then_some((full, least))
}

/// The step with the largest gain that is worth it. Giving `x` more than is taken relieves the fullest
/// by `x`, but makes the other the fullest where x is above half the gap.
fn best_step(work: &[f64], full: &[usize], least: &[usize], gap: f64) -> Option<Step> {
    let gain = |shift: f64| shift.min(gap - shift);
    let moves = full.iter().map(|give| Step {
        give: *give,
        take: None,
        gain: gain(work[*give]),
    });
    let by_work: Vec<usize> = {
        let mut sorted = least.to_vec();
        sorted.sort_by(|a, b| work[*a].total_cmp(&work[*b]));
        sorted
    };
    // For each piece given, the partner that leaves a shift nearest to half the gap.
    let swaps = full.iter().filter_map(|give| {
        let ideal = work[*give] - gap / 2.0;
        let at = by_work.partition_point(|p| work[*p] < ideal);
        let near = [at.checked_sub(1), Some(at)];
        let partners = near.into_iter().flatten().filter_map(|i| by_work.get(i));
        let step = |take: &usize| Step {
            give: *give,
            take: Some(*take),
            gain: gain(work[*give] - work[*take]),
        };
        partners.map(step).max_by(|a, b| a.gain.total_cmp(&b.gain))
    });
    let cost = |s: &Step| work[s.give] + s.take.map_or(0.0, |t| work[t]);
    let worth = |s: &Step| s.gain > 1e-9 && s.gain >= LEAST_GAIN * cost(s);
    let worthy = moves.chain(swaps).filter(worth);
    worthy.max_by(|a, b| a.gain.total_cmp(&b.gain))
}

fn carry_out(step: &Step, full: usize, least: usize, pieces: &mut [Vec<usize>]) {
    let given: BTreeSet<usize> = [step.give].into();
    pieces[full].retain(|p| !given.contains(p));
    pieces[least].push(step.give);
    if let Some(take) = step.take {
        pieces[least].retain(|p| *p != take);
        pieces[full].push(take);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_swap_is_found_where_no_move_helps() {
        let found = improve(&[6.0, 6.0, 4.0, 4.0], &[0, 0, 1, 1], 2);
        assert_eq!((found.packing.fullest(), found.moved.len()), (10.0, 2));
    }

    #[test]
    fn a_balanced_group_is_left_alone() {
        let found = improve(&[5.0, 5.0, 5.0], &[0, 1, 2], 3);
        assert!(found.moved.is_empty());
        assert!(improve(&[], &[], 0).moved.is_empty());
        assert!(improve(&[5.0, 1.0], &[0, 0], 1).moved.is_empty());
    }

    #[test]
    fn a_piece_that_is_the_whole_load_stays() {
        let found = improve(&[10.0, 1.0], &[0, 1], 2);
        assert!(found.moved.is_empty());
    }

    proptest! {
        #[test]
        fn never_worse_and_never_loses_work(work in prop::collection::vec(0.0..50.0_f64, 1..40), seed in any::<u64>(), members in 1_usize..7) {
            let owner: Vec<usize> = (0..work.len()).map(|i| (seed.rotate_left(i as u32 * 7) % members as u64) as usize).collect();
            let found = improve(&work, &owner, members);
            prop_assert!(found.packing.fullest() <= found.fullest_before + 1e-9);
            let again = Packing::new(&work, found.packing.owner.clone(), members);
            for (a, b) in again.loads.iter().zip(&found.packing.loads) {
                prop_assert!((a - b).abs() < 1e-6);
            }
        }
    }
}
