//! Errors as a distribution.

/// Errors of one method, in seconds.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    all: Vec<f32>,
    /// Samples for which the method gave no number.
    pub silent: u64,
}

impl Errors {
    /// Notes an estimate beside the truth, both in seconds.
    pub fn note(&mut self, estimate: Option<f64>, truth: f64) {
        match estimate {
            Some(estimate) => self.all.push((estimate - truth).abs() as f32),
            None => self.silent += 1,
        }
    }

    /// Takes in another's.
    pub fn add(&mut self, other: &Self) {
        self.all.extend_from_slice(&other.all);
        self.silent += other.silent;
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The error that this share of the samples does not exceed.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.all.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let place = (share * last as f64).round() as usize;
        sorted.get(place).map_or(f64::NAN, |e| f64::from(*e))
    }
}
