//! `record`: writes down what is observed, until it is told to stop.

use std::time::Duration;

use crate::cli::{Exit, RecordArgs};
use crate::recording::{Recorder, Summary};

use super::super::setup::Refusal;
use super::live::ending_signal;
use super::oneshot::quiet;
use super::tell;

/// How long the end may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often it is looked whether the file can still be written.
const LOOK_EACH: Duration = Duration::from_millis(200);

/// `record`.
pub(super) async fn record(args: &RecordArgs) -> Result<Exit, Refusal> {
    let mut setup = quiet(&args.source)?;
    let failed = |error| Refusal::failed(format!("error: {error}"));
    let (recorder, tap) = Recorder::file(&args.output).map_err(failed)?;
    setup.tap = Some(tap);
    let label = setup.label.clone();
    let (mut session, kept) = setup.start(None)?;
    let until = args.during.map_or_else(
        || "until it is interrupted".to_owned(),
        |span| format!("for {span}"),
    );
    tell(&format!(
        "recording {label} into {} {until}",
        args.output.display()
    ));
    let time = async {
        match args.during {
            Some(span) => tokio::time::sleep(span.to_std()).await,
            None => std::future::pending().await,
        }
    };
    let broken = async {
        while !recorder.has_ended() {
            tokio::time::sleep(LOOK_EACH).await;
        }
    };
    let ended = tokio::select! {
        () = time => Ok(()),
        _ = ending_signal(None) => Ok(()),
        () = broken => Ok(()),
        ended = session.ended_early() => ended,
    };
    session.shut_down(PATIENCE).await;
    drop(kept);
    let written = tokio::task::spawn_blocking(move || recorder.join()).await;
    let summary = written
        .map_err(|error| Refusal::failed(format!("error: {error}")))?
        .map_err(failed)?;
    ended.map_err(|error| Refusal {
        text: format!("error: {error}"),
        exit: Exit::Unknown,
    })?;
    tell(&said(summary));
    Ok(Exit::Ok)
}

fn said(summary: Summary) -> String {
    let lost = match summary.lost {
        0 => String::new(),
        lost => format!("; {lost} observations are missing: the disk was too slow"),
    };
    format!(
        "{} lines, {} bytes before compression{lost}",
        summary.lines, summary.bytes
    )
}
