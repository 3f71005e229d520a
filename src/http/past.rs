//! The past, from the flight recorder or the recording that is shown; and what has changed since a
//! generation.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::routes::{busy, error, room};
use crate::model::document::{Delta, Removed, removed};
use crate::model::{Generation, Snapshot, Span, Timestamp};
use crate::timeline::{TimelineError, history, snapshot_at};

/// Removals that are remembered.
const REMEMBERED: usize = 10_000;
/// What was seen is in the flight recorder after this long.
const WRITTEN_WITHIN: Duration = Duration::from_secs(3);
/// A history without `from` begins so long before its end.
const STRETCH: Span = Span::from_secs(3600);

/// What was removed lately, so that a reader who has an older snapshot can be told.
#[derive(Default)]
pub(super) struct Gone(Mutex<Log>);

#[derive(Default)]
struct Log {
    last: Option<Arc<Snapshot>>,
    /// It is whole from this generation on.
    from: u64,
    removals: VecDeque<(u64, Removed)>,
}

impl Gone {
    /// What has changed in `now` since a generation: all, if that cannot be told.
    pub(super) fn delta(&self, now: &Arc<Snapshot>, since: Option<Generation>) -> Delta {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.note(now);
        let known = since.filter(|s| {
            s.boot == now.generation.boot && (log.from..=now.generation.n).contains(&s.n)
        });
        match known {
            None => Delta::all(now),
            Some(since) => {
                let later = log.removals.iter().filter(|(n, _)| *n > since.n);
                let mut gone: Vec<Removed> = later.map(|(_, r)| r.clone()).collect();
                gone.sort_unstable();
                gone.dedup();
                Delta::since(now, since.n, gone)
            }
        }
    }
}

impl Log {
    fn note(&mut self, now: &Arc<Snapshot>) {
        let (boot, n) = (&now.generation.boot, now.generation.n);
        match &self.last {
            Some(last) if last.generation.boot == *boot && last.generation.n <= n => {
                for part in removed(last, now) {
                    self.removals.push_back((n, part));
                }
                while self.removals.len() > REMEMBERED {
                    if let Some((n, _)) = self.removals.pop_front() {
                        self.from = n;
                    }
                }
            }
            _ => {
                self.removals.clear();
                self.from = n;
            }
        }
        self.last = Some(Arc::clone(now));
    }
}

/// A generation as a reader names it: `BOOT-N`, as the ETag has it.
pub(super) fn generation(text: &str) -> Option<Generation> {
    let (boot, n) = text.trim_matches('"').rsplit_once('-')?;
    Some(Generation {
        boot: boot.into(),
        n: n.parse().ok()?,
    })
}

/// The snapshot at a time.
pub(super) async fn at(shared: &Arc<Shared>, at: Timestamp) -> Result<Arc<Snapshot>, Response> {
    let newest = shared.snapshot();
    let tape = shared.http.past.clone();
    // What is newer than all that is written is the newest there is.
    if at >= newest.at && at <= (shared.http.clock)() + Span::from_secs(1) {
        return Ok(newest);
    }
    let Some(tape) = tape else {
        return Err(no_past());
    };
    let look = || {
        let tape = tape.clone();
        tokio::task::spawn_blocking(move || snapshot_at(&tape, Some(at)))
    };
    let mut found = look().await;
    if matches!(found, Ok(Err(TimelineError::After { .. }))) && at < newest.at {
        // It has been seen, and is about to be written.
        tokio::time::sleep(WRITTEN_WITHIN).await;
        found = look().await;
    }
    match found {
        Ok(Ok((snapshot, _))) => Ok(snapshot),
        // It will be there: whoever asks again gets it.
        Ok(Err(TimelineError::After { .. } | TimelineError::Empty { .. })) if at < newest.at => {
            let text = "what was seen then is still being written; ask again in a second";
            Err(error(StatusCode::SERVICE_UNAVAILABLE, text))
        }
        Ok(Err(why)) => Err(refused(&why)),
        Err(broke) => Err(error(StatusCode::INTERNAL_SERVER_ERROR, &broke.to_string())),
    }
}

fn no_past() -> Response {
    let text = "there is no flight recorder: `laggard serve` keeps one when state_dir is set";
    error(StatusCode::NOT_FOUND, text)
}

fn refused(why: &TimelineError) -> Response {
    let status = match why {
        TimelineError::Open { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::NOT_FOUND,
    };
    error(status, &why.to_string())
}

/// `/api/v1/history`.
pub(super) async fn group_history(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let asked = match Asked::of(query) {
        Ok(asked) => asked,
        Err(text) => return error(StatusCode::BAD_REQUEST, &text),
    };
    let Some(tape) = shared.http.past.clone() else {
        return no_past();
    };
    let Some(room) = room(&shared) else {
        return busy();
    };
    let to = asked.to.unwrap_or_else(|| (shared.http.clock)());
    let from = asked.from.unwrap_or(to - STRETCH);
    let (cluster, group) = (asked.cluster, asked.group);
    let looking = tokio::task::spawn_blocking(move || {
        let points = history(&tape, cluster.as_deref(), &group, (from, to));
        drop(room);
        points.map(|points| {
            serde_json::json!({
                "group": group, "cluster": cluster, "from": from, "to": to, "points": points
            })
        })
    });
    match looking.await {
        Ok(Ok(found)) => axum::Json(found).into_response(),
        Ok(Err(why)) => refused(&why),
        Err(broke) => error(StatusCode::INTERNAL_SERVER_ERROR, &broke.to_string()),
    }
}

/// Of which group, from when to when.
#[derive(Default)]
struct Asked {
    cluster: Option<String>,
    group: String,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Asked {
    fn of(query: Vec<(String, String)>) -> Result<Self, String> {
        let mut asked = Self::default();
        let mut named = false;
        for (name, value) in query {
            match name.as_str() {
                "cluster" => asked.cluster = Some(value),
                "group" => (asked.group, named) = (value, true),
                "from" => asked.from = Some(time(&value)?),
                "to" => asked.to = Some(time(&value)?),
                _ => {
                    return Err(format!(
                        "unknown parameter `{name}`: there are `cluster`, `group`, `from` and `to`"
                    ));
                }
            }
        }
        if named {
            Ok(asked)
        } else {
            Err("which group? write `?group=NAME`".to_owned())
        }
    }
}

/// An instant in a query.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|e: crate::model::NotATime| e.to_string())
}
