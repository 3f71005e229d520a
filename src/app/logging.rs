//! Where the log goes: stderr or a file for commands, a ring for the screen.

use std::fs::OpenOptions;
use std::sync::Mutex;

use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

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
    let file = file_layer(log)?;
    let stderr = file
        .is_none()
        .then(|| fmt::layer().with_writer(std::io::stderr));
    let set = tracing_subscriber::registry()
        .with(filter(level))
        .with(file)
        .with(stderr)
        .try_init();
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
    let file = file_layer(log)?;
    let set = tracing_subscriber::registry()
        .with(filter(log.level.as_str()))
        .with(ring.layer(clock))
        .with(file)
        .try_init();
    drop(set);
    Ok(ring)
}

/// Appends to the configured file, if there is one.
fn file_layer<S>(log: &Log) -> Result<Option<impl Layer<S> + use<S>>, Refusal>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let Some(path) = &log.file else {
        return Ok(None);
    };
    let opened = OpenOptions::new().create(true).append(true).open(path);
    let file = opened.map_err(|error| {
        Refusal::failed(format!(
            "error: cannot open the log {}: {error}",
            path.display()
        ))
    })?;
    Ok(Some(
        fmt::layer().with_ansi(false).with_writer(Mutex::new(file)),
    ))
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"))
}
