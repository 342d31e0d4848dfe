//! Our own double-entry ledger. A journal that does not balance cannot be made, so none can be stored.

use crate::money::{Money, MoneyError, Totals};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// Taken by the gateway, not yet paid out to the merchant.
    GatewayClearing,
    /// What customers owe.
    Receivable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum JournalKind {
    /// The gateway holds the money, the customer owes that much less.
    PaymentTaken,
    /// A void or a return: a new journal, never an edit of the old one.
    PaymentReversed,
    /// Taken after all: the gateway had the money of an attempt that had ended without any.
    PaymentCorrected,
    RefundPaid,
    /// A refund that had been paid out failed: the gateway has the money again.
    RefundFailed,
    /// The bank keeps what a card's holder has disputed.
    DisputeLost,
    /// It gave it back after all.
    DisputeReversed,
}

/// One line: debits are positive, credits negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub account: Account,
    pub amount: Money,
}

/// Lines that add up to nothing in each currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    kind: JournalKind,
    lines: Vec<Line>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    #[error("debits and credits differ")]
    Differs,
    #[error("a journal needs two lines")]
    Empty,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Journal {
    /// # Errors
    /// Lines that do not add up to nothing.
    pub fn new(kind: JournalKind, lines: Vec<Line>) -> Result<Self, Unbalanced> {
        if lines.len() < 2 {
            return Err(Unbalanced::Empty);
        }
        if !Totals::of(lines.iter().map(|l| l.amount))?.is_zero() {
            return Err(Unbalanced::Differs);
        }
        Ok(Self { kind, lines })
    }

    /// The journal of this kind over an amount.
    ///
    /// # Errors
    /// An amount that cannot be negated.
    pub fn of(kind: JournalKind, amount: Money) -> Result<Self, Unbalanced> {
        match kind {
            JournalKind::PaymentTaken
            | JournalKind::PaymentCorrected
            | JournalKind::RefundFailed
            | JournalKind::DisputeReversed => Self::moved(kind, amount),
            JournalKind::PaymentReversed | JournalKind::RefundPaid | JournalKind::DisputeLost => {
                Self::moved_back(kind, amount)
            }
        }
    }

    fn moved_back(kind: JournalKind, amount: Money) -> Result<Self, Unbalanced> {
        Self::moved(kind, Money::zero(amount.currency).minus(amount)?)
    }

    fn moved(kind: JournalKind, amount: Money) -> Result<Self, Unbalanced> {
        let back = Money::zero(amount.currency).minus(amount)?;
        let lines = vec![
            Line { account: Account::GatewayClearing, amount },
            Line { account: Account::Receivable, amount: back },
        ];
        Self::new(kind, lines)
    }

    #[must_use]
    pub const fn kind(&self) -> JournalKind {
        self.kind
    }

    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use proptest::prelude::*;

    fn line(account: Account, minor: i64, currency: Currency) -> Line {
        Line { account, amount: Money::new(minor, currency) }
    }

    #[test]
    fn d9_what_does_not_balance_cannot_be_made() {
        use Account::{GatewayClearing, Receivable};
        let of = |lines| Journal::new(JournalKind::PaymentTaken, lines);
        assert_eq!(of(vec![]), Err(Unbalanced::Empty));
        assert_eq!(
            of(vec![line(GatewayClearing, 5, Currency::USD), line(Receivable, -4, Currency::USD)]),
            Err(Unbalanced::Differs)
        );
        assert_eq!(
            of(vec![line(GatewayClearing, 5, Currency::USD), line(Receivable, -5, Currency::AUD)]),
            Err(Unbalanced::Differs),
            "one dollar is not another"
        );
    }

    proptest! {
        #[test]
        fn d9_a_return_a_refund_or_a_lost_dispute_undoes_the_payment_to_the_cent(minor in 1i64..i64::MAX) {
            let amount = Money::new(minor, Currency::USD);
            for (there, back) in [
                (JournalKind::PaymentTaken, JournalKind::PaymentReversed),
                (JournalKind::PaymentTaken, JournalKind::RefundPaid),
                (JournalKind::RefundFailed, JournalKind::RefundPaid),
                (JournalKind::PaymentTaken, JournalKind::DisputeLost),
                (JournalKind::DisputeReversed, JournalKind::DisputeLost),
            ] {
                let [there, back] = [there, back].map(|kind| Journal::of(kind, amount).expect("it balances"));
                for (a, b) in there.lines().iter().zip(back.lines()) {
                    prop_assert_eq!((a.account, a.amount.minor), (b.account, -b.amount.minor));
                }
            }
        }
    }
}
