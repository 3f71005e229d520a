//! Bodies that are written while they are sent: a thread of their own writes, at most four pieces
//! ahead of what the client has read. A client that reads nothing for half a minute, or a body
//! that failed half-way, gets a broken connection, never a short body that looks whole.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const PIECE: usize = 64 * 1024;
const AHEAD: usize = 4;
const PATIENCE: Duration = Duration::from_secs(30);

/// A body that `write` writes; what `keep` holds is let go once it is written or given up.
pub(super) fn streamed<W, K>(write: W, keep: K, abort: CancellationToken) -> Body
where
    W: FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    K: Send + 'static,
{
    let (pieces, received) = mpsc::channel(AHEAD);
    let whole = Arc::new(AtomicBool::new(false));
    let done = Arc::clone(&whole);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let pieces = Pieces {
            pieces,
            runtime,
            abort,
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
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        let sent: io::Result<()> = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.abort.cancelled() => Err(io::ErrorKind::ConnectionAborted.into()),
                sent = self.pieces.send(piece) => sent.map_err(|_| io::ErrorKind::BrokenPipe.into()),
                () = tokio::time::sleep(PATIENCE) => Err(io::ErrorKind::TimedOut.into()),
            }
        });
        sent.map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
