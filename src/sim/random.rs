//! Randomness as a function: the same key gives the same draw, in any order, with no state to carry.
//!
//! In: a seed and a few integers. Out: a uniform draw. Never a source that remembers: what happened at an instant must
//! not depend on which questions were asked before.

/// Mixes two words into one well spread word (the finaliser of splitmix64).
#[inline]
pub fn mix(seed: u64, key: u64) -> u64 {
    let mut z = seed
        ^ key
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(0x632B_E59B_D9B4_E019);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A seed of its own for a named thing.
pub fn derive(seed: u64, name: &str) -> u64 {
    name.bytes()
        .fold(mix(seed, name.len() as u64), |hash, byte| {
            mix(hash, u64::from(byte))
        })
}

/// Uniform in `[0, 1)`.
#[inline]
pub fn unit(seed: u64, key: i64) -> f64 {
    (mix(seed, key as u64) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform in `[low, high)`.
pub fn between(seed: u64, key: i64, low: f64, high: f64) -> f64 {
    low + (high - low) * unit(seed, key)
}

/// Continuous noise in `[-0.5, 0.5]`: straight lines between draws at whole `x`. Its slope never exceeds 1.
#[inline]
pub fn wander(seed: u64, x: f64) -> f64 {
    let knot = x.floor();
    let left = unit(seed, knot as i64);
    let right = unit(seed, knot as i64 + 1);
    left + (right - left) * (x - knot) - 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_uniform_and_repeatable() {
        let mean = (0..10_000).map(|k| unit(7, k)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert_eq!(unit(7, 3).to_bits(), unit(7, 3).to_bits());
        assert_ne!(unit(7, 3).to_bits(), unit(8, 3).to_bits());
    }

    #[test]
    fn wander_is_continuous() {
        for k in 0..1000 {
            let x = f64::from(k) * 0.13;
            assert!((wander(1, x + 1e-6) - wander(1, x)).abs() < 1e-5);
        }
    }
}
