//! The assignors by name.

use crate::model::GroupType;

/// An assignor of Kafka 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignor {
    /// The clients' `range`.
    Range,
    /// `roundrobin`.
    RoundRobin,
    /// `sticky`.
    Sticky,
    /// `cooperative-sticky`.
    CooperativeSticky,
    /// The broker's `uniform` (KIP-848).
    Uniform,
    /// The broker's `range` (KIP-848).
    ServerRange,
}

/// A name that no assignor has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no assignor is called {name:?}{}; known: {}", hint(.name, .known), .known.join(", "))]
pub struct UnknownAssignor {
    /// What was asked for.
    pub name: String,
    /// What there is for such a group.
    pub known: Vec<&'static str>,
}

fn hint(name: &str, known: &[&'static str]) -> String {
    let asked = name.to_ascii_lowercase();
    let near = |k: &str| strsim::jaro_winkler(&asked, k);
    let best = known.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    match best {
        Some(best) if near(best) > 0.8 => format!(" (did you mean {best}?)"),
        _ => String::new(),
    }
}

const CLASSIC: [Assignor; 4] = [
    Assignor::Range,
    Assignor::RoundRobin,
    Assignor::Sticky,
    Assignor::CooperativeSticky,
];

const SERVER: [Assignor; 2] = [Assignor::Uniform, Assignor::ServerRange];

impl Assignor {
    /// Kafka's own name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Range | Self::ServerRange => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
            Self::Uniform => "uniform",
        }
    }

    /// Whether it keeps what members own as far as balance allows.
    pub fn is_sticky(self) -> bool {
        matches!(self, Self::Sticky | Self::CooperativeSticky | Self::Uniform)
    }

    /// Whether members go on with what they keep while partitions move.
    pub fn is_incremental(self) -> bool {
        matches!(
            self,
            Self::CooperativeSticky | Self::Uniform | Self::ServerRange
        )
    }

    /// The assignor that a group of this type runs under Kafka's name of it.
    pub fn of_group(group_type: &GroupType, name: &str) -> Option<Self> {
        let mut all = Self::all_of(group_type).iter().copied();
        all.find(|a| a.name() == name)
    }

    /// Those that a group of this type may run under.
    pub fn all_of(group_type: &GroupType) -> &'static [Self] {
        if *group_type == GroupType::Consumer {
            &SERVER
        } else {
            &CLASSIC
        }
    }

    /// The assignor that somebody asks for: one of the group's own protocol first, then of the other.
    ///
    /// # Errors
    ///
    /// When no assignor has that name; with the names that there are and the nearest of them.
    pub fn asked(group_type: &GroupType, name: &str) -> Result<Self, UnknownAssignor> {
        let other = match group_type {
            GroupType::Consumer => GroupType::Classic,
            _ => GroupType::Consumer,
        };
        Self::of_group(group_type, name)
            .or_else(|| Self::of_group(&other, name))
            .ok_or_else(|| UnknownAssignor {
                name: name.to_owned(),
                known: CLASSIC
                    .iter()
                    .chain(&SERVER[..1])
                    .map(|a| a.name())
                    .collect(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_what_the_groups_protocol_makes_of_it() {
        let asked = |t: GroupType, n| Assignor::asked(&t, n).unwrap();
        assert_eq!(asked(GroupType::Classic, "range"), Assignor::Range);
        assert_eq!(asked(GroupType::Consumer, "range"), Assignor::ServerRange);
        assert_eq!(asked(GroupType::Consumer, "sticky"), Assignor::Sticky);
        assert_eq!(asked(GroupType::Classic, "uniform"), Assignor::Uniform);
    }

    #[test]
    fn an_unknown_name_gets_the_nearest() {
        let error = Assignor::asked(&GroupType::Classic, "cooperative-stiky").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no assignor is called \"cooperative-stiky\" (did you mean cooperative-sticky?); known: range, roundrobin, sticky, cooperative-sticky, uniform"
        );
        let far = Assignor::asked(&GroupType::Classic, "xyz").unwrap_err();
        assert!(!far.to_string().contains("did you mean"), "{far}");
    }
}
