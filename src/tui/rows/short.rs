//! The lists of alerts and of advice, worst first, and what of the alerts presses now.

use std::cmp::Reverse;
use std::sync::Arc;

use super::super::filter::Filter;
use super::super::state::{Screen, State};
use super::super::update::cluster_of;
use super::{Stamp, stamp};
use crate::model::{Advice, Alert, AlertState, ClusterName, Timestamp};

/// Alerts and advice with their identities.
#[derive(Default)]
pub(in crate::tui) struct ShortLists {
    /// Those that pass the filter.
    pub(in crate::tui) alerts: Vec<Arc<Alert>>,
    /// Their identities.
    pub(in crate::tui) alert_keys: Vec<Arc<str>>,
    /// How many alerts press, whatever the filter.
    pub(in crate::tui) pressing: usize,
    /// The worst of these.
    pub(in crate::tui) worst: Option<Arc<Alert>>,
    /// Advice that passes the filter, as a snapshot has it.
    pub(in crate::tui) advice: Vec<Arc<Advice>>,
    /// Its identities.
    pub(in crate::tui) advice_keys: Vec<Arc<str>>,
    /// All of both: a filter is tried on them for each letter of it.
    all: (Vec<Keyed<Alert>>, Vec<Keyed<Advice>>),
    all_made_for: Option<(Stamp, Option<ClusterName>)>,
    made_for: Option<[Filter; 2]>,
}

/// With its identity.
type Keyed<T> = (Arc<T>, Arc<str>);

/// An alert's identity.
fn alert_key(alert: &Alert) -> Arc<str> {
    format!("{}{:?}", alert.name, alert.labels).into()
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

impl State {
    pub(super) fn refresh_short(&mut self) {
        let of = Some((stamp(&self.shown), self.ui.scope.clone()));
        if self.lists.short.all_made_for != of {
            self.lists.short = self.all_short();
            self.lists.short.all_made_for = of;
        }
        let filter = |screen: Screen| self.ui.filters[screen as usize].clone();
        let filters = Some([filter(Screen::Alerts), filter(Screen::Advice)]);
        let short = &mut self.lists.short;
        if short.made_for == filters {
            return;
        }
        if let Some([alerts, advice]) = &filters {
            (short.alerts, short.alert_keys) = passing(&short.all.0, alerts);
            (short.advice, short.advice_keys) = passing(&short.all.1, advice);
        }
        short.made_for = filters;
    }

    fn all_short(&self) -> ShortLists {
        let keyed = |a: &Arc<Alert>| (Arc::clone(a), alert_key(a));
        let mut alerts: Vec<_> = self.alerts().map(keyed).collect();
        // Stable: alerts of one rule stay in the order of their labels.
        alerts.sort_by_key(|(alert, _)| rank(alert));
        let keyed = |a: &Arc<Advice>| (Arc::clone(a), advice_key(a));
        let advice = self.advice().map(keyed).collect();
        let mut press = alerts.iter().map(|(a, _)| a).filter(|a| presses(a));
        let worst = press.next().cloned();
        ShortLists {
            pressing: usize::from(worst.is_some()) + press.count(),
            worst,
            all: (alerts, advice),
            ..ShortLists::default()
        }
    }

    /// Alerts of the clusters in scope, and those on none.
    pub(in crate::tui) fn alerts(&self) -> impl Iterator<Item = &Arc<Alert>> {
        let scope = self.ui.scope.as_ref();
        let in_scope = move |a: &&Arc<Alert>| {
            let of = cluster_of(&a.labels);
            scope.is_none_or(|s| of.is_none_or(|c| c == s.as_str()))
        };
        self.shown.alerts.iter().filter(in_scope)
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
