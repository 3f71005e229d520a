//! Silences and marks: what is ordered of the `serve` whose alerts are shown.

use std::sync::Arc;

use super::super::order::{Order, Wanted};
use super::super::state::{PromptKind, Screen, State};
use super::Effect;
use crate::model::{Alert, Matcher, Silence, Span};

/// Labels that say, beside its name, which alert it is; the others may change while it lasts.
const TELLING: [&str; 7] = [
    "kafka_cluster",
    "cluster",
    "group",
    "consumergroup",
    "topic",
    "partition",
    "broker",
];

/// How long a toast waits for what comes of an order.
const PATIENCE: Span = Span::from_secs(60);

impl State {
    /// Why no order can be given; said, too.
    fn refused(&mut self) -> bool {
        let why: Option<Arc<str>> = match &self.options.deck {
            Some(deck) => deck.0.refuses(),
            // They would end with this screen, and nobody else would know of them.
            None => Some("a serve keeps silences and marks: use top --attach URL".into()),
        };
        if let Some(why) = &why {
            self.say(&**why, true);
        }
        why.is_some()
    }

    /// The alert that is selected.
    fn selected_alert(&self) -> Option<&Arc<Alert>> {
        let here = self.ui.screen == Screen::Alerts;
        let alert = self.lists.short.alerts.get(self.ui.alerts.index());
        alert.filter(|_| here)
    }

    /// The silence that is selected, where no alert lies under it.
    fn selected_silence(&self) -> Option<&Arc<Silence>> {
        let here = self.ui.screen == Screen::Alerts;
        let silence = self.lists.short.silence(self.ui.alerts.index());
        silence.filter(|_| here)
    }

    /// Asks how long and why; of a silenced alert, whether its silence shall end.
    pub(super) fn begin_silence(&mut self) {
        if self.refused() {
            return;
        }
        let line = match (self.selected_alert(), self.selected_silence()) {
            (Some(alert), _) if alert.silenced.is_none() => "silence 2h ",
            (None, None) => {
                self.say("no alert is selected", false);
                return;
            }
            _ => "unsilence",
        };
        // Silenced, it has another place in the list: it stays the selected one.
        if let Some(key) = self.lists.short.alert_keys.get(self.ui.alerts.index()) {
            self.ui.alerts.pin(Arc::clone(key));
        }
        self.prompt(PromptKind::Command);
        if let Some(prompt) = &mut self.ui.prompt {
            line.clone_into(&mut prompt.text);
        }
    }

    pub(super) fn silence(&mut self, wanted: Wanted) -> Vec<Effect> {
        let Wanted {
            mut matchers,
            during,
            why,
        } = wanted;
        if self.refused() {
            return Vec::new();
        }
        if matchers.is_empty() {
            matchers = self.matchers_of_selected();
        }
        if matchers.is_empty() {
            self.say(
                "select an alert or a group, or say which: group=\"a\"",
                true,
            );
            return Vec::new();
        }
        let matchers = matchers.iter().map(ToString::to_string).collect();
        self.order_of_serve(Order::Silence {
            matchers,
            during,
            why,
        })
    }

    /// The selected alert's, else all of the group that keys act on.
    fn matchers_of_selected(&self) -> Vec<Matcher> {
        if let Some(alert) = self.selected_alert() {
            return which(alert);
        }
        let Some((cluster, group)) = self.acting_group() else {
            return Vec::new();
        };
        vec![
            Matcher::equal("kafka_cluster", cluster.as_str()),
            Matcher::equal("group", group.as_str()),
        ]
    }

    /// Ends the silences that the selected alert lies under.
    pub(super) fn unsilence(&mut self) -> Vec<Effect> {
        if self.refused() {
            return Vec::new();
        }
        if let Some(silence) = self.selected_silence() {
            let ids = vec![Arc::clone(&silence.id)];
            return self.order_of_serve(Order::Expire { ids });
        }
        let Some(alert) = self.selected_alert().map(Arc::clone) else {
            self.say("select an alert first: 3 leads to them", true);
            return Vec::new();
        };
        let silences = &self.latest.notices.silences;
        let own = silences.iter().filter(|s| s.is_for(&alert.labels));
        let ids: Vec<_> = own.map(|s| Arc::clone(&s.id)).collect();
        if ids.is_empty() {
            self.say("no silence in force is for this alert", true);
            return Vec::new();
        }
        self.order_of_serve(Order::Expire { ids })
    }

    pub(super) fn mark(&mut self, during: Span, why: String) -> Vec<Effect> {
        if self.refused() {
            return Vec::new();
        }
        let Some((cluster, group)) = self.acting_group() else {
            self.say("select a group first", true);
            return Vec::new();
        };
        self.order_of_serve(Order::Mark {
            cluster,
            group,
            during,
            why,
        })
    }

    fn order_of_serve(&mut self, order: Order) -> Vec<Effect> {
        self.say("asked; waiting for the answer", false);
        if let Some(toast) = &mut self.ui.toast {
            toast.until = self.clock + PATIENCE;
        }
        vec![Effect::Order(order)]
    }
}

/// The alert, whatever becomes of its value, its severity and its owner.
fn which(alert: &Alert) -> Vec<Matcher> {
    let telling = |(name, _): &(&Arc<str>, &Arc<str>)| TELLING.contains(&&***name);
    let chosen = alert.labels.iter().filter(telling);
    let name = Matcher::equal("alertname", &alert.name);
    let labels = chosen.map(|(n, v)| Matcher::equal(n, v));
    std::iter::once(name).chain(labels).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::transport::{Deck, Doing, Missed, Transport, Travel};
    use super::super::super::{Event, Key, Options, picture, samples, screens};
    use super::*;
    use crate::model::testing::NOW;
    use crate::model::{AlertState, Silence, Silenced, Snapshot, Timestamp};

    struct Serve {
        refuses: Option<&'static str>,
    }

    impl Transport for Serve {
        fn is_played(&self) -> bool {
            false
        }

        fn doing(&self, _now: Timestamp) -> Option<Doing> {
            None
        }

        fn travel(&self, _wish: Travel) {}

        fn arrived(&self) -> Option<Result<Arc<Snapshot>, Missed>> {
            None
        }

        fn refuses(&self) -> Option<Arc<str>> {
            self.refuses.map(Into::into)
        }
    }

    fn state(deck: Option<Serve>, snapshot: Snapshot) -> State {
        let options = Options {
            deck: deck.map(|deck| Deck(Arc::new(deck))),
            ..Options::default()
        };
        screens::state(snapshot, (100, 24), &[], options)
    }

    /// What comes of keys as they are typed; a line end is enter.
    fn typed(state: &mut State, text: &str) -> Vec<Effect> {
        let key = |c| match c {
            '\n' => Key::Enter,
            c => Key::Char(c),
        };
        let keys = text.chars().map(key);
        keys.flat_map(|key| state.on(Event::Key(key), NOW))
            .collect()
    }

    fn shown(state: &State) -> String {
        screens::text(&picture(state))
    }

    #[test]
    fn the_selected_alert_is_silenced_for_so_long_and_why() {
        let mut state = state(Some(Serve { refuses: None }), samples::telling());
        assert_eq!(typed(&mut state, "3S"), []);
        let asked = shown(&state);
        assert!(asked.contains(":silence 2h"), "{asked}");
        assert!(asked.contains("[MATCHER…] FOR WHY"), "{asked}");
        let alert = Arc::clone(&state.lists.short.alerts[state.ui.alerts.index()]);
        let group = &alert.labels["group"];
        let expected = Order::Silence {
            matchers: vec![
                format!("alertname=\"{}\"", alert.name),
                format!("group=\"{group}\""),
                "kafka_cluster=\"prod-eu\"".to_owned(),
            ],
            during: Span::from_secs(7200),
            why: "ticket 311".to_owned(),
        };
        let ordered = typed(&mut state, "ticket 311\n");
        assert_eq!(ordered, [Effect::Order(expected)]);
        assert!(shown(&state).contains("waiting for the answer"));
        state.on(Event::Done("503 no".to_owned(), true), NOW);
        assert!(shown(&state).contains("! 503 no"), "{}", shown(&state));
    }

    #[test]
    fn a_silence_ends_and_all_that_match_are_silenced() {
        let mut snapshot = samples::telling();
        let alert = Arc::make_mut(&mut snapshot.alerts[0]);
        alert.state = AlertState::Firing;
        alert.labels.insert("severity".into(), "page".into());
        let labels = alert.labels.clone();
        snapshot.alerts.truncate(1);
        let mut silenced = snapshot.clone();
        Arc::make_mut(&mut silenced.alerts[0]).silenced = Some(Silenced {
            until: NOW,
            by: "ann".into(),
            why: "known".into(),
        });
        let silence = |id: &str, group: &str| Silence {
            id: id.into(),
            matchers: vec![Matcher::equal("group", group)],
            since: NOW,
            until: NOW + Span::from_secs(60),
            author: "ann".into(),
            why: "known".into(),
            alertmanagers: Vec::new(),
        };
        let notices = Arc::make_mut(&mut silenced.notices);
        notices.silences = vec![silence("a", &labels["group"]), silence("b", "other")];
        let mut state = state(Some(Serve { refuses: None }), silenced);
        let ids = vec!["a".into()];
        let ended = typed(&mut state, "3S\n");
        assert_eq!(ended, [Effect::Order(Order::Expire { ids })]);
        let ordered = typed(&mut state, ":silence owner=\"a b\" 90s moved\n");
        let expected = Order::Silence {
            matchers: vec!["owner=\"a b\"".to_owned()],
            during: Span::from_secs(90),
            why: "moved".to_owned(),
        };
        assert_eq!(ordered, [Effect::Order(expected)]);
    }

    #[test]
    fn a_silence_under_which_no_alert_lies_is_listed_and_ended() {
        let mut snapshot = samples::telling();
        let silence = |id: &str, group: &str| Silence {
            id: id.into(),
            matchers: vec![Matcher::equal("group", group)],
            since: NOW - Span::from_secs(600),
            until: NOW + Span::from_secs(3000),
            author: "ann".into(),
            why: "moving house".into(),
            alertmanagers: Vec::new(),
        };
        let met = snapshot.alerts[0].labels["group"].to_string();
        let notices = Arc::make_mut(&mut snapshot.notices);
        notices.silences = vec![silence("id-1", &met), silence("id-2", "quiet-one")];
        let mut state = state(Some(Serve { refuses: None }), snapshot);
        typed(&mut state, "3G");
        let listed = shown(&state);
        for part in [
            "SILENCE  group=\"quiet-one\"",
            "no alert lies under it",
            "50m left",
            "by ann: moving house",
        ] {
            assert!(listed.contains(part), "{part}: {listed}");
        }
        assert!(!listed.contains("id-1"), "{listed}");
        let ids = vec!["id-2".into()];
        assert_eq!(
            typed(&mut state, "S\n"),
            [Effect::Order(Order::Expire { ids })]
        );
        let copied = typed(&mut state, "y");
        assert_eq!(copied, [Effect::Copy("id-2".to_owned())]);
        // The filter goes for silences, too.
        typed(&mut state, "/nothing-like-it\n");
        assert!(!shown(&state).contains("quiet-one"), "{}", shown(&state));
    }

    #[test]
    fn a_group_is_silenced_and_marked_from_its_own_screen() {
        let mut state = state(Some(Serve { refuses: None }), samples::telling());
        let Some((cluster, group)) = state.acting_group() else {
            panic!("no group");
        };
        let silenced = typed(&mut state, "\n:silence 1h move\n");
        let expected = Order::Silence {
            matchers: vec![
                format!("kafka_cluster=\"{cluster}\""),
                format!("group=\"{group}\""),
            ],
            during: Span::from_secs(3600),
            why: "move".to_owned(),
        };
        assert_eq!(silenced, [Effect::Order(expected)]);
        let marked = typed(&mut state, ":mark 10m deploy 4.2\n");
        let expected = Order::Mark {
            cluster,
            group,
            during: Span::from_secs(600),
            why: "deploy 4.2".to_owned(),
        };
        assert_eq!(marked, [Effect::Order(expected)]);
    }

    #[test]
    fn where_nothing_can_be_ordered_it_is_said_at_once() {
        let no_token = "orders need a token";
        let recording = Serve {
            refuses: Some(no_token),
        };
        for (deck, why) in [
            (None, "a serve keeps silences and marks"),
            (Some(recording), no_token),
        ] {
            let mut state = state(deck, samples::telling());
            for keys in ["3S", ":silence 2h x\n", ":unsilence\n", "1:mark 5m x\n"] {
                state.on(Event::Tick, NOW);
                assert_eq!(typed(&mut state, keys), [], "{keys}");
                assert!(state.ui.prompt.is_none(), "{keys}");
                assert!(shown(&state).contains(why), "{keys}: {}", shown(&state));
            }
        }
    }
}
