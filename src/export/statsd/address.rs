//! Where gauges are sent, and the socket for it.

use std::fmt;
use std::io;
use std::net::{ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::queue::Queue;

/// How long one packet may wait for a reader.
const PATIENCE: Duration = Duration::from_millis(500);

/// A StatsD server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// UDP, `HOST:PORT`.
    Udp(String),
    /// A Unix datagram socket.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("unix:") {
            // As it is often written: unix:///run/statsd.sock
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.is_empty() {
                return Ok(Self::Unix(path.into()));
            }
        }
        let address = text.strip_prefix("udp://").unwrap_or(text);
        match address.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|p| p > 0) => {
                Ok(Self::Udp(address.to_owned()))
            }
            _ => Err(format!(
                "`{text}` is no StatsD server: write HOST:PORT, or unix:/path/of/the.sock"
            )),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Address {
    /// What a packet may hold: an Ethernet frame's UDP payload with room for tunnels, or what
    /// Datadog's agent reads from a socket.
    pub(super) const fn packet_bytes(&self) -> usize {
        match self {
            Self::Udp(_) => 1432,
            Self::Unix(_) => 8192,
        }
    }

    /// Looked up anew each time: a name may have moved.
    pub(super) fn connect(&self) -> io::Result<Socket> {
        match self {
            Self::Udp(address) => {
                let server = address.to_socket_addrs()?.next();
                let server = server.ok_or_else(|| io::Error::other("the name has no address"))?;
                let any = if server.is_ipv4() {
                    "0.0.0.0:0"
                } else {
                    "[::]:0"
                };
                let socket = UdpSocket::bind(any)?;
                socket.connect(server)?;
                socket.set_write_timeout(Some(PATIENCE))?;
                Ok(Socket::Udp(socket))
            }
            Self::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(path)?;
                socket.set_write_timeout(Some(PATIENCE))?;
                Ok(Socket::Unix(socket))
            }
        }
    }
}

/// A connected socket.
#[derive(Debug)]
pub(super) enum Socket {
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

impl Socket {
    pub(super) fn send(&self, packet: &[u8]) -> io::Result<usize> {
        match self {
            Self::Udp(socket) => socket.send(packet),
            Self::Unix(socket) => socket.send(packet),
        }
    }

    /// What the receiver has yet to read, where that can be seen.
    pub(super) fn queue(&self) -> Option<Queue> {
        match self {
            Self::Udp(socket) => Queue::of(socket),
            Self::Unix(_) => None,
        }
    }

    /// Whether a full receiver makes the sender wait; UDP loses instead.
    pub(super) const fn waits(&self) -> bool {
        matches!(self, Self::Unix(_))
    }
}
