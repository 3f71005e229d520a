//! From what was written to what it means: a tree becomes a [`Config`] by way of the tables.
//!
//! In: the merged tree. Out: the configuration as far as it could be understood, and every problem
//! on the way.

use super::notify::{NOTIFY, RECURRING, ROUTE, ROUTES, TIME_INTERVAL};
use super::problem::{Problem, did_you_mean, nearest};
use super::receiver::RECEIVER;
use super::schema::{self, CLUSTER, Field, GENERAL, GROUP, PROPERTIES, keys};
use super::settings::{Cluster, Config, GroupPolicy};
use super::tree::{Entry, Node, Table};
use super::value::Named;
use crate::model::{Pattern, Policy};

/// The tables beside the general settings.
pub(crate) const CLUSTERS: &str = "clusters";
/// The list of policies.
pub(crate) const GROUPS: &str = "group";

/// Understands a whole tree.
pub(crate) fn config(tree: &Table, problems: &mut Vec<Problem>) -> Config {
    let mut config = Config::default();
    let mut general = tree.clone();
    let clusters = general.remove(CLUSTERS);
    let groups = general.remove(GROUPS);
    let [routes, recurring] = [ROUTES, RECURRING].map(|list| take(&mut general, NOTIFY, list));
    let receivers = take(&mut general, NOTIFY, RECEIVER);
    let section = Section {
        name: "Laggard's settings",
        fields: GENERAL,
        others: &[
            CLUSTERS,
            GROUPS,
            "notify.receiver",
            "notify.route",
            "notify.time_interval",
        ],
    };
    section.fill(&mut config, "", &general, problems);
    if let Some(entry) = routes {
        let section = Section {
            name: "the settings of a [[notify.route]]",
            fields: ROUTE,
            others: &[],
        };
        config.notify.routes = section.list("[[notify.route]]", &entry, problems);
    }
    if let Some(entry) = recurring {
        let section = Section {
            name: "the settings of a [[notify.time_interval]]",
            fields: TIME_INTERVAL,
            others: &[],
        };
        config.notify.recurring = section.list("[[notify.time_interval]]", &entry, problems);
    }
    if let Some(entry) = clusters {
        config.clusters = read_clusters(&entry, problems);
    }
    if let Some(entry) = groups {
        config.policies = read_groups(&entry, problems);
    }
    if let Some(entry) = receivers {
        let section = Section {
            name: "the settings of a [[notify.receiver]]",
            fields: schema::RECEIVER,
            others: &[],
        };
        config.receivers = section.list("[[notify.receiver]]", &entry, problems);
    }
    config
}

/// Takes a list out of a table, so that what is left there are plain settings.
fn take(tree: &mut Table, table: &str, list: &str) -> Option<Entry> {
    match &mut tree.get_mut(table)?.node {
        Node::Table(inner) => inner.remove(list),
        _ => None,
    }
}

fn read_clusters(entry: &Entry, problems: &mut Vec<Problem>) -> Vec<Cluster> {
    let section = Section {
        name: "a cluster's settings",
        fields: CLUSTER,
        others: &[],
    };
    let mut clusters = Vec::new();
    let Node::Table(tables) = &entry.node else {
        let problem = Problem::error(entry.key.clone(), "`clusters` must hold a table a cluster");
        problems.push(problem.hint("begin a cluster with a line [clusters.NAME]"));
        return clusters;
    };
    for (name, entry) in tables {
        let Node::Table(table) = &entry.node else {
            problems.push(not_in_a_cluster(name, entry));
            continue;
        };
        let mut cluster = Cluster::named(name.as_str().into());
        section.fill(&mut cluster, "", table, problems);
        clusters.push(cluster);
    }
    clusters
}

/// `[clusters]` with settings right below it: the name is missing.
fn not_in_a_cluster(key: &str, entry: &Entry) -> Problem {
    Problem::error(
        entry.key.clone(),
        format!("`{key}` stands in [clusters], outside any cluster"),
    )
    .hint("give the cluster a name: [clusters.prod]")
}

fn read_groups(entry: &Entry, problems: &mut Vec<Problem>) -> Vec<GroupPolicy> {
    let section = Section {
        name: "the settings of a [[group]]",
        fields: GROUP,
        others: &[],
    };
    let list = match &entry.node {
        Node::List(list) => list.as_slice(),
        _ => &[],
    };
    if list.is_empty() {
        let problem = Problem::error(entry.key.clone(), "`group` must be a list of policies");
        problems.push(problem.hint("begin each policy with a line [[group]]"));
    }
    let mut policies = Vec::new();
    for entry in list {
        let Node::Table(table) = &entry.node else {
            let problem = Problem::error(entry.place.clone(), "a policy must be a table");
            problems.push(problem.hint("begin it with a line [[group]]"));
            continue;
        };
        let Some(everything) = Pattern::new(".*").ok() else {
            continue;
        };
        let mut policy = GroupPolicy {
            cluster: everything,
            groups: Vec::new(),
            policy: Policy::default(),
        };
        section.fill(&mut policy, "", table, problems);
        policies.push(policy);
    }
    policies
}

/// A table of settings and where it stands.
struct Section<T: 'static> {
    /// In words, for errors.
    name: &'static str,
    fields: &'static [Field<T>],
    /// Keys beside the fields.
    others: &'static [&'static str],
}

impl<T: Default> Section<T> {
    /// A list of such tables; `header` begins each.
    fn list(&self, header: &str, entry: &Entry, problems: &mut Vec<Problem>) -> Vec<T> {
        let hint = format!("begin each with a line {header}");
        let Node::List(list) = &entry.node else {
            let problem = Problem::error(entry.key.clone(), "this must be a list of tables");
            problems.push(problem.hint(hint));
            return Vec::new();
        };
        let mut all = Vec::new();
        for entry in list {
            let Node::Table(table) = &entry.node else {
                let problem = Problem::error(entry.place.clone(), "this must be a table");
                problems.push(problem.hint(hint.clone()));
                continue;
            };
            let mut one = T::default();
            self.fill(&mut one, "", table, problems);
            all.push(one);
        }
        all
    }
}

impl<T> Section<T> {
    /// Fills `target` from a table whose keys stand below `prefix`.
    fn fill(&self, target: &mut T, prefix: &str, table: &Table, problems: &mut Vec<Problem>) {
        for (key, entry) in table {
            let path = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}.{key}")
            };
            let below = format!("{path}.");
            if let Some(field) = self.fields.iter().find(|f| f.key == path) {
                let setting = Named {
                    key,
                    example: field.example,
                };
                (field.at)(target).read(setting, entry, problems);
            } else if self.fields.iter().any(|f| f.key.starts_with(&below)) {
                match &entry.node {
                    Node::Table(inner) => self.fill(target, &path, inner, problems),
                    _ => problems.push(self.not_a_table(&path, entry)),
                }
            } else {
                problems.push(self.unknown(&path, entry));
            }
        }
    }

    fn not_a_table(&self, path: &str, entry: &Entry) -> Problem {
        let below = format!("{path}.");
        let inside: Vec<_> = keys(self.fields)
            .into_iter()
            .filter(|k| k.starts_with(&below))
            .collect();
        Problem::error(
            entry.key.clone(),
            format!(
                "`{path}` must be a table, but this is {}",
                entry.node.describe()
            ),
        )
        .hint(format!("there are: {}", inside.join(", ")))
    }

    fn unknown(&self, path: &str, entry: &Entry) -> Problem {
        let message = format!("there is no `{path}` among {}", self.name);
        Problem::error(entry.key.clone().keys_only(), message).hint(self.advice(path, entry))
    }

    fn advice(&self, path: &str, entry: &Entry) -> String {
        let table = matches!(entry.node, Node::Table(_) | Node::List(_));
        if let Some(near) = nearest(path, self.others.iter().copied()).filter(|_| table) {
            return format!("did you mean `{near}`?");
        }
        if let Some(words) = elsewhere(path) {
            return words;
        }
        let word = path.split(['.', '_']).next().unwrap_or_default();
        let of_a_client = ["sasl", "ssl", "security", "socket", "client"].contains(&word);
        if of_a_client && keys(self.fields).contains(&PROPERTIES) {
            return "librdkafka's properties belong to [clusters.NAME.properties]".to_owned();
        }
        let mut candidates = self.others.to_vec();
        candidates.extend(keys(self.fields));
        let tables = candidates.iter().filter_map(|key| key.split_once('.'));
        if let Some(near) = nearest(path, tables.map(|(table, _)| table)).filter(|_| table) {
            return format!("did you mean `{near}`?");
        }
        did_you_mean(path, &candidates)
    }
}

/// The section in which a key is known, if it is another one.
fn elsewhere(path: &str) -> Option<String> {
    for (section, known) in [
        ("a [[notify.route]]", keys(ROUTE)),
        ("a [[group]]", keys(GROUP)),
        ("[clusters.NAME]", keys(CLUSTER)),
        ("the top of the file", keys(GENERAL)),
    ] {
        if known.contains(&path) {
            return Some(format!("`{path}` belongs to {section}"));
        }
    }
    let general = keys(GENERAL);
    let mut tables = general.iter().filter_map(|key| key.split_once('.'));
    let (table, key) = tables.find(|(_, key)| *key == path)?;
    Some(format!("`{key}` belongs to [{table}]"))
}
