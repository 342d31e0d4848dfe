//! The three connections to the books, and which traffic each carries (S88-S106).

use serde::{Deserialize, Serialize};

/// Which traffic a call belongs to. While a merchant has one connection, all lanes share it (S93).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// What people do, and what follows of their payments (S97-S99).
    UserAction,
    /// A sync that somebody or something has started (S100-S102).
    CompanySync,
    /// Whatever runs at intervals (S103-S105).
    Background,
}

impl Lane {
    pub const ALL: [Self; 3] = [Self::UserAction, Self::CompanySync, Self::Background];

    /// As its connection is called.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::UserAction => "Wise-Pay",
            Self::CompanySync => "Company",
            Self::Background => "Service",
        }
    }

    #[must_use]
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::UserAction => {
                "What people do here: payments, their posting to your books, and “Download latest accounting platform \
                 data”."
            }
            Self::CompanySync => {
                "Syncs that somebody starts: the first reading of your books, and those with the programs beside them."
            }
            Self::Background => "Services that run at intervals: reading changes, and comparing the books.",
        }
    }

    /// As the connection's row and forms name it. The first is the one connection that there is without the others.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserAction => "all",
            Self::CompanySync => "company",
            Self::Background => "service",
        }
    }

    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.name() == name)
    }

    pub(crate) const fn place(self) -> usize {
        match self {
            Self::UserAction => 0,
            Self::CompanySync => 1,
            Self::Background => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s105_s97_each_lane_has_its_name_and_its_place() {
        for (place, lane) in Lane::ALL.into_iter().enumerate() {
            assert_eq!((Lane::of_name(lane.name()), lane.place()), (Some(lane), place));
        }
        assert_eq!(Lane::ALL.map(Lane::title), ["Wise-Pay", "Company", "Service"]);
        assert_eq!(Lane::of_name("gateway"), None);
    }
}
