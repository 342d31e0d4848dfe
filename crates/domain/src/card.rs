//! What a gateway tells of a card before it is charged, as rules and their words know it. Never its number.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Brand {
    Visa,
    Mastercard,
    Amex,
    Discover,
    Diners,
    Jcb,
    UnionPay,
    Eftpos,
    /// One that no rule can name.
    #[serde(skip)]
    Other,
}

impl Brand {
    pub const ALL: [Self; 9] = [
        Self::Visa,
        Self::Mastercard,
        Self::Amex,
        Self::Discover,
        Self::Diners,
        Self::Jcb,
        Self::UnionPay,
        Self::Eftpos,
        Self::Other,
    ];

    /// By a gateway's name of it.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "visa" => Self::Visa,
            "mastercard" => Self::Mastercard,
            "amex" => Self::Amex,
            "discover" => Self::Discover,
            "diners" => Self::Diners,
            "jcb" => Self::Jcb,
            "unionpay" => Self::UnionPay,
            "eftpos_au" => Self::Eftpos,
            _ => Self::Other,
        }
    }

    /// As rules and forms spell it.
    #[must_use]
    pub const fn spelt(self) -> &'static str {
        match self {
            Self::Visa => "visa",
            Self::Mastercard => "mastercard",
            Self::Amex => "amex",
            Self::Discover => "discover",
            Self::Diners => "diners",
            Self::Jcb => "jcb",
            Self::UnionPay => "unionpay",
            Self::Eftpos => "eftpos",
            Self::Other => "other",
        }
    }

    /// Before `credit card`; nothing for one that no rule can name.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Visa => "Visa ",
            Self::Mastercard => "Mastercard ",
            Self::Amex => "American Express ",
            Self::Discover => "Discover ",
            Self::Diners => "Diners Club ",
            Self::Jcb => "JCB ",
            Self::UnionPay => "UnionPay ",
            Self::Eftpos => "eftpos ",
            Self::Other => "",
        }
    }
}

/// Whose money a card spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funding {
    Credit,
    Debit,
    Prepaid,
    /// The gateway does not say.
    Unknown,
}

impl Funding {
    pub const ALL: [Self; 4] = [Self::Credit, Self::Debit, Self::Prepaid, Self::Unknown];

    /// By a gateway's name of it.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "credit" => Self::Credit,
            "debit" => Self::Debit,
            "prepaid" => Self::Prepaid,
            _ => Self::Unknown,
        }
    }

    /// As forms spell it.
    #[must_use]
    pub const fn spelt(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
            Self::Prepaid => "prepaid",
            Self::Unknown => "unknown",
        }
    }
}

/// What a gateway tells of a card before it is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardKind {
    pub brand: Brand,
    pub funding: Funding,
}

impl CardKind {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Brand::ALL.into_iter().flat_map(|brand| Funding::ALL.map(|funding| Self { brand, funding }))
    }
}

impl fmt::Display for CardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let funding = match self.funding {
            Funding::Credit => "credit ",
            Funding::Debit => "debit ",
            Funding::Prepaid => "prepaid ",
            Funding::Unknown => "",
        };
        write!(f, "{}{funding}card", self.brand.words())
    }
}
