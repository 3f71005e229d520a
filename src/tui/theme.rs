//! Colours, named by what they mean.
//!
//! In: a theme and how many colours the terminal has. Out: a style for each meaning. Colour only
//! repeats what a glyph or a word has said; the palettes stay apart for colour-blind eyes.

use ratatui::style::{Color, Modifier, Style};

use super::glyphs::Urgency;
use crate::model::Status;

/// What a piece of the screen means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Meaning {
    /// Ordinary text.
    Plain,
    /// Of less weight: labels, units, what is stale.
    Dim,
    /// Of more weight.
    Strong,
    /// Headings of columns and parts.
    Title,
    /// How urgently someone should look.
    Urgency(Urgency),
    /// The row that keys act on.
    Selected,
    /// The screen that is shown.
    Chosen,
    /// Where the next character goes.
    Cursor,
    /// A key to press.
    Key,
    /// Rules and frames.
    Rule,
    /// Records coming in.
    Inflow,
    /// Records being read.
    Outflow,
    /// Records unread.
    Backlog,
    /// A share of the backlog, 0 (none) to 4 (most).
    Heat(u8),
}

impl Meaning {
    /// That of a status.
    pub(super) const fn of(status: Status) -> Self {
        Self::Urgency(Urgency::of(status))
    }
}

/// A choice of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// For dark backgrounds.
    #[default]
    Dark,
    /// For light backgrounds.
    Light,
    /// No colour at all: bold, dim and reversed only.
    Mono,
}

impl ThemeName {
    /// All of them, in the order in which a key goes through them.
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::Mono];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
        }
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }
}

/// How many colours a terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None (or `NO_COLOR` is set).
    None,
    /// The sixteen of ANSI.
    #[default]
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// 24 bits.
    True,
}

/// Meanings to styles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Theme {
    /// Which one.
    pub name: ThemeName,
    /// On what terminal.
    pub depth: Depth,
}

/// One colour at both depths that are chosen by hand.
struct Ink(u8, u8, u8, Color);

impl Theme {
    /// The style of a meaning.
    pub(super) fn style(self, meaning: Meaning) -> Style {
        if self.name == ThemeName::Mono || self.depth == Depth::None {
            return mono(meaning);
        }
        let style = self
            .ink(meaning)
            .map_or_else(Style::new, |ink| Style::new().fg(self.colour(&ink)));
        match meaning {
            Meaning::Strong | Meaning::Key | Meaning::Urgency(Urgency::Broken) => {
                style.add_modifier(Modifier::BOLD)
            }
            Meaning::Selected => self.selected(),
            Meaning::Chosen | Meaning::Cursor => mono(meaning),
            _ => style,
        }
    }

    fn selected(self) -> Style {
        match (self.depth, self.name) {
            (Depth::True | Depth::Indexed, ThemeName::Dark) => {
                Style::new().bg(self.colour(&Ink(44, 54, 74, Color::Blue)))
            }
            (Depth::True | Depth::Indexed, _) => {
                Style::new().bg(self.colour(&Ink(214, 226, 244, Color::Gray)))
            }
            // Sixteen colours have no quiet background.
            _ => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    fn colour(self, ink: &Ink) -> Color {
        match self.depth {
            Depth::True => Color::Rgb(ink.0, ink.1, ink.2),
            Depth::Indexed => Color::Indexed(nearest(ink.0, ink.1, ink.2)),
            _ => ink.3,
        }
    }

    fn ink(self, meaning: Meaning) -> Option<Ink> {
        if self.name == ThemeName::Light {
            light(meaning)
        } else {
            dark(meaning)
        }
    }
}

#[expect(clippy::match_same_arms, reason = "a palette, a meaning a line")]
fn dark(meaning: Meaning) -> Option<Ink> {
    Some(match meaning {
        Meaning::Plain
        | Meaning::Strong
        | Meaning::Selected
        | Meaning::Chosen
        | Meaning::Cursor => return None,
        Meaning::Dim => Ink(128, 136, 150, Color::DarkGray),
        Meaning::Rule => Ink(74, 82, 98, Color::DarkGray),
        Meaning::Title => Ink(150, 164, 190, Color::Gray),
        Meaning::Key => Ink(140, 190, 240, Color::Cyan),
        Meaning::Urgency(Urgency::Broken) => Ink(255, 100, 80, Color::LightRed),
        Meaning::Urgency(Urgency::Worse) => Ink(245, 205, 80, Color::Yellow),
        Meaning::Urgency(Urgency::Unknown) => Ink(234, 172, 226, Color::Magenta),
        Meaning::Urgency(Urgency::Mending) | Meaning::Outflow => Ink(66, 156, 232, Color::Cyan),
        Meaning::Urgency(Urgency::Fine) => Ink(150, 214, 170, Color::Green),
        Meaning::Urgency(Urgency::Idle) => Ink(118, 126, 140, Color::DarkGray),
        Meaning::Inflow => Ink(245, 205, 80, Color::Yellow),
        Meaning::Backlog => Ink(224, 140, 96, Color::LightRed),
        Meaning::Heat(0) => Ink(96, 104, 118, Color::DarkGray),
        Meaning::Heat(1) => Ink(150, 130, 96, Color::Gray),
        Meaning::Heat(2) => Ink(205, 155, 80, Color::Yellow),
        Meaning::Heat(3) => Ink(236, 130, 70, Color::LightYellow),
        Meaning::Heat(_) => Ink(255, 100, 80, Color::LightRed),
    })
}

#[expect(clippy::match_same_arms, reason = "a palette, a meaning a line")]
fn light(meaning: Meaning) -> Option<Ink> {
    Some(match meaning {
        Meaning::Plain
        | Meaning::Strong
        | Meaning::Selected
        | Meaning::Chosen
        | Meaning::Cursor => return None,
        Meaning::Dim => Ink(104, 110, 122, Color::DarkGray),
        Meaning::Rule => Ink(176, 182, 194, Color::Gray),
        Meaning::Title => Ink(70, 84, 112, Color::DarkGray),
        Meaning::Key => Ink(0, 84, 166, Color::Blue),
        Meaning::Urgency(Urgency::Broken) => Ink(190, 20, 20, Color::Red),
        Meaning::Urgency(Urgency::Worse) => Ink(190, 130, 0, Color::Yellow),
        Meaning::Urgency(Urgency::Unknown) => Ink(150, 40, 130, Color::Magenta),
        Meaning::Urgency(Urgency::Mending) | Meaning::Outflow => Ink(0, 100, 215, Color::Blue),
        Meaning::Urgency(Urgency::Fine) => Ink(0, 64, 44, Color::Green),
        Meaning::Urgency(Urgency::Idle) => Ink(132, 140, 152, Color::DarkGray),
        Meaning::Inflow => Ink(190, 130, 0, Color::Yellow),
        Meaning::Backlog => Ink(176, 72, 20, Color::Red),
        Meaning::Heat(0) => Ink(150, 156, 168, Color::Gray),
        Meaning::Heat(1) => Ink(160, 136, 90, Color::DarkGray),
        Meaning::Heat(2) => Ink(176, 120, 30, Color::Yellow),
        Meaning::Heat(3) => Ink(186, 82, 20, Color::LightRed),
        Meaning::Heat(_) => Ink(190, 20, 20, Color::Red),
    })
}

/// Weight instead of colour.
fn mono(meaning: Meaning) -> Style {
    let style = Style::new();
    match meaning {
        Meaning::Strong
        | Meaning::Key
        | Meaning::Title
        | Meaning::Urgency(Urgency::Broken | Urgency::Worse) => style.add_modifier(Modifier::BOLD),
        Meaning::Dim | Meaning::Rule | Meaning::Urgency(Urgency::Idle) => {
            style.add_modifier(Modifier::DIM)
        }
        Meaning::Selected | Meaning::Cursor => style.add_modifier(Modifier::REVERSED),
        Meaning::Chosen => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        _ => style,
    }
}

/// The nearest of xterm's 6×6×6 cube and its greys.
fn nearest(r: u8, g: u8, b: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let distance = |x: (u8, u8, u8)| {
        let d = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
        d(x.0, r) + d(x.1, g) + d(x.2, b)
    };
    let step = |c: u8| {
        (0..6_u8)
            .min_by_key(|i| STEPS[usize::from(*i)].abs_diff(c))
            .unwrap_or(0)
    };
    let (ri, gi, bi) = (step(r), step(g), step(b));
    let cube = (
        STEPS[usize::from(ri)],
        STEPS[usize::from(gi)],
        STEPS[usize::from(bi)],
    );
    let mean = ((u16::from(r) + u16::from(g) + u16::from(b)) / 3) as u8;
    let grey = (mean.saturating_sub(3) / 10).min(23);
    let level = 8 + 10 * grey;
    if distance((level, level, level)) < distance(cube) {
        232 + grey
    } else {
        16 + 36 * ri + 6 * gi + bi
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What eyes without red, green or blue cones see (Machado, Oliveira, Fernandes 2009, severity 1).
    const EYES: [(&str, [[f64; 3]; 3]); 4] = [
        (
            "common",
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        ),
        (
            "protanopia",
            [
                [0.152286, 1.052583, -0.204868],
                [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367322, 0.860646, -0.227968],
                [0.280085, 0.672501, 0.047413],
                [-0.011820, 0.042940, 0.968881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255528, -0.076749, -0.178779],
                [-0.078411, 0.930809, 0.147602],
                [0.004733, 0.691367, 0.303900],
            ],
        ),
    ];

    fn seen(ink: &Ink, eye: &[[f64; 3]; 3]) -> [f64; 3] {
        let linear = [ink.0, ink.1, ink.2].map(|c| (f64::from(c) / 255.0).powf(2.2));
        let rgb = eye.map(|row| {
            row.iter()
                .zip(linear)
                .map(|(a, b)| a * b)
                .sum::<f64>()
                .clamp(0.0, 1.0)
        });
        lab(rgb)
    }

    #[expect(clippy::many_single_char_names, reason = "colour science's own")]
    fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
        let f = |t: f64| {
            if t > 0.008856 {
                t.cbrt()
            } else {
                7.787 * t + 16.0 / 116.0
            }
        };
        let x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
        let y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
        let z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn urgencies_stay_apart_for_colour_blind_eyes() {
        for theme in [dark, light] {
            for (eye, matrix) in EYES {
                for (i, a) in Urgency::ALL.iter().enumerate() {
                    for b in &Urgency::ALL[i + 1..] {
                        let of = |u: &Urgency| seen(&theme(Meaning::Urgency(*u)).unwrap(), &matrix);
                        let (p, q) = (of(a), of(b));
                        let apart = (0..3).map(|k| (p[k] - q[k]).powi(2)).sum::<f64>().sqrt();
                        assert!(apart > 12.0, "{a:?} and {b:?} with {eye}: {apart:.1}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_colour_means_no_colour() {
        for name in ThemeName::ALL {
            let theme = Theme {
                name,
                depth: Depth::None,
            };
            for urgency in Urgency::ALL {
                let style = theme.style(Meaning::Urgency(urgency));
                assert_eq!((style.fg, style.bg), (None, None));
            }
        }
    }

    #[test]
    fn the_nearest_of_256() {
        assert_eq!(nearest(255, 0, 0), 196);
        assert_eq!(nearest(128, 128, 128), 244);
        assert_eq!(nearest(0, 0, 0), 16);
    }
}
