//! `doctor`: what may be read, what is lost without each right and API, and the command that
//! gives it.

use std::io::{self, Write};

use super::Outcome;
use crate::model::{ApiVersions, ClusterProbe, Grant, Reached, Right};
use crate::words::text::escape;

/// An API that Laggard uses, and from which version on for what.
struct Need {
    key: i16,
    api: &'static str,
    /// The version needed, and what is lost below it.
    from: &'static [(i16, &'static str)],
}

/// Versions by Kafka's protocol guide: states came to ListGroups with 4, types with 5; the record
/// of the highest timestamp to ListOffsets with 7; topic ids to Metadata with 10.
const NEEDS: &[Need] = &[
    Need {
        key: 3,
        api: "Metadata",
        from: &[
            (0, "everything"),
            (
                10,
                "topic ids: a topic deleted and made anew is noticed by its offsets alone",
            ),
        ],
    },
    Need {
        key: 10,
        api: "FindCoordinator",
        from: &[(0, "all groups")],
    },
    Need {
        key: 16,
        api: "ListGroups",
        from: &[
            (0, "all groups"),
            (4, "the states of groups that are not described"),
            (5, "the types of groups: KIP-848 groups look like others"),
        ],
    },
    Need {
        key: 15,
        api: "DescribeGroups",
        from: &[(0, "members and assignments of classic groups")],
    },
    Need {
        key: 69,
        api: "ConsumerGroupDescribe",
        from: &[(0, "members and assignments of KIP-848 groups")],
    },
    Need {
        key: 9,
        api: "OffsetFetch",
        from: &[
            (0, "committed offsets, so all lag"),
            (2, "committed offsets of partitions that no member owns"),
        ],
    },
    Need {
        key: 2,
        api: "ListOffsets",
        from: &[
            (1, "log ends, so all lag"),
            (2, "last stable offsets: what open transactions hold back"),
            (
                7,
                "telling transaction markers from unread records without reading any",
            ),
        ],
    },
    Need {
        key: 32,
        api: "DescribeConfigs",
        from: &[(0, "retention and cleanup policy of topics")],
    },
];

/// Writes what the probes found. Unknown if a cluster cannot be reached or a right without which
/// lag cannot be known is missing.
///
/// # Errors
///
/// Those of the writer.
pub fn doctor(probes: &[ClusterProbe], out: &mut dyn Write) -> io::Result<Outcome> {
    let mut outcome = Outcome::Fine;
    for (i, probe) in probes.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        outcome = outcome.max(one(probe, out)?);
    }
    Ok(outcome)
}

fn one(probe: &ClusterProbe, out: &mut dyn Write) -> io::Result<Outcome> {
    let (cluster, servers) = (
        escape(probe.cluster.as_str(), false),
        escape(&probe.servers, false),
    );
    writeln!(out, "cluster {cluster} ({servers})")?;
    let reached = match &probe.reached {
        Ok(reached) => reached,
        Err(why) => {
            writeln!(out, "  NO   not reached: {}", escape(why.as_str(), false))?;
            return Ok(Outcome::Unknown);
        }
    };
    greet(reached, out)?;
    writeln!(out, "  rights of {}", principal(probe))?;
    let mut outcome = Outcome::Fine;
    for (right, grant) in &probe.rights {
        write_right(probe, *right, grant, out)?;
        if essential(*right) && matches!(grant, Grant::Refused { .. }) {
            outcome = Outcome::Unknown;
        }
    }
    apis(&probe.apis, out)?;
    if !reached.unanswered.is_empty() {
        outcome = Outcome::Unknown;
    }
    Ok(outcome)
}

fn greet(reached: &Reached, out: &mut dyn Write) -> io::Result<()> {
    let id = reached.cluster_id.as_deref().unwrap_or("-");
    writeln!(
        out,
        "  ok   reached: cluster id {}, {} brokers, {} groups and {} topics visible",
        escape(id, false),
        reached.brokers,
        reached.groups,
        reached.topics
    )?;
    for why in &reached.unanswered {
        writeln!(out, "  NO   {}", escape(why.as_str(), false))?;
    }
    Ok(())
}

/// Whether lag is wrong or missing without it.
fn essential(right: Right) -> bool {
    right != Right::DescribeConfigs
}

fn name(right: Right) -> &'static str {
    match right {
        Right::DescribeCluster => "Describe on the cluster",
        Right::DescribeGroups => "Describe on groups",
        Right::DescribeTopics => "Describe on topics",
        Right::DescribeConfigs => "DescribeConfigs on topics",
    }
}

fn lost(right: Right) -> &'static str {
    match right {
        Right::DescribeCluster => {
            "groups that may not be described one by one are hidden in silence"
        }
        Right::DescribeGroups => "members, states and committed offsets of those groups",
        Right::DescribeTopics => {
            "log ends and committed offsets of those topics, so the lag on them; they are hidden in silence"
        }
        Right::DescribeConfigs => "time to loss, and which topics are compacted",
    }
}

fn write_right(
    probe: &ClusterProbe,
    right: Right,
    grant: &Grant,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name = name(right);
    match grant {
        Grant::Given { tried: 0 } => return writeln!(out, "  ok   {name}"),
        Grant::Given { tried } => return writeln!(out, "  ok   {name} ({tried} tried)"),
        Grant::Refused {
            refused,
            tried,
            example,
        } => {
            write!(out, "  NO   {name}")?;
            if *tried > 0 {
                write!(out, ": refused for {refused} of {tried}")?;
            }
            if let Some(example) = example {
                write!(out, ", one of them `{}`", escape(example, false))?;
            }
            writeln!(out)?;
        }
        Grant::Unclear(why) => {
            writeln!(out, "  ?    {name}: {}", escape(why.as_str(), false))?;
        }
    }
    writeln!(out, "       lost without it: {}", lost(right))?;
    writeln!(out, "       {}", command(probe, right))
}

/// As Kafka's own tool takes it, for somebody who may alter ACLs.
fn command(probe: &ClusterProbe, right: Right) -> String {
    let on = match right {
        Right::DescribeCluster => "--operation Describe --cluster",
        Right::DescribeGroups => "--operation Describe --group '*'",
        Right::DescribeTopics => "--operation Describe --topic '*'",
        Right::DescribeConfigs => "--operation DescribeConfigs --topic '*'",
    };
    format!(
        "kafka-acls --bootstrap-server {} --command-config admin.properties --add --allow-principal {} {on}",
        quote(&probe.servers),
        quote(&principal(probe)),
    )
}

fn principal(probe: &ClusterProbe) -> String {
    match &probe.user {
        Some(user) => format!("User:{}", escape(user, false)),
        None => "User:YOUR-PRINCIPAL".to_owned(),
    }
}

/// For a shell: as it is, if no shell could take it for anything else.
fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:,/@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn apis(spoken: &[ApiVersions], out: &mut dyn Write) -> io::Result<()> {
    if spoken.is_empty() {
        return writeln!(out, "  ?    APIs: no broker told which versions it speaks");
    }
    writeln!(out, "  APIs that all brokers speak")?;
    for need in NEEDS {
        let spoken = spoken.iter().find(|s| s.key == need.key);
        let max = spoken.map_or(-1, |s| if s.min > s.max { -1 } else { s.max });
        let versions = match spoken {
            Some(s) if s.min <= s.max => format!("{} to {}", s.min, s.max),
            Some(_) => "no version in common".to_owned(),
            None => "not spoken".to_owned(),
        };
        let missing: Vec<_> = need.from.iter().filter(|(from, _)| *from > max).collect();
        let sign = if missing.is_empty() { "ok" } else { "NO" };
        writeln!(out, "  {sign}   {:<22} {versions}", need.api)?;
        // Without the lowest there is nothing at all: the rest goes without saying.
        if missing.len() == need.from.len() {
            writeln!(out, "       lost: {}", need.from[0].1)?;
            continue;
        }
        for (from, lost) in missing {
            writeln!(out, "       lost below version {from}: {lost}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Why;

    fn printed(probe: ClusterProbe) -> (String, Outcome) {
        let mut out = Vec::new();
        let outcome = doctor(&[probe], &mut out).unwrap();
        (String::from_utf8(out).unwrap(), outcome)
    }

    fn probe() -> ClusterProbe {
        let version = |key, max| ApiVersions { key, min: 0, max };
        ClusterProbe {
            cluster: "prod".into(),
            servers: "b1:9092,b2:9092".into(),
            user: Some("lag monitor".into()),
            reached: Ok(Reached {
                cluster_id: Some("4L6g3nShT-eMCtK--X86sw".into()),
                controller: Some(1),
                brokers: 3,
                groups: 12,
                topics: 8,
                unanswered: vec![],
            }),
            rights: vec![
                (Right::DescribeCluster, Grant::Given { tried: 0 }),
                (Right::DescribeGroups, Grant::Given { tried: 12 }),
                (Right::DescribeTopics, Grant::Given { tried: 8 }),
                (Right::DescribeConfigs, Grant::Given { tried: 8 }),
            ],
            apis: [
                (2, 10),
                (3, 13),
                (9, 9),
                (10, 6),
                (15, 6),
                (16, 5),
                (32, 4),
                (69, 1),
            ]
            .map(|(key, max)| version(key, max))
            .to_vec(),
        }
    }

    #[test]
    fn a_cluster_on_which_all_may_be_read() {
        let (text, outcome) = printed(probe());
        insta::assert_snapshot!(text);
        assert_eq!(outcome, Outcome::Fine);
    }

    #[test]
    fn each_missing_right_says_what_is_lost_and_how_to_give_it() {
        let mut poor = probe();
        poor.rights = vec![
            (
                Right::DescribeCluster,
                Grant::Refused {
                    refused: 0,
                    tried: 0,
                    example: None,
                },
            ),
            (
                Right::DescribeGroups,
                Grant::Refused {
                    refused: 2,
                    tried: 12,
                    example: Some("evil\n\u{1b}[2J".into()),
                },
            ),
            (
                Right::DescribeTopics,
                Grant::Unclear(Why::text("no topic is visible")),
            ),
            (
                Right::DescribeConfigs,
                Grant::Refused {
                    refused: 8,
                    tried: 8,
                    example: Some("orders".into()),
                },
            ),
        ];
        poor.apis = vec![
            ApiVersions {
                key: 2,
                min: 0,
                max: 5,
            },
            ApiVersions {
                key: 16,
                min: 3,
                max: 1,
            },
        ];
        let (text, outcome) = printed(poor);
        insta::assert_snapshot!(text);
        assert_eq!(outcome, Outcome::Unknown);
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_cluster_that_is_not_reached_is_unknown() {
        let mut gone = probe();
        gone.reached = Err(Why::text("no broker can be reached: connection refused"));
        let (text, outcome) = printed(gone);
        assert_eq!(
            text,
            "cluster prod (b1:9092,b2:9092)\n  NO   not reached: no broker can be reached: connection refused\n"
        );
        assert_eq!(outcome, Outcome::Unknown);
    }

    #[test]
    fn configurations_are_good_to_have_only() {
        let mut probe = probe();
        probe.rights[3].1 = Grant::Refused {
            refused: 8,
            tried: 8,
            example: None,
        };
        assert_eq!(printed(probe).1, Outcome::Fine);
    }

    #[test]
    fn what_goes_into_a_shell_is_quoted() {
        assert_eq!(quote("b1:9092,b2:9092"), "b1:9092,b2:9092");
        assert_eq!(quote("User:lag monitor"), "'User:lag monitor'");
        assert_eq!(quote("it's; rm"), r"'it'\''s; rm'");
    }
}
