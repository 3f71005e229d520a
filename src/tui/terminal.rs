//! The terminal itself: taken over and given back exactly as it was, whatever happens.
//!
//! Giving back happens once: by the guard when the screen closes or its future is dropped, by the
//! panic hook when drawing panics, and around a stop by job control. A panic of another task does
//! not touch the screen: it is logged, and its message is printed once the screen is gone.

use std::cell::Cell;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};

/// Whether the terminal is ours just now.
static TAKEN: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this thread is changing or drawing the state just now.
    static DRAWING: Cell<bool> = const { Cell::new(false) };
}

type Hook = Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Holds the terminal; gives it back when dropped.
pub(super) struct Guard {
    before: Hook,
    kept: Arc<Mutex<Vec<String>>>,
}

impl Guard {
    /// Takes the terminal over.
    ///
    /// # Errors
    ///
    /// Those of the terminal; it is then as it was.
    pub(super) fn take() -> io::Result<Self> {
        enter()?;
        let before: Hook = Arc::from(std::panic::take_hook());
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (hook, messages) = (Arc::clone(&before), Arc::clone(&kept));
        std::panic::set_hook(Box::new(move |info| on_panic(info, &hook, &messages)));
        Ok(Self { before, kept })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
        // While this thread unwinds, a hook cannot be set: ours then only passes panics on.
        if !std::thread::panicking() {
            let before = Arc::clone(&self.before);
            std::panic::set_hook(Box::new(move |info| before(info)));
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stderr = io::stderr().lock();
        for message in kept.iter() {
            let _ = writeln!(stderr, "{message}");
        }
    }
}

fn on_panic(info: &PanicHookInfo<'_>, before: &Hook, kept: &Mutex<Vec<String>>) {
    if DRAWING.get() {
        leave();
    }
    if TAKEN.load(Ordering::SeqCst) {
        tracing::error!("a task panicked: {info}");
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < 20 {
            kept.push(info.to_string());
        }
    } else {
        before(info);
    }
}

/// Runs `f`; should it panic, the terminal is given back before the message is printed.
pub(super) fn drawing<T>(f: impl FnOnce() -> T) -> T {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            DRAWING.set(false);
        }
    }
    DRAWING.set(true);
    let _reset = Reset;
    f()
}

/// Raw mode, the other screen, no cursor, pastes in one piece.
pub(super) fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let taken = execute!(
        io::stdout(),
        EnterAlternateScreen,
        Hide,
        EnableBracketedPaste
    );
    if taken.is_err() {
        leave();
    }
    taken
}

/// All of it undone; what cannot be written is no reason to leave the rest undone.
pub(super) fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = queue!(
        out,
        DisableBracketedPaste,
        ResetColor,
        Show,
        LeaveAlternateScreen
    );
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// Asks the terminal to put text into the clipboard (OSC 52).
pub(super) fn copy(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    write!(out, "\x1b]52;c;{}\x07", base64(text.as_bytes()))?;
    out.flush()
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let n = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        for i in 0..4 {
            if i <= chunk.len() {
                out.push(char::from(DIGITS[(n >> (18 - 6 * i) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, code) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), code);
        }
    }
}
