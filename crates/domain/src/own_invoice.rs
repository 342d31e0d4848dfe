//! An invoice of books of our own, as staff write it: what they type, what it comes to, and what may still be done with it.
//!
//! Each figure is rounded once, half away from zero. A line is its quantity times the price of one. The tax of a rate is
//! computed over the sum of all lines with that rate: on top of it, or as the part of it that is in the prices already.

use crate::{
    invoice::InvoiceStatus,
    money::{Currency, Money, MoneyError},
};
use chrono::{Days, NaiveDate};
use std::{collections::BTreeMap, fmt};

pub const LINES_MAX: usize = 100;
pub const DESCRIPTION_MAX_CHARS: usize = 300;
pub const NOTES_MAX_CHARS: usize = 2_000;
pub const NUMBER_MAX_CHARS: usize = 40;
/// Ten billion of a currency with cents: more is a slip of the finger, and sums of many stay far from an overflow.
pub const TOTAL_MAX_MINOR: i64 = 999_999_999_999;
/// A series counts on for ever.
const SERIES_DIGITS_MAX: usize = 12;
/// As typed; with their fraction both fit an `i64` easily.
const WHOLE_MAX_DIGITS: usize = 9;

/// How many, in thousandths: an hour and a half is 1500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    pub milli: i64,
}

/// A rate of tax in parts per million: 15 percent is 150,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaxRate {
    pub ppm: i64,
}

/// How the prices of a document are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prices {
    TaxExcluded,
    TaxIncluded,
}

impl Quantity {
    /// `1`, `0.5`; up to three digits behind the point, and more than nothing.
    #[must_use]
    pub fn from_typed(typed: &str) -> Option<Self> {
        scaled(typed.trim(), 3).filter(|milli| *milli > 0).map(|milli| Self { milli })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&unscaled(self.milli, 1_000, 3))
    }
}

impl TaxRate {
    /// A percentage of 0 to 100, `15` or `12.5%`, with up to four digits behind the point. Nothing typed is no tax.
    #[must_use]
    pub fn from_typed(typed: &str) -> Option<Self> {
        let percent = typed.trim().trim_end_matches('%').trim_end();
        let ppm = if percent.is_empty() { Some(0) } else { scaled(percent, 4) };
        ppm.filter(|ppm| *ppm <= 1_000_000).map(|ppm| Self { ppm })
    }

    /// The percentage, without its sign.
    #[must_use]
    pub fn percent(self) -> String {
        unscaled(self.ppm, 10_000, 4)
    }

    fn of(self, amount: Money, prices: Prices) -> Result<Money, MoneyError> {
        let whole = match prices {
            Prices::TaxExcluded => 1_000_000,
            Prices::TaxIncluded => 1_000_000 + u128::from(self.ppm.unsigned_abs()),
        };
        let minor = rounded(i128::from(amount.minor) * i128::from(self.ppm), whole)?;
        Ok(Money::new(minor, amount.currency))
    }
}

/// Digits and a point, as an integer; digits behind the `digits`th must be noughts.
fn scaled(typed: &str, digits: usize) -> Option<i64> {
    let (whole, fraction) = typed.split_once('.').unwrap_or((typed, ""));
    let fraction_kept = fraction.trim_end_matches('0');
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let is_plain = [whole, fraction].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let fits = whole.len() <= WHOLE_MAX_DIGITS && fraction_kept.len() <= digits;
    if has_digits && is_plain && fits { format!("0{whole}{fraction_kept:0<digits$}").parse().ok() } else { None }
}

fn unscaled(value: i64, one: i64, digits: usize) -> String {
    let text = format!("{}.{:0digits$}", value / one, value % one);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Half away from zero, as people round.
pub(crate) fn rounded(numerator: i128, denominator: u128) -> Result<i64, MoneyError> {
    let whole = (2 * numerator.unsigned_abs() + denominator) / (2 * denominator);
    let whole = i64::try_from(whole).map_err(|_| MoneyError::TooLarge)?;
    Ok(if numerator < 0 { -whole } else { whole })
}

/// One line of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub description: String,
    pub quantity: Quantity,
    /// Of one; negative for a discount.
    pub unit_price: Money,
    pub tax: TaxRate,
}

impl Line {
    /// Quantity times price, as the prices are meant.
    ///
    /// # Errors
    /// An overflow.
    pub fn amount(&self) -> Result<Money, MoneyError> {
        let exact = i128::from(self.quantity.milli) * i128::from(self.unit_price.minor);
        Ok(Money::new(rounded(exact, 1_000)?, self.unit_price.currency))
    }
}

/// What a document comes to. `net` and `tax` always add up to `total`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    pub net: Money,
    /// The tax of each rate above nothing, the lowest first.
    pub taxes: Vec<(TaxRate, Money)>,
    pub tax: Money,
    pub total: Money,
}

impl Sums {
    /// # Errors
    /// A line in another currency, or an overflow.
    pub fn of(lines: &[Line], prices: Prices, currency: Currency) -> Result<Self, MoneyError> {
        let mut by_rate: BTreeMap<TaxRate, Money> = BTreeMap::new();
        for line in lines {
            let of_rate = by_rate.entry(line.tax).or_insert(Money::zero(currency));
            *of_rate = of_rate.plus(line.amount()?)?;
        }
        let (mut sum, mut tax, mut taxes) = (Money::zero(currency), Money::zero(currency), Vec::new());
        for (rate, amount) in by_rate {
            let of_rate = rate.of(amount, prices)?;
            (sum, tax) = (sum.plus(amount)?, tax.plus(of_rate)?);
            if rate.ppm > 0 {
                taxes.push((rate, of_rate));
            }
        }
        let (net, total) = match prices {
            Prices::TaxExcluded => (sum, sum.plus(tax)?),
            Prices::TaxIncluded => (sum.minus(tax)?, sum),
        };
        Ok(Self { net, taxes, tax, total })
    }
}

/// What must be mended, and the id of its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub field: String,
    pub words: String,
}

impl Wrong {
    #[must_use]
    pub fn at(field: impl Into<String>, words: impl Into<String>) -> Self {
        Self { field: field.into(), words: words.into() }
    }
}

/// One line as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineTyped {
    pub description: String,
    pub quantity: String,
    pub unit_price: String,
    /// In percent.
    pub tax: String,
}

/// The fields of a line. The id of one is its name and the place of its line, from 1: `quantity-2`.
pub const LINE_FIELDS: [&str; 4] = ["description", "quantity", "unit_price", "tax"];

impl LineTyped {
    /// Nobody has begun it. A rate of tax may stand there before.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        [&self.description, &self.quantity, &self.unit_price].iter().all(|typed| typed.trim().is_empty())
    }

    pub(crate) fn read(&self, place: usize, currency: Currency, wrong: &mut Vec<Wrong>) -> Option<Line> {
        let mut miss = |field: &str, words: String| wrong.push(Wrong::at(format!("{field}-{place}"), words));
        let description = plain(&self.description);
        if description.is_empty() {
            miss("description", format!("Enter what line {place} is for."));
        } else if description.chars().count() > DESCRIPTION_MAX_CHARS {
            let words = format!("Enter what line {place} is for in {DESCRIPTION_MAX_CHARS} characters or fewer.");
            miss("description", words);
        }
        let quantity = Quantity::from_typed(&self.quantity);
        if quantity.is_none() {
            miss("quantity", format!("Enter how many line {place} is about, like 1 or 2.5."));
        }
        let unit_price = Money::from_typed(&self.unit_price, currency).ok();
        if unit_price.is_none() {
            miss("unit_price", format!("Enter the price of one for line {place}, like 140.00."));
        }
        let tax = TaxRate::from_typed(&self.tax);
        if tax.is_none() {
            miss("tax", format!("Enter the tax of line {place} in percent, from 0 to 100."));
        }
        Some(Line { description, quantity: quantity?, unit_price: unit_price?, tax: tax? })
    }
}

/// An invoice as it was typed; whose it is, is chosen beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceTyped {
    /// Empty for the next one of the merchant's series.
    pub number: String,
    pub date: String,
    /// Empty for the date and the customer's terms.
    pub due_date: String,
    pub tax_included: bool,
    pub notes: String,
    pub lines: Vec<LineTyped>,
}

/// The same, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRead {
    pub number: Option<String>,
    pub date: NaiveDate,
    pub due_date: NaiveDate,
    pub prices: Prices,
    pub notes: String,
    pub lines: Vec<Line>,
    pub sums: Sums,
}

impl InvoiceTyped {
    /// Reads what was typed, for a customer who pays within so many days.
    ///
    /// # Errors
    /// All that must be mended, in the order of the form.
    pub fn read(&self, currency: Currency, terms_days: u32) -> Result<InvoiceRead, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let number = self.number.trim();
        if !number.is_empty() && !is_number(number) {
            let words = "Enter a number of letters, digits and the signs - _ / . #, 40 at most, or leave it empty.";
            wrong.push(Wrong::at("number", words));
        }
        let dates = self.read_dates(terms_days, &mut wrong);
        let notes = self.notes.trim();
        if notes.chars().count() > NOTES_MAX_CHARS {
            wrong.push(Wrong::at("notes", format!("Enter notes of {NOTES_MAX_CHARS} characters or fewer.")));
        }
        let typed: Vec<_> = self.lines.iter().enumerate().filter(|(_, line)| !line.is_blank()).collect();
        let lines: Vec<_> =
            typed.iter().filter_map(|(n, line)| line.read(n + 1, currency, &mut wrong)).take(LINES_MAX).collect();
        if typed.len() > LINES_MAX {
            wrong.push(Wrong::at("description-1", format!("Enter {LINES_MAX} lines or fewer.")));
        }
        if typed.is_empty() {
            let words = "Enter at least one line: what it is for, how many, and the price of one.";
            wrong.push(Wrong::at("description-1", words));
        }
        let (Some((date, due_date)), true) = (dates, wrong.is_empty()) else { return Err(wrong) };
        let prices = if self.tax_included { Prices::TaxIncluded } else { Prices::TaxExcluded };
        let sums = payable(&lines, prices, currency).map_err(|wrong| vec![wrong])?;
        let number = (!number.is_empty()).then(|| number.to_owned());
        Ok(InvoiceRead { number, date, due_date, prices, notes: without_nul(notes), lines, sums })
    }

    fn read_dates(&self, terms_days: u32, wrong: &mut Vec<Wrong>) -> Option<(NaiveDate, NaiveDate)> {
        let date = read_date(&self.date);
        if date.is_none() {
            wrong.push(Wrong::at("date", "Enter the date of the invoice, like 2026-11-25."));
        }
        let due_date = if self.due_date.trim().is_empty() {
            date?.checked_add_days(Days::new(terms_days.into()))
        } else {
            read_date(&self.due_date)
        };
        if due_date.is_none() {
            wrong.push(Wrong::at("due_date", "Enter the due date, like 2026-12-09, or leave it empty."));
        }
        if date.zip(due_date).is_some_and(|(date, due_date)| due_date < date) {
            wrong.push(Wrong::at("due_date", "Enter a due date that is not before the date of the invoice."));
        }
        date.zip(due_date)
    }
}

/// Only what somebody owes can be paid.
fn payable(lines: &[Line], prices: Prices, currency: Currency) -> Result<Sums, Wrong> {
    let too_much = || Wrong::at("unit_price-1", "Enter lines that come to less: this is more than an invoice can be.");
    let sums = Sums::of(lines, prices, currency).map_err(|_| too_much())?;
    match sums.total.minor {
        ..=0 => Err(Wrong::at("unit_price-1", "Enter lines that come to more than nothing.")),
        1..=TOTAL_MAX_MINOR => Ok(sums),
        _ => Err(too_much()),
    }
}

/// What links and file names can carry.
#[must_use]
pub fn is_number(number: &str) -> bool {
    let spelt = number.chars().all(|c| c.is_alphanumeric() || "-_/.#".contains(c));
    spelt && (1..=NUMBER_MAX_CHARS).contains(&number.chars().count())
}

/// What a series goes on with, as its next number is typed: `HT-0042` is what stands before its last digits, their value, and
/// how many they are.
#[must_use]
pub fn read_series(typed: &str) -> Option<(String, i64, i32)> {
    let typed = typed.trim();
    let prefix = typed.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &typed[prefix.len()..];
    let next = digits.parse::<i64>().ok().filter(|_| is_number(typed) && digits.len() <= SERIES_DIGITS_MAX)?;
    Some((prefix.to_owned(), next, i32::try_from(digits.len()).ok()?))
}

/// A day of our times, as forms send it.
#[must_use]
pub fn read_date(typed: &str) -> Option<NaiveDate> {
    let typed = typed.trim();
    let is_spelt_out = typed.len() == 10 && typed.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date = typed.parse::<NaiveDate>().ok().filter(|_| is_spelt_out)?;
    let in_reach = NaiveDate::from_ymd_opt(2000, 1, 1)?..=NaiveDate::from_ymd_opt(2199, 12, 31)?;
    in_reach.contains(&date).then_some(date)
}

/// One line of text.
pub(crate) fn plain(typed: &str) -> String {
    typed
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// PostgreSQL refuses this character in any text.
pub(crate) fn without_nul(typed: &str) -> String {
    typed.replace('\0', "")
}

/// What staff may want to do with an invoice of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Change,
    Issue,
    Void,
    /// Take something off it by a credit note.
    Credit,
    /// Enter what was paid past the portal.
    Pay,
}

/// Why that cannot be done, or not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    Issued,
    NotIssued,
    Void,
    /// A part of it was paid or credited, and stands.
    PaidOn,
    NothingDue,
    /// It owes nothing, and all that was paid on it came through the portal.
    NothingToCredit,
    /// A credit was given for the payment that is to be taken back.
    Credited,
    BeingPaid,
}

impl Step {
    /// Whether it may be done. `paid_on`: less than its total is due. `being_paid`: a payment of it is open, or waits for the
    /// books.
    ///
    /// # Errors
    /// Why not.
    pub const fn may(self, status: InvoiceStatus, paid_on: bool, being_paid: bool) -> Result<(), NotNow> {
        match (self, status) {
            (_, InvoiceStatus::Void) => Err(NotNow::Void),
            (Self::Credit | Self::Pay, InvoiceStatus::Draft) => Err(NotNow::NotIssued),
            (_, InvoiceStatus::Draft) => Ok(()),
            (Self::Change | Self::Issue, InvoiceStatus::Open | InvoiceStatus::Paid) => Err(NotNow::Issued),
            (_, InvoiceStatus::Open | InvoiceStatus::Paid) if being_paid => Err(NotNow::BeingPaid),
            (Self::Pay, InvoiceStatus::Paid) => Err(NotNow::NothingDue),
            (Self::Void, InvoiceStatus::Paid) => Err(NotNow::PaidOn),
            (Self::Void, InvoiceStatus::Open) if paid_on => Err(NotNow::PaidOn),
            (Self::Void, InvoiceStatus::Open) => Ok(()),
            (Self::Credit, InvoiceStatus::Open | InvoiceStatus::Paid) | (Self::Pay, InvoiceStatus::Open) => Ok(()),
        }
    }
}

impl NotNow {
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Issued => "The invoice is issued, so it is changed no more. Void it and write another.",
            Self::NotIssued => "The invoice is a draft, which nobody owes. Issue it first, or change it.",
            Self::Void => "The invoice is void.",
            Self::PaidOn => {
                "Something is paid or credited on the invoice, so it cannot be voided. Credit the rest instead."
            }
            Self::NothingDue => "Nothing is due on the invoice.",
            Self::NothingToCredit => {
                "Nothing is left to credit. What was paid through this portal is paid back by a refund of its payment."
            }
            Self::Credited => {
                "A credit was given for this payment, so it is not taken back. Write a new invoice instead."
            }
            Self::BeingPaid => "The invoice is being paid at this moment. Try again when the payment has ended.",
        }
    }
}

#[cfg(test)]
#[path = "own_invoice_tests.rs"]
mod tests;
