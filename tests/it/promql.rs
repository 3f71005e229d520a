//! Alert rules held against Prometheus' own engine: `promtool test rules` evaluates the same expressions on the same series, and moves the
//! same alerts through the same hours. What Laggard gives must be what it gives.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use laggard::alerts::testing::{Given, Labels, OverTime, instant};
use laggard::model::{AlertState, Span, Timestamp};

/// A row of random numbers: the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        // Knuth's MMIX; the high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// Some series that share labels in part, so that matching succeeds, fails and is ambiguous.
fn series() -> Given {
    let mut given = Given::default();
    let mut add = |name: &str, labels: &[(&str, &str)], value: f64| {
        let labels: Labels = labels
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        given
            .0
            .entry(name.to_owned())
            .or_default()
            .push((labels, value));
    };
    for (i, a) in ["x", "y", "z"].into_iter().enumerate() {
        for (j, b) in ["1", "2"].into_iter().enumerate() {
            add("lag", &[("a", a), ("b", b)], (i * 7 + j * 3) as f64);
            add(
                "rate",
                &[("a", a), ("b", b), ("c", "q")],
                i as f64 * 1.5 - j as f64,
            );
        }
    }
    for (a, value) in [("w", -2.5), ("x", 5.0), ("y", 0.0)] {
        add("limit", &[("a", a)], value);
    }
    for (a, owner) in [("x", "red"), ("y", "blue"), ("z", "red")] {
        add("info", &[("a", a), ("owner", owner)], 1.0);
    }
    add("up", &[], 1.0);
    given
}

fn selector(dice: &mut Dice) -> String {
    let name = dice.of(&["lag", "rate", "limit", "info", "up", "none"]);
    let mut matchers = Vec::new();
    for _ in 0..dice.below(3) {
        let (label, op) = (
            dice.of(&["a", "b", "c", "d"]),
            dice.of(&["=", "!=", "=~", "!~"]),
        );
        let value = dice.of(&["x", "y", "1", "", "x|y", ".*", "[xz]", ".+"]);
        matchers.push(format!("{label}{op}\"{value}\""));
    }
    if matchers.is_empty() {
        name.to_owned()
    } else {
        format!("{name}{{{}}}", matchers.join(","))
    }
}

fn labels(dice: &mut Dice) -> String {
    let mut all: Vec<_> = ["a", "b", "c", "owner"]
        .into_iter()
        .filter(|_| dice.chance(45))
        .collect();
    all.dedup();
    all.join(",")
}

fn vector(dice: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return selector(dice);
    }
    let math = ["+", "-", "*", "/", "%", "^"];
    let compare = ["==", "!=", "<", "<=", ">", ">="];
    let number = ["0", "1", "2", "-1", "3.5", "7"];
    match dice.below(10) {
        0 => selector(dice),
        1 => format!(
            "({} {} {})",
            vector(dice, depth - 1),
            dice.of(&math),
            dice.of(&number)
        ),
        2 => format!(
            "({} {} {})",
            dice.of(&number),
            dice.of(&math[..5]),
            vector(dice, depth - 1)
        ),
        3 => {
            let bool = if dice.chance(30) { "bool " } else { "" };
            format!(
                "({} {} {bool}{})",
                vector(dice, depth - 1),
                dice.of(&compare),
                dice.of(&number)
            )
        }
        4 => format!(
            "({} {} {})",
            dice.of(&number),
            dice.of(&compare),
            vector(dice, depth - 1)
        ),
        5 | 6 => {
            let ops: &[&str] = if dice.chance(50) {
                &math[..4]
            } else {
                &compare
            };
            format!(
                "({} {} {} {})",
                vector(dice, depth - 1),
                dice.of(ops),
                matching(dice, true),
                vector(dice, depth - 1)
            )
        }
        7 => {
            let op = dice.of(&["and", "or", "unless"]);
            format!(
                "({} {op} {} {})",
                vector(dice, depth - 1),
                matching(dice, false),
                vector(dice, depth - 1)
            )
        }
        8 => {
            let (op, by) = (
                dice.of(&["sum", "min", "max", "count", "avg"]),
                dice.of(&["by", "without"]),
            );
            let grouping = if dice.chance(25) {
                String::new()
            } else {
                format!("{by} ({})", labels(dice))
            };
            format!("{op} {grouping} ({})", vector(dice, depth - 1))
        }
        _ if dice.chance(50) => format!("absent({})", vector(dice, depth - 1)),
        _ => format!("-{}", vector(dice, depth - 1)),
    }
}

fn matching(dice: &mut Dice, many: bool) -> String {
    let how = match dice.below(3) {
        0 => return String::new(),
        1 => format!("on ({})", labels(dice)),
        _ => format!("ignoring ({})", labels(dice)),
    };
    if !many || dice.chance(40) {
        return how;
    }
    let include = if dice.chance(50) { "owner" } else { "" };
    format!(
        "{how} {} ({include})",
        dice.of(&["group_left", "group_right"])
    )
}

fn promtool(file: &Path) -> Output {
    Command::new("promtool")
        .args(["test", "rules"])
        .arg(file)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn named(name: &str, labels: &Labels) -> String {
    let labels: Vec<_> = labels.iter().map(|(n, v)| format!("{n}={v:?}")).collect();
    format!("{name}{{{}}}", labels.join(","))
}

fn number(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    format!("{value:?}")
}

/// A promtool test of series that stand still, without its expressions.
fn head(given: &Given) -> String {
    let mut text =
        "rule_files: []\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n"
            .to_owned();
    for (name, samples) in &given.0 {
        for (labels, value) in samples {
            writeln!(
                text,
                "  - series: '{}'\n    values: '{value} {value}'",
                named(name, labels)
            )
            .unwrap();
        }
    }
    text + "  promql_expr_test:\n"
}

/// Prometheus reads series in no fixed order, and the last digit of a sum or a mean hangs on it: both sides are rounded to six places, as its
/// `round` does it. That takes the name off, too, which alerts have no use for.
fn rounded(value: f64) -> f64 {
    if value.is_finite() {
        (value * 1e6 + 0.5).floor() / 1e6
    } else {
        value
    }
}

fn expects(text: &mut String, expr: &str, samples: &[(Labels, f64)]) {
    writeln!(
        text,
        "  - expr: 'round({expr}, 0.000001)'\n    eval_time: 1m\n    exp_samples:"
    )
    .unwrap();
    for (labels, value) in samples {
        writeln!(
            text,
            "    - labels: '{}'\n      value: {}",
            named("", labels),
            number(rounded(*value))
        )
        .unwrap();
    }
}

#[test]
fn expressions_give_what_prometheus_gives() {
    require!(promtool);
    let (given, mut dice, directory) = (series(), Dice(42), tempfile::tempdir().unwrap());
    let (mut text, mut refused, mut compared, mut told) = (head(&given), Vec::new(), 0, 0);
    while told < 400 {
        let depth = 1 + dice.below(3);
        let expr = vector(&mut dice, depth);
        match instant(&expr, &given) {
            // promtool takes no NaN for equal to itself; and where most give nothing, little is shown.
            Ok(samples) if samples.iter().any(|(_, v)| v.is_nan()) => {}
            Ok(samples) if samples.is_empty() && compared - told >= 200 => {}
            Ok(samples) => {
                expects(&mut text, &expr, &samples);
                compared += 1;
                told += usize::from(!samples.is_empty());
            }
            Err(why) => refused.push((expr, why)),
        }
    }
    let file = directory.path().join("same.yml");
    std::fs::write(&file, text).unwrap();
    let same = promtool(&file);
    assert!(
        same.status.success(),
        "{}",
        said(&same).chars().take(4000).collect::<String>()
    );
    eprintln!("{compared} expressions give the same as Prometheus', {told} of them samples");
    prometheus_refuses_them_too(&refused, &given, directory.path());
}

/// What we take for an error at evaluation is one there.
fn prometheus_refuses_them_too(refused: &[(String, String)], given: &Given, directory: &Path) {
    assert!(refused.len() > 10, "{} refused", refused.len());
    for (expr, why) in refused.iter().take(60) {
        let mut text = head(given);
        expects(&mut text, expr, &[]);
        let file = directory.join("refused.yml");
        std::fs::write(&file, text).unwrap();
        let output = said(&promtool(&file));
        let kinds = [
            "many-to-many",
            "many-to-one",
            "ensure unique matches",
            "must not occur in ON and GROUP",
        ];
        assert!(
            kinds.iter().any(|k| output.contains(k)),
            "{expr}\nours: {why}\ntheirs: {output}"
        );
    }
    eprintln!("{} expressions are refused by both", refused.len().min(60));
}

const EACH: i64 = 30;

/// Rules with all the ways in which an alert waits and lingers.
fn rules() -> String {
    let mut text = "groups:\n- name: g\n  interval: 30s\n  rules:\n".to_owned();
    for (i, (hold, keep)) in [(0, 0), (60, 0), (0, 90), (60, 120), (300, 600)]
        .into_iter()
        .enumerate()
    {
        write!(
            text,
            "  - alert: A{i}\n    expr: lag > 5\n    for: {hold}s\n    keep_firing_for: {keep}s\n    labels: {{severity: page, of: '{{{{ $labels.a }}}}'}}\n    annotations:\n      is: '{{{{ $value }}}} {{{{ $value | humanize }}}} {{{{ humanizeDuration $value }}}} {{{{ printf \"%.2f\" $value }}}} {{{{ $value | humanizePercentage }}}}'\n      limit: '{{{{ with printf \"limit{{a=%q}}\" $labels.a | query }}}}{{{{ . | first | value }}}}{{{{ else }}}}none{{{{ end }}}}'\n"
        )
        .unwrap();
    }
    text
}

/// A value for each step, or nothing, in runs so that waiting has a chance to end.
fn course(dice: &mut Dice, steps: usize) -> Vec<Option<f64>> {
    let mut course = Vec::new();
    while course.len() < steps {
        let value = match dice.below(4) {
            0 => None,
            1 => Some(dice.below(5) as f64),
            2 => Some(6.0 + dice.below(100_000) as f64 * 12.345),
            _ => Some(7.5),
        };
        course.extend(std::iter::repeat_n(value, 1 + dice.below(12)));
    }
    course.truncate(steps);
    course
}

#[test]
fn alerts_wait_fire_linger_and_end_as_in_promtool() {
    require!(promtool);
    let (mut dice, steps, directory) = (Dice(7), 120, tempfile::tempdir().unwrap());
    let subjects = ["x", "y", "z"].map(|a| {
        (
            Labels::from([("a".to_owned(), a.to_owned())]),
            course(&mut dice, steps),
        )
    });
    std::fs::write(directory.path().join("rules.yml"), rules()).unwrap();
    let mut text = "rule_files: [rules.yml]\nevaluation_interval: 30s\ntests:\n- interval: 30s\n  input_series:\n".to_owned();
    for (labels, course) in &subjects {
        let values: Vec<_> = course
            .iter()
            .map(|v| v.map_or("stale".to_owned(), |v| v.to_string()))
            .collect();
        writeln!(
            text,
            "  - series: '{}'\n    values: '{}'",
            named("lag", labels),
            values.join(" ")
        )
        .unwrap();
    }
    writeln!(
        text,
        "  - series: 'limit{{a=\"x\"}}'\n    values: '3+0x{steps}'\n  alert_rule_test:"
    )
    .unwrap();
    let mut ours = OverTime::new(&rules()).unwrap();
    let mut firing_at_all = 0;
    for step in 0..steps {
        let mut given = Given::default();
        let here = subjects
            .iter()
            .filter_map(|(labels, course)| Some((labels.clone(), course[step]?)));
        given.0.insert("lag".to_owned(), here.collect());
        given.0.insert(
            "limit".to_owned(),
            vec![(Labels::from([("a".to_owned(), "x".to_owned())]), 3.0)],
        );
        let at = Timestamp::from_millis(0) + Span::from_secs(step as i64 * EACH);
        let alerts = ours.evaluate(at, &given);
        for i in 0..5 {
            let name = format!("A{i}");
            writeln!(
                text,
                "  - eval_time: {}s\n    alertname: {name}\n    exp_alerts:",
                step as i64 * EACH
            )
            .unwrap();
            for alert in alerts
                .iter()
                .filter(|a| a.state == AlertState::Firing && *a.name == *name)
            {
                firing_at_all += 1;
                let all: BTreeMap<_, _> = alert
                    .labels
                    .iter()
                    .filter(|(n, _)| &***n != "alertname")
                    .collect();
                writeln!(
                    text,
                    "    - exp_labels: {all:?}\n      exp_annotations: {:?}",
                    alert.annotations
                )
                .unwrap();
            }
        }
    }
    let file = directory.path().join("alerts.yml");
    std::fs::write(&file, &text).unwrap();
    let same = promtool(&file);
    assert!(
        same.status.success(),
        "{}",
        said(&same).chars().take(4000).collect::<String>()
    );
    assert!(
        firing_at_all > 300,
        "only {firing_at_all} firing alerts were compared"
    );
    eprintln!("{firing_at_all} firing alerts over {steps} evaluations are the same as promtool's");
    // The comparison can fail: one alert fewer is noticed.
    let one_less = text.replacen(
        "exp_annotations: {\"is\": \"",
        "exp_annotations: {\"is\": \"not ",
        1,
    );
    std::fs::write(&file, one_less).unwrap();
    assert!(!promtool(&file).status.success());
}

#[test]
fn the_shipped_rules_pass_their_own_tests() {
    require!(promtool);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["laggard.yml", "prometheus.yml"] {
        let checked = Command::new("promtool")
            .args(["check", "rules"])
            .arg(root.join("alerts").join(file))
            .output()
            .unwrap();
        assert!(checked.status.success(), "{}", said(&checked));
    }
    let tested = promtool(&root.join("tests/rules/laggard.yml"));
    assert!(tested.status.success(), "{}", said(&tested));
}
