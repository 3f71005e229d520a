//! The layered configuration: defaults < files < environment < flags.
//!
//! In: a file or a directory, the environment's variables and what flags set. Out: one [`Config`],
//! and every problem at once, each with its place, the line itself and how to mend it. Every
//! setting stands once, in the tables of `schema`. It must never print a secret.

mod build;
mod count;
mod env;
mod example;
mod export;
mod files;
mod held;
mod json_schema;
mod judge;
mod notify;
#[cfg(test)]
mod page;
mod place;
mod problem;
mod properties;
mod receiver;
mod scalar;
mod schema;
mod settings;
mod show;
mod statsd;
mod tree;
mod value;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_any;
#[cfg(test)]
mod tests_invalid;

use std::path::{Path, PathBuf};

use files::Read;
use place::Place;
use tree::{Entry, Node, Table, overlay, put};

pub use env::Environment;
pub use export::{ExternalUrl, LabelName, Metrics, RoutePrefix, Statsd};
pub use held::{Held, SecretError};
pub use problem::{Gravity, Problem, print};
pub use properties::Properties;
pub use receiver::ReceiverSettings;
pub use settings::{
    Alerts, Cluster, Config, GroupPolicy, Http, Listen, Log, LogFilter, Names, Server,
};
pub use statsd::{PacketBytes, Prefix};

pub use problem::{did_you_mean, nearest};

/// A setting that a flag sets.
#[derive(Clone, Debug)]
pub struct FlagSetting {
    /// The flag, as the user writes it.
    pub flag: &'static str,
    /// The setting's path.
    pub path: Vec<String>,
    /// Its value.
    pub value: String,
}

/// A configuration with what is wrong with it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// As far as it could be understood; to be used only if no problem is an error.
    pub config: Config,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    tree: Table,
}

impl Loaded {
    /// Whether it may be used.
    pub fn is_usable(&self) -> bool {
        !self.problems.iter().any(Problem::is_error)
    }

    /// What `config check` prints: what is in force (nothing, if something is wrong), and what is
    /// wrong or worth a note.
    pub fn report(&self) -> Report {
        let mut notes = print(&self.problems);
        if !self.is_usable() {
            let in_force = String::new();
            return Report { in_force, notes };
        }
        if self.files.is_empty() {
            notes.push_str(
                "note: no configuration file was named: these are the defaults, the environment \
                 and the flags\n  help: name one with --config FILE or LAGGARD_CONFIG\n",
            );
        }
        if self.config.clusters.is_empty() {
            notes.push_str(
                "note: no cluster is configured: commands need --bootstrap-server or --demo\n  \
                 help: add a [clusters.NAME] with bootstrap_servers\n",
            );
        }
        let files: Vec<_> = self.files.iter().map(|f| f.display().to_string()).collect();
        notes.push_str(&count::note(&self.config));
        let head = match files.as_slice() {
            [] => "# In force, from no file\n\n".to_owned(),
            files => format!("# In force, from {}\n\n", files.join(", ")),
        };
        let in_force = head + &self.show();
        Report { in_force, notes }
    }

    /// What is in force, as TOML with the origin of each value; secrets masked.
    pub fn show(&self) -> String {
        show::show(self)
    }
}

/// What `config check` prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// For standard output: TOML.
    pub in_force: String,
    /// For standard error.
    pub notes: String,
}

/// Reads all layers.
pub fn load(path: Option<&Path>, variables: &Environment, flags: &[FlagSetting]) -> Loaded {
    let mut problems = Vec::new();
    let Read {
        mut tree,
        files,
        partial,
    } = path.map_or_else(Read::default, |path| files::read(path, &mut problems));
    let environment = env::read(variables, &tree, &mut problems);
    overlay(&mut tree, environment);
    overlay(&mut tree, of_flags(flags));
    let config = build::config(&tree, &mut problems);
    if !partial {
        problems.extend(judge::judge(&config, &tree));
    }
    problems.sort_by(|a, b| a.order().cmp(&b.order()));
    Loaded {
        config,
        problems,
        files,
        tree,
    }
}

fn of_flags(flags: &[FlagSetting]) -> Table {
    let mut tree = Table::new();
    for setting in flags {
        let path: Vec<_> = setting.path.iter().map(String::as_str).collect();
        let entry = Entry {
            key: Place::Flag(setting.flag),
            place: Place::Flag(setting.flag),
            node: Node::Untyped(setting.value.clone()),
        };
        put(&mut tree, &path, entry);
    }
    tree
}

/// A file that documents every setting and sets each to its default.
pub fn example() -> String {
    example::example()
}

/// The JSON Schema of a configuration file.
pub fn json_schema() -> serde_json::Value {
    json_schema::json_schema()
}
