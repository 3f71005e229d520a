//! A receiver of webhooks that does as a test says. In: requests. Out: what came, in order, and when.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::Value;

/// What is done with a request.
pub enum Does {
    /// It is taken and answered with 200.
    Takes,
    /// It is answered with this code and, if it is given, `Retry-After`; it counts as not taken.
    Answers(u16, Option<u32>),
    /// Nothing is answered for so long; then the connection is cut.
    Hangs(Duration),
    /// It is taken, and answered with 200 after so long.
    TakesIn(Duration),
    /// The connection is cut after the request was taken.
    Cuts,
}

/// A request that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// When it was in, since 1970.
    pub at: Duration,
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub text: String,
    /// `null` if it is no JSON.
    pub body: Value,
}

impl Taken {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

type Taking = Arc<dyn Fn(&Taken, usize) -> Does + Send + Sync>;

/// A listener on this machine.
pub struct Hook {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Hook {
    /// One that takes everything.
    pub fn start() -> Self {
        Self::that(|_, _| Does::Takes)
    }

    /// One that does with a request, the n-th (from 1), as it is told.
    pub fn that(does: impl Fn(&Taken, usize) -> Does + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (taken, tries) = (Arc::<Mutex<Vec<Taken>>>::default(), Arc::new(Mutex::new(0)));
        let does: Taking = Arc::new(does);
        let keeps = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (keeps, tries, does) =
                    (Arc::clone(&keeps), Arc::clone(&tries), Arc::clone(&does));
                thread::spawn(move || serve(stream, &keeps, &tries, &does));
            }
        });
        Self { address, taken }
    }

    /// Its address with a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it took, in order.
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }
}

/// The time since 1970.
pub fn now() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
}

/// Answers requests until the connection ends.
fn serve(stream: TcpStream, keeps: &Mutex<Vec<Taken>>, tries: &Mutex<usize>, does: &Taking) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read(&mut reader) {
        let n = {
            let mut tries = tries.lock().unwrap();
            *tries += 1;
            *tries
        };
        let (head, keep) = match does(&request, n) {
            Does::Takes => ("200 OK".to_owned(), true),
            Does::Answers(code, after) => {
                let after = after.map_or_else(String::new, |s| format!("\r\nRetry-After: {s}"));
                (format!("{code} Told so{after}"), false)
            }
            Does::Hangs(time) => {
                thread::sleep(time);
                return;
            }
            Does::TakesIn(time) => {
                keeps.lock().unwrap().push(request.clone());
                thread::sleep(time);
                ("200 OK".to_owned(), false)
            }
            Does::Cuts => {
                keeps.lock().unwrap().push(request);
                return;
            }
        };
        if keep {
            keeps.lock().unwrap().push(request);
        }
        let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 2\r\n\r\nok");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Taken> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|l| l.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let text = String::from_utf8_lossy(&body).into_owned();
    Some(Taken {
        at: now(),
        path,
        headers,
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
        text,
    })
}
