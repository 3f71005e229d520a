//! A line over time as SVG: with a gap where nothing is known, the limit as a dashed line, and marks
//! as dotted ones.
//!
//! In: points that join in straight lines. Out: a figure with a legend; it is drawn about as large as
//! it is shown, so that its text stays readable on a phone.

use std::fmt::{self, Write};

use crate::model::Timestamp;
use crate::words::units;

const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 190.0;
/// Room for numbers at the left and for the time below.
const LEFT: f64 = 62.0;
const BELOW: f64 = 22.0;
const ABOVE: f64 = 10.0;
/// A limit that is so many times as high as all values would press them flat.
const FAR: f64 = 20.0;

/// One value, or that there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) at: Timestamp,
    pub(super) value: Option<f64>,
}

/// What is drawn.
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    /// What the line is, for the legend.
    pub(super) line: &'a str,
    /// A colour of the style sheet's.
    pub(super) colour: &'a str,
    /// Oldest first.
    pub(super) points: &'a [Point],
    pub(super) limit: Option<f64>,
    /// Instants of marks.
    pub(super) marks: &'a [Timestamp],
    pub(super) show: fn(f64) -> String,
    /// The scale's end for the greatest value.
    pub(super) end: fn(f64) -> f64,
}

/// From when to when, and up to which value.
struct Frame {
    from: Timestamp,
    to: Timestamp,
    most: f64,
}

impl Frame {
    fn x(&self, at: Timestamp) -> f64 {
        let share = (at - self.from).as_secs_f64() / (self.to - self.from).as_secs_f64();
        LEFT + share * (WIDTH - LEFT - 4.0)
    }

    fn y(&self, value: f64) -> f64 {
        ABOVE + (1.0 - value / self.most) * (HEIGHT - ABOVE - BELOW)
    }
}

impl Chart<'_> {
    /// The figure; a sentence where there is too little to draw.
    pub(super) fn draw(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "<figure><figcaption>{}</figcaption>", self.title)?;
        match self.frame() {
            Some(frame) => {
                self.legend(out, &frame)?;
                self.picture(out, &frame)?;
            }
            None => out.write_str("<p class=\"dim\">Too little is known of the past yet.</p>\n")?,
        }
        out.write_str("</figure>\n")
    }

    fn frame(&self) -> Option<Frame> {
        let values = || self.points.iter().filter_map(|p| p.value);
        let (from, to) = (self.points.first()?.at, self.points.last()?.at);
        if values().count() < 2 || to <= from {
            return None;
        }
        let highest = values().fold(0.0, f64::max);
        let drawn = self.limit.filter(|l| *l <= highest * FAR);
        let most = drawn.map_or(highest, |limit| limit.max(highest));
        let most = if most > 0.0 { (self.end)(most) } else { 1.0 };
        Some(Frame { from, to, most })
    }

    fn legend(&self, out: &mut String, frame: &Frame) -> fmt::Result {
        write!(
            out,
            "<div class=\"keys\"><span class=\"one\"><span class=\"key\" style=\"border-color:var({})\">\
             </span>{}</span>",
            self.colour, self.line
        )?;
        if let Some(limit) = self.limit {
            let above = if limit > frame.most {
                " (far above)"
            } else {
                ""
            };
            let limit = (self.show)(limit);
            write!(
                out,
                "<span class=\"one\"><span class=\"key limit\"></span>limit {limit}{above}</span>"
            )?;
        }
        if self.marked(frame).next().is_some() {
            out.write_str(
                "<span class=\"one\"><span class=\"key mark\"></span>a deploy or other mark</span>",
            )?;
        }
        out.write_str("</div>\n")
    }

    fn marked<'a>(&'a self, frame: &'a Frame) -> impl Iterator<Item = Timestamp> + 'a {
        let inside = |at: &Timestamp| (frame.from..=frame.to).contains(at);
        self.marks.iter().copied().filter(inside)
    }

    fn picture(&self, out: &mut String, frame: &Frame) -> fmt::Result {
        let mut values = self.points.iter().filter_map(|p| p.value);
        let first = values.next().map_or(String::new(), self.show);
        let last = values.next_back().map_or(String::new(), self.show);
        writeln!(
            out,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}: from {first} to {last}\">",
            self.title
        )?;
        self.scale(out, frame)?;
        for at in self.marked(frame) {
            let x = frame.x(at);
            let foot = HEIGHT - BELOW;
            write!(
                out,
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{ABOVE}\" y2=\"{foot}\" stroke=\"var(--warn)\" \
                 stroke-width=\"1.5\" stroke-dasharray=\"2 3\"/>"
            )?;
        }
        self.lines(out, frame)?;
        if let Some(limit) = self.limit.filter(|l| *l <= frame.most) {
            let at = frame.y(limit);
            write!(
                out,
                "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"var(--bad)\" \
                 stroke-width=\"1.5\" stroke-dasharray=\"6 5\"/>"
            )?;
        }
        out.write_str("</svg>\n")
    }

    fn scale(&self, out: &mut String, frame: &Frame) -> fmt::Result {
        for part in [0.0, 0.5, 1.0] {
            let (value, at) = (frame.most * part, frame.y(frame.most * part));
            write!(
                out,
                "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"var(--line)\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                at + 4.0,
                (self.show)(value)
            )?;
        }
        let (past, foot) = (units::span(frame.to - frame.from), HEIGHT - 5.0);
        write!(
            out,
            "<text x=\"{LEFT}\" y=\"{foot:.1}\">{past} ago</text>\
             <text x=\"{WIDTH}\" y=\"{foot:.1}\" text-anchor=\"end\">now</text>"
        )
    }

    /// One line for each run of known values.
    fn lines(&self, out: &mut String, frame: &Frame) -> fmt::Result {
        let runs = self.points.split(|p| p.value.is_none());
        for run in runs.filter(|r| !r.is_empty()) {
            write!(
                out,
                "<polyline fill=\"none\" stroke-width=\"2.5\" stroke-linejoin=\"round\" \
                 stroke-linecap=\"round\" stroke=\"var({})\" points=\"",
                self.colour
            )?;
            for point in run {
                let value = point.value.unwrap_or(0.0);
                write!(out, "{:.1},{:.1} ", frame.x(point.at), frame.y(value))?;
            }
            out.write_str("\"/>")?;
        }
        Ok(())
    }
}

/// The next of 1, 2, 5 times a power of ten; whole numbers halve into whole ones above 1.
pub(super) fn end_of_count(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|s| s * power);
    let end = steps.into_iter().find(|s| *s >= value).unwrap_or(value);
    end.max(2.0)
}

/// The next length of time, in seconds, whose half a person reads at a glance.
pub(super) fn end_of_time(value: f64) -> f64 {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 3600.0;
    const DAY: f64 = 86_400.0;
    let ends = [
        2.0,
        4.0,
        10.0,
        20.0,
        30.0,
        MINUTE,
        2.0 * MINUTE,
        4.0 * MINUTE,
        10.0 * MINUTE,
        20.0 * MINUTE,
        30.0 * MINUTE,
        HOUR,
        2.0 * HOUR,
        4.0 * HOUR,
        8.0 * HOUR,
        12.0 * HOUR,
        DAY,
        2.0 * DAY,
    ];
    let in_days = || end_of_count(value / DAY) * DAY;
    ends.into_iter()
        .find(|e| *e >= value)
        .unwrap_or_else(in_days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(values: &[Option<f64>], limit: Option<f64>, marks: &[i64]) -> String {
        let at = |i: i64| Timestamp::from_millis(i * 10_000);
        let points: Vec<_> = (0..)
            .zip(values)
            .map(|(i, value)| Point {
                at: at(i),
                value: *value,
            })
            .collect();
        let marks: Vec<_> = marks.iter().map(|i| at(*i)).collect();
        let chart = Chart {
            title: "Unread records",
            line: "unread",
            colour: "--lag",
            points: &points,
            limit,
            marks: &marks,
            show: |v| format!("{v:.0}"),
            end: end_of_count,
        };
        let mut out = String::new();
        chart.draw(&mut out).unwrap();
        out
    }

    #[test]
    fn a_gap_parts_the_line_and_the_limit_fits_in() {
        let text = draw(
            &[Some(1.0), Some(3.0), None, Some(4.0), Some(4.0)],
            Some(9.0),
            &[2, 99],
        );
        assert_eq!(text.matches("<polyline").count(), 2);
        assert!(
            text.contains("limit 9<") && text.contains(">10</text>"),
            "{text}"
        );
        assert!(text.contains("40s ago"), "{text}");
        assert_eq!(
            text.matches("stroke-dasharray=\"2 3\"").count(),
            1,
            "{text}"
        );
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }

    #[test]
    fn a_limit_far_above_is_said_and_presses_nothing_flat() {
        let text = draw(&[Some(1.0), Some(3.0)], Some(1e6), &[]);
        assert!(text.contains("limit 1000000 (far above)"), "{text}");
        assert!(
            text.contains(">5</text>") && !text.contains("6 5"),
            "{text}"
        );
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        for values in [&[][..], &[None, None], &[Some(1.0)], &[None, Some(2.0)]] {
            assert!(!draw(values, None, &[]).contains("<svg"), "{values:?}");
        }
        assert!(draw(&[Some(0.0), Some(0.0)], None, &[]).contains("<polyline"));
    }

    #[test]
    fn scales_end_where_a_person_reads_them() {
        for (value, end) in [(1.0, 2.0), (3.0, 5.0), (12.0, 20.0), (999.0, 1000.0)] {
            assert!((end_of_count(value) - end).abs() < 1e-9, "{value}");
        }
        for (value, end) in [
            (45.0, 60.0),
            (900.0, 1200.0),
            (5000.0, 7200.0),
            (4e5, 432_000.0),
        ] {
            assert!((end_of_time(value) - end).abs() < 1e-9, "{value}");
        }
    }
}
