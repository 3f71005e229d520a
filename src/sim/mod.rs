//! Workloads that go wrong on purpose, with the truth known, and the embedded cluster that serves them.
//!
//! In: a scenario (declarative), a seed, an epoch. Out: the state of a Kafka cluster at any instant, a broker on
//! loopback that speaks Kafka's protocol about it, the observations a poller would have made before, and the truth to
//! judge a monitor by. It must never read a clock of its own, and never be tuned to the rules that it judges.
//!
//! `spec` says what a workload is; `world` evaluates it; `broker` serves it; `watch`
//! makes the observations of a poller; `scenario` holds the ready ones.

pub mod broker;
pub mod random;
pub mod scenario;
pub mod spec;
pub mod watch;
pub mod world;
