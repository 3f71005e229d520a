//! The document's JSON schema, and how instants, spans, reasons and topic ids look in it.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::super::{Reading, Span, Timestamp, TopicId, Why};
use super::SnapshotDocument;
use super::delta::DeltaDocument;

/// The schema of the document, as `docs/snapshot.schema.json` holds it; `$defs` has what `?since=`
/// answers beside it, as `Delta`.
pub fn schema() -> Schema {
    let mut generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    generator.subschema_for::<DeltaDocument>();
    generator.into_root_schema_for::<SnapshotDocument>()
}

macro_rules! written_as {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

written_as!(Timestamp, "Timestamp", { "type": "string", "format": "date-time" });
written_as!(Span, "Seconds", { "type": "number" });
written_as!(Why, "Why", { "type": "string" });
written_as!(TopicId, "TopicId", { "type": "string", "pattern": "^[A-Za-z0-9_-]{22}$" });

/// What [`Reading`]'s own serialisation writes.
impl<T: JsonSchema> JsonSchema for Reading<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Reading_of_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<Option<T>>();
        json_schema!({
            "description": "A number that says how sure it is.",
            "type": "object",
            "required": ["value"],
            "properties": {
                "value": { "description": "null when it is unknown", "anyOf": [value] },
                "low": {
                    "description": "It is at least this; null when that side is open. Stands only where the value is bounded.",
                    "anyOf": [value],
                },
                "high": {
                    "description": "It is at most this; null when that side is open. Stands only where the value is bounded.",
                    "anyOf": [value],
                },
                "stale_since": {
                    "description": "When it was last read: it is stale, or unknown after having been read.",
                    "type": "string",
                    "format": "date-time",
                },
                "last": {
                    "description": "What it was before it became unknown.",
                    "anyOf": [value],
                },
                "why": {
                    "description": "Why it is stale, unknown or only a bound: a code or a text.",
                    "type": "string",
                },
            },
        })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_in_docs_is_fresh() {
        let now = serde_json::to_string_pretty(&super::schema()).unwrap();
        crate::held::file("docs/snapshot.schema.json", &(now + "\n"));
    }
}
