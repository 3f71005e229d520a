//! The time that live sources stamp with: the wall clock at the start plus monotonic time since.
//!
//! One stamper serves a whole process, so that all its sources agree. It never goes back, and a
//! wall clock that is set shows as a jump, not as a strange reading.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::{Span, Timestamp};

/// Makes instants. Copies agree with each other.
#[derive(Debug, Clone, Copy)]
pub struct Stamper {
    wall: Timestamp,
    started: Instant,
}

impl Default for Stamper {
    fn default() -> Self {
        Self::new()
    }
}

fn wall_clock() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl Stamper {
    /// Starts at the wall clock's time.
    pub fn new() -> Self {
        Self {
            wall: wall_clock(),
            started: Instant::now(),
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    /// The instant as this stamper tells it.
    pub fn at(&self, instant: Instant) -> Timestamp {
        let since = instant.saturating_duration_since(self.started);
        self.wall + Span::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// How far the wall clock is ahead of this time: what a `ClockJump` tells, once it differs by
    /// more than a second from what was told last.
    pub fn wall_ahead(&self) -> Span {
        wall_clock() - self.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn copies_agree_and_time_goes_on() {
        let stamper = Stamper::new();
        let copy = stamper;
        let instant = Instant::now();
        assert_eq!(stamper.at(instant), copy.at(instant));
        let later = stamper.at(instant + Duration::from_millis(250));
        assert_eq!((later - stamper.at(instant)).as_millis(), 250);
        assert!(stamper.wall_ahead().as_millis().abs() < 1000);
    }
}
