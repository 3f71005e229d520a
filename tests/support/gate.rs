//! A gate between a client and a server: it forwards, cuts off, or hangs. In: connections. Out: the same bytes, or none.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What it does with connections, old ones and new.
#[derive(Clone, Debug, PartialEq)]
pub enum Mode {
    /// Forwards them to this address.
    To(String),
    /// Closes them.
    Cut,
    /// Takes them, and lets nothing through.
    Hang,
}

/// A gate that listens for as long as the tests run.
pub struct Gate {
    address: String,
    mode: Arc<Mutex<Mode>>,
}

impl Gate {
    pub fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mode = Arc::new(Mutex::new(Mode::To(server.to_owned())));
        let shared = Arc::clone(&mode);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mode = Arc::clone(&shared);
                thread::spawn(move || through(client, &mode));
            }
        });
        Self { address, mode }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }
}

/// One connection, from the mode in which it was taken until that changes.
fn through(client: TcpStream, mode: &Arc<Mutex<Mode>>) {
    let now = || mode.lock().unwrap().clone();
    let began = now();
    let server = match &began {
        Mode::To(server) => TcpStream::connect(server).ok(),
        Mode::Cut => None,
        Mode::Hang => {
            while now() == Mode::Hang {
                thread::sleep(Duration::from_millis(20));
            }
            None
        }
    };
    let Some(server) = server else {
        let _gone = client.shutdown(Shutdown::Both);
        return;
    };
    let (back_from, back_to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let (shared, same) = (Arc::clone(mode), began.clone());
    let back = thread::spawn(move || copy(back_from, back_to, &shared, &same));
    copy(client, server, mode, &began);
    let _ended = back.join();
}

/// Copies until an end, or until the gate does something else; when it hangs, so does this.
fn copy(mut from: TcpStream, mut to: TcpStream, mode: &Mutex<Mode>, began: &Mode) {
    let mut bytes = [0; 1 << 14];
    let patience = Some(Duration::from_millis(50));
    from.set_read_timeout(patience).unwrap();
    loop {
        let now = mode.lock().unwrap().clone();
        if now == Mode::Hang {
            thread::sleep(Duration::from_millis(20));
            continue;
        }
        if now != *began {
            break;
        }
        match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(n) if to.write_all(&bytes[..n]).is_ok() => {}
            Err(e)
                if matches!(
                    e.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            _ => break,
        }
    }
    let _gone = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
