//! Telling people and other programs of alerts: receivers, retries, the outbox's drain.
//!
//! In: letters that wait in the ledger, and the alerts as they stand. Out: HTTP requests, and a
//! [`Told`](crate::model::Told) after each. Each receiver has a thread and a queue of its own, so
//! that one that is down delays no other; letters of one group of alerts go out in order. A letter
//! is struck from the ledger only after it was answered: what was under way at a crash is sent
//! again under the same key, and nothing else is. It decides nothing about alerts, and no error,
//! log or answer of it holds a receiver's secret.

mod alertmanager;
mod call;
mod heartbeat;
mod kinds;
mod letter;
mod pause;
mod queue;
mod receiver;
mod resend;
mod sign;
mod silences;
mod text;
mod transport;
mod worker;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use alertmanager::Alertmanager;
pub use call::{Answer, Broken, Call, Transport};
pub use heartbeat::Heartbeat;
pub use letter::{Circumstances, Letter};
pub use pause::Pause;
pub use receiver::{Kept, Kind, Links, Receiver};
pub use silences::Peers;
pub use transport::Http;
pub use worker::{Post, Report, Worker};

use crate::model::Span;

/// When a turn comes again, for what runs on a thread of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At once: there is more to do.
    Now,
    /// Not before this instant, unless something new comes.
    At(crate::model::Timestamp),
    /// When something new comes.
    Idle,
}

/// The patience with a letter, unless the configuration says otherwise.
pub const GIVE_UP_AFTER: Span = Span::from_secs(12 * 3600);
