//! What each command does: set up, run, end with a code.

mod advise;
mod config;
mod doctor;
mod live;
mod oneshot;
mod order;
mod record;
mod rules;

use std::io::Write;

use crate::cli::{self, Cli, Command, Exit};

use super::setup::Refusal;

/// Runs a command to its end. Results go to stdout, all else to stderr.
pub async fn run(cli: Cli) -> Exit {
    let ended = match cli.command.unwrap_or(Command::Top(cli.top)) {
        Command::Top(args) => live::top(&args).await,
        Command::Serve(args) => live::serve(&args).await,
        Command::Demo(args) => live::demo(&args).await,
        Command::Lag(args) => oneshot::lag(&args).await,
        Command::Check(args) => oneshot::check(&args).await,
        Command::Advise(args) => advise::advise(&args).await,
        Command::WhatIf(args) => advise::what_if(&args).await,
        Command::Record(args) => record::record(&args).await,
        Command::Doctor(args) => doctor::doctor(&args).await,
        Command::Config(command) => config::config(&command),
        Command::Rules(command) => rules::rules(&command),
        Command::Mark(args) => order::mark(&args),
        Command::Silence(command) => order::silence(&command),
        Command::Reload(args) => order::reload(&args.order),
        Command::Completions { shell } => print(&cli::completions(shell)),
        Command::Man => match cli::man() {
            Ok(page) => print(&page),
            Err(error) => Err(Refusal::failed(format!("error: {error}"))),
        },
    };
    ended.unwrap_or_else(|refusal| {
        tell(&refusal.text);
        refusal.exit
    })
}

/// Writes a result to stdout. A reader that went away is no failure.
fn print(text: &[u8]) -> Result<Exit, Refusal> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Refusal::failed(format!("error: cannot write: {error}")))
        }
        _ => Ok(Exit::Ok),
    }
}

/// Writes a line for a person to stderr. If that fails there is nobody to tell.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
}
