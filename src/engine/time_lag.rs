//! Time lag of a row and of a group: brackets from the shared history of log ends.

use crate::model::{Method, Offset, Reading, TimeLag, Timestamp, Why};

use super::topic::Partition;

/// The time lag of a row whose effective lag is `lag`; `first_unread` is the offset of the oldest
/// record that it can still read.
pub(super) fn of_row(
    lag: &Reading<i64>,
    first_unread: Option<Offset>,
    log: Option<&Partition>,
) -> Reading<TimeLag> {
    let Some(value) = lag.value() else {
        return Reading::unknown(lag.why().cloned().unwrap_or(Why::NOT_READ_YET));
    };
    let found = if value == 0 {
        Some(TimeLag::CaughtUp)
    } else {
        first_unread.and_then(|offset| behind(offset, log?))
    };
    let Some(found) = found else {
        return Reading::unknown(Why::BEFORE_HISTORY);
    };
    match lag.stale_since() {
        Some(since) => Reading::stale(found, since, lag.why().cloned().unwrap_or(Why::NO_ANSWER)),
        None => Reading::Known(found),
    }
}

fn behind(offset: Offset, log: &Partition) -> Option<TimeLag> {
    let bracket = log.history.bracket(offset)?;
    Some(TimeLag::Behind {
        oldest_unread: bracket.guess,
        after: bracket.after,
        until: bracket.until,
        method: Method::Bracket,
    })
}

/// The oldest unread record over all of a group's partitions.
#[derive(Debug, Default)]
pub(super) struct Oldest {
    oldest: Option<(Timestamp, Option<Timestamp>, Timestamp, Method)>,
    known: bool,
    stale: Option<(Timestamp, Why)>,
    unknown: u32,
    parts: u32,
    why: Option<Why>,
}

impl Oldest {
    /// Adds a partition's.
    pub(super) fn add(&mut self, part: &Reading<TimeLag>) {
        self.parts += 1;
        match part.value() {
            None => {
                self.unknown += 1;
                self.why = self.why.take().or_else(|| part.why().cloned());
            }
            Some(TimeLag::CaughtUp) => self.known = true,
            Some(TimeLag::Behind {
                oldest_unread,
                after,
                until,
                method,
            }) => {
                self.known = true;
                self.oldest = Some(match self.oldest {
                    None => (oldest_unread, after, until, method),
                    Some((g, a, u, m)) => (
                        g.min(oldest_unread),
                        a.zip(after).map(|(x, y)| x.min(y)),
                        u.min(until),
                        if until < u { method } else { m },
                    ),
                });
            }
        }
        if let (true, Some(since)) = (part.is_stale(), part.stale_since()) {
            let why = part.why().cloned().unwrap_or(Why::NO_ANSWER);
            if self.stale.as_ref().is_none_or(|(s, _)| since < *s) {
                self.stale = Some((since, why));
            }
        }
    }

    /// The group's time lag.
    pub(super) fn reading(self) -> Reading<TimeLag> {
        if !self.known {
            return Reading::unknown(self.why.unwrap_or_else(|| Why::text("no partitions")));
        }
        let value = self.oldest.map_or(
            TimeLag::CaughtUp,
            |(oldest_unread, after, until, method)| TimeLag::Behind {
                oldest_unread,
                after,
                until,
                method,
            },
        );
        let mut reading = if self.unknown > 0 {
            let why = Why::text(format!(
                "{} of {} partitions unknown",
                self.unknown, self.parts
            ));
            Reading::at_least(value, why)
        } else {
            Reading::Known(value)
        };
        if let Some((since, why)) = self.stale {
            reading = reading.into_stale(since, why);
        }
        reading
    }
}
