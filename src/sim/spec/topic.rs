//! Topics and what is produced to them.

use super::{Cause, DAY, HOUR, Millis};

/// A topic with its producers.
#[derive(Clone, Debug)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// When it was made.
    pub created: Millis,
    /// When it was deleted and made again under the same name, if ever.
    pub recreated: Option<Recreation>,
    /// What is produced.
    pub feeds: Vec<FeedSpec>,
    /// What is thrown away.
    pub retention: Retention,
    /// What is thrown away from these instants on, in order.
    pub retained: Vec<(Millis, Retention)>,
    /// Whether `cleanup.policy` is `compact`.
    pub compacted: bool,
    /// A transaction that was opened and not ended.
    pub hanging: Option<Hanging>,
    /// How far the producers' clocks are ahead of the broker's, in milliseconds.
    pub clock_skew: Millis,
}

impl TopicSpec {
    /// A topic made ten days ago that keeps a week.
    pub fn new(name: impl Into<String>, partitions: i32) -> Self {
        Self {
            name: name.into(),
            partitions,
            created: -10 * DAY,
            recreated: None,
            feeds: Vec::new(),
            retention: Retention {
                time: Some(7 * DAY),
                records: None,
                segment: HOUR,
            },
            retained: Vec::new(),
            compacted: false,
            hanging: None,
            clock_skew: 0,
        }
    }

    /// Adds a producer.
    #[must_use]
    pub fn fed(mut self, feed: FeedSpec) -> Self {
        self.feeds.push(feed);
        self
    }

    /// Keeps records for `time`, in segments of `segment`.
    #[must_use]
    pub fn keeps(mut self, time: Millis, segment: Millis) -> Self {
        self.retention = Retention {
            time: Some(time),
            records: None,
            segment,
        };
        self
    }
}

/// When a topic was deleted and when it was made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recreation {
    /// Deleted at.
    pub deleted: Millis,
    /// Made again at.
    pub created: Millis,
}

/// What a topic throws away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// `retention.ms`.
    pub time: Option<Millis>,
    /// Stands for `retention.bytes`: records kept a partition.
    pub records: Option<i64>,
    /// `segment.ms`: only whole segments go.
    pub segment: Millis,
}

/// A transaction of one producer on one partition that is left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hanging {
    /// The partition it holds back.
    pub partition: i32,
    /// When its one record was written.
    pub opened: Millis,
    /// When it was aborted, if ever.
    pub aborted: Option<Millis>,
}

/// One producer, or one service of several, with its own pace and keys.
#[derive(Clone, Debug)]
pub struct FeedSpec {
    /// Its pace.
    pub shape: Shape,
    /// Since when.
    pub from: Option<Millis>,
    /// Until when.
    pub until: Option<Millis>,
    /// Records appended together.
    pub batch: u32,
    /// Which partitions get how much.
    pub keys: Keys,
    /// How unsteady the pace is, 0 (a metronome) to 0.8.
    pub jitter: f64,
    /// If it writes in transactions: how long each is.
    pub transaction: Option<Millis>,
    /// What this feed does to those who read it, if it is a fault.
    pub cause: Option<Cause>,
}

impl FeedSpec {
    /// A feed of this shape: unsteady by a third, keys spread evenly.
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            from: None,
            until: None,
            batch: 1,
            keys: Keys::Even,
            jitter: 0.35,
            transaction: None,
            cause: None,
        }
    }

    /// `per_second` records over the whole topic.
    pub fn steady(per_second: f64) -> Self {
        Self::new(Shape::Steady { per_second })
    }

    /// With these keys.
    #[must_use]
    pub fn keyed(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// Only from this instant on.
    #[must_use]
    pub fn since(mut self, from: Millis) -> Self {
        self.from = Some(from);
        self
    }

    /// Only up to this instant.
    #[must_use]
    pub fn until(mut self, until: Millis) -> Self {
        self.until = Some(until);
        self
    }

    /// In transactions of this length.
    #[must_use]
    pub fn transactional(mut self, length: Millis) -> Self {
        self.transaction = Some(length);
        self
    }

    /// With this much unsteadiness.
    #[must_use]
    pub fn unsteady(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// A fault, with what it does.
    #[must_use]
    pub fn causing(mut self, cause: Cause) -> Self {
        self.cause = Some(cause);
        self
    }
}

/// The pace of a feed, over the whole topic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// So many records a second.
    Steady {
        /// Records a second.
        per_second: f64,
    },
    /// A day's wave.
    Diurnal {
        /// Records a second on average.
        mean: f64,
        /// 0 is flat, 1 falls to nothing at night.
        swing: f64,
        /// When it is highest, relative to the epoch.
        peak: Millis,
    },
    /// `records` in one go each `every`, over `length[0]..length[1]`, beginning up to `late` after the cycle does.
    Bursts {
        /// Length of a cycle.
        every: Millis,
        /// Records in each burst.
        records: f64,
        /// Shortest and longest burst.
        length: [Millis; 2],
        /// How late in its cycle a burst may begin.
        late: Millis,
    },
    /// From one pace to another over a while, then the latter.
    Ramp {
        /// Records a second at the start.
        start: f64,
        /// Records a second at the end.
        end: f64,
        /// How long it takes.
        over: Millis,
    },
}

/// Which partitions get how much of a feed.
#[derive(Clone, Debug, PartialEq)]
pub enum Keys {
    /// All the same.
    Even,
    /// In proportion to these, one a partition.
    Weights(Vec<f64>),
    /// Weights `1 / rank^s`, as few big customers and many small ones give.
    Zipf(f64),
    /// One partition only.
    Only(i32),
}
