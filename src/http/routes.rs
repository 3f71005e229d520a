//! Which path gives what. GETs only.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::OwnedSemaphorePermit;

use super::body::streamed;
use super::{Shared, index};
use crate::catalog::internal;
use crate::export::prometheus;
use crate::model::document::{Narrow, to_json};
use crate::model::{Generation, Snapshot};

/// Says what the snapshots come from; it is not part of them.
const SOURCE: HeaderName = HeaderName::from_static("laggard-source");

/// What there is.
const PATHS: [&str; 5] = ["/", "/metrics", "/healthz", "/readyz", "/api/v1/snapshot"];

pub(super) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/api/v1/snapshot", get(snapshot))
        .fallback(|| async {
            (
                StatusCode::NOT_FOUND,
                "no such page; / lists what there is\n",
            )
        })
        .layer(middleware::from_fn(count))
        .with_state(shared)
}

/// Counts what is answered. Paths that nobody serves share a label: anyone can invent them.
async fn count(request: Request, next: Next) -> Response {
    let asked = request.uri().path();
    let path = PATHS.into_iter().find(|p| *p == asked).unwrap_or("other");
    let response = next.run(request).await;
    let code = response.status().as_str().to_owned();
    metrics::counter!(internal::HTTP_REQUESTS, "path" => path, "code" => code).increment(1);
    response
}

async fn front(State(shared): State<Arc<Shared>>) -> Response {
    let page = index::page(&shared.snapshot(), &shared.http.options.source);
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            HeaderName::from_static("content-security-policy"),
            "default-src 'none'; style-src 'unsafe-inline'",
        ),
    ];
    (headers, page).into_response()
}

async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let waiting = shared.waiting_for();
    if waiting.is_empty() {
        return "ready\n".into_response();
    }
    let text = format!("waiting for {}\n", waiting.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let Some(room) = room(&shared) else {
        return busy();
    };
    let body = {
        let shared = Arc::clone(&shared);
        let snapshot = shared.snapshot();
        let internals = (shared.http.internals)();
        let abort = shared.abort.clone();
        let write = move |out: &mut dyn std::io::Write| {
            prometheus::write(&snapshot, &shared.http.options, &internals, out)
        };
        streamed(write, room, abort)
    };
    ([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], body).into_response()
}

/// Room for one more large body, if there is any.
fn room(shared: &Shared) -> Option<OwnedSemaphorePermit> {
    Arc::clone(&shared.room).try_acquire_owned().ok()
}

fn busy() -> Response {
    metrics::counter!(internal::HTTP_BUSY).increment(1);
    let text = "enough of these are being sent already; try again in a second\n";
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], text).into_response()
}

async fn snapshot(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let narrow = match narrow(query) {
        Ok(narrow) => narrow,
        Err(unknown) => return error(StatusCode::BAD_REQUEST, &unknown),
    };
    let whole = shared.snapshot();
    let part = narrow.apply(&whole);
    if let Some(missing) = missing(&narrow, &part) {
        return error(StatusCode::NOT_FOUND, &missing);
    }
    let tag = tag(&whole.generation);
    if tag.is_some() && headers.get(IF_NONE_MATCH) == tag.as_ref() {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let Some(room) = room(&shared) else {
        return busy();
    };
    let body = streamed(move |out| to_json(&part, out), room, shared.abort.clone());
    let mut response = ([(CONTENT_TYPE, "application/json")], body).into_response();
    let source = HeaderValue::from_str(&shared.http.options.source).ok();
    for (name, value) in [(ETAG, tag), (SOURCE, source)] {
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

/// `?cluster=` and `?group=`, each as often as one likes.
fn narrow(query: Vec<(String, String)>) -> Result<Narrow, String> {
    let mut narrow = Narrow::default();
    for (name, value) in query {
        match name.as_str() {
            "cluster" => _ = narrow.clusters.insert(value.into()),
            "group" => _ = narrow.groups.insert(value.into()),
            _ => {
                return Err(format!(
                    "unknown parameter `{name}`: there are `cluster` and `group`"
                ));
            }
        }
    }
    Ok(narrow)
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

fn error(status: StatusCode, text: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "error": text }))).into_response()
}
