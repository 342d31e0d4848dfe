//! Where payments are taken, and the most that may be added to one there (G25; `wire/gateways.md`, 8.5). What a merchant
//! wants is not known here.

use crate::card::{Brand, CardKind, Funding};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A country of ISO 3166, or a part of one: `AU`, `US-CO`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place(String);

/// The text is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a place is a country or a part of one, as `AU` or `US-CO`")]
pub struct BadPlace;

impl TryFrom<String> for Place {
    type Error = BadPlace;
    fn try_from(text: String) -> Result<Self, BadPlace> {
        let (country, part) =
            text.split_once('-').map_or((text.as_str(), None), |(country, part)| (country, Some(part)));
        let is_country = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
        let is_part = |part: &str| {
            (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        if is_country && part.is_none_or(is_part) { Ok(Self(text)) } else { Err(BadPlace) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.0
    }
}

impl Place {
    fn country(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// The same place, or a part of this one.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        self == other || self.0 == other.country()
    }

    /// Of two places that hold the same third one, the greater says more of it.
    pub(crate) fn precision(&self) -> usize {
        self.0.len()
    }
}

/// Where nothing may be added to a card's payment (`wire/gateways.md`, 8.5).
const FORBIDDEN_IN_US: [&str; 4] = ["US-CT", "US-MA", "US-ME", "US-PR"];

/// The most that the place, or the card's scheme there, allows, in parts of a million of the amount. What a merchant's own
/// cost caps as well, nobody tells us.
pub(crate) fn most_ppm(place: &Place, kind: CardKind, on: NaiveDate) -> Option<u32> {
    /// Since then the schemes may forbid it; what each did is not verified, so it is off.
    const AU_ENDS: Option<NaiveDate> = NaiveDate::from_ymd_opt(2026, 10, 1);
    match place.country() {
        "US" if kind.funding != Funding::Credit || FORBIDDEN_IN_US.contains(&place.0.as_str()) => Some(0),
        "US" if place.0 == "US-CO" => Some(20_000),
        "US" => Some(if matches!(kind.brand, Brand::Visa | Brand::Other) { 30_000 } else { 40_000 }),
        "AU" if matches!(kind.brand, Brand::Visa | Brand::Mastercard | Brand::Eftpos) => {
            AU_ENDS.is_some_and(|ends| on >= ends).then_some(0)
        }
        _ => None,
    }
}
