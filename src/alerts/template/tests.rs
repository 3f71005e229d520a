//! Templates, as Prometheus fills them in.

use super::print::float;
use super::*;

/// Finds two samples, whatever is asked; turns `bad` away.
struct Two;

impl Query for Two {
    fn query(&mut self, expr: &str) -> Result<Vec<(LabelMap, f64)>, String> {
        if expr.contains("bad") {
            return Err(format!("`{expr}` is bad"));
        }
        let sample = |status: &str, value| {
            let labels = LabelMap::from([("status".into(), status.into())]);
            (labels, value)
        };
        Ok(vec![sample("stopped", 1.0), sample("late", 2.0)])
    }
}

fn fill(text: &str, value: f64) -> Result<String, String> {
    let labels = LabelMap::from([("group".into(), "bil\"ling".into())]);
    Ok(Template::parse(text, &mut Two)?.fill(&labels, value, &mut Two))
}

#[test]
fn templates_fill_in_as_prometheus_does() {
    for (text, value, filled) in [
        ("plain", 1.0, "plain"),
        (
            "{{ $labels.group }} {{.Labels.group}}",
            1.0,
            "bil\"ling bil\"ling",
        ),
        ("[{{ $labels.none }}]", 1.0, "[]"),
        ("{{ $value }}", 1e21, "1e+21"),
        ("{{ $value }}", 123456789.0, "1.23456789e+08"),
        ("{{ .Value }}", 0.00001, "1e-05"),
        ("{{ $value | humanize }}", 1234567.0, "1.235M"),
        ("{{ humanize $value }}", 0.0123, "12.3m"),
        ("{{ $value | humanize1024 }}", 1048576.0, "1Mi"),
        ("{{ $value | humanizeDuration }}", 3661.0, "1h 1m 1s"),
        ("{{ $value | humanizeDuration }}", 45.1234567, "45.12s"),
        ("{{ $value | humanizeDuration }}", 0.001, "1ms"),
        ("{{ $value | humanizePercentage }}", 0.12345, "12.35%"),
        (
            "{{ printf \"%.2f of %s\" $value $labels.group }}",
            1.0,
            "1.00 of bil\"ling",
        ),
        ("{{ $value | printf \"%.1f\" }}", 2.25, "2.2"),
        ("{{ printf \"%q\" $labels.group }}", 1.0, "\"bil\\\"ling\""),
        (
            "{{ printf \"%5.1f|%-4d|%03d\" $value 7 7 }}",
            1.0,
            "  1.0|7   |007",
        ),
        (
            "{{ if gt $value 5.0 }}a{{ else if eq $labels.group \"x\" }}b{{ else }}c{{ end }}",
            1.0,
            "c",
        ),
        ("a {{- \" b \" -}} c", 1.0, "a b c"),
        (
            "{{ with query \"x\" }}{{ . | first | value }} {{ first . | label \"status\" }}{{ end }}",
            1.0,
            "1 stopped",
        ),
        (
            "{{ range query \"x\" }}{{ .Labels.status }}={{ .Value }} {{ end }}",
            1.0,
            "stopped=1 late=2 ",
        ),
        (
            "{{ $x := query (printf \"a{b=%q}\" $labels.group) }}{{ len $x }}",
            1.0,
            "2",
        ),
        (
            "{{ toUpper \"ab\" }}{{ title \"ab cd\" }}{{ reReplaceAll \"b\" \"x\" \"abc\" }}{{/* c */}}",
            1.0,
            "ABAb Cdaxc",
        ),
        ("{{ if and true (not false) }}y{{ end }}", 1.0, "y"),
        // What a label holds shows only when it is filled in.
        (
            "{{ $labels.limit | humanize }}",
            1.0,
            "<error expanding template: \"\" is no number>",
        ),
        ("{{ slice $labels.group 0 3 }}", 1.0, "bil"),
        ("{{ (index (query \"x\") 1).Labels.status }}", 1.0, "late"),
    ] {
        assert_eq!(fill(text, value).as_deref(), Ok(filled), "{text}");
    }
}

#[test]
fn what_is_wrong_shows_when_it_is_loaded() {
    for (text, part) in [
        ("{{ $labels.group ", "closing"),
        ("{{ humanise $value }}", "humanise"),
        ("{{ $valeu }}", "$valeu"),
        ("{{ if $value }}x", "end"),
        ("{{ end }}", "without a beginning"),
        ("{{ printf \"%d\" $value }}", "%d"),
        ("{{ gt $value 5 }}", "5.0"),
        ("{{ query \"bad\" | first | value }}", "bad"),
        ("{{ if false }}{{ query \"bad\" }}{{ end }}", "bad"),
        ("{{ template \"x\" }}", "a template of its own"),
        ("{{ externalURL }}", "without knowing"),
        ("{{ $externalURL }}", "without knowing"),
        ("{{ graphLink \"up\" }}", "not here"),
        ("{{ args 1 2 }}", "a template of its own"),
        (
            "{{ humanizeDuraton $value }}",
            "did you mean `humanizeDuration`?",
        ),
        ("{{ break }}", "stands in no `range`"),
        ("{{ $x = 1 }}", "`:=` makes one"),
        (
            "{{ range $a, $b, $c := query \"x\" }}{{ end }}",
            "too many variables",
        ),
        ("{{ range $value }}{{ end }}", "does not go over"),
        ("{{ humanize $labels }}", "is no number"),
        ("{{ $labels.group | }}", "value is missing"),
        ("{{ (1 }}", "parenthesis"),
        ("{{ .Labels.a.b }}", "no field"),
        ("{{ \"abc }}", "closing"),
    ] {
        let error = fill(text, 1.0).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn numbers_are_written_as_go_writes_them() {
    for (number, text) in [
        (0.0, "0"),
        (1.5, "1.5"),
        (100000.0, "100000"),
        (1e20, "1e+20"),
        (1_234_567.0, "1.234567e+06"),
        (-0.0001, "-0.0001"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "+Inf"),
    ] {
        assert_eq!(float(number), text);
    }
    assert_eq!(print::digits(1234.5, 4), "1234");
    assert_eq!(print::digits(99999.0, 4), "1e+05");
    assert_eq!(print::digits(0.5, 4), "0.5");
}
