//! Connections: accepted, encrypted, bounded in number and in patience.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use super::web::Tls;

/// Connections that are open at once; more wait in the kernel.
const CONNECTIONS: usize = 512;
/// How long a client may take for its handshake, and for the head of a request.
const HEAD: Duration = Duration::from_secs(10);
/// How long a client may read nothing of what is sent to it.
const WRITE: Duration = Duration::from_secs(30);
/// How long requests that are running may go on after the end was ordered.
const GRACE: Duration = Duration::from_secs(3);

/// Answers on `listener` until `cancel`, then lets what is running end.
pub(super) async fn run(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    router: Router,
    cancel: CancellationToken,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = async {
            // Never closed: an error cannot be.
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((socket, _)) => {
                let connection =
                    connection(socket, tls.clone(), router.clone(), graceful.watcher());
                tokio::spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) if of_one_connection(&error) => {}
            Err(error) => {
                // No file descriptor left, most likely: others will be closed.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
    drop(listener);
    let _too_late = timeout(GRACE, graceful.shutdown()).await;
    Ok(())
}

fn of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

async fn connection(socket: TcpStream, tls: Option<Arc<Tls>>, router: Router, watcher: Watcher) {
    let _ = socket.set_nodelay(true);
    let mut socket = TimeoutStream::new(socket);
    socket.set_write_timeout(Some(WRITE));
    let socket = Box::pin(socket);
    let Some(tls) = tls else {
        return requests(socket, router, watcher).await;
    };
    match timeout(HEAD, tls.acceptor().accept(socket)).await {
        Ok(Ok(stream)) => requests(Box::pin(stream), router, watcher).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn requests<S>(stream: Pin<Box<S>>, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(serving).await {
        tracing::debug!(%error, "a connection broke");
    }
}
