//! A tape that is played: a thread that shows each snapshot when a virtual clock comes to it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::marks::Marks;
use super::{Head, Tape, TimelineError};
use crate::model::{Clock, Snapshot, Span, Timestamp};

/// The slowest and the fastest that a tape is played.
const SPEEDS: (f64, f64) = (1.0 / 16.0, 4096.0);
/// An order waits this long at the most while snapshots are being folded.
const LOOK_EACH: Duration = Duration::from_millis(50);

/// What a player is told to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// Play, or stand still.
    Toggle,
    /// To the snapshot at this time.
    Seek(Timestamp),
    /// On by so much, or back.
    Skip(Span),
    /// So many times as fast.
    Faster(f64),
}

/// Where a player is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// When the tape begins: its first snapshot.
    pub begins: Timestamp,
    /// Whether it plays.
    pub playing: bool,
    /// How many times as fast as it was.
    pub speed: f64,
    /// Whether there is nothing after what is shown.
    pub ended: bool,
    /// Whether it is on its way to a time that was sought.
    pub seeking: bool,
}

/// A virtual clock: faces go by it.
#[derive(Debug)]
struct VirtualClock {
    at: Timestamp,
    since: Instant,
    /// 0 while it stands.
    rate: f64,
}

impl VirtualClock {
    fn now(&self) -> Timestamp {
        let passed = self.since.elapsed().as_secs_f64() * self.rate;
        self.at + Span::from_secs_f64(passed)
    }

    fn set(&mut self, at: Timestamp, rate: f64) {
        *self = Self {
            at,
            since: Instant::now(),
            rate,
        };
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A tape being played. Its thread ends when this is dropped.
pub struct Player {
    /// The snapshot that is shown.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Where it is.
    pub position: watch::Receiver<Position>,
    /// Tells the player what to do.
    pub orders: Sender<Order>,
    clock: Arc<Mutex<VirtualClock>>,
}

impl Player {
    /// Begins to play at `at`, or at the beginning.
    ///
    /// # Errors
    ///
    /// When the tape cannot be read, or does not reach to `at`.
    pub fn start(tape: Tape, at: Option<Timestamp>, speed: f64) -> Result<Self, TimelineError> {
        let (mut first, mut marks) = (Head::at_start(&tape)?, Marks::default());
        let empty = || TimelineError::Empty {
            path: tape.path().to_owned(),
        };
        let standing = first.next_cut().map(|cut| cut.snapshot);
        let begins = standing.ok_or_else(empty)?;
        let found = match at {
            None => Found {
                head: first,
                shown: Arc::clone(&begins),
                ahead: None,
            },
            Some(at) => Found::at(&tape, &mut marks, at)?,
        };
        let Found { head, shown, ahead } = found;
        let position = Position {
            begins: begins.at,
            playing: true,
            speed,
            ended: false,
            seeking: false,
        };
        let clock = Arc::new(Mutex::new(VirtualClock {
            at: shown.at,
            since: Instant::now(),
            rate: speed,
        }));
        let (orders, ordered) = channel();
        let (snapshot_tx, snapshots) = watch::channel(shown);
        let (position_tx, position_rx) = watch::channel(position);
        let deck = Deck {
            tape,
            marks,
            head,
            ahead,
            ended: false,
            position,
            shown: snapshot_tx,
            told: position_tx,
            clock: Arc::clone(&clock),
        };
        std::thread::Builder::new()
            .name("player".to_owned())
            .spawn(move || deck.run(&ordered))
            .map_err(|error| TimelineError::Open {
                path: "a thread".into(),
                error,
            })?;
        Ok(Self {
            snapshots,
            position: position_rx,
            orders,
            clock,
        })
    }

    /// The time of what is shown, which goes on while it plays.
    pub fn clock(&self) -> Clock {
        let clock = Arc::clone(&self.clock);
        Arc::new(move || lock(&clock).now())
    }
}

/// A place on a tape.
struct Found {
    head: Head,
    /// The last snapshot up to there.
    shown: Arc<Snapshot>,
    /// The first one after it.
    ahead: Option<Arc<Snapshot>>,
}

impl Found {
    /// The place at `at`, for a tape that is put on.
    fn at(tape: &Tape, marks: &mut Marks, at: Timestamp) -> Result<Self, TimelineError> {
        let head = Head::near(tape, at)?;
        let last = head.standing();
        let path = tape.path().to_owned();
        let empty = TimelineError::Empty { path: path.clone() };
        let found = Self::from(head, last, marks, at).ok_or(empty)?;
        if found.shown.at > at {
            let begins = found.shown.at;
            return Err(TimelineError::Before { path, begins, at });
        }
        if found.ahead.is_none() && found.shown.at < at {
            let ends = found.shown.at;
            return Err(TimelineError::After { path, ends, at });
        }
        Ok(found)
    }

    /// The place at `at`, else the first or the last one behind it; `last` is what the head stands
    /// at. `None`: there is nothing at all.
    fn from(
        mut head: Head,
        mut last: Option<Arc<Snapshot>>,
        marks: &mut Marks,
        at: Timestamp,
    ) -> Option<Self> {
        loop {
            let next = marks.next_cut(&mut head).map(|cut| cut.snapshot);
            match (last, next) {
                (None, None) => return None,
                (Some(shown), next) if next.as_ref().is_none_or(|n| n.at > at) => {
                    return Some(Self {
                        head,
                        shown,
                        ahead: next,
                    });
                }
                (_, next) => last = next,
            }
        }
    }
}

struct Deck {
    tape: Tape,
    marks: Marks,
    head: Head,
    /// Folded, but its time has not come.
    ahead: Option<Arc<Snapshot>>,
    ended: bool,
    position: Position,
    shown: watch::Sender<Arc<Snapshot>>,
    told: watch::Sender<Position>,
    clock: Arc<Mutex<VirtualClock>>,
}

impl Deck {
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            self.fold_ahead();
            let order = match self.wait() {
                // Shown at once; but an order goes first.
                Some(Duration::ZERO) => {
                    let order = orders.try_recv().ok();
                    if order.is_none() {
                        self.show_ahead();
                    }
                    order
                }
                Some(wait) => match orders.recv_timeout(wait.min(LOOK_EACH)) {
                    Ok(order) => Some(order),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                },
                None => match orders.recv() {
                    Ok(order) => Some(order),
                    Err(_) => return,
                },
            };
            if let Some(order) = order {
                self.obey(order);
            }
            if self.shown.is_closed() {
                return;
            }
        }
    }

    fn fold_ahead(&mut self) {
        if self.ahead.is_none() && !self.ended {
            self.ahead = self.marks.next_cut(&mut self.head).map(|cut| cut.snapshot);
            for note in self.head.take_notes() {
                tracing::warn!("{note}");
            }
            self.ended = self.ahead.is_none();
            if self.ended {
                // Time stands still where the recording ends: nothing grows stale by it.
                let at = self.shown.borrow().at;
                lock(&self.clock).set(at, 0.0);
            }
            self.tell();
        }
    }

    /// How long until what is ahead is shown; `None`: not before an order.
    fn wait(&self) -> Option<Duration> {
        let ahead = self.ahead.as_ref().filter(|_| self.position.playing)?;
        let left = (ahead.at - lock(&self.clock).now()).as_secs_f64() / self.position.speed;
        Some(Duration::try_from_secs_f64(left).unwrap_or(Duration::ZERO))
    }

    fn show_ahead(&mut self) {
        if let Some(snapshot) = self.ahead.take() {
            let mut clock = lock(&self.clock);
            // Folding may be slower than the tape is played: then time waits for it.
            if clock.now() > snapshot.at {
                let rate = clock.rate;
                clock.set(snapshot.at, rate);
            }
            drop(clock);
            self.shown.send_replace(snapshot);
        }
    }

    fn obey(&mut self, order: Order) {
        let now = lock(&self.clock).now();
        match order {
            Order::Toggle => self.position.playing = !self.position.playing,
            Order::Faster(times) => {
                self.position.speed = (self.position.speed * times).clamp(SPEEDS.0, SPEEDS.1);
            }
            Order::Seek(at) => return self.seek(at),
            Order::Skip(span) => return self.seek(now + span),
        }
        self.go_on_at(now);
    }

    fn go_on_at(&mut self, at: Timestamp) {
        let goes = self.position.playing && !self.ended;
        let rate = if goes { self.position.speed } else { 0.0 };
        lock(&self.clock).set(at, rate);
        self.tell();
    }

    fn seek(&mut self, at: Timestamp) {
        self.position.seeking = true;
        self.tell();
        match self.find(at) {
            Ok(found) => {
                self.head = found.head;
                self.ended = found.ahead.is_none();
                self.ahead = found.ahead;
                // Before its beginning and behind its end there is no time.
                let within = self.ahead.as_ref().map_or(found.shown.at, |_| at);
                let at = within.max(found.shown.at);
                self.position.seeking = false;
                self.go_on_at(at);
                self.shown.send_replace(found.shown);
            }
            Err(error) => {
                self.position.seeking = false;
                tracing::warn!("{error}");
                self.tell();
            }
        }
    }

    /// The place at `at`, folding as little as can be: on from where the head stands, from a mark,
    /// or from a checkpoint of the tape's own.
    fn find(&mut self, at: Timestamp) -> Result<Found, TimelineError> {
        let checkpoint = self.tape.begins_before(at)?;
        let newer = |than: Timestamp| checkpoint.is_some_and(|from| from > than);
        if let Some(ahead) = self.ahead.as_ref().filter(|a| a.at <= at && !newer(a.at)) {
            let last = Some(Arc::clone(ahead));
            let head = std::mem::replace(&mut self.head, Head::at_start(&self.tape)?);
            return self.found(head, last, at);
        }
        let mark = self.marks.before(at).filter(|mark| !newer(mark.at()));
        let marked = mark.and_then(|mark| Head::at_mark(&self.tape, mark).ok());
        let head = match marked {
            Some(head) => head,
            None => Head::near(&self.tape, at)?,
        };
        let last = head.standing();
        self.found(head, last, at)
    }

    fn found(
        &mut self,
        head: Head,
        last: Option<Arc<Snapshot>>,
        at: Timestamp,
    ) -> Result<Found, TimelineError> {
        let empty = || TimelineError::Empty {
            path: self.tape.path().to_owned(),
        };
        Found::from(head, last, &mut self.marks, at).ok_or_else(empty)
    }

    fn tell(&mut self) {
        self.position.ended = self.ended;
        let position = self.position;
        self.told.send_if_modified(|told| {
            let changed = *told != position;
            *told = position;
            changed
        });
    }
}
