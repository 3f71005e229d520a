//! TLS, SASL and ACLs with openssl alone. In: a directory for the keys. Out: broker properties, and `client.properties` files as Kafka's own tools
//! take them. The open listener stays free for the tests' own side (User:ANONYMOUS is a super user).

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::KafkaCluster;

/// Somebody whom the brokers know, by PLAIN and by SCRAM-SHA-512.
#[derive(Debug, Clone, Copy)]
pub struct User {
    pub name: &'static str,
    pub password: &'static str,
}

/// May Describe the cluster, all groups and all topics, and no more.
pub const MONITOR: User = User {
    name: "monitor",
    password: "monitors-secret-7f3a",
};
/// Can log in and may nothing; tests give it what they need.
pub const STRANGER: User = User {
    name: "stranger",
    password: "strangers-secret-c41d",
};

const USERS: [User; 2] = [MONITOR, STRANGER];

/// A CA, a server certificate for localhost and 127.0.0.1, a client certificate (`CN=monitor-cert`), and a second CA that signed nothing here.
pub fn make_certificates(directory: &Path) {
    let script = r#"
        set -eu
        ca() { openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$2" -keyout "$1.key" -out "$1.pem"; }
        leaf() {
            openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$1.key" -out "$1.csr"
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$1.ext"
            openssl x509 -req -days 2 -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -extfile "$1.ext" -out "$1.crt"
            cat "$1.key" "$1.crt" >"$1.pem"
        }
        ca ca 'laggard tests'
        ca other-ca 'somebody else'
        leaf server localhost
        leaf client monitor-cert
    "#;
    let output = Command::new("bash")
        .args(["-c", script])
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "openssl failed: {output:#?}");
}

/// What each broker of a secured cluster gets.
pub fn broker_properties(directory: &Path) -> String {
    let at = directory.display();
    let plain_users = USERS
        .map(|user| format!(" user_{}=\"{}\"", user.name, user.password))
        .concat();
    format!(
        "ssl.keystore.type=PEM\nssl.keystore.location={at}/server.pem\nssl.truststore.type=PEM\nssl.truststore.location={at}/ca.pem\n\
         listener.name.ssl.ssl.client.auth=required\n\
         sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN\n\
         listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;\n\
         listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required{plain_users};\n\
         authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\nsuper.users=User:ANONYMOUS\n"
    )
}

/// The users, as `StorageTool format` takes them.
pub fn scram_arguments() -> Vec<String> {
    let users = USERS.iter();
    users
        .flat_map(|user| {
            [
                "--add-scram".to_owned(),
                format!(
                    "SCRAM-SHA-512=[name={},password={}]",
                    user.name, user.password
                ),
            ]
        })
        .collect()
}

impl KafkaCluster {
    /// A `client.properties` for `SASL_SSL`, as a user of Kafka's own tools would write it. `mechanism` is `PLAIN` or `SCRAM-SHA-512`.
    pub fn sasl_properties(&self, user: User, mechanism: &str) -> PathBuf {
        let module = if mechanism == "PLAIN" {
            "plain.PlainLoginModule"
        } else {
            "scram.ScramLoginModule"
        };
        let jaas = format!(
            "org.apache.kafka.common.security.{module} required username=\"{}\" password=\"{}\";",
            user.name, user.password
        );
        let mut text = self.trust("ca.pem");
        write!(
            text,
            "security.protocol=SASL_SSL\nsasl.mechanism={mechanism}\nsasl.jaas.config={jaas}\n"
        )
        .unwrap();
        self.write_properties(&text)
    }

    /// A `client.properties` for mutual TLS; the principal is `User:CN=monitor-cert`.
    pub fn mtls_properties(&self) -> PathBuf {
        let at = self.directory().display();
        let text = format!(
            "{}security.protocol=SSL\nssl.keystore.type=PEM\nssl.keystore.location={at}/client.pem\n",
            self.trust("ca.pem")
        );
        self.write_properties(&text)
    }

    /// A `client.properties` that trusts a CA which did not sign the brokers' certificate; for the mutual TLS listener.
    pub fn wrong_ca_properties(&self) -> PathBuf {
        let text = format!("{}security.protocol=SSL\n", self.trust("other-ca.pem"));
        self.write_properties(&text)
    }

    fn trust(&self, ca: &str) -> String {
        format!(
            "ssl.truststore.type=PEM\nssl.truststore.location={}/{ca}\n",
            self.directory().display()
        )
    }

    fn write_properties(&self, text: &str) -> PathBuf {
        let file = self
            .directory()
            .join(crate::support::unique("client"))
            .with_extension("properties");
        fs::write(&file, text).unwrap();
        file
    }

    /// Gives [`MONITOR`] (and the client certificate) what a monitor needs.
    pub(super) fn grant_monitor(&self) {
        for principal in ["User:monitor", "User:CN=monitor-cert"] {
            self.allow(
                principal,
                &[
                    "--operation",
                    "Describe",
                    "--cluster",
                    "--topic",
                    "*",
                    "--group",
                    "*",
                ],
            );
        }
    }
}
