//! When the next packet may go.
//!
//! All packets of a round are spread evenly over most of the interval, and none goes while a server
//! on this machine has much unread: a reader that misses some turns loses nothing.

use std::thread;
use std::time::{Duration, Instant};

use super::queue::Queue;

/// Of the interval, what a round is spread over: the rest is for the unforeseen.
const SPREAD: f64 = 0.8;
/// The least and the longest time between two packets. Slower gains nothing: the usual receive
/// buffer, 208 KiB of kernel memory or 90 full packets, then holds half a second of them.
const STEP: (Duration, Duration) = (Duration::from_micros(60), Duration::from_millis(5));
/// Who is late catches up by so many packets at once, or by so many bytes if that is less.
const BURST: u32 = 16;
const BURST_BYTES: usize = 24 * 1024;
/// A third of the usual receive buffer: the next burst finds room, and so does who else sends.
const FULL: u64 = 64 * 1024;
/// Shorter sleeps take as long as this.
const NAP: Duration = Duration::from_millis(1);

/// The pace of one round.
#[derive(Debug)]
pub(super) struct Pace {
    step: Duration,
    burst: u32,
    next: Instant,
    sent: u32,
    queue: Option<Queue>,
}

impl Pace {
    /// For a round that probably takes so many bytes, in packets of so many.
    pub(super) fn new(interval: Duration, bytes: u64, most: usize, queue: Option<Queue>) -> Self {
        let packets = bytes.div_ceil(most.max(1) as u64).max(1);
        let step = interval.mul_f64(SPREAD).div_f64(packets as f64);
        let burst = BURST_BYTES / most.max(1);
        Self {
            step: step.clamp(STEP.0, STEP.1),
            burst: u32::try_from(burst).unwrap_or(BURST).clamp(1, BURST),
            next: Instant::now(),
            sent: 0,
            queue,
        }
    }

    /// Waits until a packet may go. No: the server has left too much unread until the end of the round.
    pub(super) fn wait(&mut self, end: Instant) -> bool {
        let now = Instant::now();
        let earliest = now.checked_sub(self.step * self.burst).unwrap_or(now);
        self.next = self.next.max(earliest);
        let ahead = self.next.saturating_duration_since(now);
        if ahead >= NAP {
            thread::sleep(ahead);
        }
        self.next += self.step;
        let due = self.sent.is_multiple_of(self.burst);
        if due && !self.has_room(end) {
            return false;
        }
        self.sent = self.sent.wrapping_add(1);
        true
    }

    fn has_room(&self, end: Instant) -> bool {
        let full = |queue: &Queue| queue.bytes().is_some_and(|b| b > FULL);
        while self.queue.as_ref().is_some_and(full) {
            if Instant::now() >= end {
                return false;
            }
            thread::sleep(NAP);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(interval_ms: u64, packets: u64) -> Pace {
        let interval = Duration::from_millis(interval_ms);
        Pace::new(interval, packets * 1000, 1000, None)
    }

    #[test]
    fn packets_are_spread_over_most_of_the_interval() {
        let mut pace = pace(250, 100);
        let before = Instant::now();
        for _ in 0..100 {
            assert!(pace.wait(before));
        }
        let took = before.elapsed();
        assert!(took >= Duration::from_millis(190), "{took:?}");
    }

    #[test]
    fn few_packets_do_not_take_the_whole_interval() {
        assert_eq!(pace(10_000, 2).step, Duration::from_millis(5));
        assert_eq!(pace(10_000, 0).step, Duration::from_millis(5));
        assert_eq!(pace(10_000, 25_000).step, Duration::from_micros(320));
    }

    #[test]
    fn who_is_late_catches_up_by_one_burst_alone() {
        let mut pace = pace(10_000, 2_000);
        pace.wait(Instant::now());
        thread::sleep(Duration::from_millis(300));
        let before = Instant::now();
        // 75 packets late; 16 of them go at once, the others as they would have.
        for _ in 0..40 {
            pace.wait(before);
        }
        let took = before.elapsed();
        assert!(took >= Duration::from_millis(80), "{took:?}");
    }

    #[test]
    fn a_burst_of_large_packets_is_small() {
        let of = |most| Pace::new(Duration::from_secs(10), 0, most, None).burst;
        assert_eq!((of(1432), of(8932), of(65_507)), (16, 2, 1));
    }
}
