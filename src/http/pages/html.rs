//! Text in HTML, and what all pages share.

use std::fmt::{self, Display, Write};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::{Reading, Span, Status, Timestamp, Why};
use crate::words::{text, units};

const STYLE: &str = "\
:root{--ink:#1c2430;--dim:#5b6675;--line:#d9dee5;--back:#fff;--bad:#b3261e;--warn:#8a5a00;\
--good:#1d6b3a;--lag:#1f5fbf;--time:#7a3fb0}\
@media(prefers-color-scheme:dark){:root{--ink:#e4e8ee;--dim:#9aa5b4;--line:#38424f;--back:#14181e;\
--bad:#ff8a80;--warn:#f0b95a;--good:#7bd39b;--lag:#7fb0ff;--time:#cfa3f5}}\
*{box-sizing:border-box}\
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:56rem;\
margin:0 auto;padding:1rem}\
h1{font-size:1.5rem;margin:.2rem 0;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}\
a{color:var(--lag)}p{margin:.4rem 0}.dim{color:var(--dim)}.bad{color:var(--bad)}.warn{color:var(--warn)}\
.good{color:var(--good)}.say{font-size:1.1rem;overflow-wrap:anywhere}\
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}\
th{font-weight:600;color:var(--dim);font-size:.85rem;white-space:nowrap}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
td.name{overflow-wrap:anywhere;min-width:9rem}\
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:.6rem 1.2rem;margin:1rem 0}\
dt{color:var(--dim);font-size:.85rem}dd{margin:0;font-size:1.15rem;overflow-wrap:anywhere}\
dd small{display:block;font-size:.8rem;color:var(--dim)}\
figure{margin:1rem 0}figcaption{font-weight:600;margin-bottom:.2rem}\
svg{width:100%;height:auto;display:block}svg text{fill:var(--dim);font:12px system-ui,sans-serif}\
.key{display:inline-block;width:1.6em;height:0;border-top:3px solid;vertical-align:middle;margin:0 .4em 0 .8em}\
.key.limit{border-top:2px dashed var(--bad)}\
pre{overflow-x:auto;padding:.6rem;border:1px solid var(--line)}ul{padding-left:1.2rem}";

/// A page's beginning. `title` is escaped here.
pub(super) fn head(out: &mut String, title: &str) -> fmt::Result {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"30\">\n\
         <title>{}</title>\n<style>{STYLE}</style></head><body>\n",
        Text(title)
    )
}

/// Text from anywhere: made visible first, then harmless.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in text::escape(self.0, false).chars() {
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

/// The path of a group's page, from the root of all pages.
pub(super) fn group_path(cluster: &str, group: &str) -> String {
    let part = |name| utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("groups/{}/{}", part(cluster), part(group))
}

/// A status in words, coloured by how bad it is.
pub(super) fn status(status: Status) -> String {
    let class = if status.is_trouble() {
        "bad"
    } else if matches!(status, Status::Ok | Status::Idle | Status::Steady) {
        "good"
    } else {
        "warn"
    };
    let words = status.name().replace('_', " ");
    format!("<b class=\"{class}\">{words}</b>")
}

/// A reading: its value, with why it is stale or unknown.
pub(super) fn reading<T: Copy>(
    reading: &Reading<T>,
    now: Timestamp,
    show: impl Fn(T) -> String,
) -> String {
    let why = || {
        reading
            .why()
            .map_or(String::new(), |w| Text(w.as_str()).to_string())
    };
    match (reading.value(), reading.stale_since()) {
        (None, _) => format!("unknown<small>{}</small>", why()),
        (Some(value), Some(since)) => format!(
            "{}<small class=\"warn\">read {} ago: {}</small>",
            show(value),
            units::span(since.age_at(now)),
            why()
        ),
        (Some(value), None) => show(value),
    }
}

/// A reading in a table's cell, with no reason.
pub(super) fn cell<T: Copy>(reading: &Reading<T>, show: impl Fn(T) -> String) -> String {
    // Older than all that is known is worth more than the word unknown.
    let older = reading.is_unknown() && reading.why() == Some(&Why::BEFORE_HISTORY);
    if let Some(low) = reading.low().filter(|_| older) {
        return format!("≥ {}", show(low));
    }
    let value = reading.value().map(show);
    match (value, reading.is_stale()) {
        (None, _) => "<span class=\"dim\">unknown</span>".to_owned(),
        (Some(value), true) => format!("<span class=\"warn\">{value} (stale)</span>"),
        (Some(value), false) => value,
    }
}

/// How long ago.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let age = at.age_at(now).max(Span::ZERO);
    format!("{} ago", units::span(age))
}
