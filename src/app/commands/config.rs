//! `config check | example | schema | files`.

use crate::cli::{ConfigCommand, Exit};
use crate::config::{self, Config};
use crate::http::Web;

use super::super::files;
use super::super::kafka::kafka_config;
use super::super::rules::in_force;
use super::super::setup::{Refusal, load};
use super::{print, tell};

/// Prints what is asked for.
pub(super) fn config(command: &ConfigCommand) -> Result<Exit, Refusal> {
    match command {
        ConfigCommand::Example => print(config::example().as_bytes()),
        ConfigCommand::Schema => {
            let schema = serde_json::to_string_pretty(&config::json_schema())
                .map_err(|error| Refusal::failed(format!("error: {error}")))?;
            print(format!("{schema}\n").as_bytes())
        }
        ConfigCommand::Check { source } => {
            let loaded = load(source, &[])?;
            right(&loaded.config)?;
            let report = loaded.report();
            if !report.notes.is_empty() {
                tell(&report.notes);
            }
            print(report.in_force.as_bytes())
        }
        ConfigCommand::Files { directory, source } => {
            let loaded = load(source, &[])?;
            let label = loaded.config.metrics.cluster_label.as_str();
            let paths = files::write(directory, label).map_err(|(path, error)| {
                Refusal::failed(format!("error: cannot write {}: {error}", path.display()))
            })?;
            let lines = paths.iter().map(|p| format!("{}\n", p.display()));
            print(lines.collect::<String>().as_bytes())
        }
    }
}

/// What only the parts that will use it can judge: clients, rules, how the listener is guarded.
fn right(config: &Config) -> Result<(), Refusal> {
    let mut wrong: Vec<String> = config
        .clusters
        .iter()
        .filter_map(|cluster| kafka_config(cluster).err())
        .flatten()
        .collect();
    wrong.extend(in_force(config).err().map(|refusal| refusal.text));
    let web = config.http.web_config.as_deref().map(Web::load);
    wrong.extend(web.and_then(Result::err).map(|e| format!("error: {e}")));
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Refusal::usage(wrong.join("\n")))
    }
}
