//! One client, its queue, and the file descriptor that says "something came".

use super::answers::Reply;
use super::call;
use super::conf::{Conf, ErrorText, PropertyError};
use super::reply;
use super::request::Request;
use super::sys;
use super::text::{KafkaFailure, Names, owned};
use rdkafka::bindings as c;
use std::ffi::{c_char, c_int, c_void};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// How many C clients exist in this process, those being destroyed included.
pub fn live_clients() -> usize {
    LIVE.load(Ordering::SeqCst)
}

/// A broker made its client wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// The broker that throttled.
    pub broker: i32,
    /// For how long.
    pub wait: Duration,
}

/// What came out of the queue.
#[derive(Debug)]
pub enum Event {
    /// The answer to the request that was submitted with this token.
    Reply {
        /// The token.
        token: usize,
        /// The whole answer, or why there is none. Elements may still have
        /// failed each for itself.
        answer: Result<Reply, KafkaFailure>,
    },
    /// A line for the log.
    Log {
        /// As in syslog: 3 error, 4 warning, 6 information, 7 debug.
        level: i32,
        /// librdkafka's facility, such as `FAIL`.
        facility: String,
        /// The line. Scrub before it is shown.
        message: String,
    },
    /// Something that concerns the client as a whole, such as an
    /// authentication that failed or no broker being up.
    ClientError(KafkaFailure),
    /// Throttling that brokers reported.
    Throttled(Throttle),
}

#[derive(Default)]
struct Throttles(Mutex<Vec<Throttle>>);

/// A client that reads a cluster. `Send` and `Sync`; dropping it returns at
/// once, a thread of its own destroys the C object.
pub struct Handle {
    client: NonNull<c::rd_kafka_t>,
    queue: NonNull<c::rd_kafka_queue_t>,
    wake: File,
    throttles: Option<Box<Throttles>>,
    gone: Option<oneshot::Sender<()>>,
}

// SAFETY: librdkafka's client and queue may be used from any thread at once;
// the rest is `Send` and `Sync` by itself.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

unsafe extern "C" fn on_throttle(
    _: *mut c::rd_kafka_t,
    _: *const c_char,
    broker: i32,
    millis: c_int,
    opaque: *mut c_void,
) {
    if opaque.is_null() {
        return;
    }
    // SAFETY: the opaque is the box of the handle; callbacks run only inside
    // `Handle::poll`, so the box lives.
    let throttles = unsafe { &*opaque.cast::<Throttles>() };
    let wait = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    let mut list = throttles.0.lock().unwrap_or_else(PoisonError::into_inner);
    if list.len() < 1024 {
        list.push(Throttle { broker, wait });
    }
}

impl Handle {
    /// Makes the client. Connects to nothing yet. The receiver hears of the
    /// C object's end, once that is over.
    pub fn new(
        properties: &[(String, String)],
    ) -> Result<(Self, oneshot::Receiver<()>), PropertyError> {
        let wake = eventfd().map_err(|e| client_error(&format!("eventfd: {e}")))?;
        let throttles = Box::<Throttles>::default();
        let client = create(properties, &throttles)?;
        // SAFETY: the client lives; the new queue is ours to destroy.
        let queue = NonNull::new(unsafe { c::rd_kafka_queue_new(client.as_ptr()) })
            .ok_or_else(|| client_error("no queue"))?;
        let (gone, heard) = oneshot::channel();
        let handle = Self {
            client,
            queue,
            wake,
            throttles: Some(throttles),
            gone: Some(gone),
        };
        handle.wire_up();
        Ok((handle, heard))
    }

    /// Makes a client to see whether it can be made, and ends it. With no address among the
    /// properties it has nothing to connect to; no callback ever runs.
    pub fn try_out(properties: &[(String, String)]) -> Result<(), PropertyError> {
        let throttles = Box::<Throttles>::default();
        let doomed = Doomed {
            client: create(properties, &throttles)?,
            _throttles: Some(throttles),
            gone: None,
        };
        doomed.destroy();
        Ok(())
    }

    /// Leads logs, errors and answers into the one queue, token refreshes to
    /// librdkafka's own thread, and the queue's wake-ups to the descriptor.
    fn wire_up(&self) {
        let (client, queue) = (self.client.as_ptr(), self.queue.as_ptr());
        let one = 1u64.to_ne_bytes();
        // SAFETY: both objects live; the payload is copied; the main queue's
        // reference is given back, the forwarding stays.
        unsafe {
            c::rd_kafka_queue_io_event_enable(queue, self.wake.as_raw_fd(), one.as_ptr().cast(), 8);
            let main = c::rd_kafka_queue_get_main(client);
            c::rd_kafka_queue_forward(main, queue);
            c::rd_kafka_queue_destroy(main);
            c::rd_kafka_set_log_queue(client, queue);
            let error = c::rd_kafka_sasl_background_callbacks_enable(client);
            if !error.is_null() {
                c::rd_kafka_error_destroy(error);
            }
        }
    }

    /// Readable whenever [`Handle::poll`] may have something. Needs a tokio
    /// runtime with I/O.
    pub fn wake(&self) -> io::Result<AsyncFd<OwnedFd>> {
        let own = self.wake.as_fd().try_clone_to_owned()?;
        // SAFETY: an owned, valid descriptor that is not replaced or closed
        // while `AsyncFd` owns it.
        Ok(unsafe { AsyncFd::register_with_interest(own, Interest::READABLE) }?)
    }

    /// Takes the wake-ups so far off the descriptor; poll the queue until it
    /// is empty afterwards.
    pub fn clear_wake(&self) {
        let mut count = [0u8; 8];
        // An empty descriptor (`WouldBlock`) is as good as a read one.
        let _ = (&self.wake).read(&mut count);
    }

    /// Sends a request whose answer, or time-out, will be a
    /// [`Event::Reply`] with this token. Returns at once.
    pub fn submit(
        &self,
        request: &Request,
        token: usize,
        timeout: Duration,
    ) -> Result<(), KafkaFailure> {
        call::send(
            self.client.as_ptr(),
            self.queue.as_ptr(),
            request,
            token,
            timeout,
        )
    }

    /// The next event, if any; never waits. One thread at a time.
    pub fn poll(&self, names: &mut Names) -> Option<Event> {
        loop {
            if let Some(throttle) = self.next_throttle() {
                return Some(Event::Throttled(throttle));
            }
            // SAFETY: the queue lives; a non-null event is ours to destroy.
            let raw = unsafe { c::rd_kafka_queue_poll(self.queue.as_ptr(), 0) };
            let Some(raw) = NonNull::new(raw) else {
                return self.next_throttle().map(Event::Throttled);
            };
            let event = RawEvent(raw);
            if let Some(event) = event.read(names) {
                return Some(event);
            }
        }
    }

    fn next_throttle(&self) -> Option<Throttle> {
        let throttles = self.throttles.as_ref()?;
        throttles
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    pub(super) fn client(&self) -> *mut c::rd_kafka_t {
        self.client.as_ptr()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: nobody else uses the queue any more. The descriptor is
        // detached before it closes; late answers die with the queue.
        unsafe {
            c::rd_kafka_queue_io_event_enable(self.queue.as_ptr(), -1, ptr::null(), 0);
            c::rd_kafka_queue_destroy(self.queue.as_ptr());
        }
        let doomed = Doomed {
            client: self.client,
            _throttles: self.throttles.take(),
            gone: self.gone.take(),
        };
        // A name look-up in progress can hold this up for long, so nobody
        // waits. Where no thread can be had, the client is leaked.
        let _ = std::thread::Builder::new()
            .name("kafka-close".into())
            .spawn(move || doomed.destroy());
    }
}

struct Doomed {
    client: NonNull<c::rd_kafka_t>,
    _throttles: Option<Box<Throttles>>,
    gone: Option<oneshot::Sender<()>>,
}

// SAFETY: the last owner of the client, on its way to one other thread.
unsafe impl Send for Doomed {}

impl Doomed {
    fn destroy(self) {
        // SAFETY: the last use of the client. The group was never joined, so
        // there is nothing to close.
        unsafe {
            c::rd_kafka_destroy_flags(
                self.client.as_ptr(),
                c::RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE,
            );
        }
        LIVE.fetch_sub(1, Ordering::SeqCst);
        if let Some(gone) = self.gone {
            let _ = gone.send(());
        }
    }
}

fn client_error(message: &str) -> PropertyError {
    PropertyError::Client {
        message: message.to_owned(),
    }
}

fn eventfd() -> io::Result<File> {
    // SAFETY: makes a new descriptor that only the returned file owns.
    unsafe {
        match libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(File::from_raw_fd(fd)),
        }
    }
}

fn create(
    properties: &[(String, String)],
    throttles: &Throttles,
) -> Result<NonNull<c::rd_kafka_t>, PropertyError> {
    let conf = Conf::new(properties)?;
    // Else librdkafka writes its log to stderr itself.
    conf.set("log.queue", "true")?;
    let mut text = ErrorText::new();
    let (buffer, size) = text.buffer();
    let events = c::RD_KAFKA_EVENT_ERROR | c::RD_KAFKA_EVENT_LOG;
    // SAFETY: the opaque outlives the client: `Doomed` holds it to the end.
    let client = unsafe {
        c::rd_kafka_conf_set_events(conf.as_ptr(), events);
        c::rd_kafka_conf_enable_sasl_queue(conf.as_ptr(), 1);
        c::rd_kafka_conf_set_opaque(conf.as_ptr(), ptr::from_ref(throttles).cast_mut().cast());
        c::rd_kafka_conf_set_throttle_cb(conf.as_ptr(), Some(on_throttle));
        c::rd_kafka_new(
            c::rd_kafka_type_t::RD_KAFKA_CONSUMER,
            conf.as_ptr(),
            buffer,
            size,
        )
    };
    let client = NonNull::new(client).ok_or_else(|| PropertyError::Client {
        message: text.text(),
    })?;
    conf.release();
    LIVE.fetch_add(1, Ordering::SeqCst);
    Ok(client)
}

/// An event that is destroyed when it has been read.
struct RawEvent(NonNull<c::rd_kafka_event_t>);

impl RawEvent {
    fn read(&self, names: &mut Names) -> Option<Event> {
        let event = self.0.as_ptr();
        // SAFETY: the event lives until the drop.
        match unsafe { c::rd_kafka_event_type(event) } {
            c::RD_KAFKA_EVENT_LOG => self.log(),
            c::RD_KAFKA_EVENT_ERROR => self.failure().map(Event::ClientError),
            kind => {
                // SAFETY: as above; for an answer the opaque is our token.
                let token = unsafe { c::rd_kafka_event_opaque(event) } as usize;
                if !reply::is_reply(kind) {
                    return None;
                }
                let answer = match self.failure() {
                    Some(failure) => Err(failure),
                    // SAFETY: a live event of this kind.
                    None => unsafe { reply::read(event, kind, names) },
                };
                Some(Event::Reply { token, answer })
            }
        }
    }

    fn failure(&self) -> Option<KafkaFailure> {
        // SAFETY: the event lives; its text is copied.
        let (code, message) = unsafe {
            (
                sys::rd_kafka_event_error(self.0.as_ptr()),
                owned(c::rd_kafka_event_error_string(self.0.as_ptr())),
            )
        };
        (code != 0).then(|| KafkaFailure::with(code, message))
    }

    fn log(&self) -> Option<Event> {
        let (mut facility, mut message, mut level) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the event lives, so do the two strings while we copy them.
        unsafe {
            (c::rd_kafka_event_log(
                self.0.as_ptr(),
                &raw mut facility,
                &raw mut message,
                &raw mut level,
            ) == 0)
                .then(|| Event::Log {
                    level,
                    facility: owned(facility),
                    message: owned(message),
                })
        }
    }
}

impl Drop for RawEvent {
    fn drop(&mut self) {
        // SAFETY: ours, and nothing borrowed from it is left.
        unsafe { c::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}
