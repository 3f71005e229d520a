//! Dealing out pieces of work so that the fullest member has as little as possible.
//!
//! LPT: the largest piece to the least loaded (Graham 1969: ≤ 4/3 − 1/(3m) of the best). MULTIFIT: the
//! smallest bin size into which first-fit-decreasing packs them (Coffman, Garey, Johnson 1978: ≤ 13/11).
//! The better of the two; every order is fixed, so equal inputs give equal packings.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::bound::lower_bound;
use super::fit::Rooms;

/// Halvings of the range of bin sizes: the rest is below a thousandth of it.
const HALVINGS: u32 = 10;

/// Who bears what.
#[derive(Clone, Debug, PartialEq)]
pub struct Packing {
    /// Member of each piece.
    pub owner: Vec<usize>,
    /// Work of each member.
    pub loads: Vec<f64>,
}

impl Packing {
    /// The packing of `owner` over `members` members.
    pub fn new(work: &[f64], owner: Vec<usize>, members: usize) -> Self {
        let mut loads = vec![0.0; members];
        for (piece, member) in work.iter().zip(&owner) {
            loads[*member] += piece;
        }
        Self { owner, loads }
    }

    /// The work of the fullest member.
    pub fn fullest(&self) -> f64 {
        self.loads.iter().copied().fold(0.0, f64::max)
    }
}

/// Loads in a heap; ties go to the member of the lower number.
#[derive(PartialEq)]
struct Load(f64, usize);

impl Eq for Load {}

impl PartialOrd for Load {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Load {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

fn largest_first(work: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..work.len()).collect();
    order.sort_by(|a, b| work[*b].total_cmp(&work[*a]));
    order
}

/// The largest piece to the least loaded member, and so on. `members` at least 1.
pub fn lpt(work: &[f64], members: usize) -> Packing {
    let members = members.max(1);
    let mut heap: BinaryHeap<_> = (0..members).map(|m| Reverse(Load(0.0, m))).collect();
    let mut owner = vec![0; work.len()];
    for piece in largest_first(work) {
        if let Some(mut least) = heap.peek_mut() {
            owner[piece] = least.0.1;
            least.0.0 += work[piece];
        }
    }
    Packing::new(work, owner, members)
}

/// First-fit-decreasing into the smallest bins that it finds by halving between the lower bound and
/// `most`; `None` if nothing below `most` fits.
pub fn multifit(work: &[f64], members: usize, most: f64) -> Option<Packing> {
    let members = members.max(1);
    let order = largest_first(work);
    let (mut low, mut high, mut best) = (lower_bound(work, members), most, None);
    for _ in 0..HALVINGS {
        let size = f64::midpoint(low, high);
        match first_fit(work, &order, members, size) {
            Some(owner) => (high, best) = (size, Some(owner)),
            None => low = size,
        }
    }
    Some(Packing::new(work, best?, members))
}

fn first_fit(work: &[f64], order: &[usize], members: usize, size: f64) -> Option<Vec<usize>> {
    let mut rooms = Rooms::new(members, size);
    let mut owner = vec![0; work.len()];
    for piece in order {
        owner[*piece] = rooms.put(work[*piece])?;
    }
    Some(owner)
}

/// The better of LPT and MULTIFIT: never worse than LPT.
pub fn spread(work: &[f64], members: usize) -> Packing {
    let lpt = lpt(work, members);
    // As good as any can be, to a thousandth: no search.
    if lpt.fullest() <= 1.001 * lower_bound(work, members) {
        return lpt;
    }
    match multifit(work, members, lpt.fullest()) {
        Some(fit) if fit.fullest() < lpt.fullest() => fit,
        _ => lpt,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn best(work: &[f64], members: usize, loads: &mut Vec<f64>) -> f64 {
        let Some((first, rest)) = work.split_first() else {
            return loads.iter().copied().fold(0.0, f64::max);
        };
        (0..members)
            .map(|m| {
                loads[m] += first;
                let found = best(rest, members, loads);
                loads[m] -= first;
                found
            })
            .fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn multifit_beats_lpt_where_lpt_is_known_to_be_poor() {
        let work = [5.0, 5.0, 4.0, 4.0, 3.0, 3.0, 3.0];
        assert!((lpt(&work, 3).fullest() - 11.0).abs() < 1e-9);
        assert!((spread(&work, 3).fullest() - 9.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_and_nobody_do_no_harm() {
        assert_eq!(spread(&[], 3).loads, [0.0, 0.0, 0.0]);
        assert_eq!(spread(&[2.0], 0).loads, [2.0]);
    }

    proptest! {
        #[test]
        fn between_the_bound_and_lpt(work in prop::collection::vec(0.0..100.0_f64, 0..60), members in 1_usize..12) {
            let packing = spread(&work, members);
            prop_assert!(packing.fullest() <= lpt(&work, members).fullest());
            prop_assert!(packing.fullest() >= lower_bound(&work, members) - 1e-6);
            let total: f64 = packing.loads.iter().sum();
            prop_assert!((total - work.iter().sum::<f64>()).abs() < 1e-6);
        }

        #[test]
        fn no_packing_is_below_the_bound_and_spread_is_near_the_best(work in prop::collection::vec(0_u8..20, 1..8), members in 1_usize..4) {
            let work: Vec<f64> = work.into_iter().map(f64::from).collect();
            let best = best(&work, members, &mut vec![0.0; members]);
            prop_assert!(lower_bound(&work, members) <= best + 1e-9);
            prop_assert!(spread(&work, members).fullest() <= best * 4.0 / 3.0 + 1e-9);
        }
    }
}
