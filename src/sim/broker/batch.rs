//! Record batches of format 2, written by hand: what a log holds, with true times and a right checksum.

use bytes::{BufMut, BytesMut};

/// What a batch is, beside its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nature {
    /// Whether it is part of a transaction.
    pub(super) transactional: bool,
    /// Whether it is a marker.
    pub(super) control: bool,
    /// Who wrote it; −1: nobody in particular.
    pub(super) producer: i64,
}

impl Nature {
    /// Written by an ordinary producer.
    pub(super) const PLAIN: Self = Self {
        transactional: false,
        control: false,
        producer: -1,
    };
}

/// One record of a batch.
pub(super) struct Entry {
    pub(super) offset: i64,
    pub(super) at: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
}

/// Bytes before the records, from the base offset on.
const HEADER: usize = 61;
/// Where the checksum begins to count.
const CHECKED_FROM: usize = 21;

/// Appends a batch of a run of records of one nature, which are in order.
pub(super) fn write(
    out: &mut BytesMut,
    nature: Nature,
    leader_epoch: i32,
    run: &[(Nature, Entry)],
) {
    let entries = || run.iter().map(|(_, entry)| entry);
    let (Some(first), Some(last)) = (entries().next(), entries().next_back()) else {
        return;
    };
    let start = out.len();
    let newest = entries().map(|entry| entry.at).max().unwrap_or(first.at);
    out.put_i64(first.offset);
    out.put_i32(0); // length, below
    out.put_i32(leader_epoch);
    out.put_i8(2);
    out.put_u32(0); // checksum, below
    out.put_i16(i16::from(nature.transactional) << 4 | i16::from(nature.control) << 5);
    out.put_i32((last.offset - first.offset) as i32);
    out.put_i64(first.at);
    out.put_i64(newest);
    out.put_i64(nature.producer);
    let idempotent = nature.producer >= 0;
    out.put_i16(if idempotent { 0 } else { -1 });
    out.put_i32(if idempotent && !nature.control {
        (first.offset & 0x7FFF_FFFF) as i32
    } else {
        -1
    });
    out.put_i32(run.len() as i32);
    debug_assert_eq!(out.len() - start, HEADER);
    let mut body = BytesMut::with_capacity(128);
    for entry in entries() {
        body.clear();
        body.put_i8(0);
        varint(&mut body, entry.at - first.at);
        varint(&mut body, entry.offset - first.offset);
        bytes(&mut body, entry.key.as_deref());
        bytes(&mut body, entry.value.as_deref());
        varint(&mut body, 0);
        varint(out, body.len() as i64);
        out.put_slice(&body);
    }
    let length = (out.len() - start - 12) as i32;
    out[start + 8..start + 12].copy_from_slice(&length.to_be_bytes());
    let checksum = crc32c::crc32c(&out[start + CHECKED_FROM..]);
    out[start + 17..start + 21].copy_from_slice(&checksum.to_be_bytes());
}

fn bytes(out: &mut BytesMut, value: Option<&[u8]>) {
    match value {
        None => varint(out, -1),
        Some(value) => {
            varint(out, value.len() as i64);
            out.put_slice(value);
        }
    }
}

/// A signed variable-length integer, zigzag.
fn varint(out: &mut BytesMut, value: i64) {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    while left >= 0x80 {
        out.put_u8(left as u8 | 0x80);
        left >>= 7;
    }
    out.put_u8(left as u8);
}

#[cfg(test)]
mod tests {
    use kafka_protocol::records::RecordBatchDecoder;

    use super::*;

    #[test]
    fn another_decoder_reads_what_is_written() {
        let entry = |offset, at, value: &str| Entry {
            offset,
            at,
            key: (offset % 2 == 0).then(|| b"key".to_vec()),
            value: Some(value.as_bytes().to_vec()),
        };
        let long = "x".repeat(700);
        let entries = [
            entry(40, 1_000, "a"),
            entry(41, 990, &long),
            entry(47, 200_000, ""),
        ];
        let mut out = BytesMut::new();
        let nature = Nature {
            transactional: true,
            control: false,
            producer: 9,
        };
        let run = entries.map(|entry| (nature, entry));
        write(&mut out, nature, 3, &run);
        let records = RecordBatchDecoder::decode_all(&mut out.freeze())
            .expect("batch")
            .remove(0)
            .records;
        assert_eq!(records.len(), 3);
        for (record, (_, entry)) in records.iter().zip(&run) {
            assert_eq!((record.offset, record.timestamp), (entry.offset, entry.at));
            assert_eq!(record.key.as_deref(), entry.key.as_deref());
            assert_eq!(record.value.as_deref(), entry.value.as_deref());
            assert!(
                record.transactional
                    && record.producer_id == 9
                    && record.partition_leader_epoch == 3
            );
        }
    }
}
