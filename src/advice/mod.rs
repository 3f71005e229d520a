//! What would help a group, by how much, and the exact command.
//!
//! In: values of `model` alone (a snapshot's group, its diagnosis). Out: who would own what under an
//! assignor, how a load is best spread, and advice in words. Never: IO, a clock, a Kafka client's
//! type, and never a change to a cluster: Laggard only says what people may do.

pub mod assign;
pub mod hold;
pub mod plan;
pub mod resets;
pub mod say;
mod situation;
mod sizing;
#[cfg(test)]
mod testing;
pub mod what_if;

pub use situation::{Capacity, Flow, NoPlan, Situation};
