//! Rule files and their errors.

use super::*;

fn file(text: &str) -> RuleFile {
    RuleFile {
        name: "rules.yml".into(),
        text: text.into(),
    }
}

fn errors(text: &str) -> Vec<String> {
    match load(&[file(text)]) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_file_is_read_as_prometheus_reads_it() {
    let groups = load(&[file(
        "groups:
- name: a
  interval: 30s
  limit: 7
  rules:
  - alert: Late
    expr: |
      laggard_group_lag
        > 5
    for: 5m
    keep_firing_for: 1h30m
    labels: {severity: page, tier: 1}
    annotations:
      summary: \"{{ $labels.group }} has {{ $value | humanize }}\"
- name: b
- name: c
  rules:
  - alert: Shared
    expr: laggard_up == 1
    labels: {severity: page}
  labels: {severity: ticket, team: \"{{ $labels.group }}\"}
",
    )])
    .unwrap();
    assert_eq!(groups.len(), 3);
    // A group's labels are those of its rules that set none of their own.
    let shared = &groups[2].rules[0];
    assert_eq!(&*shared.written_labels["severity"], "page");
    assert_eq!(&*shared.written_labels["team"], "{{ $labels.group }}");
    assert_eq!(shared.labels.len(), 2);
    let (a, b) = (&groups[0], &groups[1]);
    assert_eq!((a.interval, a.limit), (Span::from_secs(30), 7));
    assert_eq!((b.interval, b.rules.len()), (DEFAULT_INTERVAL, 0));
    let rule = &a.rules[0];
    assert_eq!(rule.hold_for, Span::from_secs(300));
    assert_eq!(rule.keep_firing_for, Span::from_secs(5400));
    assert_eq!(&*rule.written_labels["tier"], "1");
    assert_eq!(&*rule.text, "laggard_group_lag\n  > 5");
    assert!(load(&[file("")]).unwrap().is_empty());
}

/// A condition on a label that a series never has would make a rule that never fires.
#[test]
fn a_label_that_a_series_never_has_is_an_error() {
    let rule = |expr: &str| {
        errors(&format!(
            "groups:\n- name: a\n  rules:\n  - alert: Late\n    expr: '{expr}'\n"
        ))
    };
    for (expr, said) in [
        (
            "laggard_group_lag{gruop=\"x\"} > 5",
            "`laggard_group_lag` has no label `gruop`, so nothing is ever selected; did you mean `group`?",
        ),
        (
            "sum(laggard_up) > 0 unless laggard_group_status{phase=~\"l.*\"} == 1",
            "`laggard_group_status` has no label `phase`, so nothing is ever selected; it has: kafka_cluster, group, status",
        ),
    ] {
        let errors = rule(expr);
        assert!(
            errors.len() == 1 && errors[0].ends_with(said),
            "{errors:#?}"
        );
    }
    for right in [
        "laggard_group_lag{group=\"x\",kafka_cluster!=\"y\"} > 5",
        "laggard_group_lag{job=~\".*\",instance=\"\",env!=\"test\"} > 5",
        "ALERTS{alertname=\"A\",team=\"x\"} == 1",
    ] {
        assert_eq!(rule(right), [""; 0], "{right}");
    }
}

#[test]
fn every_error_is_told_at_once_with_its_place() {
    insta::assert_snapshot!(
        errors(
            "groups:
- name: a
  intervall: 30s
  rules:
  - alert: Late
    expr: laggard_group_lagg > 5
    for: 5 minutes
    labels: {severity: \"{{ $labels.owner | upper }}\", \"not-a-name\": x, alertname: y}
    annotations:
      summary: \"{{ $valeu }}\"
      why: '{{ with query \"laggard_group_stat\" }}{{ . | first | value }}{{ end }}'
  - alert: Ranges
    expr: rate(laggard_group_lag[5m]) > 1
  - alert: Broken
    expr: laggard_group_lag >
  - record: some:thing
    expr: laggard_group_lag
  - expr: laggard_up
  - alert: NoExpression
- name: a
  interval: x
"
        )
        .join("\n")
    );
    insta::assert_snapshot!(errors("groups:\n- name: [a\n").join("\n"));
    insta::assert_snapshot!(
        errors("groups:\n- name: a\n  rules:\n  - alert: x\n    alert: y\n    expr: laggard_up\n")
            .join("\n")
    );
    assert_eq!(
        errors("grups: []"),
        ["rules.yml:1: there is no `grups` here; did you mean `groups`?"]
    );
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "(\\PC|[\n ]|groups:\n|- name: a\n|  rules:\n|  - alert: x\n|    expr: |\\{\\{|\\}\\}|laggard_up){0,40}") {
        let _ = load(&[file(&text)]);
    }
}
