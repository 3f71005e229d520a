//! How long to wait before something that failed is tried again: doubled with each failure in a
//! row, up to a bound, and never quite the same, so that many who failed together do not come
//! again together.

use crate::model::Span;

/// After the first failure.
const FIRST: i64 = 1_000;
/// At the most: a receiver that is back is found within a minute, however long it was away.
const MOST: i64 = 60_000;

/// Waits that grow.
#[derive(Clone, Debug)]
pub struct Pause {
    failures: u32,
    seed: u64,
}

impl Pause {
    /// Before any failure. The seed decides how waits differ from others'.
    pub const fn new(seed: u64) -> Self {
        Self { failures: 0, seed }
    }

    /// It failed once more: how long to wait now. Half of it is certain, half is chance.
    pub fn failed(&mut self) -> Span {
        let doubled = FIRST.saturating_mul(1_i64 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        let whole = doubled.min(MOST);
        let chance = i64::try_from(self.draw() % 1_001).unwrap_or(0);
        Span::from_millis(whole / 2 + whole / 2 * chance / 1_000)
    }

    /// It went well: the next failure is the first one.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// SplitMix64.
    const fn draw(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn waits_grow_to_a_minute_and_differ() {
        let mut pause = Pause::new(7);
        let waits: Vec<i64> = (0..12).map(|_| pause.failed().as_millis()).collect();
        for (n, wait) in waits.iter().enumerate() {
            let whole = (1_000_i64 << n).min(60_000);
            assert!((whole / 2..=whole).contains(wait), "{waits:?}");
        }
        assert!(
            waits[6..].iter().collect::<BTreeSet<_>>().len() > 3,
            "{waits:?}"
        );
        pause.reset();
        assert!(pause.failed() <= Span::from_secs(1));
    }
}
