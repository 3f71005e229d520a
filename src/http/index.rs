//! The page at `/`: the clusters, and links to all that there is. No script, no style from afar.

use std::fmt::{self, Write};

use crate::model::{ClusterSnapshot, HealthState, Snapshot};

const HEAD: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Laggard</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}</style>
</head><body>
<h1>Laggard</h1>
"#;

const LINKS: &str = r#"<ul>
<li><a href="metrics">/metrics</a>: for Prometheus</li>
<li><a href="api/v1/snapshot">/api/v1/snapshot</a>: everything as JSON; <code>?cluster=</code> and <code>?group=</code> narrow it</li>
<li><a href="healthz">/healthz</a>, <a href="readyz">/readyz</a></li>
</ul>
</body></html>
"#;

/// The page.
pub(super) fn page(snapshot: &Snapshot, source: &str) -> String {
    let mut out = HEAD.to_owned();
    // Writing to a string cannot fail.
    let _ = body(&mut out, snapshot, source);
    out.push_str(LINKS);
    out
}

fn body(out: &mut String, snapshot: &Snapshot, source: &str) -> fmt::Result {
    let version = env!("CARGO_PKG_VERSION");
    let (source, at) = (Escaped(source), snapshot.at);
    writeln!(
        out,
        "<p>Version {version}, source {source}, as of {at}.</p>\n<ul>"
    )?;
    for cluster in &snapshot.clusters {
        writeln!(out, "<li>{}</li>", Line(cluster))?;
    }
    out.write_str("</ul>\n")
}

struct Line<'a>(&'a ClusterSnapshot);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cluster = self.0;
        let state = match cluster.health.state {
            HealthState::Connecting => "connecting",
            HealthState::Up => "up",
            HealthState::Down => "down",
        };
        write!(f, "<b>{}</b>: {state}", Escaped(cluster.cluster.as_str()))?;
        if let Some(why) = &cluster.health.why {
            write!(f, " ({})", Escaped(why.as_str()))?;
        }
        let trouble = cluster
            .groups
            .iter()
            .filter(|g| g.status.status.is_trouble());
        write!(
            f,
            ", {} groups, {} in trouble",
            cluster.groups.len(),
            trouble.count()
        )
    }
}

/// Text in HTML.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
