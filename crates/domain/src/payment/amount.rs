//! What may be charged for invoices when Pay is pressed, or why nothing may.

use crate::{
    invoice::{BooksInvoice, InvoiceStatus},
    money::{Money, MoneyError},
    planted,
};
use serde::{Deserialize, Serialize};

/// Why nothing may be charged now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    AlreadyPaid,
    /// A draft, or voided or deleted in the books.
    NotPayable(InvoiceStatus),
    /// The books' balance is not what the payer was shown (D11): they must see both and confirm.
    AmountMoved {
        shown: Money,
        now: Money,
    },
    /// More than is due where that is not taken, or nothing (G29).
    NotWithin {
        due: Money,
    },
    /// The merchant takes no parts (G27).
    WholeOnly,
    NothingChosen,
    /// More invoices than one payment can have.
    TooMany,
    /// A payment has one currency (D13).
    Currencies,
}

/// Before a charge the books are asked for each invoice: Xero takes sixty calls a minute.
pub const INVOICES_PER_PAYMENT_MAX: usize = 20;

/// What the page showed of an invoice when Pay was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownShare {
    /// What is paid of it.
    pub pay: Money,
    /// What was due on it.
    pub due: Money,
}

impl ShownShare {
    #[must_use]
    pub const fn whole(due: Money) -> Self {
        Self { pay: due, due }
    }

    /// What is paid over what is due.
    #[must_use]
    pub fn surplus(self) -> Option<Money> {
        self.pay.minus(self.due).ok().filter(|more| more.is_positive())
    }

    /// What of it the invoice gets.
    #[must_use]
    pub fn share(self) -> Money {
        if self.surplus().is_some() { self.due } else { self.pay }
    }
}

/// What is taken of an invoice besides all that is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takes {
    /// Less of it (G27).
    pub parts: bool,
    /// More: what is over stays as credit (G29).
    pub more: bool,
}

impl Takes {
    /// Something may be typed at all.
    #[must_use]
    pub const fn any(self) -> bool {
        self.parts || self.more
    }
}

/// What may be charged for an invoice now, or why not. The amount comes from the books (S65, S66); a payer may choose less
/// or more where that is taken.
///
/// # Errors
/// The refusal that the payer must be told.
pub fn amount_to_charge(shown: ShownShare, books: &BooksInvoice, takes: Takes) -> Result<Money, Refusal> {
    match books.status {
        InvoiceStatus::Paid => Err(Refusal::AlreadyPaid),
        InvoiceStatus::Open if !books.due.is_positive() => Err(Refusal::AlreadyPaid),
        InvoiceStatus::Open if planted::is("amount_from_the_form") => Ok(shown.pay),
        InvoiceStatus::Open if books.due != shown.due => Err(Refusal::AmountMoved { shown: shown.due, now: books.due }),
        InvoiceStatus::Open => chosen_of(books.due, shown.pay, takes),
        other => Err(Refusal::NotPayable(other)),
    }
}

fn chosen_of(due: Money, pay: Money, takes: Takes) -> Result<Money, Refusal> {
    match due.minus(pay) {
        Ok(left) if pay.is_positive() => match left.minor {
            0 => Ok(pay),
            1.. if takes.parts => Ok(pay),
            1.. => Err(Refusal::WholeOnly),
            _ if takes.more || planted::is("more_than_due") => Ok(pay),
            _ => Err(Refusal::NotWithin { due }),
        },
        _ => Err(Refusal::NotWithin { due }),
    }
}

/// What amounts come to, when one payment can have them all (G28).
///
/// # Errors
/// The refusal that the payer must be told.
pub fn together(amounts: &[Money]) -> Result<Money, Refusal> {
    let [first, rest @ ..] = amounts else { return Err(Refusal::NothingChosen) };
    if amounts.len() > INVOICES_PER_PAYMENT_MAX {
        return Err(Refusal::TooMany);
    }
    let sum = rest.iter().try_fold(*first, |sum, amount| sum.plus(*amount));
    sum.map_err(|cause| match cause {
        MoneyError::Currencies(..) => Refusal::Currencies,
        MoneyError::TooLarge | MoneyError::NotAnAmount(_) => Refusal::TooMany,
    })
}
