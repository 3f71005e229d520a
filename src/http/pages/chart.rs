//! A line over time as SVG: with a gap where nothing is known, a band where the value is bounded,
//! and the limit as a dashed line.

use std::fmt::{self, Write};

use crate::model::Timestamp;
use crate::words::units;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 180.0;
/// Room for numbers at the left and for the time below.
const LEFT: f64 = 64.0;
const BELOW: f64 = 22.0;
const ABOVE: f64 = 10.0;

/// One value, or that there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) at: Timestamp,
    pub(super) value: Option<f64>,
}

/// What is drawn.
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    /// A colour of the style sheet's.
    pub(super) colour: &'a str,
    pub(super) points: &'a [Point],
    pub(super) limit: Option<f64>,
    pub(super) show: fn(f64) -> String,
}

impl Chart<'_> {
    /// The figure; a sentence where there is too little to draw.
    pub(super) fn draw(&self, out: &mut String) -> fmt::Result {
        let (colour, title) = (self.colour, self.title);
        write!(
            out,
            "<figure><figcaption>{title}<span class=\"key\" style=\"border-color:var({colour})\">\
             </span><small>{title}</small>"
        )?;
        if let Some(limit) = self.limit {
            let limit = (self.show)(limit);
            write!(
                out,
                "<span class=\"key limit\"></span><small>limit {limit}</small>"
            )?;
        }
        out.write_str("</figcaption>\n")?;
        let known = self.points.iter().filter(|p| p.value.is_some()).count();
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return out
                .write_str("<p class=\"dim\">Nothing is known of the past yet.</p></figure>\n");
        };
        if known < 2 || last.at <= first.at {
            return out
                .write_str("<p class=\"dim\">Too little is known of the past yet.</p></figure>\n");
        }
        self.picture(out, first.at, last.at)?;
        out.write_str("</figure>\n")
    }

    fn picture(&self, out: &mut String, from: Timestamp, to: Timestamp) -> fmt::Result {
        let values = self.points.iter().filter_map(|p| p.value);
        let most = values.chain(self.limit).fold(0.0, f64::max);
        let most = if most > 0.0 { nice(most) } else { 1.0 };
        let span = (to - from).as_secs_f64();
        let x = |at: Timestamp| LEFT + (at - from).as_secs_f64() / span * (WIDTH - LEFT - 6.0);
        let y = |value: f64| ABOVE + (1.0 - value / most) * (HEIGHT - ABOVE - BELOW);
        write!(
            out,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}: from {} to {}\">",
            self.title,
            self.points
                .iter()
                .find_map(|p| p.value)
                .map_or(String::new(), self.show),
            self.points
                .iter()
                .rev()
                .find_map(|p| p.value)
                .map_or(String::new(), self.show),
        )?;
        for part in [0.0, 0.5, 1.0] {
            let (value, at) = (most * part, y(most * part));
            write!(
                out,
                "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"var(--line)\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                at + 4.0,
                (self.show)(value)
            )?;
        }
        let past = units::span(to - from);
        write!(
            out,
            "<text x=\"{LEFT}\" y=\"{:.1}\">{past} ago</text>\
             <text x=\"{WIDTH}\" y=\"{:.1}\" text-anchor=\"end\">now</text>",
            HEIGHT - 5.0,
            HEIGHT - 5.0
        )?;
        for run in self
            .points
            .split(|p| p.value.is_none())
            .filter(|r| !r.is_empty())
        {
            out.write_str("<polyline fill=\"none\" stroke-width=\"2.5\" stroke-linejoin=\"round\" stroke-linecap=\"round\" ")?;
            write!(out, "stroke=\"var({})\" points=\"", self.colour)?;
            for point in run {
                write!(
                    out,
                    "{:.1},{:.1} ",
                    x(point.at),
                    y(point.value.unwrap_or(0.0))
                )?;
            }
            out.write_str("\"/>")?;
        }
        if let Some(limit) = self.limit {
            let at = y(limit);
            write!(
                out,
                "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"var(--bad)\" \
                 stroke-width=\"1.5\" stroke-dasharray=\"6 5\"/>"
            )?;
        }
        out.write_str("</svg>\n")
    }
}

/// The next of 1, 2, 2.5, 5 times a power of ten.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|s| s * power);
    steps.into_iter().find(|s| *s >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(values: &[Option<f64>], limit: Option<f64>) -> String {
        let points: Vec<_> = (0..)
            .zip(values)
            .map(|(i, value)| Point {
                at: Timestamp::from_millis(i * 10_000),
                value: *value,
            })
            .collect();
        let chart = Chart {
            title: "unread records",
            colour: "--lag",
            points: &points,
            limit,
            show: |v| format!("{v:.0}"),
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
        );
        assert_eq!(text.matches("<polyline").count(), 2);
        assert!(
            text.contains("limit 9") && text.contains(">10</text>"),
            "{text}"
        );
        assert!(text.contains("40s ago"), "{text}");
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        for values in [&[][..], &[None, None], &[Some(1.0)], &[None, Some(2.0)]] {
            assert!(!draw(values, None).contains("<svg"), "{values:?}");
        }
        assert!(draw(&[Some(0.0), Some(0.0)], None).contains("<polyline"));
    }

    #[test]
    fn scales_end_at_round_numbers() {
        for (value, end) in [
            (1.0, 1.0),
            (3.0, 5.0),
            (2.2, 2.5),
            (999.0, 1000.0),
            (0.03, 0.05),
        ] {
            assert!((nice(value) - end).abs() < 1e-9, "{value}");
        }
    }
}
