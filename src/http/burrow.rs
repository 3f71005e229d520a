//! Burrow's HTTP API, version 3: what scripts and dashboards ask of it, answered from the snapshot.
//!
//! In: a cluster's, topic's or group's name in the path. Out: Burrow's JSON. What Burrow keeps and
//! Laggard does not (a window of single commits) is `null`, never made up.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Shared;
use crate::catalog::burrow::{WORDS, of_group, of_partition};
use crate::model::{ClusterSnapshot, GroupSnapshot, PartitionView, Snapshot, Status};

type Shareds = State<Arc<Shared>>;

/// What a request was: Burrow repeats it in each answer.
#[derive(Clone)]
struct Asked(Value);

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v3/kafka", get(clusters))
        .route("/v3/kafka/{cluster}", get(cluster))
        .route("/v3/kafka/{cluster}/topic", get(topics))
        .route("/v3/kafka/{cluster}/topic/{topic}", get(topic))
        .route("/v3/kafka/{cluster}/topic/{topic}/consumers", get(readers))
        .route("/v3/kafka/{cluster}/consumer", get(consumers))
        .route("/v3/kafka/{cluster}/consumer/{group}", get(consumer))
        .route("/v3/kafka/{cluster}/consumer/{group}/status", get(status))
        .route("/v3/kafka/{cluster}/consumer/{group}/lag", get(lag))
        .layer(middleware::from_fn(remember))
}

/// Puts the request into the answer.
async fn remember(request: Request, next: Next) -> Response {
    let host = request.headers().get("host").and_then(|h| h.to_str().ok());
    let asked = json!({ "url": request.uri().path(), "host": host.unwrap_or_default() });
    let mut response = next.run(request).await;
    let Some(Asked(mut body)) = response.extensions_mut().remove() else {
        return response;
    };
    body["request"] = asked;
    (response.status(), Json(body)).into_response()
}

fn answer(status: StatusCode, body: Value) -> Response {
    let mut response = status.into_response();
    response.extensions_mut().insert(Asked(body));
    response
}

fn found(message: &str, key: &str, value: Value) -> Response {
    let mut body = json!({ "error": false, "message": message });
    body[key] = value;
    answer(StatusCode::OK, body)
}

fn lost(message: &str) -> Response {
    let body = json!({ "error": true, "message": message });
    answer(StatusCode::NOT_FOUND, body)
}

fn in_cluster(
    shared: &Shared,
    name: &str,
    then: impl FnOnce(&Snapshot, &ClusterSnapshot) -> Response,
) -> Response {
    let snapshot = shared.snapshot();
    match snapshot.cluster(name) {
        Some(cluster) => then(&snapshot, cluster),
        None => lost("cluster not found"),
    }
}

async fn clusters(State(shared): Shareds) -> Response {
    let snapshot = shared.snapshot();
    let names: Vec<_> = snapshot
        .clusters
        .iter()
        .map(|c| c.cluster.as_str())
        .collect();
    found("cluster list returned", "clusters", json!(names))
}

async fn cluster(State(shared): Shareds, Path(name): Path<String>) -> Response {
    in_cluster(&shared, &name, |_, cluster| {
        let server = |b: &crate::model::Broker| format!("{}:{}", b.host, b.port);
        let servers: Vec<_> = cluster.brokers.iter().map(server).collect();
        let every = cluster.health.poll_interval.as_millis() / 1000;
        let module = json!({
            "class-name": "kafka",
            "servers": servers,
            "topic-refresh": every,
            "offset-refresh": every,
        });
        found("cluster module detail returned", "module", module)
    })
}

async fn topics(State(shared): Shareds, Path(name): Path<String>) -> Response {
    in_cluster(&shared, &name, |_, cluster| {
        let names: Vec<_> = cluster.topics.iter().map(|t| t.topic.as_str()).collect();
        found("topic list returned", "topics", json!(names))
    })
}

async fn topic(State(shared): Shareds, Path((name, topic)): Path<(String, String)>) -> Response {
    in_cluster(&shared, &name, |_, cluster| {
        let Some(topic) = cluster.topic(&topic) else {
            return lost("topic not found");
        };
        let offsets = topic.partitions.iter().map(|p| p.log_end_offset.value());
        let offsets: Vec<_> = offsets.collect();
        found("topic offsets returned", "offsets", json!(offsets))
    })
}

async fn readers(State(shared): Shareds, Path((name, topic)): Path<(String, String)>) -> Response {
    in_cluster(&shared, &name, |_, cluster| {
        let reads = |g: &&Arc<GroupSnapshot>| g.topics.iter().any(|t| t.topic.as_str() == topic);
        let groups: Vec<_> = cluster.groups.iter().filter(reads).collect();
        let names: Vec<_> = groups.iter().map(|g| g.group.as_str()).collect();
        found("consumers of topic returned", "consumers", json!(names))
    })
}

async fn consumers(State(shared): Shareds, Path(name): Path<String>) -> Response {
    in_cluster(&shared, &name, |_, cluster| {
        let names: Vec<_> = cluster.groups.iter().map(|g| g.group.as_str()).collect();
        found("consumer list returned", "consumers", json!(names))
    })
}

fn in_group(
    shared: &Shared,
    (name, group): &(String, String),
    then: impl FnOnce(&Snapshot, &ClusterSnapshot, &GroupSnapshot) -> Response,
) -> Response {
    in_cluster(shared, name, |snapshot, cluster| {
        match cluster.group(group) {
            Some(group) => then(snapshot, cluster, group),
            None => lost("cluster or consumer not found"),
        }
    })
}

async fn consumer(State(shared): Shareds, Path(names): Path<(String, String)>) -> Response {
    in_group(&shared, &names, |snapshot, _, group| {
        let mut topics = json!({});
        for view in group.partitions() {
            let of_topic = &mut topics[view.topic().topic.as_str()];
            if of_topic.is_null() {
                *of_topic = json!([]);
            }
            let owner = view.owner();
            let partition = json!({
                "offsets": end(&view, snapshot).into_iter().collect::<Vec<_>>(),
                "owner": owner.map_or("", |m| &*m.host),
                "client_id": owner.map_or("", |m| &*m.client_id),
                "current-lag": view.lag().value(),
            });
            if let Some(list) = of_topic.as_array_mut() {
                list.push(partition);
            }
        }
        found("consumer detail returned", "topics", topics)
    })
}

async fn status(State(shared): Shareds, Path(names): Path<(String, String)>) -> Response {
    in_group(&shared, &names, |snapshot, cluster, group| {
        verdict(snapshot, cluster, group, false)
    })
}

async fn lag(State(shared): Shareds, Path(names): Path<(String, String)>) -> Response {
    in_group(&shared, &names, |snapshot, cluster, group| {
        verdict(snapshot, cluster, group, true)
    })
}

/// Of `/status` only the partitions that are not well stand in the answer, of `/lag` all.
fn verdict(
    snapshot: &Snapshot,
    cluster: &ClusterSnapshot,
    group: &GroupSnapshot,
    all: bool,
) -> Response {
    let word = |number: Option<u8>| WORDS[usize::from(number.unwrap_or(0))];
    let views: Vec<_> = group
        .partitions()
        .filter(|p| p.row().verdict.is_some())
        .collect();
    let of = |view: &PartitionView<'_>| view.status().and_then(of_partition);
    let partition = |view: &PartitionView<'_>| {
        let owner = view.owner();
        json!({
            "topic": view.topic().topic.as_str(),
            "partition": view.partition(),
            "owner": owner.map_or("", |m| &*m.host),
            "client_id": owner.map_or("", |m| &*m.client_id),
            "status": word(of(view)),
            "start": null,
            "end": end(view, snapshot),
            "current_lag": view.lag().value(),
            "complete": f64::from(u8::from(view.lag().value().is_some())),
        })
    };
    let shown = views.iter().filter(|v| all || of(v) != Some(1));
    let most = views.iter().max_by_key(|v| v.lag().value());
    let most = most.filter(|v| v.lag().value().is_some());
    let known = views.iter().filter(|v| v.lag().value().is_some()).count();
    let complete = if views.is_empty() {
        0.0
    } else {
        known as f64 / views.len() as f64
    };
    let status: Status = group.status.status;
    let body = json!({
        "cluster": cluster.cluster.as_str(),
        "group": group.group.as_str(),
        "status": word(of_group(status)),
        "complete": complete,
        "partitions": shown.map(partition).collect::<Vec<_>>(),
        "partition_count": views.len(),
        "maxlag": most.map(partition),
        "totallag": group.lag.value(),
    });
    found("consumer status returned", "status", body)
}

/// The commit as it stands; its timestamp is the snapshot's.
fn end(view: &PartitionView<'_>, snapshot: &Snapshot) -> Option<Value> {
    let offset = view.row().committed_offset.value()?;
    let at = snapshot.at.as_millis();
    Some(json!({ "offset": offset, "timestamp": at, "observedAt": at, "lag": view.lag().value() }))
}
