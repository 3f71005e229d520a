//! A broker's port: opened, closed and opened again as faults will it.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::Shared;
use super::connection;

/// One listener a broker, from the first address on.
pub(super) fn bind(first: SocketAddr, brokers: i32) -> io::Result<Vec<StdListener>> {
    (0..brokers as u16)
        .map(|k| {
            let port = if first.port() == 0 {
                0
            } else {
                first.port().saturating_add(k)
            };
            let listener = StdListener::bind(SocketAddr::new(first.ip(), port))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        })
        .collect()
}

/// Serves a broker for as long as the cluster lives.
pub(super) async fn serve(shared: Arc<Shared>, broker: i32, listener: StdListener) {
    let Ok(address) = listener.local_addr() else {
        return;
    };
    let mut down = shared.faults.watch_down(broker);
    let mut open = TcpListener::from_std(listener).ok();
    loop {
        let is_down = *down.borrow_and_update();
        if is_down {
            drop(open.take());
            if down.changed().await.is_err() {
                return;
            }
            continue;
        }
        let listener = match open.take() {
            Some(listener) => listener,
            None => match TcpListener::bind(address).await {
                Ok(listener) => listener,
                Err(error) => {
                    tracing::warn!(broker, %error, "embedded broker cannot have its port back yet");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                changed = down.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    break;
                }
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(connection::serve(shared.clone(), broker, stream));
                    }
                }
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
        open = Some(listener);
        connections.shutdown().await;
    }
}
