//! How a group went before the screen was opened: from a recording, or from the `serve` that is
//! followed. Worked out on a thread of its own, one wish at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::Reading;
use crate::remote::Client;
use crate::timeline::{HistoryPoint, Tape, history};
use crate::tui::{Course, CoursePoint, Stretch};

/// Where it is kept.
#[derive(Clone)]
pub(super) enum Kept {
    /// In a recording.
    Tape(Tape),
    /// With a `serve`.
    Serve(Client),
}

/// What is wished for, and what has come.
#[derive(Clone)]
pub(super) struct Recall {
    kept: Kept,
    wish: Arc<Mutex<Wish>>,
}

#[derive(Default)]
struct Wish {
    /// The newest one.
    stretch: Option<Stretch>,
    /// A thread sees to it.
    running: bool,
    come: Option<Course>,
}

impl Recall {
    pub(super) fn new(kept: Kept) -> Self {
        let wish = Arc::default();
        Self { kept, wish }
    }

    /// Takes a wish, in the place of one that nobody has begun with.
    pub(super) fn ask(&self, stretch: Stretch) {
        let mut wish = self.lock();
        wish.stretch = Some(stretch);
        if wish.running {
            return;
        }
        let this = self.clone();
        let started = std::thread::Builder::new()
            .name("recall".to_owned())
            .spawn(move || this.work());
        match started {
            Ok(_) => wish.running = true,
            Err(error) => tracing::warn!("the past of a group is not looked up: {error}"),
        }
    }

    /// What has come; each is given once.
    pub(super) fn come(&self) -> Option<Course> {
        self.lock().come.take()
    }

    fn lock(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until nothing is wished for.
    fn work(&self) {
        loop {
            let next = {
                let mut wish = self.lock();
                wish.running = wish.stretch.is_some();
                wish.stretch.take()
            };
            let Some(stretch) = next else { return };
            // Where nothing is kept there is a gap, as before.
            match self.kept.points(&stretch) {
                Ok(points) => {
                    let of = stretch;
                    self.lock().come = Some(Course { of, points });
                }
                Err(why) => tracing::debug!("the past of {} is not known: {why}", stretch.group),
            }
        }
    }
}

impl Kept {
    fn points(&self, stretch: &Stretch) -> Result<Vec<CoursePoint>, String> {
        let (cluster, group) = (stretch.cluster.as_str(), stretch.group.as_str());
        let span = (stretch.from, stretch.to);
        match self {
            Self::Tape(tape) => {
                let points = history(tape, Some(cluster), group, span);
                let points = points.map_err(|e| e.to_string())?;
                Ok(points.iter().map(of_tape).collect())
            }
            Self::Serve(client) => {
                let points = client.history(cluster, group, span);
                let points = points.map_err(|e| e.to_string())?;
                let point = |p: &crate::remote::PastPoint| {
                    course(p.at, &p.effective_lag, &p.arrival_rate, &p.consume_rate)
                };
                Ok(points.iter().map(point).collect())
            }
        }
    }
}

fn of_tape(p: &HistoryPoint) -> CoursePoint {
    course(p.at, &p.effective_lag, &p.arrival_rate, &p.consume_rate)
}

/// What is stale is not drawn: the line would go on as if it had been read.
fn course(
    at: crate::model::Timestamp,
    lag: &Reading<i64>,
    arrivals: &Reading<f64>,
    reads: &Reading<f64>,
) -> CoursePoint {
    CoursePoint {
        at,
        lag: lag.known(),
        arrivals: arrivals.known(),
        reads: reads.known(),
    }
}
