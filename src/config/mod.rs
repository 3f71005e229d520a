//! The layered configuration: defaults < files < environment < flags.
//!
//! In: a file or a directory, the environment's variables and what flags set. Out: one [`Config`],
//! and every problem at once, each with its place, the line itself and how to mend it. Every
//! setting stands once, in the tables of `schema`. It must never print a secret.

mod build;
mod env;
mod example;
mod files;
mod json_schema;
mod judge;
mod place;
mod problem;
mod properties;
mod scalar;
mod schema;
mod settings;
mod show;
mod tree;
mod value;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use place::Place;
use tree::{Entry, Node, Table, overlay, put};

pub use env::Environment;
pub use problem::{Gravity, Problem, print};
pub use properties::{Properties, SecretError};
pub use settings::{Cluster, Config, GroupPolicy, Http, Listen, Log, LogFilter, Names, Server};

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

    /// What is in force, as TOML with the origin of each value; secrets masked.
    pub fn show(&self) -> String {
        show::show(self)
    }
}

/// Reads all layers.
pub fn load(path: Option<&Path>, variables: &Environment, flags: &[FlagSetting]) -> Loaded {
    let mut problems = Vec::new();
    let (mut tree, files) = match path {
        Some(path) => files::read(path, &mut problems),
        None => (Table::new(), Vec::new()),
    };
    let environment = env::read(variables, &tree, &mut problems);
    overlay(&mut tree, environment);
    overlay(&mut tree, of_flags(flags));
    let config = build::config(&tree, &mut problems);
    problems.extend(judge::judge(&config, &tree));
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
