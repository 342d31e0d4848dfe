//! A refund: an object of its own that pays money of an attempt back. Its state is a fold over the facts seen at the
//! gateway, as an attempt's is (`wire/gateways.md`, 1.1 and 2.6).

use crate::{
    ids::{InvoiceId, RefundId},
    money::{Money, MoneyError},
};
use serde::{Deserialize, Serialize};

/// The number of the credit that a refund has in the books for one invoice, `RF-7F3C0A1E52`: of both ids, because each
/// invoice gets a credit of its own.
#[must_use]
pub fn credit_number(refund: RefundId, invoice: InvoiceId) -> String {
    format!("RF-{:010X}", (refund.0.as_u128() ^ invoice.0.as_u128()) & 0xff_ffff_ffff)
}

/// Where one refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Row and key are committed; nothing was sent.
    Created,
    /// It may have reached the gateway, and no answer can be trusted. Only a look-up leads out (N5).
    Unknown,
    /// The gateway has accepted it and has not paid it out yet.
    Pending,
    /// Paid out. It may still fail: then the money is back at the gateway.
    Succeeded,
    Failed,
    Canceled,
}

impl RefundState {
    pub const ALL: [Self; 6] =
        [Self::Created, Self::Unknown, Self::Pending, Self::Succeeded, Self::Failed, Self::Canceled];

    /// A fact that would lead to a lower rank is old news.
    const fn rank(self) -> u8 {
        match self {
            Self::Created => 0,
            Self::Unknown => 1,
            Self::Pending => 2,
            Self::Succeeded => 3,
            Self::Failed | Self::Canceled => 4,
        }
    }

    /// No money goes back by it.
    #[must_use]
    pub const fn is_dead(self) -> bool {
        matches!(self, Self::Failed | Self::Canceled)
    }

    /// Somebody must go on asking.
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.rank() < Self::Succeeded.rank()
    }

    /// Nobody knows whether its gateway has it: a person may say so.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::Created | Self::Unknown)
    }

    /// The gateway has it, and it has not failed: the payer may be told.
    #[must_use]
    pub const fn is_on_its_way(self) -> bool {
        matches!(self, Self::Pending | Self::Succeeded)
    }
}

/// Where a refund was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum RefundMade {
    /// By our staff, on a page of ours.
    Here,
    /// By somebody at the gateway's own console, or by another program: we hear of it when it is made.
    There,
}

/// What a refund means for the invoices of its payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum RefundMeaning {
    /// They stay paid: the sale is credited, and the credit paid out.
    SaleCancelled,
    /// They are owed again, as before the payment: it was by a wrong card, or by mistake.
    StillOwed,
}

/// What was seen of a refund at the gateway. Adapters report; the fold decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum RefundFact {
    /// Our transport's word: bytes may have left, and no answer can be trusted.
    Unanswered,
    /// Refused before a byte was written. Ends only a refund that was never sent before.
    NotSent,
    /// The gateway understood the request and rejected it.
    Refused {
        code: String,
    },
    /// A look-up found no trace of it, which proves nothing yet.
    NotSeen,
    /// A second look-up, some minutes later, found no trace either.
    NeverArrived,
    /// Ours: staff have looked for it at the gateway and say that it is not there. It ends what nobody knows alone, and no
    /// word of a gateway's.
    DeclaredAbsent,
    Pending,
    Succeeded,
    Failed {
        reason: RefundFailure,
    },
    Canceled,
}

impl RefundFact {
    /// The gateway says that money goes back by it.
    #[must_use]
    pub const fn is_money(&self) -> bool {
        matches!(self, Self::Pending | Self::Succeeded)
    }
}

/// Why no money went back, sorted by what staff can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundFailure {
    CardGone,
    NoBalance,
    Disputed,
    Declined,
    /// Ours: the gateway could not be reached.
    NotSent,
    /// Ours: look-ups found no trace of it. Nobody was at the screen then.
    NeverArrived,
    /// Ours: staff say that the gateway does not have it.
    DeclaredAbsent,
    /// The gateway rejected the request itself.
    Refused,
}

impl RefundFailure {
    /// What happened and what to do, in the words of the merchant's staff.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::CardGone => "The card does not exist any more. Pay the customer back in another way.",
            Self::NoBalance => "There is not enough money in the account at the gateway. Add some and refund again.",
            Self::Disputed => "The payment is disputed at the bank, so it cannot be refunded as well.",
            Self::Declined => "The customer’s bank did not take it. Pay the customer back in another way.",
            Self::NotSent => "The gateway could not be reached, so nothing was paid back. Refund again.",
            Self::NeverArrived => {
                "It did not reach the gateway, so nothing was paid back. Refund again if it is still wanted."
            }
            Self::DeclaredAbsent => {
                "The gateway does not have it, so nothing was paid back. Refund again if it is still wanted."
            }
            Self::Refused => "The gateway did not accept it, so nothing was paid back. Look at the payment there.",
        }
    }
}

/// A refund as its facts tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoldedRefund {
    pub state: RefundState,
    /// Its end is our conclusion and not the gateway's word, which overrules it.
    ended_by_us: bool,
    /// Money went back by a refund that we had ended: an operator must look.
    pub contradicted: bool,
    pub failure: Option<RefundFailure>,
}

impl Default for FoldedRefund {
    fn default() -> Self {
        Self { state: RefundState::Created, ended_by_us: false, contradicted: false, failure: None }
    }
}

impl FoldedRefund {
    #[must_use]
    pub fn of<'a>(facts: impl IntoIterator<Item = &'a RefundFact>) -> Self {
        facts.into_iter().fold(Self::default(), |folded, fact| folded.then(fact))
    }

    /// This refund after one more fact. A success after the gateway's own failure is old news: it fails once it has
    /// succeeded, and not the other way round (`wire/gateways.md`, 2.6).
    #[must_use]
    pub fn then(self, fact: &RefundFact) -> Self {
        use RefundState as S;
        let (to, failure, by_us) = match fact {
            RefundFact::NotSent if self.state == S::Created => (S::Failed, Some(RefundFailure::NotSent), true),
            RefundFact::Refused { .. } if self.state == S::Created => (S::Failed, Some(RefundFailure::Refused), true),
            RefundFact::NeverArrived if self.state.rank() < S::Pending.rank() => {
                (S::Failed, Some(RefundFailure::NeverArrived), true)
            }
            RefundFact::DeclaredAbsent if self.state.is_unknown() => {
                (S::Failed, Some(RefundFailure::DeclaredAbsent), true)
            }
            RefundFact::NotSent
            | RefundFact::Refused { .. }
            | RefundFact::NeverArrived
            | RefundFact::DeclaredAbsent => return self,
            RefundFact::Unanswered | RefundFact::NotSeen => (S::Unknown, None, false),
            RefundFact::Pending => (S::Pending, None, false),
            RefundFact::Succeeded => (S::Succeeded, None, false),
            RefundFact::Failed { reason } => (S::Failed, Some(*reason), false),
            RefundFact::Canceled => (S::Canceled, None, false),
        };
        if self.ended_by_us && to != S::Unknown {
            let contradicted = self.contradicted || !to.is_dead();
            return Self { state: to, ended_by_us: false, contradicted, failure };
        }
        if to.rank() <= self.state.rank() {
            return self;
        }
        Self { state: to, ended_by_us: by_us, failure, ..self }
    }
}

/// One immutable fact about a refund, with what the gateway said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundSeen {
    #[serde(flatten)]
    pub fact: RefundFact,
    /// The gateway's id of the refund, once it has one: what the books quote as reference.
    pub gateway_id: Option<String>,
    /// What the gateway says is paid back; a difference from the refund is a contradiction.
    pub amount: Option<Money>,
}

impl RefundSeen {
    /// A fact of ours, about which the gateway said nothing.
    #[must_use]
    pub const fn bare(fact: RefundFact) -> Self {
        Self { fact, gateway_id: None, amount: None }
    }
}

/// What can still be paid back of a payment, and what of that is surcharge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// What the payment was over; surcharge included.
    pub taken_minor: i64,
    pub taken_surcharge_minor: i64,
    /// Surcharge included.
    pub whole: Money,
    pub surcharge_minor: i64,
}

impl Left {
    /// Of a payment over `taken`: each refund that is not dead is gone, with the surcharge in it. One whose fate is unknown
    /// counts. `undisputed` is what nobody has asked their bank for, which may be any part of it.
    ///
    /// # Errors
    /// Refunds in another currency.
    pub fn of(
        taken: Money,
        taken_surcharge_minor: i64,
        undisputed: Money,
        refunds: impl IntoIterator<Item = (RefundState, Money, i64)>,
    ) -> Result<Self, MoneyError> {
        let (mut whole, mut surcharge_minor) = (undisputed, taken_surcharge_minor);
        for (_, amount, of_it) in refunds.into_iter().filter(|(state, ..)| !state.is_dead()) {
            whole = whole.minus(amount)?;
            surcharge_minor -= of_it;
        }
        surcharge_minor = surcharge_minor.min(whole.minor).max(0);
        Ok(Self { taken_minor: taken.minor, taken_surcharge_minor, whole, surcharge_minor })
    }

    /// Without the surcharge.
    #[must_use]
    pub const fn invoices_minor(self) -> i64 {
        self.whole.minor - self.surcharge_minor
    }

    /// Of a refund over so much, what is surcharge: in proportion, and with the last part whatever is left of it (G26).
    #[must_use]
    pub fn surcharge_in(self, amount_minor: i64) -> i64 {
        let least = (amount_minor - self.invoices_minor()).max(0);
        let most = amount_minor.min(self.surcharge_minor);
        let taken = i128::from(self.taken_minor.max(1));
        let exact = i128::from(self.taken_surcharge_minor) * i128::from(amount_minor);
        let share = (exact + taken / 2).div_euclid(taken);
        i64::try_from(share).unwrap_or(most).max(least).min(most)
    }
}

/// Why nothing is paid back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundRefusal {
    NothingLeft,
    /// More than what is left, nothing at all, or another currency.
    NotWithin {
        left: Money,
    },
    /// Somebody has asked their bank for it: it would go back twice.
    Disputed,
    /// Its customer cannot owe the invoices again by less than all of it.
    NotAllOwed,
    /// The form has made a refund already, of another amount.
    FormUsed {
        refund: Money,
    },
}

/// Whether so much may be paid back of what is left.
///
/// # Errors
/// The refusal that staff must be told.
pub fn may_refund(wanted: Money, left: Money) -> Result<(), RefundRefusal> {
    match left.minus(wanted) {
        _ if !left.is_positive() => Err(RefundRefusal::NothingLeft),
        Ok(rest) if wanted.is_positive() && rest.minor >= 0 => Ok(()),
        _ => Err(RefundRefusal::NotWithin { left }),
    }
}

/// How much of a payment went back, for lists: a projection of its successful refunds (D24).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refunded {
    #[default]
    Nothing,
    Part,
    Whole,
}

impl Refunded {
    #[must_use]
    pub const fn of(captured_minor: i64, paid_back_minor: i64) -> Self {
        match paid_back_minor {
            ..=0 => Self::Nothing,
            back if back < captured_minor => Self::Part,
            _ => Self::Whole,
        }
    }
}

/// Which invoices a refund is credited on: their shares are used up in the order given, each no further than what is
/// left of it.
#[must_use]
pub fn spread(amount_minor: i64, left: impl IntoIterator<Item = (InvoiceId, i64)>) -> Vec<(InvoiceId, i64)> {
    let mut rest = amount_minor;
    let parts = left.into_iter().map(|(invoice, left)| {
        let part = rest.min(left).max(0);
        rest -= part;
        (invoice, part)
    });
    parts.filter(|(_, part)| *part > 0).collect()
}

#[cfg(test)]
#[path = "refund_tests.rs"]
mod tests;
