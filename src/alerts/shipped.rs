//! The rules that come with Laggard.

use crate::model::RuleFile;

/// The shipped rule files.
pub fn shipped() -> Vec<RuleFile> {
    vec![RuleFile {
        name: "alerts/laggard.yml".into(),
        text: include_str!("../../alerts/laggard.yml").into(),
    }]
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_shipped_rules_are_right() {
        let checked = super::super::check(&super::shipped());
        let text = |errors: Vec<super::super::RuleError>| {
            let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
            lines.join("\n")
        };
        assert!(checked.map_err(text).unwrap().rules >= 5);
    }
}
