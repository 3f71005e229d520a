//! The file's keys: those of Prometheus' exporter toolkit, and `authorization` for bearer tokens,
//! which that format has not, called as Prometheus calls it in its scrape configuration.

use std::path::{Path, PathBuf};

use axum::http::{HeaderName, HeaderValue};
use saphyr::{LoadableYamlNode, Yaml};

use super::{Gate, Tls, Web};
use crate::model::Secret;

/// What was written about TLS.
#[derive(Debug, Default)]
pub(super) struct TlsSettings {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
    pub(super) client_ca: Option<PathBuf>,
    pub(super) clients: Clients,
    pub(super) only_13: bool,
    pub(super) only_12: bool,
}

/// Whether clients must show a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Clients {
    #[default]
    NoCert,
    VerifyIfGiven,
    RequireAndVerify,
}

/// Reads the text; paths in it are taken from `directory`.
pub(super) fn read(text: &str, directory: &Path) -> Result<Web, String> {
    let documents = Yaml::load_from_str(text).map_err(|error| format!("not YAML: {error}"))?;
    let mut web = Web::default();
    let Some(root) = documents.first() else {
        return Ok(web);
    };
    let (mut users, mut tokens) = (Vec::new(), Vec::new());
    for (key, value) in entries(root, "the file")? {
        match key {
            "tls_server_config" => {
                web.tls = Some(Tls::new(tls(value, directory)?)?.into());
            }
            "http_server_config" => web.headers = headers(value)?,
            "basic_auth_users" => {
                for (user, hash) in entries(value, key)? {
                    users.push((user.to_owned(), Secret::new(text_of(hash, user)?)));
                }
            }
            "authorization" => tokens.push(token(value, directory)?),
            other => return Err(format!("there is no `{other}` in it")),
        }
    }
    if !users.is_empty() || !tokens.is_empty() {
        web.gate = Some(Gate::new(users, tokens)?.into());
    }
    Ok(web)
}

fn entries<'y>(node: &'y Yaml<'_>, what: &str) -> Result<Vec<(&'y str, &'y Yaml<'y>)>, String> {
    if node.is_null() {
        return Ok(Vec::new());
    }
    let Some(mapping) = node.as_mapping() else {
        return Err(format!("`{what}` must hold keys and values"));
    };
    let entry = |(key, value): (&'y Yaml<'_>, &'y Yaml<'_>)| {
        let key = key
            .as_str()
            .ok_or_else(|| format!("a key in `{what}` is no text"))?;
        Ok((key, value))
    };
    mapping.iter().map(entry).collect()
}

fn text_of(node: &Yaml<'_>, key: &str) -> Result<String, String> {
    let text = node.as_str().map(str::to_owned);
    text.ok_or_else(|| format!("`{key}` must be a text"))
}

fn tls(node: &Yaml<'_>, directory: &Path) -> Result<TlsSettings, String> {
    let mut settings = TlsSettings::default();
    for (key, value) in entries(node, "tls_server_config")? {
        match key {
            "cert_file" => settings.cert = directory.join(text_of(value, key)?),
            "key_file" => settings.key = directory.join(text_of(value, key)?),
            "client_ca_file" => settings.client_ca = Some(directory.join(text_of(value, key)?)),
            "client_auth_type" => settings.clients = clients(&text_of(value, key)?)?,
            "min_version" => settings.only_13 = version(&text_of(value, key)?, key)? == 13,
            "max_version" => settings.only_12 = version(&text_of(value, key)?, key)? == 12,
            "cipher_suites"
            | "curve_preferences"
            | "prefer_server_cipher_suites"
            | "client_allowed_sans" => {
                return Err(format!("`{key}` cannot be set here: leave it out"));
            }
            other => return Err(format!("there is no `{other}` in tls_server_config")),
        }
    }
    if settings.cert.as_os_str().is_empty() || settings.key.as_os_str().is_empty() {
        return Err("tls_server_config needs cert_file and key_file".to_owned());
    }
    if (settings.clients == Clients::NoCert) == settings.client_ca.is_some() {
        return Err(
            "client_ca_file goes with client_auth_type RequireAndVerifyClientCert or \
             VerifyClientCertIfGiven"
                .to_owned(),
        );
    }
    Ok(settings)
}

fn clients(text: &str) -> Result<Clients, String> {
    match text {
        "" | "NoClientCert" => Ok(Clients::NoCert),
        "VerifyClientCertIfGiven" => Ok(Clients::VerifyIfGiven),
        "RequireAndVerifyClientCert" => Ok(Clients::RequireAndVerify),
        other => Err(format!(
            "client_auth_type `{other}`: there are NoClientCert, VerifyClientCertIfGiven and \
             RequireAndVerifyClientCert"
        )),
    }
}

fn version(text: &str, key: &str) -> Result<u8, String> {
    match text {
        "TLS12" => Ok(12),
        "TLS13" => Ok(13),
        other => Err(format!("{key} `{other}`: there are TLS12 and TLS13")),
    }
}

fn headers(node: &Yaml<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let mut headers = Vec::new();
    for (key, value) in entries(node, "http_server_config")? {
        match key {
            // HTTP/1.1 is spoken either way.
            "http2" => {}
            "headers" => {
                for (name, value) in entries(value, key)? {
                    let wrong = |_| format!("`{name}` is no header");
                    let header = HeaderName::try_from(name).map_err(|e| wrong(e.to_string()))?;
                    let value = HeaderValue::try_from(text_of(value, name)?)
                        .map_err(|e| wrong(e.to_string()))?;
                    headers.push((header, value));
                }
            }
            other => return Err(format!("there is no `{other}` in http_server_config")),
        }
    }
    Ok(headers)
}

fn token(node: &Yaml<'_>, directory: &Path) -> Result<Secret, String> {
    let mut token = None;
    for (key, value) in entries(node, "authorization")? {
        match key {
            "type" if text_of(value, key)?.eq_ignore_ascii_case("bearer") => {}
            "type" => return Err("authorization has one type: Bearer".to_owned()),
            "credentials" => token = Some(text_of(value, key)?),
            "credentials_file" => {
                let path = directory.join(text_of(value, key)?);
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                token = Some(text.trim().to_owned());
            }
            other => return Err(format!("there is no `{other}` in authorization")),
        }
    }
    match token {
        Some(token) if !token.is_empty() => Ok(Secret::new(token)),
        _ => Err("authorization needs credentials or credentials_file".to_owned()),
    }
}
