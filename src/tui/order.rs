//! What the screen orders of a running `serve`: silences, their ends, marks. Who carries an order
//! out says later what came of it.

use std::sync::Arc;

use crate::model::{ClusterName, GroupId, Matcher, Span};

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Tell nobody of alerts that fulfil all of these.
    Silence {
        /// Conditions on labels, as Prometheus writes them.
        matchers: Vec<String>,
        /// For how long from now.
        during: Span,
        /// Why.
        why: String,
    },
    /// End these silences before their time.
    Expire {
        /// What they are called.
        ids: Vec<Arc<str>>,
    },
    /// Something is being done to a group on purpose.
    Mark {
        /// On which cluster.
        cluster: ClusterName,
        /// Which group.
        group: GroupId,
        /// For how long from now.
        during: Span,
        /// What is being done.
        why: String,
    },
}

/// What `:silence` was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    /// Conditions on labels; with none, those of what is selected.
    pub(super) matchers: Vec<Matcher>,
    /// For how long.
    pub(super) during: Span,
    /// Why.
    pub(super) why: String,
}

/// Understands `[MATCHER…] FOR WHY`.
///
/// # Errors
///
/// What is wrong, with what would be right.
pub(super) fn silence(mut rest: &str) -> Result<Wanted, String> {
    let mut matchers = Vec::new();
    loop {
        let (word, after) = first_word(rest);
        // No length of time holds one of these.
        if !word.contains(['=', '!']) {
            break;
        }
        let matcher = word.parse::<Matcher>().map_err(|e| e.to_string())?;
        matchers.push(matcher);
        rest = after;
    }
    let (during, why) = during_and_why(rest, "silence", "2h known, ticket 311")?;
    Ok(Wanted {
        matchers,
        during,
        why,
    })
}

/// Understands `FOR WHY`.
///
/// # Errors
///
/// What is wrong, with what would be right.
pub(super) fn during_and_why(
    rest: &str,
    command: &str,
    such_as: &str,
) -> Result<(Span, String), String> {
    let right = || format!("say for how long and why: :{command} {such_as}");
    let (during, why) = first_word(rest);
    let during = during.parse::<Span>().map_err(|_| right())?;
    if why.is_empty() || during <= Span::ZERO {
        return Err(right());
    }
    Ok((during, why.to_owned()))
}

/// The first word, with what it holds in quotation marks, and what follows.
fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let (mut quoted, mut escaped) = (false, false);
    let end = text.char_indices().find(|(_, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            c => return c.is_whitespace() && !quoted,
        }
        false
    });
    let (word, rest) = text.split_at(end.map_or(text.len(), |(i, _)| i));
    (word, rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_are_understood() {
        let hours = |n: i64| Span::from_secs(n * 3600);
        let wanted = silence("2h known, ticket 311").unwrap();
        assert_eq!(
            (wanted.during, &*wanted.why),
            (hours(2), "known, ticket 311")
        );
        assert!(wanted.matchers.is_empty());
        let wanted = silence("group=\"a \\\" b\"  owner!=ops 30m why = this").unwrap();
        let matchers: Vec<_> = wanted.matchers.iter().map(ToString::to_string).collect();
        assert_eq!(matchers, ["group=\"a \\\" b\"", "owner!=\"ops\""]);
        assert_eq!(
            (wanted.during, &*wanted.why),
            (Span::from_secs(1800), "why = this")
        );
    }

    #[test]
    fn what_is_missing_is_said() {
        let right = "say for how long and why: :silence 2h known, ticket 311";
        for wrong in ["", "2h", "2h  ", "soon why", "0s why", "-5m why"] {
            assert_eq!(silence(wrong).unwrap_err(), right, "{wrong}");
        }
        let wrong = silence("gro-up=x 2h why").unwrap_err();
        assert!(wrong.contains("is no label's name"), "{wrong}");
    }
}
