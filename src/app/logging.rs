//! Where the log goes: stderr or a file for commands, a ring for the screen.

use std::fs::OpenOptions;
use std::sync::Mutex;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::Log;
use crate::model::Clock;
use crate::tui::LogRing;

use super::setup::Refusal;

/// Logs to stderr, or to the configured file. One-shot commands pass a level of their own, so that
/// what they print is not drowned.
///
/// # Errors
///
/// When the file cannot be opened.
pub(super) fn to_stderr(log: &Log, level: &str) -> Result<(), Refusal> {
    let registry = tracing_subscriber::registry().with(filter(level));
    let set = match &log.file {
        Some(path) => {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map_err(|error| {
                    Refusal::failed(format!(
                        "error: cannot open the log {}: {error}",
                        path.display()
                    ))
                })?;
            registry
                .with(fmt::layer().with_ansi(false).with_writer(Mutex::new(file)))
                .try_init()
        }
        None => registry
            .with(fmt::layer().with_writer(std::io::stderr))
            .try_init(),
    };
    // In one process only tests start a second log; the first one goes on.
    drop(set);
    Ok(())
}

/// Logs into a ring, for the screen; and to the configured file, if there is one.
///
/// # Errors
///
/// When the file cannot be opened.
pub(super) fn to_ring(log: &Log, clock: Clock) -> Result<LogRing, Refusal> {
    let ring = LogRing::default();
    let file = match &log.file {
        Some(path) => {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map_err(|error| {
                    Refusal::failed(format!(
                        "error: cannot open the log {}: {error}",
                        path.display()
                    ))
                })?;
            Some(fmt::layer().with_ansi(false).with_writer(Mutex::new(file)))
        }
        None => None,
    };
    let set = tracing_subscriber::registry()
        .with(filter(log.level.as_str()))
        .with(ring.layer(clock))
        .with(file)
        .try_init();
    drop(set);
    Ok(ring)
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"))
}
