//! What each value alone cannot tell: ranges, what is missing, policies that are never reached.

use std::path::Path;

use super::build::{CLUSTERS, GROUPS};
use super::held::Held;
use super::notify;
use super::place::Place;
use super::problem::{Problem, did_you_mean};
use super::receiver;
use super::settings::{Cluster, Config, GroupPolicy};
use super::tree::{Entry, Node, Table, find};
use crate::model::{Pattern, Span};
use crate::source::kafka::Properties;

/// Judges a configuration by the tree that it was built from.
pub(crate) fn judge(config: &Config, tree: &Table) -> Vec<Problem> {
    let mut problems = Vec::new();
    for cluster in &config.clusters {
        if let Some(Entry {
            key,
            node: Node::Table(table),
            ..
        }) = find(tree, &[CLUSTERS, cluster.name.as_str()])
        {
            judge_cluster(cluster, key, table, &mut problems);
        }
    }
    judge_policies(config, &policy_entries(tree), &mut problems);
    notify::judge(config, tree, &mut problems);
    receiver::judge(config, tree, &mut problems);
    judge_token(config, tree, &mut problems);
    judge_files(config, tree, &mut problems);
    problems
}

/// The token must be there, and is not for all who may read the configuration.
fn judge_token(config: &Config, tree: &Table, problems: &mut Vec<Problem>) {
    let (Some(token), Some(entry)) = (&config.http.token, find(tree, &["http", "token"])) else {
        return;
    };
    match token.read() {
        Ok(secret) if secret.reveal().trim().is_empty() => {
            problems.push(Problem::error(entry.key.clone(), "`token` is empty"));
        }
        Ok(_) if matches!(token, Held::Literal(_)) && !matches!(entry.key, Place::Variable(_)) => {
            let message = "the secret `token` is written in plain text";
            problems.push(Problem::warning(entry.key.clone(), message).hint(
                "keep it in a file or in the environment: token = \"file:/run/secrets/laggard\" \
                 or \"env:LAGGARD_TOKEN\"",
            ));
        }
        Ok(_) => {}
        Err(error) => {
            let message = format!("`token`: {error}");
            problems.push(Problem::error(entry.place.clone(), message));
        }
    }
}

/// Files that settings name can be read. What they hold is judged where it is used.
fn judge_files(config: &Config, tree: &Table, problems: &mut Vec<Problem>) {
    let mut demand = |what: &str, path: &Path, place: &Place| {
        let read = if path.is_dir() {
            std::fs::read_dir(path).map(drop)
        } else {
            std::fs::File::open(path).map(drop)
        };
        if let Err(error) = read {
            let message = format!("{what} {} cannot be read: {error}", path.display());
            problems.push(Problem::error(place.clone(), message));
        }
    };
    if let Some(entry) = find(tree, &["alerts", "rules"]) {
        let single = std::slice::from_ref(entry);
        let entries = match &entry.node {
            Node::List(list) if list.len() == config.alerts.rules.len() => list.as_slice(),
            _ => single,
        };
        for (n, path) in config.alerts.rules.iter().enumerate() {
            demand("rule file", path, &entries.get(n).unwrap_or(entry).place);
        }
    }
    if let (Some(path), Some(entry)) =
        (&config.http.web_config, find(tree, &["http", "web_config"]))
    {
        demand("web_config", path, &entry.place);
    }
}

fn judge_cluster(cluster: &Cluster, key: &Place, table: &Table, problems: &mut Vec<Problem>) {
    let name = cluster.name.as_str();
    if name.is_empty() || name.contains(char::is_control) {
        problems.push(
            Problem::error(key.clone(), "a cluster's name must be a plain word")
                .hint("it stands in labels and on screens: name it like prod or eu-1"),
        );
    }
    let servers = find(table, &["bootstrap_servers"]).map(|e| &e.node);
    let none = |node: &Node| match node {
        Node::List(list) => list.is_empty(),
        Node::Text(text) | Node::Untyped(text) => text.split(',').all(|s| s.trim().is_empty()),
        _ => false,
    };
    if servers.is_none_or(none) {
        problems.push(
            Problem::error(
                key.clone(),
                format!("the cluster `{name}` has no bootstrap_servers"),
            )
            .hint("add a line like this: bootstrap_servers = [\"kafka-1:9092\"]"),
        );
    }
    let mut demand = |setting: &str, holds: bool, what: String| {
        if let (false, Some(entry)) = (holds, find(table, &[setting])) {
            let message = format!("`{setting}` must be {what}");
            problems.push(Problem::error(entry.place.clone(), message));
        }
    };
    let (poll, stale) = (cluster.poll_interval, cluster.stale_for);
    demand(
        "poll_interval",
        poll >= Span::from_secs(1),
        "at least 1s".into(),
    );
    demand(
        "stale_for",
        stale >= poll.times(2),
        format!("at least twice poll_interval ({poll})"),
    );
    demand(
        "inactive_after",
        cluster.inactive_after >= poll,
        format!("at least poll_interval ({poll})"),
    );
    demand(
        "request_timeout",
        cluster.request_timeout >= Span::from_millis(100),
        "at least 100ms".into(),
    );
    demand(
        "window",
        (1..=256).contains(&cluster.window),
        "from 1 to 256".into(),
    );
    demand(
        "requests_per_second",
        cluster.requests_per_second.is_none_or(|n| n > 0.0),
        "more than 0; leave it out for no limit".into(),
    );
    if let (Some(path), Some(entry)) = (&cluster.command_config, find(table, &["command_config"])) {
        judge_command_config(path, entry, problems);
    }
}

/// The file is translated as it will be when the cluster is read.
fn judge_command_config(path: &Path, entry: &Entry, problems: &mut Vec<Problem>) {
    // The first line is what is wrong; commands to type come after it.
    let mut wrong = |why: String| {
        let (why, hint) = why.split_once('\n').unwrap_or((&why, ""));
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        let problem = Problem::error(entry.place.clone(), why);
        problems.push(problem.maybe_hint(hint.map(str::to_owned)));
    };
    match Properties::read_client_properties(path) {
        Ok(translated) => {
            for problem in translated.problems {
                wrong(format!("command_config {}: {problem}", path.display()));
            }
        }
        Err(error) => wrong(format!(
            "command_config {} cannot be read: {error}",
            path.display()
        )),
    }
}

fn policy_entries(tree: &Table) -> Vec<&Entry> {
    match tree.get(GROUPS).map(|e| &e.node) {
        Some(Node::List(list)) => list
            .iter()
            .filter(|e| matches!(e.node, Node::Table(_)))
            .collect(),
        _ => Vec::new(),
    }
}

fn judge_policies(config: &Config, entries: &[&Entry], problems: &mut Vec<Problem>) {
    let names: Vec<_> = config.clusters.iter().map(|c| c.name.as_str()).collect();
    for (n, (policy, entry)) in config.policies.iter().zip(entries).enumerate() {
        let Node::Table(table) = &entry.node else {
            continue;
        };
        if policy.groups.is_empty() && !table.contains_key("groups") {
            problems.push(
                Problem::error(
                    entry.key.clone(),
                    "this [[group]] does not say which groups",
                )
                .hint("add a line like this: groups = [\"payments-.*\"]"),
            );
        }
        if let Some(cluster) = table.get("cluster")
            && !names.is_empty()
            && !names.iter().any(|name| policy.cluster.matches(name))
        {
            let pattern = policy.cluster.as_str();
            problems.push(
                Problem::warning(
                    cluster.place.clone(),
                    format!("no cluster matches `{pattern}`"),
                )
                .hint(did_you_mean(pattern, &names)),
            );
        }
        let earlier = config.policies.iter().zip(entries).take(n);
        if let Some((_, by)) = earlier.into_iter().find(|(e, _)| shadows(e, policy)) {
            problems.push(
                Problem::warning(
                    entry.key.clone(),
                    "this [[group]] is never reached: one before it matches all of its groups",
                )
                .also(by.key.clone())
                .hint("the first match wins: put the special one before the general one"),
            );
        }
    }
}

/// Whether every group of `late` is surely matched by `early`.
fn shadows(early: &GroupPolicy, late: &GroupPolicy) -> bool {
    let all_covered = |pattern| early.groups.iter().any(|e| covers(e, pattern));
    covers(&early.cluster, &late.cluster)
        && !late.groups.is_empty()
        && late.groups.iter().all(all_covered)
}

/// Whether a pattern surely matches all that another one does. Says no when in doubt.
fn covers(wide: &Pattern, narrow: &Pattern) -> bool {
    let plain = regex::escape(narrow.as_str()).replace("\\-", "-") == narrow.as_str();
    [".*", ".+"].contains(&wide.as_str())
        || wide == narrow
        || (plain && wide.matches(narrow.as_str()))
}
