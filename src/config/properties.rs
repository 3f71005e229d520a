//! librdkafka's properties of a cluster, and the secrets among them.
//!
//! A value `file:PATH` is that file's content, `env:NAME` that variable's. They are read each time
//! a client is made, so that a rotated password is taken up. A secret is never shown, not even
//! where it was written in plain text.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::place::Place;
use super::problem::Problem;
use super::tree::{Entry, Node, Table};
use super::value::{Named, Value, quoted};
use crate::model::{Secret, is_secret};

/// Properties by librdkafka's names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, Held>);

/// How a value is held.
#[derive(Clone, PartialEq, Eq)]
enum Held {
    /// As it was written.
    Literal(Secret),
    /// In a file.
    File(PathBuf),
    /// In a variable of the environment.
    Variable(String),
}

/// A value that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Its file cannot be read.
    #[error("the file {path} cannot be read: {why}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// Its variable is not set.
    #[error("the environment variable {0} is not set")]
    Variable(String),
}

impl Held {
    fn new(text: &str, place: &Place) -> Self {
        if let Some(path) = text.strip_prefix("file:") {
            let path = Path::new(path);
            return Self::File(match place.directory() {
                Some(directory) if path.is_relative() => directory.join(path),
                _ => path.to_owned(),
            });
        }
        match text.strip_prefix("env:") {
            Some(name) => Self::Variable(name.to_owned()),
            None => Self::Literal(Secret::new(text)),
        }
    }

    fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Literal(secret) => Ok(secret.clone()),
            Self::File(path) => match std::fs::read_to_string(path) {
                // Files end with a newline that is no part of a password.
                Ok(text) => Ok(Secret::new(text.trim_end_matches(['\n', '\r']))),
                Err(why) => Err(SecretError::File {
                    path: path.display().to_string(),
                    why,
                }),
            },
            Self::Variable(name) => std::env::var(name)
                .map(Secret::new)
                .map_err(|_| SecretError::Variable(name.clone())),
        }
    }

    fn show(&self, name: &str) -> String {
        match self {
            Self::Literal(_) if is_secret(name) => "***".to_owned(),
            Self::Literal(text) => text.reveal().to_owned(),
            Self::File(path) => format!("file:{}", path.display()),
            Self::Variable(variable) => format!("env:{variable}"),
        }
    }
}

impl Properties {
    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every property with its value, files and variables read now.
    pub fn read(&self) -> impl Iterator<Item = (&str, Result<Secret, SecretError>)> {
        self.0
            .iter()
            .map(|(name, held)| (name.as_str(), held.read()))
    }

    /// Each as `name = value` of TOML, secrets masked.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(name, held)| {
            let line = format!("{} = {}", quoted(name), quoted(&held.show(name)));
            (name.as_str(), line)
        })
    }

    fn take(&mut self, name: &str, entry: &Entry, problems: &mut Vec<Problem>) {
        let text = match &entry.node {
            Node::Text(text) | Node::Untyped(text) => text.clone(),
            Node::Integer(n) => n.to_string(),
            Node::Float(n) => n.to_string(),
            Node::Flag(flag) => flag.to_string(),
            node => {
                let problem = format!(
                    "property `{name}` must be a text, a number, true or false, but this is {}",
                    node.describe()
                );
                problems.push(Problem::error(entry.place.clone(), problem));
                return;
            }
        };
        let held = Held::new(&text, &entry.place);
        let doubt = doubts(name, &held, entry);
        // A misspelt name may hide a secret: what is refused is not kept, so never shown.
        if !doubt.as_ref().is_some_and(Problem::is_error) {
            self.0.insert(name.to_owned(), held);
        }
        problems.extend(doubt);
    }
}

/// What is wrong, or not wise, about one property.
fn doubts(name: &str, held: &Held, entry: &Entry) -> Option<Problem> {
    let key = entry.key.clone();
    if let Some(problem) = not_to_be_set(name, &key) {
        return Some(problem);
    }
    let value = match held.read() {
        Ok(value) => value,
        Err(error) => {
            let message = format!("`{name}`: {error}");
            return Some(Problem::error(entry.place.clone(), message));
        }
    };
    let refused = refused_by_client(name, &value);
    match (refused, held) {
        (Some(why), _) => Some(Problem::error(key, format!("property {why}"))),
        // The environment is where secrets may stand.
        (None, Held::Literal(_)) if is_secret(name) && !matches!(key, Place::Variable(_)) => Some(
            Problem::warning(
                key,
                format!("the secret `{name}` is written in plain text"),
            )
            .hint(format!(
                "keep it in a file or in the environment: \"{name}\" = \"file:/run/secrets/kafka\" \
                 or \"env:KAFKA_SECRET\""
            )),
        ),
        _ => None,
    }
}

/// librdkafka itself judges names and values; its answer holds no secret.
fn refused_by_client(name: &str, value: &Secret) -> Option<String> {
    let mut alone = crate::source::kafka::Properties::default();
    alone.set(name, value.reveal());
    alone.check().first().map(ToString::to_string)
}

/// Properties that are Laggard's to set, and other clients' properties.
fn not_to_be_set(name: &str, key: &Place) -> Option<Problem> {
    let error = |message: &str, hint: &str| {
        let message = format!("property `{name}` {message}");
        Some(Problem::error(key.clone(), message).hint(hint))
    };
    match name {
        "bootstrap.servers" | "metadata.broker.list" => error(
            "stands outside the properties",
            "write it as `bootstrap_servers` of the cluster",
        ),
        "enable.metrics.push" | "allow.auto.create.topics" => error(
            "is always false",
            "remove it: Laggard changes nothing in a cluster",
        ),
        "sasl.jaas.config"
        | "ssl.truststore.location"
        | "ssl.truststore.password"
        | "ssl.truststore.type"
        | "ssl.keystore.type"
        | "sasl.login.callback.handler.class" => error(
            "is the Java client's; librdkafka has no such property",
            "put it into a client.properties file and name that as `command_config`: it is \
             translated",
        ),
        _ => None,
    }
}

impl Value for Properties {
    fn read(&mut self, setting: Named<'_>, entry: &Entry, problems: &mut Vec<Problem>) {
        match &entry.node {
            Node::Table(table) => read_table(self, "", table, problems),
            node => problems.push(
                Problem::error(
                    entry.place.clone(),
                    format!(
                        "`{}` must be a table, but this is {}",
                        setting.key,
                        node.describe()
                    ),
                )
                .hint(format!(
                    "write it like this: {} = {}",
                    setting.key, setting.example
                )),
            ),
        }
    }

    fn show(&self) -> Option<String> {
        let items: Vec<_> = self.lines().map(|(_, line)| line).collect();
        (!items.is_empty()).then(|| format!("{{ {} }}", items.join(", ")))
    }

    fn schema(&self) -> Json {
        let value = json!({ "type": ["string", "number", "boolean"] });
        json!({ "type": "object", "additionalProperties": value })
    }

    fn kind(&self) -> String {
        "a table".to_owned()
    }
}

/// `security.protocol = …` is, to TOML, a table `security`: dots join again here.
fn read_table(into: &mut Properties, prefix: &str, table: &Table, problems: &mut Vec<Problem>) {
    for (key, entry) in table {
        let name = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match &entry.node {
            Node::Table(inner) => read_table(into, &name, inner, problems),
            _ => into.take(&name, entry, problems),
        }
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|(name, held)| (name, held.show(name)));
        f.debug_map().entries(shown).finish()
    }
}
