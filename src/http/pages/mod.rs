//! Pages for people: server-rendered, readable on a phone, no script, nothing from afar.
//!
//! In: the newest snapshot. Out: HTML. A name from Kafka is text, never markup.

mod chart;
mod course;
mod group;
mod html;
mod index;
mod notes;
mod numbers;
mod partitions;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(front))
        .route("/groups", get(of_any_group))
        .route("/groups/{cluster}/{group}", get(of_group))
}

async fn front(State(shared): State<Arc<Shared>>) -> Response {
    let (snapshot, options) = (shared.snapshot(), &shared.http.options);
    let page = index::page(&snapshot, &options.source);
    answer(StatusCode::OK, page)
}

async fn of_group(
    State(shared): State<Arc<Shared>>,
    Path((cluster, group)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    page(&shared, &headers, "../../", &cluster, &group)
}

/// The same, for names that no path can hold.
async fn of_any_group(
    State(shared): State<Arc<Shared>>,
    Query(named): Query<Named>,
    headers: HeaderMap,
) -> Response {
    page(&shared, &headers, "./", &named.cluster, &named.group)
}

/// Which group.
#[derive(serde::Deserialize)]
struct Named {
    cluster: String,
    group: String,
}

fn page(shared: &Shared, headers: &HeaderMap, up: &str, cluster: &str, group: &str) -> Response {
    let snapshot = shared.snapshot();
    let found = snapshot.cluster(cluster);
    let Some((cluster, group)) = found.and_then(|c| c.group(group).map(|g| (c, g))) else {
        let status = match group::missing(&snapshot, cluster, group) {
            Some(_) => StatusCode::OK,
            None => StatusCode::NOT_FOUND,
        };
        return answer(status, group::lost(&snapshot, (cluster, group), up));
    };
    let url = address(headers, shared);
    let page = group::Page {
        snapshot: &snapshot,
        cluster,
        group,
        up,
        url: url.as_deref(),
    };
    answer(StatusCode::OK, page.html())
}

/// Where whoever asks has found this server, as far as the request tells.
fn address(headers: &HeaderMap, shared: &Shared) -> Option<String> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let behind_tls = headers
        .get("x-forwarded-proto")
        .is_some_and(|p| p == "https");
    let scheme = if behind_tls || shared.http.web.is_tls() {
        "https"
    } else {
        "http"
    };
    Some(format!("{scheme}://{host}{}", shared.http.prefix))
}

fn answer(status: StatusCode, page: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            HeaderName::from_static("content-security-policy"),
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
        ),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
    ];
    (status, headers, page).into_response()
}
