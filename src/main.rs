//! The binary.

use std::sync::Arc;
use std::time::Duration;

use laggard::app::demo::{Demo, RunningDemo};
use laggard::app::session::{Session, Start};
use laggard::model::{Clock, Settings};
use laggard::source::stamp::Stamper;
use laggard::{sim, tui};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let stamper = Stamper::new();
    let clock: Clock = Arc::new(move || stamper.now());
    let demo = Demo {
        scenario: sim::scenario::demo(),
        seed: 7,
        listen: ([127, 0, 0, 1], 0).into(),
    };
    let demo = RunningDemo::start(&demo, clock.clone())?;
    let stop = CancellationToken::new();
    let mut session = Session::start(Start {
        settings: Arc::new(Settings {
            clusters: vec![demo.settings()],
            policies: Vec::new(),
        }),
        past: Box::new(demo.past()),
        feeds: vec![demo.feed(stamper)],
        cut_each: laggard::app::session::AT_LEAST_EACH,
        clock: clock.clone(),
        stop: stop.clone(),
    });
    let options = tui::Options {
        source: "demo".into(),
        connecting_to: demo.bootstrap().into(),
        ..tui::Options::from_env(|name| std::env::var(name).ok())
    };
    let screen = tui::run(
        session.snapshots.clone(),
        tui::LogRing::default(),
        clock,
        options,
        stop,
    );
    tokio::select! {
        left = screen => { left?; }
        ended = session.ended() => ended?,
    }
    session.shut_down(Duration::from_secs(3)).await;
    Ok(())
}
