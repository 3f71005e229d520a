//! `docs/configuration.md`: the page on configuration, made from the tables and the example.

use std::fmt::Write as _;

use super::env::variable;
use super::example::example;
use super::schema::{CLUSTER, Field, GENERAL, GROUP, PROPERTIES, RECEIVER};

const HEAD: &str = "\
# Configuration

`laggard config example > laggard.toml` prints a file with every setting; `laggard config check` prints what is in force and where each value comes
from, or every error at once; `laggard config schema` prints the [JSON Schema](configuration.schema.json).

Layers, the later ones win: defaults, files (`--config FILE|DIRECTORY` or `LAGGARD_CONFIG`), environment, flags.

";

/// The page.
pub(crate) fn page() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("## The example\n\n```toml\n");
    text.push_str(&example());
    text.push_str("```\n\n## Variables\n\n| setting | variable |\n|---|---|\n");
    rows(&mut text, "", "", GENERAL);
    rows(&mut text, "clusters.prod.", "clusters.prod.", CLUSTER);
    let _ = writeln!(
        text,
        "| `clusters.prod.{PROPERTIES}.\"sasl.password\"` | `{}__SASL_PASSWORD` |",
        variable(&format!("clusters.prod.{PROPERTIES}"))
    );
    rows(&mut text, "[[group]] ", "group.0.", GROUP);
    rows(
        &mut text,
        "[[notify.receiver]] ",
        "notify.receiver.0.",
        RECEIVER,
    );
    text
}

fn rows<T>(text: &mut String, shown: &str, path: &str, fields: &[Field<T>]) {
    for field in fields.iter().filter(|f| f.key != PROPERTIES) {
        let _ = writeln!(
            text,
            "| `{shown}{}` | `{}` |",
            field.key,
            variable(&format!("{path}{}", field.key))
        );
    }
}
