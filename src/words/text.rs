//! Text for a terminal: names made harmless, cut and padded by what they take on the screen.
//!
//! In: names as Kafka gives them, untrusted. Out: text without control characters that is never
//! wider than asked. It must never let a name move the cursor or change a colour.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

/// Cells that `text` takes on a screen.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A name that can do no harm: control, direction and invisible characters are written as
/// escapes; with `ascii`, everything that is not ASCII is too.
pub fn escape(name: &str, ascii: bool) -> Cow<'_, str> {
    if !name.chars().any(|c| must_escape(c, ascii)) {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Signs that our own sentences have, as they have always been typed.
            '→' => out.push_str("->"),
            '–' | '—' => out.push('-'),
            '…' => out.push_str("..."),
            '≥' => out.push_str(">="),
            '×' => out.push('x'),
            '•' => out.push('*'),
            c if must_escape(c, ascii) && (c as u32) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c if must_escape(c, ascii) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// A group's, topic's or client's name as [`escape`] has it; one that is empty or blank, which Kafka
/// takes for a group's, can still be seen.
pub fn name(name: &str, ascii: bool) -> Cow<'_, str> {
    let safe = escape(name, ascii);
    // What begins or ends in nothing that can be seen looks like another name, or like none.
    if name.is_empty() || name.trim() != name {
        return Cow::Owned(format!("\"{safe}\""));
    }
    safe
}

fn must_escape(c: char, ascii: bool) -> bool {
    let invisible = matches!(c as u32,
        0xad | 0x34f | 0x61c | 0x180b..=0x180e | 0x200b..=0x200f | 0x2028..=0x202e
        | 0x2060..=0x206f | 0xfe00..=0xfe0f | 0xfeff | 0xfff0..=0xfffb | 0xe0000..=0xe0fff);
    c.is_control() || invisible || (ascii && !c.is_ascii())
}

/// At most `max` cells of `text`, the middle left out: both ends of a name tell groups apart.
pub fn cut_middle<'a>(text: &'a str, max: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    let room = max.saturating_sub(width(ellipsis));
    if room < 2 {
        return Cow::Owned(head(text, max).to_owned());
    }
    let (front, back) = (room.div_ceil(2), room / 2);
    Cow::Owned(format!(
        "{}{ellipsis}{}",
        head(text, front),
        tail(text, back)
    ))
}

/// A word as a shell takes it: quoted, unless it is plain. It is one line whatever is in it, also behind a `#`, and
/// holds nothing that [`escape`] would change: what cannot be seen is written out (`$'…'`, as bash, zsh and POSIX.1-2024
/// have it).
pub fn shell(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        Cow::Borrowed(word)
    } else if word.chars().any(|c| must_escape(c, false)) {
        let escaped: String = word.chars().map(in_ansi_quotes).collect();
        Cow::Owned(format!("$'{escaped}'"))
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

/// A character as a shell reads it in `$'…'`. All digits stand there, so that none that follows is taken for one.
fn in_ansi_quotes(c: char) -> String {
    match c {
        '\\' | '\'' => format!("\\{c}"),
        '\n' => "\\n".to_owned(),
        c if c.is_ascii_control() => format!("\\x{:02x}", c as u32),
        c if must_escape(c, false) && (c as u32) <= 0xffff => format!("\\u{:04x}", c as u32),
        c if must_escape(c, false) => format!("\\U{:08x}", c as u32),
        c => c.to_string(),
    }
}

/// At most `max` cells of `text`, its end left out.
pub fn cut_end<'a>(text: &'a str, max: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    let room = max.saturating_sub(width(ellipsis));
    if room == 0 {
        return Cow::Owned(head(text, max).to_owned());
    }
    Cow::Owned(format!("{}{ellipsis}", head(text, room)))
}

/// The longest front part that takes at most `max` cells.
fn head(text: &str, max: usize) -> &str {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        if width(&text[..next]) > max {
            break;
        }
        end = next;
    }
    &text[..end]
}

/// The longest back part that takes at most `max` cells and begins with a visible character.
fn tail(text: &str, max: usize) -> &str {
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        if width(&text[at..]) > max {
            break;
        }
        if unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) > 0 {
            start = at;
        }
    }
    &text[start..]
}

/// Breaks `text` at spaces into lines of at most `max` cells, at most `lines` of them.
pub fn wrap(text: &str, max: usize, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    if max == 0 || lines == 0 {
        return out;
    }
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word;
        let fits = width(&line) + usize::from(!line.is_empty()) + width(word) <= max;
        if !fits && !line.is_empty() {
            out.push(std::mem::take(&mut line));
        }
        while line.is_empty() && width(word) > max {
            let front = head(word, max);
            if front.is_empty() {
                break;
            }
            out.push(front.to_owned());
            word = &word[front.len()..];
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if out.len() > lines {
            break;
        }
    }
    if !line.is_empty() {
        out.push(line);
    }
    if out.len() > lines {
        out.truncate(lines);
        if let Some(last) = out.last_mut() {
            let cut = format!("{last} ...");
            *last = cut_end(&cut, max, "...").into_owned();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_names_become_harmless() {
        for (name, text) in [
            ("plain", "plain"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("\u{1b}[31mred", "\\x1b[31mred"),
            ("evil\u{202e}txt", "evil\\u{202e}txt"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("größe", "größe"),
        ] {
            assert_eq!(escape(name, false), text);
        }
        assert_eq!(escape("größe", true), "gr\\xf6\\xdfe");
        assert_eq!(
            (name("", false), name("a\nb", true)),
            ("\"\"".into(), "a\\nb".into())
        );
        assert_eq!(
            (name(" ", false), name("a ", false)),
            ("\" \"".into(), "\"a \"".into())
        );
    }

    #[test]
    fn names_are_cut_in_the_middle() {
        assert_eq!(cut_middle("payments-settle-eu", 11, "…"), "payme…le-eu");
        assert_eq!(cut_middle("short", 11, "…"), "short");
        assert_eq!(cut_middle("日本語日本語", 7, "…"), "日…語");
        assert_eq!(cut_middle("abcdef", 2, "…"), "ab");
    }

    #[test]
    fn long_sentences_are_wrapped_and_then_cut() {
        assert_eq!(wrap("one two three", 8, 3), ["one two", "three"]);
        assert_eq!(wrap("one two three four", 7, 2), ["one two", "thre..."]);
    }

    proptest! {
        #[test]
        fn no_cut_is_ever_wider_than_asked(name in "\\PC{0,40}", max in 0_usize..30) {
            let safe = escape(&name, false);
            prop_assert!(width(&cut_middle(&safe, max, "…")) <= max);
            prop_assert!(width(&cut_end(&safe, max, "…")) <= max);
            for line in wrap(&safe, max.max(2), 5) {
                prop_assert!(width(&line) <= max.max(2));
            }
        }

        #[test]
        fn no_escape_keeps_a_control_character(name: String) {
            prop_assert!(!escape(&name, false).chars().any(char::is_control));
            prop_assert!(escape(&name, true).is_ascii());
        }
    }

    #[test]
    fn a_shell_takes_a_word_as_it_is_meant() {
        for (word, typed) in [
            ("orders-1.x", "orders-1.x"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(rm)", "'$(rm)'"),
            ("it's", r"'it'\''s'"),
            ("a\ntouch it #", r"$'a\ntouch it #'"),
            ("\u{1b}[2J'\\", r"$'\x1b[2J\'\\'"),
            ("a\u{202e}b\u{e0041}", r"$'a\u202eb\U000e0041'"),
        ] {
            assert_eq!(shell(word), typed);
        }
    }
}
