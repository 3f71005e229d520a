//! What the screen may ask of a source with a past: a recording that is played, a `serve` that is
//! followed.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::envoy::Envoy;
use super::recall::{Kept, Recall};
use crate::model::{Snapshot, Span, Timestamp};
use crate::remote::{AttachError, Client, Link};
use crate::timeline::{Order, Position};
use crate::tui::{Course, Doing, Missed, Stretch, Transport, Travel};
use crate::words::units;

/// A recording being played.
pub(super) struct Played {
    /// Where it is.
    pub(super) position: watch::Receiver<Position>,
    /// Tells it what to do.
    pub(super) orders: Sender<Order>,
    /// What it holds of the time before what is shown.
    pub(super) recall: Recall,
}

impl Transport for Played {
    fn is_played(&self) -> bool {
        true
    }

    fn doing(&self, _now: Timestamp) -> Option<Doing> {
        let position = *self.position.borrow();
        let text = match position {
            Position { seeking: true, .. } => "REPLAY SEEKING".to_owned(),
            Position { ended: true, .. } => "REPLAY ENDED".to_owned(),
            Position { playing: false, .. } => "REPLAY PAUSED".to_owned(),
            Position { speed, .. } => format!("REPLAY {}x", (speed * 100.0).round() / 100.0),
        };
        Some(Doing {
            text,
            bad: false,
            why: None,
        })
    }

    fn travel(&self, wish: Travel) {
        let order = match wish {
            Travel::Toggle => Order::Toggle,
            Travel::Skip(span) => Order::Skip(span),
            Travel::Faster => Order::Faster(2.0),
            Travel::Slower => Order::Faster(0.5),
            Travel::To(at) => Order::Seek(at),
            Travel::Now => return,
        };
        // A player that has ended has said why in the log.
        let _ = self.orders.send(order);
    }

    fn arrived(&self) -> Option<Result<Arc<Snapshot>, Missed>> {
        None
    }

    fn remembers(&self) -> bool {
        true
    }

    fn recall(&self, stretch: Stretch) {
        self.recall.ask(stretch);
    }

    fn recalled(&self) -> Option<Course> {
        self.recall.come()
    }
}

/// An answer that takes longer than this is said to be waited for.
const SLOW: Span = Span::from_secs(4);
/// Between two tries to get what did not come.
const AGAIN: Duration = Duration::from_secs(2);

/// A `serve` being followed.
pub(super) struct Followed {
    link: watch::Receiver<Link>,
    client: Client,
    envoy: Envoy,
    past: Arc<Past>,
    recall: Recall,
}

/// What is wanted of its past, and what has come.
#[derive(Default)]
struct Past {
    wish: Mutex<Wish>,
    changed: Condvar,
}

#[derive(Default)]
struct Wish {
    /// The newest one.
    at: Option<Timestamp>,
    /// A thread sees to it.
    running: bool,
    arrived: Option<Result<Arc<Snapshot>, Missed>>,
}

impl Followed {
    pub(super) fn new(link: watch::Receiver<Link>, client: Client, envoy: Envoy) -> Self {
        Self {
            recall: Recall::new(Kept::Serve(client.clone())),
            link,
            client,
            envoy,
            past: Arc::default(),
        }
    }
}

impl Transport for Followed {
    fn is_played(&self) -> bool {
        false
    }

    fn doing(&self, now: Timestamp) -> Option<Doing> {
        let link = self.link.borrow();
        if let Some((since, why)) = &link.broken {
            let last = link.answered.unwrap_or(*since);
            return Some(Doing {
                text: format!("NO CONTACT {}", units::span(last.age_at(now))),
                bad: true,
                why: Some(Arc::clone(why)),
            });
        }
        // It may hang without the connection breaking.
        let waits = link.asked?.age_at(now);
        (waits > SLOW).then(|| Doing {
            text: format!("NO ANSWER {}", units::span(waits)),
            bad: true,
            why: Some(format!("{}: it has not answered yet", self.client.address()).into()),
        })
    }

    fn shows(&self) -> Option<Arc<str>> {
        let source = self.link.borrow().source.clone()?;
        let unreal = source.starts_with("demo") || source.starts_with("replay");
        unreal.then_some(source)
    }

    fn travel(&self, wish: Travel) {
        let at = match wish {
            Travel::To(at) => Some(at),
            Travel::Now => None,
            _ => return,
        };
        let mut wish = self.past.lock();
        (wish.at, wish.arrived) = (at, None);
        self.past.changed.notify_all();
        if at.is_none() || wish.running {
            return;
        }
        let (client, past) = (self.client.clone(), Arc::clone(&self.past));
        let started = std::thread::Builder::new()
            .name("past".to_owned())
            .spawn(move || past.fetch(&client));
        match started {
            Ok(_) => wish.running = true,
            Err(error) => {
                let why = error.to_string();
                wish.arrived = Some(Err(Missed { why, again: false }));
            }
        }
    }

    fn arrived(&self) -> Option<Result<Arc<Snapshot>, Missed>> {
        self.past.lock().arrived.take()
    }

    fn remembers(&self) -> bool {
        true
    }

    fn recall(&self, stretch: Stretch) {
        self.recall.ask(stretch);
    }

    fn recalled(&self) -> Option<Course> {
        self.recall.come()
    }

    fn refuses(&self) -> Option<Arc<str>> {
        self.envoy.refuses()
    }

    fn order(&self, order: crate::tui::Order) {
        self.envoy.send(order);
    }

    fn answered(&self) -> Option<Result<String, String>> {
        self.envoy.answered()
    }
}

impl Past {
    fn lock(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches what is wished for until nothing is.
    fn fetch(&self, client: &Client) {
        let mut told = None;
        loop {
            let at = {
                let mut wish = self.lock();
                let Some(at) = wish.at else {
                    wish.running = false;
                    return;
                };
                at
            };
            let answer = client.at(at);
            let mut wish = self.lock();
            if wish.at != Some(at) {
                continue;
            }
            match answer {
                Err(error) if error.may_pass() => {
                    let why = error.to_string();
                    // Said once, however often it is tried.
                    if told.as_ref() != Some(&(at, why.clone())) {
                        told = Some((at, why.clone()));
                        wish.arrived = Some(Err(Missed { why, again: true }));
                    }
                    let waiting = self.changed.wait_timeout(wish, AGAIN);
                    drop(waiting.unwrap_or_else(PoisonError::into_inner));
                }
                answer => {
                    wish.at = None;
                    let missed = |error: AttachError| Missed {
                        why: error.to_string(),
                        again: false,
                    };
                    wish.arrived = Some(answer.map_err(missed));
                }
            }
        }
    }
}
