//! Loads of the shapes that topics have, for the test and the bench of planning. Not part of the library's face.

/// Names and work of `count` partitions: alike, spread evenly, keyed by Zipf's law, heavy-tailed, of two sizes.
pub fn workloads(count: usize) -> Vec<(&'static str, Vec<f64>)> {
    let each = |f: &dyn Fn(usize, f64) -> f64| {
        let mut state = 1_u64;
        let mut chance = move || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..count).map(|i| f(i, chance())).collect()
    };
    vec![
        ("alike", each(&|_, _| 10.0)),
        ("even", each(&|_, u| 100.0 * u)),
        ("zipf", each(&|i, _| 1e6 / (i + 1) as f64)),
        ("pareto", each(&|_, u| (1.0 - u).powf(-1.0 / 1.2))),
        (
            "two sizes",
            each(&|_, u| if u < 0.03 { 900.0 } else { 7.0 }),
        ),
    ]
}
