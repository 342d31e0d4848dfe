//! A credit note on paper.

use crate::{
    Error, Party,
    print::print,
    sheet::{Column, Fit, Sheet, Sum},
};
use chrono::NaiveDate;
use domain::{
    date::in_words,
    money::{Locale, Money},
};

/// A credit note as it is at one moment.
#[derive(Clone, Debug)]
pub struct CreditNote {
    pub locale: Locale,
    pub from: Party,
    pub to: Party,
    pub number: String,
    pub date: NaiveDate,
    /// What it is taken off.
    pub invoice_number: String,
    pub reason: String,
    /// Tax included.
    pub total: Money,
    pub tax: Money,
    /// What no invoice has got of it yet.
    pub left: Money,
}

impl CreditNote {
    /// # Errors
    /// An overflow, or amounts of two currencies.
    pub fn pdf(&self) -> Result<Vec<u8>, Error> {
        print(&self.sheet()?)
    }

    pub(crate) fn sheet(&self) -> Result<Sheet, Error> {
        let said = |amount: Money| amount.format(self.locale);
        let net = self.total.minus(self.tax)?;
        let mut sums = vec![
            Sum::plain("Without tax", said(net)),
            Sum::plain("Tax", said(self.tax)),
            Sum::strong(format!("Credit {}", self.total.currency), said(self.total)),
        ];
        if self.left.is_positive() {
            sums.push(Sum::plain("Left for other invoices", said(self.left)));
        }
        Ok(Sheet {
            locale: self.locale,
            kind: "Credit note",
            name: self.number.clone(),
            date: self.date,
            facts: vec![
                ("Number", self.number.clone()),
                ("Date", in_words(self.date)),
                ("Of invoice", self.invoice_number.clone()),
                ("Currency", self.total.currency.to_string()),
            ],
            from: self.from.clone(),
            to: ("Credited to", self.to.clone()),
            lead: format!("{} credited", said(self.total)),
            pay_at: None,
            columns: vec![
                Column { head: "Reason", fit: Fit::Rest },
                Column { head: "Without tax", fit: Fit::Right },
                Column { head: "Tax", fit: Fit::Right },
                Column { head: "Amount", fit: Fit::Right },
            ],
            rows: vec![vec![self.reason.clone(), said(net), said(self.tax), said(self.total)]],
            sums,
            notes: String::new(),
        })
    }
}
