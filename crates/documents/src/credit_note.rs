//! A credit note on paper.

use crate::{
    Error, Party, lines,
    sheet::{Column, Fit, Sheet, Sum},
};
use chrono::NaiveDate;
use domain::{
    date::in_words,
    money::{Locale, Money},
    own_invoice::{Line, Prices},
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
    /// What it is for, where that was said one by one; with how its prices are meant.
    pub lines: Vec<Line>,
    pub prices: Prices,
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
        self.sheet()?.pdf()
    }

    /// # Errors
    /// As above.
    pub fn sheet(&self) -> Result<Sheet, Error> {
        let said = |amount: Money| amount.format(self.locale);
        let net = self.total.minus(self.tax)?;
        let is_itemised = !self.lines.is_empty();
        let tax = if is_itemised && self.prices == Prices::TaxIncluded { "Tax, included" } else { "Tax" };
        let mut sums = vec![
            Sum::plain("Without tax", said(net)),
            Sum::plain(tax, said(self.tax)),
            Sum::strong(format!("Credit {}", self.total.currency), said(self.total)),
        ];
        if self.left.is_positive() {
            sums.push(Sum::plain("Left for other invoices", said(self.left)));
        }
        let mut facts = vec![
            ("Number", self.number.clone()),
            ("Date", in_words(self.date)),
            ("Of invoice", self.invoice_number.clone()),
            ("Currency", self.total.currency.to_string()),
        ];
        let (columns, rows) = if is_itemised {
            facts.push(("Reason", self.reason.clone()));
            (lines::columns(), lines::rows(&self.lines, self.locale)?)
        } else {
            (reason_columns(), vec![vec![self.reason.clone(), said(net), said(self.tax), said(self.total)]])
        };
        Ok(Sheet {
            locale: self.locale,
            kind: "Credit note",
            name: self.number.clone(),
            date: self.date,
            facts,
            from: self.from.clone(),
            to: ("Credited to", self.to.clone()),
            lead: format!("{} credited", said(self.total)),
            pay_at: None,
            columns,
            rows,
            sums,
            notes: String::new(),
        })
    }
}

fn reason_columns() -> Vec<Column> {
    let amount = |head| Column { head, fit: Fit::Right };
    vec![Column { head: "Reason", fit: Fit::Rest }, amount("Without tax"), amount("Tax"), amount("Amount")]
}
