//! Rates as they are shown: no surer and no newer than the offsets that they were worked out of.
//!
//! In: rates in records a second, and the offsets behind them. Out: readings, and sums of them.

use crate::model::{Offset, Reading, Timestamp, Why};

/// A rate that is known, or waits for more points.
pub(super) fn rate_reading(rate: Option<f64>) -> Reading<f64> {
    rate.map_or_else(|| Reading::unknown(Why::TOO_FEW_POINTS), Reading::Known)
}

/// A rate that was worked out of an offset that may be stale, or unknown by now: it is as old.
pub(super) fn as_sure_as(rate: Reading<f64>, offset: &Reading<Offset>) -> Reading<f64> {
    let why = || offset.why().cloned().unwrap_or(Why::NO_ANSWER);
    if offset.value().is_none() {
        return Reading::unknown(why());
    }
    match offset.stale_since() {
        Some(since) if offset.is_stale() => rate.into_stale(since, why()),
        _ => rate,
    }
}

/// A sum of rates: as old as its oldest part, and unknown if one is.
#[derive(Debug, Default)]
pub(super) struct RateSum {
    sum: f64,
    stale: Option<(Timestamp, Why)>,
    unknown: Option<Why>,
}

impl RateSum {
    /// Adds a part.
    pub(super) fn add(&mut self, part: &Reading<f64>) {
        let why = || part.why().cloned().unwrap_or(Why::NO_ANSWER);
        match part.value() {
            Some(rate) => self.sum += rate,
            None => self.unknown = self.unknown.take().or_else(|| Some(why())),
        }
        if let (true, Some(since)) = (part.is_stale(), part.stale_since())
            && self.stale.as_ref().is_none_or(|(s, _)| since < *s)
        {
            self.stale = Some((since, why()));
        }
    }

    /// Whether all is known to stand still.
    pub(super) fn is_still(&self) -> bool {
        self.unknown.is_none() && self.sum == 0.0
    }

    /// The sum.
    pub(super) fn reading(self) -> Reading<f64> {
        match (self.unknown, self.stale) {
            (Some(why), _) => Reading::unknown(why),
            (None, Some((since, why))) => Reading::Known(self.sum).into_stale(since, why),
            (None, None) => Reading::Known(self.sum),
        }
    }
}
