//! The request budget: a token bucket that a cluster's whole source shares.
//!
//! A job may overdraw it; the next one then waits until the debt is paid. So a cycle is spread
//! over its interval instead of coming as a burst.

use std::time::{Duration, Instant};

/// While a cycle has work waiting, wishes get one request for so many of the cycle's.
const FOR_WISHES: f64 = 4.0;
/// Seconds of the rate that wishes may save up at the most.
const SAVED: f64 = 5.0;

/// A bucket that refills steadily and holds one second's worth.
#[derive(Debug)]
pub(super) struct Budget {
    rate: Option<f64>,
    tokens: f64,
    at: Instant,
    spent: f64,
    /// What wishes may still cost before the cycle comes first again.
    share: f64,
}

impl Budget {
    pub(super) fn new(rate: Option<f64>, now: Instant) -> Self {
        let rate = rate.filter(|rate| rate.is_finite() && *rate > 0.0);
        Self {
            rate,
            tokens: rate.unwrap_or(0.0),
            at: now,
            spent: 0.0,
            share: 0.0,
        }
    }

    fn refill(&mut self, now: Instant) {
        if let Some(rate) = self.rate {
            let gained = now.saturating_duration_since(self.at).as_secs_f64() * rate;
            self.tokens = (self.tokens + gained).min(rate.max(1.0));
        }
        self.at = now;
    }

    /// How long until something may be sent; zero: now.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        self.refill(now);
        match self.rate {
            Some(rate) if self.tokens <= 0.0 => {
                Duration::from_secs_f64((-self.tokens / rate).clamp(0.001, 3600.0))
            }
            _ => Duration::ZERO,
        }
    }

    /// Pays for a job of the cycle.
    pub(super) fn spend(&mut self, cost: f64) {
        self.spent += cost;
        // Saved up for no longer than some seconds.
        let most = self.rate.unwrap_or(0.0) * SAVED;
        self.share = (self.share + cost / FOR_WISHES).min(most.max(1.0));
        self.pay(cost);
    }

    fn pay(&mut self, cost: f64) {
        if self.rate.is_some() {
            self.tokens -= cost;
        }
    }

    /// Whether wishes have had less than their share: they may not keep a cycle from its end.
    pub(super) fn has_room_beside(&self) -> bool {
        self.rate.is_none() || self.share > 0.0
    }

    /// Pays for what was asked for beside the cycle: a wish waits for its turn, but lengthens no
    /// interval.
    pub(super) fn spend_beside(&mut self, cost: f64) {
        self.share -= cost;
        self.pay(cost);
    }

    /// The least time in which what was spent since the last call can be spent.
    pub(super) fn least_interval(&mut self) -> Duration {
        let spent = std::mem::take(&mut self.spent);
        self.rate.map_or(Duration::ZERO, |rate| {
            Duration::from_secs_f64((spent / rate).min(86_400.0))
        })
    }

    /// The rate, for telling why an interval is longer than wished.
    pub(super) fn rate(&self) -> Option<f64> {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_get_a_share_while_a_cycle_waits_and_cannot_use_it_up() {
        let mut budget = Budget::new(Some(10.0), Instant::now());
        assert!(!budget.has_room_beside(), "the cycle comes first");
        let mut beside = 0;
        for _ in 0..100 {
            budget.spend(1.0);
            while budget.has_room_beside() {
                budget.spend_beside(1.0);
                beside += 1;
            }
        }
        assert!((20..=26).contains(&beside), "{beside}");
        // What was saved up is bounded.
        (0..10_000).for_each(|_| budget.spend(1.0));
        let saved =
            std::iter::from_fn(|| budget.has_room_beside().then(|| budget.spend_beside(1.0)));
        assert!(saved.count() <= 51);
        assert!(Budget::new(None, Instant::now()).has_room_beside());
    }

    #[test]
    fn no_more_than_the_rate_is_sent_over_ten_seconds() {
        let start = Instant::now();
        let mut budget = Budget::new(Some(50.0), start);
        let (mut now, mut sent) = (start, 0);
        while now < start + Duration::from_secs(10) {
            let wait = budget.wait(now);
            if wait.is_zero() {
                budget.spend(2.0);
                sent += 2;
            } else {
                now += wait;
            }
        }
        assert!((500..=560).contains(&sent), "{sent}");
        assert!(budget.least_interval() >= Duration::from_secs(10));
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let mut budget = Budget::new(None, Instant::now());
        budget.spend(1e6);
        assert_eq!(budget.wait(Instant::now()), Duration::ZERO);
        assert_eq!(budget.least_interval(), Duration::ZERO);
    }
}
