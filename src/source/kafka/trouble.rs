//! Why a cluster cannot be reached, told apart: a wrong password is mended elsewhere than an
//! unknown CA.
//!
//! librdkafka gives a code and an English sentence. The code alone does not tell these cases
//! apart, so the sentence is read too; one that is not recognised keeps its own words.

use std::fmt;

use super::ffi::KafkaFailure;

/// The kinds of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TroubleKind {
    /// The broker's name cannot be resolved.
    UnknownHost,
    /// Nobody listens, or the way there is closed.
    Unreachable,
    /// Somebody listens but does not answer in time.
    NoAnswer,
    /// The user or password is wrong, or the token.
    WrongCredentials,
    /// The broker does not offer the SASL mechanism.
    MechanismRefused,
    /// The broker's certificate is signed by a CA that is not trusted here.
    UnknownCa,
    /// The certificate is for another host.
    WrongHost,
    /// The broker asks for a certificate of this client.
    ClientCertificate,
    /// One side speaks TLS and the other does not, or they share no version.
    ProtocolMismatch,
    /// Authenticated, but not allowed.
    NotAuthorized,
    /// Something else.
    Other,
}

/// A trouble and how it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Its kind.
    pub kind: TroubleKind,
    /// librdkafka's sentence, scrubbed.
    pub detail: String,
}

impl TroubleKind {
    fn words(self) -> &'static str {
        match self {
            Self::UnknownHost => "a broker's host name cannot be resolved",
            Self::Unreachable => "no broker can be reached",
            Self::NoAnswer => "no broker answers in time",
            Self::WrongCredentials => {
                "the brokers refuse the user name or password (SASL authentication failed)"
            }
            Self::MechanismRefused => {
                "the brokers do not offer this SASL mechanism (`sasl.mechanism`)"
            }
            Self::UnknownCa => {
                "the brokers' TLS certificate is signed by a CA that is not trusted (`ssl.ca.location`)"
            }
            Self::WrongHost => {
                "the brokers' TLS certificate is for another host name (`ssl.endpoint.identification.algorithm`)"
            }
            Self::ClientCertificate => {
                "the brokers ask for a client certificate (`ssl.certificate.location`, `ssl.key.location`)"
            }
            Self::ProtocolMismatch => {
                "the brokers speak another security protocol (`security.protocol`: TLS against plain text?)"
            }
            Self::NotAuthorized => "the cluster does not let this user do that",
            Self::Other => "the cluster cannot be read",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.words(), self.detail)
    }
}

/// What a sentence holds, in lower case, and what it then means; the first match wins.
const SENTENCES: &[(&str, TroubleKind)] = &[
    ("hostname mismatch", TroubleKind::WrongHost),
    ("ip address mismatch", TroubleKind::WrongHost),
    ("alert certificate required", TroubleKind::ClientCertificate),
    ("alert bad certificate", TroubleKind::ClientCertificate),
    ("alert handshake failure", TroubleKind::ClientCertificate),
    ("certificate verify failed", TroubleKind::UnknownCa),
    ("certificate could not be verified", TroubleKind::UnknownCa),
    ("unsupported sasl mechanism", TroubleKind::MechanismRefused),
    ("mechanism handshake failed", TroubleKind::MechanismRefused),
    ("authentication failed", TroubleKind::WrongCredentials),
    ("invalid credentials", TroubleKind::WrongCredentials),
    ("authentication failure", TroubleKind::WrongCredentials),
    // A broker that hangs: one of another protocol hangs up.
    (
        "apiversionrequest failed: local: timed out",
        TroubleKind::NoAnswer,
    ),
    ("invalid response size", TroubleKind::ProtocolMismatch),
    ("in state apiversion_query", TroubleKind::ProtocolMismatch),
    ("requesting apiversion", TroubleKind::ProtocolMismatch),
    (
        "verify that security.protocol",
        TroubleKind::ProtocolMismatch,
    ),
    ("incorrect security.protocol", TroubleKind::ProtocolMismatch),
    ("connecting to a plaintext", TroubleKind::ProtocolMismatch),
    ("broker might require ssl", TroubleKind::ProtocolMismatch),
    ("wrong version number", TroubleKind::ProtocolMismatch),
    ("unsupported protocol", TroubleKind::ProtocolMismatch),
    ("protocol version", TroubleKind::ProtocolMismatch),
    ("apiversionrequest failed", TroubleKind::ProtocolMismatch),
    (
        "disconnected while requesting apiversion",
        TroubleKind::ProtocolMismatch,
    ),
    ("failed to resolve", TroubleKind::UnknownHost),
    ("connection refused", TroubleKind::Unreachable),
    ("no route to host", TroubleKind::Unreachable),
    ("network is unreachable", TroubleKind::Unreachable),
    ("connection setup timed out", TroubleKind::Unreachable),
    ("connect to ", TroubleKind::Unreachable),
    ("timed out", TroubleKind::NoAnswer),
];

/// Tells which trouble a failure is.
pub fn classify(failure: &KafkaFailure) -> TroubleKind {
    let sentence = failure.message.to_ascii_lowercase();
    if let Some((_, kind)) = SENTENCES.iter().find(|(part, _)| sentence.contains(part)) {
        return *kind;
    }
    match failure.code {
        -193 => TroubleKind::UnknownHost,
        -169 | 58 => TroubleKind::WrongCredentials,
        -185 | -192 => TroubleKind::NoAnswer,
        -195 | -187 => TroubleKind::Unreachable,
        33 => TroubleKind::MechanismRefused,
        29..=31 => TroubleKind::NotAuthorized,
        _ => TroubleKind::Other,
    }
}

/// The same of a broker that has answered before: it speaks our protocol, so what looks like
/// another one is a connection that broke.
pub(super) fn classify_known(failure: &KafkaFailure) -> TroubleKind {
    match classify(failure) {
        TroubleKind::ProtocolMismatch => TroubleKind::Unreachable,
        kind => kind,
    }
}

/// How telling a trouble is: of several, the most telling one is shown.
pub(super) fn weight(kind: TroubleKind) -> u8 {
    match kind {
        TroubleKind::Other => 0,
        TroubleKind::NoAnswer => 1,
        TroubleKind::Unreachable => 2,
        TroubleKind::UnknownHost => 3,
        TroubleKind::ProtocolMismatch => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_librdkafka_are_told_apart() {
        use TroubleKind as T;
        for (code, sentence, kind) in [
            (
                -195,
                "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
                T::Unreachable,
            ),
            (
                -193,
                "no.such:9092/bootstrap: Failed to resolve 'no.such:9092': Name or service not known",
                T::UnknownHost,
            ),
            (
                -169,
                "sasl_ssl://h:9/bootstrap: SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512 (after 300ms in state AUTH_REQ)",
                T::WrongCredentials,
            ),
            (
                -169,
                "sasl_plaintext://h:9/1: SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN (after 1ms in state AUTH_HANDSHAKE)",
                T::MechanismRefused,
            ),
            (
                -181,
                "ssl://h:9/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly configured or root CA certificates are installed",
                T::UnknownCa,
            ),
            (
                -181,
                "ssl://h:9/bootstrap: SSL handshake failed: error:0A00010B:SSL routines::wrong version number: connecting to a PLAINTEXT broker listener?",
                T::ProtocolMismatch,
            ),
            (
                -195,
                "h:9/bootstrap: Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration (connecting to a SSL listener?) or broker version is < 0.10",
                T::ProtocolMismatch,
            ),
            (
                -195,
                "h:9/1: ApiVersionRequest failed: Local: Timed out: probably due to broker version < 0.10 (see api.version.request configuration) (after 10002ms in state APIVERSION_QUERY)",
                T::NoAnswer,
            ),
            (-187, "1/1 brokers are down", T::Unreachable),
            (-185, "Local: Timed out", T::NoAnswer),
            (-150, "something new", T::Other),
        ] {
            let failure = KafkaFailure {
                code,
                message: sentence.into(),
            };
            assert_eq!(classify(&failure), kind, "{sentence}");
        }
    }
}
