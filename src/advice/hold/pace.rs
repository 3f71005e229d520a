//! What members of a group were seen to read, each: the most that lasted.

use serde::{Deserialize, Serialize};

use crate::advice::situation::{Capacity, Situation};
use crate::model::{GroupSnapshot, Span, Timestamp};

/// A rate counts if it lasted so long: batches of commits make short peaks.
const LASTS: Span = Span::from_secs(300);
/// After this long, what was seen once counts half.
const FADES: Span = Span::from_secs(3 * 24 * 3600);
/// Members do clearly less than before if they can do less than this share of it.
const CLEARLY: f64 = 0.9;

/// The pace of the median member.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pace {
    /// Since when this stretch goes, and the least that was read in it.
    stretch: Option<(Timestamp, f64)>,
    /// The least of the fastest stretch, and its end.
    most: Option<(Timestamp, f64)>,
}

impl Pace {
    /// Takes in what members read now.
    pub(super) fn note(&mut self, group: &GroupSnapshot, at: Timestamp) {
        let Some(rate) = median(group) else {
            self.stretch = None;
            return;
        };
        let (since, least) = self.stretch.unwrap_or((at, rate));
        let least = least.min(rate);
        if since.age_at(at) < LASTS {
            self.stretch = Some((since, least));
            return;
        }
        self.stretch = Some((at, rate));
        if self.faded(at).is_none_or(|most| least >= most) {
            self.most = Some((at, least));
        }
    }

    fn faded(&self, now: Timestamp) -> Option<f64> {
        let (at, most) = self.most?;
        let halvings = at.age_at(now).as_secs_f64() / FADES.as_secs_f64();
        Some(most * 0.5_f64.powf(halvings))
    }

    /// What they were seen to read, if that is clearly more than they can now.
    pub(super) fn faster(&self, group: &GroupSnapshot, now: Timestamp) -> Option<f64> {
        let faded = self.faded(now)?;
        let Capacity::Seen(able) = Situation::able(group) else {
            return None;
        };
        let (_, most) = self.most?;
        (able < CLEARLY * faded).then_some(most)
    }
}

/// Records a second that the median member reads.
fn median(group: &GroupSnapshot) -> Option<f64> {
    let rates = group.loads.iter().map(|l| l.consume_rate.known());
    let mut rates: Vec<f64> = rates.flatten().filter(|rate| *rate > 0.0).collect();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len().saturating_sub(1) / 2).copied()
}
