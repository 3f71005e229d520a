//! The lists of alerts and of advice, worst first, what of the alerts presses now, and silences that
//! no alert lies under.

use std::cmp::Reverse;
use std::fmt::Write;
use std::sync::Arc;

use super::super::filter::Filter;
use super::super::state::{Screen, State};
use super::super::update::cluster_of;
use super::{Stamp, stamp};
use crate::model::{Advice, Alert, AlertState, ClusterName, Silence, Snapshot, Timestamp};

/// Alerts, silences and advice with their identities.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct ShortLists {
    /// Those that pass the filter.
    pub(in crate::tui) alerts: Vec<Arc<Alert>>,
    /// Below them, silences in force under which no alert lies, and that pass the filter.
    pub(in crate::tui) silences: Vec<Arc<Silence>>,
    /// The identities of both.
    pub(in crate::tui) alert_keys: Vec<Arc<str>>,
    /// How many alerts press, whatever the filter.
    pub(in crate::tui) pressing: usize,
    /// The worst of these.
    pub(in crate::tui) worst: Option<Arc<Alert>>,
    /// Advice that passes the filter, as a snapshot has it.
    pub(in crate::tui) advice: Vec<Arc<Advice>>,
    /// Its identities.
    pub(in crate::tui) advice_keys: Vec<Arc<str>>,
    /// All of them: a filter is tried on them for each letter of it.
    all: All,
    all_made_for: Option<(Stamp, Option<ClusterName>)>,
    made_for: Option<[Filter; 2]>,
}

#[derive(Clone, Debug, Default)]
struct All {
    alerts: Vec<Keyed<Alert>>,
    silences: Vec<Keyed<Silence>>,
    advice: Vec<Keyed<Advice>>,
}

/// With its identity.
type Keyed<T> = (Arc<T>, Arc<str>);

/// An alert's identity.
fn alert_key(alert: &Alert) -> Arc<str> {
    format!("{}{:?}", alert.name, alert.labels).into()
}

/// A silence's identity.
fn silence_key(silence: &Silence) -> Arc<str> {
    let mut key = format!("silence {}", silence.id);
    for matcher in &silence.matchers {
        let _ = write!(key, " {matcher}");
    }
    key.into()
}

/// An advice's identity.
fn advice_key(advice: &Advice) -> Arc<str> {
    format!("{}/{}/{}", advice.cluster, advice.group, advice.title).into()
}

/// How grave an alert's rule says that it is, by the words that are in use.
fn gravity(alert: &Alert) -> u8 {
    match alert.labels.get("severity").map(|s| &**s) {
        Some("page" | "critical" | "emergency") => 4,
        Some("error" | "high") => 3,
        Some("info" | "low") => 1,
        Some("none") => 0,
        // Tickets, warnings, and what nobody has graded.
        _ => 2,
    }
}

/// The place of an alert in the list: firing before pending before resolved; of these, those that
/// nobody has silenced; then the gravest, then the one that has lasted longest.
fn rank(alert: &Alert) -> (u8, bool, Reverse<u8>, Timestamp) {
    let state = match alert.state {
        AlertState::Firing if gravity(alert) == 0 => 2,
        AlertState::Firing => 0,
        AlertState::Pending => 1,
        AlertState::Resolved => 3,
    };
    let silenced = alert.silenced.is_some();
    (state, silenced, Reverse(gravity(alert)), alert.active_since)
}

/// Whether somebody should look at it now: a watchdog, which always fires, says that all is well;
/// a silenced alert is known to somebody.
fn presses(alert: &Alert) -> bool {
    alert.state != AlertState::Resolved && gravity(alert) > 0 && alert.silenced.is_none()
}

/// Those that a filter lets through, and their identities.
fn passing<T>(all: &[Keyed<T>], filter: &Filter) -> (Vec<Arc<T>>, Vec<Arc<str>>) {
    let passing = all.iter().filter(|(_, key)| filter.passes(key));
    passing.cloned().unzip()
}

impl ShortLists {
    /// Those of a snapshot, of one cluster or of all; nothing has passed a filter yet.
    fn of(snapshot: &Snapshot, scope: Option<&ClusterName>) -> Self {
        let keyed = |a: &Arc<Alert>| (Arc::clone(a), alert_key(a));
        let mut alerts: Vec<_> = alerts(snapshot, scope).map(keyed).collect();
        // Stable: alerts of one rule stay in the order of their labels.
        alerts.sort_by_key(|(alert, _)| rank(alert));
        let own = |a: &&Arc<Advice>| scope.is_none_or(|s| *s == a.cluster);
        let advice = snapshot.advice.iter().filter(own);
        let advice = advice.map(|a| (Arc::clone(a), advice_key(a))).collect();
        let mut press = alerts.iter().map(|(a, _)| a).filter(|a| presses(a));
        let worst = press.next().cloned();
        Self {
            pressing: usize::from(worst.is_some()) + press.count(),
            worst,
            all: All {
                silences: unmet(snapshot),
                alerts,
                advice,
            },
            ..Self::default()
        }
    }

    /// Brings it up to date for a snapshot and what is asked for.
    pub(super) fn bring(
        &mut self,
        snapshot: &Arc<Snapshot>,
        scope: Option<&ClusterName>,
        filters: &[Filter; 5],
    ) {
        let of = Some((stamp(snapshot), scope.cloned()));
        if self.all_made_for != of {
            *self = Self::of(snapshot, scope);
            self.all_made_for = of;
        }
        let filter = |screen: Screen| &filters[screen as usize];
        let wanted = [filter(Screen::Alerts), filter(Screen::Advice)];
        if self.made_for.as_ref().map(|[a, b]| [a, b]) == Some(wanted) {
            return;
        }
        (self.alerts, self.alert_keys) = passing(&self.all.alerts, wanted[0]);
        let (silences, mut keys) = passing(&self.all.silences, wanted[0]);
        self.silences = silences;
        self.alert_keys.append(&mut keys);
        (self.advice, self.advice_keys) = passing(&self.all.advice, wanted[1]);
        self.made_for = Some(wanted.map(Clone::clone));
    }

    /// The silence that stands at a place of the list of alerts.
    pub(in crate::tui) fn silence(&self, index: usize) -> Option<&Arc<Silence>> {
        self.silences.get(index.checked_sub(self.alerts.len())?)
    }
}

/// Alerts of the clusters in scope, and those on none.
fn alerts<'a>(
    snapshot: &'a Snapshot,
    scope: Option<&'a ClusterName>,
) -> impl Iterator<Item = &'a Arc<Alert>> {
    snapshot.alerts.iter().filter(move |a| {
        let of = cluster_of(&a.labels);
        scope.is_none_or(|s| of.is_none_or(|c| c == s.as_str()))
    })
}

/// Silences in force under which no alert lies: what they keep quiet cannot be seen from any alert.
fn unmet(snapshot: &Snapshot) -> Vec<Keyed<Silence>> {
    let silences = snapshot.notices.silences.iter();
    silences
        .filter(|s| !snapshot.alerts.iter().any(|a| s.is_for(&a.labels)))
        .map(|s| (Arc::new(s.clone()), silence_key(s)))
        .collect()
}

impl State {
    pub(super) fn refresh_short(&mut self) {
        let (ui, shown) = (&self.ui, &self.shown);
        let short = &mut self.lists.short;
        short.bring(shown, ui.scope.as_ref(), &ui.filters);
    }

    /// Advice on the clusters in scope.
    pub(in crate::tui) fn advice(&self) -> impl Iterator<Item = &Arc<Advice>> {
        let scope = self.ui.scope.as_ref();
        let in_scope = move |a: &&Arc<Advice>| scope.is_none_or(|s| *s == a.cluster);
        self.shown.advice.iter().filter(in_scope)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Options, samples, screens};
    use super::*;
    use crate::model::Silenced;
    use crate::model::testing::{NOW, ago};

    fn alert(name: &str, state: AlertState, severity: &str, secs: i64) -> Arc<Alert> {
        let like = &samples::telling().alerts[0];
        let mut alert = (**like).clone();
        (alert.name, alert.state, alert.active_since) = (name.into(), state, ago(secs));
        alert.labels.insert("severity".into(), severity.into());
        Arc::new(alert)
    }

    #[test]
    fn what_presses_comes_first_and_a_watchdog_never_does() {
        let silenced = |mut alert: Arc<Alert>| {
            Arc::make_mut(&mut alert).silenced = Some(Silenced {
                until: NOW,
                by: "ops".into(),
                why: "known".into(),
            });
            alert
        };
        let mut snapshot = samples::telling();
        snapshot.alerts = vec![
            alert("Watchdog", AlertState::Firing, "none", 9),
            alert("Ticket", AlertState::Firing, "ticket", 9),
            alert("Over", AlertState::Resolved, "page", 9),
            silenced(alert("Known", AlertState::Firing, "page", 9)),
            alert("OldPage", AlertState::Firing, "page", 99),
            alert("NewPage", AlertState::Firing, "page", 9),
            alert("Soon", AlertState::Pending, "page", 9),
        ];
        let state = screens::state(snapshot, (80, 24), &[], Options::default());
        let short = &state.lists.short;
        let names: Vec<_> = short.alerts.iter().map(|a| &*a.name).collect();
        let expected = [
            "OldPage", "NewPage", "Ticket", "Known", "Soon", "Watchdog", "Over",
        ];
        assert_eq!(names, expected);
        assert_eq!(short.pressing, 4);
        assert_eq!(&*short.worst.as_ref().unwrap().name, "OldPage");
    }

    #[test]
    fn a_key_that_moves_makes_no_list_anew() {
        use super::super::super::{Event, Key};
        let keys = [Key::Char('3')];
        let mut state = screens::state(samples::telling(), (80, 24), &keys, Options::default());
        let made = state.lists.short.alert_keys.as_ptr();
        for key in [Key::Down, Key::Up, Key::Char('1'), Key::Char('3'), Key::Tab] {
            state.on(Event::Key(key), NOW);
            assert_eq!(state.lists.short.alert_keys.as_ptr(), made, "{key:?}");
        }
        state.on(Event::Key(Key::Char('3')), NOW);
        for c in "/stop".chars() {
            state.on(Event::Key(Key::Char(c)), NOW);
        }
        assert_eq!(state.lists.short.alerts.len(), 1);
    }

    #[test]
    fn on_a_healthy_cluster_the_watchdog_is_no_news() {
        let mut snapshot = samples::telling();
        snapshot.alerts = vec![alert("LaggardWatchdog", AlertState::Firing, "none", 9)];
        let state = screens::state(snapshot, (80, 24), &[], Options::default());
        let shown = screens::text(&super::super::super::picture(&state));
        assert!(
            !shown.contains("Watchdog") && !shown.contains("Alerts("),
            "{shown}"
        );
    }
}
