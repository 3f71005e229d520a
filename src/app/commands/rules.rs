//! `rules check`.

use crate::alerts::shipped;
use crate::cli::{Exit, RulesCommand};

use super::super::rules::{read, right};
use super::super::setup::Refusal;
use super::print;

/// Does what is asked for.
pub(super) fn rules(command: &RulesCommand) -> Result<Exit, Refusal> {
    let RulesCommand::Check { files } = command;
    let files = if files.is_empty() {
        shipped()
    } else {
        read(files)?
    };
    let counts = right(&files)?;
    let lines = files.iter().zip(counts).map(|(file, (groups, rules))| {
        let plural = |n| if n == 1 { "" } else { "s" };
        format!(
            "{}: right: {groups} group{}, {rules} rule{}\n",
            file.name,
            plural(groups),
            plural(rules)
        )
    });
    print(lines.collect::<String>().as_bytes())
}
