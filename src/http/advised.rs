//! How many members one group is advised to run, as one small JSON object: what KEDA's metrics-api scaler reads.
//!
//! In: `?group=`, and `?cluster=` where several have a group of that name. Out: `{"members": 6, …}`. Never a number that
//! is not known: an autoscaler then goes by its own fallback.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::routes::error;
use crate::model::{GroupSnapshot, Snapshot};

/// Its path.
pub(super) const PATH: &str = "/api/v1/advised-members";

/// Which group.
#[derive(Default)]
struct Wanted {
    cluster: Option<String>,
    group: String,
}

pub(super) async fn advised(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let wanted = match Wanted::of(query) {
        Ok(wanted) => wanted,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, &wrong),
    };
    match wanted.find(&shared.snapshot()) {
        Ok(found) => axum::Json(found).into_response(),
        Err((status, text)) => error(status, &text),
    }
}

impl Wanted {
    fn of(query: Vec<(String, String)>) -> Result<Self, String> {
        let mut wanted = Self::default();
        for (name, value) in query {
            match name.as_str() {
                "cluster" => wanted.cluster = Some(value),
                "group" => wanted.group = value,
                _ => {
                    return Err(format!(
                        "unknown parameter `{name}`: there are `cluster` and `group`"
                    ));
                }
            }
        }
        if wanted.group.is_empty() {
            return Err("say which group: `?group=`".to_owned());
        }
        Ok(wanted)
    }

    fn find(&self, snapshot: &Snapshot) -> Result<serde_json::Value, (StatusCode, String)> {
        let group = &self.group;
        let asked = |name: &str| self.cluster.as_deref().is_none_or(|c| c == name);
        let mut found: Vec<(&str, &GroupSnapshot)> = Vec::new();
        for (cluster, part) in snapshot.groups() {
            if part.group.as_str() == group && asked(cluster.cluster.as_str()) {
                found.push((cluster.cluster.as_str(), part));
            }
        }
        let (cluster, part) = match found.as_slice() {
            [one] => *one,
            [] => return Err((StatusCode::NOT_FOUND, format!("no such group: {group}"))),
            [..] => {
                let names: Vec<&str> = found.iter().map(|(cluster, _)| *cluster).collect();
                let text = format!(
                    "{group} is a group of several clusters ({}): say which, with `&cluster=`",
                    names.join(", ")
                );
                return Err((StatusCode::BAD_REQUEST, text));
            }
        };
        let Some(advised) = snapshot.advised(cluster, group) else {
            let text = format!(
                "no number is known for {group}: it has no members, or what they can do was not seen yet"
            );
            return Err((StatusCode::SERVICE_UNAVAILABLE, text));
        };
        Ok(serde_json::json!({
            "cluster": cluster,
            "group": group,
            "members": advised.members,
            "since": advised.since,
            "present": part.members.as_ref().map(|m| m.len()),
        }))
    }
}
