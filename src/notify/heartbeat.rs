//! The heartbeat: an address that is called again and again while an alert fires that always fires.
//! Whoever listens there raises an alarm when the calls cease: when Laggard is gone, hangs, or
//! evaluates no rules.

use std::sync::Arc;

use super::Next;
use super::call::{Call, Transport, Verdict, judge};
use super::pause::Pause;
use super::receiver::Receiver;
use super::worker::Report;
use crate::model::{AlertState, Secret, Snapshot, Span, TellResult, Timestamp, Told};

/// A snapshot older than this is no sign of life.
const FRESH: Span = Span::from_secs(120);

/// One address.
pub struct Heartbeat {
    receiver: Receiver,
    transport: Box<dyn Transport>,
    report: Report,
    pause: Pause,
    next: Timestamp,
    told: Option<TellResult>,
}

impl Heartbeat {
    /// One that has not beaten yet.
    pub fn new(
        receiver: Receiver,
        transport: Box<dyn Transport>,
        seed: u64,
        report: Report,
    ) -> Self {
        Self {
            receiver,
            transport,
            report,
            pause: Pause::new(seed),
            next: Timestamp::default(),
            told: None,
        }
    }

    /// Beats if it is time and the alert fires. Says when to come again.
    pub fn turn(&mut self, snapshot: &Snapshot, now: Timestamp) -> Next {
        let lives = snapshot.at.age_at(now) < FRESH && self.fires(snapshot);
        if !lives {
            return Next::Idle;
        }
        if now < self.next {
            return Next::At(self.next);
        }
        match self.beat(now) {
            Verdict::Taken => {
                self.pause.reset();
                self.next = now + self.receiver.interval;
                self.tell(now, TellResult::Delivered, None);
            }
            Verdict::Later(why, after) => self.failed(now, why, after),
            Verdict::Never(why) => self.failed(now, why, None),
        }
        Next::At(self.next)
    }

    fn failed(&mut self, now: Timestamp, why: String, after: Option<Timestamp>) {
        let soon = now + self.pause.failed().min(self.receiver.interval);
        self.next = after.map_or(soon, |after| after.max(soon));
        self.tell(now, TellResult::Failed, Some(why));
    }

    fn fires(&self, snapshot: &Snapshot) -> bool {
        let alerts = snapshot.alerts.iter();
        let firing = alerts.filter(|a| a.state == AlertState::Firing);
        firing.into_iter().any(|a| a.name == self.receiver.alert)
    }

    fn beat(&mut self, now: Timestamp) -> Verdict {
        let url = match (self.receiver.url)() {
            Ok(url) => url,
            Err(why) => return Verdict::Later(why, None),
        };
        let mut headers = Vec::new();
        let token = self.receiver.token.as_ref().and_then(|t| t().ok());
        if let Some(token) = &token {
            let bearer = format!("Bearer {}", token.reveal());
            headers.push(("authorization", Secret::new(bearer)));
        }
        let call = Call {
            url,
            post: false,
            headers,
            body: Vec::new(),
        };
        let sent = self.transport.send(&call);
        judge(&call, sent, token.as_slice(), now)
    }

    /// Only what is new: a beat a minute is no news.
    fn tell(&mut self, now: Timestamp, result: TellResult, why: Option<String>) {
        if let Some(why) = &why {
            tracing::warn!(receiver = %self.receiver.name, why, "the heartbeat is not heard");
        }
        if result == TellResult::Delivered && self.told == Some(result) {
            return;
        }
        self.told = Some(result);
        let told = Told {
            receiver: Arc::clone(&self.receiver.name),
            alerts: Vec::new(),
            result,
            why: why.map(Arc::from),
            waiting: 0,
            oldest: None,
        };
        (self.report)(now, told);
    }
}
