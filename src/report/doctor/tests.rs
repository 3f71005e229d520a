//! What `doctor` says of probes written by hand.

use super::*;
use crate::model::Why;

fn printed(probe: ClusterProbe) -> (String, Outcome) {
    let mut out = Vec::new();
    let outcome = doctor(&[probe], Form::Table(None), &mut out).unwrap();
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
            groups_left_out: 0,
            topics_left_out: 0,
            other_groups: Others::None,
            other_topics: Others::None,
            unanswered: vec![],
        }),
        rights: vec![
            (Right::DescribeCluster, Grant::Given { tried: 0 }),
            (Right::DescribeGroups, Grant::Given { tried: 12 }),
            (Right::DescribeTopics, Grant::Given { tried: 8 }),
            (Right::DescribeConfigs, Grant::Given { tried: 8 }),
            (Right::ReadOffsets, Grant::Given { tried: 0 }),
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
fn no_group_to_be_seen_is_none_or_hidden_or_unclear_and_says_which() {
    let mut text = String::new();
    for others in [Others::None, Others::Hidden, Others::Unclear] {
        let mut blind = probe();
        if let Ok(reached) = &mut blind.reached {
            (reached.groups, reached.other_groups) = (0, others);
        }
        blind.apis.clear();
        blind.rights.clear();
        let (said, outcome) = printed(blind);
        assert_eq!(outcome == Outcome::Fine, others == Others::None, "{said}");
        text += &said;
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_same_as_json() {
    let mut poor = probe();
    poor.rights[1].1 = Grant::Refused {
        refused: 2,
        tried: 12,
        example: Some("evil\n".into()),
    };
    let mut gone = probe();
    gone.reached = Err(Why::text("no broker can be reached"));
    let mut out = Vec::new();
    let outcome = doctor(&[poor, gone], Form::Json, &mut out).unwrap();
    assert_eq!(outcome, Outcome::Unknown);
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap());
}
