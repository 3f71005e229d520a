//! A Java `client.properties`: the format, and what each name is called here.

use std::collections::BTreeMap;

use super::stores::{self, Entries};
use super::{Properties, PropertyProblem, Translated, jaas};

/// Java's name and librdkafka's, where the value stays as it is.
const RENAMED: [(&str, &str); 3] = [
    ("receive.buffer.bytes", "socket.receive.buffer.bytes"),
    ("request.timeout.ms", "socket.timeout.ms"),
    ("send.buffer.bytes", "socket.send.buffer.bytes"),
];

/// What belongs to stores, taken together in `stores`.
const STORES: [&str; 10] = [
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.type",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.type",
];

/// Consumers', producers' and Java's own: of no use to a reader in another language.
const IGNORED: [&str; 42] = [
    "acks",
    "auto.commit.interval.ms",
    "auto.include.jmx.reporter",
    "auto.offset.reset",
    "batch.size",
    "buffer.memory",
    "compression.type",
    "default.api.timeout.ms",
    "enable.auto.commit",
    "enable.idempotence",
    "enable.metrics.push",
    "exclude.internal.topics",
    "fetch.max.bytes",
    "fetch.max.wait.ms",
    "fetch.min.bytes",
    "group.id",
    "group.protocol",
    "heartbeat.interval.ms",
    "interceptor.classes",
    "isolation.level",
    "key.deserializer",
    "key.serializer",
    "linger.ms",
    "max.block.ms",
    "max.poll.interval.ms",
    "max.poll.records",
    "metric.reporters",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "partition.assignment.strategy",
    "retries",
    "sasl.login.class",
    "security.providers",
    "session.timeout.ms",
    "ssl.enabled.protocols",
    "ssl.engine.factory.class",
    "ssl.keymanager.algorithm",
    "ssl.protocol",
    "ssl.provider",
    "ssl.secure.random.implementation",
    "ssl.trustmanager.algorithm",
];
const IGNORED_TOO: [&str; 3] = ["value.deserializer", "value.serializer", "transactional.id"];

/// Translates a whole file.
pub(super) fn translate(text: &str) -> Translated {
    let mut done = Translated::default();
    let entries = parse(text);
    for (name, (line, value)) in &entries {
        if let Err(problem) = translate_one(name, value, &mut done) {
            done.problems.push(PropertyProblem {
                line: Some(*line),
                ..problem
            });
        }
    }
    stores::trust(&entries, &mut done.properties, &mut done.problems);
    stores::key(&entries, &mut done.properties, &mut done.problems);
    let scrubber = done.properties.scrubber();
    for (name, (line, _)) in &entries {
        if let Some(problem) = done.properties.problem_of(name) {
            let message = scrubber.scrub(&problem.message);
            done.problems.push(PropertyProblem {
                line: Some(*line),
                message,
                ..problem
            });
        }
    }
    done.problems.sort_by_key(|problem| problem.line);
    done
}

fn translate_one(name: &str, value: &str, done: &mut Translated) -> Result<(), PropertyProblem> {
    let properties = &mut done.properties;
    match name {
        "sasl.jaas.config" => jaas::translate(value, properties),
        "sasl.mechanism" if value == "GSSAPI" && !cfg!(feature = "gssapi") => {
            Err(PropertyProblem::new(
                name,
                "this binary was built without Kerberos; build it with `--features gssapi`",
            ))
        }
        // An empty one turns the check of the host name off.
        "ssl.endpoint.identification.algorithm" => {
            let value = if value.is_empty() { "none" } else { value };
            properties.set(name, &value.to_ascii_lowercase());
            Ok(())
        }
        "sasl.login.callback.handler.class" => callback_handler(name, value, properties),
        "ssl.cipher.suites" => {
            properties.set(name, &value.replace(',', ":"));
            Ok(())
        }
        name if STORES.contains(&name) => Ok(()),
        name if IGNORED.contains(&name) || IGNORED_TOO.contains(&name) => {
            done.ignored.push(PropertyProblem::new(
                name,
                "has no meaning for Laggard and was left out",
            ));
            Ok(())
        }
        name => {
            let renamed = RENAMED.iter().find(|(java, _)| *java == name);
            properties.set_resolved(renamed.map_or(name, |(_, here)| here), value)
        }
    }
}

fn callback_handler(
    name: &str,
    value: &str,
    properties: &mut Properties,
) -> Result<(), PropertyProblem> {
    if value.ends_with("OAuthBearerLoginCallbackHandler") {
        properties.set("sasl.oauthbearer.method", "oidc");
        return Ok(());
    }
    Err(PropertyProblem::new(
        name,
        format!(
            "the Java class `{value}` cannot run here; for a token from an OIDC server set \
             `sasl.oauthbearer.method=oidc` and `sasl.oauthbearer.token.endpoint.url`"
        ),
    ))
}

/// The format of `java.util.Properties`: comments, continued lines, escapes. The last of a name wins.
fn parse(text: &str) -> Entries {
    let mut entries = BTreeMap::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, first)) = lines.next() {
        let first = first.trim_start();
        if first.is_empty() || first.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = first.to_owned();
        while continues(&logical) {
            logical.pop();
            match lines.next() {
                Some((_, next)) => logical.push_str(next.trim_start()),
                None => break,
            }
        }
        let (name, value) = split(&logical);
        entries.insert(name, (number + 1, value));
    }
    entries
}

/// Whether the line ends with an odd number of backslashes.
fn continues(line: &str) -> bool {
    line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

/// Name and value: parted by the first unescaped `=`, `:` or blank.
fn split(line: &str) -> (String, String) {
    let mut escaped = false;
    let end = line.char_indices().find(|(_, c)| {
        let parts = !escaped && (matches!(c, '=' | ':') || c.is_whitespace());
        escaped = *c == '\\' && !escaped;
        parts
    });
    let end = end.map_or(line.len(), |(index, _)| index);
    let rest = line[end..].trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    (
        unescape(&line[..end]),
        unescape(rest.trim_end_matches('\r')),
    )
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => {
                let digits: String = letters.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16)
                    .ok()
                    .and_then(char::from_u32);
                plain.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str) -> Properties {
        let done = translate(text);
        assert_eq!(done.problems, [], "{text}");
        done.properties
    }

    fn problems(text: &str) -> Vec<String> {
        translate(text)
            .problems
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_scram_file_as_people_write_it() {
        let directory = tempfile::tempdir().unwrap();
        let ca = directory.path().join("ca.pem");
        std::fs::write(&ca, "x").unwrap();
        let properties = good(&format!(
            "# for the tools\nsecurity.protocol=SASL_SSL\nsasl.mechanism = SCRAM-SHA-512\n\
             sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n   \
             username=\"monitor\" \\\n   password=\"p\\\\u\";\n\
             ssl.truststore.type=PEM\nssl.truststore.location={}\nkey.deserializer=x.Y\n",
            ca.display()
        ));
        assert_eq!(properties.get("security.protocol"), Some("SASL_SSL"));
        assert_eq!(properties.get("sasl.username"), Some("monitor"));
        assert_eq!(properties.get("ssl.ca.location"), ca.to_str());
        assert_eq!(properties.get("key.deserializer"), None);
    }

    #[test]
    fn stores_of_java_get_the_command_that_converts_them() {
        let told = problems(
            "ssl.truststore.location=/etc/kafka/my trust.jks\nssl.truststore.password=changeit\n\
             ssl.keystore.location=/etc/kafka/key.jks\nssl.keystore.password=changeit\n",
        );
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[0].starts_with("line 1: `ssl.truststore.location`"),
            "{}",
            told[0]
        );
        assert!(
            told[0].contains("keytool -list -rfc -keystore '/etc/kafka/my trust.jks' | sed -n '/-BEGIN/,/-END/p' > '/etc/kafka/my trust.pem'"),
            "{}",
            told[0]
        );
        assert!(told[1].contains("-deststoretype PKCS12"), "{}", told[1]);
        assert!(told.iter().all(|text| !text.contains("changeit")));
    }

    #[test]
    fn pem_stores_and_pkcs12_key_stores_are_taken() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("client.p12");
        std::fs::write(&store, "x").unwrap();
        let properties = good(&format!(
            "ssl.keystore.location={}\nssl.keystore.password=changeit\nssl.truststore.certificates=-----BEGIN\\n",
            store.display()
        ));
        assert_eq!(properties.get("ssl.keystore.password"), Some("changeit"));
        assert_eq!(properties.get("ssl.ca.pem"), Some("-----BEGIN\n"));
    }

    #[test]
    fn names_are_translated_and_mistakes_found() {
        let properties =
            good("request.timeout.ms=7000\nssl.endpoint.identification.algorithm=\nclient.id:me\n");
        assert_eq!(properties.get("socket.timeout.ms"), Some("7000"));
        assert_eq!(
            properties.get("ssl.endpoint.identification.algorithm"),
            Some("none")
        );
        assert_eq!(properties.get("client.id"), Some("me"));
        let told = problems("security.protocl=SSL\nsecurity.protocol=TLS\n");
        assert!(told[0].contains("line 1: `security.protocl`"), "{told:?}");
        assert!(told[0].contains("`security.protocol`"), "{told:?}");
        assert!(
            told[1].contains("line 2") && told[1].contains("TLS"),
            "{told:?}"
        );
    }

    #[test]
    fn oauth_in_kafkas_words() {
        let properties = good(
            "sasl.mechanism=OAUTHBEARER\nsasl.oauthbearer.token.endpoint.url=https://idp/token\n\
             sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler\n\
             sasl.jaas.config=o.OAuthBearerLoginModule required clientId=\"a\" clientSecret=\"b\";\n",
        );
        assert_eq!(properties.get("sasl.oauthbearer.method"), Some("oidc"));
        assert_eq!(properties.get("sasl.oauthbearer.client.secret"), Some("b"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "(\\PC|\n|\\\\){0,120}") {
            let _ = parse(&text);
        }
    }
}
