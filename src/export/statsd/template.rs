//! How plain StatsD names are made of a series and its labels.

use std::fmt;
use std::str::FromStr;

/// Parts between dots, each of text and `{placeholders}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Vec<Piece>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// The series' name.
    Name,
    /// What stands behind the last dot of the series' name.
    Last,
    Cluster,
    Group,
    Topic,
    Partition,
    /// A label of the series' own, by name.
    Label(String),
    /// All labels of its own that are not named, joined by dots.
    Labels,
}

impl Template {
    /// The parts, in order.
    pub(super) fn parts(&self) -> &[Vec<Piece>] {
        &self.parts
    }

    /// Whether a label is named in it.
    pub(super) fn names(&self, label: &str) -> bool {
        let mut pieces = self.parts.iter().flatten();
        pieces.any(|p| matches!(p, Piece::Label(l) if l == label))
    }
}

impl Default for Template {
    fn default() -> Self {
        let pieces = [
            Piece::Name,
            Piece::Cluster,
            Piece::Group,
            Piece::Topic,
            Piece::Partition,
            Piece::Labels,
        ];
        Self {
            text: "{name}.{cluster}.{group}.{topic}.{partition}.{labels}".to_owned(),
            parts: pieces.into_iter().map(|p| vec![p]).collect(),
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Result<Vec<_>, _> = text.split('.').map(part).collect();
        let template = Self {
            text: text.to_owned(),
            parts: parts?,
        };
        let named = |piece: &Piece| matches!(piece, Piece::Name | Piece::Last);
        if !template.parts.iter().flatten().any(named) {
            return Err(format!(
                "`{text}` has no {{name}}: all series would have one name"
            ));
        }
        Ok(template)
    }
}

fn part(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        literal(&rest[..open], &mut pieces)?;
        let Some(close) = rest[open..].find('}') else {
            return Err(format!("`{rest}`: a {{ without its }}"));
        };
        let word = &rest[open + 1..open + close];
        pieces.push(match word {
            "name" => Piece::Name,
            "last" => Piece::Last,
            "cluster" => Piece::Cluster,
            "group" => Piece::Group,
            "topic" => Piece::Topic,
            "partition" => Piece::Partition,
            "labels" => Piece::Labels,
            word if !word.is_empty()
                && word.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()) =>
            {
                Piece::Label(word.to_owned())
            }
            word => return Err(format!("there is nothing called {{{word}}}")),
        });
        rest = &rest[open + close + 1..];
    }
    literal(rest, &mut pieces)?;
    Ok(pieces)
}

fn literal(text: &str, pieces: &mut Vec<Piece>) -> Result<(), String> {
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    {
        return Err(format!(
            "`{text}`: only letters, digits, _ and - may stand in a name"
        ));
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read_and_wrong_ones_refused() {
        let default = Template::default();
        assert_eq!(default.to_string().parse(), Ok(default));
        let ruby: Template = "consumer.{client}.{group}.{topic}.{partition}.{last}"
            .parse()
            .unwrap();
        assert!(ruby.names("client") && !ruby.names("api"));
        for wrong in ["", "a.b", "{name", "{name}.{}", "{name}:x", "{Name}"] {
            assert!(wrong.parse::<Template>().is_err(), "{wrong}");
        }
    }
}
