//! Somebody who does what is advised, and knows nothing but what the advice says.
//!
//! A piece is acted on once it has stood for three minutes; after an act the group is left alone for ten. Advice that
//! says what not to do, or asks to look at something that nobody but its owner can judge, changes nothing.

use std::collections::HashMap;
use std::sync::Arc;

use laggard::model::{Advice, AdviceKind, Snapshot};
use laggard::sim::spec::{Assignor, MINUTE, Millis, Remedy};

/// So long a piece must have stood.
pub const STANDS: Millis = 3 * MINUTE;
/// So long a group is left alone after an act.
const RESTS: Millis = 10 * MINUTE;

/// One who follows advice.
#[derive(Default)]
pub struct Operator {
    standing: HashMap<(String, AdviceKind), Standing>,
    rests: HashMap<String, Millis>,
    done: Vec<(String, Remedy)>,
}

struct Standing {
    since: Millis,
    seen: Millis,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Act {
    /// Whose advice it follows.
    pub advice: Arc<Advice>,
    /// What is done about its group; none: the advice is to leave something undone, or to look.
    pub remedy: Option<Remedy>,
    /// What was said of its group, in words.
    pub said: String,
}

impl Operator {
    /// Reads a snapshot's advice at `t`: what has stood for long enough and is not yet done, one piece a group.
    pub fn read(&mut self, snapshot: &Snapshot, t: Millis) -> Vec<Act> {
        let mut acts: Vec<Act> = Vec::new();
        for advice in &snapshot.advice {
            let key = (advice.group.to_string(), advice.kind);
            let standing = self
                .standing
                .entry(key)
                .or_insert(Standing { since: t, seen: t });
            standing.seen = t;
            let long = t - standing.since >= STANDS;
            let group = advice.group.as_str();
            let rests = self.rests.get(group).is_some_and(|until| t < *until);
            let busy = acts
                .iter()
                .any(|act| act.advice.group == advice.group && act.remedy.is_some());
            if !long || rests || busy {
                continue;
            }
            let remedy = remedy(advice);
            let again = remedy
                .as_ref()
                .is_some_and(|remedy| self.done.iter().any(|(g, r)| g == group && r == remedy));
            if again {
                continue;
            }
            if let Some(remedy) = &remedy {
                self.rests.insert(group.to_owned(), t + RESTS);
                self.done.push((group.to_owned(), remedy.clone()));
            }
            let mut groups = snapshot.groups().map(|(_, g)| g);
            let found = groups.find(|g| g.group == advice.group);
            acts.push(Act {
                advice: Arc::clone(advice),
                remedy,
                said: found.map_or_else(String::new, |g| {
                    format!("{}, {:?}", g.status.status.name(), g.diagnosis)
                }),
            });
        }
        self.standing.retain(|_, standing| standing.seen == t);
        acts
    }
}

/// The act that a piece asks for, by its words and its command.
pub fn remedy(advice: &Advice) -> Option<Remedy> {
    let command = advice.command.as_deref().unwrap_or_default();
    let option = |name: &str| option(command, name);
    let topic = || option("--topic").map(str::to_owned);
    Some(match advice.kind {
        AdviceKind::Scale | AdviceKind::FewerMembers | AdviceKind::SecondMember => {
            Remedy::Members(option("--members")?.parse().ok()?)
        }
        AdviceKind::ChangeAssignor => Remedy::Assignor {
            assignor: assignor(option("--assignor")?)?,
            members: option("--members")?.parse().ok()?,
        },
        AdviceKind::ReplaceMember => {
            let rest = advice.title.strip_prefix("replace the member ")?;
            let client_id = rest.split(" on ").next()?.to_owned();
            Remedy::Replace { client_id }
        }
        AdviceKind::CheckHost => {
            let rest = advice.title.strip_prefix("look at the host ")?;
            let host = rest.split(": ").next()?.to_owned();
            Remedy::LeaveHost { host }
        }
        AdviceKind::CheckBroker => {
            let rest = advice.title.strip_prefix("look at broker ")?;
            let broker = rest.split(": ").next()?.parse().ok()?;
            Remedy::MendBroker { broker }
        }
        AdviceKind::SkipRecord => {
            let place = command.lines().find(|line| line.contains("--to-offset"))?;
            let (topic, partition) = self::option(place, "--topic")?.rsplit_once(':')?;
            Remedy::SetOffset {
                topic: topic.to_owned(),
                partition: partition.parse().ok()?,
                offset: option("--to-offset")?.parse().ok()?,
            }
        }
        AdviceKind::CalmRebalances => Remedy::Calm,
        AdviceKind::FindBlock => Remedy::Restart,
        AdviceKind::StartConsumers => Remedy::Start,
        AdviceKind::CommitOffsets => Remedy::Commit,
        AdviceKind::ResetOffsets => Remedy::ToEarliest { topic: topic()? },
        AdviceKind::EndTransaction => Remedy::Abort {
            topic: topic()?,
            partition: option("--partition")?.parse().ok()?,
        },
        AdviceKind::ExtendRetention => Remedy::Retain {
            topic: option("--entity-name")?.to_owned(),
            time: command
                .split("retention.ms=")
                .nth(1)?
                .split_whitespace()
                .next()?
                .parse()
                .ok()?,
        },
        AdviceKind::DoNotAddConsumers
        | AdviceKind::SpreadKey
        | AdviceKind::AddPartitions
        | AdviceKind::AssignPartitions
        | AdviceKind::ReviewRewind
        | AdviceKind::DeleteOffsets
        | AdviceKind::DeleteGroup => return None,
    })
}

/// The word behind an option, as the scenarios' names need no quotes.
fn option<'a>(command: &'a str, name: &str) -> Option<&'a str> {
    let mut words = command.split_whitespace();
    words.find(|word| *word == name)?;
    words.next()
}

fn assignor(name: &str) -> Option<Assignor> {
    let all = [
        Assignor::Range,
        Assignor::RoundRobin,
        Assignor::Sticky,
        Assignor::CooperativeSticky,
        Assignor::Uniform,
    ];
    all.into_iter().find(|assignor| assignor.name() == name)
}
