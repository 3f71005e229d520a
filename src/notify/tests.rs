//! A receiver that misbehaves in every way, in simulated time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::testing::{Does, Hands, Stage, Taken, alert, letter, notification, receiver};
use super::*;
use crate::model::testing::NOW;
use crate::model::{AlertState, Span, TellResult, Timestamp, Told};
use crate::store::{Batch, Ledger};

type Reports = Arc<Mutex<Vec<Told>>>;

struct Desk {
    ledger: Arc<Ledger>,
    hands: Hands,
    worker: Worker,
    taken: Arc<Mutex<Taken>>,
    reports: Reports,
}

fn desk(kind: Kind, does: impl FnMut(Timestamp, usize) -> Does + Send + 'static) -> Desk {
    let (hands, taken) = (Hands::at(NOW), Arc::default());
    let stage = Stage {
        hands: hands.clone(),
        taken: Arc::clone(&taken),
        does,
    };
    let reports = Reports::default();
    let said = Arc::clone(&reports);
    let report: Report = Box::new(move |_, told| said.lock().unwrap().push(told));
    let links = testing::links();
    Desk {
        ledger: Arc::new(Ledger::in_memory().unwrap()),
        hands,
        worker: Worker::new(receiver(kind), links, Box::new(stage), 11, report),
        taken,
        reports,
    }
}

impl Desk {
    /// Writes the `n`-th letter of a group of alerts down and hands it over.
    fn post(&mut self, group: &str, n: i64) -> String {
        let mut one = (*alert(group, AlertState::Firing)).clone();
        one.fired_at = Some(NOW + Span::from_secs(n));
        let mut notification = notification(vec![Arc::new(one)]);
        notification.group_key = group.into();
        notification.at = self.hands.now();
        let key = notification.idempotency_key().to_string();
        let letter = Letter {
            notification,
            circumstances: Vec::new(),
        };
        self.hand_over(&letter);
        key
    }

    fn hand_over(&mut self, letter: &Letter) {
        let batch = Batch {
            letters: vec![letter.to_entry().unwrap()],
            ..Batch::default()
        };
        for head in self.ledger.write(&batch).unwrap() {
            let ledger = Arc::clone(&self.ledger);
            self.worker.take(Post { ledger, head }, self.hands.now());
        }
    }

    /// Works until nothing waits, or until a time.
    fn work(&mut self, until: Timestamp) {
        loop {
            match self.worker.turn(self.hands.now()) {
                Next::Idle => return,
                Next::At(at) if at > until => return,
                Next::At(at) => self.hands.to(at),
                Next::Now if self.hands.now() > until => return,
                Next::Now => {}
            }
        }
    }

    fn results(&self, of: TellResult) -> usize {
        let reports = self.reports.lock().unwrap();
        reports.iter().filter(|t| t.result == of).count()
    }
}

fn hours(n: i64) -> Timestamp {
    NOW + Span::from_secs(n * 3600)
}

/// 10,000 notifications in four hours; the receiver is down for the second hour, and at other times
/// every so often answers 500, 503 or 429, hangs, or cuts the connection, before or after it took
/// what it was sent.
#[test]
fn nothing_is_lost_and_only_what_was_not_answered_is_repeated() {
    const LETTERS: i64 = 10_000;
    let mut desk = desk(Kind::Webhook, |now, tries| {
        if (hours(1)..hours(2)).contains(&now) {
            return Does::Cuts(false);
        }
        match tries % 97 {
            3 => Does::Answers(500, None),
            17 => Does::Answers(429, Some("7")),
            29 => Does::Answers(503, Some("2")),
            41 => Does::Hangs(true),
            53 => Does::Hangs(false),
            67 => Does::Cuts(true),
            83 => Does::Cuts(false),
            _ => Does::Takes,
        }
    });
    let mut sent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for n in 0..LETTERS {
        let due = NOW + Span::from_millis(n * 4 * 3_600_000 / LETTERS);
        desk.work(due);
        desk.hands.to(due);
        let group = format!("g{}", n * 7919 % 61);
        let key = desk.post(&group, n);
        sent.entry(group).or_default().push(key);
    }
    desk.work(hours(100));
    let taken = desk.taken.lock().unwrap();
    let all: BTreeSet<_> = taken.keys.iter().collect();
    assert_eq!(all.len(), LETTERS as usize, "none lost");
    // Each repeat is of one that was taken and not answered.
    let repeats = taken.keys.len() - all.len();
    assert!(taken.unanswered > 100, "{}", taken.unanswered);
    assert_eq!(repeats, taken.unanswered);
    for (group, keys) in &sent {
        let of_group = |(_, body): &&(Timestamp, serde_json::Value)| body["groupKey"] == **group;
        let arrived = taken.bodies.iter().zip(&taken.keys);
        let arrived = arrived
            .filter(|(body, _)| of_group(body))
            .map(|(_, key)| key);
        let mut arrived: Vec<_> = arrived.cloned().collect();
        // A repeat comes right after what it repeats.
        arrived.dedup();
        assert_eq!(arrived, *keys, "order in {group}");
    }
    drop(taken);
    assert_eq!(desk.results(TellResult::GivenUp), 0);
    assert_eq!(desk.results(TellResult::Delivered), LETTERS as usize);
    assert_eq!(desk.ledger.waiting().unwrap(), []);
    assert_eq!(desk.worker.waiting(), 0);
}

#[test]
fn a_receiver_that_is_back_is_found_within_a_minute() {
    let mut desk = desk(Kind::Webhook, |now, _| {
        if now < hours(1) {
            Does::Cuts(false)
        } else {
            Does::Takes
        }
    });
    desk.post("a", 1);
    desk.work(hours(3));
    let taken = desk.taken.lock().unwrap();
    let after = taken.bodies[0].0 - hours(1);
    assert!(after <= Span::from_secs(61), "{after}");
    // Nor is it called all the time.
    assert!((50..200).contains(&taken.tries), "{}", taken.tries);
}

#[test]
fn one_that_is_refused_is_given_up_and_counted_and_the_next_goes() {
    let mut desk = desk(Kind::Webhook, |_, tries| match tries {
        1 => Does::Answers(400, None),
        _ => Does::Takes,
    });
    let refused = desk.post("a", 1);
    let next = desk.post("a", 2);
    desk.work(hours(1));
    assert_eq!(desk.taken.lock().unwrap().keys, [next]);
    assert_eq!(desk.results(TellResult::GivenUp), 1);
    let reports = desk.reports.lock().unwrap();
    assert_eq!(reports[0].why.as_deref(), Some("it answered 400"));
    assert!(!reports[0].alerts.is_empty());
    assert_ne!(desk.ledger.waiting().unwrap().len(), 1, "{refused}");
}

#[test]
fn one_that_is_too_old_is_given_up_and_counted() {
    let mut desk = desk(Kind::Webhook, |now, _| {
        if now < hours(20) {
            Does::Answers(503, None)
        } else {
            Does::Takes
        }
    });
    desk.post("a", 1);
    desk.work(hours(20));
    assert_eq!(desk.results(TellResult::GivenUp), 1);
    let last = desk.reports.lock().unwrap().last().cloned().unwrap();
    let why = last.why.unwrap();
    assert!(why.starts_with("not delivered within 12h"), "{why}");
    assert_eq!((last.waiting, last.oldest), (0, None));
    assert_eq!(desk.ledger.waiting().unwrap(), []);
}

/// Chokes on group `bad` alone.
struct Choosy<T>(T, Arc<Mutex<u32>>);
impl<T: Transport> Transport for Choosy<T> {
    fn send(&mut self, call: &Call) -> Result<Answer, Broken> {
        if String::from_utf8_lossy(&call.body).contains("\"groupKey\":\"bad\"") {
            *self.1.lock().unwrap() += 1;
            return Ok(Answer {
                status: 500,
                ..Answer::default()
            });
        }
        self.0.send(call)
    }
}

/// A letter on which the receiver chokes holds up its own group of alerts, and no other.
#[test]
fn a_poison_letter_holds_up_no_other_group() {
    let poisoned = Arc::new(Mutex::new(0));
    let count = Arc::clone(&poisoned);
    let mut desk = desk(Kind::Webhook, |_, _| Does::Takes);
    let stage = Stage {
        hands: desk.hands.clone(),
        taken: Arc::clone(&desk.taken),
        does: |_, _| Does::Takes,
    };
    let report: Report = Box::new(|_, _| {});
    desk.worker = Worker::new(
        receiver(Kind::Webhook),
        testing::links(),
        Box::new(Choosy(stage, count)),
        5,
        report,
    );
    desk.post("bad", 0);
    for n in 0..200 {
        desk.post(&format!("g{}", n % 5), n);
    }
    desk.work(NOW + Span::from_secs(30));
    assert_eq!(desk.taken.lock().unwrap().keys.len(), 200);
    assert!(*poisoned.lock().unwrap() > 2);
    assert_eq!(desk.worker.waiting(), 1);
}

/// What was answered and marked is not sent again by the next process; what was not marked is, under
/// the same key.
#[test]
fn after_a_crash_only_what_was_under_way_is_repeated() {
    let mut first = desk(Kind::Webhook, |_, _| Does::Takes);
    let keys: Vec<_> = (0..5).map(|n| first.post("a", n)).collect();
    for _ in 0..3 {
        assert_eq!(first.worker.turn(first.hands.now()), Next::Now);
    }
    // The next process finds in the ledger what was not struck.
    let mut second = desk(Kind::Webhook, |_, _| Does::Takes);
    second.ledger = Arc::clone(&first.ledger);
    for head in second.ledger.waiting().unwrap() {
        let ledger = Arc::clone(&second.ledger);
        second.worker.take(Post { ledger, head }, NOW);
    }
    second.work(hours(1));
    assert_eq!(first.taken.lock().unwrap().keys, keys[..3]);
    assert_eq!(second.taken.lock().unwrap().keys, keys[3..]);
}

#[test]
fn what_is_over_is_not_told_to_those_who_do_not_want_it() {
    let mut desk = desk(Kind::Webhook, |_, _| Does::Takes);
    let mut wanted = receiver(Kind::Webhook);
    wanted.send_resolved = false;
    let stage = Stage {
        hands: desk.hands.clone(),
        taken: Arc::clone(&desk.taken),
        does: |_, _| Does::Takes,
    };
    let report: Report = Box::new(|_, _| {});
    desk.worker = Worker::new(wanted, testing::links(), Box::new(stage), 5, report);
    desk.hand_over(&letter("payments", AlertState::Resolved));
    let mut both = letter("payments", AlertState::Firing);
    let over = alert("other", AlertState::Resolved);
    both.notification.alerts.push(over);
    desk.hand_over(&both);
    desk.work(hours(1));
    let taken = desk.taken.lock().unwrap();
    assert_eq!(taken.bodies.len(), 1);
    assert_eq!(taken.bodies[0].1["alerts"].as_array().unwrap().len(), 1);
    assert_eq!(desk.ledger.waiting().unwrap(), []);
}

/// PagerDuty takes an event an alert: after a failure it goes on with the event that failed.
#[test]
fn of_several_requests_only_those_that_failed_are_made_again() {
    let mut desk = desk(Kind::Pagerduty, |_, tries| match tries {
        3 => Does::Answers(500, None),
        _ => Does::Takes,
    });
    let mut letter = letter("a", AlertState::Firing);
    let more = ["b", "c", "d"].map(|g| alert(g, AlertState::Firing));
    letter.notification.alerts.extend(more);
    desk.hand_over(&letter);
    desk.work(hours(1));
    let taken = desk.taken.lock().unwrap();
    let keys: Vec<_> = taken
        .bodies
        .iter()
        .map(|(_, b)| b["dedup_key"].clone())
        .collect();
    let expected = letter.notification.alerts.iter();
    let expected: Vec<_> = expected.map(|a| a.fingerprint().to_string()).collect();
    assert_eq!(keys, expected);
}

#[test]
fn no_report_holds_a_secret() {
    let mut desk = desk(Kind::Slack, |_, tries| match tries {
        1 => Does::Answers(500, None),
        2 => Does::Cuts(false),
        _ => Does::Answers(404, None),
    });
    desk.post("a", 1);
    desk.work(hours(1));
    let reports = desk.reports.lock().unwrap();
    assert_eq!(reports.len(), 3);
    let text = format!("{reports:?}{:?}", receiver(Kind::Slack));
    assert!(
        !text.contains("s3cr3t") && !text.contains("r0uting"),
        "{text}"
    );
}

/// A snapshot with these alerts.
fn snapshot(at: Timestamp, alerts: Vec<Arc<crate::model::Alert>>) -> crate::model::Snapshot {
    let mut snapshot = crate::model::Snapshot::empty("b".into(), at);
    snapshot.alerts = alerts;
    snapshot
}

fn stage(
    hands: &Hands,
    taken: &Arc<Mutex<Taken>>,
    does: impl FnMut(Timestamp, usize) -> Does + Send + 'static,
) -> Box<dyn Transport> {
    Box::new(Stage {
        hands: hands.clone(),
        taken: Arc::clone(taken),
        does,
    })
}

fn reporting() -> (Reports, Report) {
    let reports = Reports::default();
    let said = Arc::clone(&reports);
    let report: Report = Box::new(move |_, told| said.lock().unwrap().push(told));
    (reports, report)
}

/// Down for an hour: afterwards it is told of what fires and of what has ended meanwhile.
#[test]
fn an_alertmanager_is_told_of_all_once_it_is_back() {
    let (hands, taken) = (Hands::at(NOW), Arc::<Mutex<Taken>>::default());
    let transport = stage(&hands, &taken, |now, _| {
        if now < hours(1) {
            Does::Cuts(false)
        } else {
            Does::Takes
        }
    });
    let (reports, report) = reporting();
    let to = receiver(Kind::Alertmanager);
    let mut manager = Alertmanager::new(to, testing::links(), transport, 3, report);
    let groups: Vec<_> = (0..100).map(|n| format!("g{n}")).collect();
    let of = |state| groups.iter().map(move |g| alert(g, state));
    let firing: Vec<_> = of(AlertState::Firing).collect();
    let mut work = |alerts: &[Arc<crate::model::Alert>], until: Timestamp| {
        while hands.now() < until {
            let snapshot = snapshot(hands.now(), alerts.to_vec());
            match manager.turn(&snapshot, hands.now()) {
                Next::Now => {}
                _ => hands.on(Span::from_secs(1)),
            }
        }
    };
    work(&firing, NOW + Span::from_secs(600));
    // Half of them end, and are forgotten by the rules before it is back.
    let mut half: Vec<_> = firing[50..].to_vec();
    half.extend(of(AlertState::Resolved).take(50));
    work(&half, NOW + Span::from_secs(1200));
    work(&firing[50..], hours(1) + Span::from_secs(90));
    let taken = taken.lock().unwrap();
    let alerts = taken.bodies.iter().flat_map(|(at, b)| {
        let alerts = b.as_array().unwrap();
        assert!(alerts.len() <= 64);
        alerts.iter().map(move |a| (*at, a.clone()))
    });
    let alerts: Vec<_> = alerts.collect();
    for group in &groups {
        let of = |(_, a): &&(Timestamp, serde_json::Value)| a["labels"]["group"] == **group;
        let told: Vec<_> = alerts.iter().filter(of).collect();
        let (at, first) = told.first().unwrap();
        let end: Timestamp = first["endsAt"].as_str().unwrap().parse().unwrap();
        let is_over = groups[..50].contains(group);
        assert_eq!(end < *at, is_over, "{first:#}");
        assert!(*at - hours(1) <= Span::from_secs(65), "{at}");
        assert!(first["annotations"]["command"].is_string());
    }
    let reports = reports.lock().unwrap();
    let failed = reports.iter().filter(|t| t.result == TellResult::Failed);
    assert!((40..200).contains(&failed.count()));
    assert_eq!(reports[0].waiting, 100);
}

#[test]
fn a_heart_comes_again_when_it_is_told_to() {
    let (hands, taken) = (Hands::at(NOW), Arc::<Mutex<Taken>>::default());
    let transport = stage(&hands, &taken, |_, tries| match tries {
        1 => Does::Answers(429, Some("300")),
        _ => Does::Takes,
    });
    let (reports, report) = reporting();
    let mut heart = Heartbeat::new(receiver(Kind::Heartbeat), transport, 3, report);
    let mut watchdog = (*alert("x", AlertState::Firing)).clone();
    watchdog.name = "LaggardWatchdog".into();
    let lives = vec![Arc::new(watchdog)];
    while reports.lock().unwrap().len() < 2 {
        heart.turn(&snapshot(hands.now(), lives.clone()), hands.now());
        hands.on(Span::from_secs(1));
        assert!(hands.now() < hours(1), "it never came again");
    }
    assert_eq!(reports.lock().unwrap()[1].result, TellResult::Delivered);
    let waited = (hands.now() - NOW).as_secs_f64();
    assert!((300.0..302.0).contains(&waited), "{waited}");
}

#[test]
fn a_heart_beats_while_the_watchdog_fires_and_the_snapshot_is_fresh() {
    let (hands, taken) = (Hands::at(NOW), Arc::<Mutex<Taken>>::default());
    let transport = stage(&hands, &taken, |_, tries| match tries {
        2 => Does::Answers(500, None),
        _ => Does::Takes,
    });
    let (reports, report) = reporting();
    let mut heart = Heartbeat::new(receiver(Kind::Heartbeat), transport, 3, report);
    let mut watchdog = (*alert("x", AlertState::Firing)).clone();
    watchdog.name = "LaggardWatchdog".into();
    let lives = vec![Arc::new(watchdog)];
    let mut beats = |alerts: &[Arc<crate::model::Alert>], at: Option<Timestamp>, secs: i64| {
        let until = hands.now() + Span::from_secs(secs);
        let before = taken.lock().unwrap().bodies.len();
        while hands.now() < until {
            let at = at.unwrap_or_else(|| hands.now());
            heart.turn(&snapshot(at, alerts.to_vec()), hands.now());
            hands.on(Span::from_secs(1));
        }
        taken.lock().unwrap().bodies.len() - before
    };
    assert!((9..=11).contains(&beats(&lives, None, 600)));
    // It does not fire, or nothing is evaluated any more.
    assert_eq!(beats(&[], None, 600), 0);
    let stands_still = hours(0) + Span::from_secs(1200);
    assert!(beats(&lives, Some(stands_still), 600) <= 3);
    let reports = reports.lock().unwrap();
    let results: Vec<_> = reports.iter().map(|t| t.result).collect();
    assert_eq!(
        results[..3],
        [
            TellResult::Delivered,
            TellResult::Failed,
            TellResult::Delivered
        ]
    );
}
