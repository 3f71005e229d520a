//! How names and numbers are written for people, the same on every face.
//!
//! In: names as Kafka gives them (untrusted), numbers in records, seconds, instants. Out: text that
//! moves no cursor and is never wider than asked. It must never write a positive number as 0.

pub mod text;
pub mod units;
