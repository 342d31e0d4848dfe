//! A customer's statement in books of our own: what was owed when a period began, what moved in it, and what is owed since.

use crate::money::{Currency, Money, MoneyError};
use chrono::NaiveDate;

/// What changed what a customer owes: more of it is positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    pub date: NaiveDate,
    /// `Invoice INV-501`
    pub what: String,
    pub amount: Money,
}

/// A movement, and what is owed after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRow {
    pub movement: Movement,
    pub balance: Money,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub from: NaiveDate,
    pub until: NaiveDate,
    pub opening: Money,
    /// In the order of their days; of one day, in the order in which they are told.
    pub rows: Vec<StatementRow>,
    pub closing: Money,
}

impl Statement {
    /// The statement of a period, both of its days included, of all that ever moved.
    ///
    /// # Errors
    /// Two currencies, or an overflow.
    pub fn of(
        mut movements: Vec<Movement>,
        (from, until): (NaiveDate, NaiveDate),
        currency: Currency,
    ) -> Result<Self, MoneyError> {
        movements.sort_by_key(|movement| movement.date);
        let (mut opening, mut rows) = (Money::zero(currency), Vec::new());
        let mut balance = opening;
        for movement in movements.into_iter().filter(|movement| movement.date <= until) {
            balance = balance.plus(movement.amount)?;
            if movement.date < from {
                opening = balance;
            } else {
                rows.push(StatementRow { movement, balance });
            }
        }
        Ok(Self { from, until, opening, rows, closing: balance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).expect("a day of November")
    }

    fn movement(on: u32, minor: i64) -> Movement {
        Movement { date: day(on), what: format!("on {on}"), amount: Money::new(minor, Currency::NZD) }
    }

    #[test]
    fn a_statement_begins_with_what_was_owed_and_counts_both_of_its_days() {
        let moved = vec![movement(20, -500), movement(1, 1_000), movement(10, 500), movement(21, 7)];
        let of =
            |from, until| Statement::of(moved.clone(), (day(from), day(until)), Currency::NZD).expect("it adds up");
        let whole = of(10, 20);
        let balances: Vec<_> = whole.rows.iter().map(|row| row.balance.minor).collect();
        assert_eq!((whole.opening.minor, balances, whole.closing.minor), (1_000, vec![1_500, 1_000], 1_000));
        let empty = of(11, 12);
        assert_eq!((empty.opening.minor, empty.rows.len(), empty.closing.minor), (1_500, 0, 1_500));
        let usd = Statement::of(moved, (day(1), day(30)), Currency::USD);
        assert_eq!(usd, Err(MoneyError::Currencies(Currency::USD, Currency::NZD)));
    }

    proptest! {
        #[test]
        fn d13_one_period_begins_where_the_one_before_has_ended(
            moved in proptest::collection::vec((1_u32..=30, -1_000_000_i64..1_000_000), 0..40), cut in 2_u32..=30,
        ) {
            let moved: Vec<_> = moved.into_iter().map(|(on, minor)| movement(on, minor)).collect();
            let of = |from, until| Statement::of(moved.clone(), (day(from), day(until)), Currency::NZD).expect("it adds up");
            let (before, after) = (of(1, cut - 1), of(cut, 30));
            prop_assert_eq!(before.closing, after.opening);
            prop_assert_eq!(before.rows.len() + after.rows.len(), moved.len());
            prop_assert_eq!(after.closing.minor, moved.iter().map(|movement| movement.amount.minor).sum::<i64>());
        }
    }
}
