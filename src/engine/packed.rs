//! Reads of a log end in a few bytes each: differences from one to the next as variable-length
//! integers, about seven bytes a point.
//!
//! In: points in order of time. Out: the same points, oldest first. Never lossy.

use serde::{Deserialize, Serialize};

use crate::model::{Span, Timestamp};

use super::history::Point;

/// Room is made for so many bytes at a time.
const ROOM: usize = 64;

/// Points in order of time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    count: u16,
    last: Option<Point>,
}

impl Packed {
    /// Adds a point that is no older than the last.
    pub(super) fn push(&mut self, point: Point) {
        let before = self.last.replace(point).unwrap_or(ORIGIN);
        if self.bytes.capacity() < self.bytes.len() + 3 * 10 {
            self.bytes.reserve_exact(ROOM);
        }
        let numbers = [
            (point.asked - before.asked).as_millis(),
            (point.answered - point.asked).as_millis(),
            point.offset.wrapping_sub(before.offset),
        ];
        for number in numbers {
            write(&mut self.bytes, number);
        }
        self.count = self.count.saturating_add(1);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// The newest.
    #[cfg(test)]
    pub(super) fn last(&self) -> Option<Point> {
        self.last
    }

    /// All, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Point> + '_ {
        let mut rest = self.bytes.as_slice();
        let mut before = ORIGIN;
        std::iter::from_fn(move || {
            let asked = before.asked + Span::from_millis(read(&mut rest)?);
            let answered = asked + Span::from_millis(read(&mut rest)?);
            let offset = before.offset.wrapping_add(read(&mut rest)?);
            before = Point {
                asked,
                answered,
                offset,
            };
            Some(before)
        })
    }

    /// Bytes on the heap.
    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.bytes.capacity()
    }
}

impl FromIterator<Point> for Packed {
    fn from_iter<I: IntoIterator<Item = Point>>(points: I) -> Self {
        let mut packed = Self::default();
        points.into_iter().for_each(|point| packed.push(point));
        packed
    }
}

/// From where the first point is told.
const ORIGIN: Point = Point {
    asked: Timestamp::from_millis(0),
    answered: Timestamp::from_millis(0),
    offset: 0,
};

/// Small numbers of either sign in few bytes: zigzag, then seven bits a byte, the lowest first.
fn write(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn read(bytes: &mut &[u8]) -> Option<i64> {
    let (mut number, mut shift) = (0_u64, 0_u32);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((number >> 1) as i64 ^ -((number & 1) as i64));
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(
            numbers in prop::collection::vec((-1_i64 << 40..1_i64 << 41, -5_i64..100_000, any::<i64>()), 0..50),
        ) {
            let points: Vec<Point> = numbers
                .into_iter()
                .map(|(asked, took, offset)| Point {
                    asked: Timestamp::from_millis(asked),
                    answered: Timestamp::from_millis(asked + took),
                    offset,
                })
                .collect();
            let packed: Packed = points.iter().copied().collect();
            prop_assert_eq!(packed.len(), points.len());
            prop_assert_eq!(packed.last(), points.last().copied());
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), points);
        }
    }
}
