//! A customer's statement on paper.

use crate::{
    Error, Party,
    sheet::{Column, Fit, Sheet, Sum},
};
use domain::{
    date::in_words,
    money::{Locale, Money},
    own_statement::{Statement, StatementRow},
};

/// A statement, and between whom it is.
#[derive(Clone, Debug)]
pub struct CustomerStatement {
    pub locale: Locale,
    pub from: Party,
    pub to: Party,
    pub statement: Statement,
    /// The portal's address, where what is owed is paid.
    pub portal: String,
}

impl CustomerStatement {
    /// # Errors
    /// The document cannot be written.
    pub fn pdf(&self) -> Result<Vec<u8>, Error> {
        self.sheet().pdf()
    }

    pub(crate) fn sheet(&self) -> Sheet {
        let Statement { from, until, opening, rows, closing } = &self.statement;
        let said = |amount: Money| amount.format(self.locale);
        let until_words = in_words(*until);
        let row = |StatementRow { movement, balance }: &StatementRow| {
            vec![in_words(movement.date), movement.what.clone(), said(movement.amount), said(*balance)]
        };
        let opened = vec![in_words(*from), "Balance before".to_owned(), String::new(), said(*opening)];
        let owed = if closing.is_positive() {
            format!("{} owed on {until_words}", said(*closing))
        } else {
            format!("Nothing owed on {until_words}")
        };
        Sheet {
            locale: self.locale,
            kind: "Statement",
            name: self.to.name.clone(),
            date: *until,
            facts: vec![
                ("From", in_words(*from)),
                ("To", until_words.clone()),
                ("Currency", closing.currency.to_string()),
            ],
            from: self.from.clone(),
            to: ("For", self.to.clone()),
            lead: owed,
            pay_at: closing.is_positive().then(|| self.portal.clone()),
            columns: vec![
                Column { head: "Date", fit: Fit::Left },
                Column { head: "What", fit: Fit::Rest },
                Column { head: "Amount", fit: Fit::Right },
                Column { head: "Balance", fit: Fit::Right },
            ],
            rows: std::iter::once(opened).chain(rows.iter().map(row)).collect(),
            sums: vec![Sum::strong(format!("Balance on {until_words}, {}", closing.currency), said(*closing))],
            notes: String::new(),
        }
    }
}
