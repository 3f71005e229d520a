//! Requests over the network.
//!
//! A request takes no longer than it may, redirections are not followed (they would carry secrets
//! elsewhere), and of an answer only the beginning is read. What goes wrong is told without the
//! address.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};

use super::call::{Answer, Broken, Call, Transport};
use crate::model::Span;

/// The most of an answer that is looked at.
const MOST: u64 = 2_048;

/// Sends requests by HTTP or HTTPS, through the proxy that the environment names.
pub struct Http {
    agent: ureq::Agent,
    timeout: Span,
}

impl Http {
    /// A client whose requests take `timeout` at the most. `ca_file`: certificates that are trusted
    /// instead of the usual ones, as PEM.
    ///
    /// # Errors
    ///
    /// When the certificates cannot be read.
    pub fn new(timeout: Span, ca_file: Option<&Path>) -> Result<Self, String> {
        let roots = match ca_file {
            None => RootCerts::PlatformVerifier,
            Some(path) => {
                let wrong = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
                let pem = std::fs::read(path).map_err(|e| wrong(&e))?;
                let found = certificates(&pem).map_err(|e| wrong(&e))?;
                if found.is_empty() {
                    return Err(wrong(&"there is no certificate in it"));
                }
                RootCerts::Specific(Arc::new(found))
            }
        };
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout.to_std()))
            .timeout_connect(Some(timeout.to_std().min(Duration::from_secs(5))))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("laggard/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build());
        Ok(Self {
            agent: config.build().new_agent(),
            timeout,
        })
    }

    fn broken(&self, error: &ureq::Error) -> Broken {
        Broken(match error {
            ureq::Error::Timeout(_) => format!("no answer within {}", self.timeout),
            ureq::Error::HostNotFound => "its host is not found".to_owned(),
            ureq::Error::ConnectionFailed => "it cannot be connected to".to_owned(),
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => "its address is none".to_owned(),
            ureq::Error::Rustls(error) => error.to_string(),
            ureq::Error::Tls(why) => (*why).to_owned(),
            _ => "the request broke off".to_owned(),
        })
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, ureq::Error> {
    let mut found = Vec::new();
    for item in ureq::tls::parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item? {
            found.push(certificate);
        }
    }
    Ok(found)
}

/// What is done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Delete,
}

impl Http {
    /// Sends a request of any kind, and reads up to `most` bytes of its answer.
    ///
    /// # Errors
    ///
    /// When there was no answer.
    pub(crate) fn ask(&self, verb: Verb, call: &Call, most: u64) -> Result<Answer, Broken> {
        let url = call.url.reveal();
        let sent = if verb == Verb::Post {
            let mut request = self
                .agent
                .post(url)
                .header("content-type", "application/json");
            for (name, value) in &call.headers {
                request = request.header(*name, value.reveal());
            }
            request.send(&call.body[..])
        } else {
            let mut request = match verb {
                Verb::Delete => self.agent.delete(url),
                _ => self.agent.get(url),
            };
            for (name, value) in &call.headers {
                request = request.header(*name, value.reveal());
            }
            request.call()
        };
        let mut response = sent.map_err(|error| self.broken(&error))?;
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|v| v.to_str().ok()).map(str::to_owned);
        let mut text = Vec::new();
        // The code is the answer: a body that breaks off takes nothing from it.
        let _ = response
            .body_mut()
            .as_reader()
            .take(most)
            .read_to_end(&mut text);
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after,
            text: String::from_utf8_lossy(&text).into_owned(),
        })
    }
}

impl Transport for Http {
    fn send(&mut self, call: &Call) -> Result<Answer, Broken> {
        let verb = if call.post { Verb::Post } else { Verb::Get };
        self.ask(verb, call, MOST)
    }
}
