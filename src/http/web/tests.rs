//! The web configuration file: what it may say, and a listener that heeds it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::Web;

fn load(text: &str) -> Result<Web, String> {
    let directory = tempfile::tempdir().unwrap();
    load_in(&directory, text)
}

fn load_in(directory: &TempDir, text: &str) -> Result<Web, String> {
    let path = directory.path().join("web.yml");
    fs::write(&path, text).unwrap();
    Web::load(&path).map_err(|error| error.to_string())
}

#[test]
fn what_is_wrong_is_said_and_no_secret_is() {
    for (text, why) in [
        ("a: [", "not YAML"),
        (
            "tls_server_config: {cert_file: a}",
            "needs cert_file and key_file",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b}",
            "No such file",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}",
            "client_ca_file",
        ),
        (
            "tls_server_config: {cert_file: a, key_file: b, min_version: TLS10}",
            "TLS12 and TLS13",
        ),
        (
            "tls_server_config: {cipher_suites: []}",
            "cannot be set here",
        ),
        ("tls_config: {}", "no `tls_config`"),
        ("basic_auth_users: {anna: hunter22}", "no bcrypt hash"),
        ("authorization: {type: Digest}", "Bearer"),
        ("authorization: {}", "needs credentials"),
        ("http_server_config: {headers: {\"a b\": c}}", "no header"),
        ("[1]", "must hold keys"),
    ] {
        let error = load(text)
            .err()
            .unwrap_or_else(|| panic!("{text} is taken"));
        assert!(
            error.contains(why) && !error.contains("hunter22"),
            "{text}: {error}"
        );
    }
    assert!(load("").is_ok_and(|w| w.gate.is_none() && !w.is_tls()));
    assert!(
        load("http_server_config:\n  http2: true\n  headers:\n    X-Frame-Options: deny\n")
            .unwrap()
            .headers
            .len()
            == 1
    );
}

fn basic(pair: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = format!("Basic {}", STANDARD.encode(pair));
    headers.insert("authorization", value.parse().unwrap());
    headers
}

#[tokio::test]
async fn users_and_tokens_come_in_and_nobody_else() {
    let hash = bcrypt::hash("right: one", 4).unwrap();
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("token"), "t0ken\n").unwrap();
    let text =
        format!("basic_auth_users:\n  anna: {hash}\nauthorization:\n  credentials_file: token\n");
    let web = load_in(&directory, &text).unwrap();
    let gate = web.gate.unwrap();
    for _ in 0..2 {
        assert!(gate.admits(&basic("anna:right: one")).await);
        assert!(!gate.admits(&basic("anna:right: two")).await);
        assert!(!gate.admits(&basic("berta:right: one")).await);
        assert!(!gate.admits(&basic("anna")).await);
    }
    let bearer = |token: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        headers
    };
    assert!(gate.admits(&bearer("t0ken")).await);
    assert!(!gate.admits(&bearer("t0ke")).await && !gate.admits(&bearer("")).await);
    assert!(!gate.admits(&HeaderMap::new()).await);
}

fn certificate(directory: &Path) -> rcgen::CertifiedKey<rcgen::KeyPair> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(directory.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made
}

/// One handshake over a pipe in memory, with a client that trusts this certificate alone.
async fn greets(web: &Web, trusted: &rcgen::CertifiedKey<rcgen::KeyPair>) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (near, far) = tokio::io::duplex(1 << 16);
    let acceptor = web.tls.as_ref().unwrap().acceptor();
    let server = tokio::spawn(async move {
        if let Ok(mut stream) = acceptor.accept(far).await {
            let _ = stream.write_all(b"hello").await;
            let _ = stream.shutdown().await;
        }
    });
    let name = ServerName::try_from("localhost").unwrap();
    let mut text = String::new();
    if let Ok(mut stream) = TlsConnector::from(Arc::new(config))
        .connect(name, near)
        .await
    {
        let _ = stream.read_to_string(&mut text).await;
    }
    server.await.unwrap();
    text == "hello"
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let old = certificate(directory.path());
    let web = load_in(
        &directory,
        "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n",
    )
    .unwrap();
    assert!(greets(&web, &old).await);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let new = certificate(directory.path());
    assert!(!greets(&web, &old).await && greets(&web, &new).await);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    fs::write(directory.path().join("cert.pem"), "nothing").unwrap();
    assert!(greets(&web, &new).await);
}
