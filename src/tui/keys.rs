//! Keys: as a terminal sends them, and as they are written in help.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key or a key with Control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character, with Shift where it takes that.
    Char(char),
    /// Control and a letter.
    Ctrl(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
}

impl Key {
    /// The keys of a terminal's event; none for releases and for keys that mean nothing here.
    ///
    /// A terminal sends Alt and a key as Escape and the key, and so do two fingers whose keys arrive
    /// in one piece, as over a slow line: nothing here is bound to Alt, so it is the two keys.
    pub fn from_event(event: &KeyEvent) -> Vec<Self> {
        if event.kind == KeyEventKind::Release {
            return Vec::new();
        }
        let key = Self::of(event);
        if !event.modifiers.contains(KeyModifiers::ALT) {
            return key.into_iter().collect();
        }
        match key {
            // What is sent for these with Alt says so in full: it is no Escape.
            Some(
                Self::Up
                | Self::Down
                | Self::Left
                | Self::Right
                | Self::PageUp
                | Self::PageDown
                | Self::Home
                | Self::End,
            )
            | None => Vec::new(),
            Some(key) => vec![Self::Esc, key],
        }
    }

    fn of(event: &KeyEvent) -> Option<Self> {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        Some(match event.code {
            // Control and a backslash or bracket arrive as digits on some terminals: not ours.
            KeyCode::Char(c) if ctrl => Self::Ctrl(c.to_ascii_lowercase()),
            KeyCode::Char(c) => Self::Char(c),
            KeyCode::Enter => Self::Enter,
            KeyCode::Esc => Self::Esc,
            KeyCode::Tab => Self::Tab,
            KeyCode::BackTab => Self::BackTab,
            KeyCode::Backspace => Self::Backspace,
            KeyCode::Up => Self::Up,
            KeyCode::Down => Self::Down,
            KeyCode::Left => Self::Left,
            KeyCode::Right => Self::Right,
            KeyCode::PageUp => Self::PageUp,
            KeyCode::PageDown => Self::PageDown,
            KeyCode::Home => Self::Home,
            KeyCode::End => Self::End,
            _ => return None,
        })
    }
}

/// As help writes it; ASCII.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Char(' ') => "space",
            Self::Char(c) => return write!(f, "{c}"),
            Self::Ctrl(c) => return write!(f, "ctrl-{c}"),
            Self::Enter => "enter",
            Self::Esc => "esc",
            Self::Tab => "tab",
            Self::BackTab => "shift-tab",
            Self::Backspace => "backspace",
            Self::Up => "up",
            Self::Down => "down",
            Self::Left => "left",
            Self::Right => "right",
            Self::PageUp => "pgup",
            Self::PageDown => "pgdn",
            Self::Home => "home",
            Self::End => "end",
        };
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_and_a_key_in_one_piece_are_two_keys() {
        let keys = |code, modifiers| Key::from_event(&KeyEvent::new(code, modifiers));
        let (none, alt) = (KeyModifiers::NONE, KeyModifiers::ALT);
        assert_eq!(keys(KeyCode::Char('3'), none), [Key::Char('3')]);
        assert_eq!(keys(KeyCode::Char('3'), alt), [Key::Esc, Key::Char('3')]);
        assert_eq!(keys(KeyCode::Enter, alt), [Key::Esc, Key::Enter]);
        let ctrl = alt | KeyModifiers::CONTROL;
        assert_eq!(keys(KeyCode::Char('c'), ctrl), [Key::Esc, Key::Ctrl('c')]);
        assert_eq!(keys(KeyCode::Left, alt), []);
        assert_eq!(keys(KeyCode::F(1), none), []);
    }
}
