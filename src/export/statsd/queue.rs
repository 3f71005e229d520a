//! How much of what was sent a UDP server on this machine has yet to read.
//!
//! UDP tells nobody that a receive buffer is full: what comes then is lost in silence. Of sockets
//! on the same machine Linux does tell, in `/proc/net/udp`; of servers elsewhere, and on other
//! systems, nobody does, and there is no queue.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Sockets of each address family, in the form that proc(5) describes.
const TABLES: [&str; 2] = ["/proc/net/udp", "/proc/net/udp6"];

/// What waits for one server.
#[derive(Debug)]
pub(super) struct Queue {
    server: SocketAddr,
}

impl Queue {
    /// Of the server that `socket` is connected to, if it is on this machine: then the kernel takes
    /// the same address for both ends.
    pub(super) fn of(socket: &UdpSocket) -> Option<Self> {
        let (own, server) = (socket.local_addr().ok()?, socket.peer_addr().ok()?);
        let here = own.ip() == server.ip() || server.ip().is_loopback();
        here.then_some(Self { server })
    }

    /// Bytes of kernel memory that wait to be read: of the fullest, if several sockets share the
    /// port. `None`: nobody listens, or nobody tells.
    pub(super) fn bytes(&self) -> Option<u64> {
        let read = |table: &&str| fs::read_to_string(table).ok();
        let tables: Vec<_> = TABLES.iter().filter_map(read).collect();
        let lines = tables.iter().flat_map(|t| t.lines().skip(1));
        lines.filter_map(|line| waiting(line, self.server)).max()
    }
}

/// What waits for the socket of this line, if that is where `server`'s packets go.
fn waiting(line: &str, server: SocketAddr) -> Option<u64> {
    let mut fields = line.split_ascii_whitespace();
    let (address, port) = fields.nth(1)?.split_once(':')?;
    if u16::from_str_radix(port, 16).ok()? != server.port() {
        return None;
    }
    let address = ip(address)?.to_canonical();
    if !address.is_unspecified() && address != server.ip().to_canonical() {
        return None;
    }
    let (_, received) = fields.nth(2)?.split_once(':')?;
    u64::from_str_radix(received, 16).ok()
}

/// An address as words of the machine's own byte order.
fn ip(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let digits = hex.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    if hex.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?).into());
    }
    let mut bytes = [0; 16];
    for (at, part) in bytes.chunks_exact_mut(4).enumerate() {
        part.copy_from_slice(&word(at)?);
    }
    Some(Ipv6Addr::from(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_server_here_has_not_read_is_seen_whatever_address_it_listens_on() {
        for (listens, reached) in [
            ("127.0.0.1", "127.0.0.1"),
            ("0.0.0.0", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[::]", "[::1]"),
            ("[::]", "127.0.0.1"),
        ] {
            // A machine may have no IPv6.
            let Ok(server) = UdpSocket::bind(format!("{listens}:0")) else {
                continue;
            };
            let port = server.local_addr().unwrap().port();
            let any = if reached.starts_with('[') {
                "[::]:0"
            } else {
                "0.0.0.0:0"
            };
            let socket = UdpSocket::bind(any).unwrap();
            socket.connect(format!("{reached}:{port}")).unwrap();
            let queue = Queue::of(&socket).unwrap();
            assert_eq!(queue.bytes(), Some(0), "{listens}");
            for _ in 0..4 {
                socket.send(&[0; 1432]).unwrap();
            }
            let waits = queue.bytes().unwrap();
            assert!(waits >= 4 * 1432, "{listens}: {waits}");
            drop(server);
            assert_eq!(queue.bytes(), None, "{listens}");
        }
    }

    #[test]
    fn a_server_elsewhere_has_no_queue_and_a_neighbours_socket_is_not_its() {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        // Of a net for documentation: nothing is sent there.
        if socket.connect("192.0.2.1:8125").is_ok() {
            assert!(Queue::of(&socket).is_none());
        }
        let server = "127.0.0.1:8125".parse().unwrap();
        let line = |address: &str| {
            format!(
                "  12: {address} 00000000:0000 07 00000000:00000900 00:00000000 00000000 0 0 7 2 0 0"
            )
        };
        assert_eq!(waiting(&line("00000000:1FBD"), server), Some(0x900));
        assert_eq!(waiting(&line("00000000:1FBE"), server), None);
        assert_eq!(waiting("no line of that table", server), None);
        let other = u32::from_ne_bytes([10, 0, 0, 1]);
        assert_eq!(waiting(&line(&format!("{other:08X}:1FBD")), server), None);
    }
}
