//! Where an attempt at paying a quote stands, as the portal says when it is asked, and how a page says so.

use serde::{Deserialize, Serialize};

use crate::html::{Text, money};

/// One session at the portal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// Of the version, from 1.
    pub number: u32,
    /// The portal's id of it; empty for one of which no answer is known.
    pub session: String,
    pub told: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Created,
    /// Said by the way back alone: the portal goes on saying `created`.
    Cancelled,
    Expired,
    Processing,
    Succeeded,
    Failed,
    Returned,
}

impl Status {
    /// Another payment wants a session of its own.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Expired | Self::Failed | Self::Returned)
    }

    /// A quote that is paid, or may be in a moment, must not be paid again.
    pub fn is_taken(self) -> bool {
        matches!(self, Self::Processing | Self::Succeeded)
    }
}

/// The portal's answer, as far as the quote shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Told {
    pub status: Status,
    #[serde(default)]
    pub reference: Option<String>,
    #[serde(default)]
    pub amount_minor: i64,
    #[serde(default)]
    pub surcharge_minor: i64,
    #[serde(default)]
    pub brand: Option<String>,
    #[serde(default)]
    pub last4: Option<String>,
    #[serde(default)]
    pub failure: Option<Failure>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    pub message: String,
}

impl Told {
    pub fn new(status: Status) -> Self {
        let (reference, brand, last4, failure) = (None, None, None, None);
        Self { status, reference, amount_minor: 0, surcharge_minor: 0, brand, last4, failure }
    }

    /// Tone of the badge, its word, and a sentence.
    fn words(&self, currency: &str) -> (&'static str, &'static str, String) {
        let why = self.failure.as_ref().map_or("No reason is known.", |failure| failure.message.as_str());
        match self.status {
            Status::Created => {
                ("wait", "Not paid yet", "The payment page was opened, and nothing was paid there yet.".into())
            }
            Status::Cancelled => ("", "Cancelled", "You came back without paying. Nothing was charged.".into()),
            Status::Expired => ("", "Not paid", "The time to pay was over. Nothing was charged.".into()),
            Status::Processing => {
                ("wait", "Processing", "The payment is with the bank. It must not be paid again.".into())
            }
            Status::Succeeded => {
                let by = [self.brand.as_deref(), self.last4.as_deref().map(|_| " ··"), self.last4.as_deref()];
                let by: String = by.into_iter().flatten().collect();
                let reference = self.reference.as_deref().unwrap_or_default();
                let amount = money(self.amount_minor + self.surcharge_minor, currency);
                ("good", "Paid", format!("{amount} by {by}, reference {reference}."))
            }
            Status::Failed => ("bad", "Payment failed", why.to_owned()),
            Status::Returned => ("bad", "Returned by the bank", why.to_owned()),
        }
    }

    pub fn badge(&self, currency: &str) -> String {
        let (tone, word, _) = self.words(currency);
        format!("<span class=\"badge {tone}\">{word}</span>")
    }

    pub fn sentence(&self, currency: &str) -> String {
        Text(&self.words(currency).2).to_string()
    }
}
