//! An invoice on paper.

use crate::{
    Error, Party, lines,
    sheet::{Sheet, Sum},
};
use chrono::NaiveDate;
use domain::{
    date::in_words,
    money::{Locale, Money},
    own_invoice::{Line, Prices, Sums},
};

/// An issued invoice as it is at one moment.
#[derive(Clone, Debug)]
pub struct Invoice {
    pub locale: Locale,
    pub from: Party,
    pub to: Party,
    pub number: String,
    pub date: NaiveDate,
    pub due_date: NaiveDate,
    pub prices: Prices,
    pub lines: Vec<Line>,
    pub sums: Sums,
    /// What credit notes have taken off it; what else it does not owe was paid.
    pub credited: Money,
    pub due: Money,
    pub notes: String,
    /// The portal's address, where it is paid.
    pub portal: String,
}

impl Invoice {
    /// # Errors
    /// An overflow, or amounts of two currencies.
    pub fn pdf(&self) -> Result<Vec<u8>, Error> {
        self.sheet()?.pdf()
    }

    /// # Errors
    /// As above.
    pub fn sheet(&self) -> Result<Sheet, Error> {
        Ok(Sheet {
            locale: self.locale,
            kind: self.kind(),
            name: self.number.clone(),
            date: self.date,
            facts: vec![
                ("Number", self.number.clone()),
                ("Date", in_words(self.date)),
                ("Due", in_words(self.due_date)),
                ("Currency", self.due.currency.to_string()),
            ],
            from: self.from.clone(),
            to: ("Billed to", self.to.clone()),
            lead: self.lead(),
            pay_at: self.due.is_positive().then(|| self.portal.clone()),
            columns: lines::columns(),
            rows: lines::rows(&self.lines, self.locale)?,
            sums: self.sums_below()?,
            notes: self.notes.clone(),
        })
    }

    /// In Australia, and in New Zealand's habit, a document that tax is claimed back by says that it is one.
    fn kind(&self) -> &'static str {
        let says_so = matches!(self.locale, Locale::EnAu | Locale::EnNz) && self.from.tax_number.is_some();
        if says_so { "Tax invoice" } else { "Invoice" }
    }

    fn lead(&self) -> String {
        if self.due.is_positive() {
            format!("{} due {}", self.due.format(self.locale), in_words(self.due_date))
        } else if self.credited == self.sums.total {
            "Credited in full".to_owned()
        } else {
            "Paid in full".to_owned()
        }
    }

    fn sums_below(&self) -> Result<Vec<Sum>, Error> {
        let Sums { net, taxes, total, .. } = &self.sums;
        let said = |amount: Money| amount.format(self.locale);
        let taken_off = |amount: Money| said(Money::new(-amount.minor, amount.currency));
        let paid = total.minus(self.credited)?.minus(self.due)?;
        let mut sums = vec![Sum::plain("Without tax", said(*net))];
        for (rate, tax) in taxes {
            let included = if self.prices == Prices::TaxIncluded { ", included" } else { "" };
            sums.push(Sum::plain(format!("Tax {}%{included}", rate.percent()), said(*tax)));
        }
        sums.push(Sum::plain(format!("Total {}", total.currency), said(*total)));
        if self.credited.is_positive() {
            sums.push(Sum::plain("Credited", taken_off(self.credited)));
        }
        if paid.is_positive() {
            sums.push(Sum::plain("Paid", taken_off(paid)));
        }
        sums.push(Sum::strong(format!("Amount due {}", self.due.currency), said(self.due)));
        Ok(sums)
    }
}
