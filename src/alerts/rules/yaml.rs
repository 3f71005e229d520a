//! YAML with the line of each value, its scalars as they were written.

use saphyr::{MarkedYaml, ScanError, YamlData, YamlLoader};

/// A value and where it stands.
pub(super) struct Node {
    /// From 1.
    pub(super) line: usize,
    pub(super) data: Data,
}

/// A value.
pub(super) enum Data {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Other,
}

/// Largest file that is read, in bytes.
const LARGEST: usize = 4 * 1024 * 1024;

/// Reads a text of one document; `None` for an empty one.
///
/// # Errors
///
/// The line and what is wrong there.
pub(super) fn read(text: &str) -> Result<Option<Node>, (usize, String)> {
    if text.len() > LARGEST {
        return Err((1, format!("the file is larger than {LARGEST} bytes")));
    }
    let documents = load(text).map_err(|e| (e.marker().line(), e.info().to_owned()))?;
    match documents.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(node(one))),
        [_, second, ..] => Err((
            second.span.start.line(),
            "a second document: write one to a file".to_owned(),
        )),
    }
}

fn load(text: &str) -> Result<Vec<MarkedYaml<'_>>, ScanError> {
    let mut parser = saphyr_parser::Parser::new_from_str(text);
    let mut loader = YamlLoader::default();
    loader.early_parse(false);
    parser.load(&mut loader, true)?;
    match loader.error() {
        Some(error) => Err(error.clone()),
        None => Ok(loader.into_documents()),
    }
}

fn node(yaml: &MarkedYaml<'_>) -> Node {
    let data = match &yaml.data {
        YamlData::Representation(text, style, _) => {
            let plain = *style == saphyr_parser::ScalarStyle::Plain;
            match &**text {
                "" | "~" | "null" | "Null" | "NULL" if plain => Data::Null,
                text => Data::Text(text.to_owned()),
            }
        }
        YamlData::Sequence(items) => Data::List(items.iter().map(node).collect()),
        YamlData::Mapping(pairs) => {
            Data::Map(pairs.iter().map(|(k, v)| (node(k), node(v))).collect())
        }
        YamlData::Tagged(_, inner) => return node(inner),
        _ => Data::Other,
    };
    Node {
        line: yaml.span.start.line(),
        data,
    }
}
