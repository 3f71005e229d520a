//! Templates, filled in by Laggard and by a real Prometheus: the same text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use laggard::alerts::testing::{Given, Labels, OverTime};
use laggard::model::Timestamp;

/// The value of the series that the alert is about: a moment, for there are functions of time.
const VALUE: f64 = 1_795_305_525.741;

/// Texts with every function and every action that rules may use.
const TEXTS: [&str; 60] = [
    "{{ $labels.group }} of {{ .Labels.group }}: {{ $value }} {{ .Value }} [{{ $labels.none }}]",
    "{{ $value | humanizeTimestamp }}",
    "{{ humanizeTimestamp 1435065584.128 }} {{ humanizeTimestamp \"1435065584\" }} {{ humanizeTimestamp -1.5 }}",
    "{{ toTime $value }} {{ toTime 0.25 }}",
    "{{ parseDuration \"1h30m\" }} {{ parseDuration \"250ms\" | humanizeDuration }} {{ parseDuration \"1d\" | printf \"%.1f\" }}",
    "{{ stripPort \"host.example.com:9092\" }} {{ stripPort \"[::1]:9092\" }} {{ stripPort \"::1\" }} {{ stripPort \"host\" }} {{ stripPort \":80\" }}",
    "{{ stripDomain \"host.example.com:9092\" }} {{ stripDomain \"host.example.com\" }} {{ stripDomain \"10.0.0.1:80\" }} {{ stripDomain \"::1\" }} {{ stripDomain \"[::1]:80\" }}",
    "{{ $labels.instance | stripPort }} {{ stripDomain $labels.instance }}",
    "{{ safeHtml \"<b>\" }} {{ html \"<a href='x'>&\\\"\" }} {{ urlquery \"a b&c=d/e~f\" }}",
    "{{ print 1 2 \"a\" 3 4.5 true }}|{{ print \"a\" \"b\" }}|{{ println 1 \"a\" 2 }}|",
    "{{ slice \"laggard\" 3 }} {{ slice \"laggard\" 1 4 }} {{ slice $labels.group 0 3 }}",
    "{{ index $labels \"group\" }} {{ (index (query \"limit\") 1).Value }}",
    "{{ len (query \"limit\") }} {{ len $labels.group }}",
    "{{ with query \"limit\" }}{{ . | first | value }} {{ first . | label \"of\" }} {{ (first .).Labels.of }}{{ end }}",
    "{{ (query \"limit\" | first).Value | humanize }}",
    "{{ range query \"limit\" }}{{ .Labels.of }}={{ .Value }};{{ end }}",
    "{{ range $i, $x := query \"limit\" }}{{ $i }}:{{ $x.Labels.of }}={{ $x | value }} {{ end }}",
    "{{ range $x := query \"limit\" }}{{ if eq $x.Labels.of \"b\" }}{{ break }}{{ end }}{{ $x.Labels.of }}{{ end }}",
    "{{ range query \"limit\" }}{{ if eq .Labels.of \"b\" }}{{ continue }}{{ end }}{{ .Labels.of }}{{ end }}",
    "{{ range query \"nothing\" }}x{{ else }}none{{ end }}",
    // There, a series' name is a label of it, too.
    "{{ range $name, $text := $labels }}{{ if ne $name \"__name__\" }}{{ $name }}={{ $text }} {{ end }}{{ end }}",
    "{{ range sortByLabel \"rank\" (query \"limit\") }}{{ .Labels.rank }}{{ end }}",
    "{{ with $x := query \"limit\" }}{{ len $x }}{{ end }}{{ with query \"nothing\" }}x{{ else }}none{{ end }}",
    "{{ if $x := query \"nothing\" }}{{ len $x }}{{ else }}none{{ end }}",
    "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}{{ if true }}{{ $x := 3 }}{{ end }}{{ $x }}",
    "{{ $sum := 0.0 }}{{ range query \"limit\" }}{{ $sum = .Value }}{{ end }}{{ $sum }}",
    "{{ if eq $labels.group \"a\" \"billing\" }}one of them{{ end }} {{ eq 1 2 3 }}",
    "{{ if and (eq $labels.group \"billing\") (gt $value 5.0) }}y{{ else if true }}n{{ end }}",
    "{{ if or false \"\" }}y{{ else if not true }}m{{ else }}n{{ end }}",
    "{{ and 1 0 }} {{ or 0 \"x\" }} {{ not 0 }}",
    "{{ humanize 1234567.0 }} {{ humanize 0.0012 }} {{ humanize 0.0 }} {{ humanize -1500.0 }} {{ humanize \"123456\" }}",
    "{{ humanize1024 1048576.0 }} {{ humanize1024 100.5 }} {{ humanize1024 0.5 }}",
    "{{ humanizeDuration 0.0 }} {{ humanizeDuration 59.9 }} {{ humanizeDuration 3661.0 }} {{ humanizeDuration 90061.0 }} {{ humanizeDuration 0.00123 }} {{ humanizeDuration -75.0 }} {{ humanizeDuration \"60\" }}",
    "{{ humanizePercentage 0.12345 }} {{ humanizePercentage 1.0 }} {{ humanizePercentage 12.345678 }}",
    "{{ printf \"%.2f|%5.1f|%-6s|%03d|%q|%v|%t|%e|%g|%%\" $value 2.25 \"ab\" 7 \"a\\\"b\" 1.5 true 1234.5 1e21 }}",
    "{{ printf \"%s has %d\" $labels.group 5 }}",
    "{{ toUpper \"aBc\" }} {{ toLower \"aBc\" }} {{ title \"ab cd\" }}",
    "{{ match \"^b.*g$\" $labels.group }} {{ match \"x\" $labels.group }}",
    "{{ reReplaceAll \"(b)(.)\" \"$2$1\" $labels.group }} {{ reReplaceAll \"[aeiou]\" \"\" \"laggard\" }}",
    "a {{- \" b \" -}} c {{/* nothing */}}d{{- /* nothing */ -}} e",
    "{{- $labels.group -}}   x",
    "{{\n$labels.group\n}} {{-\n\"x\"\n-}} y",
    "{{ `raw \\n \"text\"` }} {{ \"tab\\tand \\\"quotes\\\"\" }}",
    "{{ $externalLabels.none }}|{{ .ExternalLabels.none }}|",
    "{{ $l := $labels }}{{ $l.group }} {{ with $labels }}{{ .group }}{{ end }}",
    "{{ with printf \"limit{of=%q}\" \"a\" | query }}{{ . | first | value | printf \"%.0f\" }}{{ end }}",
    "{{ 1.5 }} {{ 7 }} {{ true }} {{ 1e6 }} {{ 100000.0 }} {{ 0.00001 }}",
    "{{ lt 1 2 }} {{ le 2 2 }} {{ gt 1.5 2.5 }} {{ ge \"b\" \"a\" }} {{ ne \"a\" \"b\" }}",
    "{{ query \"sum(limit)\" | first | value }} {{ query \"limit > 15\" | len }}",
    "{{ range query \"limit\" }}{{ range query \"limit\" }}{{ .Value }}{{ break }}{{ end }}{{ end }}",
    "{{ (print \"a\" \"b\") | toUpper }} {{ print (print 1) }}",
    "{{ if (query \"limit\") }}y{{ end }}{{ if $labels.none }}y{{ else }}n{{ end }}{{ if 0.0 }}y{{ else }}n{{ end }}",
    "{{ with $labels.none }}x{{ else }}{{ $labels.group }}{{ end }}",
    "{{ .Labels.group | printf \"%s and %s\" \"a\" }}",
    "{{ $labels.group | len | print | toUpper }}",
    "{{ $value | printf \"%.3f\" | stripPort }}",
    "{{ strvalue (query \"limit\" | first) }}|",
    "{{ humanizeTimestamp \"NaN\" }} {{ humanize \"+Inf\" }} {{ humanizeDuration \"-Inf\" }}",
    "no braces } { at all",
    "{{ \"}}\" }} {{ `{{` }}",
];

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let pairs = pairs.iter();
    pairs.map(|(n, v)| ((*n).into(), (*v).into())).collect()
}

/// The alert's series, and a few to ask for.
fn given() -> Given {
    let lag = vec![(
        labels(&[("group", "billing"), ("instance", "host.example.com:9092")]),
        VALUE,
    )];
    let limit = [("a", "2", 10.0), ("b", "1", 20.0), ("c", "3", 30.5)]
        .map(|(of, rank, value)| (labels(&[("of", of), ("rank", rank)]), value));
    Given(BTreeMap::from([
        ("lag".to_owned(), lag),
        ("limit".to_owned(), limit.to_vec()),
        ("nothing".to_owned(), Vec::new()),
    ]))
}

/// JSON is YAML, too.
fn yaml(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn rules() -> String {
    let mut text = "groups:\n- name: g\n  interval: 1m\n  rules:\n  - alert: A\n    expr: lag > 5\n    annotations:\n".to_owned();
    for (n, template) in TEXTS.iter().enumerate() {
        writeln!(text, "      t{n:02}: {}", yaml(template)).unwrap();
    }
    text
}

/// A test for `promtool`, in which the alert has these annotations.
fn expecting(ours: &BTreeMap<String, String>) -> String {
    let mut text = "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n".to_owned();
    for (name, samples) in &given().0 {
        for (labels, value) in samples {
            let labels: Vec<_> = labels.iter().map(|(n, v)| format!("{n}={v:?}")).collect();
            let series = format!("{name}{{{}}}", labels.join(","));
            writeln!(
                text,
                "  - series: '{series}'\n    values: '{value} {value}'"
            )
            .unwrap();
        }
    }
    text.push_str("  alert_rule_test:\n  - eval_time: 1m\n    alertname: A\n    exp_alerts:\n    - exp_labels: {group: billing, instance: 'host.example.com:9092'}\n      exp_annotations:\n");
    for (name, filled) in ours {
        writeln!(text, "        {name}: {}", yaml(filled)).unwrap();
    }
    text
}

fn promtool(directory: &std::path::Path, test: &str) -> (bool, String) {
    std::fs::write(directory.join("test.yml"), test).unwrap();
    let mut command = Command::new("promtool");
    let output = command
        .args(["test", "rules", "test.yml"])
        .current_dir(directory)
        .output();
    let output = output.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn templates_give_what_prometheus_gives() {
    require!(promtool);
    let mut over_time = OverTime::new(&rules()).unwrap();
    let alerts = over_time.evaluate(Timestamp::from_millis(60_000), &given());
    assert_eq!(alerts.len(), 1);
    let ours = alerts[0].annotations.iter();
    let ours: BTreeMap<String, String> =
        ours.map(|(n, t)| (n.to_string(), t.to_string())).collect();
    for (name, filled) in &ours {
        assert!(!filled.contains("<error"), "{name}: {filled}");
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("rules.yml"), rules()).unwrap();
    let (same, said) = promtool(directory.path(), &expecting(&ours));
    assert!(same, "{said}\n{ours:#?}");
    // Else promtool might not look at them at all.
    let mut other = ours.clone();
    other.insert("t01".to_owned(), "another text".to_owned());
    assert!(!promtool(directory.path(), &expecting(&other)).0);
    eprintln!("{} templates give the same text as Prometheus'", ours.len());
}
