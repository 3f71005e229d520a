//! Errors as a distribution, in bins of one part in a hundred: days of samples take little room.

/// The smallest error that is told apart, in seconds.
const LEAST: f64 = 0.01;
/// Bins for each factor of e.
const FINE: f64 = 100.0;

/// Errors of one method, in seconds.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    bins: Vec<u64>,
    greatest: f64,
    /// Samples for which the method gave no number.
    pub silent: u64,
}

impl Errors {
    /// Notes an estimate beside the truth, both in seconds.
    pub fn note(&mut self, estimate: Option<f64>, truth: f64) {
        let Some(estimate) = estimate else {
            self.silent += 1;
            return;
        };
        let error = (estimate - truth).abs();
        let bin = ((error / LEAST).ln_1p() * FINE) as usize;
        if bin >= self.bins.len() {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] += 1;
        self.greatest = self.greatest.max(error);
    }

    /// Takes in another's.
    pub fn add(&mut self, other: &Self) {
        if other.bins.len() > self.bins.len() {
            self.bins.resize(other.bins.len(), 0);
        }
        for (bin, more) in self.bins.iter_mut().zip(&other.bins) {
            *bin += more;
        }
        self.greatest = self.greatest.max(other.greatest);
        self.silent += other.silent;
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.bins.iter().sum()
    }

    /// The error that this share of the samples does not exceed.
    pub fn quantile(&self, share: f64) -> f64 {
        let count = self.count();
        if count == 0 {
            return f64::NAN;
        }
        let place = (share * (count - 1) as f64).round() as u64;
        let mut below = 0;
        let bin = self.bins.iter().position(|more| {
            below += more;
            below > place
        });
        let upper = |bin: usize| LEAST * ((bin + 1) as f64 / FINE).exp_m1();
        bin.map_or(self.greatest, upper).min(self.greatest)
    }
}
