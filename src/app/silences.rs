//! Silences in the Alertmanagers that are told: made in each of them or in none.
//!
//! In: what was ordered, the Alertmanagers. Out: the same order with what the silence is called in
//! each, or why there is none. It waits for the network.

use crate::model::{Command, Elsewhere, Silence, Timestamp};
use crate::notify::Peers;

/// Makes or ends a silence in each Alertmanager. Other orders are none of theirs.
///
/// # Errors
///
/// When one of them cannot be asked, or refuses: what was made in others is ended again, and the
/// text says where it could not be.
pub(super) fn in_alertmanagers(
    command: Command,
    all: &[Peers],
    now: Timestamp,
) -> Result<Command, String> {
    match command {
        Command::Silence {
            id,
            matchers,
            until,
            why,
            author,
            ..
        } => {
            let silence = Silence {
                id,
                matchers,
                since: now,
                until,
                author,
                why,
                alertmanagers: Vec::new(),
            };
            let alertmanagers = create(&silence, all, now)?;
            Ok(Command::Silence {
                id: silence.id,
                matchers: silence.matchers,
                until,
                why: silence.why,
                author: silence.author,
                alertmanagers,
            })
        }
        Command::Expire {
            silence,
            author,
            alertmanagers,
        } => {
            for one in &alertmanagers {
                expire(one, all, now)?;
            }
            Ok(Command::Expire {
                silence,
                author,
                alertmanagers,
            })
        }
        other @ Command::Mark { .. } => Ok(other),
    }
}

fn create(silence: &Silence, all: &[Peers], now: Timestamp) -> Result<Vec<Elsewhere>, String> {
    let mut made: Vec<Elsewhere> = Vec::new();
    for peers in all {
        match peers.create(silence, now) {
            Ok(one) => {
                tracing::info!(receiver = %one.receiver, id = %one.id, "a silence was made in this Alertmanager");
                made.push(one);
            }
            Err(why) => {
                let mut text = format!(
                    "the Alertmanager `{}` did not take the silence, so there is none: {why}",
                    peers.name()
                );
                for one in made {
                    if let Err(why) = expire(&one, all, now) {
                        text.push_str("; it still stands in another: ");
                        text.push_str(&why);
                    }
                }
                return Err(text);
            }
        }
    }
    Ok(made)
}

/// Ends one. A receiver that is no longer configured is not asked: it is no longer told either.
fn expire(one: &Elsewhere, all: &[Peers], now: Timestamp) -> Result<(), String> {
    let Some(peers) = all.iter().find(|p| *p.name() == one.receiver) else {
        return Ok(());
    };
    let ended = peers.expire(&one.id, now);
    ended.map_err(|why| {
        format!(
            "the Alertmanager `{}` did not end the silence {}, which stands on: {why}",
            one.receiver, one.id
        )
    })
}

/// What stands in all of them, and what kept from asking one.
pub(super) fn listed(all: &[Peers], now: Timestamp) -> (Vec<Silence>, Vec<String>) {
    let (mut silences, mut warnings) = (Vec::new(), Vec::new());
    for peers in all {
        match peers.list(now) {
            Ok(some) => silences.extend(some),
            Err(why) => {
                let text = format!("the Alertmanager `{}` cannot be asked: {why}", peers.name());
                tracing::warn!("{text}");
                warnings.push(text);
            }
        }
    }
    (silences, warnings)
}
