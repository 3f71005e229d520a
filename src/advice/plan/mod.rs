//! How a load is best spread over members, and how many members it takes.
//!
//! In: the work of partitions, what a member can do, the assignor. Out: packings with a bound that
//! nothing beats, improvements of what is there, the smallest number of members that holds. Formulas:
//! a partition's work is what comes in and a share of what is unread; `pack` says which bounds hold.

mod bound;
mod fit;
mod improve;
mod pack;
mod size;
#[doc(hidden)]
pub mod testing;
mod work;

pub use bound::lower_bound;
pub use improve::{Improvement, improve};
pub use pack::{Packing, lpt, multifit, spread};
pub use size::{Limit, STANDS_OUT, Sizing, Sought, members, useful};
pub use work::{FURTHEST, LEAST_SPARE, RebalanceCost, rebalance_cost, work};

#[cfg(test)]
mod tests {
    use super::*;

    /// What CONTRIBUTING.md and the issue tracker call the planning quality; `benches/advice.rs` holds the time.
    #[test]
    fn ten_thousand_partitions_on_two_hundred_members_come_within_two_percent_of_the_bound() {
        for (name, work) in testing::workloads(10_000) {
            let (packing, bound) = (spread(&work, 200), lower_bound(&work, 200));
            assert!(
                packing.fullest() <= 1.02 * bound,
                "{name}: {} {bound}",
                packing.fullest()
            );
            assert!(packing.fullest() <= lpt(&work, 200).fullest(), "{name}");
        }
    }
}
