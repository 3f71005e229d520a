//! Which alerts an Alertmanager is to be told of now: as Prometheus decides it.
//!
//! Source: Prometheus' `Alert.needsSending` and `Manager.sendAlerts`. What fires is sent when it
//! begins and then each minute, with an end four minutes ahead, so that an Alertmanager that hears
//! nothing more takes it as resolved. What is resolved is sent at once and each minute while it is
//! kept. Beyond that, one whose end could not be told is kept here until it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Alert, AlertState, Fingerprint, Span, Timestamp};

/// Prometheus' `--rules.alert.resend-delay`.
const RESEND_DELAY: Span = Span::from_secs(60);
/// How far ahead the end of what fires lies: four times the longer of interval and resend delay.
const VALID_FOR: Span = Span::from_secs(4 * 60);
/// The most alerts that are remembered.
const MOST: usize = 100_000;

/// What one Alertmanager knows.
#[derive(Debug, Default)]
pub(crate) struct Resend {
    known: BTreeMap<Fingerprint, Known>,
}

#[derive(Debug)]
struct Known {
    alert: Arc<Alert>,
    sent: Option<Timestamp>,
    /// Whether the last evaluation still gave it.
    stands: bool,
}

impl Known {
    fn is_due(&self, at: Timestamp) -> bool {
        let Some(sent) = self.sent else { return true };
        let news = self.alert.resolved_at.filter(|_| self.is_over());
        let news = news.unwrap_or_else(|| self.alert.starts_at());
        news > sent || at - sent >= RESEND_DELAY
    }

    fn is_over(&self) -> bool {
        self.alert.state == AlertState::Resolved
    }
}

impl Resend {
    /// What is to be sent as of `at`.
    pub(crate) fn due(&mut self, alerts: &[Arc<Alert>], at: Timestamp) -> Vec<Arc<Alert>> {
        self.known.values_mut().for_each(|k| k.stands = false);
        for alert in alerts.iter().filter(|a| a.state != AlertState::Pending) {
            let known = self
                .known
                .entry(alert.fingerprint())
                .or_insert_with(|| Known {
                    alert: Arc::clone(alert),
                    sent: None,
                    stands: true,
                });
            (known.alert, known.stands) = (Arc::clone(alert), true);
        }
        // What no rule gives any more is forgotten, once its end is told.
        self.known.retain(|_, known| {
            let news = known.alert.resolved_at.unwrap_or_default();
            let told = known.sent.is_some_and(|sent| sent >= news);
            known.stands || (known.is_over() && !told)
        });
        while self.known.len() > MOST {
            self.known.pop_first();
        }
        let due = self.known.values().filter(|k| k.is_due(at));
        due.map(|k| Arc::clone(&k.alert)).collect()
    }

    /// They were taken. Says which of them had not been told before.
    pub(crate) fn sent(&mut self, alerts: &[Arc<Alert>], at: Timestamp) -> Vec<Fingerprint> {
        let mut new = Vec::new();
        for alert in alerts {
            let of = alert.fingerprint();
            let Some(known) = self.known.get_mut(&of) else {
                continue;
            };
            let news = known.alert.resolved_at.filter(|_| known.is_over());
            let news = news.unwrap_or_else(|| known.alert.starts_at());
            if known.sent.is_none_or(|sent| news > sent) {
                new.push(of);
            }
            known.sent = Some(at);
        }
        new
    }

    /// When it ends, as Alertmanager is told.
    pub(crate) fn ends_at(alert: &Alert, at: Timestamp) -> Timestamp {
        let over = alert
            .resolved_at
            .filter(|_| alert.state == AlertState::Resolved);
        over.unwrap_or(at + VALID_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::NOW;
    use crate::notify::testing::alert;

    fn later(secs: i64) -> Timestamp {
        NOW + Span::from_secs(secs)
    }

    fn firing() -> Vec<Arc<Alert>> {
        vec![alert("payments", AlertState::Firing)]
    }

    fn over(at: Timestamp) -> Vec<Arc<Alert>> {
        let mut over = (*alert("payments", AlertState::Resolved)).clone();
        over.resolved_at = Some(at);
        vec![Arc::new(over)]
    }

    #[test]
    fn what_fires_is_sent_each_minute_with_an_end_ahead() {
        let mut resend = Resend::default();
        let due = resend.due(&firing(), NOW);
        assert_eq!(due.len(), 1);
        assert_eq!(Resend::ends_at(&due[0], NOW), later(240));
        // Not taken: due again at once.
        assert_eq!(resend.due(&firing(), later(1)).len(), 1);
        assert_eq!(resend.sent(&due, later(1)).len(), 1);
        assert_eq!(resend.due(&firing(), later(60)).len(), 0);
        let due = resend.due(&firing(), later(61));
        assert_eq!(due.len(), 1);
        assert_eq!(resend.sent(&due, later(61)).len(), 0);
        let pending = vec![alert("other", AlertState::Pending)];
        assert_eq!(resend.due(&pending, later(62)).len(), 0);
    }

    #[test]
    fn an_end_is_sent_at_once_and_kept_until_it_is_told() {
        let mut resend = Resend::default();
        let due = resend.due(&firing(), NOW);
        resend.sent(&due, NOW);
        let end = later(10);
        let due = resend.due(&over(end), later(10));
        assert_eq!(Resend::ends_at(&due[0], later(10)), end);
        // Alertmanager is down, and the alert is long forgotten by the rules.
        assert_eq!(resend.due(&[], later(3600)).len(), 1);
        let due = resend.due(&[], later(3601));
        assert_eq!(resend.sent(&due, later(3601)).len(), 1);
        assert_eq!(resend.due(&[], later(7200)).len(), 0);
        assert!(resend.known.is_empty());
    }

    #[test]
    fn one_that_fires_anew_is_news() {
        let mut resend = Resend::default();
        resend.due(&over(NOW), NOW);
        resend.sent(&over(NOW), NOW);
        let mut again = (*alert("payments", AlertState::Firing)).clone();
        again.fired_at = Some(later(5));
        let due = resend.due(&[Arc::new(again)], later(6));
        assert_eq!(resend.sent(&due, later(6)).len(), 1);
    }
}
