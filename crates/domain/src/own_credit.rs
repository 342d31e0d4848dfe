//! What staff enter about an issued invoice of books of our own: a credit note, for what is not owed after all, and a payment
//! that was made past the portal.

use crate::{
    money::{Money, MoneyError},
    own_invoice::{LINES_MAX, Line, LineTyped, Prices, Sums, Wrong, plain, read_date, rounded},
};
use chrono::NaiveDate;

const REASON_MAX_CHARS: usize = 300;
const REFERENCE_MAX_CHARS: usize = 100;

/// As it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreditTyped {
    /// Tax included; may be empty where lines say it.
    pub amount: String,
    pub reason: String,
    /// What it is for, one by one, at the prices of its invoice; may be none.
    pub lines: Vec<LineTyped>,
}

/// The same, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditRead {
    pub amount: Money,
    /// That of the lines, where there are any.
    pub tax: Option<Money>,
    pub reason: String,
    pub lines: Vec<Line>,
}

impl CreditTyped {
    /// Reads what was typed for an invoice of which so much is not credited yet, and whose prices are meant so.
    ///
    /// # Errors
    /// All that must be mended, in the order of the form.
    pub fn read(&self, left: Money, prices: Prices) -> Result<CreditRead, Vec<Wrong>> {
        let mut of_lines = Vec::new();
        let lines = self.read_lines(left, &mut of_lines);
        let (amount, tax) = match self.sums(&lines, left, prices) {
            _ if !of_lines.is_empty() => (None, None),
            Ok((amount, tax)) => (Some(amount), tax),
            Err(cause) => {
                of_lines.push(cause);
                (None, None)
            }
        };
        // What is wrong with the amount stands above the reason, and with the lines below it.
        let (mut wrong, mut below): (Vec<_>, Vec<_>) = of_lines.into_iter().partition(|wrong| wrong.field == "amount");
        let reason = plain(&self.reason);
        if reason.is_empty() || reason.chars().count() > REASON_MAX_CHARS {
            wrong.push(Wrong::at("reason", format!("Enter the reason in {REASON_MAX_CHARS} characters or fewer.")));
        }
        wrong.append(&mut below);
        match amount {
            Some(amount) if wrong.is_empty() => Ok(CreditRead { amount, tax, reason, lines }),
            _ => Err(wrong),
        }
    }

    fn read_lines(&self, left: Money, wrong: &mut Vec<Wrong>) -> Vec<Line> {
        let typed: Vec<_> = self.lines.iter().enumerate().filter(|(_, line)| !line.is_blank()).collect();
        if typed.len() > LINES_MAX {
            wrong.push(Wrong::at("description-1", format!("Enter {LINES_MAX} lines or fewer.")));
        }
        typed.iter().filter_map(|(n, line)| line.read(n + 1, left.currency, wrong)).take(LINES_MAX).collect()
    }

    /// What it comes to, and the tax in it as far as lines say that.
    fn sums(&self, lines: &[Line], left: Money, prices: Prices) -> Result<(Money, Option<Money>), Wrong> {
        if lines.is_empty() {
            return read_part(&self.amount, left).map(|amount| (amount, None));
        }
        let sums = Sums::of(lines, prices, left.currency).ok();
        let sums = sums.filter(|sums| (1..=left.minor).contains(&sums.total.minor)).ok_or_else(|| {
            let words =
                format!("Enter lines that come to more than nothing and to no more than {}.", left.to_decimal());
            Wrong::at("unit_price-1", words)
        })?;
        let says_else = Money::from_typed(&self.amount, left.currency) != Ok(sums.total);
        if !self.amount.trim().is_empty() && says_else {
            let words =
                format!("The lines come to {}. Enter that, or leave the amount empty.", sums.total.to_decimal());
            return Err(Wrong::at("amount", words));
        }
        Ok((sums.total, Some(sums.tax)))
    }
}

/// A payment by cash or transfer, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentTyped {
    pub amount: String,
    pub date: String,
    /// Where others can look it up.
    pub reference: String,
}

/// The same, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRead {
    pub amount: Money,
    pub date: NaiveDate,
    pub reference: String,
}

impl PaymentTyped {
    /// Reads what was typed for an invoice on which so much is due.
    ///
    /// # Errors
    /// All that must be mended, in the order of the form.
    pub fn read(&self, due: Money, today: NaiveDate) -> Result<PaymentRead, Vec<Wrong>> {
        let (amount, reference) = (read_part(&self.amount, due), plain(&self.reference));
        let date = read_date(&self.date).filter(|date| *date <= today);
        let mut wrong: Vec<_> = amount.clone().err().into_iter().collect();
        if date.is_none() {
            wrong.push(Wrong::at(
                "date",
                "Enter the day on which it came, like 2026-11-25; not one that is still to come.",
            ));
        }
        if reference.is_empty() || reference.chars().count() > REFERENCE_MAX_CHARS {
            let words = format!("Enter where it can be looked up, in {REFERENCE_MAX_CHARS} characters or fewer.");
            wrong.push(Wrong::at("reference", words));
        }
        match (amount, date) {
            (Ok(amount), Some(date)) if wrong.is_empty() => Ok(PaymentRead { amount, date, reference }),
            _ => Err(wrong),
        }
    }
}

/// A part of what is left, as it was typed.
///
/// # Errors
/// What is no amount, nothing, or more than that.
pub fn read_part(typed: &str, left: Money) -> Result<Money, Wrong> {
    let amount = Money::from_typed(typed, left.currency).ok().filter(|amount| (1..=left.minor).contains(&amount.minor));
    let least = Money::new(1, left.currency).to_decimal();
    amount.ok_or_else(|| Wrong::at("amount", format!("Enter an amount from {least} up to {}.", left.to_decimal())))
}

/// The tax in a credit of this amount, in proportion to that of its invoice. `before` is what was credited of it already, and
/// the tax in that: all credits of an invoice together never have more tax than it, and all of it when they are for all of it.
/// Where lines had more of it than their part, less is left for the others, and never less than none.
///
/// # Errors
/// Two currencies, or an overflow.
pub fn tax_of(amount: Money, invoice: (Money, Money), before: (Money, Money)) -> Result<Money, MoneyError> {
    let ((total, tax), credited) = (invoice, amount.plus(before.0)?);
    let whole = u128::from(total.minor.unsigned_abs());
    if whole == 0 {
        return Ok(Money::zero(amount.currency));
    }
    let minor = rounded(i128::from(tax.minor) * i128::from(credited.minor), whole)?;
    let left = Money::new(minor, tax.currency).minus(before.1)?;
    Ok(Money::new(left.minor.clamp(0, amount.minor.max(0)), left.currency))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use proptest::prelude::*;

    fn nzd(minor: i64) -> Money {
        Money::new(minor, Currency::NZD)
    }

    #[test]
    fn a_credit_is_a_part_of_what_is_left_and_says_why() {
        let typed = |amount: &str, reason: &str| CreditTyped {
            amount: amount.into(),
            reason: reason.into(),
            ..CreditTyped::default()
        };
        let read = typed("10.00", " one hour  less ").read(nzd(1_000), Prices::TaxExcluded).expect("it is right");
        assert_eq!((read.amount, read.reason.as_str()), (nzd(1_000), "one hour less"));
        for (amount, reason, fields) in [
            ("10.01", "a", vec!["amount"]),
            ("0", "a", vec!["amount"]),
            ("-1", "a", vec!["amount"]),
            ("ten", "", vec!["amount", "reason"]),
            ("1", " ", vec!["reason"]),
        ] {
            let wrong = typed(amount, reason).read(nzd(1_000), Prices::TaxExcluded).expect_err("wrong");
            assert_eq!(wrong.iter().map(|wrong| wrong.field.as_str()).collect::<Vec<_>>(), fields, "{amount} {reason}");
        }
    }

    #[test]
    fn d12_the_lines_of_a_credit_say_its_amount_and_its_tax() {
        let line = |quantity: &str, price: &str| LineTyped {
            description: "Support".into(),
            quantity: quantity.into(),
            unit_price: price.into(),
            tax: "15".into(),
        };
        let typed =
            |amount: &str, lines: Vec<LineTyped>| CreditTyped { amount: amount.into(), reason: "a".into(), lines };
        for (amount, prices, comes_to, tax) in
            [("", Prices::TaxExcluded, 1_150, 150), ("10.00", Prices::TaxIncluded, 1_000, 130)]
        {
            let lines = vec![line("1", "10.00"), LineTyped::default()];
            let read = typed(amount, lines).read(nzd(1_150), prices).expect("it is right");
            assert_eq!((read.amount, read.tax, read.lines.len()), (nzd(comes_to), Some(nzd(tax)), 1));
        }
        for (amount, lines, field) in [
            ("11.51", vec![line("1", "10.00")], "amount"),
            ("", vec![line("1", "10.01")], "unit_price-1"),
            ("", vec![line("1", "-1.00")], "unit_price-1"),
            ("", vec![LineTyped::default(), line("many", "1.00")], "quantity-2"),
        ] {
            let wrong = typed(amount, lines).read(nzd(1_150), Prices::TaxExcluded).expect_err("wrong");
            assert_eq!(wrong.iter().map(|wrong| wrong.field.as_str()).collect::<Vec<_>>(), [field], "{amount}");
        }
        let after_lines = tax_of(nzd(100), (nzd(1_150), nzd(150)), (nzd(500), nzd(150)));
        assert_eq!(after_lines, Ok(nzd(0)), "lines have had all of it");
    }

    #[test]
    fn a_payment_by_hand_has_come_already_and_can_be_looked_up() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).expect("a day");
        let typed = |amount: &str, date: &str, reference: &str| {
            PaymentTyped { amount: amount.into(), date: date.into(), reference: reference.into() }
                .read(nzd(1_000), day(25))
        };
        let read = typed("5.00", "2026-11-25", " Bank  4711 ").expect("it is right");
        assert_eq!((read.amount, read.date, read.reference.as_str()), (nzd(500), day(25), "Bank 4711"));
        let wrong = typed("10.01", "2026-11-26", " ").expect_err("wrong");
        assert_eq!(wrong.iter().map(|wrong| wrong.field.as_str()).collect::<Vec<_>>(), ["amount", "date", "reference"]);
    }

    proptest! {
        #[test]
        fn d12_credits_of_all_of_an_invoice_have_all_of_its_tax(
            parts in proptest::collection::vec(1_i64..100_000, 1..12), tax in 0_i64..200_000,
        ) {
            let total = parts.iter().sum::<i64>();
            let tax = tax.min(total);
            let mut before = (nzd(0), nzd(0));
            for part in parts {
                let of_part = tax_of(nzd(part), (nzd(total), nzd(tax)), before).expect("it fits");
                prop_assert!((0..=part).contains(&of_part.minor));
                before = (nzd(before.0.minor + part), nzd(before.1.minor + of_part.minor));
            }
            prop_assert_eq!(before, (nzd(total), nzd(tax)));
        }
    }
}
