//! `rules check` and `rules test`.

use std::path::{Path, PathBuf};

use crate::alerts::shipped;
use crate::cli::{CourseOutput, Exit, RulesCommand, SourceArgs};
use crate::report::{self, BackTestForm, Outcome};
use crate::timeline::{Instead, Tape, backtest};

use super::super::rules::{read, right};
use super::super::setup::{self, Refusal, cannot_show};
use super::oneshot::{reported, terminal_width};
use super::print;

/// Does what is asked for.
pub(super) fn rules(command: &RulesCommand) -> Result<Exit, Refusal> {
    let files = match command {
        RulesCommand::Check { files } => files,
        RulesCommand::Test {
            files,
            replay,
            config,
            output,
        } => return test(files, replay, config.as_deref(), *output),
    };
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

/// `rules test`.
fn test(
    files: &[PathBuf],
    replay: &Path,
    config: Option<&Path>,
    output: CourseOutput,
) -> Result<Exit, Refusal> {
    let rules = (!files.is_empty()).then(|| read(files)).transpose()?;
    if let Some(rules) = &rules {
        right(rules)?;
    }
    let policies = match config {
        Some(_) => {
            let source = SourceArgs {
                config: config.map(Path::to_owned),
                ..SourceArgs::default()
            };
            Some(setup::load(&source, &[])?.config.settings().policies)
        }
        None => None,
    };
    let tape = Tape::open(replay).map_err(|e| cannot_show(&e))?;
    let (none_named, mut instead) = (rules.is_none(), Instead { rules, policies });
    let tested = |instead: &Instead| backtest(&tape, instead.clone()).map_err(|e| cannot_show(&e));
    let (mut test, mut unread) = tested(&instead)?;
    if none_named && test.rules == 0 {
        // "No alert fired" would be true of no rules, and of no use.
        instead.rules = Some(shipped());
        (test, unread) = tested(&instead)?;
        unread.push(format!(
            "{} has no rules in it: the ones that come with Laggard were tested",
            replay.display()
        ));
    }
    let form = match output {
        CourseOutput::Table => BackTestForm::Table(terminal_width()),
        CourseOutput::Timeline => BackTestForm::Timeline(terminal_width()),
        CourseOutput::Json => BackTestForm::Json,
    };
    reported(|out, notes| {
        for note in unread {
            writeln!(notes, "{note}")?;
        }
        report::backtest(&test, form, out)?;
        Ok(Outcome::Fine)
    })
}
