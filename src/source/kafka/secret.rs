//! Texts that must not be seen.

use std::fmt;

pub use crate::model::Secret;

/// Takes known secrets out of texts that others wrote.
#[derive(Clone, Default)]
pub struct Scrubber(Vec<Secret>);

/// Shorter ones would tear holes into innocent words.
const SHORTEST: usize = 4;

impl Scrubber {
    /// Knows these, longest first, so that none hides behind a part of itself.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut secrets: Vec<_> = secrets
            .into_iter()
            .filter(|s| s.reveal().len() >= SHORTEST)
            .collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.reveal().len()));
        secrets.dedup();
        Self(secrets)
    }

    /// The text with `***` in place of every secret.
    pub fn scrub(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.reveal()) {
                text.replace(secret.reveal(), "***")
            } else {
                text
            }
        })
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scrubber({} secrets)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("hunter22");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        let scrubber = Scrubber::new([secret, Secret::new("hunter22-and-more"), Secret::new("a")]);
        assert_eq!(
            scrubber.scrub("with hunter22-and-more or hunter22: a"),
            "with *** or ***: a"
        );
        assert!(!format!("{scrubber:?}").contains("hunter"));
    }
}
