//! The Grafana dashboards in `dashboards/`, made here and held to this source by a test, so that
//! none names a series that the catalog has not.
//!
//! A dashboard is rows of panels; a panel is a question in words, expressions and a unit. Grafana's
//! own JSON is written by `json`.

mod group;
mod json;
mod overview;
mod own;
mod topic;

use super::{all, internal};

/// A dashboard.
pub(super) struct Dashboard {
    /// Of its address and its file.
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// Beside the data source and the cluster: `group` or `topic`, and the series that has it.
    variable: Option<(&'static str, &'static str)>,
    panels: Vec<Panel>,
}

/// A panel. All are drawn from left to right, wrapped at a width of 24.
struct Panel {
    title: &'static str,
    /// The question that it answers.
    description: &'static str,
    look: Look,
    unit: &'static str,
    width: u32,
    /// Expression and what its lines are called.
    targets: Vec<(&'static str, &'static str)>,
    /// From which value on which colour.
    thresholds: &'static [(f64, &'static str)],
}

#[derive(Clone, Copy, PartialEq)]
enum Look {
    /// Lines over time.
    Lines,
    /// One number.
    Number,
    /// One number that stands for a status.
    Status,
    /// Labels and values, now.
    Table,
}

fn panel(
    look: Look,
    width: u32,
    unit: &'static str,
    title: &'static str,
    description: &'static str,
    targets: &[(&'static str, &'static str)],
) -> Panel {
    Panel {
        title,
        description,
        look,
        unit,
        width,
        targets: targets.to_vec(),
        thresholds: &[],
    }
}

impl Panel {
    fn red_from(self, thresholds: &'static [(f64, &'static str)]) -> Self {
        Self { thresholds, ..self }
    }
}

fn dashboards() -> [Dashboard; 4] {
    [
        overview::dashboard(),
        group::dashboard(),
        topic::dashboard(),
        own::dashboard(),
    ]
}

#[test]
fn the_dashboards_are_fresh() {
    let stale: Vec<_> = dashboards()
        .iter()
        .filter(|d| {
            let file = format!("dashboards/laggard-{}.json", d.name);
            let text = serde_json::to_string_pretty(&json::dashboard(d)).unwrap();
            !crate::held::is_fresh(&file, &format!("{text}\n"))
        })
        .map(|d| d.name)
        .collect();
    assert!(
        stale.is_empty(),
        "out of step: {stale:?}; INSTA_UPDATE=always cargo test --lib writes them anew"
    );
}

#[test]
fn marks_are_drawn_from_a_series_of_the_catalog() {
    let mut names = series_of(json::MARKS);
    assert!(names.all(|n| all().any(|s| s.name == n)), "{}", json::MARKS);
}

/// Names in an expression that are series of ours.
fn series_of(expression: &str) -> impl Iterator<Item = &str> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    expression.split(word).filter(|w| w.starts_with("laggard_"))
}

#[test]
fn each_series_of_a_dashboard_is_in_the_catalog() {
    let known =
        |name: &str| all().any(|s| s.name == name) || internal::ALL.iter().any(|i| i.name == name);
    for dashboard in dashboards() {
        for panel in &dashboard.panels {
            for (expression, _) in &panel.targets {
                let mut names = series_of(expression).peekable();
                assert!(names.peek().is_some(), "{}: {expression}", panel.title);
                let unknown: Vec<_> = names.filter(|n| !known(n)).collect();
                assert!(unknown.is_empty(), "{}: {unknown:?}", panel.title);
            }
        }
    }
}

/// The rules that Grafana's dashboard-linter keeps, as far as they are about panels.
#[test]
fn panels_have_titles_descriptions_units_and_no_job() {
    for dashboard in dashboards() {
        assert!(dashboard.description.ends_with('.'));
        let mut titles = std::collections::BTreeSet::new();
        for panel in &dashboard.panels {
            assert!(titles.insert(panel.title), "{} stands twice", panel.title);
            assert!(panel.description.ends_with(['.', '?']), "{}", panel.title);
            assert!(
                !panel.unit.is_empty() && !panel.targets.is_empty(),
                "{}",
                panel.title
            );
            for (expression, legend) in &panel.targets {
                assert!(!expression.contains("job=") && !expression.contains("instance="));
                assert!(expression.contains("$cluster") || dashboard.name == "itself");
                assert!(
                    !matches!(panel.look, Look::Lines | Look::Table) || !legend.is_empty(),
                    "{}",
                    panel.title
                );
                let open = expression.matches(['(', '{', '[']).count();
                assert_eq!(
                    open,
                    expression.matches([')', '}', ']']).count(),
                    "{expression}"
                );
            }
        }
    }
}
