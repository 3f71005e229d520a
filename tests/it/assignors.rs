//! Predicted assignments against Kafka's own assignor classes, run alone in one JVM over generated groups.
//!
//! `LAGGARD_ASSIGNORS=N` sets the number of groups an assignor (default 120); CONTRIBUTING.md names the long run.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};

use laggard::advice::assign::{
    Assignor, Certainty, Group, Member, Prediction, Slot, Topic, predict,
};
use laggard::model::TopicId;

use crate::support::kafka::quick_jvm;

const ALL: [Assignor; 6] = [
    Assignor::Range,
    Assignor::RoundRobin,
    Assignor::Sticky,
    Assignor::CooperativeSticky,
    Assignor::Uniform,
    Assignor::ServerRange,
];

const EQUAL: usize = 0;
const MIXED: usize = 1;
const RACKS: usize = 2;
/// The groups of [`RACKS`], of which the rules are not told the racks.
const UNSEEN: usize = 3;
const KINDS: [Kind; 3] = [
    Kind {
        mixed: false,
        racks: false,
    },
    Kind {
        mixed: true,
        racks: false,
    },
    Kind {
        mixed: false,
        racks: true,
    },
];

/// A generator of its own: the cases of a seed never change with a library.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.roll(n) == 0
    }
}

/// Which of the harder things a family of groups has.
#[derive(Clone, Copy, Debug)]
struct Kind {
    mixed: bool,
    racks: bool,
}

fn topics(dice: &mut Dice, kind: Kind) -> Vec<Topic> {
    let count = 1 + dice.roll(5);
    let topic = |i: u64, dice: &mut Dice| {
        let partitions = 1 + dice.roll(23) as u32;
        let rack = |dice: &mut Dice| Arc::<str>::from(format!("r{}", dice.roll(3)));
        let mut racks = || BTreeSet::from([rack(dice), rack(dice)]);
        let racks: Vec<_> = (0..partitions).map(|_| racks()).collect();
        Topic {
            name: format!("t{i}-{}", dice.roll(1000)).into(),
            id: Some(TopicId::from_bits(
                u128::from(dice.roll(u64::MAX)) << 64 | u128::from(dice.roll(u64::MAX)),
            )),
            partitions,
            racks: if kind.racks { racks } else { Vec::new() },
        }
    };
    (0..count).map(|i| topic(i, dice)).collect()
}

fn member(dice: &mut Dice, kind: Kind, topics: usize) -> Member {
    let subscribed: Vec<u32> = (0..topics as u32)
        .filter(|_| !kind.mixed || dice.roll(3) > 0)
        .collect();
    let n = dice.roll(1 << 40);
    Member {
        id: match dice.roll(2) {
            0 => format!("consumer-g-{}-{n:010x}", n % 20),
            _ => format!("m{}", n % 1000),
        }
        .into(),
        instance: dice.one_in(4).then(|| format!("i{}", n % 97).into()),
        rack: (kind.racks && !dice.one_in(5)).then(|| format!("r{}", dice.roll(3)).into()),
        topics: if subscribed.is_empty() {
            vec![dice.roll(topics as u64) as u32]
        } else {
            subscribed
        },
        owned: Vec::new(),
    }
}

/// A group in the middle of its life: it has had some rebalances, then members came and went.
fn group(dice: &mut Dice, assignor: Assignor, kind: Kind) -> Group {
    let topics = topics(dice, kind);
    let mut group = Group {
        members: Vec::new(),
        topics,
        unseen_racks: 0,
    };
    for _ in 0..dice.roll(4) {
        change(dice, &mut group, kind);
        let after = predict(assignor, &group).owners;
        for (member, owned) in group.members.iter_mut().zip(after) {
            member.owned = owned;
        }
    }
    change(dice, &mut group, kind);
    if dice.one_in(6) {
        scramble(dice, &mut group);
    }
    group
}

fn change(dice: &mut Dice, group: &mut Group, kind: Kind) {
    if !group.members.is_empty() {
        for _ in 0..dice.roll(4).min(group.members.len() as u64 - 1) {
            let at = dice.roll(group.members.len() as u64) as usize;
            group.members.remove(at);
        }
    }
    let wanted = group.members.len() as u64 + dice.roll(5);
    while group.members.len() as u64 <= wanted.min(11) {
        let new = member(dice, kind, group.topics.len());
        let twin =
            |m: &Member| m.id == new.id || (m.instance.is_some() && m.instance == new.instance);
        if !group.members.iter().any(twin) {
            group.members.push(new);
        }
    }
    group.members.sort_by(|a, b| a.id.cmp(&b.id));
    if dice.one_in(5) && group.topics.iter().all(|t| t.racks.is_empty()) {
        let at = dice.roll(group.topics.len() as u64) as usize;
        group.topics[at].partitions += dice.roll(6) as u32;
    }
}

/// Ownership that no assignor would make: as after a change of assignors.
fn scramble(dice: &mut Dice, group: &mut Group) {
    let slots = group.slots();
    for member in &mut group.members {
        member.owned.clear();
    }
    for slot in slots {
        let at = dice.roll(group.members.len() as u64) as usize;
        if !dice.one_in(5) && group.members[at].topics.contains(&slot.topic) {
            group.members[at].owned.push(slot);
        }
    }
}

fn line(assignor: Assignor, group: &Group) -> String {
    let topic = |t: &Topic| {
        let racks: Vec<_> = t
            .racks
            .iter()
            .map(|r| join(r.iter().map(ToString::to_string), "+"))
            .collect();
        let id = t.id.unwrap().bits();
        format!("{}={}={id:032x}={}", t.name, t.partitions, racks.join("/"))
    };
    let member = |m: &Member| {
        let subscribed = m
            .topics
            .iter()
            .map(|t| group.topics[*t as usize].name.to_string());
        format!(
            "{};{};{};{};{}",
            m.id,
            m.instance.as_deref().unwrap_or(""),
            m.rack.as_deref().unwrap_or(""),
            join(subscribed, "+"),
            owned_text(group, &m.owned),
        )
    };
    let name = match assignor {
        Assignor::ServerRange => "server-range",
        other => other.name(),
    };
    format!(
        "{name}\t{}\t{}",
        join(group.topics.iter().map(topic), ","),
        join(group.members.iter().map(member), "|")
    )
}

fn owned_text(group: &Group, owned: &[Slot]) -> String {
    let text = |s: &Slot| format!("{}:{}", group.topics[s.topic as usize].name, s.partition);
    join(owned.iter().map(text), "+")
}

fn join(parts: impl Iterator<Item = String>, by: &str) -> String {
    parts.collect::<Vec<_>>().join(by)
}

/// The answers of Kafka's classes, a line a case.
fn ask_kafka(cases: &[String]) -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/Assignors.java");
    let mut child = Command::new("java")
        .args(quick_jvm())
        .arg("-Dlaggard.log=OFF")
        .arg(source)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let text = cases.join("\n");
    let writer = std::thread::spawn(move || pipe.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Member id to what it owns, as the JVM prints it; and the rebalances that it took.
fn answer(line: &str) -> (Option<u32>, BTreeMap<String, Vec<String>>) {
    let (rebalances, line) = match line.split_once(' ') {
        Some((n, rest)) => (Some(n.parse().unwrap()), rest),
        None => (None, line),
    };
    let member = |one: &str| {
        let (id, owned) = one.split_once('=').unwrap();
        let owned = owned.split('+').filter(|s| !s.is_empty());
        (id.to_owned(), owned.map(str::to_owned).collect())
    };
    (rebalances, line.split('|').map(member).collect())
}

fn as_text(group: &Group, prediction: &Prediction) -> BTreeMap<String, Vec<String>> {
    let owned = |owned: &[Slot]| {
        let text = owned_text(group, owned);
        let parts = text.split('+').filter(|s| !s.is_empty());
        parts.map(str::to_owned).collect()
    };
    let members = group.members.iter().zip(&prediction.owners);
    members.map(|(m, o)| (m.id.to_string(), owned(o))).collect()
}

#[derive(Default)]
struct Score {
    cases: usize,
    exact: usize,
    loads: usize,
    same_sets: usize,
    same_loads: usize,
    /// Partitions of load that the worst-judged member is off, summed.
    off: usize,
    wrong: Vec<String>,
}

fn judge(score: &mut Score, case: &str, group: &Group, prediction: &Prediction, real: &str) {
    let (rebalances, real) = answer(real);
    let mine = as_text(group, prediction);
    let loads =
        |of: &BTreeMap<String, Vec<String>>| -> Vec<usize> { of.values().map(Vec::len).collect() };
    let same_sets = mine == real && rebalances.is_none_or(|n| n == prediction.rebalances);
    let same_loads = loads(&mine) == loads(&real);
    score.cases += 1;
    score.exact += usize::from(prediction.certainty == Certainty::Exact);
    score.loads += usize::from(prediction.certainty == Certainty::Loads);
    score.same_sets += usize::from(same_sets);
    score.same_loads += usize::from(same_loads);
    let off = loads(&mine)
        .into_iter()
        .zip(loads(&real))
        .map(|(a, b)| a.abs_diff(b));
    score.off += off.max().unwrap_or(0);
    let sorted = |of: &BTreeMap<String, Vec<String>>| {
        let mut loads = loads(of);
        loads.sort_unstable();
        loads
    };
    let has_racks = group.topics.iter().any(|t| !t.racks.is_empty());
    let kept = match prediction.certainty {
        Certainty::Exact => same_sets,
        // Racks decide which members have one more; otherwise even that is known, though it is not promised.
        Certainty::Loads if has_racks => sorted(&mine) == sorted(&real),
        Certainty::Loads => same_loads,
        Certainty::Estimate => true,
    };
    if !kept {
        score.wrong.push(format!(
            "{case}\n  predicted {mine:?} in {}\n  real {real:?} in {rebalances:?}",
            prediction.rebalances
        ));
    }
}

type Scores = BTreeMap<Assignor, Score>;

/// Scores of the families in [`KINDS`]: one JVM answers for all of them.
fn scores(family: usize) -> &'static Scores {
    static ALL_SCORES: LazyLock<Vec<Scores>> = LazyLock::new(run);
    &ALL_SCORES[family]
}

fn run() -> Vec<Scores> {
    let cases: Vec<(usize, Assignor, Group)> = (0..KINDS.len()).flat_map(generate).collect();
    let lines: Vec<String> = cases.iter().map(|(_, a, g)| line(*a, g)).collect();
    let real = ask_kafka(&lines);
    assert_eq!(real.len(), cases.len());
    let mut scores: Vec<Scores> = (0..=UNSEEN).map(|_| Scores::new()).collect();
    for (((family, assignor, group), case), real) in cases.iter().zip(&lines).zip(&real) {
        let score = scores[*family].entry(*assignor).or_default();
        judge(score, case, group, &predict(*assignor, group), real);
        if KINDS[*family].racks {
            let score = scores[UNSEEN].entry(*assignor).or_default();
            judge(
                score,
                case,
                group,
                &predict(*assignor, &unseen(group)),
                real,
            );
        }
    }
    for (kind, scores) in KINDS.iter().zip(&scores) {
        report(&format!("{kind:?}"), scores);
    }
    report("racks unseen", &scores[UNSEEN]);
    scores
}

fn generate(family: usize) -> Vec<(usize, Assignor, Group)> {
    let mut dice = Dice(family as u64 + 1);
    let each = usize::try_from(each()).unwrap();
    let assignors = ALL.iter().flat_map(|a| std::iter::repeat_n(*a, each));
    assignors
        .map(|a| (family, a, group(&mut dice, a, KINDS[family])))
        .collect()
}

/// What Laggard knows of such a group: that brokers stand in racks, and no more.
fn unseen(group: &Group) -> Group {
    let mut group = group.clone();
    group.topics.iter_mut().for_each(|t| t.racks.clear());
    group.members.iter_mut().for_each(|m| m.rack = None);
    group.unseen_racks = 3;
    group
}

fn report(kind: &str, scores: &Scores) {
    for (assignor, s) in scores {
        eprintln!(
            "{kind} {assignor:?}: {} groups, {} said exact, {} loads; same sets {}, same loads {}, worst member off by {:.2} on average, {} broken promises",
            s.cases,
            s.exact,
            s.loads,
            s.same_sets,
            s.same_loads,
            s.off as f64 / s.cases as f64,
            s.wrong.len()
        );
    }
}

fn each() -> u64 {
    std::env::var("LAGGARD_ASSIGNORS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(120)
}

fn hold(scores: &Scores) {
    let wrong: Vec<_> = scores
        .values()
        .flat_map(|s| s.wrong.iter().take(2))
        .collect();
    assert!(
        wrong.is_empty(),
        "{}",
        wrong
            .iter()
            .map(|w| w.as_str())
            .collect::<Vec<_>>()
            .join("\n\n")
    );
}

#[test]
fn equal_subscriptions_are_predicted_to_the_partition_or_the_load() {
    require!(kafka);
    let scores = scores(EQUAL);
    hold(scores);
    for assignor in [Assignor::Range, Assignor::RoundRobin, Assignor::ServerRange] {
        assert_eq!(
            scores[&assignor].exact, scores[&assignor].cases,
            "{assignor:?}"
        );
    }
    for assignor in [Assignor::Sticky, Assignor::CooperativeSticky] {
        assert!(
            scores[&assignor].exact * 10 >= scores[&assignor].cases * 9,
            "{assignor:?}"
        );
    }
}

#[test]
fn mixed_subscriptions_are_exact_or_said_to_be_estimates() {
    require!(kafka);
    let scores = scores(MIXED);
    hold(scores);
    for (assignor, score) in scores {
        // An estimate may be off, but not wildly: on average less than a partition for the worst member.
        assert!(
            score.off <= score.cases,
            "{assignor:?}: {} of {}",
            score.off,
            score.cases
        );
    }
}

#[test]
fn racks_leave_the_clients_assignors_no_more_than_loads() {
    require!(kafka);
    for family in [RACKS, UNSEEN] {
        let scores = scores(family);
        hold(scores);
        for assignor in [Assignor::RoundRobin, Assignor::ServerRange] {
            let score = &scores[&assignor];
            assert_eq!(
                score.exact, score.cases,
                "{assignor:?} does not look at racks"
            );
        }
        for assignor in [Assignor::Sticky, Assignor::CooperativeSticky] {
            let score = &scores[&assignor];
            assert_eq!(score.exact + score.loads, score.cases, "{assignor:?}");
        }
    }
    for assignor in [
        Assignor::Range,
        Assignor::Sticky,
        Assignor::CooperativeSticky,
    ] {
        assert_eq!(
            scores(UNSEEN)[&assignor].exact,
            0,
            "{assignor:?} cannot know"
        );
    }
    assert!(scores(UNSEEN)[&Assignor::Range].loads > 0);
}
