//! Whatever is written, reading it ends, and no secret is shown.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

/// A configuration that uses everything, with secrets in places where people put them.
const WHOLE: &str = r#"
state_dir = "state"
[http]
listen = "127.0.0.1:9550"
[log]
level = "info"
[clusters.prod]
bootstrap_servers = ["a:9092", "b:9092"]
poll_interval = "10s"
groups.include = ["pay-.*"]
[clusters.prod.properties]
"sasl.username" = "me"
"sasl.password" = "HUNTER22"
sasl.oauthbearer.client.secret = 'HUNTER22'
"ssl.key.pem" = """
-----BEGIN
HUNTER22
-----END"""
[[group]]
groups = ["a", "b"]
max_lag = 10
"#;

fn read(text: String) -> String {
    let mut problems = Vec::new();
    let parsed = files::parse(Path::new("a.toml"), text, &mut problems);
    let tree = parsed.unwrap_or_default();
    let config = build::config(&tree, &mut problems);
    problems.extend(judge::judge(&config, &tree));
    let loaded = Loaded {
        config,
        problems,
        files: Vec::new(),
        tree,
    };
    format!("{}{}{loaded:?}", print(&loaded.problems), loaded.show())
}

/// `WHOLE` with one piece cut out and another put in its place, somewhere before its secrets' own
/// letters: those stay whole, so that they can be looked for.
fn damaged(at: usize, cut: usize, put: &str) -> String {
    let mut text: Vec<char> = WHOLE.chars().collect();
    let start = at % text.len();
    let end = (start + cut).min(text.len());
    text.splice(start..end, put.chars());
    text.into_iter().collect()
}

#[test]
fn a_comment_after_a_secret_is_not_shown() {
    let shown = read(WHOLE.replace("= \"HUNTER22\"", "= 0# \"HUNTER22\""));
    assert!(shown.contains("sasl.password"), "{shown}");
    assert!(!shown.contains("HUNTER22"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_damaged_configuration_shows_no_secret(
        at in 0_usize..2000,
        cut in 0_usize..6,
        put in "[\\[\\]\"'=.#{}, \n\\\\a-z0-9]{0,3}",
    ) {
        let shown = read(damaged(at, cut, &put));
        let (at, text) = (shown.find("HUNTER22").unwrap_or_default(), shown.clone());
        prop_assert!(at == 0, "{}", text.get(at.saturating_sub(300)..at + 50).unwrap_or_default());
    }

    #[test]
    fn any_text_is_read_to_its_end(text in "\\PC{0,200}") {
        read(text);
    }

    #[test]
    fn any_variable_is_read_to_its_end(
        name in "(CLUSTERS__|GROUP__|HTTP|LOG_|)[A-Z0-9_é]{0,30}",
        value in "\\PC{0,40}",
    ) {
        let variables = [(format!("LAGGARD_{name}"), value)].into_iter().collect();
        let loaded = load(None, &variables, &[]);
        print(&loaded.problems);
    }

    #[test]
    fn what_is_shown_reads_back(
        lag in proptest::option::of(any::<u32>()),
        millis in 0_u32..900_000_000,
        owner in "\\PC{0,20}",
        group in "[a-z.*\\\\d\"']{1,10}",
    ) {
        prop_assume!(crate::model::Pattern::new(&group).is_ok());
        let silence = crate::model::Span::from_millis(millis.into());
        let mut config = Config::default();
        let policy = crate::model::Policy {
            max_lag: lag.map(u64::from),
            max_silence: Some(silence),
            owner: Some(owner.as_str().into()),
            ..crate::model::Policy::default()
        };
        config.policies.push(GroupPolicy {
            cluster: crate::model::Pattern::new(".*").unwrap(),
            groups: vec![crate::model::Pattern::new(&group).unwrap()],
            policy,
        });
        let mut text = String::from("[[group]]\n");
        for field in schema::GROUP {
            if let Some(value) = (field.at)(&mut config.policies[0]).show() {
                writeln!(text, "{} = {value}", field.key).unwrap();
            }
        }
        let mut problems = Vec::new();
        let tree = files::parse(Path::new("a.toml"), text, &mut problems).unwrap_or_default();
        prop_assert_eq!(build::config(&tree, &mut problems), config);
        prop_assert!(problems.is_empty(), "{}", print(&problems));
    }
}
