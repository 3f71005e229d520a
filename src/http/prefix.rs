//! Paths behind a proxy: what they begin with is taken off before they are routed.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};

/// `router` under `prefix`, which is empty or like `/a/b`.
pub(super) fn under(prefix: &str, router: Router) -> Router {
    if prefix.is_empty() {
        return router;
    }
    let strip = middleware::from_fn_with_state(Arc::from(prefix), strip);
    Router::new().fallback_service(router).layer(strip)
}

async fn strip(State(prefix): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let front = || Redirect::temporary(&format!("{prefix}/")).into_response();
    let Some(rest) = path.strip_prefix(&*prefix) else {
        return if path == "/" { front() } else { lost(&prefix) };
    };
    if rest.is_empty() {
        return front();
    }
    if !rest.starts_with('/') {
        return lost(&prefix);
    }
    let query = request
        .uri()
        .query()
        .map_or_else(String::new, |q| format!("?{q}"));
    match format!("{rest}{query}").parse::<Uri>() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => return lost(&prefix),
    }
    next.run(request).await
}

fn lost(prefix: &str) -> Response {
    let text = format!("no such page; all pages begin with {prefix}/\n");
    (StatusCode::NOT_FOUND, text).into_response()
}
