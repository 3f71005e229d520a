//! Texts that must not be seen.

use std::fmt;
use std::sync::Arc;

/// A secret. Neither `Debug` nor `Display` prints it, and it cannot be serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Keeps a text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text, for the one who must have it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Whether the value of a setting or a client's property of this name must not be seen. Rather
/// one too many than one too few.
pub fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 11] = [
        "passw",
        "passphrase",
        "secret",
        "jaas",
        "token",
        "key.pem",
        "keystore.key",
        "assertion",
        "credential",
        "routing.key",
        "signing.key",
    ];
    let name = name.to_ascii_lowercase().replace(['_', '-'], ".");
    // `sasl.oauthbearer.config` may carry the client's secret.
    name == "sasl.oauthbearer.config"
        || (PARTS.iter().any(|part| name.contains(part)) && !name.ends_with("token.endpoint.url"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("hunter22");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.reveal(), "hunter22");
    }

    #[test]
    fn names_of_secrets_are_known() {
        for name in [
            "sasl.password",
            "SSL_KEY_PASSWORD",
            "ssl.key.pem",
            "sasl.oauthbearer.client.secret",
            "sasl.oauthbearer.config",
            "sasl.jaas.config",
            "routing_key",
            "signing_key",
            "bearer_token",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "sasl.username",
            "security.protocol",
            "ssl.ca.location",
            "sasl.oauthbearer.token.endpoint.url",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
