//! One receiver's turn: the next letter is made into requests, sent, judged and struck.
//!
//! In: letters that were written to a ledger, and time. Out: requests through a [`Transport`], and
//! after each try a [`Told`]. A letter is struck only once it was answered, so that a crash in
//! between sends it once more, under the same key.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::call::{Transport, Verdict, judge};
use super::kinds;
use super::letter::Letter;
use super::queue::{Queue, Slip, is_stale};
use super::receiver::{Links, Receiver};
use super::{GIVE_UP_AFTER, Next};
use crate::model::{Fingerprint, Secret, Span, TellResult, Timestamp, Told};
use crate::store::{Batch, Ledger, LedgerError, Waiting};

/// A letter for a worker, by its head and where it is written.
pub struct Post {
    /// Where.
    pub ledger: Arc<Ledger>,
    /// Its head.
    pub head: Waiting,
}

/// Takes what is to be said of a try.
pub type Report = Box<dyn FnMut(Timestamp, Told) + Send>;

/// Tells one receiver.
pub struct Worker {
    receiver: Receiver,
    links: Links,
    queue: Queue,
    transport: Box<dyn Transport>,
    report: Report,
    give_up_after: Span,
    /// Of letters that are several requests each: how many of them were taken.
    partly: BTreeMap<u64, usize>,
    /// Letters that were told, and that the ledger could not strike yet.
    unstruck: Vec<(Arc<Ledger>, u64)>,
}

/// A letter's requests and the alerts that it tells of.
struct Ready {
    calls: Vec<super::Call>,
    alerts: Vec<Fingerprint>,
}

impl Worker {
    /// A worker with nothing to do. The seed decides how its waits differ from others'.
    pub fn new(
        receiver: Receiver,
        links: Links,
        transport: Box<dyn Transport>,
        seed: u64,
        report: Report,
    ) -> Self {
        Self {
            receiver,
            links,
            queue: Queue::new(seed),
            transport,
            report,
            give_up_after: GIVE_UP_AFTER,
            partly: BTreeMap::new(),
            unstruck: Vec::new(),
        }
    }

    /// With another patience than [`GIVE_UP_AFTER`].
    #[must_use]
    pub fn giving_up_after(mut self, span: Span) -> Self {
        self.give_up_after = span;
        self
    }

    /// Goes on with the receiver as it is configured now. What waits is kept, and tried at once.
    pub fn change(&mut self, receiver: Receiver, transport: Box<dyn Transport>, patience: Span) {
        if receiver.kind != self.receiver.kind {
            // Its letters are other requests.
            self.partly.clear();
        }
        (self.receiver, self.transport) = (receiver, transport);
        self.give_up_after = patience;
        self.queue.wake();
    }

    /// Takes a letter in.
    pub fn take(&mut self, post: Post, now: Timestamp) {
        if let Some(gone) = self.queue.push(post.ledger, post.head) {
            self.strike(&gone);
            let why = "too many others wait for this receiver".to_owned();
            self.tell(now, Vec::new(), TellResult::GivenUp, Some(why));
        }
    }

    /// Does what is due, one try at the most, and says when to come again.
    pub fn turn(&mut self, now: Timestamp) -> Next {
        let slip = match self.queue.next(now) {
            Ok(slip) => slip,
            Err(next) => return next,
        };
        if is_stale(&slip.head, now, self.give_up_after) {
            let why = format!("not delivered within {}", self.give_up_after);
            let alerts = Self::letter(&slip).ok().and_then(Result::ok);
            let alerts = alerts.map(|l| fingerprints(&l));
            self.give_up(&slip, now, alerts.unwrap_or_default(), why);
            return Next::Now;
        }
        match Self::letter(&slip) {
            Ok(Ok(letter)) => self.attempt(&slip, &letter, now),
            // It can be read by no later turn either.
            Ok(Err(why)) => self.give_up(&slip, now, Vec::new(), why),
            Err(error) => {
                self.queue.failed(&slip, now, None);
                let why = format!("it cannot be read from the state directory: {error}");
                self.tell(now, Vec::new(), TellResult::Failed, Some(why));
            }
        }
        Next::Now
    }

    /// How many letters wait.
    pub const fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// The letter, or why there is none; an error is the ledger's, and may pass.
    fn letter(slip: &Slip) -> Result<Result<Letter, String>, LedgerError> {
        let Some(body) = slip.ledger.letter(slip.head.number)? else {
            return Ok(Err("it is no longer there".to_owned()));
        };
        Ok(Letter::from_body(&body).map_err(|e| format!("it cannot be read: {e}")))
    }

    fn attempt(&mut self, slip: &Slip, letter: &Letter, now: Timestamp) {
        let alerts = fingerprints(letter);
        let calls = kinds::calls(&self.receiver, letter, &self.links, now);
        let verdict = match calls {
            Ok(calls) if calls.is_empty() => return self.skip(slip),
            Ok(calls) => self.send(
                slip,
                &Ready {
                    calls,
                    alerts: alerts.clone(),
                },
                now,
            ),
            Err(why) => Verdict::Later(why, None),
        };
        match verdict {
            Verdict::Taken => {
                self.strike(slip);
                self.queue.told(slip);
                self.tell(now, alerts, TellResult::Delivered, None);
            }
            Verdict::Later(why, after) => {
                self.queue.failed(slip, now, after);
                self.tell(now, alerts, TellResult::Failed, Some(why));
            }
            Verdict::Never(why) => self.give_up(slip, now, alerts, why),
        }
    }

    /// Sends the requests that were not taken yet, up to the first that fails.
    fn send(&mut self, slip: &Slip, ready: &Ready, now: Timestamp) -> Verdict {
        let done = self.partly.get(&slip.order).copied().unwrap_or(0);
        let secrets = self.secrets();
        for (n, call) in ready.calls.iter().enumerate().skip(done) {
            let sent = self.transport.send(call);
            match judge(call, sent, &secrets, now) {
                Verdict::Taken => {
                    self.partly.insert(slip.order, n + 1);
                }
                // One event of several that is refused must not keep the others from being told.
                Verdict::Never(why) if ready.calls.len() > 1 => {
                    self.partly.insert(slip.order, n + 1);
                    let of = ready.alerts.get(n).copied().into_iter().collect();
                    self.tell(now, of, TellResult::GivenUp, Some(why));
                }
                other => return other,
            }
        }
        Verdict::Taken
    }

    /// What no error may show, beside the address itself.
    fn secrets(&self) -> Vec<Secret> {
        let kept = [&self.receiver.key, &self.receiver.token];
        let kept = kept.into_iter().flatten();
        kept.filter_map(|read| read().ok()).collect()
    }

    /// There is nothing in it that the receiver wants to hear.
    fn skip(&mut self, slip: &Slip) {
        self.strike(slip);
        self.queue.strike(slip);
    }

    fn give_up(&mut self, slip: &Slip, now: Timestamp, alerts: Vec<Fingerprint>, why: String) {
        self.strike(slip);
        self.queue.strike(slip);
        self.tell(now, alerts, TellResult::GivenUp, Some(why));
    }

    /// Strikes a letter from its ledger. One that cannot be struck is told no second time by this
    /// process, and struck with the next.
    fn strike(&mut self, slip: &Slip) {
        self.partly.remove(&slip.order);
        self.unstruck
            .push((Arc::clone(&slip.ledger), slip.head.number));
        let mut left = Vec::new();
        for (ledger, number) in std::mem::take(&mut self.unstruck) {
            let done = Batch {
                done: vec![number],
                ..Batch::default()
            };
            let struck: Result<_, LedgerError> = ledger.write(&done);
            if let Err(error) = struck {
                tracing::warn!(receiver = %self.receiver.name, "a delivery cannot be marked: {error}");
                left.push((ledger, number));
            }
        }
        self.unstruck = left;
    }

    fn tell(
        &mut self,
        now: Timestamp,
        alerts: Vec<Fingerprint>,
        result: TellResult,
        why: Option<String>,
    ) {
        let name = &self.receiver.name;
        match (result, &why) {
            (TellResult::GivenUp, Some(why)) => {
                tracing::error!(receiver = %name, why, "a notification is given up");
            }
            (TellResult::Failed, Some(why)) => {
                tracing::warn!(receiver = %name, why, "a notification is not delivered yet");
            }
            _ => tracing::debug!(receiver = %name, "a notification is delivered"),
        }
        let told = Told {
            receiver: Arc::clone(name),
            alerts,
            result,
            why: why.map(Arc::from),
            waiting: self.queue.len() as u64,
            oldest: self.queue.oldest(),
        };
        (self.report)(now, told);
    }
}

fn fingerprints(letter: &Letter) -> Vec<Fingerprint> {
    let alerts = letter.notification.alerts.iter();
    alerts.map(|a| a.fingerprint()).collect()
}
