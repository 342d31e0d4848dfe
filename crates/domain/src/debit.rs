//! A debit that brought no money, or was taken back: whose turn it is then, and when it is tried again (D10).

use crate::{
    bank_days::bank_day_after,
    method::MethodKind,
    payment::{AttemptState, DeclineReason},
    planted,
};
use chrono::{NaiveDate, TimeDelta};

/// Nacha has a debit that came back for want of money presented twice more, within so many days (`wire/gateways.md`, 8.3).
const RETRIES_MAX: i32 = 2;
const RETRY_WITHIN: TimeDelta = TimeDelta::days(180);
/// Time for its owner to read that it failed, and to put money there.
const RETRY_AFTER_BANK_DAYS: usize = 3;

/// Why a bank says no to a debit, sorted by who can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasonClass {
    /// Want of money: time mends it.
    Soft,
    /// Its payer, or the merchant, can put something right.
    Fixable,
    /// Nothing more is paid from this account.
    Hard,
}

impl ReasonClass {
    /// The one thing that the payer of a failed debit can do.
    #[must_use]
    pub const fn next(self) -> &'static str {
        match self {
            Self::Soft => "Pay again when there is enough money in the account.",
            Self::Fixable => "Look at the account under Methods, and pay again.",
            Self::Hard => "Pay from another account, or by card.",
        }
    }
}

impl DeclineReason {
    #[must_use]
    pub const fn class(self) -> ReasonClass {
        match self {
            Self::InsufficientFunds => ReasonClass::Soft,
            Self::Blocked
            | Self::AccountClosed
            | Self::NotAuthorised
            | Self::Stopped
            | Self::TakenBack
            | Self::ChargedBack
            | Self::NoLongerKept => ReasonClass::Hard,
            Self::Expired
            | Self::WrongSecurityCode
            | Self::WrongPostalCode
            | Self::AuthenticationFailed
            | Self::PaidBack
            | Self::TryAgainLater
            | Self::Declined
            | Self::NotSent
            | Self::SetUp => ReasonClass::Fixable,
        }
    }

    /// A saved method brings no more money until its owner has acted.
    #[must_use]
    pub const fn stops_method(self) -> bool {
        matches!(self, Self::Expired) || matches!(self.class(), ReasonClass::Hard)
    }

    /// What happened to a debit, in the words of the account's owner; what to do stands beside it.
    #[must_use]
    pub const fn of_debit(self) -> &'static str {
        match self {
            Self::InsufficientFunds => "There was not enough money in the account.",
            Self::AccountClosed => "There is no such account any more.",
            Self::NotAuthorised | Self::Stopped | Self::Blocked => "Your bank does not allow debits from this account.",
            Self::TakenBack | Self::ChargedBack => "Your bank does not say why.",
            Self::PaidBack => "It was paid back to you.",
            Self::NoLongerKept => "The payment service keeps this account no more.",
            Self::NotSent => "We could not reach the payment service.",
            Self::SetUp => "The payment service did not accept the request.",
            Self::Expired
            | Self::WrongSecurityCode
            | Self::WrongPostalCode
            | Self::AuthenticationFailed
            | Self::TryAgainLater
            | Self::Declined => "Your bank could not carry out the debit.",
        }
    }
}

/// A debit that has failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedDebit {
    pub kind: MethodKind,
    pub state: AttemptState,
    pub reason: Option<DeclineReason>,
    /// How often the same payment had been debited before this.
    pub retry: i32,
    /// The day of the payment's first debit.
    pub first_on: NaiveDate,
}

impl FailedDebit {
    /// The day on which it may be debited again, when its failure is heard of on this one. Its owner's authority and its
    /// merchant must allow that as well.
    #[must_use]
    pub fn again_on(self, heard_on: NaiveDate) -> Option<NaiveDate> {
        let is_soft = self.reason.is_some_and(|reason| reason.class() == ReasonClass::Soft);
        // Of BECS, nothing that we have tells the limits.
        let is_left = self.retry < RETRIES_MAX || planted::is("retry_for_ever");
        let may = self.kind == MethodKind::AchDebit && self.state.is_dead() && is_soft && is_left;
        let on = bank_day_after(self.kind, heard_on, RETRY_AFTER_BANK_DAYS);
        (may && on - self.first_on <= RETRY_WITHIN).then_some(on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn d10_only_want_of_money_is_tried_again_twice_and_within_half_a_year() {
        let failed = FailedDebit {
            kind: MethodKind::AchDebit,
            state: AttemptState::Declined,
            reason: Some(DeclineReason::InsufficientFunds),
            retry: 0,
            first_on: day("2026-11-20"),
        };
        let again = |failed: FailedDebit| failed.again_on(day("2026-11-25"));
        // The day after it is Thanksgiving.
        let on = Some(day("2026-12-01"));
        for (failed, on) in [
            (failed, on),
            (FailedDebit { retry: 1, ..failed }, on),
            (FailedDebit { retry: 2, ..failed }, None),
            (FailedDebit { state: AttemptState::Returned, ..failed }, on),
            (FailedDebit { state: AttemptState::Settled, ..failed }, None),
            (FailedDebit { kind: MethodKind::BecsDebit, ..failed }, None),
            (FailedDebit { kind: MethodKind::Card, ..failed }, None),
            (FailedDebit { reason: Some(DeclineReason::AccountClosed), ..failed }, None),
            (FailedDebit { reason: Some(DeclineReason::TryAgainLater), ..failed }, None),
            // Its bank asks for its payer, and the clock cannot answer (D19).
            (FailedDebit { reason: Some(DeclineReason::AuthenticationFailed), retry: 1, ..failed }, None),
            (FailedDebit { reason: None, ..failed }, None),
            (FailedDebit { first_on: day("2026-06-04"), ..failed }, on),
            (FailedDebit { first_on: day("2026-06-03"), ..failed }, None),
        ] {
            assert_eq!(again(failed), on, "{failed:?}");
        }
    }

    #[test]
    fn d10_each_reason_belongs_to_one_class_and_each_class_has_one_next_step() {
        use {DeclineReason as R, ReasonClass as C};
        let table = [
            (R::InsufficientFunds, C::Soft),
            (R::Expired, C::Fixable),
            (R::WrongSecurityCode, C::Fixable),
            (R::WrongPostalCode, C::Fixable),
            (R::AuthenticationFailed, C::Fixable),
            (R::Blocked, C::Hard),
            (R::AccountClosed, C::Hard),
            (R::NotAuthorised, C::Hard),
            (R::Stopped, C::Hard),
            (R::TakenBack, C::Hard),
            (R::ChargedBack, C::Hard),
            (R::PaidBack, C::Fixable),
            (R::TryAgainLater, C::Fixable),
            (R::Declined, C::Fixable),
            (R::NoLongerKept, C::Hard),
            (R::NotSent, C::Fixable),
            (R::SetUp, C::Fixable),
        ];
        assert_eq!(table.map(|(reason, _)| reason), R::ALL);
        for (reason, class) in table {
            assert_eq!(reason.class(), class, "{reason:?}");
            assert_eq!(class.next().matches('.').count(), 1, "one sentence: {}", class.next());
            assert_eq!(reason.of_debit().matches('.').count(), 1, "one sentence: {}", reason.of_debit());
        }
    }
}
