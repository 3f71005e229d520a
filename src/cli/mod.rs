//! Arguments: their syntax ([`args`]), and the codes with which the process ends ([`exit`]).
//!
//! In: what was typed. Out: a [`Cli`]; what it comes to is worked out in `app`, where the
//! configuration is at hand.

pub mod args;
pub mod exit;
mod source;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

pub use args::{
    AdviseArgs, CheckArgs, Cli, Command, ConfigCommand, CourseOutput, DemoArgs, DoctorArgs,
    LagArgs, MarkArgs, OrderArgs, Output, RecordArgs, ReloadArgs, RulesCommand, ServeArgs,
    SilenceCommand, SourceArgs, TopArgs, WatchArgs, WhatIfArgs,
};
pub use exit::Exit;

/// Parses what was typed; the first item is the program's own name.
///
/// # Errors
///
/// The text to print and the code to exit with: help and version are no failures, all else is
/// [`Exit::Usage`].
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, (String, Exit)> {
    read(arguments).map_err(|error| {
        let exit = if error.use_stderr() {
            Exit::Usage
        } else {
            Exit::Ok
        };
        let text = if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            error.render().ansi().to_string()
        } else {
            error.render().to_string()
        };
        (text, exit)
    })
}

fn read(arguments: impl IntoIterator<Item = OsString>) -> clap::error::Result<Cli> {
    let matches = Cli::command().try_get_matches_from(arguments)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    source::settle(&mut cli, &matches).map_err(|(kind, text)| Cli::command().error(kind, text))?;
    Ok(cli)
}

/// The completion script of a shell.
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "laggard", &mut script);
    script
}

/// The manual page.
///
/// # Errors
///
/// Never for want of anything outside: writing into memory does not fail.
pub fn man() -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Cli, (String, Exit)> {
        let words = std::iter::once("laggard").chain(line.split_whitespace());
        parse(words.map(OsString::from))
    }

    #[test]
    fn the_syntax_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_is_top() {
        let cli = parsed("--bootstrap-server a:1,b:2 --cluster prod").unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.top.source.bootstrap_server.as_deref(), Some("a:1,b:2"));
        let Some(Command::Top(top)) = parsed("top --demo poison").unwrap().command else {
            panic!("not top");
        };
        assert_eq!(top.source.demo.as_deref(), Some("poison"));
        let Some(Command::Top(top)) = parsed("top --demo").unwrap().command else {
            panic!("not top");
        };
        assert_eq!(top.source.demo.as_deref(), Some("demo"));
    }

    #[test]
    fn what_cannot_go_together_is_said_and_exits_with_3() {
        for line in [
            "lag --demo --bootstrap-server a:1",
            "check --max-lag 5",
            "lag --output yaml",
            "serv",
            "check g --max-time-lag 5",
            "demo --groups 0",
        ] {
            let (text, exit) = parsed(line).unwrap_err();
            assert_eq!(exit, Exit::Usage, "{line}: {text}");
            assert!(text.starts_with("error:"), "{line}: {text}");
        }
        assert_eq!(parsed("--help").unwrap_err().1, Exit::Ok);
        assert_eq!(parsed("--version").unwrap_err().1, Exit::Ok);
    }
}
