//! librdkafka's properties for one cluster: Laggard's own, the user's, and those translated from
//! a Java `client.properties`.
//!
//! Every librdkafka property can be set. In: names and values, `file:` and `env:` references. Out:
//! what the client is made with, or every problem at once. It must never print a secret.

mod jaas;
mod java;
mod stores;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::ffi::{Handle, PropertyError, check_properties, property_names};
use super::secret::{Scrubber, Secret};
use crate::model::is_secret;

/// What is set whatever the user says: Laggard reads and leaves no trace.
const ALWAYS: [(&str, &str); 4] = [
    ("allow.auto.create.topics", "false"),
    ("enable.auto.commit", "false"),
    ("enable.metrics.push", "false"),
    ("isolation.level", "read_uncommitted"),
];

/// What is set unless the user says otherwise. The group is never joined.
const DEFAULTS: [(&str, &str); 4] = [
    ("client.id", "laggard"),
    ("group.id", "laggard-reads-only"),
    ("reconnect.backoff.max.ms", "2000"),
    ("socket.timeout.ms", "10000"),
];

/// Something wrong with one property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyProblem {
    /// The line in the file that it came from, if any.
    pub line: Option<usize>,
    /// The property as the user wrote it.
    pub name: String,
    /// What is wrong and how to mend it; without secrets.
    pub message: String,
}

impl PropertyProblem {
    fn new(name: &str, message: impl Into<String>) -> Self {
        Self {
            line: None,
            name: name.to_owned(),
            message: message.into(),
        }
    }
}

impl fmt::Display for PropertyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "`{}`: {}", self.name, self.message)
    }
}

impl std::error::Error for PropertyProblem {}

/// Properties by name. Values that may be secret print as `***`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, Property>);

#[derive(Clone, PartialEq, Eq)]
struct Property {
    value: Secret,
    /// It stood in a file or a variable of its own: whatever its name says, it may be a secret.
    hidden: bool,
}

impl Property {
    fn is_secret(&self, name: &str) -> bool {
        self.hidden || is_secret(name)
    }
}

/// What a translation gave: properties, what is wrong, and what was left out and why.
#[derive(Debug, Clone, Default)]
pub struct Translated {
    /// The properties for librdkafka.
    pub properties: Properties,
    /// Problems: with any, the properties are not to be used.
    pub problems: Vec<PropertyProblem>,
    /// What has no meaning here and was left out.
    pub ignored: Vec<PropertyProblem>,
}

/// A value as it is meant: `env:NAME` and `file:PATH` stand for what they name.
fn resolve(name: &str, value: &str) -> Result<String, PropertyProblem> {
    if let Some(variable) = value.strip_prefix("env:") {
        return std::env::var(variable).map_err(|_| {
            PropertyProblem::new(
                name,
                format!("the environment variable `{variable}` is not set"),
            )
        });
    }
    if let Some(path) = value.strip_prefix("file:") {
        let text = std::fs::read_to_string(path)
            .map_err(|error| PropertyProblem::new(name, format!("cannot read {path}: {error}")))?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    Ok(value.to_owned())
}

impl Properties {
    /// Only where to connect to.
    pub fn bootstrap(servers: &str) -> Self {
        let mut properties = Self::default();
        properties.set("bootstrap.servers", servers);
        properties
    }

    /// Translates the text of a Java `client.properties`, as Kafka's own tools take it with
    /// `--command-config`. librdkafka's own names are taken too.
    pub fn from_client_properties(text: &str) -> Translated {
        java::translate(text)
    }

    /// Reads and translates a `client.properties`.
    pub fn read_client_properties(path: &Path) -> std::io::Result<Translated> {
        std::fs::read_to_string(path).map(|text| java::translate(&text))
    }

    /// Sets one to exactly this value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.insert(name, value, false);
    }

    /// Sets one whose value stood in a file or a variable of its own: it is never shown.
    pub fn set_hidden(&mut self, name: &str, value: &str) {
        self.insert(name, value, true);
    }

    fn insert(&mut self, name: &str, value: &str, hidden: bool) {
        let value = Secret::new(value);
        self.0.insert(name.to_owned(), Property { value, hidden });
    }

    /// Sets one to what the value stands for: `env:NAME`, `file:PATH`, or itself.
    pub fn set_resolved(&mut self, name: &str, value: &str) -> Result<(), PropertyProblem> {
        let hidden = value.starts_with("env:") || value.starts_with("file:");
        let value = resolve(name, value)?;
        self.insert(name, &value, hidden);
        Ok(())
    }

    /// One property's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|property| property.value.reveal())
    }

    /// The names that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Takes all of another's properties over its own.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Everything that is wrong with them, as far as can be told without connecting.
    pub fn check(&self) -> Vec<PropertyProblem> {
        self.0
            .iter()
            .filter_map(|(name, property)| check_one(name, property))
            .map(|problem| PropertyProblem {
                message: self.scrubber().scrub(&problem.message),
                ..problem
            })
            .collect()
    }

    /// What only a client that is made of all of them finds: properties that do not go together, a
    /// certificate that cannot be read. `None` if nothing. Connects to nothing.
    pub fn refused_together(&self) -> Option<String> {
        let mut properties = self.for_client();
        properties
            .retain(|(name, _)| name != "bootstrap.servers" && name != "metadata.broker.list");
        let error = Handle::try_out(&properties).err()?;
        Some(self.scrubber().scrub(&error.to_string()))
    }

    /// What is wrong with one.
    fn problem_of(&self, name: &str) -> Option<PropertyProblem> {
        check_one(name, self.0.get(name)?)
    }

    /// What librdkafka is given: the user's, with Laggard's own.
    pub fn for_client(&self) -> Vec<(String, String)> {
        let mut all: BTreeMap<&str, &str> = DEFAULTS.into_iter().collect();
        all.extend(
            self.0
                .iter()
                .map(|(name, property)| (name.as_str(), property.value.reveal())),
        );
        all.extend(ALWAYS);
        all.into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Takes the secret values out of texts.
    pub fn scrubber(&self) -> Scrubber {
        let secret = self.0.iter().filter(|(name, one)| one.is_secret(name));
        Scrubber::new(secret.map(|(_, one)| one.value.clone()))
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|(name, one)| {
            let value = if one.is_secret(name) {
                "***"
            } else {
                one.value.reveal()
            };
            (name, value)
        });
        f.debug_map().entries(shown).finish()
    }
}

fn check_one(name: &str, property: &Property) -> Option<PropertyProblem> {
    let value = property.value.reveal();
    match check_properties(&[(name.to_owned(), value.to_owned())]) {
        Ok(()) => unreadable_file(name, property),
        Err(PropertyError::Unknown { .. }) => Some(unknown(name)),
        // The client's own words repeat the value.
        Err(PropertyError::Invalid { .. }) if property.hidden => Some(PropertyProblem::new(
            name,
            "what its file or variable holds is no valid value of it".to_owned(),
        )),
        Err(PropertyError::Invalid { message, .. }) if !is_secret(name) => {
            Some(PropertyProblem::new(
                name,
                format!("`{value}` is refused: {}", message.trim_end()),
            ))
        }
        Err(PropertyError::Invalid { message, .. } | PropertyError::Client { message }) => {
            Some(PropertyProblem::new(name, message))
        }
    }
}

/// librdkafka's own error for a missing file is a line of OpenSSL's.
fn unreadable_file(name: &str, property: &Property) -> Option<PropertyProblem> {
    let value = property.value.reveal();
    let is_file =
        (name.starts_with("ssl.") && name.ends_with(".location")) || name == "sasl.kerberos.keytab";
    if !is_file || value == "probe" {
        return None;
    }
    let error = std::fs::metadata(value).err()?;
    let message = if property.hidden {
        let pem = match name {
            "ssl.ca.location" => "; for the certificates themselves use `ssl.ca.pem`",
            "ssl.certificate.location" => "; for the certificate itself use `ssl.certificate.pem`",
            "ssl.key.location" => "; for the key itself use `ssl.key.pem`",
            _ => "",
        };
        format!(
            "it takes a path, and what its file or variable holds is none that can be read{pem}"
        )
    } else {
        format!("cannot read {value}: {error}")
    };
    Some(PropertyProblem::new(name, message))
}

/// What people set and librdkafka leaves out of its own list, since nothing is its default.
const UNSET: [&str; 22] = [
    "client.rack",
    "https.ca.location",
    "plugin.library.paths",
    "sasl.kerberos.keytab",
    "sasl.mechanism",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.extensions",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.password",
    "sasl.username",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.crl.location",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.location",
];

fn unknown(name: &str) -> PropertyProblem {
    let names = property_names();
    let nearest = names
        .iter()
        .map(String::as_str)
        .chain(UNSET)
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= name.len() / 3);
    PropertyProblem::new(
        name,
        match nearest {
            Some((_, known)) => format!("there is no such property; did you mean `{known}`?"),
            None => "there is no such property; see librdkafka's CONFIGURATION.md".to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_the_reader_harmless_cannot_be_overridden() {
        let mut properties = Properties::bootstrap("a:9092");
        properties.set("enable.metrics.push", "true");
        properties.set("client.id", "mine");
        let all: BTreeMap<_, _> = properties.for_client().into_iter().collect();
        assert_eq!(all["enable.metrics.push"], "false");
        assert_eq!(all["allow.auto.create.topics"], "false");
        assert_eq!(all["isolation.level"], "read_uncommitted");
        assert_eq!(all["client.id"], "mine");
        assert_eq!(check_properties(&properties.for_client()), Ok(()));
    }

    #[test]
    fn secrets_are_resolved_and_never_printed() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("password");
        std::fs::write(&file, "hunter22\n").unwrap();
        let mut properties = Properties::default();
        properties
            .set_resolved("sasl.password", &format!("file:{}", file.display()))
            .unwrap();
        assert_eq!(properties.get("sasl.password"), Some("hunter22"));
        assert!(!format!("{properties:?}").contains("hunter22"));
        assert_eq!(
            properties.scrubber().scrub("password hunter22!"),
            "password ***!"
        );
        let problem = properties
            .set_resolved("sasl.password", "env:LAGGARD_NO_SUCH_VARIABLE")
            .unwrap_err();
        assert!(
            problem.to_string().contains("LAGGARD_NO_SUCH_VARIABLE"),
            "{problem}"
        );
    }

    #[test]
    fn what_stood_in_a_file_is_never_shown_whatever_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("held");
        std::fs::write(&file, "hunter22\n").unwrap();
        let named = format!("file:{}", file.display());
        for name in [
            "security.protocol",
            "ssl.key.location",
            "ssl.ca.location",
            "receive.message.max.bytes",
        ] {
            let mut properties = Properties::default();
            properties.set_resolved(name, &named).unwrap();
            let problems = properties.check();
            assert_eq!(problems.len(), 1, "{name}");
            let told = format!("{problems:?} {} {properties:?}", problems[0]);
            assert!(!told.contains("hunter22"), "{told}");
        }
    }

    /// Without `cmake-build` librdkafka's own build leaves OIDC out in silence.
    #[test]
    fn the_default_build_can_log_in_and_unpack_in_every_way() {
        let config = rdkafka::ClientConfig::new().create_native_config().unwrap();
        let built = config.get("builtin.features").unwrap();
        let built: Vec<_> = built.split(',').collect();
        for feature in [
            "ssl",
            "sasl_plain",
            "sasl_scram",
            "sasl_oauthbearer",
            "oidc",
            "gzip",
            "snappy",
            "lz4",
            "zstd",
        ] {
            assert!(built.contains(&feature), "{feature} is not in {built:?}");
        }
    }

    #[test]
    fn every_problem_is_told_at_once_with_a_way_out() {
        let mut properties = Properties::bootstrap("a:9092");
        properties.set("sasl.mechansim", "PLAIN");
        properties.set("socket.timeout.ms", "soon");
        properties.set("ssl.ca.location", "/no/such/ca.pem");
        let problems: Vec<_> = properties.check().iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(
            problems[0].contains("did you mean `sasl.mechanism"),
            "{problems:?}"
        );
        assert!(problems[1].contains("soon"), "{problems:?}");
        assert!(
            problems[2].contains("/no/such/ca.pem: No such file"),
            "{problems:?}"
        );
    }
}
