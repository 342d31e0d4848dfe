//! What stands on a document, in words; nothing of where.

use crate::typeset::legible;
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

pub(crate) struct Sheet {
    pub locale: Locale,
    /// `Invoice`
    pub kind: &'static str,
    /// `HT-1003`; of a statement, whose it is.
    pub name: String,
    /// The document's own: nothing of when it was drawn stands in it.
    pub date: NaiveDate,
    pub facts: Vec<(&'static str, String)>,
    pub from: Party,
    /// With what stands above it.
    pub to: (&'static str, Party),
    /// What it comes down to.
    pub lead: String,
    /// Where it is paid.
    pub pay_at: Option<String>,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<String>>,
    pub sums: Vec<Sum>,
    pub notes: String,
}

impl Sheet {
    /// `Invoice HT-1003`
    pub fn title(&self) -> String {
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
