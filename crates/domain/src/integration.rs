//! Who calls this portal for a merchant: each kind of integration has keys of its own, and none opens the door of another.

/// Which program of the merchant's it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
pub enum IntegrationKind {
    /// Has quotes paid (S6-S11).
    Sell,
    /// Hands its own users over, who are signed in there.
    Portal,
    /// Keeps customers and invoices here.
    Api,
}

impl IntegrationKind {
    pub const ALL: [Self; 3] = [Self::Sell, Self::Portal, Self::Api];

    /// As its section is called.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Sell => "ConnectWise Sell",
            Self::Portal => "Client portal",
            Self::Api => "API",
        }
    }

    /// As addresses and the audit trail name it, which is how its column does.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sell => "sell",
            Self::Portal => "portal",
            Self::Api => "api",
        }
    }

    /// What stops with its last key.
    #[must_use]
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Sell => "ConnectWise Sell sends the payers of its quotes here to pay them.",
            Self::Portal => "Your client portal signs its users in here, and sends them to what they owe.",
            Self::Api => "Your own programs keep customers, invoices, payments and credit notes here.",
        }
    }
}

impl std::str::FromStr for IntegrationKind {
    type Err = crate::ids::BadId;
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(crate::ids::BadId)
    }
}
