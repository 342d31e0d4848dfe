//! Cards, and what their banks say. The test card of `wire/gateways.md`, 5.2 is approved, as is every other but the demo's.

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::check_digit::luhn;
use crate::facts::cards;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Card {
    pub brand: String,
    pub last4: String,
    pub verdict: Verdict,
}

/// What becomes of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Verdict {
    Approved,
    Declined,
    /// It is approved, and its answer never comes.
    Unanswered,
}

impl Card {
    /// The year has two digits. `today` is the year, four digits, and the month.
    pub fn read(number: &str, month: &str, year: &str, today: (i32, u32)) -> Result<Self, Refusal> {
        let number: String = number.chars().filter(|c| !c.is_whitespace()).collect();
        if !(13..=19).contains(&number.len()) || !luhn(&number) {
            return Err(Refusal::invalid("40085", "Card number is invalid"));
        }
        let expiry = year.parse::<i32>().ok().zip(month.parse::<u32>().ok()).map(|(year, month)| (2000 + year, month));
        if !expiry.is_some_and(|(year, month)| (1..=12).contains(&month) && (year, month) >= today) {
            return Err(Refusal::invalid("40085", "Expiry date invalid"));
        }
        let verdict = match number.as_str() {
            cards::DECLINED | cards::INSUFFICIENT_FUNDS => Verdict::Declined,
            cards::TIMEOUT_AFTER_EXECUTE => Verdict::Unanswered,
            _ => Verdict::Approved,
        };
        let last4 = number[number.len() - 4..].to_owned();
        Ok(Self { brand: brand(&number).to_owned(), last4, verdict })
    }

    pub fn masked(&self) -> String {
        format!("XXXXXXXXXXXX{}", self.last4)
    }
}

fn brand(number: &str) -> &'static str {
    match number.as_bytes() {
        [b'4', ..] => "VISA",
        [b'5', b'1'..=b'5', ..] | [b'2', ..] => "MASTERCARD",
        [b'3', b'4' | b'7', ..] => "AMEX",
        [b'3', ..] => "DINERS",
        [b'6', ..] => "DISCOVER",
        _ => "UNKNOWN",
    }
}
