//! Source flags before the command's name or after it, and which of them cannot go together.
//!
//! In: what clap made of the line. Out: one [`SourceArgs`] a command. Clap judges each level by
//! itself, so a rule on two flags stands here, where both levels are at hand.

use clap::ArgMatches;
use clap::error::ErrorKind;
use clap::parser::ValueSource;

use super::args::{Cli, Command, ConfigCommand, SilenceCommand, SourceArgs};

/// What is wrong with a line, for clap to print.
type Wrong = (ErrorKind, String);

/// Brings flags that stand before a command's name to the command, and judges them.
pub(super) fn settle(cli: &mut Cli, matches: &ArgMatches) -> Result<(), Wrong> {
    let Some(command) = &mut cli.command else {
        return judge(&cli.top.source);
    };
    let before = typed(std::mem::take(&mut cli.top.source), matches);
    if cli.top.group.is_some() {
        return Err(conflict(
            "--group goes behind the command: `laggard top --group NAME`",
        ));
    }
    let after = innermost(matches);
    match source_of(command) {
        Some(source) => {
            *source = over(typed_first(std::mem::take(source), &before, after), before);
            let source = source.clone();
            if is_order(command) {
                return judge_order(&source);
            }
            judge(&source)?;
            live_only(command)
        }
        None => without_source(command, before),
    }
}

/// Where a command keeps its source, if it reads anything.
fn source_of(command: &mut Command) -> Option<&mut SourceArgs> {
    match command {
        Command::Top(args) => Some(&mut args.source),
        Command::Serve(args) => Some(&mut args.source),
        Command::Lag(args) => Some(&mut args.source),
        Command::Check(args) => Some(&mut args.source),
        Command::Advise(args) => Some(&mut args.source),
        Command::WhatIf(args) => Some(&mut args.source),
        Command::Doctor(args) => Some(&mut args.source),
        Command::Record(args) => Some(&mut args.source),
        Command::Config(ConfigCommand::Check { source } | ConfigCommand::Files { source, .. }) => {
            Some(&mut **source)
        }
        Command::Mark(args) => Some(&mut args.order.source),
        Command::Reload(args) => Some(&mut args.order.source),
        Command::Silence(
            SilenceCommand::Add { order, .. }
            | SilenceCommand::List { order }
            | SilenceCommand::Expire { order, .. },
        ) => Some(&mut order.source),
        Command::Demo(_)
        | Command::Config(_)
        | Command::Rules(_)
        | Command::Completions { .. }
        | Command::Man => None,
    }
}

/// The matches of the command itself, below `config` too.
fn innermost(mut matches: &ArgMatches) -> &ArgMatches {
    while let Some((_, below)) = matches.subcommand() {
        matches = below;
    }
    matches
}

/// The same without what only the environment says: the command sees that by itself.
fn typed(source: SourceArgs, matches: &ArgMatches) -> SourceArgs {
    let was_typed = matches.value_source("config") == Some(ValueSource::CommandLine);
    SourceArgs {
        config: source.config.filter(|_| was_typed),
        ..source
    }
}

/// A file that was typed before the command wins over one that only the environment names.
fn typed_first(source: SourceArgs, before: &SourceArgs, matches: &ArgMatches) -> SourceArgs {
    if before.config.is_some() {
        typed(source, matches)
    } else {
        source
    }
}

/// What stands behind the command wins.
fn over(after: SourceArgs, before: SourceArgs) -> SourceArgs {
    SourceArgs {
        bootstrap_server: after.bootstrap_server.or(before.bootstrap_server),
        command_config: after.command_config.or(before.command_config),
        config: after.config.or(before.config),
        cluster: if after.cluster.is_empty() {
            before.cluster
        } else {
            after.cluster
        },
        demo: after.demo.or(before.demo),
        replay: after.replay.or(before.replay),
        attach: after.attach.or(before.attach),
        attach_header: if after.attach_header.is_empty() {
            before.attach_header
        } else {
            after.attach_header
        },
        attach_ca: after.attach_ca.or(before.attach_ca),
        attach_cert: after.attach_cert.or(before.attach_cert),
        attach_key: after.attach_key.or(before.attach_key),
        at: after.at.or(before.at),
        speed: after.speed.or(before.speed),
        poll_interval: after.poll_interval.or(before.poll_interval),
        log_level: after.log_level.or(before.log_level),
    }
}

/// `demo` knows its cluster, and the others read nothing: what could only be ignored is refused.
fn without_source(command: &mut Command, before: SourceArgs) -> Result<(), Wrong> {
    let (name, mut left) = match command {
        Command::Demo(args) => {
            args.log_level = args.log_level.take().or(before.log_level.clone());
            args.poll_interval = args.poll_interval.or(before.poll_interval);
            let left = SourceArgs {
                log_level: None,
                poll_interval: None,
                ..before
            };
            ("demo", given(&left))
        }
        Command::Completions { .. } => ("completions", given(&before)),
        Command::Man => ("man", given(&before)),
        _ => ("config", given(&before)),
    };
    match left.pop() {
        Some(flag) => Err(conflict(&format!(
            "{flag} means nothing to `laggard {name}`"
        ))),
        None => Ok(()),
    }
}

/// Whether it orders something of a running `serve`.
fn is_order(command: &Command) -> bool {
    matches!(
        command,
        Command::Mark(_) | Command::Silence(_) | Command::Reload(_)
    )
}

/// An order goes to a running `serve`, and reads nothing.
fn judge_order(source: &SourceArgs) -> Result<(), Wrong> {
    let fits = [
        "--attach",
        "--attach-header",
        "--attach-ca",
        "--attach-cert",
        "--cluster",
        "--config",
        "--log-level",
    ];
    match given(source).into_iter().find(|flag| !fits.contains(flag)) {
        Some(flag) => Err(conflict(&format!(
            "{flag} means nothing here: orders go to a running `laggard serve`, --attach says which"
        ))),
        None => Ok(()),
    }
}

/// The flags that were given.
fn given(source: &SourceArgs) -> Vec<&'static str> {
    let all = [
        ("--bootstrap-server", source.bootstrap_server.is_some()),
        ("--command-config", source.command_config.is_some()),
        ("--config", source.config.is_some()),
        ("--cluster", !source.cluster.is_empty()),
        ("--demo", source.demo.is_some()),
        ("--replay", source.replay.is_some()),
        ("--attach", source.attach.is_some()),
        ("--attach-header", !source.attach_header.is_empty()),
        ("--attach-ca", source.attach_ca.is_some()),
        ("--attach-cert", source.attach_cert.is_some()),
        ("--at", source.at.is_some()),
        ("--speed", source.speed.is_some()),
        ("--poll-interval", source.poll_interval.is_some()),
        ("--log-level", source.log_level.is_some()),
    ];
    let given = all.into_iter().filter(|(_, given)| *given);
    given.map(|(flag, _)| flag).collect()
}

/// Flags that contradict each other.
fn judge(source: &SourceArgs) -> Result<(), Wrong> {
    if source.demo.is_some() {
        let others = [
            ("--bootstrap-server", source.bootstrap_server.is_some()),
            ("--command-config", source.command_config.is_some()),
            ("--cluster", !source.cluster.is_empty()),
        ];
        if let Some((flag, _)) = others.iter().find(|(_, given)| *given) {
            return Err(conflict(&format!(
                "{flag} cannot be used with --demo, which is a cluster of its own"
            )));
        }
    }
    if source.replay.is_some() {
        let others = [
            ("--bootstrap-server", source.bootstrap_server.is_some()),
            ("--command-config", source.command_config.is_some()),
            ("--demo", source.demo.is_some()),
            ("--poll-interval", source.poll_interval.is_some()),
        ];
        if let Some((flag, _)) = others.iter().find(|(_, given)| *given) {
            return Err(conflict(&format!(
                "{flag} cannot be used with --replay, which reads no cluster"
            )));
        }
    }
    judge_attach(source)?;
    if source.speed.is_some() && source.replay.is_none() {
        return Err(missing("--speed goes with --replay FILE"));
    }
    if source.at.is_some() && source.replay.is_none() && source.attach.is_none() {
        return Err(missing(
            "--at goes with --replay FILE, or with --attach URL",
        ));
    }
    if source.command_config.is_some() && source.bootstrap_server.is_none() {
        return Err((
            ErrorKind::MissingRequiredArgument,
            "--command-config goes with --bootstrap-server; clusters of a configuration file have \
             `command_config` of their own"
                .to_owned(),
        ));
    }
    Ok(())
}

fn judge_attach(source: &SourceArgs) -> Result<(), Wrong> {
    let mut of_attach = [
        ("--attach-header", !source.attach_header.is_empty()),
        ("--attach-ca", source.attach_ca.is_some()),
        ("--attach-cert", source.attach_cert.is_some()),
    ]
    .into_iter();
    if source.attach.is_none() {
        return match of_attach.find(|(_, given)| *given) {
            Some((flag, _)) => Err(missing(&format!("{flag} goes with --attach URL"))),
            None => Ok(()),
        };
    }
    let others = [
        ("--bootstrap-server", source.bootstrap_server.is_some()),
        ("--command-config", source.command_config.is_some()),
        ("--demo", source.demo.is_some()),
        ("--replay", source.replay.is_some()),
        ("--poll-interval", source.poll_interval.is_some()),
    ];
    match others.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(conflict(&format!(
            "{flag} cannot be used with --attach, which reads a running `laggard serve`"
        ))),
        None => Ok(()),
    }
}

fn missing(text: &str) -> Wrong {
    (ErrorKind::MissingRequiredArgument, text.to_owned())
}

/// What probes or reads a cluster itself has no use for a recording of one.
fn live_only(command: &mut Command) -> Result<(), Wrong> {
    let (name, why) = match command {
        Command::Serve(_) => ("serve", "it would serve what is served already"),
        Command::Doctor(_) => ("doctor", "it probes a cluster itself"),
        Command::Record(_) => (
            "record",
            "it writes what a cluster says, and reads none there",
        ),
        Command::Config(_) => ("config check", "it connects to nothing"),
        _ => return Ok(()),
    };
    match source_of(command) {
        Some(source) if source.replay.is_some() && name != "serve" => Err(conflict(&format!(
            "--replay means nothing to `laggard {name}`: {why}"
        ))),
        Some(source) if source.attach.is_some() => Err(conflict(&format!(
            "--attach means nothing to `laggard {name}`: {why}"
        ))),
        _ => Ok(()),
    }
}

fn conflict(text: &str) -> Wrong {
    (ErrorKind::ArgumentConflict, text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::super::{Exit, parse};
    use super::*;

    fn parsed(line: &str) -> Result<Cli, (String, Exit)> {
        let words = std::iter::once("laggard").chain(line.split_whitespace());
        parse(words.map(OsString::from))
    }

    fn source(line: &str) -> SourceArgs {
        let mut command = parsed(line).unwrap().command.unwrap();
        source_of(&mut command).unwrap().clone()
    }

    #[test]
    fn a_flag_before_the_command_is_as_good_as_one_behind_it() {
        for line in [
            "--config x.toml --cluster a lag g",
            "--config x.toml lag g --cluster a",
            "lag g --config x.toml --cluster a",
            "--config y.toml --cluster b lag g --config x.toml --cluster a",
        ] {
            let source = source(line);
            assert_eq!(
                source.config.as_deref(),
                Some(Path::new("x.toml")),
                "{line}"
            );
            assert_eq!(source.cluster, ["a"], "{line}");
        }
        let split = source("--bootstrap-server a:1 check g --command-config f --max-lag 1");
        assert_eq!(split.bootstrap_server.as_deref(), Some("a:1"));
        let config = source("--config x.toml config check");
        assert_eq!(config.config.as_deref(), Some(Path::new("x.toml")));
    }

    #[test]
    fn a_command_behind_demo_is_no_scenario() {
        assert_eq!(source("--demo lag").demo.as_deref(), Some("demo"));
        assert_eq!(source("--demo poison lag").demo.as_deref(), Some("poison"));
    }

    #[test]
    fn what_contradicts_itself_is_refused_wherever_it_stands() {
        for (line, part) in [
            (
                "--demo lag --bootstrap-server a:1",
                "--bootstrap-server cannot be used with --demo",
            ),
            (
                "lag --demo --command-config f",
                "--command-config cannot be used with --demo",
            ),
            ("--demo --cluster a", "--cluster cannot be used with --demo"),
            ("lag --command-config f", "goes with --bootstrap-server"),
            (
                "--bootstrap-server a:1 demo",
                "means nothing to `laggard demo`",
            ),
            (
                "mark g --for 1m --why x --demo",
                "--demo means nothing here",
            ),
            ("--replay f silence list", "--replay means nothing here"),
            ("--config f completions bash", "--config means nothing"),
            ("--config f config example", "--config means nothing"),
            ("--group g lag", "--group goes behind"),
            (
                "lag --replay f --demo",
                "--demo cannot be used with --replay",
            ),
            ("lag --at 2026-11-20T18:44:00Z", "--at goes with --replay"),
            ("top --speed 3", "--speed goes with --replay"),
            ("lag --replay f --at noon", "is not a time"),
            ("top --replay f --speed 0", "write a number from 0.01"),
            ("doctor --replay f", "it probes a cluster"),
            ("--replay f record -o g", "writes what a cluster says"),
            ("serve --attach http://x", "is served already"),
            (
                "lag --attach http://x --demo",
                "--demo cannot be used with --attach",
            ),
            ("lag --attach-ca f", "--attach-ca goes with --attach"),
            (
                "top --attach http://x --speed 2",
                "--speed goes with --replay",
            ),
            ("top --attach http://x --attach-cert f", "--attach-key"),
            (
                "--replay f demo",
                "--replay means nothing to `laggard demo`",
            ),
        ] {
            let (text, exit) = parsed(line).unwrap_err();
            assert_eq!(exit, Exit::Usage, "{line}");
            assert!(text.contains(part), "{line}: {text}");
        }
    }

    #[test]
    fn demo_takes_what_it_can() {
        let Some(Command::Demo(args)) = parsed("--log-level debug --poll-interval 2s demo")
            .unwrap()
            .command
        else {
            panic!("not demo");
        };
        assert_eq!(args.log_level.as_deref(), Some("debug"));
        assert_eq!(args.poll_interval, Some(crate::model::Span::from_secs(2)));
    }
}
