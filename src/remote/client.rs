//! Single requests.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use ureq::Body;
use ureq::http::Response;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::model::document::{Delta, DocumentError, from_json};
use crate::model::{Generation, Reading, Secret, Snapshot, Timestamp, without_password};

/// A snapshot larger than this is none.
const LARGEST: u64 = 1 << 30;
/// How long a connection, the beginning of an answer, and all of it may take. A look into the past
/// is folded before it is answered.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);
const BEGUN_WITHIN: Duration = Duration::from_secs(30);
const READ_WITHIN: Duration = Duration::from_mins(1);

/// How to reach a `serve`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Its address: `http://laggard:9550`, or behind a proxy with a path.
    pub url: String,
    /// Headers that are sent along, such as `Authorization: Bearer …`.
    pub headers: Vec<(String, String)>,
    /// Certificates that are trusted instead of the usual ones, as PEM.
    pub ca_file: Option<PathBuf>,
    /// The client's own certificate and key, as PEM.
    pub cert_and_key: Option<(PathBuf, PathBuf)>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// It cannot be asked like this.
    #[error("{0}")]
    Usage(String),
    /// It was not reached, or broke off.
    #[error("{url}: {text}")]
    Unreachable {
        /// Its address.
        url: String,
        /// What went wrong.
        text: String,
    },
    /// It refused.
    #[error("{url}: {status} {text}")]
    Refused {
        /// Its address.
        url: String,
        /// HTTP's code.
        status: u16,
        /// What it said.
        text: String,
    },
    /// What it sent is no snapshot.
    #[error("{url}: {}{error}", other_version(.version.as_deref()))]
    NotASnapshot {
        /// Its address.
        url: String,
        /// Which Laggard it is, if it says.
        version: Option<String>,
        /// In what it differs from one.
        error: DocumentError,
    },
}

/// This Laggard's version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn other_version(version: Option<&str>) -> String {
    match version {
        Some(theirs) if theirs != VERSION => {
            format!("it is Laggard {theirs}, this is {VERSION}; ")
        }
        Some(_) => String::new(),
        None => "it does not say that it is Laggard; ".to_owned(),
    }
}

impl AttachError {
    /// Whether it may answer if it is asked again.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || matches!(*status, 408 | 425 | 429),
            Self::Usage(_) | Self::NotASnapshot { .. } => false,
        }
    }
}

/// What an answer carries beside its body.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// What its own source is.
    pub source: Option<String>,
    /// Which Laggard it is.
    pub version: Option<String>,
    /// What its clock said when it answered.
    pub time: Option<Timestamp>,
}

/// A group at an instant of the past.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PastPoint {
    /// The instant.
    pub at: Timestamp,
    /// What could be read, in records.
    pub effective_lag: Reading<i64>,
    /// Records a second coming in.
    pub arrival_rate: Reading<f64>,
    /// Records a second being read.
    pub consume_rate: Reading<f64>,
}

#[derive(Deserialize)]
struct History {
    points: Vec<PastPoint>,
}

/// Asks one `serve`.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
    /// The same, as it may be shown.
    shown: String,
    headers: Arc<[(String, String)]>,
}

impl Client {
    /// A client; nothing is sent yet. Proxies are taken from `HTTPS_PROXY`, `HTTP_PROXY`,
    /// `ALL_PROXY` and `NO_PROXY`.
    ///
    /// # Errors
    ///
    /// When the address or a certificate cannot be used.
    pub fn new(options: &Options) -> Result<Self, AttachError> {
        let url = options.url.trim_end_matches('/').to_owned();
        let url = if url.contains("://") {
            url
        } else {
            format!("http://{url}")
        };
        let shown = without_password(&url).into_owned();
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err(AttachError::Usage(format!(
                "--attach {shown}: write an address such as http://laggard:9550"
            )));
        }
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECTED_WITHIN))
            .timeout_recv_response(Some(BEGUN_WITHIN))
            .timeout_recv_body(Some(READ_WITHIN))
            .http_status_as_error(false)
            .user_agent(concat!("laggard/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls(options)?)
            .build();
        Ok(Self {
            agent: agent.new_agent(),
            shown,
            url,
            headers: options.headers.clone().into(),
        })
    }

    /// Its address, as it may be shown.
    pub fn address(&self) -> &str {
        &self.shown
    }

    /// What has changed since a generation; without one, all. Beside it, what else it told.
    ///
    /// # Errors
    ///
    /// When there is no answer, or none that is understood.
    pub fn delta(&self, since: Option<&Generation>) -> Result<(Delta, Told), AttachError> {
        let since = since.map_or_else(|| "none".to_owned(), |g| format!("{}-{}", g.boot, g.n));
        let (body, told) = self.get(&[("since", since)])?;
        match Delta::from_json(&body) {
            Ok(delta) => Ok((delta, told)),
            Err(error) => Err(self.not_a_snapshot(told, error)),
        }
    }

    /// The snapshot at a time, from its flight recorder.
    ///
    /// # Errors
    ///
    /// As [`Client::delta`]; or it has none.
    pub fn at(&self, at: Timestamp) -> Result<Arc<Snapshot>, AttachError> {
        let (body, told) = self.get(&[("at", at.to_string())])?;
        match from_json(&body) {
            Ok(snapshot) => Ok(Arc::new(snapshot)),
            Err(error) => Err(self.not_a_snapshot(told, error)),
        }
    }

    /// How a group went over a stretch of time, from its flight recorder; oldest first.
    ///
    /// # Errors
    ///
    /// When there is no answer, or it has no past.
    pub fn history(
        &self,
        cluster: &str,
        group: &str,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<PastPoint>, AttachError> {
        let mut request = self.agent.get(format!("{}/api/v1/history", self.url));
        let span = [("from", from.to_string()), ("to", to.to_string())];
        request = request.query("cluster", cluster).query("group", group);
        for (name, value) in &span {
            request = request.query(name, value);
        }
        for (name, value) in self.headers.iter() {
            request = request.header(name, value);
        }
        let (body, told) = self.answer(request.call())?;
        let history: History = serde_json::from_slice(&body)
            .map_err(|error| self.not_a_snapshot(told, DocumentError::from(error)))?;
        Ok(history.points)
    }

    /// Orders something: sends a command and gives what it came to.
    ///
    /// # Errors
    ///
    /// When there is no answer, or it was refused.
    pub fn order(&self, path: &str, token: &Secret, body: &Value) -> Result<Value, AttachError> {
        let bearer = format!("Bearer {}", token.reveal());
        let mut request = self.agent.post(format!("{}{path}", self.url));
        let own = |(name, _): &&(String, String)| !name.eq_ignore_ascii_case("authorization");
        for (name, value) in self.headers.iter().filter(own) {
            request = request.header(name, value);
        }
        let request = request
            .header("Authorization", bearer)
            .content_type("application/json");
        let (body, _) = self.answer(request.send(body.to_string()))?;
        Ok(data(&body))
    }

    /// What stands under a path of the API.
    ///
    /// # Errors
    ///
    /// When there is no answer, or it was refused.
    pub fn ask(&self, path: &str) -> Result<Value, AttachError> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        for (name, value) in self.headers.iter() {
            request = request.header(name, value);
        }
        let (body, _) = self.answer(request.call())?;
        Ok(data(&body))
    }

    fn not_a_snapshot(&self, told: Told, error: DocumentError) -> AttachError {
        AttachError::NotASnapshot {
            url: self.shown.clone(),
            version: told.version,
            error,
        }
    }

    fn get(&self, query: &[(&str, String)]) -> Result<(Vec<u8>, Told), AttachError> {
        let mut request = self.agent.get(format!("{}/api/v1/snapshot", self.url));
        for (name, value) in query {
            request = request.query(name, value);
        }
        for (name, value) in self.headers.iter() {
            request = request.header(name, value);
        }
        self.answer(request.call())
    }

    /// The body of an answer that is none of refusal, and what else it told.
    fn answer(
        &self,
        answered: Result<Response<Body>, ureq::Error>,
    ) -> Result<(Vec<u8>, Told), AttachError> {
        let unreachable = |text: String| AttachError::Unreachable {
            url: self.shown.clone(),
            text,
        };
        let mut response = answered.map_err(|e| unreachable(e.to_string()))?;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let told = Told {
            source: header("laggard-source"),
            version: header("laggard-version"),
            time: header("laggard-time").and_then(|t| t.parse().ok()),
        };
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let mut reader = response.body_mut().as_reader().take(LARGEST);
        let read = reader.read_to_end(&mut body);
        read.map_err(|e| unreachable(e.to_string()))?;
        if status == 200 {
            return Ok((body, told));
        }
        let text = String::from_utf8_lossy(&body);
        let said = serde_json::from_str(&text).ok();
        let said = said.and_then(|v: serde_json::Value| Some(v.get("error")?.as_str()?.to_owned()));
        Err(AttachError::Refused {
            url: self.shown.clone(),
            status,
            text: said.unwrap_or_else(|| text.chars().take(200).collect()),
        })
    }
}

/// What an answer in Prometheus' shape holds.
fn data(body: &[u8]) -> Value {
    let answer = serde_json::from_slice(body).unwrap_or(Value::Null);
    match answer {
        Value::Object(mut fields) => fields.remove("data").unwrap_or(Value::Null),
        other => other,
    }
}

fn tls(options: &Options) -> Result<TlsConfig, AttachError> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|e| AttachError::Usage(format!("{}: {e}", path.display())))
    };
    let bad =
        |path: &PathBuf, e: ureq::Error| AttachError::Usage(format!("{}: {e}", path.display()));
    let mut builder = TlsConfig::builder();
    if let Some(path) = &options.ca_file {
        let certificates = certificates(&read(path)?).map_err(|e| bad(path, e))?;
        builder = builder.root_certs(RootCerts::Specific(Arc::new(certificates)));
    } else {
        builder = builder.root_certs(RootCerts::PlatformVerifier);
    }
    if let Some((cert, key)) = &options.cert_and_key {
        let chain = certificates(&read(cert)?).map_err(|e| bad(cert, e))?;
        let private = PrivateKey::from_pem(&read(key)?).map_err(|e| bad(key, e))?;
        builder = builder.client_cert(Some(ClientCert::new_with_certs(&chain, private)));
    }
    Ok(builder.build())
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, ureq::Error> {
    let items = ureq::tls::parse_pem(pem);
    let mut found = Vec::new();
    for item in items {
        if let ureq::tls::PemItem::Certificate(certificate) = item? {
            found.push(certificate);
        }
    }
    Ok(found)
}
