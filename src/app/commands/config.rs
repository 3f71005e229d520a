//! `config check | example | schema`.

use crate::cli::{ConfigCommand, Exit};
use crate::config;

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
            in_force(&loaded.config)?;
            let report = loaded.report();
            if !report.notes.is_empty() {
                tell(&report.notes);
            }
            print(report.in_force.as_bytes())
        }
    }
}
