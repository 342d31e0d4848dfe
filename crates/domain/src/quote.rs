//! Quotes that are paid here: what a quoting program may ask for, where its session stands, and which invoice the credit of
//! a paid quote is for (`wire/connectwise.md`, 3.3; S1-S41, N1).

use crate::{
    email::looks_like_email,
    money::{Currency, Money},
    own_invoice::TOTAL_MAX_MINOR,
    payment::AttemptState,
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long its payer has to press Pay.
pub const SESSION_LIFE: TimeDelta = TimeDelta::minutes(30);
/// One that failed may be tried three more times.
const TRIES_MAX: usize = 4;
const TEXT_MAX_CHARS: usize = 200;
const METADATA_MAX: usize = 10;
/// Why a guest cannot pay it (S15-S17; UX rule 3).
pub const SAVED_METHOD_NEEDED: &str = "This quote includes monthly services, so a saved payment method is needed.";
/// Why a guest cannot pay it, whose merchant takes no cards for it (S25).
pub const ACCOUNT_NEEDED: &str =
    "This quote is paid from a bank account, and bank accounts are kept for who has signed in.";

/// The body of a request for a session.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SessionAsked {
    pub quote: QuoteAsked,
    pub account: AccountAsked,
    pub payer: PayerAsked,
    pub one_time: OneTimeAsked,
    #[serde(default)]
    pub recurring: Option<RecurringAsked>,
    pub allowed_methods: Vec<AllowedMethod>,
    pub return_url: String,
    pub cancel_url: String,
    pub acceptance: Acceptance,
    /// Sent back as it came.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct QuoteAsked {
    pub id: String,
    pub number: u32,
    pub version: u32,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AccountAsked {
    pub name: String,
    #[serde(default)]
    pub psa_company_id: Option<String>,
}

/// Typed beforehand for the payer, and proof of nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PayerAsked {
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    #[serde(default)]
    pub phone: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OneTimeAsked {
    pub amount_minor: i64,
    pub currency: String,
    #[serde(default)]
    pub tax_minor: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RecurringAsked {
    pub present: bool,
    pub amount_minor: i64,
    pub cycle: String,
    #[serde(default)]
    pub label: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowedMethod {
    Card,
    Bank,
}

/// That the quote was accepted, as evidence.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Acceptance {
    pub accepted_at: DateTime<Utc>,
    pub signer_name: String,
    #[serde(default)]
    pub signer_ip: Option<String>,
}

/// Why there is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionRefusal {
    InvalidKey,
    IntegrationDisabled,
    /// It cannot be read, or a field is empty, too long or no e-mail address.
    InvalidRequest(&'static str),
    /// This version of the quote is paid, or its payment is under way.
    AlreadyPaid,
    /// An invoice is owed in its place.
    AlreadyInvoiced,
    /// The same key came with something else.
    IdempotencyConflict,
    SessionExpired,
    InvalidAmount,
    CurrencyMismatch,
    ReturnUrlNotAllowed(&'static str),
    NoCommonMethod,
    /// The merchant's gateway, or its books, cannot take payments of quotes.
    NotSetUp,
    NotFound,
}

impl SessionRefusal {
    /// As it is sent.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidKey => "invalid_key",
            Self::IntegrationDisabled => "integration_disabled",
            Self::InvalidRequest(_) => "invalid_request",
            Self::AlreadyPaid => "already_paid",
            Self::AlreadyInvoiced => "already_invoiced",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::SessionExpired => "session_expired",
            Self::InvalidAmount => "invalid_amount",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::ReturnUrlNotAllowed(_) => "return_url_not_allowed",
            Self::NoCommonMethod => "no_common_method",
            Self::NotSetUp => "not_set_up",
            Self::NotFound => "not_found",
        }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidKey => 401,
            Self::IntegrationDisabled => 403,
            Self::NotFound => 404,
            Self::AlreadyPaid | Self::AlreadyInvoiced | Self::IdempotencyConflict => 409,
            Self::SessionExpired => 410,
            Self::InvalidRequest(_)
            | Self::InvalidAmount
            | Self::CurrencyMismatch
            | Self::ReturnUrlNotAllowed(_)
            | Self::NoCommonMethod => 422,
            Self::NotSetUp => 503,
        }
    }

    /// What to do about it, for whoever reads the other program's log.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::InvalidKey => "The key is not one of this integration's.",
            Self::IntegrationDisabled => "The merchant has turned this integration off.",
            Self::InvalidRequest(_) => "A field is missing, empty, too long or cannot be read.",
            Self::AlreadyPaid => "This version of the quote is paid, or a payment of the quote is under way.",
            Self::AlreadyInvoiced => {
                "The payment of this version came back, and its Downpayment invoice is owed instead."
            }
            Self::IdempotencyConflict => "The idempotency key was used for another request.",
            Self::SessionExpired => "The session has expired. Ask for one with the next attempt number.",
            Self::InvalidAmount => {
                "The amount must be above zero, no more than an invoice can be, hold its tax, and be the same for the \
                 same version."
            }
            Self::CurrencyMismatch => "The currency must be the merchant's.",
            Self::ReturnUrlNotAllowed(_) => "It must begin with https:// and lead to a host that the merchant allows.",
            Self::NoCommonMethod => "The merchant takes none of the allowed methods.",
            Self::NotSetUp => "The merchant's gateway or books cannot take payments of quotes.",
            Self::NotFound => "There is no such session.",
        }
    }

    /// What it is about, where that is one field.
    #[must_use]
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Self::InvalidRequest(field) | Self::ReturnUrlNotAllowed(field) => Some(field),
            Self::InvalidAmount => Some("one_time.amount_minor"),
            Self::CurrencyMismatch => Some("one_time.currency"),
            Self::NoCommonMethod => Some("allowed_methods"),
            _ => None,
        }
    }
}

impl SessionAsked {
    /// What is asked for once, if all of it can be taken by a merchant of this currency.
    ///
    /// # Errors
    /// The first thing that cannot.
    pub fn read(&self, own: Currency) -> Result<Money, SessionRefusal> {
        for (field, text) in [
            ("quote.id", &self.quote.id),
            ("quote.name", &self.quote.name),
            ("account.name", &self.account.name),
            ("acceptance.signer_name", &self.acceptance.signer_name),
        ] {
            if text.trim().is_empty() || text.chars().count() > TEXT_MAX_CHARS || text.contains(char::is_control) {
                return Err(SessionRefusal::InvalidRequest(field));
            }
        }
        if !looks_like_email(&self.payer.email) || self.payer.email.contains(char::is_control) {
            return Err(SessionRefusal::InvalidRequest("payer.email"));
        }
        if self.metadata.len() > METADATA_MAX {
            return Err(SessionRefusal::InvalidRequest("metadata"));
        }
        let currency: Currency = self.one_time.currency.parse().map_err(|_| SessionRefusal::CurrencyMismatch)?;
        if currency != own {
            return Err(SessionRefusal::CurrencyMismatch);
        }
        let (amount, tax) = (self.one_time.amount_minor, self.one_time.tax_minor.unwrap_or(0));
        // What comes of it is an invoice, and is added to others.
        if !(1..=TOTAL_MAX_MINOR).contains(&amount) || !(0..=amount).contains(&tax) {
            return Err(SessionRefusal::InvalidAmount);
        }
        Ok(Money::new(amount, currency))
    }

    #[must_use]
    pub fn allows(&self, method: AllowedMethod) -> bool {
        self.allowed_methods.contains(&method)
    }

    /// Something is to be paid again and again: a guest cannot.
    #[must_use]
    pub fn is_recurring(&self) -> bool {
        self.recurring.as_ref().is_some_and(|recurring| recurring.present)
    }

    /// As people quote it, and as its documents in the books are called after it: `Q-10231`.
    #[must_use]
    pub fn number(&self) -> String {
        format!("Q-{}", self.quote.number)
    }
}

/// Where a session stands, as its program reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// Nothing was paid yet.
    Created,
    /// And nothing can be any more.
    Expired,
    /// With the bank, or nobody knows yet: it must not be paid again.
    Processing,
    Succeeded,
    Failed,
    /// The bank has taken it back (S39).
    Returned,
}

impl SessionStatus {
    /// By the newest payment of the quote that belongs to it.
    #[must_use]
    pub const fn of(paid: Option<AttemptState>, is_over: bool) -> Self {
        match paid {
            None | Some(AttemptState::RequiresAction | AttemptState::Voided) => {
                if is_over {
                    Self::Expired
                } else {
                    Self::Created
                }
            }
            Some(AttemptState::Created | AttemptState::Unknown | AttemptState::Processing) => Self::Processing,
            Some(AttemptState::Approved | AttemptState::PendingSettlement | AttemptState::Settled) => Self::Succeeded,
            Some(AttemptState::Declined) => Self::Failed,
            Some(AttemptState::Returned) => Self::Returned,
        }
    }

    /// As the payer's browser brings it back.
    #[must_use]
    pub const fn at_return(self) -> &'static str {
        match self {
            Self::Created | Self::Expired => "cancelled",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed | Self::Returned => "failed",
        }
    }

    /// No other session of the same version may begin beside it.
    #[must_use]
    pub const fn is_taken(self) -> bool {
        matches!(self, Self::Processing | Self::Succeeded)
    }
}

/// Whether something can be tried in it still.
#[must_use]
pub fn is_open(expires_at: DateTime<Utc>, tries: usize, now: DateTime<Utc>) -> bool {
    now < expires_at && tries < TRIES_MAX
}

/// How it was found that an invoice is for a quote whose credit is not used yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum CoverKind {
    /// It names the quote, and owes as much.
    Named,
    /// It owes as much, and came after the payment: a person says whether it is that.
    SameAmount,
}

/// What is left of the credit of a paid quote.
#[derive(Clone, Copy, Debug)]
pub struct OpenCredit<'a> {
    /// `Q-10231`
    pub number: &'a str,
    pub left: Money,
    pub paid_on: NaiveDate,
}

/// An open invoice of the same customer.
#[derive(Clone, Copy, Debug)]
pub struct Bill<'a> {
    pub number: &'a str,
    /// What whoever wrote it has put beside its number.
    pub reference: Option<&'a str>,
    pub due: Money,
    pub date: NaiveDate,
}

/// Whether the invoice is what the credit is for (N1).
#[must_use]
pub fn covers(credit: OpenCredit<'_>, bill: Bill<'_>) -> Option<CoverKind> {
    if bill.due != credit.left || !bill.due.is_positive() {
        return None;
    }
    let is_named = names(bill.number, credit.number) || bill.reference.is_some_and(|text| names(text, credit.number));
    if is_named {
        return Some(CoverKind::Named);
    }
    // What was owed before is no Downpayment of it.
    (bill.date >= credit.paid_on).then_some(CoverKind::SameAmount)
}

/// Whether a text names the quote, as `Q-10231`, `Q10231` or `Quote 10231`, and not as a part of another number.
fn names(text: &str, number: &str) -> bool {
    let folded = text.to_ascii_uppercase();
    let words: Vec<_> = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let digits = number.trim_start_matches("Q-");
    let together = format!("Q{digits}");
    words.iter().any(|word| *word == together)
        || words.windows(2).any(|two| matches!(two[0], "Q" | "QUOTE") && two[1] == digits)
}

#[cfg(test)]
#[path = "quote_tests.rs"]
mod tests;
