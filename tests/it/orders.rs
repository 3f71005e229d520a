//! Orders to a running `laggard serve`, by its own commands: marks, silences, reload; and what the past says of rules.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::eventually;
use crate::support::kept::Kept;
use crate::support::laggard::laggard;

const WITHIN: Duration = Duration::from_secs(40);

/// Always true of a group, and of one that nobody marked.
const RULES: &str = "groups:
- name: it
  interval: 1s
  rules:
  - alert: There
    expr: laggard_group_partitions > 0
  - alert: Unmarked
    expr: laggard_group_partitions > 0 unless on (kafka_cluster, group) laggard_group_mark_info
";

/// A `serve` with a state directory, and the files that it reads.
pub struct World(Kept);

impl std::ops::Deref for World {
    type Target = Kept;

    fn deref(&self) -> &Kept {
        &self.0
    }
}

impl World {
    pub fn start() -> Self {
        Self(Kept::start((4, 8), RULES, ""))
    }

    fn alerts(&self) -> Vec<(String, String, Value)> {
        let text = self.served.get("/api/v1/alerts").unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        let alerts = answer["data"]["alerts"].as_array().unwrap().iter();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        alerts
            .map(|a| {
                let labels = &a["labels"];
                (
                    text(&labels["alertname"]),
                    text(&labels["group"]),
                    a.clone(),
                )
            })
            .collect()
    }

    /// The name of a group that is there.
    fn group(&self) -> String {
        eventually(WITHIN, || {
            let alerts = self.alerts();
            let found = alerts.iter().find(|(name, ..)| name == "Unmarked");
            found
                .map(|(_, group, _)| group.clone())
                .ok_or("no alert".to_owned())
        })
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

#[test]
fn a_mark_holds_stands_in_the_snapshot_and_in_the_audit_log() {
    let world = World::start();
    let group = world.group();
    let wrong = laggard([
        "mark",
        &group,
        "--for",
        "1m",
        "--why",
        "x",
        "--attach",
        world.served.address(),
    ]);
    assert_eq!(wrong.code, Some(3), "{wrong:#?}");
    let marked = world.order(&["mark", &group, "--for", "10m", "--why", "deploy 4.2"]);
    assert_eq!(marked.code, Some(0), "{marked:#?}");
    assert!(marked.stdout.contains("is marked until"), "{marked:#?}");
    // What fires stays as it is, and says why.
    eventually(WITHIN, || {
        let alerts = world.alerts();
        let of = |name: &str| alerts.iter().find(|a| a.0 == name && a.1 == group);
        let (_, _, held) = of("Unmarked").ok_or("it was resolved")?;
        let (_, _, there) = of("There").ok_or("it is gone")?;
        if held["held"].is_string() && there["held"].is_null() {
            Ok(())
        } else {
            Err(format!("{held} {there}"))
        }
    });
    let snapshot = world.served.snapshot();
    let mark = &snapshot["notices"]["marks"][0];
    assert_eq!(
        (&mark["group"], &mark["author"]),
        (&group.clone().into(), &"ann".into())
    );
    let audit = lines(&world.file("state/audit.jsonl"));
    assert_eq!(audit.len(), 1, "{audit:?}");
    assert_eq!(
        (&audit[0]["command"], &audit[0]["why"]),
        (&"mark".into(), &"deploy 4.2".into())
    );
    let metrics = world.served.get("/metrics").unwrap();
    let series =
        format!("laggard_group_mark_info{{kafka_cluster=\"it\",group=\"{group}\",author=\"ann\"");
    assert!(metrics.contains(&series), "{series}");
    let unknown = world.order(&["mark", "nobody", "--for", "1m", "--why", "x"]);
    assert!(
        unknown.stderr.contains("no cluster has a group nobody"),
        "{unknown:#?}"
    );
}

#[test]
fn a_silence_is_made_listed_and_ended() {
    let world = World::start();
    let group = world.group();
    let matcher = format!("group=\"{group}\"");
    let made = world.order(&["silence", "add", &matcher, "--for", "2h", "--why", "known"]);
    assert_eq!(made.code, Some(0), "{made:#?}");
    let id = made.stdout.trim().to_owned();
    let silenced = |is: bool| {
        eventually(WITHIN, || {
            let snapshot = world.served.snapshot();
            let mut alerts = snapshot["alerts"].as_array().unwrap().iter();
            let silenced = alerts.any(|a| a["silenced"]["by"] == "ann");
            (silenced == is)
                .then_some(())
                .ok_or_else(|| format!("{:#}", snapshot["alerts"]))
        });
    };
    silenced(true);
    let list = world.order(&["silence", "list"]);
    assert!(
        list.stdout.contains(&id) && list.stdout.contains("ann: known"),
        "{list:#?}"
    );
    let ended = world.order(&["silence", "expire", &id]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    silenced(false);
    let again = world.order(&["silence", "expire", &id]);
    assert_eq!(again.code, Some(1), "{again:#?}");
}

#[test]
fn a_reload_with_an_error_leaves_the_old_in_force_and_says_so() {
    let mut world = World::start();
    let group = world.group();
    let text = fs::read_to_string(world.file("laggard.toml")).unwrap();
    let policy = format!("\n[[group]]\ngroups = [{group:?}]\nmax_lag = 77\n");
    fs::write(world.file("laggard.toml"), format!("{text}{policy}")).unwrap();
    let reloaded = world.order(&["reload"]);
    assert_eq!(reloaded.code, Some(0), "{reloaded:#?}");
    let limit = |snapshot: &Value| {
        let groups = snapshot["clusters"][0]["groups"]
            .as_array()
            .unwrap()
            .clone();
        let of = groups.into_iter().find(|g| g["group"] == group.as_str());
        of.map_or(Value::Null, |g| g["policy"]["max_lag"].clone())
    };
    let in_force = |what: &str, holds: &dyn Fn(&Value) -> bool| {
        eventually(WITHIN, || {
            let snapshot = world.served.snapshot();
            holds(&snapshot)
                .then_some(())
                .ok_or_else(|| format!("{what}: {:#}", snapshot["notices"]))
        });
    };
    in_force("the limit", &|s| limit(s) == 77);
    // A typo in a rule: the old rules and the old limit stay.
    fs::write(
        world.file("rules.yml"),
        RULES.replace("_partitions", "_partition"),
    )
    .unwrap();
    fs::write(world.file("laggard.toml"), &text).unwrap();
    let refused = world.order(&["reload"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    let place = "rules.yml:6: group `it`, alert `There`";
    assert!(refused.stderr.contains(place), "{refused:#?}");
    let wrong = |s: &Value| {
        let issue = s["notices"]["issues"][0]["text"]
            .as_str()
            .unwrap_or_default();
        issue.contains(place)
    };
    in_force("the error", &|s| wrong(s) && limit(s) == 77);
    assert!(!world.alerts().is_empty());
    let metrics = world.served.get("/metrics").unwrap();
    assert!(metrics.contains("laggard_config_last_reload_successful 0"));
    // Mended, and read anew by a signal.
    fs::write(world.file("rules.yml"), RULES).unwrap();
    let id = world.0.served.running().id();
    crate::support::process::signal(id, "HUP");
    let served = &world.served;
    eventually(WITHIN, || {
        let snapshot = served.snapshot();
        let fine = snapshot["notices"]["issues"] == Value::Array(Vec::new());
        (fine && limit(&snapshot).is_null())
            .then_some(())
            .ok_or_else(|| served.log())
    });
    // At a start it is refused altogether.
    fs::write(
        world.file("rules.yml"),
        RULES.replace("_partitions", "_partition"),
    )
    .unwrap();
    let config = world.file("laggard.toml").display().to_string();
    let start = laggard(["serve", "--config", &config]);
    assert_eq!(start.code, Some(3), "{start:#?}");
    assert!(start.stderr.contains(place), "{start:#?}");
}
