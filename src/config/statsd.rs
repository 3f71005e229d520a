//! What is written for StatsD and can be wrong: the beginning of names, the size of packets.

use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::place::Place;
use super::tree::Node;
use super::value::{Refusal, Scalar, quoted};

/// What every name begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix(Arc<str>);

/// The most bytes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketBytes(u64);

impl Prefix {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |c: &char| c.is_ascii_alphanumeric() || "_-./".contains(*c);
        match text.chars().find(|c| !plain(c)) {
            None => Ok(Self(text.into())),
            Some(wrong) => Err(format!(
                "{wrong:?} has a meaning of its own in StatsD's lines, or none everywhere: a prefix has letters, \
                 digits, `_`, `-`, `.` and `/`, as in \"prod.\""
            )),
        }
    }
}

impl Scalar for Prefix {
    const WHAT: &'static str = "a text";
    const MANY: &'static str = "texts";

    fn from_text(text: &str, _: &Place) -> Result<Self, Refusal> {
        text.parse().map_err(Refusal::Value)
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[A-Za-z0-9_./-]*$" })
    }
}

impl PacketBytes {
    /// Smaller ones hold hardly a line each.
    const LEAST: u64 = 64;
    /// What UDP can carry over IPv4.
    const MOST: u64 = 65_507;

    /// The number.
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    fn of(bytes: u64) -> Result<Self, Refusal> {
        match bytes {
            Self::LEAST..=Self::MOST => Ok(Self(bytes)),
            _ => Err(Refusal::Value(format!(
                "{bytes} is not from {} to {}: UDP carries no larger packet, and a smaller one no line; 1432 suits \
                 most networks, 8932 those with jumbo frames",
                Self::LEAST,
                Self::MOST
            ))),
        }
    }
}

impl Scalar for PacketBytes {
    const WHAT: &'static str = u64::WHAT;
    const MANY: &'static str = u64::MANY;

    fn from_text(text: &str, place: &Place) -> Result<Self, Refusal> {
        u64::from_text(text, place).and_then(Self::of)
    }

    fn from_node(node: &Node, place: &Place) -> Result<Self, Refusal> {
        u64::from_node(node, place).and_then(Self::of)
    }

    fn show(&self) -> String {
        self.0.to_string()
    }

    fn schema() -> Json {
        json!({ "type": "integer", "minimum": Self::LEAST, "maximum": Self::MOST })
    }
}
