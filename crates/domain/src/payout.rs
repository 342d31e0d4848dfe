//! What a gateway pays out to the merchant's bank, what each payout consists of, and whether that adds up (G45, N11).

use crate::{
    export::text,
    money::{Currency, Locale, Money, MoneyError},
};
use chrono::NaiveDate;

/// Where a payout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
pub enum PayoutState {
    OnItsWay,
    /// The bank has it. It may still send it back.
    Paid,
    /// The bank did not take it: the money is at the gateway again.
    Failed,
    Cancelled,
}

/// Whether the gateway says what a payout consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
pub enum Breakdown {
    Told,
    NotYet,
    /// As of one that the merchant's staff have ordered by hand.
    Never,
}

/// What a line of a payout is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
pub enum PayoutLineKind {
    Payment,
    /// Also one that failed, and whose money came back to the gateway.
    Refund,
    /// A debit that its bank has taken back.
    Returned,
    Dispute,
    /// What the gateway asks for beside the fees of single payments.
    Fee,
    /// An earlier payout that failed, whose money goes out with this one.
    CameBack,
    Adjustment,
}

impl PayoutLineKind {
    /// For staff.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Payment => "Payment",
            Self::Refund => "Refund",
            Self::Returned => "Returned debit",
            Self::Dispute => "Dispute",
            Self::Fee => "Fee",
            Self::CameBack => "Failed payout",
            Self::Adjustment => "Adjustment",
        }
    }

    /// Of a payment, so that one of ours stands behind it, unless it was made past the portal.
    #[must_use]
    pub const fn is_of_payment(self) -> bool {
        matches!(self, Self::Payment | Self::Refund | Self::Returned | Self::Dispute)
    }
}

/// What a payout comes to, by what it consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayoutSums {
    pub payments: Money,
    /// Negative, when money went back.
    pub refunds: Money,
    /// Returned debits, disputes, failed payouts and adjustments.
    pub other: Money,
    /// Positive, when the gateway took them.
    pub fees: Money,
}

impl PayoutSums {
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self { payments: zero, refunds: zero, other: zero, fees: zero }
    }

    /// Adds a line: what it moved, and what the gateway took for it beside that.
    ///
    /// # Errors
    /// Another currency, or an overflow.
    pub fn add(&mut self, kind: PayoutLineKind, amount: Money, fee: Money) -> Result<(), MoneyError> {
        match kind {
            PayoutLineKind::Payment => self.payments = self.payments.plus(amount)?,
            PayoutLineKind::Refund => self.refunds = self.refunds.plus(amount)?,
            PayoutLineKind::Fee => self.fees = self.fees.minus(amount)?,
            PayoutLineKind::Returned
            | PayoutLineKind::Dispute
            | PayoutLineKind::CameBack
            | PayoutLineKind::Adjustment => self.other = self.other.plus(amount)?,
        }
        self.fees = self.fees.plus(fee)?;
        Ok(())
    }

    /// What is left for the bank.
    ///
    /// # Errors
    /// An overflow.
    pub fn net(&self) -> Result<Money, MoneyError> {
        self.payments.plus(self.refunds)?.plus(self.other)?.minus(self.fees)
    }

    /// By how much the lines come to more than what was paid out; nothing when it ties out to the cent.
    ///
    /// # Errors
    /// Another currency, or an overflow.
    pub fn off(&self, paid_out: Money) -> Result<Money, MoneyError> {
        self.net()?.minus(paid_out)
    }
}

/// By how much what a payout consists of comes to more or less than was paid out, for staff.
#[must_use]
pub fn off_words(off: Money, locale: Locale) -> String {
    let by = Money::new(off.minor.saturating_abs(), off.currency).format(locale);
    format!("what it consists of comes to {by} {} than was paid out", if off.minor > 0 { "more" } else { "less" })
}

/// The names of the columns of a payout's file.
pub const PAYOUT_HEADER: &str =
    "Payout,Arrives,Date,Type,Payment,Customer,Invoices,Currency,Amount,Fee,Net,Gateway reference,Note\r\n";

/// A line of a payout as a record of its file: their nets add up to the payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutRecord {
    /// The gateway's id of the payout.
    pub payout: String,
    pub arrives_on: NaiveDate,
    /// The merchant's day on which it moved the balance.
    pub on: NaiveDate,
    pub kind: PayoutLineKind,
    /// What people quote, where the payment is one of ours.
    pub reference: String,
    pub customer: String,
    pub invoices: String,
    pub amount: Money,
    pub fee: Money,
    pub net: Money,
    pub gateway_id: String,
    pub note: String,
}

impl PayoutRecord {
    /// As a record of the file (RFC 4180).
    #[must_use]
    pub fn record(&self) -> String {
        let cells = [
            text(&self.payout),
            self.arrives_on.to_string(),
            self.on.to_string(),
            text(self.kind.words()),
            text(&self.reference),
            text(&self.customer),
            text(&self.invoices),
            self.amount.currency.code().to_owned(),
            self.amount.to_decimal(),
            self.fee.to_decimal(),
            self.net.to_decimal(),
            text(&self.gateway_id),
            text(&self.note),
        ];
        cells.join(",") + "\r\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    #[test]
    fn g45_n11_a_payout_ties_out_to_the_cent_or_says_by_how_much_not() {
        use PayoutLineKind::{Adjustment, CameBack, Dispute, Fee, Payment, Refund, Returned};
        let day = [(Payment, 120_450, 3_523), (Payment, 35_000, 1_045), (Refund, -12_030, 0)];
        for (lines, sums, paid_out, off) in [
            (vec![], [0, 0, 0, 0], 0, 0),
            (day.to_vec(), [155_450, -12_030, 0, 4_568], 138_852, 0),
            (day.to_vec(), [155_450, -12_030, 0, 4_568], 138_853, -1),
            (day.to_vec(), [155_450, -12_030, 0, 4_568], 138_851, 1),
            // Fees that are lines of their own, and one that was given back.
            (vec![(Payment, 10_000, 320), (Fee, -500, 0), (Fee, 20, 0)], [10_000, 0, 0, 800], 9_200, 0),
            (vec![(Dispute, -5_000, 1_500), (Dispute, 5_000, 0)], [0, 0, 0, 1_500], -1_500, 0),
            (vec![(Payment, 8_000, 64), (Returned, -8_000, 0)], [8_000, 0, -8_000, 64], -64, 0),
            (vec![(CameBack, 138_852, 0), (Adjustment, -2, 0)], [0, 0, 138_850, 0], 138_850, 0),
        ] {
            let mut told = PayoutSums::zero(Currency::USD);
            for (kind, amount, fee) in lines {
                told.add(kind, usd(amount), usd(fee)).expect("one currency");
            }
            let [payments, refunds, other, fees] = sums.map(usd);
            assert_eq!(told, PayoutSums { payments, refunds, other, fees });
            assert_eq!(told.off(usd(paid_out)), Ok(usd(off)), "{told:?}");
        }
        let mut told = PayoutSums::zero(Currency::USD);
        let nzd = Money::new(1, "NZD".parse().expect("a currency"));
        assert!(told.add(Payment, nzd, usd(0)).is_err() && told.off(nzd).is_err(), "two currencies never add up");
        assert_eq!(PayoutSums { payments: usd(i64::MAX), refunds: usd(1), ..told }.net(), Err(MoneyError::TooLarge));
    }

    #[test]
    fn n11_a_record_has_as_many_cells_as_the_file_has_columns() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 30).expect("a day");
        let record = PayoutRecord {
            payout: "po_1".into(),
            arrives_on: day,
            on: day,
            kind: PayoutLineKind::Refund,
            reference: "PAY-3EB637".into(),
            customer: "Acme, Inc".into(),
            invoices: "INV-501".into(),
            amount: usd(-12_030),
            fee: usd(0),
            net: usd(-12_030),
            gateway_id: "re_1".into(),
            note: String::new(),
        };
        let words = record.record();
        assert_eq!(
            words,
            "po_1,2026-11-30,2026-11-30,Refund,PAY-3EB637,\"Acme, Inc\",INV-501,USD,-120.30,0.00,-120.30,re_1,\r\n"
        );
        assert_eq!(words.matches(',').count() - 1, PAYOUT_HEADER.matches(',').count(), "one stands in quotes");
    }
}
