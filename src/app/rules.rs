//! Rule files, off the disk: those that the configuration names, and those given to a command.
//!
//! In: paths. Out: the files' texts, all of them right, or every error with its place.

use std::fs;
use std::path::{Path, PathBuf};

use crate::alerts::{check, names, shipped};
use crate::config::{Config, ReceiverSettings};
use crate::model::RuleFile;
use crate::notify::Kind;

use super::files::{LABEL, says};
use super::setup::Refusal;

/// The rule files in force.
///
/// # Errors
///
/// Every error in them at once, and files that cannot be read.
pub(super) fn in_force(config: &Config) -> Result<Vec<RuleFile>, Refusal> {
    let mut files = read(&config.alerts.rules)?;
    let label = config.metrics.cluster_label.as_str();
    for file in files.iter().filter(|f| is_for_prometheus(&f.text, label)) {
        tracing::warn!(
            "rule file {}: it says `{label}`, as metrics.cluster_label calls the cluster's label for Prometheus; \
             Laggard itself evaluates rules with `{LABEL}`",
            file.name
        );
    }
    if config.alerts.shipped {
        files.splice(0..0, shipped());
    }
    right(&files).map(|_| files)
}

/// Whether a rule file is written for series whose cluster's label was renamed: what it joins here
/// would match nothing, in silence.
fn is_for_prometheus(text: &str, label: &str) -> bool {
    label != LABEL && says(text, label) && !says(text, LABEL)
}

/// How many groups and rules each of these files has.
///
/// # Errors
///
/// Every error in them at once.
pub(super) fn right(files: &[RuleFile]) -> Result<Vec<(usize, usize)>, Refusal> {
    let (mut counts, mut errors) = (Vec::new(), Vec::new());
    for file in files {
        match check(std::slice::from_ref(file)) {
            Ok(checked) => counts.push((checked.groups, checked.rules)),
            Err(more) => errors.extend(more.iter().map(|e| format!("error: {e}"))),
        }
    }
    if errors.is_empty() {
        Ok(counts)
    } else {
        Err(Refusal::usage(errors.join("\n")))
    }
}

/// The texts of these files; of a directory, of all in it that are YAML by their name.
///
/// # Errors
///
/// Every file that cannot be read.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<RuleFile>, Refusal> {
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        match one_or_all(path) {
            Ok(found) => files.extend(found),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(files)
    } else {
        Err(Refusal::usage(errors.join("\n")))
    }
}

fn one_or_all(path: &Path) -> Result<Vec<RuleFile>, String> {
    let wrong = |path: &Path, error: &dyn std::fmt::Display| {
        format!("error: rule file {}: {error}", path.display())
    };
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        let entries = fs::read_dir(path).map_err(|e| wrong(path, &e))?;
        paths = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|p| p.extension().is_some_and(|e| e == "yml" || e == "yaml"))
            .collect();
        paths.sort();
        if paths.is_empty() {
            return Err(wrong(path, &"no file in it ends in .yml or .yaml"));
        }
    }
    let text = |path: &PathBuf| {
        let text = fs::read_to_string(path).map_err(|e| wrong(path, &e))?;
        Ok(RuleFile {
            name: path.display().to_string().into(),
            text: text.into(),
        })
    };
    paths.iter().map(text).collect()
}

/// Heartbeats that will never be sent, as no rule raises the alert that they go by; in words.
pub(super) fn never_beat(settings: &[ReceiverSettings], rules: &[RuleFile]) -> Vec<String> {
    let hearts = settings.iter().filter(|r| r.kind == Some(Kind::Heartbeat));
    let mut hearts = hearts.peekable();
    if hearts.peek().is_none() {
        return Vec::new();
    }
    let there = names(rules);
    let silent = hearts.filter(|r| !there.contains(&r.alert));
    let words = silent.map(|r| {
        let (name, alert) = (r.name.as_deref().unwrap_or_default(), &r.alert);
        format!("the heartbeat `{name}` is never sent: no rule is called `{alert}`")
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_that_no_rule_feeds_is_told() {
        let heart = |name: &str, alert: &str| ReceiverSettings {
            name: Some(name.into()),
            kind: Some(Kind::Heartbeat),
            alert: alert.into(),
            ..ReceiverSettings::default()
        };
        let hearts = [heart("a", "LaggardWatchdog"), heart("b", "Nobody")];
        let said = never_beat(&hearts, &shipped());
        assert_eq!(
            said,
            ["the heartbeat `b` is never sent: no rule is called `Nobody`"]
        );
        assert_eq!(never_beat(&hearts, &[]).len(), 2);
    }

    #[test]
    fn a_directory_gives_its_yaml_files_in_order_of_name() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.yaml", "a.yml", "c.txt"] {
            fs::write(dir.path().join(name), "groups: []\n").unwrap();
        }
        let names: Vec<_> = read(&[dir.path().to_owned()])
            .unwrap()
            .into_iter()
            .map(|f| f.name.rsplit('/').next().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["a.yml", "b.yaml"]);
        let missing = read(&[dir.path().join("none.yml")]).unwrap_err();
        assert!(missing.text.contains("none.yml"), "{}", missing.text);
    }

    #[test]
    fn a_file_for_a_prometheus_with_another_label_is_noticed() {
        let renamed = "expr: max by (env) (laggard_group_lag)";
        assert!(is_for_prometheus(renamed, "env"));
        assert!(!is_for_prometheus(renamed, LABEL));
        assert!(!is_for_prometheus(
            "expr: max by (kafka_cluster) (x{env=\"a\"})",
            "env"
        ));
        assert!(!is_for_prometheus("expr: laggard_up", "env"));
    }

    #[test]
    fn errors_of_all_files_are_told_at_once() {
        let file = |name: &str| RuleFile {
            name: name.into(),
            text: "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: laggard_upp\n".into(),
        };
        let refusal = right(&[file("a.yml"), file("b.yml")]).unwrap_err();
        assert_eq!(refusal.exit, crate::cli::Exit::Usage);
        assert_eq!(
            refusal.text,
            "error: a.yml:5: group `g`, alert `A`: `expr`: there is no series `laggard_upp`; did you mean `laggard_up`?\n\
             error: b.yml:5: group `g`, alert `A`: `expr`: there is no series `laggard_upp`; did you mean `laggard_up`?"
        );
    }
}
