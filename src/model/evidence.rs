//! The numbers that made a verdict, and the sentence that they make.
//!
//! Instants, not ages, are kept: the sentence is made when it is read.

use serde::{Deserialize, Serialize};

use super::id::Offset;
use super::reading::Why;
use super::time::{Span, Timestamp};

/// Why a status is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "because")]
pub enum Evidence {
    /// Records between the commit and the log start are gone.
    LostRecords {
        /// How many.
        lost: i64,
        /// The commit.
        committed_offset: Offset,
        /// The log start, now beyond it.
        log_start_offset: Offset,
        /// It was so when first seen: not an event, only a fact.
        at_first_sight: bool,
    },
    /// The commit lies beyond the log end.
    BeyondEnd {
        /// The commit.
        committed_offset: Offset,
        /// The log end.
        log_end_offset: Offset,
    },
    /// The commit has not moved while records are unread.
    NotMoved {
        /// The last time that it moved, or the first that it was seen.
        since: Timestamp,
        /// Unread records.
        effective_lag: i64,
        /// The silence that is taken as usual.
        usual_silence: Span,
        /// Whether a member owns the partition.
        owned: bool,
    },
    /// The last stable offset stands still while the log grows.
    HeldBack {
        /// Since when.
        since: Timestamp,
        /// Where it stands.
        last_stable_offset: Offset,
        /// Records written behind it.
        held: i64,
    },
    /// The commit went back.
    WentBack {
        /// When that was seen.
        at: Timestamp,
        /// From.
        from: Offset,
        /// To.
        to: Offset,
        /// It landed on the log start.
        to_log_start: bool,
    },
    /// Lag grows.
    Growing {
        /// Records a second by which lag grows.
        growth: f64,
        /// At least this, by the confidence interval.
        growth_low: f64,
        /// Over this window.
        window: Span,
    },
    /// Lag shrinks.
    Shrinking {
        /// Records a second by which lag shrinks.
        by: f64,
        /// Over this window.
        window: Span,
    },
    /// It is not known.
    NotKnown {
        /// Why.
        why: Why,
    },
    /// The group has members, none of which owns the partition.
    NoOwner {
        /// How many members there are.
        members: u32,
    },
    /// A group's verdict: how many of its partitions are that bad, and the first of them.
    Partitions {
        /// How many.
        count: u32,
        /// Of how many.
        of: u32,
        /// How many are unknown.
        unknown: u32,
        /// The evidence of the one with the most unread records among them.
        worst: Option<Box<Evidence>>,
    },
}

impl Evidence {
    /// The sentence, as of `now`.
    pub fn sentence(&self, now: Timestamp) -> String {
        match self {
            Self::LostRecords {
                lost,
                committed_offset,
                log_start_offset,
                at_first_sight,
            } => format!(
                "{lost} records from offset {committed_offset} on were deleted unread; the log now starts at {log_start_offset}{}",
                if *at_first_sight {
                    " (it was so when Laggard first looked)"
                } else {
                    ""
                }
            ),
            Self::BeyondEnd {
                committed_offset,
                log_end_offset,
            } => format!(
                "the committed offset {committed_offset} lies {} beyond the log end {log_end_offset}",
                committed_offset - log_end_offset
            ),
            Self::NotMoved {
                since,
                effective_lag,
                usual_silence,
                owned,
            } => format!(
                "no commit for {} with {effective_lag} records unread; {}, and pauses {} usual",
                since.age_at(now),
                if *owned {
                    "a member owns it"
                } else {
                    "nobody owns it"
                },
                if *usual_silence > Span::ZERO {
                    format!("of up to {usual_silence} are")
                } else {
                    "are not".to_owned()
                }
            ),
            Self::HeldBack {
                since,
                last_stable_offset,
                held,
            } => format!(
                "an open transaction has held the last stable offset at {last_stable_offset} for {}; {held} records wait behind it",
                since.age_at(now)
            ),
            Self::WentBack {
                at,
                from,
                to,
                to_log_start,
            } => format!(
                "the committed offset went back from {from} to {to}{} {} ago; {} records will be read again",
                if *to_log_start {
                    " (the log start)"
                } else {
                    ""
                },
                at.age_at(now),
                from - to
            ),
            Self::Growing {
                growth,
                growth_low,
                window,
            } => format!(
                "lag grows by {growth:.1} records/s (at least {growth_low:.1}) over the last {window}"
            ),
            Self::Shrinking { by, window } => {
                format!("lag shrinks by {by:.1} records/s over the last {window}")
            }
            Self::NotKnown { why } => format!("not known: {}", why.in_words()),
            Self::NoOwner { members } => {
                format!("the group has {members} members and none of them owns this partition")
            }
            Self::Partitions {
                count,
                of,
                unknown,
                worst,
            } => {
                let unknown = if *unknown > 0 {
                    format!(", {unknown} unknown")
                } else {
                    String::new()
                };
                let worst = worst
                    .as_ref()
                    .map_or_else(String::new, |e| format!(": {}", e.sentence(now)));
                format!("{count} of {of} partitions{unknown}{worst}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{NOW, ago};

    #[test]
    fn a_verdict_on_silence_says_what_is_usual_and_no_verdict_says_what_is_awaited() {
        let silent = |usual_silence: i64, owned| {
            Evidence::NotMoved {
                since: ago(720),
                effective_lag: 31,
                usual_silence: Span::from_secs(usual_silence),
                owned,
            }
            .sentence(NOW)
        };
        let told = "no commit for 12m with 31 records unread; a member owns it, and pauses of \
                    up to 40s are usual";
        assert_eq!(silent(40, true), told);
        let told = "no commit for 12m with 31 records unread; nobody owns it, and pauses are not \
                    usual";
        assert_eq!(silent(0, false), told);
        let unknown = |why| Evidence::NotKnown { why }.sentence(NOW);
        // No code stands where a person reads.
        let codes = [
            Why::NEVER_COMMITTED,
            Why::COMMIT_EXPIRED,
            Why::COMMIT_BEYOND_END,
            Why::STALE_FOR_EXCEEDED,
            Why::NOT_READ_YET,
            Why::WARMING,
            Why::LEARNING,
            Why::NO_ANSWER,
            Why::PROTOCOL,
            Why::TOO_FEW_POINTS,
            Why::NOT_VISIBLE,
            Why::BEFORE_HISTORY,
        ];
        for code in codes {
            let told = unknown(code.clone());
            assert!(!told.contains(code.as_str()), "{told}");
        }
        assert_eq!(
            unknown(Why::text("broker 2 is down")),
            "not known: broker 2 is down"
        );
    }
}
