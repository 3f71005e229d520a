//! The columns of the list of groups: names, widths, which are shown how wide a screen is.

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum GroupColumn {
    /// Glyph and word.
    Status,
    /// The cluster, where several are shown.
    Cluster,
    /// The group's id.
    Group,
    /// Unread records.
    Lag,
    /// Age of the oldest unread record.
    Behind,
    /// Records a second coming in.
    In,
    /// Records a second being read.
    Out,
    /// Effective lag over the last minutes.
    Trend,
    /// When it will have caught up.
    Eta,
    /// Kafka's own state.
    State,
    /// How many members.
    Members,
    /// The fullest member's lag against the mean.
    Skew,
    /// Who cares for it.
    Owner,
}

impl GroupColumn {
    /// All of them, in the order in which they stand.
    pub(super) const ALL: [Self; 13] = [
        Self::Status,
        Self::Cluster,
        Self::Group,
        Self::Lag,
        Self::Behind,
        Self::In,
        Self::Out,
        Self::Trend,
        Self::Eta,
        Self::State,
        Self::Members,
        Self::Skew,
        Self::Owner,
    ];

    /// As commands name it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Cluster => "cluster",
            Self::Group => "group",
            Self::Lag => "lag",
            Self::Behind => "behind",
            Self::In => "in",
            Self::Out => "out",
            Self::Trend => "trend",
            Self::Eta => "eta",
            Self::State => "state",
            Self::Members => "members",
            Self::Skew => "skew",
            Self::Owner => "owner",
        }
    }

    /// By its name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Its heading.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Status => "STATUS",
            Self::Cluster => "CLUSTER",
            Self::Group => "GROUP",
            Self::Lag => "LAG",
            Self::Behind => "BEHIND",
            Self::In => "IN/s",
            Self::Out => "OUT/s",
            Self::Trend => "TREND",
            Self::Eta => "ETA",
            Self::State => "STATE",
            Self::Members => "MEMB",
            Self::Skew => "SKEW",
            Self::Owner => "OWNER",
        }
    }

    /// Cells that it takes; the group's name takes what is left.
    pub(super) const fn width(self) -> u16 {
        match self {
            Self::Group => 0,
            Self::Status => 8,
            Self::Cluster | Self::Owner => 12,
            // One more than the number: the mark of a broken limit.
            Self::Lag | Self::Behind => 7,
            Self::In | Self::Out | Self::Skew => 5,
            Self::Trend | Self::State => 10,
            Self::Eta => 6,
            Self::Members => 4,
        }
    }

    /// Whether it is a number, set to the right.
    pub(super) const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Lag
                | Self::Behind
                | Self::In
                | Self::Out
                | Self::Eta
                | Self::Members
                | Self::Skew
        )
    }

    /// Whether lists can be sorted by it.
    pub(super) const fn sorts(self) -> bool {
        !matches!(self, Self::Trend | Self::Skew)
    }
}

/// Between two columns.
pub(super) const GAP: u16 = 1;

/// Columns that give way on narrow screens, the last one first; each with the width that the
/// name keeps before it is taken in.
const GIVING_WAY: [(GroupColumn, u16); 9] = [
    (GroupColumn::Behind, 16),
    (GroupColumn::Cluster, 16),
    (GroupColumn::Out, 18),
    (GroupColumn::In, 18),
    (GroupColumn::Trend, 20),
    (GroupColumn::State, 28),
    (GroupColumn::Members, 28),
    (GroupColumn::Skew, 28),
    (GroupColumn::Owner, 36),
];

/// The columns to show in `width` cells. `chosen`: those that the user wants, else empty.
pub(super) fn shown(width: u16, several: bool, chosen: &[GroupColumn]) -> Vec<GroupColumn> {
    let mut set = if width < 40 {
        vec![GroupColumn::Status, GroupColumn::Group, GroupColumn::Lag]
    } else {
        vec![
            GroupColumn::Status,
            GroupColumn::Group,
            GroupColumn::Lag,
            GroupColumn::Eta,
        ]
    };
    if chosen.is_empty() {
        for (column, keep) in GIVING_WAY {
            let fits = name_width(width, &set) >= column.width() + GAP + keep;
            if (column != GroupColumn::Cluster || several) && width >= 60 && fits {
                set.push(column);
            }
        }
    } else {
        set = vec![GroupColumn::Group];
        for column in chosen {
            if !set.contains(column) && name_width(width, &set) >= column.width() + GAP + 8 {
                set.push(*column);
            }
        }
    }
    set.sort_by_key(|c| GroupColumn::ALL.iter().position(|a| a == c));
    set
}

/// What is left for the name.
pub(super) fn name_width(width: u16, columns: &[GroupColumn]) -> u16 {
    let others: u16 = columns
        .iter()
        .filter(|c| **c != GroupColumn::Group)
        .map(|c| c.width() + GAP)
        .sum();
    width.saturating_sub(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(width: u16, several: bool) -> String {
        let columns = shown(width, several, &[]);
        let titles: Vec<_> = columns.iter().map(|c| c.title()).collect();
        titles.join(" ")
    }

    #[test]
    fn columns_give_way_as_screens_get_narrow() {
        assert_eq!(titles(30, false), "STATUS GROUP LAG");
        assert_eq!(titles(50, false), "STATUS GROUP LAG ETA");
        assert_eq!(
            titles(80, false),
            "STATUS GROUP LAG BEHIND IN/s OUT/s TREND ETA"
        );
        assert_eq!(
            titles(120, false),
            "STATUS GROUP LAG BEHIND IN/s OUT/s TREND ETA STATE MEMB SKEW"
        );
        assert!(titles(120, true).contains("CLUSTER"));
    }

    #[test]
    fn chosen_columns_are_kept_as_far_as_they_fit() {
        let chosen = [GroupColumn::Owner, GroupColumn::Lag, GroupColumn::Trend];
        assert_eq!(
            shown(80, false, &chosen),
            [
                GroupColumn::Group,
                GroupColumn::Lag,
                GroupColumn::Trend,
                GroupColumn::Owner
            ]
        );
        assert_eq!(shown(24, false, &chosen).len(), 2);
    }
}
