//! librdkafka's properties of a cluster, and the secrets among them.
//!
//! A value `file:PATH` is that file's content, `env:NAME` that variable's. They are read each time
//! a client is made, so that a rotated password is taken up. A secret is never shown, not even
//! where it was written in plain text.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value as Json, json};

use super::held::{Held, SecretError};
use super::place::Place;
use super::problem::Problem;
use super::tree::{Entry, Node, Table};
use super::value::{Named, Value, quoted};
use crate::model::{Secret, is_secret, without_password};

/// Properties by librdkafka's names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, Held>);

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

    /// Whether a property's value stands in a file or a variable of its own.
    pub fn stands_elsewhere(&self, name: &str) -> bool {
        let held = self.0.get(name);
        held.is_some_and(|held| !matches!(held, Held::Literal(_)))
    }

    /// Each as `name = value` of TOML, secrets masked.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(name, held)| {
            let line = format!("{} = {}", quoted(name), quoted(&shown(held, name)));
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

fn shown(held: &Held, name: &str) -> String {
    held.show_or(|text| {
        if is_secret(name) {
            "***".to_owned()
        } else {
            without_password(text).into_owned()
        }
    })
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
    let elsewhere = !matches!(held, Held::Literal(_));
    let refused = refused_by_client(name, &value, elsewhere);
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
fn refused_by_client(name: &str, value: &Secret, elsewhere: bool) -> Option<String> {
    let mut alone = crate::source::kafka::Properties::default();
    if elsewhere {
        alone.set_hidden(name, value.reveal());
    } else {
        alone.set(name, value.reveal());
    }
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
            Node::Table(table) => {
                let mut found = BTreeMap::new();
                flatten("", table, &mut found, problems);
                for (_, (name, entry)) in found {
                    self.take(&name, entry, problems);
                }
            }
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

/// By librdkafka's own name of each: the name as it was written, and what stands there.
type Flat<'a> = BTreeMap<String, (String, &'a Entry)>;

/// `security.protocol = …` is, to TOML, a table `security`: dots join again here. A property that
/// can be spelt in two ways is one property: the stronger layer's stands, and twice in one layer
/// is an error.
fn flatten<'a>(prefix: &str, table: &'a Table, into: &mut Flat<'a>, problems: &mut Vec<Problem>) {
    for (key, entry) in table {
        let name = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        if let Node::Table(inner) = &entry.node {
            flatten(&name, inner, into, problems);
            continue;
        }
        let own = match name.as_str() {
            "sasl.mechanism" => "sasl.mechanisms".to_owned(),
            _ => name.clone(),
        };
        match into.get(&own) {
            Some((_, other)) if other.key.layer() > entry.key.layer() => {}
            Some((_, other)) if other.key.layer() == entry.key.layer() => problems.push(
                Problem::error(entry.key.clone(), format!("property `{name}` is set twice"))
                    .also(other.key.clone())
                    .hint("keep one of the two"),
            ),
            _ => {
                into.insert(own, (name, entry));
            }
        }
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|(name, held)| (name, shown(held, name)));
        f.debug_map().entries(shown).finish()
    }
}
