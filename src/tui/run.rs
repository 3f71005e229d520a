//! The loop: waits for a key, a snapshot, a signal or the next second, and draws when something
//! changed, at most twenty times a second. Nothing in it blocks on anything but the terminal.

use std::io::{self, Stdout};
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as Input, EventStream};
use futures::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::keys::Key;
use super::logs::LogRing;
use super::options::Options;
use super::rows::ready::Ready;
use super::state::{State, Ui};
use super::terminal::{self, Guard};
use super::transport::{Deck, Travel};
use super::update::{Effect, Event};
use super::view;
use crate::model::{Clock, Snapshot, Timestamp};

/// Twenty frames a second.
const FRAME: Duration = Duration::from_millis(50);
/// Time is told anew each second …
const SECOND: Duration = Duration::from_secs(1);
/// … and what has come of the past, and how it is played, more often.
const PAST_EACH: Duration = Duration::from_millis(150);
/// Signals that end the program; the shell's own names for them.
const ENDING: [SignalKind; 3] = [
    SignalKind::terminate(),
    SignalKind::hangup(),
    SignalKind::quit(),
];

/// Why the screen could not be shown, or not be shown any longer.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// The terminal does not do what it is asked.
    #[error("cannot use the terminal: {0}")]
    Terminal(#[from] io::Error),
}

/// How the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The user quit, or `cancel` was cancelled.
    Quit,
    /// A signal ended it: its number, for an exit code of 128 and that.
    Signal(i32),
}

/// Shows snapshots until the user quits, `cancel` is cancelled or a signal ends the program; the
/// terminal is then as it was before.
///
/// # Errors
///
/// Only those of the terminal.
pub async fn run(
    snapshots: watch::Receiver<Arc<Snapshot>>,
    logs: LogRing,
    clock: Clock,
    options: Options,
    cancel: CancellationToken,
) -> Result<Left, TuiError> {
    let mut signals = Signals::new()?;
    let first = Arc::clone(&snapshots.borrow());
    let mut state = State::new(options, logs, &first, clock());
    let _guard = Guard::take()?;
    let mut screen = Screen::new()?;
    state.on(Event::Resize(screen.size.0, screen.size.1), clock());
    let mut input = EventStream::new();
    let mut snapshots = Some(snapshots);
    let deck = state.options.deck.clone();
    if let (Some(deck), Some(at)) = (&deck, state.options.at) {
        deck.0.travel(Travel::To(at));
    }
    let mut tick = every(if deck.is_some() { PAST_EACH } else { SECOND });
    let mut making = Making::default();
    loop {
        screen.draw_if_due(&state)?;
        let events = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(Left::Quit),
            number = signals.next() => {
                if number != libc::SIGTSTP {
                    return Ok(Left::Signal(number));
                }
                screen.stop(&mut state, &clock)?;
                Vec::new()
            }
            key = input.next() => match key {
                None => return Ok(Left::Signal(SignalKind::hangup().as_raw_value())),
                Some(key) => from_input(key?),
            },
            ready = making.done() => vec![ready],
            new = next(&mut snapshots), if making.0.is_none() => {
                making.start(new, &state);
                Vec::new()
            }
            _ = tick.tick() => vec![deck.as_ref().and_then(news).unwrap_or(Event::Tick)],
            () = screen.due() => Vec::new(),
        };
        for event in events {
            if !screen.take(&mut state, event, &clock)? {
                return Ok(Left::Quit);
            }
        }
        let litter = state.litter();
        if !litter.is_empty() {
            tokio::task::spawn_blocking(move || drop(litter));
        }
    }
}

/// The next snapshot, while its lists are made beside the drawing task: no key waits for that.
#[derive(Default)]
struct Making(Option<(Arc<Snapshot>, JoinHandle<Ready>)>);

impl Making {
    fn start(&mut self, snapshot: Option<Arc<Snapshot>>, state: &State) {
        let Some(snapshot) = snapshot else { return };
        let (asked, of) = (state.asked(), Arc::clone(&snapshot));
        let made = tokio::task::spawn_blocking(move || asked.of(&of));
        self.0 = Some((snapshot, made));
    }

    /// Waits until it is made; for ever, if there is none.
    async fn done(&mut self) -> Event {
        let Some((snapshot, made)) = &mut self.0 else {
            return std::future::pending().await;
        };
        // What broke there breaks here again, where it gives the terminal back and is said.
        let event = match made.await {
            Ok(ready) => Event::Ready(Box::new(ready)),
            Err(_) => Event::Snapshot(Arc::clone(snapshot)),
        };
        self.0 = None;
        event
    }
}

/// What the source has to say: a snapshot of its past, or what came of an order.
fn news(deck: &Deck) -> Option<Event> {
    if let Some(past) = deck.0.arrived() {
        return Some(Event::Past(past));
    }
    if let Some(course) = deck.0.recalled() {
        return Some(Event::Recalled(course));
    }
    Some(match deck.0.answered()? {
        Ok(text) => Event::Done(text, false),
        Err(why) => Event::Done(why, true),
    })
}

fn every(time: Duration) -> Interval {
    let mut tick = interval(time);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    tick
}

/// The next snapshot; `None` once when there will be no more, then never.
async fn next(snapshots: &mut Option<watch::Receiver<Arc<Snapshot>>>) -> Option<Arc<Snapshot>> {
    match snapshots {
        None => std::future::pending().await,
        Some(watching) => {
            if watching.changed().await.is_ok() {
                return Some(Arc::clone(&watching.borrow_and_update()));
            }
            // The source has ended; what was read stays on the screen, and ages.
            *snapshots = None;
            None
        }
    }
}

fn from_input(input: Input) -> Vec<Event> {
    match input {
        Input::Key(key) => Key::from_event(&key).into_iter().map(Event::Key).collect(),
        Input::Paste(text) => vec![Event::Paste(text)],
        Input::Resize(width, height) => vec![Event::Resize(width, height)],
        _ => Vec::new(),
    }
}

/// The signals that concern the screen.
struct Signals(Vec<(i32, Signal)>);

impl Signals {
    fn new() -> io::Result<Self> {
        let stop = SignalKind::from_raw(libc::SIGTSTP);
        let kinds = ENDING.into_iter().chain([stop]);
        kinds
            .map(|kind| Ok((kind.as_raw_value(), signal(kind)?)))
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// The number of the next one.
    async fn next(&mut self) -> i32 {
        let waits = self.0.iter_mut().map(|(number, signal)| {
            Box::pin(async move {
                signal.recv().await;
                *number
            })
        });
        futures::future::select_all(waits).await.0
    }
}

/// The terminal with what is due on it.
struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    size: (u16, u16),
    dirty: bool,
    next: Instant,
}

impl Screen {
    fn new() -> io::Result<Self> {
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        let size = terminal.size()?;
        Ok(Self {
            terminal,
            size: (size.width, size.height),
            dirty: true,
            next: Instant::now(),
        })
    }

    /// When the next frame may be drawn; never, if nothing changed.
    async fn due(&self) {
        if self.dirty {
            sleep_until(self.next).await;
        } else {
            std::future::pending::<()>().await;
        }
    }

    fn draw_if_due(&mut self, state: &State) -> io::Result<()> {
        if !self.dirty || Instant::now() < self.next {
            return Ok(());
        }
        terminal::drawing(|| {
            self.terminal
                .draw(|frame| view::draw(state, frame.buffer_mut()))
        })?;
        self.dirty = false;
        self.next = Instant::now() + FRAME;
        Ok(())
    }

    /// Takes an event in and does what comes of it. `false`: leave.
    fn take(&mut self, state: &mut State, event: Event, clock: &Clock) -> io::Result<bool> {
        let (effects, changed) = terminal::drawing(|| changes(state, event, clock()));
        self.dirty |= changed;
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(false),
                Effect::Suspend => self.stop(state, clock)?,
                Effect::Redraw => self.redraw()?,
                Effect::Copy(text) => terminal::copy(&text)?,
                Effect::Write(file, text) => {
                    write_file(state, &file, &text, clock());
                    self.dirty = true;
                }
                Effect::Travel(wish) => {
                    if let Some(deck) = &state.options.deck {
                        deck.0.travel(wish);
                    }
                }
                Effect::Recall(stretch) => {
                    if let Some(deck) = &state.options.deck {
                        deck.0.recall(stretch);
                    }
                }
                Effect::Order(order) => {
                    if let Some(deck) = &state.options.deck {
                        deck.0.order(order);
                    }
                }
                Effect::Panic => terminal::drawing(panic_for_tests),
            }
        }
        Ok(true)
    }

    fn redraw(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal where its cursor is, and wait for an answer that the
        // stream of keys takes in.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())?;
        self.dirty = true;
        Ok(())
    }

    /// Gives the terminal back, stops, and takes it again when continued.
    fn stop(&mut self, state: &mut State, clock: &Clock) -> io::Result<()> {
        terminal::leave();
        signal_hook::low_level::emulate_default_handler(libc::SIGTSTP)?;
        terminal::enter()?;
        // The window may have another size by now.
        let size = self.terminal.size()?;
        state.on(Event::Resize(size.width, size.height), clock());
        self.redraw()
    }
}

/// What a frame depends on; equal before and after an event, nothing need be drawn.
#[derive(PartialEq)]
struct Seen {
    ui: Ui,
    shown: *const Snapshot,
    second: i64,
    logs: u64,
}

impl Seen {
    fn of(state: &State) -> Self {
        Self {
            ui: state.ui.clone(),
            shown: Arc::as_ptr(&state.shown),
            second: state.clock.as_millis() / 1000,
            logs: state.log_count,
        }
    }
}

/// Takes an event in; whether what it did can be seen. What cannot is not drawn.
pub fn changes(state: &mut State, event: Event, now: Timestamp) -> (Vec<Effect>, bool) {
    let before = Seen::of(state);
    let effects = state.on(event, now);
    let changed = Seen::of(state) != before;
    (effects, changed)
}

/// Writes a file that is not there yet.
fn write_file(state: &mut State, file: &str, text: &str, now: Timestamp) {
    let written = std::fs::File::create_new(file)
        .and_then(|mut f| io::Write::write_all(&mut f, text.as_bytes()));
    let event = match written {
        Ok(()) => Event::Done(format!("wrote {file}"), false),
        Err(why) => Event::Done(format!("cannot write {file}: {why}"), true),
    };
    state.on(event, now);
}

#[expect(
    clippy::panic,
    reason = "what it is for: tests see what a panic leaves behind"
)]
fn panic_for_tests() {
    panic!("a panic for tests");
}

/// Draws the state once onto a buffer of its size: for tests, benches and pictures.
pub fn picture(state: &State) -> Buffer {
    let (width, height) = state.size();
    let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, width, height));
    view::draw(state, &mut buffer);
    buffer
}

#[cfg(test)]
mod tests {
    use super::super::{samples, screens};
    use super::*;
    use crate::model::Span;
    use crate::model::testing::NOW;

    #[test]
    fn what_changes_nothing_is_not_drawn() {
        let mut state = screens::state(samples::telling(), (80, 24), &[], Options::default());
        let mut draws = |event: Event, now: Timestamp| changes(&mut state, event, now).1;
        let later = NOW + Span::from_millis(400);
        assert!(!draws(Event::Key(Key::Char('~')), NOW));
        assert!(!draws(Event::Key(Key::Up), NOW + Span::ZERO) || !draws(Event::Key(Key::Up), NOW));
        assert!(!draws(Event::Key(Key::Esc), later));
        assert!(!draws(Event::Tick, later));
        assert!(!draws(Event::Resize(80, 24), later));
        assert!(draws(Event::Key(Key::Down), later));
        assert!(draws(Event::Tick, NOW + Span::from_secs(1)));
        assert!(draws(Event::Resize(81, 24), NOW + Span::from_secs(1)));
    }
}
