//! Bodies that are written while they are sent: a thread of their own writes, at most four pieces
//! ahead of what the client has read. A client that reads nothing for half a minute or has not read
//! all after five, or a body that failed half-way, gets a broken connection, never a short body
//! that looks whole.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const PIECE: usize = 64 * 1024;
const AHEAD: usize = 4;

/// How long a client may take.
#[derive(Clone, Copy)]
struct Patience {
    /// For the next piece.
    piece: Duration,
    /// For all: who reads a little now and then holds one of the few places as well. No scrape may
    /// take longer than the interval of scrapes, and nobody's is longer than this.
    whole: Duration,
}

const PATIENCE: Patience = Patience {
    piece: Duration::from_secs(30),
    whole: Duration::from_mins(5),
};

/// A body that `write` writes; what `keep` holds is let go once it is written or given up.
pub(super) fn streamed<W, K>(write: W, keep: K, abort: CancellationToken) -> Body
where
    W: FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    K: Send + 'static,
{
    streamed_within(PATIENCE, write, keep, abort)
}

fn streamed_within<W, K>(patience: Patience, write: W, keep: K, abort: CancellationToken) -> Body
where
    W: FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    K: Send + 'static,
{
    let until = Instant::now() + patience.whole;
    let (pieces, received) = mpsc::channel(AHEAD);
    let whole = Arc::new(AtomicBool::new(false));
    let done = Arc::clone(&whole);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let pieces = Pieces {
            pieces,
            runtime,
            abort,
            patience: patience.piece,
            until,
        };
        let mut out = BufWriter::with_capacity(PIECE, pieces);
        match write(&mut out).and_then(|()| out.flush()) {
            Ok(()) => done.store(true, Ordering::Release),
            Err(error) => tracing::debug!(%error, "a body was given up"),
        }
        // What is left in the buffer of a body that was given up is not to be sent.
        let (pieces, _) = out.into_parts();
        drop(pieces);
        drop(keep);
    });
    let stream = futures::stream::unfold(
        (received, whole, false),
        |(mut received, whole, over)| async move {
            if over {
                return None;
            }
            let (piece, over) = match received.recv().await {
                Some(piece) => (Ok(piece), false),
                None if whole.load(Ordering::Acquire) => return None,
                None => (Err(io::Error::from(io::ErrorKind::BrokenPipe)), true),
            };
            Some((piece, (received, whole, over)))
        },
    );
    Body::from_stream(stream)
}

/// Writes through gzip if it is taken: the fastest level, for a scrape's text is mostly repetition.
pub(super) fn gzipped(
    gzip: bool,
    out: &mut dyn Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    if !gzip {
        return write(out);
    }
    let mut packed = GzEncoder::new(out, Compression::fast());
    write(&mut packed)?;
    packed.finish().map(drop)
}

struct Pieces {
    pieces: mpsc::Sender<Bytes>,
    runtime: Handle,
    abort: CancellationToken,
    patience: Duration,
    until: Instant,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        let left = self.until.saturating_duration_since(Instant::now());
        let patience = self.patience.min(left);
        let sent: io::Result<()> = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.abort.cancelled() => Err(io::ErrorKind::ConnectionAborted.into()),
                () = tokio::time::sleep(patience) => Err(io::ErrorKind::TimedOut.into()),
                sent = self.pieces.send(piece) => sent.map_err(|_| io::ErrorKind::BrokenPipe.into()),
            }
        });
        sent.map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;

    use super::*;

    /// Reads a piece each few milliseconds, and tells whether the body broke off.
    async fn drip(patience: Patience) -> bool {
        let endless = |out: &mut dyn Write| -> io::Result<()> {
            let piece = vec![b'x'; PIECE];
            loop {
                out.write_all(&piece)?;
            }
        };
        let body = streamed_within(patience, endless, (), CancellationToken::new());
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            if piece.is_err() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_reads_a_little_now_and_then_is_cut_off_in_the_end() {
        let patience = Patience {
            piece: Duration::from_secs(30),
            whole: Duration::from_millis(300),
        };
        let broken = tokio::time::timeout(Duration::from_secs(20), drip(patience)).await;
        assert_eq!(broken, Ok(true));
    }
}
