//! The snapshot document at 200,000 rows: how long it takes to write and to read.
//!
//! `cargo bench --bench document` prints both; what is read back must be what was written.
#![allow(
    clippy::print_stdout,
    missing_docs,
    reason = "a bench speaks on its standard output"
)]

use std::time::Instant;

use laggard::model::document::{from_json, to_json};
use laggard::model::testing::World;

const GROUPS: usize = 10_000;
const TOPICS: usize = 2_500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (ends, commits) = ([(0, 1_000_000); 20], [Some(999_000); 20]);
    let snapshot = World::new()
        .cluster("big", |c| {
            for i in 0..TOPICS {
                c.topic(&format!("topic-{i:04}"), &ends);
            }
            for i in 0..GROUPS {
                let topic = format!("topic-{:04}", i % TOPICS);
                c.group(&format!("group-{i:05}"), |g| g.commits(&topic, &commits));
            }
        })
        .build();
    for _ in 0..3 {
        let started = Instant::now();
        let mut json = Vec::new();
        to_json(&snapshot, &mut json)?;
        let written = started.elapsed();
        let started = Instant::now();
        let back = from_json(&json)?;
        let read = started.elapsed();
        assert_eq!(back, snapshot, "what was read is not what was written");
        println!(
            "{GROUPS} groups of 20 rows: {} MB, written in {written:.1?}, read in {read:.1?}",
            json.len() / 1_000_000
        );
    }
    Ok(())
}
