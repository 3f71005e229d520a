//! How long to wait before something that failed is tried again: doubled with every failure in a
//! row, up to a bound.

use std::time::Duration;

/// Waits that grow.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    /// Begins with `first`; never longer than `most`, unless `first` is.
    pub fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most: most.max(first),
            failures: 0,
        }
    }

    /// It failed once more: how long to wait now.
    pub fn failed(&mut self) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        doubled.min(self.most)
    }

    /// It went well: the next failure is the first one.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_bound_and_begin_anew_after_a_success() {
        let secs = Duration::from_secs;
        let mut backoff = Backoff::new(secs(1), secs(10));
        let waits: Vec<_> = (0..6).map(|_| backoff.failed().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 10, 10]);
        backoff.reset();
        assert_eq!(backoff.failed(), secs(1));
        (0..100).for_each(|_| assert!(backoff.failed() <= secs(10)));
        assert_eq!(Backoff::new(secs(2), secs(1)).failed(), secs(2));
    }
}
