//! Why no money came, and what the payer is told of it.

use serde::{Deserialize, Serialize};

/// Why no money came, sorted by what the payer can do about it (D10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    InsufficientFunds,
    Expired,
    WrongSecurityCode,
    WrongPostalCode,
    AuthenticationFailed,
    /// Lost, stolen, fraud: the payer is told no more than "declined".
    Blocked,
    AccountClosed,
    NotAuthorised,
    /// The account's owner has stopped the debit, or the account is frozen or not one to pay from.
    Stopped,
    /// A bank that had said yes has taken the money back, for a reason that it keeps to itself.
    TakenBack,
    /// The card's holder had the bank take it back, and the merchant could not change that.
    ChargedBack,
    /// The merchant paid all of it back, and what it paid for is owed still.
    PaidBack,
    TryAgainLater,
    Declined,
    /// No bank was asked: the gateway keeps the saved method no more.
    NoLongerKept,
    /// Ours, not the bank's: the gateway could not be reached and nothing was sent.
    NotSent,
    /// Ours, not the bank's: the gateway rejected the request itself.
    SetUp,
}

impl DeclineReason {
    pub const ALL: [Self; 17] = [
        Self::InsufficientFunds,
        Self::Expired,
        Self::WrongSecurityCode,
        Self::WrongPostalCode,
        Self::AuthenticationFailed,
        Self::Blocked,
        Self::AccountClosed,
        Self::NotAuthorised,
        Self::Stopped,
        Self::TakenBack,
        Self::ChargedBack,
        Self::PaidBack,
        Self::TryAgainLater,
        Self::Declined,
        Self::NoLongerKept,
        Self::NotSent,
        Self::SetUp,
    ];

    /// No card was tried for these: they say nothing about whoever pressed Pay.
    pub const OURS: [Self; 3] = [Self::NotSent, Self::SetUp, Self::NoLongerKept];

    /// What happened and what to do, in the payer's words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::InsufficientFunds => {
                "There is not enough money on this card or account. Use another one, or try again later."
            }
            Self::Expired => "This card has expired. Use another card.",
            Self::WrongSecurityCode => "The security code does not match this card. Check it and try again.",
            Self::WrongPostalCode => "The postal code does not match this card. Check it and try again.",
            Self::AuthenticationFailed => {
                "Your bank could not confirm that it was you. Try again, or use another card."
            }
            Self::Blocked | Self::Declined => "Your bank declined this card. Use another card, or ask your bank why.",
            Self::AccountClosed => "This account is closed. Use another one.",
            Self::NotAuthorised | Self::Stopped => {
                "Your bank does not allow debits from this account. Use another one."
            }
            Self::ChargedBack => {
                "This payment was disputed at the bank, which gave the money back to the card’s holder."
            }
            Self::PaidBack => "It counts as not paid, and can be paid again in another way.",
            Self::TakenBack => "Ask your bank why before you pay again, or pay in another way.",
            Self::TryAgainLater => "Your bank could not process the payment just now. Try again in a few minutes.",
            Self::NoLongerKept => {
                "The payment service no longer has this saved method. Use another one, or save it again."
            }
            Self::NotSent => "We could not reach the payment service, so nothing was sent. Try again in a minute.",
            Self::SetUp => "The payment service did not accept the request. We have been told; please try again later.",
        }
    }
}
