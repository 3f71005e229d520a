//! Commands over HTTP: marks, silences, reload. Each is a `POST` with the bearer token of commands
//! and a JSON content type, on loopback too: no page that a browser shows can send one.
//!
//! In: a request. Out: an order to whoever carries it out, once it is understood. Nothing here
//! changes anything by itself.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::future::BoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::Shared;
use super::routes::error;
use crate::model::{
    ClusterName, Command, GroupId, Matcher, Secret, Silence, Snapshot, Span, Timestamp,
};

pub(super) const MARKS: &str = "/api/v1/marks";
pub(super) const SILENCES: &str = "/api/v1/silences";
pub(super) const RELOAD: &str = "/api/v1/reload";

/// A command that is larger is none.
const LARGEST: usize = 64 * 1024;
/// The longest mark and the longest silence.
const LONGEST: Span = Span::from_secs(400 * 24 * 3600);

/// Who carries out what is ordered.
pub trait Orders: Send + Sync {
    /// Makes an accepted command an observation and writes it into the audit log.
    fn command(&self, command: Command) -> BoxFuture<'_, Result<(), String>>;
    /// Reads the configuration anew. What is worth a note, or why the one before stays in force.
    fn reload<'a>(&'a self, by: &'a str) -> BoxFuture<'a, Result<Vec<String>, String>>;
    /// The silences that stand in Alertmanagers, whoever made them, and what kept from asking one.
    fn elsewhere(&self) -> BoxFuture<'_, (Vec<Silence>, Vec<String>)> {
        Box::pin(std::future::ready((Vec::new(), Vec::new())))
    }
}

/// Who may order, and who carries it out.
#[derive(Clone)]
pub struct Commands {
    /// What a client must know.
    pub token: Secret,
    /// Who carries it out.
    pub orders: Arc<dyn Orders>,
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(MARKS, get(marks).post(mark))
        .route(SILENCES, get(silences).post(silence))
        .route("/api/v1/silences/{id}/expire", post(expire))
        .route(RELOAD, post(reload))
        .layer(axum::extract::DefaultBodyLimit::max(LARGEST))
}

/// Whether a path takes commands: they are guarded by the token of commands alone.
pub(super) fn is_command(path: &str) -> bool {
    [MARKS, RELOAD].contains(&path) || path.starts_with(SILENCES)
}

async fn marks(State(shared): State<Arc<Shared>>) -> Response {
    success(&json!(shared.snapshot().notices.marks))
}

/// Those in force: Laggard's own, and those that somebody else made in an Alertmanager that it tells.
async fn silences(State(shared): State<Arc<Shared>>) -> Response {
    let mut all = shared.snapshot().notices.silences.clone();
    let (others, warnings) = others(&shared, &all).await;
    all.extend(others);
    let mut answer = json!({ "status": "success", "data": all });
    if !warnings.is_empty() {
        answer["warnings"] = json!(warnings);
    }
    Json(answer).into_response()
}

async fn others(shared: &Shared, ours: &[Silence]) -> (Vec<Silence>, Vec<String>) {
    let Some(commands) = &shared.http.commands else {
        return (Vec::new(), Vec::new());
    };
    let (mut there, warnings) = commands.orders.elsewhere().await;
    let known = |s: &Silence| {
        let mut ours = ours.iter().flat_map(|o| &o.alertmanagers);
        ours.any(|one| s.alertmanagers.contains(one))
    };
    there.retain(|s| !known(s));
    (there, warnings)
}

fn success(data: &serde_json::Value) -> Response {
    Json(json!({ "status": "success", "data": data })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    #[serde(default)]
    cluster: Option<ClusterName>,
    group: GroupId,
    #[serde(default, rename = "for")]
    during: Option<String>,
    #[serde(default)]
    until: Option<Timestamp>,
    why: String,
    author: String,
}

async fn mark(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    accept(&shared, &headers, &body, |asked: Mark, now| {
        let until = until(asked.during.as_deref(), asked.until, now)?;
        let (why, author) = (said("why", &asked.why)?, said("author", &asked.author)?);
        let note = unknown(&shared.snapshot(), asked.cluster.as_ref(), &asked.group);
        let command = Command::Mark {
            cluster: asked.cluster,
            group: asked.group,
            until,
            why,
            author,
        };
        Ok((command, json!({ "until": until, "note": note })))
    })
    .await
}

/// A mark may come before its group, but a misspelt one is worth a word.
fn unknown(snapshot: &Snapshot, cluster: Option<&ClusterName>, group: &GroupId) -> Option<String> {
    let mut groups = snapshot.groups();
    let there = groups
        .any(|(on, g)| g.group == *group && cluster.is_none_or(|wanted| on.cluster == *wanted));
    match (there, cluster) {
        (true, _) => None,
        (false, None) => Some(format!("no cluster has a group {group} now")),
        (false, Some(cluster)) => Some(format!("cluster {cluster} has no group {group} now")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    matchers: Vec<Matcher>,
    #[serde(default, rename = "for")]
    during: Option<String>,
    #[serde(default)]
    until: Option<Timestamp>,
    why: String,
    author: String,
}

async fn silence(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    accept(&shared, &headers, &body, |asked: Wanted, now| {
        let until = until(asked.during.as_deref(), asked.until, now)?;
        let (why, author) = (said("why", &asked.why)?, said("author", &asked.author)?);
        // As in Alertmanager: one that holds for every alert is a slip.
        let none = std::collections::BTreeMap::new();
        if asked.matchers.iter().all(|m| m.holds(&none)) {
            return Err("`matchers` must ask for something, for example group=\"billing\"".into());
        }
        let name = format!("{now} {until} {author} {why} {:?}", asked.matchers);
        let id: Arc<str> = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
            .to_string()
            .into();
        let answer = json!({ "id": id, "until": until });
        let command = Command::Silence {
            id,
            matchers: asked.matchers,
            until,
            why,
            author,
            alertmanagers: Vec::new(),
        };
        Ok((command, answer))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct By {
    author: String,
}

async fn expire(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let silence = match is_allowed(&shared, &headers) {
        Ok(_) => found(&shared, &id).await,
        Err(refused) => return refused,
    };
    let Some(silence) = silence else {
        return error(StatusCode::NOT_FOUND, "no such silence is in force");
    };
    accept(&shared, &headers, &body, |asked: By, _| {
        let expire = Command::Expire {
            author: said("author", &asked.author)?,
            silence: silence.id,
            alertmanagers: silence.alertmanagers,
        };
        Ok((expire, json!({})))
    })
    .await
}

/// The silence of this id, ours or somebody else's in an Alertmanager.
async fn found(shared: &Shared, id: &str) -> Option<Silence> {
    let ours = shared.snapshot().notices.silences.clone();
    if let Some(silence) = ours.iter().find(|s| *s.id == *id) {
        return Some(silence.clone());
    }
    let (others, _) = others(shared, &ours).await;
    others.into_iter().find(|s| *s.id == *id)
}

async fn reload(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let (commands, asked): (_, By) = match understood(&shared, &headers, &body) {
        Ok(both) => both,
        Err(refused) => return refused,
    };
    match commands.orders.reload(&asked.author).await {
        Ok(notes) => success(&json!({ "notes": notes })),
        Err(why) => error(StatusCode::UNPROCESSABLE_ENTITY, &why),
    }
}

/// Carries out what a request orders, if it may and can be understood.
async fn accept<T: DeserializeOwned>(
    shared: &Shared,
    headers: &HeaderMap,
    body: &[u8],
    order: impl FnOnce(T, Timestamp) -> Result<(Command, serde_json::Value), String>,
) -> Response {
    let (commands, asked) = match understood(shared, headers, body) {
        Ok(both) => both,
        Err(refused) => return refused,
    };
    let (command, answer) = match order(asked, (shared.http.clock)()) {
        Ok(both) => both,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, &wrong),
    };
    match commands.orders.command(command).await {
        Ok(()) => success(&answer),
        Err(why) => error(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

/// The request's body, if it may order anything at all.
#[allow(clippy::result_large_err)]
fn understood<T: DeserializeOwned>(
    shared: &Shared,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Commands, T), Response> {
    let commands = is_allowed(shared, headers)?;
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let kind = kind.map(|k| k.split(';').next().unwrap_or(k).trim());
    if !kind.is_some_and(|k| k.eq_ignore_ascii_case("application/json")) {
        let text = "send it with the header Content-Type: application/json";
        return Err(error(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let asked =
        serde_json::from_slice(body).map_err(|e| error(StatusCode::BAD_REQUEST, &e.to_string()))?;
    Ok((commands, asked))
}

#[allow(clippy::result_large_err)]
fn is_allowed(shared: &Shared, headers: &HeaderMap) -> Result<Commands, Response> {
    let Some(commands) = &shared.http.commands else {
        let text = "no commands are taken here: only `laggard serve` takes them, with http.token \
                    or a state_dir that it can keep a token in";
        return Err(error(StatusCode::FORBIDDEN, text));
    };
    let given = headers
        .get(AUTHORIZATION)
        .map(axum::http::HeaderValue::as_bytes);
    let given = given.and_then(|v| {
        let (scheme, rest) = v.split_at_checked(7)?;
        let bearer = scheme.eq_ignore_ascii_case(b"bearer ");
        bearer.then_some(rest.trim_ascii())
    });
    let right = |given: &[u8]| bool::from(given.ct_eq(commands.token.reveal().as_bytes()));
    if given.is_some_and(right) {
        return Ok(commands.clone());
    }
    let text = "commands need the header Authorization: Bearer TOKEN, with the token of http.token \
                or of the file `token` in the state directory";
    let mut refused = error(StatusCode::UNAUTHORIZED, text);
    let bearer = axum::http::HeaderValue::from_static("Bearer");
    refused.headers_mut().insert(WWW_AUTHENTICATE, bearer);
    Err(refused)
}

/// The end, as a length from now or as an instant.
fn until(
    during: Option<&str>,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<Timestamp, String> {
    let end = match (during, until) {
        (Some(during), None) => now + during.parse::<Span>().map_err(|e| format!("`for`: {e}"))?,
        (None, Some(until)) => until,
        _ => return Err("say `for`, as \"10m\", or `until`, as a time, and not both".into()),
    };
    if end <= now {
        return Err("it would be over already".to_owned());
    }
    if end - now > LONGEST {
        return Err(format!("it would last longer than {LONGEST}"));
    }
    Ok(end)
}

/// A text that must say something.
fn said(name: &str, text: &str) -> Result<Arc<str>, String> {
    let text = text.trim();
    if text.is_empty() || text.len() > 1000 {
        return Err(format!(
            "`{name}` must say something, in 1000 bytes at the most"
        ));
    }
    Ok(text.into())
}
