//! Java key stores and trust stores: PEM ones are taken, others answered with the command that
//! converts them.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Properties, PropertyProblem};

/// A property as it stands in the file: its line and value.
pub(super) type Entries = BTreeMap<String, (usize, String)>;

/// The kind of a store: as told, else by its name's end, else Java's default.
fn kind(entries: &Entries, prefix: &str, location: &str) -> String {
    if let Some((_, told)) = entries.get(&format!("{prefix}.type")) {
        return told.to_ascii_uppercase();
    }
    let end = Path::new(location)
        .extension()
        .and_then(|end| end.to_str())
        .unwrap_or_default();
    match end.to_ascii_lowercase().as_str() {
        "pem" | "crt" | "cer" => "PEM".to_owned(),
        "p12" | "pfx" | "pkcs12" => "PKCS12".to_owned(),
        _ => "JKS".to_owned(),
    }
}

/// For a shell: quoted whenever it has to be.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,".contains(c);
    if !path.is_empty() && path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

fn pem_beside(location: &str) -> String {
    Path::new(location)
        .with_extension("pem")
        .display()
        .to_string()
}

/// Translates `ssl.truststore.*`.
pub(super) fn trust(entries: &Entries, into: &mut Properties, problems: &mut Vec<PropertyProblem>) {
    if let Some((_, pem)) = entries.get("ssl.truststore.certificates") {
        into.set("ssl.ca.pem", pem);
    }
    let Some((line, location)) = entries.get("ssl.truststore.location") else {
        return;
    };
    let kind = kind(entries, "ssl.truststore", location);
    if kind == "PEM" {
        into.set("ssl.ca.location", location);
        return;
    }
    let (from, pem) = (quoted(location), pem_beside(location));
    problems.push(PropertyProblem {
        line: Some(*line),
        name: "ssl.truststore.location".to_owned(),
        message: format!(
            "a {kind} trust store cannot be read here. Convert it with\n    \
             keytool -list -rfc -keystore {from} | sed -n '/-BEGIN/,/-END/p' > {}\n\
             and set `ssl.truststore.type=PEM` and `ssl.truststore.location={pem}`",
            quoted(&pem)
        ),
    });
}

/// Translates `ssl.keystore.*`.
pub(super) fn key(entries: &Entries, into: &mut Properties, problems: &mut Vec<PropertyProblem>) {
    for (java, here) in [
        ("ssl.keystore.key", "ssl.key.pem"),
        ("ssl.keystore.certificate.chain", "ssl.certificate.pem"),
    ] {
        if let Some((_, pem)) = entries.get(java) {
            into.set(here, pem);
        }
    }
    if let Some((_, password)) = entries.get("ssl.key.password")
        && let Err(problem) = into.set_resolved("ssl.key.password", password)
    {
        problems.push(problem);
    }
    let Some((line, location)) = entries.get("ssl.keystore.location") else {
        return;
    };
    match kind(entries, "ssl.keystore", location).as_str() {
        "PEM" => {
            into.set("ssl.certificate.location", location);
            into.set("ssl.key.location", location);
        }
        "PKCS12" => {
            into.set("ssl.keystore.location", location);
            if let Some((_, password)) = entries.get("ssl.keystore.password")
                && let Err(problem) = into.set_resolved("ssl.keystore.password", password)
            {
                problems.push(problem);
            }
        }
        kind => problems.push(convert_key(kind, *line, location)),
    }
}

fn convert_key(kind: &str, line: usize, location: &str) -> PropertyProblem {
    let store = Path::new(location)
        .with_extension("p12")
        .display()
        .to_string();
    PropertyProblem {
        line: Some(line),
        name: "ssl.keystore.location".to_owned(),
        message: format!(
            "a {kind} key store cannot be read here. Convert it with\n    \
             keytool -importkeystore -srckeystore {} -destkeystore {} -deststoretype PKCS12\n\
             and set `ssl.keystore.type=PKCS12` and `ssl.keystore.location={store}`",
            quoted(location),
            quoted(&store)
        ),
    }
}
