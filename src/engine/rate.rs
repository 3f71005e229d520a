//! How fast a series of (time, value) moves.
//!
//! A robust slope with its confidence interval where it matters, a plain one elsewhere. Source:
//! Theil (1950), Sen (1968); the interval from the ranks by Kendall's variance
//! n(n−1)(2n+5)/18. Never an average of per-interval rates.

use crate::model::Span;

/// Over this window rates of a group are measured, `gap` being the typical one between commits:
/// clamp(5·g, 120 s, 3600 s). (Commits ten minutes apart make five points in no less.)
pub(super) fn window(gap: Span) -> Span {
    gap.times(5)
        .max(Span::from_secs(120))
        .min(Span::from_secs(3600))
}

/// Points closer than this need not be kept apart: a tenth of the window.
pub(super) fn spacing(gap: Span) -> Span {
    Span::from_millis(window(gap).as_millis() / 10)
}

/// A sample: seconds and value.
pub(super) type Sample = (f64, f64);

/// Value per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slope {
    /// The median of all pairs' slopes.
    pub(super) median: f64,
    /// The lower end of the 95 % interval.
    pub(super) low: f64,
    /// The upper end.
    pub(super) high: f64,
}

impl Slope {
    /// That of what stands.
    pub(super) const ZERO: Self = Self {
        median: 0.0,
        low: 0.0,
        high: 0.0,
    };
}

/// Fewest samples that give a slope with an interval.
pub(super) const ENOUGH: usize = 5;

/// Theil–Sen slope over `samples`; `None` below [`ENOUGH`] of them or with no spread in time.
pub(super) fn robust_slope(samples: &[Sample]) -> Option<Slope> {
    let n = samples.len();
    if n < ENOUGH {
        return None;
    }
    let mut slopes = Vec::with_capacity(n * (n - 1) / 2);
    for (i, a) in samples.iter().enumerate() {
        for b in &samples[i + 1..] {
            if b.0 > a.0 {
                slopes.push((b.1 - a.1) / (b.0 - a.0));
            }
        }
    }
    if slopes.is_empty() {
        return None;
    }
    slopes.sort_unstable_by(f64::total_cmp);
    let pairs = slopes.len() as f64;
    let n = n as f64;
    let half_width = 1.96 * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let rank = |r: f64| slopes[(r.max(0.0) as usize).min(slopes.len() - 1)];
    let middle = slopes.len() / 2;
    let median = if slopes.len().is_multiple_of(2) {
        f64::midpoint(slopes[middle - 1], slopes[middle])
    } else {
        slopes[middle]
    };
    Some(Slope {
        median,
        low: rank(((pairs - half_width) / 2.0).floor() - 1.0).min(median),
        high: rank(f64::midpoint(pairs, half_width).ceil()).max(median),
    })
}

/// Nine of ten lie within so many standard deviations.
const NINE_OF_TEN: f64 = 1.645;
/// What was seen for minutes is never surer than this share of it for the time to come.
const LEAST_UNSURE: f64 = 0.1;

/// How a series moves: its slope, and how it strays from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Course {
    pub(super) slope: Slope,
    /// As a random walk strays: variance a second.
    pub(super) wandering: f64,
    /// Over so many seconds this was seen.
    pub(super) seen: f64,
}

impl Course {
    /// That of what stands.
    pub(super) const STILL: Self = Self {
        slope: Slope::ZERO,
        wandering: 0.0,
        seen: 1.0,
    };

    /// The course of `samples`; `None` where there is no slope.
    pub(super) fn of(samples: &[Sample]) -> Option<Self> {
        let slope = robust_slope(samples)?;
        let (first, last) = (samples.first()?, samples.last()?);
        Some(Self {
            slope,
            wandering: wandering(samples, slope.median),
            seen: last.0 - first.0,
        })
    }

    /// Its slope over the coming `ahead` seconds, nine times of ten, if nothing changes: a random
    /// walk's drift is as unsure as σ·√(1/seen + 1/ahead), and no surer than the slope's own interval.
    pub(super) fn over(&self, ahead: f64) -> Slope {
        let Slope { median, low, high } = self.slope;
        let inverse = 1.0 / self.seen.max(1.0) + 1.0 / ahead.max(1.0);
        let unsure = NINE_OF_TEN * (self.wandering * inverse).sqrt();
        let unsure = unsure.max(LEAST_UNSURE * median.abs());
        Slope {
            median,
            low: low.min(median - unsure),
            high: high.max(median + unsure),
        }
    }
}

/// How widely a series strays from its slope, as a random walk does: variance a second. Taken over
/// steps from one sample to the next and over longer ones, whichever strays more: what comes in and
/// what is read go on being a little faster or slower for a while.
fn wandering(samples: &[Sample], slope: f64) -> f64 {
    let over = |step: usize| {
        let pairs = samples.iter().zip(samples.iter().skip(step));
        let (mut strayed, mut elapsed) = (0.0, 0.0);
        for (a, b) in pairs {
            strayed += (b.1 - a.1 - slope * (b.0 - a.0)).powi(2);
            elapsed += b.0 - a.0;
        }
        if elapsed > 0.0 {
            strayed / elapsed
        } else {
            0.0
        }
    };
    over(1).max(over((samples.len() / 3).max(1)))
}

/// With this decay rates are shown, `gap` being the typical one between commits: τ = max(60 s, 2·g),
/// in seconds.
pub(super) fn decay(gap: Span) -> f64 {
    gap.times(2).max(Span::from_secs(60)).as_secs_f64()
}

/// The rate to show: Σw·Δvalue / Σw·Δt over the stretches between samples, each weighted by
/// e^(−age/τ). Not an average of their rates.
pub(super) fn decayed_rate(samples: &[Sample], tau: f64) -> Option<f64> {
    let newest = samples.last()?.0;
    let (mut values, mut times) = (0.0, 0.0);
    for pair in samples.windows(2) {
        let weight = ((pair[1].0 - newest) / tau).exp();
        values += weight * (pair[1].1 - pair[0].1);
        times += weight * (pair[1].0 - pair[0].0);
    }
    (times > 0.0).then(|| values / times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_sample_does_not_bend_it() {
        let mut samples: Vec<Sample> = (0..20)
            .map(|t| (f64::from(t), f64::from(t) * 3.0))
            .collect();
        samples[7].1 = 1e9;
        let slope = robust_slope(&samples).unwrap();
        assert!((slope.median - 3.0).abs() < 1e-9);
        assert!(slope.low <= slope.median && slope.median <= slope.high);
    }

    #[test]
    fn noise_round_a_constant_is_not_growth() {
        let samples: Vec<Sample> = [4.0, 9.0, 2.0, 7.0, 5.0, 8.0, 3.0, 6.0, 4.0, 7.0]
            .into_iter()
            .enumerate()
            .map(|(t, v)| (t as f64 * 10.0, v))
            .collect();
        let slope = robust_slope(&samples).unwrap();
        assert!(slope.low < 0.0 && slope.high > 0.0, "{slope:?}");
    }

    #[test]
    fn the_shown_rate_follows_what_is_new() {
        let steady: Vec<Sample> = (0..10)
            .map(|t| (f64::from(t) * 7.0, f64::from(t) * 21.0))
            .collect();
        assert!((decayed_rate(&steady, 60.0).unwrap() - 3.0).abs() < 1e-9);
        let faster = [(0.0, 0.0), (60.0, 60.0), (120.0, 600.0)];
        let rate = decayed_rate(&faster, 60.0).unwrap();
        assert!((6.5..7.0).contains(&rate), "{rate}");
    }

    #[test]
    fn too_few_samples_give_none() {
        assert_eq!(robust_slope(&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]), None);
        assert_eq!(robust_slope(&[(1.0, 0.0); 6]), None);
        assert_eq!(decayed_rate(&[(1.0, 5.0)], 60.0), None);
    }
}
