//! What was written, before anyone asks what it means: a tree of values that know their places.
//!
//! Files, directories and the environment all become such a tree; merging is done here, once.

use std::collections::BTreeMap;
use std::fmt;

use super::place::Place;
use super::problem::Problem;

/// One value with its places.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Where its key stands.
    pub(crate) key: Place,
    /// Where the value stands.
    pub(crate) place: Place,
    /// What it is.
    pub(crate) node: Node,
}

/// Entries by key.
pub(crate) type Table = BTreeMap<String, Entry>;

/// What a value is.
#[derive(Clone)]
pub(crate) enum Node {
    /// A TOML string.
    Text(String),
    /// A TOML integer.
    Integer(i64),
    /// A TOML float.
    Float(f64),
    /// A TOML boolean.
    Flag(bool),
    /// What no setting can be, such as a TOML date, in words.
    Other(String),
    /// From the environment: its type is what the setting wants.
    Untyped(String),
    /// An array, of tables or not.
    List(Vec<Entry>),
    /// A table.
    Table(Table),
}

/// What it is, not its text: that may be a secret.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(list) => f.debug_list().entries(list).finish(),
            Self::Table(table) => f.debug_map().entries(table).finish(),
            Self::Other(_) => f.write_str("something else"),
            leaf => f.write_str(&leaf.describe()),
        }
    }
}

impl Node {
    /// What it is, in words, with its value where that is short and no text.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text(_) | Self::Untyped(_) => "a text".to_owned(),
            Self::Integer(n) => format!("the number {n}"),
            Self::Float(n) => format!("the number {n}"),
            Self::Flag(b) => format!("{b}"),
            Self::Other(words) => words.clone(),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
        }
    }
}

/// Puts a second file's tree beside the first's: tables merge, lists of tables are joined, and a
/// value set twice is an error that names both places.
pub(crate) fn join(into: &mut Table, other: Table, path: &str, problems: &mut Vec<Problem>) {
    for (key, entry) in other {
        let here = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        let Some(old) = into.get_mut(&key) else {
            into.insert(key, entry);
            continue;
        };
        match (&mut old.node, entry.node) {
            (Node::Table(old), Node::Table(new)) => join(old, new, &here, problems),
            (Node::List(old), Node::List(new)) if all_tables(old) && all_tables(&new) => {
                old.extend(new);
            }
            _ => problems.push(
                Problem::error(old.key.clone(), format!("`{here}` is set twice"))
                    .also(entry.key)
                    .hint("keep one of the two: settings of several files must not overlap"),
            ),
        }
    }
}

fn all_tables(list: &[Entry]) -> bool {
    list.iter().all(|e| matches!(e.node, Node::Table(_)))
}

/// Lays a stronger layer over a weaker one: its values win. Lists of tables are put before the
/// weaker layer's, because of policies the first match wins.
pub(crate) fn overlay(weak: &mut Table, strong: Table) {
    for (key, entry) in strong {
        match (weak.get_mut(&key).map(|old| &mut old.node), entry.node) {
            (Some(Node::Table(old)), Node::Table(new)) => overlay(old, new),
            (Some(Node::List(old)), Node::List(mut new)) if all_tables(old) && all_tables(&new) => {
                new.append(old);
                *old = new;
            }
            (_, node) => {
                weak.insert(key, Entry { node, ..entry });
            }
        }
    }
}

/// The entry at a path of keys.
pub(crate) fn find<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Entry> {
    let (first, rest) = path.split_first()?;
    let entry = table.get(*first)?;
    match (&entry.node, rest) {
        (_, []) => Some(entry),
        (Node::Table(inner), rest) => find(inner, rest),
        _ => None,
    }
}

/// Puts a value at a path of keys, making the tables on the way.
pub(crate) fn put(table: &mut Table, path: &[&str], entry: Entry) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        table.insert((*first).to_owned(), entry);
        return;
    }
    let inner = table.entry((*first).to_owned()).or_insert_with(|| Entry {
        key: entry.key.clone(),
        place: entry.place.clone(),
        node: Node::Table(Table::new()),
    });
    if let Node::Table(inner) = &mut inner.node {
        put(inner, rest, entry);
    }
}
