//! TLS with rustls. Certificate and key are read anew when their files change: a renewed
//! certificate needs no restart, and a broken one leaves the old one in force.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion, crypto, version,
};

use super::file::{Clients, TlsSettings};

/// The listener's TLS.
pub(crate) struct Tls {
    settings: TlsSettings,
    now: Mutex<(Stamps, TlsAcceptor)>,
}

type Stamps = [Option<SystemTime>; 3];

impl Tls {
    pub(super) fn new(settings: TlsSettings) -> Result<Self, String> {
        let now = Mutex::new((stamps(&settings), acceptor(&settings)?));
        Ok(Self { settings, now })
    }

    /// For one more connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = stamps(&self.settings);
        if stamps != now.0 {
            now.0 = stamps;
            match acceptor(&self.settings) {
                Ok(new) => now.1 = new,
                Err(why) => tracing::warn!("the changed certificate is not used: {why}"),
            }
        }
        now.1.clone()
    }
}

fn stamps(settings: &TlsSettings) -> Stamps {
    let files = [
        Some(&settings.cert),
        Some(&settings.key),
        settings.client_ca.as_ref(),
    ];
    files.map(|file| std::fs::metadata(file?).and_then(|m| m.modified()).ok())
}

fn acceptor(settings: &TlsSettings) -> Result<TlsAcceptor, String> {
    let certificates = certificates(&settings.cert)?;
    let key = PrivateKeyDer::from_pem_file(&settings.key)
        .map_err(|error| format!("key_file {}: {error}", settings.key.display()))?;
    let versions: &[&SupportedProtocolVersion] = match (settings.only_12, settings.only_13) {
        (true, true) => return Err("min_version is above max_version".to_owned()),
        (true, false) => &[&version::TLS12],
        (false, true) => &[&version::TLS13],
        (false, false) => &[&version::TLS13, &version::TLS12],
    };
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|error| error.to_string())?;
    let builder = match (&settings.client_ca, settings.clients) {
        (None, _) | (_, Clients::NoCert) => builder.with_no_client_auth(),
        (Some(ca), clients) => {
            let mut roots = RootCertStore::empty();
            for certificate in self::certificates(ca)? {
                roots.add(certificate).map_err(|error| error.to_string())?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = if clients == Clients::VerifyIfGiven {
                verifier.allow_unauthenticated()
            } else {
                verifier
            };
            let verifier = verifier.build().map_err(|error| error.to_string())?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder
        .with_single_cert(certificates, key)
        .map_err(|error| format!("certificate and key: {error}"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let read = CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))?;
    let all: Result<Vec<_>, _> = read.collect();
    let all = all.map_err(|error| failed(&error))?;
    if all.is_empty() {
        return Err(failed(&"no certificate is in it"));
    }
    Ok(all)
}
