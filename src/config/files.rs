//! Configuration files: found, read and parsed into a tree.
//!
//! In: the path of a TOML file or of a directory of them. Out: one tree and everything that is
//! wrong: a file that cannot be read or parsed does not hide what is wrong with the others.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::place::{Place, SourceFile};
use super::problem::Problem;
use super::tree::{Entry, Node, Table, join};
use crate::model::is_secret;

/// What stands in files.
#[derive(Default)]
pub(crate) struct Read {
    /// All of it, put together.
    pub(crate) tree: Table,
    /// The files.
    pub(crate) files: Vec<PathBuf>,
    /// A file could not be read or parsed, so that what is missing may stand there.
    pub(crate) partial: bool,
}

/// Reads a file, or all files of a directory.
pub(crate) fn read(path: &Path, problems: &mut Vec<Problem>) -> Read {
    let mut tree = Table::new();
    let files = match list(path) {
        Ok(files) => files,
        Err(problem) => {
            problems.push(problem);
            return Read {
                partial: true,
                ..Read::default()
            };
        }
    };
    let mut partial = false;
    for file in &files {
        match fs::read(file).map(String::from_utf8) {
            Ok(Ok(text)) => {
                if let Some(more) = parse(file, text, problems) {
                    join(&mut tree, more, "", problems);
                } else {
                    partial = true;
                }
            }
            Ok(Err(_)) => {
                partial = true;
                problems.push(Problem::error(
                    Place::Path(file.clone()),
                    "this file is not UTF-8, as TOML must be",
                ));
            }
            Err(error) => {
                partial = true;
                problems.push(unreadable(file, &error));
            }
        }
    }
    Read {
        tree,
        files,
        partial,
    }
}

/// The file itself, or a directory's `*.toml` in name order.
fn list(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "toml") && !hidden(p) && p.is_file())
        .collect();
    files.sort();
    if files.is_empty() {
        let place = Place::Path(path.to_owned());
        return Err(
            Problem::error(place, "no `.toml` file in this directory").hint(format!(
                "begin with: laggard config example > {}",
                path.join("laggard.toml").display()
            )),
        );
    }
    Ok(files)
}

/// Editors' and Kubernetes' own files begin with a dot.
fn hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."))
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    let place = Place::Path(path.to_owned());
    match error.kind() {
        io::ErrorKind::NotFound => Problem::error(place, "no such configuration file").hint(
            format!("begin with: laggard config example > {}", path.display()),
        ),
        io::ErrorKind::PermissionDenied => {
            Problem::error(place, "this file may not be read by this user")
        }
        _ => Problem::error(place, format!("this file cannot be read: {error}")),
    }
}

/// Parses one file. Everything that TOML forbids in it becomes a problem, and then the rest is not
/// used: after an unclosed bracket or quotation mark a value may be anything, a secret too, and an
/// error would quote it.
pub(crate) fn parse(path: &Path, text: String, problems: &mut Vec<Problem>) -> Option<Table> {
    let text: Arc<str> = text.into();
    let (table, errors) = DeTable::parse_recoverable(&text);
    let mut hidden = Vec::new();
    hide_table(table.get_ref(), false, &mut hidden);
    let file = Arc::new(SourceFile {
        path: path.to_owned(),
        text: Arc::clone(&text),
        hidden,
        damaged: !errors.is_empty(),
    });
    problems.extend(errors.iter().map(|error| {
        Problem::error(
            Place::File(Arc::clone(&file), error.span().unwrap_or(0..0)),
            format!("this is not TOML: {}", error.message()),
        )
    }));
    errors
        .is_empty()
        .then(|| place_table(table.get_ref(), &file))
}

/// What a key's value must not show: values of secret names, addresses of receivers, and all of a
/// client's properties, whose names may be mistyped.
fn hide_table(table: &DeTable<'_>, all: bool, hidden: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        hide(
            value,
            // A receiver's address often is a secret as a whole.
            all || is_secret(name) || name == "properties" || name == "url",
            hidden,
        );
    }
}

fn hide(value: &Spanned<DeValue<'_>>, all: bool, hidden: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::Table(table) => hide_table(table, all, hidden),
        DeValue::Array(list) => list.iter().for_each(|v| hide(v, all, hidden)),
        _ if all => hidden.push(value.span()),
        _ => {}
    }
}

fn place_table(table: &DeTable<'_>, file: &Arc<SourceFile>) -> Table {
    table
        .iter()
        .map(|(key, value)| (key.get_ref().to_string(), place(key.span(), value, file)))
        .collect()
}

fn place(key: Range<usize>, value: &Spanned<DeValue<'_>>, file: &Arc<SourceFile>) -> Entry {
    let node = match value.get_ref() {
        DeValue::Table(table) => Node::Table(place_table(table, file)),
        DeValue::Array(list) => Node::List(list.iter().map(|v| place(v.span(), v, file)).collect()),
        leaf => leaf_node(leaf),
    };
    Entry {
        key: Place::File(Arc::clone(file), key),
        place: Place::File(Arc::clone(file), value.span()),
        node,
    }
}

fn leaf_node(value: &DeValue<'_>) -> Node {
    match value {
        DeValue::String(text) => Node::Text(text.to_string()),
        // What overflows is no setting's value; it is named as it was written.
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).map_or_else(
            |_| Node::Other(format!("the number {n}, which is too big")),
            Node::Integer,
        ),
        DeValue::Float(n) => Node::Float(n.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Node::Flag(*flag),
        DeValue::Datetime(time) => Node::Other(format!("the date {time}")),
        DeValue::Array(_) | DeValue::Table(_) => Node::Table(Table::new()),
    }
}
