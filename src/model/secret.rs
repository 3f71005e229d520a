//! Texts that must not be seen.

use std::borrow::Cow;
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

/// A text with the passwords of the URLs in it masked: `https://user:***@host`.
pub fn without_password(text: &str) -> Cow<'_, str> {
    let Some(start) = text.find("://").map(|at| at + 3) else {
        return Cow::Borrowed(text);
    };
    let rest = &text[start..];
    let authority = &rest[..rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len())];
    let Some((user, _)) = authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'))
    else {
        let (head, tail) = text.split_at(start + authority.len());
        return match without_password(tail) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(tail) => Cow::Owned(format!("{head}{tail}")),
        };
    };
    let at = authority.rfind('@').unwrap_or(0);
    let after = without_password(&rest[at..]).into_owned();
    Cow::Owned(format!("{}{user}:***{after}", &text[..start]))
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
    fn passwords_in_urls_are_masked_and_the_rest_stays() {
        for (text, shown) in [
            (
                "https://u:hunter22@idp:8443/x?y=a@b",
                "https://u:***@idp:8443/x?y=a@b",
            ),
            (
                "a http://u:p@h b http://v:q:r@i",
                "a http://u:***@h b http://v:***@i",
            ),
            ("https://user@idp/x", "https://user@idp/x"),
            ("http://127.0.0.1:9550/a:b@c", "http://127.0.0.1:9550/a:b@c"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_password(text), shown);
        }
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
