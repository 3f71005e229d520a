//! Which path gives what. GETs, and the commands' own POSTs.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER,
    VARY, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::OwnedSemaphorePermit;

use super::body::{gzipped, streamed};
use super::{Shared, advised, alerts, burrow, commands, pages, past};
use crate::catalog::{Scope, internal};
use crate::export::prometheus::{self, Format};
use crate::model::document::{Narrow, to_json};
use crate::model::{Generation, Snapshot, Timestamp};

/// Says what the snapshots come from; it is not part of them.
const SOURCE: HeaderName = HeaderName::from_static("laggard-source");
/// Which Laggard answers, and when by its own clock: for those that are attached.
const VERSION: HeaderName = HeaderName::from_static("laggard-version");
const TIME: HeaderName = HeaderName::from_static("laggard-time");

/// What there is.
const PATHS: [&str; 11] = [
    "/",
    "/metrics",
    "/healthz",
    "/readyz",
    "/api/v1/snapshot",
    "/api/v1/history",
    advised::PATH,
    alerts::ALERTS,
    alerts::RULES,
    commands::MARKS,
    commands::RELOAD,
];
/// What there is below.
const BELOW: [&str; 3] = ["/groups", "/v3/kafka", commands::SILENCES];

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(pages::routes())
        .merge(burrow::routes())
        .merge(commands::routes())
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/api/v1/snapshot", get(snapshot))
        .route("/api/v1/history", get(past::group_history))
        .route(advised::PATH, get(advised::advised))
        .route(alerts::ALERTS, get(alerts::alerts))
        .route(alerts::RULES, get(alerts::rules))
        .fallback(|| async {
            (
                StatusCode::NOT_FOUND,
                "no such page; / lists what there is\n",
            )
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), admit))
        .layer(middleware::from_fn(count))
        .with_state(shared)
}

/// Counts what is answered. Paths that nobody serves share a label: anyone can invent them.
async fn count(request: Request, next: Next) -> Response {
    let asked = request.uri().path();
    let below = BELOW.into_iter().filter(|p| asked.starts_with(p));
    let mut path = PATHS.into_iter().filter(|p| *p == asked).chain(below);
    let path = path.next().unwrap_or("other");
    let response = next.run(request).await;
    let code = response.status().as_str().to_owned();
    metrics::counter!(internal::HTTP_REQUESTS, "path" => path, "code" => code).increment(1);
    response
}

/// Lets in who may come in. Health is for anyone: it tells nothing, and probes have no password.
async fn admit(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    // A command brings a token of its own.
    let command = request.method() == Method::POST && commands::is_command(path);
    let open = command || matches!(path, "/healthz" | "/readyz");
    let web = &shared.http.web;
    let mut response = match &web.gate {
        Some(gate) if !open && !gate.admits(request.headers()).await => {
            let ask = [(WWW_AUTHENTICATE, gate.challenge())];
            (StatusCode::UNAUTHORIZED, ask, "unauthorized\n").into_response()
        }
        _ => next.run(request).await,
    };
    for (name, value) in &web.headers {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response
}

/// Alive, whatever Kafka does; what keeps Laggard from telling anybody stands beside it.
async fn health(State(shared): State<Arc<Shared>>) -> String {
    let snapshot = shared.snapshot();
    let issues = snapshot.notices.issues.iter();
    let lines = issues.map(|i| format!("{}: {}\n", i.subject, i.text.replace('\n', " ")));
    std::iter::once("ok\n".to_owned()).chain(lines).collect()
}

async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let waiting = shared.waiting_for();
    if waiting.is_empty() {
        return "ready\n".into_response();
    }
    let text = format!("waiting for {}\n", waiting.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let Some(room) = room(&shared) else {
        return busy();
    };
    let accept = |name| {
        headers
            .get(name)
            .and_then(|v: &HeaderValue| v.to_str().ok())
    };
    let format = accept(ACCEPT).map_or(Format::Text, Format::accepted);
    let gzip = accept(ACCEPT_ENCODING).is_some_and(takes_gzip);
    let body = {
        let shared = Arc::clone(&shared);
        let snapshot = shared.snapshot();
        let internals = (shared.http.internals)();
        let abort = shared.abort.clone();
        let write = move |out: &mut dyn std::io::Write| {
            let scope = Scope::new(&snapshot, &shared.http.options);
            gzipped(gzip, out, |out| {
                prometheus::write(&scope, format, &internals, out)
            })
        };
        streamed(write, room, abort)
    };
    let head = [
        (CONTENT_TYPE, format.content_type()),
        (VARY, "Accept, Accept-Encoding"),
    ];
    let mut response = (head, body).into_response();
    if gzip {
        let value = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, value);
    }
    response
}

/// Whether an `Accept-Encoding` header takes gzip.
fn takes_gzip(header: &str) -> bool {
    header.split(',').any(|item| {
        let (coding, rest) = item.split_once(';').unwrap_or((item, ""));
        let refused = rest.trim().strip_prefix("q=").map(str::trim);
        let refused = refused.is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
        matches!(coding.trim(), "gzip" | "*") && !refused
    })
}

/// Room for one more large body, if there is any.
pub(super) fn room(shared: &Shared) -> Option<OwnedSemaphorePermit> {
    Arc::clone(&shared.room).try_acquire_owned().ok()
}

pub(super) fn busy() -> Response {
    metrics::counter!(internal::HTTP_BUSY).increment(1);
    let text = "enough of these are being sent already; try again in a second\n";
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], text).into_response()
}

async fn snapshot(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let wanted = match Wanted::of(query) {
        Ok(wanted) => wanted,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, &wrong),
    };
    let Some(room) = room(&shared) else {
        return busy();
    };
    let whole = match wanted.at {
        None => shared.snapshot(),
        Some(at) => match past::at(&shared, at).await {
            Ok(then) => then,
            Err(refused) => return refused,
        },
    };
    if let Some(since) = &wanted.since {
        let mut delta = shared.gone.delta(&whole, past::generation(since));
        delta.changed = wanted.narrow.apply(&delta.changed);
        let body = streamed(move |out| delta.to_json(out), room, shared.abort.clone());
        return document(body, None, &shared);
    }
    let part = wanted.narrow.apply(&whole);
    if let Some(missing) = missing(&wanted.narrow, &part) {
        return error(StatusCode::NOT_FOUND, &missing);
    }
    let tag = tag(&whole.generation);
    if tag.is_some() && headers.get(IF_NONE_MATCH) == tag.as_ref() {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let body = streamed(move |out| to_json(&part, out), room, shared.abort.clone());
    document(body, tag, &shared)
}

fn document(body: axum::body::Body, tag: Option<HeaderValue>, shared: &Shared) -> Response {
    let mut response = ([(CONTENT_TYPE, "application/json")], body).into_response();
    let source = HeaderValue::from_str(&shared.http.options.source).ok();
    let version = HeaderValue::from_static(env!("CARGO_PKG_VERSION"));
    let time = HeaderValue::from_str(&(shared.http.clock)().to_string()).ok();
    let all = [
        (ETAG, tag),
        (SOURCE, source),
        (VERSION, Some(version)),
        (TIME, time),
    ];
    for (name, value) in all {
        if let Some(value) = value {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Names a generation, so that a client that has it already need not fetch it again.
fn tag(generation: &Generation) -> Option<HeaderValue> {
    let boot = generation.boot.as_str();
    HeaderValue::from_str(&format!("\"{boot}-{}\"", generation.n)).ok()
}

/// `?cluster=` and `?group=`, each as often as one likes; `?at=` and `?since=`.
#[derive(Default)]
struct Wanted {
    narrow: Narrow,
    at: Option<Timestamp>,
    since: Option<String>,
}

impl Wanted {
    fn of(query: Vec<(String, String)>) -> Result<Self, String> {
        let mut wanted = Self::default();
        for (name, value) in query {
            match name.as_str() {
                "cluster" => _ = wanted.narrow.clusters.insert(value.into()),
                "group" => _ = wanted.narrow.groups.insert(value.into()),
                "at" => wanted.at = Some(past::time(&value)?),
                "since" => wanted.since = Some(value),
                _ => {
                    return Err(format!(
                        "unknown parameter `{name}`: there are `cluster`, `group`, `at` and `since`"
                    ));
                }
            }
        }
        if wanted.at.is_some() && wanted.since.is_some() {
            return Err("`at` and `since` cannot be used together".to_owned());
        }
        Ok(wanted)
    }
}

/// What was asked for by name and is not there.
fn missing(narrow: &Narrow, part: &Snapshot) -> Option<String> {
    let clusters: BTreeSet<_> = part.clusters.iter().map(|c| &c.cluster).collect();
    if let Some(cluster) = narrow.clusters.iter().find(|c| !clusters.contains(c)) {
        return Some(format!("no such cluster: {cluster}"));
    }
    let groups: BTreeSet<_> = part.groups().map(|(_, g)| &g.group).collect();
    let group = narrow.groups.iter().find(|g| !groups.contains(g))?;
    Some(format!("no such group: {group}"))
}

pub(super) fn error(status: StatusCode, text: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "error": text }))).into_response()
}
