//! Text onto cells: clipped, aligned, styled by meaning.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::glyphs::Glyphs;
use super::super::state::State;
use super::super::text::{self, cut_end, cut_middle, escape, width};
use super::super::theme::{Meaning, Theme};

/// What drawing needs at every place.
pub(super) struct Pen<'a> {
    buf: &'a mut Buffer,
    /// Colours.
    pub(super) theme: Theme,
    /// Signs.
    pub(super) glyphs: Glyphs,
}

impl<'a> Pen<'a> {
    pub(super) fn new(state: &State, buf: &'a mut Buffer) -> Self {
        Self {
            buf,
            theme: state.theme(),
            glyphs: state.glyphs(),
        }
    }

    /// Harmless text, cut at its end to fit, from the left. Returns the cells that it took.
    pub(super) fn left(&mut self, area: Rect, text: &str, meaning: Meaning) -> u16 {
        let safe = escape(text, self.glyphs.ascii);
        let cut = cut_end(&safe, area.width.into(), self.glyphs.ellipsis);
        self.raw(area, &cut, self.theme.style(meaning))
    }

    /// A name: cut in its middle.
    pub(super) fn name(&mut self, area: Rect, name: &str, meaning: Meaning) -> u16 {
        let safe = text::name(name, self.glyphs.ascii);
        let cut = cut_middle(&safe, area.width.into(), self.glyphs.ellipsis);
        self.raw(area, &cut, self.theme.style(meaning))
    }

    /// Against the right edge.
    pub(super) fn right(&mut self, area: Rect, text: &str, meaning: Meaning) {
        let safe = escape(text, self.glyphs.ascii);
        let cut = cut_end(&safe, area.width.into(), self.glyphs.ellipsis);
        let pad = area.width.saturating_sub(width(&cut) as u16);
        let at = Rect::new(area.x + pad, area.y, area.width - pad, area.height.min(1));
        self.raw(at, &cut, self.theme.style(meaning));
    }

    /// Several pieces one after the other, as far as there is room. Returns the cells taken.
    pub(super) fn pieces(&mut self, area: Rect, pieces: &[(&str, Meaning)]) -> u16 {
        let mut x = 0;
        for (text, meaning) in pieces {
            let rest = Rect::new(area.x + x, area.y, area.width - x, area.height.min(1));
            if rest.width == 0 {
                break;
            }
            x += self.left(rest, text, *meaning);
        }
        x
    }

    /// One sign.
    pub(super) fn sign(&mut self, x: u16, y: u16, sign: &str, meaning: Meaning) {
        let style = self.theme.style(meaning);
        if self.buf.area.contains((x, y).into()) {
            self.buf[(x, y)].set_symbol(sign).set_style(style);
        }
    }

    /// A style over what stands there already.
    pub(super) fn tint(&mut self, area: Rect, meaning: Meaning) {
        let style = self.theme.style(meaning);
        self.buf.set_style(area.intersection(self.buf.area), style);
    }

    /// A rule with a title in it.
    pub(super) fn rule(&mut self, area: Rect, title: &str) {
        if area.height == 0 || area.width == 0 {
            return;
        }
        let line = self.glyphs.rule.repeat(area.width.into());
        self.raw(area, &line, self.theme.style(Meaning::Rule));
        if !title.is_empty() && area.width > 4 {
            let inside = Rect::new(area.x + 2, area.y, area.width - 3, 1);
            self.left(inside, &format!(" {title} "), Meaning::Title);
        }
    }

    /// A vertical rule.
    pub(super) fn bar(&mut self, x: u16, y: u16, height: u16) {
        for row in y..y + height {
            let sign = self.glyphs.bar;
            self.sign(x, row, sign, Meaning::Rule);
        }
    }

    /// Writes what is known to be harmless and to fit.
    fn raw(&mut self, area: Rect, text: &str, style: Style) -> u16 {
        let area = area.intersection(self.buf.area);
        if area.width == 0 || area.height == 0 {
            return 0;
        }
        let (end, _) = self
            .buf
            .set_stringn(area.x, area.y, text, area.width.into(), style);
        end - area.x
    }
}

/// The n-th line of an area; empty below it.
pub(super) fn row(area: Rect, n: u16) -> Rect {
    if n >= area.height {
        return Rect::new(area.x, area.y + area.height.saturating_sub(1), 0, 0);
    }
    Rect::new(area.x, area.y + n, area.width, 1)
}

/// What is left of a line after `by` cells.
pub(super) fn after(area: Rect, by: u16) -> Rect {
    let by = by.min(area.width);
    Rect::new(area.x + by, area.y, area.width - by, area.height)
}
