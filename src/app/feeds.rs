//! Keeps the sources running.
//!
//! In: a cluster's source. Out: its observations; and when it breaks, that the cluster is down and
//! why. One that ends, fails or panics is started again, later each time. It must never take
//! another cluster's source along, or end in silence.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::model::{Ask, Clock, ClusterName, Fact, HealthState, Observation, Why};
use crate::source::backoff::Backoff;
use crate::source::{Source, SourceError};

/// Asks that may wait for one source. An ask is a wish: what finds no room is wished for again.
pub(super) const ASKS: usize = 1024;
/// Before a source that broke is started again for the first time.
const FIRST: Duration = Duration::from_secs(1);
/// And at the most. A source that ran for longer than this before it broke has begun anew.
const MOST: Duration = Duration::from_mins(1);

/// A cluster's source.
pub struct Feed {
    /// The cluster that it reads: its asks go there.
    pub cluster: ClusterName,
    /// The source.
    pub source: Box<dyn Source>,
}

/// A feed with all that it runs on.
pub(super) struct Kept {
    pub(super) feed: Feed,
    pub(super) out: mpsc::Sender<Observation>,
    pub(super) clock: Clock,
    pub(super) stop: CancellationToken,
}

/// How a source's life ended.
enum Ended {
    /// As it was told to, or because nobody takes observations any more.
    Done,
    /// Otherwise.
    Broke(String),
}

impl Kept {
    /// Runs the source, over and over, until it is told to stop.
    pub(super) async fn run(self, asks: mpsc::Receiver<Ask>) {
        self.run_with(asks, Backoff::new(FIRST, MOST), MOST).await;
    }

    async fn run_with(self, mut asks: mpsc::Receiver<Ask>, mut backoff: Backoff, long: Duration) {
        loop {
            let began = Instant::now();
            let Ended::Broke(why) = self.live_once(&mut asks).await else {
                return;
            };
            if began.elapsed() >= long {
                backoff.reset();
            }
            let pause = backoff.failed();
            if self.tell(why, pause).await.is_err() {
                return;
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            // Wishes of before: what is still worth asking is asked again.
            while asks.try_recv().is_ok() {}
        }
    }

    /// One life of the source, on a task of its own so that a panic ends only that.
    async fn live_once(&self, asks: &mut mpsc::Receiver<Ask>) -> Ended {
        let (ask, asked) = mpsc::channel(ASKS);
        let running = self
            .feed
            .source
            .run(self.out.clone(), asked, self.stop.child_token());
        let mut life = tokio::spawn(running);
        loop {
            tokio::select! {
                ended = &mut life => return self.judge(ended),
                Some(wish) = asks.recv() => {
                    if ask.try_send(wish).is_err() {
                        metrics::counter!("laggard_asks_dropped_total").increment(1);
                    }
                }
            }
        }
    }

    fn judge(&self, ended: Result<Result<(), SourceError>, JoinError>) -> Ended {
        if self.stop.is_cancelled() {
            return Ended::Done;
        }
        match ended {
            Ok(Err(SourceError::Closed)) => Ended::Done,
            Ok(Err(error)) => Ended::Broke(error.to_string()),
            Ok(Ok(())) => Ended::Broke("its source ended though nobody told it to".to_owned()),
            Err(_) => Ended::Broke(
                "its source broke: this is a fault of Laggard; please report it with the log"
                    .to_owned(),
            ),
        }
    }

    async fn tell(&self, why: String, pause: Duration) -> Result<(), SourceError> {
        let cluster = &self.feed.cluster;
        tracing::error!(%cluster, why, again_in = ?pause, "a cluster is not read");
        let now = (self.clock)();
        let observation = Observation::Read {
            cluster: cluster.clone(),
            asked: now,
            answered: now,
            fact: Fact::Health {
                state: HealthState::Down,
                why: Some(Why::text(why)),
            },
        };
        let sent = self.out.send(observation).await;
        sent.map_err(|_| SourceError::Closed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::model::Timestamp;
    use crate::source::Running;

    /// Breaks in a way of its own in each life, then runs on.
    struct Brittle {
        lives: AtomicUsize,
        began: Arc<Mutex<Vec<Instant>>>,
    }

    impl Source for Brittle {
        fn label(&self) -> String {
            "brittle".into()
        }

        fn run(
            &self,
            out: mpsc::Sender<Observation>,
            mut asks: mpsc::Receiver<Ask>,
            stop: CancellationToken,
        ) -> Running {
            let life = self.lives.fetch_add(1, Ordering::Relaxed);
            self.began.lock().unwrap().push(Instant::now());
            Box::pin(async move {
                match life {
                    0 => std::panic::resume_unwind(Box::new("on purpose")),
                    1 => Ok(()),
                    2 => Err(SourceError::Unusable("no such property".into())),
                    _ => {
                        let ask = asks.recv().await.unwrap();
                        let now = Timestamp::from_millis(7);
                        let observation = Observation::Read {
                            cluster: ask.cluster().clone(),
                            asked: now,
                            answered: now,
                            fact: Fact::Health {
                                state: HealthState::Up,
                                why: None,
                            },
                        };
                        out.send(observation).await.unwrap();
                        stop.cancelled().await;
                        Ok(())
                    }
                }
            })
        }
    }

    fn health(observation: Option<Observation>) -> (HealthState, String) {
        match observation {
            Some(Observation::Read {
                fact: Fact::Health { state, why },
                ..
            }) => (state, why.map_or_else(String::new, |why| why.to_string())),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_source_that_breaks_is_told_of_and_started_again_later_each_time() {
        let (out, mut observed) = mpsc::channel(16);
        let (ask, asks) = mpsc::channel(16);
        let (stop, began) = (CancellationToken::new(), Arc::new(Mutex::new(Vec::new())));
        let feed = Feed {
            cluster: "here".into(),
            source: Box::new(Brittle {
                lives: AtomicUsize::new(0),
                began: Arc::clone(&began),
            }),
        };
        let kept = Kept {
            feed,
            out,
            clock: Arc::new(|| Timestamp::from_millis(5)),
            stop: stop.clone(),
        };
        let first = Duration::from_millis(20);
        let backoff = Backoff::new(first, Duration::from_secs(1));
        let running = tokio::spawn(kept.run_with(asks, backoff, Duration::from_mins(1)));
        for words in ["fault of Laggard", "nobody told it to", "no such property"] {
            let (state, why) = health(observed.recv().await);
            assert_eq!(state, HealthState::Down);
            assert!(why.contains(words), "{why}");
        }
        while began.lock().unwrap().len() < 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let wish = Ask::CommitsNow {
            cluster: "here".into(),
            group: "g".into(),
        };
        ask.send(wish).await.unwrap();
        assert_eq!(health(observed.recv().await).0, HealthState::Up);
        stop.cancel();
        running.await.unwrap();
        let began = began.lock().unwrap();
        let waits: Vec<_> = began.windows(2).map(|w| w[1] - w[0]).collect();
        assert_eq!(waits.len(), 3);
        for (wait, factor) in waits.iter().zip([1, 2, 4]) {
            assert!(*wait >= first * factor, "{waits:?}");
        }
    }
}
