//! What the screen may ask of a source with a past: a recording that is played, a `serve` that is
//! followed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::model::{Snapshot, Timestamp};
use crate::remote::{Client, Link};
use crate::timeline::{Order, Position};
use crate::tui::{Doing, Transport, Travel};

/// A recording being played.
pub(super) struct Played {
    /// Where it is.
    pub(super) position: watch::Receiver<Position>,
    /// Tells it what to do.
    pub(super) orders: Sender<Order>,
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
        Some(Doing { text, bad: false })
    }

    fn travel(&self, wish: Travel) {
        let order = match wish {
            Travel::Toggle => Order::Toggle,
            Travel::Skip(span) => Order::Skip(span),
            Travel::Faster => Order::Faster(2.0),
            Travel::Slower => Order::Faster(0.5),
            Travel::To(at) => Order::Seek(at),
        };
        // A player that has ended has said why in the log.
        let _ = self.orders.send(order);
    }

    fn arrived(&self) -> Option<Result<Arc<Snapshot>, String>> {
        None
    }
}

/// A `serve` being followed.
pub(super) struct Followed {
    link: watch::Receiver<Link>,
    client: Client,
    fetched: Arc<Fetched>,
}

#[derive(Default)]
struct Fetched {
    busy: AtomicBool,
    arrived: Mutex<Option<Result<Arc<Snapshot>, String>>>,
}

impl Followed {
    pub(super) fn new(link: watch::Receiver<Link>, client: Client) -> Self {
        Self {
            link,
            client,
            fetched: Arc::default(),
        }
    }
}

impl Transport for Followed {
    fn is_played(&self) -> bool {
        false
    }

    fn doing(&self, now: Timestamp) -> Option<Doing> {
        let link = self.link.borrow();
        let (since, _) = link.broken.as_ref()?;
        let last = link.answered.unwrap_or(*since);
        Some(Doing {
            text: format!("NO CONTACT {}", last.age_at(now)),
            bad: true,
        })
    }

    fn travel(&self, wish: Travel) {
        let Travel::To(at) = wish else { return };
        if self.fetched.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let (client, fetched) = (self.client.clone(), Arc::clone(&self.fetched));
        let fetch = move || {
            let answer = client.at(at).map_err(|error| error.to_string());
            *fetched
                .arrived
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(answer);
            fetched.busy.store(false, Ordering::Release);
        };
        let started = std::thread::Builder::new()
            .name("past".to_owned())
            .spawn(fetch);
        if started.is_err() {
            self.fetched.busy.store(false, Ordering::Release);
        }
    }

    fn arrived(&self) -> Option<Result<Arc<Snapshot>, String>> {
        let mut arrived = self
            .fetched
            .arrived
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        arrived.take()
    }
}
