//! Charts of lag, arrivals and reads over a window. A gap is a gap: nothing is drawn across it.

use ratatui::layout::Rect;

use super::super::state::{GroupKey, State};
use super::super::theme::Meaning;
use super::super::transport::Course;
use super::super::units;
use super::paint::{Pen, row};
use crate::model::{Span, Timestamp, TrendPoint};

/// A number at an instant; `None`: it was not known.
pub(super) type Sample = (Timestamp, Option<f64>);

/// What is known of a group over the window, oldest first.
pub(super) struct Series {
    pub(super) lag: Vec<Sample>,
    pub(super) arrivals: Vec<Sample>,
    pub(super) reads: Vec<Sample>,
    from: Timestamp,
    to: Timestamp,
}

impl Series {
    /// From the kept snapshots; before the first of them lag comes from the group's own trend.
    pub(super) fn of(state: &State, key: &GroupKey) -> Self {
        let to = state.now();
        let from = to - state.ui.window;
        let mut out = Self {
            lag: Vec::new(),
            arrivals: Vec::new(),
            reads: Vec::new(),
            from,
            to,
        };
        let own = |c: &&Course| c.of.cluster == key.0 && c.of.group == key.1;
        let course = state.course.as_ref().filter(own);
        // What the source kept tells of the time before the snapshots that are kept here.
        let since = course.map(|_| state.told_since());
        for point in course.iter().flat_map(|c| &c.points) {
            if since.is_some_and(|since| point.at < since) {
                out.lag.push((point.at, point.lag.map(|n| n as f64)));
                out.arrivals.push((point.at, point.arrivals));
                out.reads.push((point.at, point.reads));
            }
        }
        // With the one before the window: what leads into it.
        let told = |at| at <= to && since.is_none_or(|since| at >= since);
        let kept: Vec<_> = state.history.iter().filter(|s| told(s.at)).collect();
        let first = kept.partition_point(|s| s.at < from).saturating_sub(1);
        for snapshot in &kept[first..] {
            let group = snapshot
                .cluster(key.0.as_str())
                .and_then(|c| c.group(key.1.as_str()));
            // Stale is not drawn: the line would go on as if it had been read.
            out.lag.push((
                snapshot.at,
                group
                    .and_then(|g| g.effective_lag.known())
                    .map(|n| n as f64),
            ));
            out.arrivals
                .push((snapshot.at, group.and_then(|g| g.arrival_rate.known())));
            out.reads
                .push((snapshot.at, group.and_then(|g| g.consume_rate.known())));
        }
        out.prepend_trend(state, key);
        out
    }

    fn prepend_trend(&mut self, state: &State, key: &GroupKey) {
        let Some((_, group)) = state.group(key) else {
            return;
        };
        let first = self.lag.first().map_or(self.to, |(at, _)| *at);
        let until = group.effective_lag.stale_since().unwrap_or(first);
        let mut lag = held(&group.trend, (self.from, first.min(until)));
        lag.append(&mut self.lag);
        self.lag = lag;
    }
}

/// Between points of a trend that are further apart than this, the value stood still.
const STOOD: Span = Span::from_secs(60);

/// A trend as samples up to an instant, with the last one before the window. A trend has a point
/// where the value changed, so that between points far apart it was what it was.
fn held(trend: &[TrendPoint], (from, until): (Timestamp, Timestamp)) -> Vec<Sample> {
    let before = trend.partition_point(|p| p.at < from).saturating_sub(1);
    let points: Vec<_> = trend[before..].iter().filter(|p| p.at < until).collect();
    let mut out = Vec::new();
    for (i, point) in points.iter().enumerate() {
        let value = point.effective_lag().map(|n| n as f64);
        let next = points.get(i + 1).map_or(until, |p| p.at);
        out.push((point.at, value));
        let mut at = point.at.max(from - STOOD) + STOOD;
        while at < next {
            out.push((at, value));
            at = at + STOOD;
        }
        // Up to the end of what is known.
        if i + 1 == points.len() && next > point.at {
            out.push((next, value));
        }
    }
    out
}

/// Lag on the left, arrivals and reads on the right.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, series: &Series) {
    if area.height < 3 || area.width < 30 {
        return;
    }
    let half = area.width / 2;
    let left = Rect {
        width: half - 1,
        ..area
    };
    let right = Rect {
        x: area.x + half,
        width: area.width - half,
        ..area
    };
    backlog(pen, left, series);
    flows(pen, right, series);
}

/// Lag alone.
pub(super) fn backlog(pen: &mut Pen<'_>, area: Rect, series: &Series) {
    let most = greatest(&[&series.lag]);
    let title = match most {
        Some(most) => format!("lag, at most {}", units::count(most as i64)),
        None => "lag: nothing known in this window".to_owned(),
    };
    pen.rule(row(area, 0), &title);
    axis(pen, area, series);
    let Some(most) = most else { return };
    let plot = inside(area);
    let columns = resample(&series.lag, series.from, series.to, plot.width.into());
    for (x, value) in columns.iter().enumerate() {
        if let Some(value) = value {
            column(pen, plot, x as u16, value / most.max(1.0));
        }
    }
}

/// A column of eighths, `share` of the plot high; something is never nothing.
fn column(pen: &mut Pen<'_>, plot: Rect, x: u16, share: f64) {
    let full = f64::from(plot.height) * 8.0;
    let mut eighths = ((share * full).round() as u16).min(plot.height * 8);
    if share > 0.0 {
        eighths = eighths.max(2);
    } else {
        eighths = 1;
    }
    for line in 0..plot.height {
        let here = eighths.saturating_sub(line * 8).min(8);
        if here > 0 {
            let sign = pen.glyphs.heights[usize::from(here - 1)];
            let y = plot.y + plot.height - 1 - line;
            pen.sign(plot.x + x, y, sign, Meaning::Backlog);
        }
    }
}

/// Arrivals and reads.
pub(super) fn flows(pen: &mut Pen<'_>, area: Rect, series: &Series) {
    let most = greatest(&[&series.arrivals, &series.reads]);
    let signs = if pen.glyphs.ascii {
        ("i", "o")
    } else {
        ("━", "╌")
    };
    let title = match most {
        Some(most) => format!(
            "in {} out {}, at most {}/s",
            signs.0,
            signs.1,
            units::rate(most)
        ),
        None => "in, out: nothing known in this window".to_owned(),
    };
    pen.rule(row(area, 0), &title);
    axis(pen, area, series);
    let Some(most) = most else { return };
    let plot = inside(area);
    let lines = [
        (&series.arrivals, signs.0, Meaning::Inflow, 1),
        (&series.reads, signs.1, Meaning::Outflow, 2),
    ];
    if pen.glyphs.ascii {
        for (samples, sign, meaning, _) in lines {
            signs_line(pen, plot, samples, series, most, sign, meaning);
        }
    } else {
        let mut dots = Dots::new(plot);
        for (samples, _, meaning, every) in lines {
            dots.line(samples, series, most, meaning, every);
        }
        dots.draw(pen, plot);
    }
}

fn signs_line(
    pen: &mut Pen<'_>,
    plot: Rect,
    samples: &[Sample],
    series: &Series,
    most: f64,
    sign: &str,
    meaning: Meaning,
) {
    let columns = resample(samples, series.from, series.to, plot.width.into());
    for (x, value) in columns.iter().enumerate() {
        if let Some(value) = value {
            let up = (value / most.max(f64::MIN_POSITIVE) * f64::from(plot.height - 1)).round();
            let y = plot.y + plot.height - 1 - (up.max(0.0) as u16).min(plot.height - 1);
            pen.sign(plot.x + x as u16, y, sign, meaning);
        }
    }
}

/// A raster of braille dots, two by four a cell.
struct Dots {
    width: usize,
    height: usize,
    cells: Vec<(u8, Meaning)>,
}

impl Dots {
    fn new(plot: Rect) -> Self {
        let (width, height) = (usize::from(plot.width), usize::from(plot.height));
        Self {
            width,
            height,
            cells: vec![(0, Meaning::Plain); width * height],
        }
    }

    /// A line through the samples, every `every`-th column of dots: lines read apart without
    /// colour.
    fn line(
        &mut self,
        samples: &[Sample],
        series: &Series,
        most: f64,
        meaning: Meaning,
        every: usize,
    ) {
        let columns = resample(samples, series.from, series.to, self.width * 2);
        let high = (self.height * 4 - 1) as f64;
        let level = |v: f64| {
            (v / most.max(f64::MIN_POSITIVE) * high)
                .round()
                .clamp(0.0, high) as usize
        };
        let mut last: Option<usize> = None;
        for (x, value) in columns.iter().enumerate() {
            let Some(up) = value.map(level) else {
                last = None;
                continue;
            };
            if x % every == 0 {
                let from = last.unwrap_or(up);
                // Between two columns the line rises in steps, not in jumps.
                let (a, b) = if every == 1 && from != up {
                    (
                        from.min(up) + usize::from(from < up),
                        from.max(up) - usize::from(from > up),
                    )
                } else {
                    (up, up)
                };
                for y in a.min(b)..=b.max(a) {
                    self.dot(x, y, meaning);
                }
            }
            last = Some(up);
        }
    }

    fn dot(&mut self, x: usize, up: usize, meaning: Meaning) {
        const BITS: [[u8; 4]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]];
        let line = self.height - 1 - up / 4;
        if let Some(cell) = self.cells.get_mut(line * self.width + x / 2) {
            cell.0 |= BITS[x % 2][up % 4];
            cell.1 = meaning;
        }
    }

    fn draw(&self, pen: &mut Pen<'_>, plot: Rect) {
        for (i, (bits, meaning)) in self.cells.iter().enumerate() {
            if *bits != 0 {
                let sign = char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ');
                let (x, y) = ((i % self.width) as u16, (i / self.width) as u16);
                let mut text = [0; 4];
                pen.sign(
                    plot.x + x,
                    plot.y + y,
                    sign.encode_utf8(&mut text),
                    *meaning,
                );
            }
        }
    }
}

fn inside(area: Rect) -> Rect {
    Rect {
        y: area.y + 1,
        height: area.height - 2,
        ..area
    }
}

fn axis(pen: &mut Pen<'_>, area: Rect, series: &Series) {
    let line = row(area, area.height - 1);
    let window = series.from.age_at(series.to);
    pen.left(line, &format!("-{}", units::span(window)), Meaning::Dim);
    pen.right(line, "now", Meaning::Dim);
}

fn greatest(series: &[&Vec<Sample>]) -> Option<f64> {
    let values = series.iter().flat_map(|s| s.iter().filter_map(|(_, v)| *v));
    values.filter(|v| v.is_finite()).reduce(f64::max)
}

/// The samples at `n` evenly spaced instants of the window. Between two known ones the line is
/// straight, unless they are too far apart to say anything about the time between them.
fn resample(samples: &[Sample], from: Timestamp, to: Timestamp, n: usize) -> Vec<Option<f64>> {
    let span = (to - from).as_millis().max(1);
    let far = Span::from_millis((span / 8).max(60_000));
    let step = Span::from_millis(span / n.max(1) as i64 + 1);
    let mut next = 0;
    (0..n)
        .map(|i| {
            let at = from + Span::from_millis(span * (i as i64 + 1) / n as i64);
            while samples.get(next).is_some_and(|(t, _)| *t < at) {
                next += 1;
            }
            let before = next.checked_sub(1).and_then(|i| samples.get(i));
            let after = samples.get(next);
            match (before, after) {
                (_, Some((t, v))) if *t == at => *v,
                (Some((a, va)), Some((b, vb))) if *b - *a <= far => {
                    let (va, vb) = ((*va)?, (*vb)?);
                    let share = (at - *a).as_secs_f64() / (*b - *a).as_secs_f64();
                    Some(va + (vb - va) * share)
                }
                (Some((t, v)), _) if at - *t <= step => *v,
                _ => None,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_change_is_drawn_on_and_what_is_not_known_is_not() {
        let at = |secs: i64| Timestamp::from_millis(secs * 1000);
        let point = |secs: i64, lag| TrendPoint::new(at(secs), lag, None);
        let trend = [
            point(10, Some(1)),
            point(20, Some(7)),
            point(1000, None),
            point(1010, Some(3)),
        ];
        let samples = held(&trend, (at(900), at(1300)));
        let drawn: Vec<_> = resample(&samples, at(900), at(1300), 8)
            .into_iter()
            .map(|v| v.map(|v| v.round() as i64))
            .collect();
        // 950, 1000, 1050 … 1300.
        let three = Some(3);
        assert_eq!(
            drawn,
            [Some(7), None, three, three, three, three, three, three]
        );
        assert!(samples.len() < 20, "{samples:?}");
        // Known until 1100 alone.
        let drawn = resample(&held(&trend, (at(900), at(1100))), at(900), at(1300), 8);
        assert_eq!(drawn[5..], [None, None, None]);
    }

    #[test]
    fn lines_are_straight_between_readings_and_gaps_stay_gaps() {
        let at = |secs: i64| Timestamp::from_millis(secs * 1000);
        let samples = [
            (at(0), Some(0.0)),
            (at(40), Some(40.0)),
            (at(50), None),
            (at(60), Some(60.0)),
            (at(300), Some(300.0)),
            (at(310), Some(310.0)),
        ];
        let line = resample(&samples, at(0), at(400), 40);
        let n = |i: usize| line[i - 1].map(|v: f64| v.round() as i64);
        assert_eq!(
            (n(1), n(4), n(5), n(6)),
            (Some(10), Some(40), None, Some(60))
        );
        assert_eq!(
            (n(12), n(30), n(31), n(40)),
            (None, Some(300), Some(310), None)
        );
    }
}
