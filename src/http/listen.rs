//! Taking an address to listen on, and saying clearly why it cannot be had.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// An address that was taken.
pub struct Listener {
    pub(super) tcp: TcpListener,
    addr: SocketAddr,
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process has it.
    #[error(
        "cannot listen on {addr}: another process does already; choose another with --listen HOST:PORT"
    )]
    InUse {
        /// The address.
        addr: String,
    },
    /// The system does not let us.
    #[error(
        "cannot listen on {addr}: not permitted; ports below 1024 need a right of their own, so choose a higher one with --listen HOST:PORT"
    )]
    NotPermitted {
        /// The address.
        addr: String,
    },
    /// It is no address of this machine, or no address at all.
    #[error(
        "cannot listen on {addr}: {source}; write an address of this machine as HOST:PORT, for example 127.0.0.1:9550"
    )]
    Other {
        /// The address.
        addr: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Listener {
    /// Takes `addr`, as HOST:PORT; port 0 is any that is free.
    ///
    /// # Errors
    ///
    /// Why it cannot be had.
    pub async fn bind(addr: &str) -> Result<Self, ListenError> {
        let failed = |source: io::Error| {
            let addr = addr.to_owned();
            match source.kind() {
                io::ErrorKind::AddrInUse => ListenError::InUse { addr },
                io::ErrorKind::PermissionDenied => ListenError::NotPermitted { addr },
                _ => ListenError::Other { addr, source },
            }
        };
        let tcp = TcpListener::bind(addr).await.map_err(failed)?;
        let addr = tcp.local_addr().map_err(failed)?;
        Ok(Self { tcp, addr })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}
