//! What stands on a document, in words; nothing of where.

use crate::{Error, print::print, typeset::legible};
use chrono::NaiveDate;
use domain::money::Locale;

/// An address is no longer than this; more lines of it are put together.
const ADDRESS_LINES_MAX: usize = 8;

/// Who writes a document, or whom it is for.
#[derive(Clone, Debug, Default)]
pub struct Party {
    pub name: String,
    /// As it is written on a letter, in lines.
    pub address: String,
    pub tax_number: Option<String>,
    pub email: Option<String>,
}

impl Party {
    /// What stands under the name.
    pub(crate) fn lines(&self, locale: Locale) -> Vec<String> {
        let address: Vec<_> = self.address.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let (first, rest) = address.split_at(address.len().min(ADDRESS_LINES_MAX - 1));
        let mut lines: Vec<_> = first.iter().map(|line| (*line).to_owned()).collect();
        if !rest.is_empty() {
            lines.push(rest.join(", "));
        }
        lines.extend(self.email.clone());
        lines.extend(self.tax_number.as_ref().map(|number| format!("{} {number}", tax_number_called(locale))));
        lines
    }
}

const fn tax_number_called(locale: Locale) -> &'static str {
    match locale {
        Locale::EnUs => "Tax ID",
        Locale::EnAu => "ABN",
        Locale::EnNz => "GST number",
        Locale::EnGb => "VAT number",
    }
}

/// A document in words: what is to be drawn.
pub struct Sheet {
    pub(crate) locale: Locale,
    /// `Invoice`
    pub(crate) kind: &'static str,
    /// `HT-1003`; of a statement, whose it is.
    pub(crate) name: String,
    /// The document's own: nothing of when it was drawn stands in it.
    pub(crate) date: NaiveDate,
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) from: Party,
    /// With what stands above it.
    pub(crate) to: (&'static str, Party),
    /// What it comes down to.
    pub(crate) lead: String,
    /// Where it is paid.
    pub(crate) pay_at: Option<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) sums: Vec<Sum>,
    pub(crate) notes: String,
}

impl Sheet {
    /// # Errors
    /// The document cannot be written.
    pub fn pdf(&self) -> Result<Vec<u8>, Error> {
        print(self)
    }

    /// All that stands on it, from top to bottom: where that is the same, it is the same document.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![self.locale.tag().to_owned(), self.title(), self.date.to_string(), self.from.name.clone()];
        words.extend(self.from.lines(self.locale));
        words.extend(self.facts.iter().flat_map(|(label, value)| [(*label).to_owned(), value.clone()]));
        let (label, to) = &self.to;
        words.extend([(*label).to_owned(), to.name.clone()]);
        words.extend(to.lines(self.locale));
        words.push(self.lead.clone());
        words.extend(self.pay_at.clone());
        words.extend(self.columns.iter().map(|column| column.head.to_owned()));
        words.extend(self.rows.iter().flatten().cloned());
        words.extend(self.sums.iter().flat_map(|sum| [sum.label.clone(), sum.amount.clone()]));
        words.push(self.notes.clone());
        words
    }

    /// `Invoice HT-1003`
    pub(crate) fn title(&self) -> String {
        legible(&format!("{} {}", self.kind, self.name))
    }
}

pub(crate) struct Column {
    pub head: &'static str,
    pub fit: Fit,
}

/// How wide a column is, and on which side its words stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// All that the others leave; long words go on in the next line.
    Rest,
    /// As wide as its widest cell.
    Left,
    Right,
}

/// A line below the table.
pub(crate) struct Sum {
    pub label: String,
    pub amount: String,
    /// The one that counts.
    pub strong: bool,
}

impl Sum {
    pub fn plain(label: impl Into<String>, amount: String) -> Self {
        Self { label: label.into(), amount, strong: false }
    }

    pub fn strong(label: impl Into<String>, amount: String) -> Self {
        Self { label: label.into(), amount, strong: true }
    }
}
