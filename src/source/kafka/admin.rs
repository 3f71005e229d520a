//! Asynchronous calls on one client: each waits for its own answer on the one
//! queue, and one task completes them all.
//!
//! In: typed requests with a time-out each. Out: owned answers, an error an
//! element. A call that is dropped costs nothing but its answer's way. It
//! never blocks an asynchronous thread; the two blocking reads run on the
//! blocking pool. What the client says of itself (logs, errors, throttling)
//! goes to the [`Listener`].

use super::ffi::{
    ClusterDescription, ClusterMetadata, Event, GroupDescription, GroupInfo, GroupListing,
    GroupOffsets, Handle, KafkaFailure, ListedPartition, Names, PropertyError, Reply, Request,
    ResourceConfigs, Throttle, TopicDescription, TopicOffsets,
};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};

/// librdkafka's code for a time-out on this side.
pub const TIMED_OUT: i32 = -185;
/// librdkafka's code for a client that is being destroyed.
pub const DESTROYED: i32 = -197;
const UNEXPECTED: i32 = -199;

/// A wake-up that got lost costs this much at most.
const SAFETY_TICK: Duration = Duration::from_secs(1);
/// How much longer than its own time-out a call is waited for.
const GRACE: Duration = Duration::from_secs(2);

type Answer = Result<Reply, KafkaFailure>;

/// Hears what a client says of itself, on the task that completes the calls:
/// be quick.
pub trait Listener: Send + Sync + 'static {
    /// A line for the log; level as in syslog.
    fn log(&self, level: i32, facility: &str, message: &str);
    /// An error of the client as a whole.
    fn error(&self, failure: &KafkaFailure);
    /// A broker asked for a pause.
    fn throttled(&self, throttle: Throttle);
}

struct Inner {
    handle: Handle,
    names: Mutex<Names>,
    waiting: Mutex<FxHashMap<usize, oneshot::Sender<Answer>>>,
    next: AtomicUsize,
    sent: Mutex<BTreeMap<&'static str, u64>>,
}

/// A client's calls. Clones share the client; the last one closes it.
#[derive(Clone)]
pub struct Admin {
    inner: Arc<Inner>,
    stop: CancellationToken,
    gone: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
    _guard: Arc<DropGuard>,
}

/// What a listing of groups gave.
#[derive(Debug, Clone)]
pub struct GroupsListed {
    /// The groups that could be listed.
    pub groups: Vec<GroupListing>,
    /// One a broker that could not be asked: with any, the listing is incomplete.
    pub failures: Vec<KafkaFailure>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn of_another_kind<T>(_: Reply) -> Result<T, KafkaFailure> {
    Err(KafkaFailure::with(
        UNEXPECTED,
        "the answer is not of the kind that was asked for".into(),
    ))
}

impl Admin {
    /// Makes a client and starts the task that completes its calls. Needs a
    /// tokio runtime with I/O; connects to nothing yet.
    pub fn new(
        properties: &[(String, String)],
        listener: Arc<dyn Listener>,
    ) -> Result<Self, PropertyError> {
        let (handle, gone) = Handle::new(properties)?;
        let wake = handle.wake().map_err(|error| PropertyError::Client {
            message: error.to_string(),
        })?;
        let inner = Arc::new(Inner {
            handle,
            names: Mutex::default(),
            waiting: Mutex::default(),
            next: AtomicUsize::new(1),
            sent: Mutex::default(),
        });
        let stop = CancellationToken::new();
        tokio::spawn(drive(Arc::clone(&inner), wake, stop.clone(), listener));
        Ok(Self {
            inner,
            _guard: Arc::new(stop.clone().drop_guard()),
            stop,
            gone: Arc::new(Mutex::new(Some(gone))),
        })
    }

    /// Ends the client: calls under way fail with [`DESTROYED`]. Waits for the
    /// C object's end, though no longer than this; true if it has ended.
    pub async fn close(self, patience: Duration) -> bool {
        let gone = lock(&self.gone).take();
        self.stop.cancel();
        drop(self);
        match gone {
            Some(gone) => tokio::time::timeout(patience, gone).await.is_ok(),
            None => false,
        }
    }

    /// Requests sent so far, by Kafka's name of the API (calls, where one call
    /// hides several requests).
    pub fn sent(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.inner.sent).clone()
    }

    /// Sends a request and waits for its answer, no longer than the time-out
    /// and a little grace.
    pub async fn call(&self, request: Request, timeout: Duration) -> Answer {
        let token = self.inner.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.inner.count(request.api());
        lock(&self.inner.waiting).insert(token, sender);
        if let Err(failure) = self.inner.handle.submit(&request, token, timeout) {
            lock(&self.inner.waiting).remove(&token);
            return Err(failure);
        }
        drop(request);
        tokio::select! {
            answer = receiver => answer.unwrap_or_else(|_| Err(KafkaFailure::of(DESTROYED))),
            () = tokio::time::sleep(timeout + GRACE) => Err(KafkaFailure::of(TIMED_OUT)),
            () = self.stop.cancelled() => Err(KafkaFailure::of(DESTROYED)),
        }
    }

    /// Lists the groups that a broker coordinates.
    pub async fn list_groups(
        &self,
        broker: i32,
        timeout: Duration,
    ) -> Result<GroupsListed, KafkaFailure> {
        match self.call(Request::ListGroups { broker }, timeout).await? {
            Reply::Groups { listed, failures } => Ok(GroupsListed {
                groups: listed,
                failures,
            }),
            other => of_another_kind(other),
        }
    }

    /// Describes at most 1,000 groups of one coordinator.
    pub async fn describe_groups(
        &self,
        broker: i32,
        groups: Vec<Arc<str>>,
        timeout: Duration,
    ) -> Result<Vec<GroupDescription>, KafkaFailure> {
        match self
            .call(Request::DescribeGroups { broker, groups }, timeout)
            .await?
        {
            Reply::GroupDescriptions(described) => Ok(described),
            other => of_another_kind(other),
        }
    }

    /// One group's commits, asked of its coordinator: on the partitions named, or all that it has.
    pub async fn group_offsets(
        &self,
        broker: i32,
        group: Arc<str>,
        partitions: Option<Vec<(Arc<str>, i32)>>,
        timeout: Duration,
    ) -> Result<Vec<TopicOffsets>, KafkaFailure> {
        match self
            .call(
                Request::GroupOffsets {
                    broker,
                    group,
                    partitions,
                },
                timeout,
            )
            .await?
        {
            Reply::GroupOffsets(GroupOffsets {
                failure: Some(failure),
                ..
            }) => Err(failure),
            Reply::GroupOffsets(offsets) => Ok(offsets.topics),
            other => of_another_kind(other),
        }
    }

    /// Offsets of partitions that share a leader.
    pub async fn list_offsets(
        &self,
        partitions: Vec<ListedPartition>,
        read_committed: bool,
        timeout: Duration,
    ) -> Result<Vec<TopicOffsets>, KafkaFailure> {
        match self
            .call(
                Request::ListOffsets {
                    partitions,
                    read_committed,
                },
                timeout,
            )
            .await?
        {
            Reply::Offsets(offsets) => Ok(offsets),
            other => of_another_kind(other),
        }
    }

    /// Topic ids, leaders.
    pub async fn describe_topics(
        &self,
        topics: Vec<Arc<str>>,
        timeout: Duration,
    ) -> Result<Vec<TopicDescription>, KafkaFailure> {
        match self.call(Request::DescribeTopics(topics), timeout).await? {
            Reply::Topics(topics) => Ok(topics),
            other => of_another_kind(other),
        }
    }

    /// Configurations of topics.
    pub async fn topic_configs(
        &self,
        topics: Vec<Arc<str>>,
        timeout: Duration,
    ) -> Result<Vec<ResourceConfigs>, KafkaFailure> {
        match self
            .call(Request::DescribeTopicConfigs(topics), timeout)
            .await?
        {
            Reply::Configs(configs) => Ok(configs),
            other => of_another_kind(other),
        }
    }

    /// Configuration of one broker.
    pub async fn broker_configs(
        &self,
        broker: i32,
        timeout: Duration,
    ) -> Result<Vec<ResourceConfigs>, KafkaFailure> {
        match self
            .call(Request::DescribeBrokerConfigs(broker), timeout)
            .await?
        {
            Reply::Configs(configs) => Ok(configs),
            other => of_another_kind(other),
        }
    }

    /// Brokers, controller and the cluster's id.
    pub async fn describe_cluster(
        &self,
        timeout: Duration,
    ) -> Result<ClusterDescription, KafkaFailure> {
        match self.call(Request::DescribeCluster, timeout).await? {
            Reply::Cluster(cluster) => Ok(cluster),
            other => of_another_kind(other),
        }
    }

    /// Whole metadata; this also cures `ListOffsets` of stale leader epochs.
    pub async fn metadata(&self, timeout: Duration) -> Result<ClusterMetadata, KafkaFailure> {
        self.inner.count("Metadata");
        self.blocking(move |inner| inner.handle.metadata(&inner.names, timeout))
            .await
    }

    /// Groups of every protocol type; see [`Handle::all_groups`] for what it lacks.
    pub async fn all_groups(&self, timeout: Duration) -> Result<Vec<GroupInfo>, KafkaFailure> {
        self.inner.count("ListGroups");
        self.inner.count("DescribeGroups");
        self.blocking(move |inner| inner.handle.all_groups(&inner.names, timeout))
            .await
    }

    /// The shared copy of a name.
    pub fn share(&self, name: &str) -> Arc<str> {
        lock(&self.inner.names).share(name)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Inner) -> Result<T, KafkaFailure> + Send + 'static,
    ) -> Result<T, KafkaFailure> {
        let inner = Arc::clone(&self.inner);
        match tokio::task::spawn_blocking(move || read(&inner)).await {
            Ok(answer) => answer,
            Err(error) => Err(KafkaFailure::with(UNEXPECTED, error.to_string())),
        }
    }
}

impl Inner {
    fn count(&self, api: &'static str) {
        *lock(&self.sent).entry(api).or_default() += 1;
    }

    /// Hands out what is in the queue, at most so many events; true if there
    /// may be more.
    fn drain(&self, most: usize, listener: &dyn Listener) -> bool {
        let mut names = lock(&self.names);
        for _ in 0..most {
            match self.handle.poll(&mut names) {
                None => return false,
                Some(Event::Reply { token, answer }) => self.complete(token, answer),
                Some(Event::Log {
                    level,
                    facility,
                    message,
                }) => listener.log(level, &facility, &message),
                Some(Event::ClientError(failure)) => listener.error(&failure),
                Some(Event::Throttled(throttle)) => listener.throttled(throttle),
            }
        }
        true
    }

    fn complete(&self, token: usize, answer: Answer) {
        if let Some(sender) = lock(&self.waiting).remove(&token) {
            // Nobody waits any more: the call was dropped.
            let _ = sender.send(answer);
        }
    }
}

/// The one task: wakes with the queue, hands answers out, ends with the client.
async fn drive(
    inner: Arc<Inner>,
    wake: AsyncFd<OwnedFd>,
    stop: CancellationToken,
    listener: Arc<dyn Listener>,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            ready = wake.readable() => match ready {
                Ok(mut guard) => {
                    inner.handle.clear_wake();
                    guard.clear_ready();
                }
                Err(error) => {
                    tracing::warn!(%error, "the client's wake-up cannot be read; looking each second");
                    tokio::time::sleep(SAFETY_TICK).await;
                }
            },
            () = tokio::time::sleep(SAFETY_TICK) => {}
        }
        while inner.drain(256, &*listener) {
            tokio::task::yield_now().await;
        }
    }
    lock(&inner.waiting).clear();
}
