//! `laggard serve` tells receivers: an Alertmanager of Debian's, webhooks that misbehave, and who tells at all.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use laggard::sim::scenario;

use crate::support::alertmanager::Alertmanager;
use crate::support::embedded::Embedded;
use crate::support::hook::{Does, Hook, Taken, now};
use crate::support::kafka::members::{Member, MemberOptions};
use crate::support::kafka::{KafkaCluster, Options, shared};
use crate::support::laggard::{Served, laggard};
use crate::support::process::run_dir;
use crate::support::prometheus::Prometheus;
use crate::support::{eventually, unique};

const WITHIN: Duration = Duration::from_secs(40);

/// A small cluster that is read each second, so that rules are evaluated each second.
fn small() -> Embedded {
    Embedded::still(&scenario::bulk(4, 8, 1), 1_800_000_000_000)
}

fn bootstrap(embedded: &Embedded) -> String {
    embedded.bootstrap()
}

/// A rule file with one group, evaluated each second.
fn rules(text: &str) -> PathBuf {
    let file = run_dir().join(unique("rules")).with_extension("yml");
    let head = "groups:\n- name: it\n  interval: 1s\n  rules:\n";
    fs::write(&file, format!("{head}{text}")).unwrap();
    file
}

/// A rule that fires from now until so many seconds later: what it rests on is the time of the snapshot.
fn until(name: &str, secs: u64) -> String {
    let end = now().as_secs() + secs;
    format!(
        "  - alert: {name}\n    expr: laggard_snapshot_timestamp_seconds < {end}\n    labels: {{severity: page}}\n    \
         annotations: {{summary: 'it is not yet {end}'}}\n"
    )
}

/// The settings of a `serve` with these rules alone, prompt, and more settings.
fn settings<'a>(
    bootstrap: &'a str,
    rules: &'a str,
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("LAGGARD_CLUSTERS__IT__BOOTSTRAP_SERVERS", bootstrap),
        ("LAGGARD_CLUSTERS__IT__POLL_INTERVAL", "1s"),
        ("LAGGARD_ALERTS__SHIPPED", "false"),
        ("LAGGARD_ALERTS__RULES", rules),
        ("LAGGARD_NOTIFY__GROUP_WAIT", "0s"),
        ("LAGGARD_NOTIFY__GROUP_INTERVAL", "1s"),
    ];
    all.extend(more);
    all
}

/// The variables of the n-th receiver.
fn receiver(n: usize, settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let variable = |key: &str| format!("LAGGARD_NOTIFY__RECEIVER__{n}__{}", key.to_uppercase());
    settings
        .iter()
        .map(|(key, value)| (variable(key), (*value).to_owned()))
        .collect()
}

fn borrowed(variables: &[(String, String)]) -> Vec<(&str, &str)> {
    variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn alerts(served: &Served) -> Vec<Value> {
    let text = served.get("/api/v1/alerts").unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap();
    answer["data"]["alerts"].as_array().unwrap().clone()
}

#[test]
fn an_alertmanager_receives_groups_and_resolves() {
    require!(amtool);
    let hook = Hook::start();
    let alertmanager = Alertmanager::start(&hook);
    let text = format!("{}{}", until("First", 30), until("Second", 30));
    let (embedded, rules) = (small(), rules(&text).display().to_string());
    let (bootstrap, url) = (bootstrap(&embedded), alertmanager.url());
    let am = receiver(
        0,
        &[("name", "am"), ("kind", "alertmanager"), ("url", &url)],
    );
    let served = Served::with(&settings(&bootstrap, &rules, &borrowed(&am)));
    assert!(
        served
            .log()
            .contains("this process tells of alerts: am (alertmanager)"),
        "{}",
        served.log()
    );
    // amtool shows both, with their labels.
    let shown = eventually(WITHIN, || {
        let shown = alertmanager.query();
        if ["First", "Second"].iter().all(|name| shown.contains(name)) {
            Ok(shown)
        } else {
            Err(format!("{shown}\n{}", served.log()))
        }
    });
    assert!(
        shown.contains("severity=\"page\"") && shown.contains("it is not yet"),
        "{shown}"
    );
    // It groups them: one message tells of both.
    let both = |status: &str| {
        eventually(WITHIN, || {
            let taken = hook.taken();
            let told = taken.iter().map(|t| &t.body).find(|body| {
                let told = body["alerts"].as_array().map_or(0, Vec::len);
                body["status"] == status && told == 2
            });
            told.cloned().ok_or_else(|| format!("{taken:#?}"))
        })
    };
    let firing = both("firing");
    let ours = served.get("/api/v1/snapshot").unwrap();
    for alert in firing["alerts"].as_array().unwrap() {
        let print = alert["fingerprint"].as_str().unwrap();
        assert!(
            alert["generatorURL"]
                .as_str()
                .unwrap()
                .starts_with("http://"),
            "{alert:#}"
        );
        assert_eq!(print.len(), 16, "{print}");
    }
    assert!(ours.contains("\"receivers\""), "{ours}");
    // How it went stands on the alert.
    let delivery = eventually(WITHIN, || {
        let alerts = alerts(&served);
        let told = alerts.first().map(|a| a["delivery"].clone());
        told.filter(|d| d["receiver"] == "am")
            .ok_or_else(|| format!("{alerts:#?}"))
    });
    assert_eq!(delivery["failure"], Value::Null, "{delivery:#}");
    let resolved = both("resolved");
    let of = |body: &Value| {
        let alerts = body["alerts"].as_array().unwrap().iter();
        let mut of: Vec<_> = alerts
            .map(|a| (a["fingerprint"].clone(), a["startsAt"].clone()))
            .collect();
        of.sort_by_key(|(print, _)| print.to_string());
        of
    };
    assert_eq!(of(&firing), of(&resolved));
    let series = served.get("/metrics").unwrap();
    assert!(
        series.contains("laggard_receiver_failing{receiver=\"am\"} 0"),
        "{series}"
    );
    assert!(
        series.contains("laggard_notifications_delivered_total{receiver=\"am\"}"),
        "{series}"
    );
}

/// A receiver that hangs, one that answers 429 with `Retry-After`, and one that cuts connections: each gets all in the end, and the one that is
/// well gets its own at once.
#[test]
fn receivers_that_are_unwell_delay_no_other() {
    let well = Hook::start();
    let hangs = Hook::that(|_, n| match n {
        1 => Does::Hangs(Duration::from_mins(1)),
        _ => Does::Takes,
    });
    let busy = Hook::that(|_, n| match n {
        1 => Does::Answers(429, Some(3)),
        2 => Does::Answers(500, None),
        _ => Does::Takes,
    });
    let cuts = Hook::that(|_, n| match n {
        1 => Does::Cuts,
        _ => Does::Takes,
    });
    let mut variables = Vec::new();
    for (n, (name, hook)) in [
        ("well", &well),
        ("hangs", &hangs),
        ("busy", &busy),
        ("cuts", &cuts),
    ]
    .into_iter()
    .enumerate()
    {
        variables.extend(receiver(
            n,
            &[
                ("name", name),
                ("kind", "webhook"),
                ("url", &hook.url("/")),
                ("timeout", "4s"),
            ],
        ));
    }
    let embedded = small();
    let (bootstrap, rules) = (
        bootstrap(&embedded),
        rules(&until("Once", 600)).display().to_string(),
    );
    let served = Served::with(&settings(&bootstrap, &rules, &borrowed(&variables)));
    let first = |hook: &Hook, times: usize| {
        eventually(WITHIN, || {
            let taken = hook.taken();
            if taken.len() >= times {
                Ok(taken)
            } else {
                Err(format!("{taken:#?}\n{}", served.log()))
            }
        })
    };
    let at_once = first(&well, 1)[0].at;
    let (late, busy_at, twice) = (first(&hangs, 1), first(&busy, 1), first(&cuts, 2));
    let after = |taken: &Taken| taken.at.saturating_sub(at_once);
    eprintln!(
        "hangs: {:?} later, 429 and 500: {:?}",
        after(&late[0]),
        after(&busy_at[0])
    );
    assert!(after(&late[0]) >= Duration::from_secs(3));
    assert!(after(&busy_at[0]) >= Duration::from_secs(2));
    // What was cut off before it was answered comes again under the same key.
    let key = |taken: &Taken| taken.header("idempotency-key").to_owned();
    assert_eq!(key(&twice[0]), key(&twice[1]));
    assert_eq!(
        (well.taken().len(), busy.taken().len(), late.len()),
        (1, 1, 1)
    );
    let snapshot = served.snapshot();
    let fares = snapshot["receivers"].as_array().unwrap();
    let of = |name: &str| fares.iter().find(|r| r["receiver"] == name).unwrap();
    assert_eq!(of("busy")["failed"], 2, "{fares:#?}");
    assert_eq!(of("well")["failed"], 0, "{fares:#?}");
}

/// Four waves: each alert holds for 6 s of 12, and fires after 2 s.
fn waves() -> String {
    let wave = |n: u32| {
        format!(
            "  - alert: Wave{n}\n    expr: (laggard_snapshot_timestamp_seconds + {}) % 12 < 6\n    for: 2s\n    labels: {{severity: page}}\n",
            n * 3
        )
    };
    (0..4).map(wave).collect()
}

/// Where in its 12 s a wave is.
fn phase(wave: &str, at: f64) -> f64 {
    let n: f64 = wave.trim_start_matches("Wave").parse().unwrap();
    (at + n * 3.0).rem_euclid(12.0)
}

fn seconds(time: &Value) -> f64 {
    let time: laggard::model::Timestamp = time.as_str().unwrap().parse().unwrap();
    time.as_secs_f64()
}

/// How often `serve` is killed: 10 times, more with `LAGGARD_KILLS`.
fn kills() -> usize {
    std::env::var("LAGGARD_KILLS").map_or(10, |n| n.parse().unwrap())
}

/// `serve` is killed with SIGKILL again and again, while alerts are pending, fire, end, and are being told of to a receiver that takes its time.
#[test]
fn what_is_killed_at_any_moment_loses_no_alert_and_tells_none_twice() {
    let hook = Hook::that(|_, n| match n % 5 {
        0 => Does::Answers(500, None),
        n => Does::TakesIn(Duration::from_millis(60 * n as u64)),
    });
    let embedded = small();
    let (bootstrap, rules) = (bootstrap(&embedded), rules(&waves()).display().to_string());
    let state = run_dir().join(unique("state")).display().to_string();
    let mut variables = receiver(
        0,
        &[
            ("name", "night"),
            ("kind", "webhook"),
            ("url", &hook.url("/")),
            ("signing_key", "0123456789"),
        ],
    );
    variables.push(("LAGGARD_STATE_DIR".to_owned(), state));
    let variables = borrowed(&variables);
    let all = settings(&bootstrap, &rules, &variables);
    let mut up: Vec<(f64, f64)> = Vec::new();
    let mut random = 7_u64;
    let mut killed = Vec::new();
    for n in 0..=kills() {
        let mut served = Served::begin_with(&all);
        eventually(WITHIN, || {
            served
                .get("/readyz")
                .map(drop)
                .map_err(|e| format!("{e}\n{}", served.log()))
        });
        let began = now().as_secs_f64();
        if n < kills() {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            std::thread::sleep(Duration::from_millis(300 + (random >> 33) % 4_000));
            served.running().kill();
            killed.push(now());
        } else {
            // To the end of what began.
            std::thread::sleep(Duration::from_secs(26));
            assert!(served.running().is_running(), "{}", served.log());
        }
        up.push((began, now().as_secs_f64()));
    }
    let taken = hook.taken();
    let repeats = hold_repeats(&taken, &killed);
    let (fired, ended) = hold_alerts(&taken);
    let sure = hold_waves(&fired, &up);
    eprintln!(
        "{} kills: {} notifications, {repeats} repeated, each under way at a kill; {} alerts, {} ends; {sure} waves that had to fire",
        killed.len(),
        taken.len(),
        fired.len(),
        ended
    );
    assert!(sure > 3, "{up:?}");
}

/// A notification comes twice only when a kill came between, and nothing else came between it and the kill.
fn hold_repeats(taken: &[Taken], killed: &[Duration]) -> usize {
    let mut repeats = 0;
    for (n, one) in taken.iter().enumerate() {
        let id = one.header("webhook-id");
        assert!(id.starts_with(one.header("idempotency-key")), "{id}");
        let Some(before) = taken[..n]
            .iter()
            .rposition(|t| t.header("webhook-id") == id)
        else {
            // Nor is the same told anew.
            let key = one.header("idempotency-key");
            assert!(
                taken[..n]
                    .iter()
                    .all(|t| t.header("idempotency-key") != key),
                "{one:#?}"
            );
            continue;
        };
        repeats += 1;
        let first = taken[before].at;
        let next = taken[before + 1].at;
        let kill = killed
            .iter()
            .find(|k| **k > first)
            .copied()
            .unwrap_or(Duration::MAX);
        assert!(
            kill < next,
            "{id} came twice, and was not under way at a kill"
        );
        assert_eq!(told_of(&taken[before]), told_of(one));
    }
    repeats
}

/// Which alerts, since when, and whether they are over. (Links differ: each start listens elsewhere.)
fn told_of(taken: &Taken) -> Vec<[Value; 3]> {
    let alerts = taken.body["alerts"].as_array().unwrap().iter();
    alerts
        .map(|a| ["fingerprint", "startsAt", "status"].map(|key| a[key].clone()))
        .collect()
}

/// Each alert that was told as firing is told as resolved, once it is over and not before. Gives when each began, and how many ended.
fn hold_alerts(taken: &[Taken]) -> (Vec<(String, f64)>, usize) {
    let (mut fired, mut ended) = (Vec::new(), Vec::new());
    for alert in taken
        .iter()
        .flat_map(|t| t.body["alerts"].as_array().unwrap())
    {
        let name = alert["labels"]["alertname"].as_str().unwrap().to_owned();
        let of = (name.clone(), seconds(&alert["startsAt"]));
        if alert["status"] == "resolved" {
            let end = seconds(&alert["endsAt"]);
            assert!(phase(&name, end) >= 6.0, "a false resolve: {alert:#}");
            ended.push(of);
        } else {
            assert!(
                phase(&name, of.1) < 6.0,
                "it began when it did not hold: {alert:#}"
            );
            fired.push(of);
        }
    }
    fired.sort_by(|a, b| a.partial_cmp(b).unwrap());
    fired.dedup();
    ended.sort_by(|a, b| a.partial_cmp(b).unwrap());
    ended.dedup();
    let still = now().as_secs_f64() - 14.0;
    for one in fired.iter().filter(|(_, began)| *began < still) {
        assert!(ended.contains(one), "never told as over: {one:?}");
    }
    (fired, ended.len())
}

/// A wave that was surely evaluated twice, with `for` in between, has fired.
fn hold_waves(fired: &[(String, f64)], up: &[(f64, f64)]) -> usize {
    let (start, end) = (up[0].0, up[up.len() - 1].1 - 4.0);
    let mut sure = 0;
    for n in 0..4 {
        let wave = format!("Wave{n}");
        let mut begins = start + (12.0 - phase(&wave, start));
        while begins + 6.0 < end {
            let inside = up.iter().map(|(a, b)| (a.max(begins), b.min(begins + 6.0)));
            let looked: Vec<_> = inside.filter(|(a, b)| b - a > 2.5).collect();
            if let (Some((first, _)), Some((_, last))) = (looked.first(), looked.last())
                && (last - 1.5) - (first + 1.5) > 2.0
            {
                let told = fired
                    .iter()
                    .any(|(name, at)| *name == wave && (begins..begins + 6.5).contains(at));
                assert!(
                    told,
                    "{wave} from {begins} was evaluated from {first} to {last}, and lost"
                );
                sure += 1;
            }
            begins += 12.0;
        }
    }
    sure
}

/// The shipped rules, made quick; what fires goes on doing so for `keep`.
fn quick_shipped(keep: Duration) -> PathBuf {
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("alerts/laggard.yml");
    let text = fs::read_to_string(shipped).unwrap();
    let text = text
        .replace("interval: 30s", "interval: 1s")
        .replace("for: 5m", "for: 8s");
    let file = run_dir().join(unique("quick")).with_extension("yml");
    let kept = format!("keep_firing_for: {}s", keep.as_secs());
    fs::write(&file, text.replace("keep_firing_for: 8s", &kept)).unwrap();
    file
}

/// On a real Kafka: a consumer stops, the webhook says so in words; it starts again, and the webhook says that it is over.
#[test]
fn a_stopped_consumer_is_told_of_and_its_return_too() {
    require!(kafka);
    let (cluster, topic, group) = (shared(), unique("told"), unique("told"));
    cluster.create_topic(&topic, 1);
    let join = || Member::join(cluster, &group, &[&topic], &MemberOptions::classic());
    let producer = cluster.producer();
    let member = join();
    member.wait_assigned(1);
    producer.produce(&topic, 0, 20);
    member.wait_records(20);
    let hook = Hook::start();
    let rules = quick_shipped(Duration::from_secs(1)).display().to_string();
    let mut variables = receiver(
        0,
        &[
            ("name", "night"),
            ("kind", "webhook"),
            ("url", &hook.url("/")),
        ],
    );
    for (name, value) in [
        ("LAGGARD_CLUSTERS__IT__GROUPS__INCLUDE", group.as_str()),
        ("LAGGARD_GROUP__0__GROUPS", &group),
        ("LAGGARD_GROUP__0__MAX_TIME_LAG", "3s"),
        ("LAGGARD_GROUP__0__MAX_SILENCE", "3s"),
        ("LAGGARD_GROUP__0__OWNER", "team-told"),
        ("LAGGARD_GROUP__0__RUNBOOK", "https://wiki.example.com/told"),
        ("LAGGARD_GROUP__0__SEVERITY", "page"),
        ("LAGGARD_HTTP__EXTERNAL_URL", "https://laggard.example.com/"),
        ("LAGGARD_HTTP__ROUTE_PREFIX", "/"),
    ] {
        variables.push((name.to_owned(), value.to_owned()));
    }
    let bootstrap = cluster.bootstrap();
    let served = Served::with(&settings(&bootstrap, &rules, &borrowed(&variables)));
    drop(member);
    producer.produce(&topic, 0, 30);
    let stopped = now();
    let told = |status: &str| {
        eventually(Duration::from_secs(90), || {
            let taken = hook.taken();
            let of_group =
                |t: &&Taken| t.body["status"] == status && t.text.contains("LaggardLate");
            taken.iter().find(of_group).cloned().ok_or_else(|| {
                format!(
                    "no {status}: {taken:#?}\n{:#?}\n{}",
                    alerts(&served),
                    served.log()
                )
            })
        })
    };
    let firing = told("firing");
    let text = firing.body["text"].as_str().unwrap();
    eprintln!(
        "told {:?} after it stopped:\n{text}",
        firing.at.saturating_sub(stopped)
    );
    let look = format!(
        "laggard top --attach https://laggard.example.com --cluster it --group {group} --at 20"
    );
    for part in [
        format!("FIRING {group} is late").as_str(),
        "[page]",
        "Its oldest unread record is at least",
        "(limit 3s)",
        "Since: 20",
        "Why: ",
        "First: ",
        "Owner: team-told",
        "Runbook: https://wiki.example.com/told",
        "Page: https://laggard.example.com/groups/it/",
        &look,
    ] {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
    let _member = join();
    let started = now();
    let resolved = told("resolved");
    eprintln!(
        "told {:?} after it was started again:\n{}",
        resolved.at.saturating_sub(started),
        resolved.body["text"].as_str().unwrap()
    );
    let of = |taken: &Taken| {
        let alerts = taken.body["alerts"].as_array().unwrap().iter();
        let late = alerts.filter(|a| a["labels"]["alertname"] == "LaggardLate");
        late.map(|a| (a["fingerprint"].clone(), a["startsAt"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&firing), of(&resolved));
}

/// How long a broker is away: 30 s, another time with `LAGGARD_BROKER_AWAY`.
fn away() -> Duration {
    let secs = std::env::var("LAGGARD_BROKER_AWAY").map_or(30, |n| n.parse().unwrap());
    Duration::from_secs(secs)
}

/// One of three brokers dies while an alert fires: what can no longer be read is no good news, neither to Laggard nor to a Prometheus beside it.
#[test]
fn a_broker_that_dies_resolves_nothing() {
    require!(kafka, prometheus);
    let cluster = KafkaCluster::start(3, &Options::default());
    dies(&cluster, |_| 2);
}

/// The same of the group's own coordinator, for which nobody stands in: nothing of the group can be read.
#[test]
fn a_coordinator_that_dies_resolves_nothing() {
    require!(kafka, prometheus);
    let alone = Options::default().with("offsets.topic.replication.factor", "1");
    let cluster = KafkaCluster::start(3, &alone);
    let held = dies(&cluster, |served| {
        let snapshot = served.snapshot();
        let coordinator = &snapshot["clusters"][0]["groups"][0]["coordinator"];
        usize::try_from(coordinator.as_u64().unwrap()).unwrap()
    });
    assert!(held > 10, "held in {held} looks only");
}

/// Kills the broker that `which` names while an alert fires, and looks each second. In how many looks it was held.
fn dies(cluster: &KafkaCluster, which: impl Fn(&Served) -> usize) -> usize {
    let (topic, group) = (unique("dies"), unique("dies"));
    cluster.create_topic(&topic, 6);
    let commits: Vec<_> = (0..6).map(|n| (topic.as_str(), n, 0)).collect();
    (0..6).for_each(|n| cluster.produce(&topic, n, 50));
    cluster.commit(&group, &commits);
    // Much shorter than the broker is away: it is not what keeps the alert.
    let rules = quick_shipped(Duration::from_secs(5));
    let hook = Hook::start();
    let mut variables = receiver(
        0,
        &[
            ("name", "night"),
            ("kind", "webhook"),
            ("url", &hook.url("/")),
        ],
    );
    for (name, value) in [
        ("LAGGARD_CLUSTERS__IT__GROUPS__INCLUDE", group.as_str()),
        ("LAGGARD_GROUP__0__GROUPS", &group),
        ("LAGGARD_GROUP__0__MAX_LAG", "20"),
    ] {
        variables.push((name.to_owned(), value.to_owned()));
    }
    let (bootstrap, file) = (cluster.bootstrap(), rules.display().to_string());
    let served = Served::with(&settings(&bootstrap, &file, &borrowed(&variables)));
    let prometheus = Prometheus::evaluating(served.address(), Some(&rules));
    let told = |status: &str| {
        let taken = hook.taken();
        let late = |t: &&Taken| t.body["status"] == status && t.text.contains("LaggardLate");
        taken.iter().find(late).cloned()
    };
    let theirs = || {
        prometheus
            .query("ALERTS{alertname=\"LaggardLate\",alertstate=\"firing\"}")
            .len()
    };
    let both = |firing: bool| {
        eventually(Duration::from_mins(2) + away(), || {
            let ours = told(if firing { "firing" } else { "resolved" }).is_some();
            if ours && (theirs() == 1) == firing {
                Ok(())
            } else {
                Err(format!(
                    "firing {firing}: {ours} {} {}",
                    theirs(),
                    served.log()
                ))
            }
        });
    };
    both(true);
    let broker = which(&served);
    cluster.kill(broker);
    let (killed, mut held, mut looks) = (now(), 0, 0);
    while now() < killed + away() {
        let ours = alerts(&served);
        let late = ours
            .iter()
            .find(|a| a["labels"]["alertname"] == "LaggardLate");
        assert_eq!(late.unwrap()["state"], "firing", "{ours:#?}");
        held += usize::from(late.unwrap()["held"].is_string());
        assert!(told("resolved").is_none(), "{:#?}", hook.taken());
        assert_eq!(theirs(), 1, "Prometheus resolved it");
        looks += 1;
        std::thread::sleep(Duration::from_secs(1));
    }
    eprintln!(
        "broker {broker} was away for {:?}: {looks} looks, held in {held}, no resolve",
        away()
    );
    cluster.restart(broker);
    cluster.wait_until_ready(Duration::from_mins(1));
    let caught_up: Vec<_> = (0..6).map(|n| (topic.as_str(), n, 50)).collect();
    cluster.commit(&group, &caught_up);
    both(false);
    held
}

#[test]
fn a_receiver_that_cannot_be_is_an_error_at_the_start() {
    for (settings, said) in [
        (
            "kind = \"slack\"\nurl = \"env:LAGGARD_TEST_NO_SUCH\"\n",
            "LAGGARD_TEST_NO_SUCH is not set",
        ),
        (
            "kind = \"webhook\"\nurl = \"nowhere\"\n",
            "`url` is no address",
        ),
    ] {
        let file = run_dir().join(unique("receivers")).with_extension("toml");
        let head = "[clusters.it]\nbootstrap_servers = \"127.0.0.1:9\"\n[[notify.receiver]]\nname = \"night\"\n";
        fs::write(&file, format!("{head}{settings}")).unwrap();
        let ended = laggard(["serve", "--config", &file.display().to_string()]);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(
            ended.stderr.contains(said) && ended.stderr.contains(".toml:6:"),
            "{ended:?}"
        );
    }
}
