//! A filter on names: a regular expression, `!` first inverts it.
//!
//! Without capitals it ignores case. An expression that does not compile filters nothing and
//! says what is wrong.

use regex::{Regex, RegexBuilder};

/// As typed and as compiled.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    text: String,
    inverse: bool,
    regex: Option<Regex>,
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Filter {
    /// Compiles what was typed.
    ///
    /// # Errors
    ///
    /// What is wrong with the expression, in one line.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let (inverse, pattern) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let regex = if pattern.is_empty() {
            None
        } else {
            let built = RegexBuilder::new(pattern)
                .case_insensitive(!pattern.chars().any(char::is_uppercase))
                .size_limit(1 << 20)
                .build();
            Some(built.map_err(|e| one_line(&e))?)
        };
        Ok(Self {
            text: text.to_owned(),
            inverse,
            regex,
        })
    }

    /// As typed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it lets everything through.
    pub(super) fn is_empty(&self) -> bool {
        self.regex.is_none()
    }

    /// Whether `name` passes.
    pub(super) fn passes(&self, name: &str) -> bool {
        self.regex
            .as_ref()
            .is_none_or(|r| r.is_match(name) != self.inverse)
    }
}

/// The last line of the library's message says what is wrong; those before draw a picture.
fn one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_pass_what_they_say() {
        for (filter, name, passes) in [
            ("pay", "eu-PAYMENTS", true),
            ("Pay", "payments", false),
            ("!pay", "payments", false),
            ("!pay", "billing", true),
            ("^bill|^pay", "payments", true),
            ("", "anything", true),
            ("!", "anything", true),
        ] {
            assert_eq!(
                Filter::new(filter).unwrap().passes(name),
                passes,
                "{filter} {name}"
            );
        }
        assert_eq!(Filter::new("a(").unwrap_err(), "unclosed group");
    }
}
