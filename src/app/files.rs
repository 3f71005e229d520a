//! The files that come with Laggard for other programs: dashboards for Grafana, rules for Prometheus.
//!
//! In: how the configuration calls the label of the cluster. Out: the files, in which it is called
//! the same: with another name they would find nothing.

use std::io;
use std::path::{Path, PathBuf};

/// What the files call it.
pub(super) const LABEL: &str = "kafka_cluster";

/// Name, text.
const FILES: [(&str, &str); 8] = [
    (
        "dashboards/laggard-overview.json",
        include_str!("../../dashboards/laggard-overview.json"),
    ),
    (
        "dashboards/laggard-group.json",
        include_str!("../../dashboards/laggard-group.json"),
    ),
    (
        "dashboards/laggard-topic.json",
        include_str!("../../dashboards/laggard-topic.json"),
    ),
    (
        "dashboards/laggard-itself.json",
        include_str!("../../dashboards/laggard-itself.json"),
    ),
    (
        "dashboards/provisioning/dashboards.yml",
        include_str!("../../dashboards/provisioning/dashboards.yml"),
    ),
    (
        "dashboards/provisioning/datasource.yml",
        include_str!("../../dashboards/provisioning/datasource.yml"),
    ),
    (
        "alerts/laggard.yml",
        include_str!("../../alerts/laggard.yml"),
    ),
    (
        "alerts/prometheus.yml",
        include_str!("../../alerts/prometheus.yml"),
    ),
];

/// Writes them below `directory`, over those of the same names; their paths, in order.
///
/// # Errors
///
/// The first that cannot be written, with its path.
pub(super) fn write(directory: &Path, label: &str) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let write = |(name, text): (&str, &str)| {
        let path = directory.join(name);
        let parent = path.parent().unwrap_or(directory);
        let written = std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, renamed(text, label)));
        written
            .map(|()| path.clone())
            .map_err(|error| (path, error))
    };
    FILES.into_iter().map(write).collect()
}

/// Whether `text` has `word`, and not only as a part of a longer one.
pub(super) fn says(text: &str, word: &str) -> bool {
    words(text).any(|w| w == word)
}

/// The label is a word of its own wherever it stands: in matchers, in `by (…)`, behind `$labels.`.
fn renamed(text: &str, label: &str) -> String {
    words(text)
        .map(|w| if w == LABEL { label } else { w })
        .collect()
}

/// Words, and what stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = if is_word(first) {
            rest.find(|c| !is_word(c))
        } else {
            rest.find(is_word)
        };
        let (word, left) = rest.split_at(end.unwrap_or(rest.len()));
        rest = left;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_shipped_is_among_them() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut there = Vec::new();
        for folder in ["dashboards", "dashboards/provisioning", "alerts"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    there.push(path.strip_prefix(root).unwrap().display().to_string());
                }
            }
        }
        there.sort();
        let mut known = FILES.map(|(name, _)| name.to_owned()).to_vec();
        known.sort();
        assert_eq!(known, there);
    }

    #[test]
    fn the_label_is_renamed_wherever_it_stands_and_nothing_else_is() {
        for (_, text) in FILES {
            assert_eq!(renamed(text, LABEL), text, "nothing is lost");
            let other = renamed(text, "env");
            assert!(!other.contains(LABEL));
            assert_eq!(
                text.matches(LABEL).count() + text.matches("env").count(),
                other.matches("env").count()
            );
        }
        assert_eq!(
            renamed(
                "x{kafka_cluster=\"a\"} by (my_kafka_cluster, kafka_cluster) $labels.kafka_cluster é",
                "k"
            ),
            "x{k=\"a\"} by (my_kafka_cluster, k) $labels.k é"
        );
    }

    #[test]
    fn renamed_dashboards_are_json() {
        for (name, text) in FILES.into_iter().take(4) {
            let json: serde_json::Value = serde_json::from_str(&renamed(text, "env")).unwrap();
            assert!(json["panels"].is_array(), "{name}");
        }
    }

    #[test]
    fn they_are_written_below_a_directory_that_need_not_be_there() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("a/b");
        let paths = write(&below, "env").unwrap();
        assert_eq!(paths.len(), FILES.len());
        let text = std::fs::read_to_string(below.join("alerts/laggard.yml")).unwrap();
        assert!(says(&text, "env") && !says(&text, LABEL));
        std::fs::write(directory.path().join("file"), "").unwrap();
        let (path, _) = write(&directory.path().join("file"), "env").unwrap_err();
        assert!(path.ends_with("file/dashboards/laggard-overview.json"));
    }
}
