//! How others estimate a time lag, on the same observations.

use laggard::model::Timestamp;

use super::observed::SeenLog;

/// kafka-lag-exporter's lookup table: a line between the two of 60 points round the commit; outside of them, the line
/// through the oldest and the newest.
pub fn lookup(log: &SeenLog, committed: i64, now: Timestamp) -> Option<f64> {
    let points: Vec<(f64, f64)> = log
        .ends
        .iter()
        .map(|(t, offset)| (t.as_millis() as f64 / 1e3, *offset as f64))
        .collect();
    let (first, last) = (points.first()?, points.last()?);
    let c = committed as f64;
    if c >= last.1 {
        return Some(0.0);
    }
    let round = points
        .windows(2)
        .rev()
        .find(|pair| pair[0].1 <= c && c < pair[1].1);
    let (a, b) = round.map_or((*first, *last), |pair| (pair[0], pair[1]));
    at_line(a, b, c).map(|then| seconds(now) - then)
}

/// Lag over the rate of production, as klag-exporter does by default: over the reads of about the last minute.
pub fn over_rate(log: &SeenLog, committed: i64) -> Option<f64> {
    let (at, end) = *log.ends.back()?;
    let lag = (end - committed).max(0) as f64;
    if lag == 0.0 {
        return Some(0.0);
    }
    let minute = log
        .ends
        .iter()
        .rev()
        .take_while(|(t, _)| (at - *t).as_millis() <= 60_000);
    let (since, from) = *minute.last()?;
    let elapsed = (at - since).as_secs_f64();
    let rate = (end - from) as f64 / elapsed;
    (elapsed > 0.0 && rate > 0.0).then(|| lag / rate)
}

/// A line from the log's first record to its end, as klag draws it.
pub fn two_anchors(
    log: &SeenLog,
    first_record: Option<Timestamp>,
    committed: i64,
    now: Timestamp,
) -> Option<f64> {
    let end = log.end()?;
    if committed >= end {
        return Some(0.0);
    }
    let a = (seconds(first_record?), log.start? as f64);
    at_line(a, (seconds(now), end as f64), committed as f64).map(|then| seconds(now) - then)
}

fn seconds(at: Timestamp) -> f64 {
    at.as_millis() as f64 / 1e3
}

/// When the line through `a` and `b`, both (seconds, offset), stood at `offset`.
fn at_line(a: (f64, f64), b: (f64, f64), offset: f64) -> Option<f64> {
    (b.1 > a.1).then(|| a.0 + (offset - a.1) * (b.0 - a.0) / (b.1 - a.1))
}
