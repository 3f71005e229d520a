//! The process' own metrics, from the text format to OpenMetrics: there a counter's family is
//! called without its `_total`.

/// Appends `text`.
pub(super) fn write(out: &mut Vec<u8>, text: &str) {
    let mut counters = text.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        (kind == "counter").then_some(name)
    });
    let counters: Vec<_> = counters.by_ref().collect();
    for line in text.lines().filter(|l| !l.is_empty()) {
        let mut words = line.splitn(4, ' ');
        let head = (words.next(), words.next(), words.next(), words.next());
        match head {
            (Some("#"), Some(what @ ("HELP" | "TYPE")), Some(name), rest) => {
                let family = name.strip_suffix("_total");
                let family = family.filter(|_| counters.contains(&name)).unwrap_or(name);
                for part in ["# ", what, " ", family, " ", rest.unwrap_or_default()] {
                    out.extend_from_slice(part.as_bytes());
                }
            }
            _ => out.extend_from_slice(line.as_bytes()),
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn counters_lose_their_ending_in_the_head_alone() {
        let mut out = Vec::new();
        let text = "# HELP a_total All a.\n# TYPE a_total counter\na_total{x=\"y\"} 1\n\n# TYPE b gauge\nb 2\n";
        super::write(&mut out, text);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "# HELP a All a.\n# TYPE a counter\na_total{x=\"y\"} 1\n# TYPE b gauge\nb 2\n"
        );
    }
}
