//! An invoice as the books tell it.

use crate::money::{Currency, Money};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Where a document stands in the books. Part paid is not a status: it shows in the amounts (D14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// Not issued yet.
    Draft,
    /// Issued, something is due.
    Open,
    Paid,
    /// Voided or deleted.
    Void,
}

/// What a read of the books says about one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BooksInvoice {
    /// The books' own id.
    pub external_id: String,
    pub number: String,
    /// What whoever wrote it has put beside its number.
    pub reference: Option<String>,
    /// The books' id of the customer.
    pub customer_external_id: String,
    pub status: InvoiceStatus,
    pub total: Money,
    /// What is left to pay.
    pub due: Money,
    pub date: NaiveDate,
    pub due_date: NaiveDate,
}

impl BooksInvoice {
    /// A plain open invoice, for tests and doc examples of every crate.
    #[must_use]
    pub fn example() -> Self {
        let day = NaiveDate::from_ymd_opt(2026, 11, 25).unwrap_or_default();
        Self {
            external_id: "aaaaaaaa-0000-4000-8000-000000000001".into(),
            number: "INV-1".into(),
            reference: None,
            customer_external_id: "c0000000-0000-4000-8000-000000000042".into(),
            status: InvoiceStatus::Open,
            total: Money::new(10_000, Currency::USD),
            due: Money::new(10_000, Currency::USD),
            date: day,
            due_date: day,
        }
    }
}

/// What a read of the books says about one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BooksCustomer {
    pub external_id: String,
    pub name: String,
    /// The short code that PSA and links know the company by, when the books hold one.
    pub code: Option<String>,
    pub email: Option<String>,
    pub archived: bool,
}

/// What a link says about whose invoice it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompanyNamed {
    /// The invoice's own customer.
    Right,
    /// Nobody, or nobody whom our books could tell apart.
    Unsaid,
    /// Another company: such a link is answered like one to an unknown invoice.
    Wrong,
}

impl CompanyNamed {
    /// Compares the company in a link with the invoice's customer: the code, then the name, because PSAs send the one or
    /// the other (`wire/connectwise.md`, 6.1). Case and spaces are not compared.
    #[must_use]
    pub fn by(link: &str, code: Option<&str>, name: &str) -> Self {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let (link, code) = (plain(link), code.map(plain).filter(|code| !code.is_empty()));
        match code {
            _ if link.is_empty() => Self::Unsaid,
            _ if link == plain(name) => Self::Right,
            None => Self::Unsaid,
            Some(code) if code == link => Self::Right,
            Some(_) => Self::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_the_customer_by_code_or_name_or_names_another() {
        for (link, code, named) in [
            ("ACME", Some("ACME"), CompanyNamed::Right),
            (" acme ", Some("ACME"), CompanyNamed::Right),
            ("Acme  Pty ltd", Some("ACME"), CompanyNamed::Right),
            ("Acme Pty Ltd", None, CompanyNamed::Right),
            ("", Some("ACME"), CompanyNamed::Unsaid),
            ("  ", Some("ACME"), CompanyNamed::Unsaid),
            ("ACME", None, CompanyNamed::Unsaid),
            ("BOLT", Some(" "), CompanyNamed::Unsaid),
            ("BOLT", Some("ACME"), CompanyNamed::Wrong),
            ("ACM", Some("ACME"), CompanyNamed::Wrong),
        ] {
            assert_eq!(CompanyNamed::by(link, code, "Acme Pty Ltd"), named, "{link:?} {code:?}");
        }
    }
}
