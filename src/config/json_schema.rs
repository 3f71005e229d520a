//! `config schema`: the same tables as JSON Schema, for editors and for checks in CI.

use serde_json::{Map, Value as Json, json};

use super::notify::{ROUTE, TIME_INTERVAL};
use super::receiver::ReceiverSettings;
use super::schema::{CLUSTER, Field, GENERAL, GROUP, RECEIVER};
use super::settings::{Cluster, Config, GroupPolicy};
use crate::model::{Pattern, Policy, Recurring, Route};

/// The schema of a configuration file.
pub(crate) fn json_schema() -> Json {
    let mut root = object(GENERAL, &mut Config::default());
    let cluster = object(CLUSTER, &mut Cluster::named("".into()));
    if let Some(Json::Object(properties)) = root.get_mut("properties") {
        let clusters = json!({
            "type": "object",
            "description": "The clusters, each under its name.",
            "additionalProperties": cluster,
        });
        properties.insert("clusters".to_owned(), clusters);
        if let Ok(everything) = Pattern::new(".*") {
            let mut group = GroupPolicy {
                cluster: everything,
                groups: Vec::new(),
                policy: Policy::default(),
            };
            let mut items = object(GROUP, &mut group);
            items["required"] = json!(["groups"]);
            let groups = json!({
                "type": "array",
                "description": "What is expected of groups; the first match wins.",
                "items": items,
            });
            properties.insert("group".to_owned(), groups);
        }
        let routes = json!({
            "type": "array",
            "description": "Who is told of which alerts; the first that matches takes an alert.",
            "items": object(ROUTE, &mut Route::default()),
        });
        insert(properties, "notify.route", routes);
        let recurring = json!({
            "type": "array",
            "description": "Recurring times that routes name.",
            "items": object(TIME_INTERVAL, &mut Recurring::default()),
        });
        insert(properties, "notify.time_interval", recurring);
    }
    if let Some(Json::Object(properties)) = root.get_mut("properties") {
        let mut items = object(RECEIVER, &mut ReceiverSettings::default());
        items["required"] = json!(["name", "kind"]);
        let receivers = json!({
            "type": "array",
            "description": "Who is told of alerts.",
            "items": items,
        });
        insert(properties, "notify.receiver", receivers);
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Laggard's configuration",
    });
    if let (Json::Object(schema), Json::Object(root)) = (&mut schema, root) {
        schema.extend(root);
    }
    schema
}

fn object<T>(fields: &[Field<T>], of: &mut T) -> Json {
    let mut properties = Map::new();
    for field in fields {
        let value = (field.at)(of);
        let mut schema = value.schema();
        if let Json::Object(schema) = &mut schema {
            schema.insert("description".to_owned(), json!(field.help));
            if let Some(default) = value.show().as_deref().and_then(json_of) {
                schema.insert("default".to_owned(), default);
            }
        }
        insert(&mut properties, field.key, schema);
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// Puts a schema at a dotted key, making the objects on the way.
fn insert(properties: &mut Map<String, Json>, key: &str, schema: Json) {
    let Some((first, rest)) = key.split_once('.') else {
        properties.insert(key.to_owned(), schema);
        return;
    };
    let inner = properties.entry(first.to_owned()).or_insert_with(
        || json!({ "type": "object", "properties": {}, "additionalProperties": false }),
    );
    if let Some(Json::Object(inner)) = inner.get_mut("properties") {
        insert(inner, rest, schema);
    }
}

/// A default as JSON: TOML's strings, numbers and flags are JSON's, but for 'literal' strings.
fn json_of(toml: &str) -> Option<Json> {
    match toml.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
        Some(text) => Some(json!(text)),
        None => serde_json::from_str(toml).ok(),
    }
}
