//! The environment as a layer: every setting has a variable.
//!
//! The variable's name is `LAGGARD_` and the setting's path in capitals, its parts joined by two
//! underscores: `http.listen` is `LAGGARD_HTTP__LISTEN`, and the cluster `prod`'s
//! `groups.include` is `LAGGARD_CLUSTERS__PROD__GROUPS__INCLUDE`.
//!
//! - A cluster's name means the cluster of the files that reads the same when case, `-`, `.` and
//!   `_` do not count; if there is none, a new one in lower case with `-` for `_`.
//! - A property's name is in lower case with `.` for `_`.
//! - `LAGGARD_GROUP__0__MAX_LAG` makes policies; they come, in the order of their numbers, before
//!   those of the files.
//! - `LAGGARD_NOTIFY__RECEIVER__0__URL` makes receivers, in the same way.
//! - A list is separated by commas, `\,` is a comma in an item; an empty value is as none.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::build::{CLUSTERS, GROUPS};
use super::notify::NOTIFY;
use super::place::Place;
use super::problem::{Problem, nearest};
use super::receiver::RECEIVER;
use super::schema::{self, CLUSTER, GENERAL, GROUP, PROPERTIES, keys};
use super::tree::{Entry, Node, Table, put};

/// What every variable begins with.
const PREFIX: &str = "LAGGARD_";
/// Names the configuration; no setting of it.
const CONFIG_VARIABLE: &str = "LAGGARD_CONFIG";

/// Variables by name.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process. Names and values that are not UTF-8 cannot be settings.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The configuration that `LAGGARD_CONFIG` names.
    pub fn config_path(&self) -> Option<PathBuf> {
        let path = self.0.get(CONFIG_VARIABLE).filter(|p| !p.is_empty());
        path.map(PathBuf::from)
    }

    /// Only the variables of some settings.
    pub fn only(&self, sections: &[&str]) -> Self {
        let prefixes: Vec<_> = sections
            .iter()
            .map(|s| format!("{}__", variable(s)))
            .collect();
        self.0
            .iter()
            .filter(|(name, _)| prefixes.iter().any(|p| name.starts_with(p.as_str())))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

/// The settings among the variables, as a tree to lay over the files' one.
pub(crate) fn read(variables: &Environment, files: &Table, problems: &mut Vec<Problem>) -> Table {
    let mut tree = Table::new();
    let mut policies: BTreeMap<u32, Table> = BTreeMap::new();
    let mut receivers: BTreeMap<u32, Table> = BTreeMap::new();
    for (variable, value) in &variables.0 {
        let Some(path) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        if variable == CONFIG_VARIABLE || value.is_empty() {
            continue;
        }
        let place = Place::Variable(variable.as_str().into());
        let entry = Entry {
            key: place.clone(),
            place,
            node: Node::Untyped(value.clone()),
        };
        let parts: Vec<_> = path.split("__").map(str::to_ascii_lowercase).collect();
        match meaning(&parts, files) {
            Meaning::Setting(path) => {
                let path: Vec<_> = path.iter().map(String::as_str).collect();
                put(&mut tree, &path, entry);
            }
            Meaning::Policy(number, key) => {
                put(policies.entry(number).or_default(), &[key.as_str()], entry);
            }
            Meaning::Receiver(number, key) => {
                put(receivers.entry(number).or_default(), &[key.as_str()], entry);
            }
            Meaning::Ambiguous(a, b) => problems.push(
                Problem::error(
                    entry.key,
                    format!("this variable may mean the cluster `{a}` or `{b}`"),
                )
                .hint("set it in a file, or rename one of the clusters"),
            ),
            Meaning::None => problems.extend(unknown(variable, &parts, files)),
        }
    }
    add_list(&mut tree, &[GROUPS], policies);
    add_list(&mut tree, &[NOTIFY, RECEIVER], receivers);
    tree
}

/// Puts tables, in order of their numbers, as a list at a path.
fn add_list(tree: &mut Table, path: &[&str], tables: BTreeMap<u32, Table>) {
    let place = |table: &Table| {
        table
            .values()
            .next()
            .map_or(Place::Variable(PREFIX.into()), |e| e.place.clone())
    };
    let list: Vec<_> = tables
        .into_values()
        .map(|table| Entry {
            key: place(&table),
            place: place(&table),
            node: Node::Table(table),
        })
        .collect();
    if let Some(first) = list.first() {
        let entry = Entry {
            key: first.key.clone(),
            place: first.place.clone(),
            node: Node::List(list),
        };
        put(tree, path, entry);
    }
}

/// What a variable's parts stand for.
enum Meaning {
    Setting(Vec<String>),
    Policy(u32, String),
    Receiver(u32, String),
    Ambiguous(String, String),
    None,
}

fn meaning(parts: &[String], files: &Table) -> Meaning {
    let parts: Vec<_> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [CLUSTERS, name, rest @ ..] if !name.is_empty() => match cluster_named(name, files) {
            Ok(name) => cluster_setting(&name, rest),
            Err((a, b)) => Meaning::Ambiguous(a, b),
        },
        [GROUPS, number, key] => match number.parse() {
            Ok(number) if keys(GROUP).contains(key) => Meaning::Policy(number, (*key).to_owned()),
            _ => Meaning::None,
        },
        [NOTIFY, RECEIVER, number, key] => match number.parse() {
            Ok(number) if keys(schema::RECEIVER).contains(key) => {
                Meaning::Receiver(number, (*key).to_owned())
            }
            _ => Meaning::None,
        },
        path if keys(GENERAL).contains(&path.join(".").as_str()) => {
            Meaning::Setting(path.iter().map(|p| (*p).to_owned()).collect())
        }
        _ => Meaning::None,
    }
}

fn cluster_setting(name: &str, rest: &[&str]) -> Meaning {
    let begin = [CLUSTERS.to_owned(), name.to_owned()];
    let path: Vec<String> = match rest {
        [PROPERTIES, property @ ..] if !property.is_empty() => {
            let property = property.join(".").replace('_', ".");
            vec![PROPERTIES.to_owned(), property]
        }
        rest if rest != [PROPERTIES] && keys(CLUSTER).contains(&rest.join(".").as_str()) => {
            rest.iter().map(|p| (*p).to_owned()).collect()
        }
        _ => return Meaning::None,
    };
    Meaning::Setting(begin.into_iter().chain(path).collect())
}

/// The files' cluster that a variable means, else a new one. Two that read the same: both.
fn cluster_named(part: &str, files: &Table) -> Result<String, (String, String)> {
    let plain = |s: &str| s.to_ascii_lowercase().replace(['-', '.', ' '], "_");
    let known = cluster_names(files);
    let mut alike = known.iter().filter(|name| plain(name) == plain(part));
    match (alike.next(), alike.next()) {
        (Some(one), None) => Ok(one.clone()),
        (Some(one), Some(other)) => Err((one.clone(), other.clone())),
        _ => Ok(part.replace('_', "-")),
    }
}

fn cluster_names(files: &Table) -> Vec<String> {
    match files.get(CLUSTERS).map(|e| &e.node) {
        Some(Node::Table(clusters)) => clusters.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// A setting's variable.
pub(crate) fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.to_ascii_uppercase().replace('.', "__"))
}

/// A variable that is no setting. Only one that looks like a setting is an error: others, a
/// Kubernetes service's for one, may begin with the same word.
fn unknown(name: &str, parts: &[String], files: &Table) -> Option<Problem> {
    let place = Place::Variable(Arc::from(name));
    let near = nearest_variable(name, parts, files);
    match near {
        Some(near) => Some(
            Problem::error(place, "no setting has this environment variable")
                .hint(format!("did you mean {near}?")),
        ),
        None if parts.len() > 1 => Some(
            Problem::error(place, "no setting has this environment variable").hint(
                "variables are named by the settings' paths, for example \
                 LAGGARD_CLUSTERS__PROD__BOOTSTRAP_SERVERS: see `laggard config example`",
            ),
        ),
        None if of_a_service(name) => None,
        None => Some(Problem::warning(
            place,
            "no setting has this environment variable: it is ignored",
        )),
    }
}

/// Those that Kubernetes and Docker set for a service that is itself called laggard.
fn of_a_service(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_")
}

/// The variable that was probably meant: one whose whole name is hardly different, else one of the
/// same section with a similar key.
fn nearest_variable(name: &str, parts: &[String], files: &Table) -> Option<String> {
    let second = parts.get(1).map_or("NAME", String::as_str);
    let number = second.parse().unwrap_or(0_u32);
    let mut clusters = cluster_names(files);
    clusters.push(second.to_owned());
    let mut known: Vec<String> = keys(GENERAL).into_iter().map(variable).collect();
    for cluster in &clusters {
        let cluster = cluster.replace(['-', '.', ' '], "_");
        let of_cluster = |key: &str| variable(&format!("{CLUSTERS}.{cluster}.{key}"));
        known.extend(keys(CLUSTER).into_iter().map(of_cluster));
    }
    let of_policy = |key: &str| variable(&format!("{GROUPS}.{number}.{key}"));
    known.extend(keys(GROUP).into_iter().map(of_policy));
    let number: u32 = parts.get(2).and_then(|n| n.parse().ok()).unwrap_or(0);
    let of_receiver = |key: &str| variable(&format!("{NOTIFY}.{RECEIVER}.{number}.{key}"));
    known.extend(keys(schema::RECEIVER).into_iter().map(of_receiver));
    let hardly_different = |known: &&String| {
        let plain = |s: &str| s.replace('_', "");
        strsim::damerau_levenshtein(&plain(name), &plain(known)) <= 2
    };
    if let Some(near) = known.iter().find(hardly_different) {
        return Some(near.clone());
    }
    let (section, key) = match parts {
        [section, _, key @ ..] if [CLUSTERS, GROUPS].contains(&section.as_str()) => {
            (format!("{section}.{second}."), key.join("."))
        }
        _ => return None,
    };
    let candidates = if section.starts_with(CLUSTERS) {
        keys(CLUSTER)
    } else {
        keys(GROUP)
    };
    nearest(&key, candidates).map(|near| variable(&format!("{section}{near}")))
}
