//! The order in which a Java `HashMap` walks its keys, which decides ties in some of Kafka's assignors.
//!
//! In: the keys' hashes in the order of their insertion. Out: their order and buckets. Keys that share
//! a bucket stand in insertion order, which nobody outside the JVM knows: callers must say so.

use crate::model::TopicId;

/// `String.hashCode()`.
pub(super) fn text_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}

/// `Uuid.hashCode()`.
pub(super) fn id_hash(id: TopicId) -> i32 {
    let bits = id.bits();
    let both = (bits >> 64) as u64 ^ bits as u64;
    ((both >> 32) ^ both) as i32
}

/// The bucket of each key in a map that holds them all.
pub(super) fn buckets(hashes: &[i32]) -> Vec<usize> {
    let mut table = 16_usize;
    while hashes.len() * 4 > table * 3 {
        table *= 2;
    }
    let bucket = |hash: &i32| {
        let hash = *hash as u32;
        (hash ^ (hash >> 16)) as usize & (table - 1)
    };
    hashes.iter().map(bucket).collect()
}

/// Indices of the keys in the map's order.
pub(super) fn order(hashes: &[i32]) -> Vec<usize> {
    let buckets = buckets(hashes);
    let mut order: Vec<usize> = (0..hashes.len()).collect();
    order.sort_by_key(|i| buckets[*i]);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_javas() {
        assert_eq!(text_hash("hello"), 99162322);
        assert_eq!(text_hash("polygenelubricants"), i32::MIN);
        assert_eq!(text_hash(""), 0);
        assert_eq!(text_hash("Aa"), text_hash("BB"));
    }

    #[test]
    fn a_map_grows_beyond_three_quarters() {
        let twelve: Vec<i32> = (0..12).map(|i| i * 16).collect();
        assert!(buckets(&twelve).iter().all(|b| *b == 0));
        let thirteen: Vec<i32> = (0..13).map(|i| i * 16).collect();
        assert_eq!(buckets(&thirteen)[..3], [0, 16, 0]);
        assert_eq!(order(&[5, 3, 4]), [1, 2, 0]);
    }
}
