//! Evaluation: what Prometheus gives, and what is held beside it.

use std::collections::BTreeMap;

use super::super::expr::compile;
use super::super::frame::{Label, Source};
use super::*;
use crate::catalog::Graded;

/// Series by name: labels, value, doubt.
#[derive(Default)]
struct Series(BTreeMap<&'static str, Vec<One>>);

type One = (&'static [Label<'static>], Graded);

impl Source for Series {
    fn samples(&self, name: &str, sink: &mut dyn FnMut(&[Label<'_>], Graded)) {
        for (labels, graded) in self.0.get(name).into_iter().flatten() {
            sink(labels, *graded);
        }
    }
}

fn known(value: f64) -> Graded {
    Graded {
        value: Some(value),
        doubt: Doubt::None,
    }
}

fn world() -> Series {
    let stale = |value| Graded {
        value: Some(value),
        doubt: Doubt::Stale,
    };
    let bound = |value| Graded {
        value: Some(value),
        doubt: Doubt::LowerBound,
    };
    let unknown = Graded {
        value: None,
        doubt: Doubt::Unknown,
    };
    Series(BTreeMap::from([
        (
            "lag",
            vec![
                (&[("g", "a")][..], known(10.0)),
                (&[("g", "b")], known(20.0)),
                (&[("g", "stale")], stale(5.0)),
                (&[("g", "bound")], bound(5.0)),
                (&[("g", "gone")], unknown),
            ],
        ),
        (
            "limit",
            vec![
                (&[("g", "a"), ("x", "1")][..], known(15.0)),
                (&[("g", "b"), ("x", "1")], known(15.0)),
                (&[("g", "stale"), ("x", "1")], known(15.0)),
                (&[("g", "bound"), ("x", "1")], known(15.0)),
                (&[("g", "gone"), ("x", "1")], known(15.0)),
            ],
        ),
    ]))
}

/// The results, sorted: labels and value, `?` for what is not known, `~` for what is in doubt.
fn run(text: &str) -> String {
    let world = world();
    let mut frame = Frame::new(&world);
    let value = evaluate(&compile(text).unwrap(), &mut frame);
    let samples = match value {
        Ok(value) => vector(value, &mut frame),
        Err(why) => return why,
    };
    let mut all: Vec<_> = samples
        .iter()
        .map(|s| {
            let labels: Vec<_> = frame.texts(s.labels).map(|(_, v)| v.to_string()).collect();
            let value = s.value.map_or_else(|| "?".to_owned(), |v| v.to_string());
            let doubt = if s.value.is_some() && s.doubt >= Doubt::Stale {
                "~"
            } else {
                ""
            };
            format!("{}={value}{doubt}", labels.join(","))
        })
        .collect();
    all.sort();
    all.join(" ")
}

#[test]
fn a_filter_drops_what_is_known_and_notes_what_is_not() {
    for (text, results) in [
        ("lag > 15", "b=20 bound=? gone=? stale=?"),
        ("lag < 15", "a=10 bound=5~ gone=? stale=5~"),
        ("lag > 4", "a=10 b=20 bound=5 gone=? stale=5~"),
        ("lag > on (g) limit", "b=20 bound=? gone=? stale=?"),
        ("lag >= bool 15", "a=0 b=1 bound=0~ gone=? stale=0~"),
        ("15 < lag", "b=20 bound=? gone=? stale=?"),
        ("lag{g=\"stale\"} == 5", "stale=5~"),
        ("-lag < -15", "b=-20 bound=? gone=? stale=?"),
        ("lag * 2 > 15", "a=20 b=40 bound=? gone=? stale=?"),
    ] {
        assert_eq!(run(text), results, "{text}");
    }
}

#[test]
fn sets_and_sums_keep_doubt_apart_from_values() {
    for (text, results) in [
        ("sum(lag)", "=40~"),
        ("sum(lag{g=~\"a|b\"})", "=30"),
        ("sum(lag{g=~\"a|gone\"}) > 5", "=10"),
        ("sum(lag{g=~\"a|gone\"}) > 50", "=?"),
        ("count(lag{g=~\"a|b\"})", "=2"),
        ("max by (x) (limit)", "1=15"),
        (
            "limit and on (g) (lag > 15)",
            "b,1=15 bound,1=? gone,1=? stale,1=?",
        ),
        ("limit unless on (g) lag", "bound,1=? gone,1=15~ stale,1=?"),
        (
            "lag{g=\"a\"} or lag{g=\"gone\"} or limit{g=\"a\"}",
            "a,1=15 a=10 gone=?",
        ),
        ("absent(lag{g=\"none\"})", "none=1"),
        ("absent(lag{g=\"a\"})", ""),
        ("absent(lag{g=\"gone\"})", "gone=1~"),
        ("absent(lag{g=\"stale\"})", "stale=?"),
        ("lag{g=\"none\"} > 1", ""),
        ("1 + 2 * 3 ^ 2 % 4", "=3"),
    ] {
        let mut got = run(text);
        if text.contains("limit") {
            // Labels come in the order in which they were met.
            got = got.replace("1,a", "a,1").replace("1,b", "b,1");
        }
        assert_eq!(got, results, "{text}");
    }
}

#[test]
fn what_cannot_be_told_apart_is_an_error_as_in_prometheus() {
    for (text, part) in [
        (
            "lag + on () limit",
            "duplicate series for the match group {} on the right",
        ),
        ("sum(lag) + on () group_right lag", "="),
        ("limit * on (x) group_left sum by (x) (limit)", "a,1=1125"),
        ("limit{g=\"a\"} * on (x) limit", "duplicate series"),
        (
            "limit * on (x) limit{g=\"a\"}",
            "many-to-one matching must be explicit",
        ),
    ] {
        let got = run(text);
        assert!(got.contains(part), "{text}: {got}");
    }
}
