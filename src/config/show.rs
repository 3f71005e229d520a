//! What is in force, as TOML with the origin of each value beside it.

use std::fmt::Write as _;

use super::Loaded;
use super::build::{CLUSTERS, GROUPS};
use super::notify::{self, RECURRING, ROUTE, ROUTES, TIME_INTERVAL};
use super::place::visible;
use super::receiver::RECEIVER;
use super::schema::{self, CLUSTER, Field, GENERAL, GROUP, PROPERTIES};
use super::settings::{Cluster, Config};
use super::tree::{Entry, Node, Table, find};
use super::value::quoted;

/// Values start here, so that origins stand in a column.
const COLUMN: usize = 58;

/// The configuration in force. Secrets are masked.
pub(crate) fn show(loaded: &Loaded) -> String {
    let mut config = loaded.config.clone();
    let mut text = general(&mut config, &loaded.tree);
    for cluster in &mut config.clusters {
        let name = cluster.name.to_string();
        let table = table_of(find(&loaded.tree, &[CLUSTERS, &name]));
        text.push_str(&of_cluster(cluster, &name, table));
    }
    let entries = match loaded.tree.get(GROUPS).map(|e| &e.node) {
        Some(Node::List(list)) => list.as_slice(),
        _ => &[],
    };
    for (policy, entry) in config.policies.iter_mut().zip(entries) {
        text.push_str(&of_list("group", GROUP, policy, entry));
    }
    let routes = notify::entries(&loaded.tree, ROUTES);
    for (route, entry) in config.notify.routes.iter_mut().zip(routes) {
        text.push_str(&of_list("notify.route", ROUTE, route, entry));
    }
    let recurring = notify::entries(&loaded.tree, RECURRING);
    for (one, entry) in config.notify.recurring.iter_mut().zip(recurring) {
        text.push_str(&of_list("notify.time_interval", TIME_INTERVAL, one, entry));
    }
    let entries = notify::entries(&loaded.tree, RECEIVER);
    for (receiver, entry) in config.receivers.iter_mut().zip(entries) {
        text.push_str(&of_list(
            "notify.receiver",
            schema::RECEIVER,
            receiver,
            entry,
        ));
    }
    text
}

fn table_of(entry: Option<&Entry>) -> Option<&Table> {
    match &entry?.node {
        Node::Table(table) => Some(table),
        _ => None,
    }
}

fn general(config: &mut Config, tree: &Table) -> String {
    let mut text = String::new();
    let mut section = "";
    for field in GENERAL {
        let (table, key) = field.key.rsplit_once('.').unwrap_or(("", field.key));
        let Some(line) = line(field, key, config, Some(tree)) else {
            continue;
        };
        if table != section {
            section = table;
            let _ = writeln!(text, "{}[{table}]", if text.is_empty() { "" } else { "\n" });
        }
        text.push_str(&line);
    }
    text
}

fn of_cluster(cluster: &mut Cluster, name: &str, table: Option<&Table>) -> String {
    let mut text = format!("\n[clusters.{}]\n", bare_key(name));
    for field in CLUSTER.iter().filter(|f| f.key != PROPERTIES) {
        text.extend(line(field, field.key, cluster, table));
    }
    if cluster.properties.is_empty() {
        return text;
    }
    let _ = writeln!(text, "\n[clusters.{}.{PROPERTIES}]", bare_key(name));
    let places = table.and_then(|t| table_of(find(t, &[PROPERTIES])));
    for (name, line) in cluster.properties.lines() {
        let path: Vec<_> = name.split('.').collect();
        let entry = places.and_then(|t| find(t, &[name]).or_else(|| find(t, &path)));
        let origin = entry.map(|e| e.key.name());
        with_origin(&mut text, &line, origin);
    }
    text
}

/// A table of a list: what is set in it.
fn of_list<T>(list: &str, fields: &[Field<T>], of: &mut T, entry: &Entry) -> String {
    let mut text = format!("\n[[{list}]]\n");
    let table = table_of(Some(entry));
    for field in fields {
        let set = table.is_some_and(|t| t.contains_key(field.key));
        if set {
            text.extend(line(field, field.key, of, table));
        }
    }
    text
}

/// `key = value   # origin`, if it has a value.
fn line<T>(field: &Field<T>, key: &str, of: &mut T, table: Option<&Table>) -> Option<String> {
    let value = (field.at)(of).show()?;
    let path: Vec<_> = field.key.split('.').collect();
    let origin = table.and_then(|t| find(t, &path)).map(|e| e.key.name());
    let mut text = String::new();
    with_origin(&mut text, &format!("{key} = {value}"), origin);
    Some(text)
}

fn with_origin(text: &mut String, line: &str, origin: Option<String>) {
    let origin = origin.unwrap_or_else(|| "default".to_owned());
    let _ = writeln!(text, "{line:<COLUMN$} # {}", visible(&origin));
}

/// A key as TOML wants it.
fn bare_key(name: &str) -> String {
    let bare = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { name.to_owned() } else { quoted(name) }
}
