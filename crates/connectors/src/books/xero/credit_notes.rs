//! Credit notes in Xero (`wire/accounting.md`, 1.7): found by their number, which is ours, written, and moved from one status
//! to another. Xero deletes a draft, and voids what was approved.

use super::{
    Page, Payment, Xero,
    errors::{Call, Said, refused},
    id,
    wire::{ContactRef, refusal},
};
use crate::books::{Applied, BooksError};
use chrono::NaiveDate;
use domain::money::{Currency, Money};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

pub const DRAFT: &str = "DRAFT";
pub const AUTHORISED: &str = "AUTHORISED";
pub const VOIDED: &str = "VOIDED";
pub const DELETED: &str = "DELETED";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreditNote {
    #[serde(rename = "CreditNoteID")]
    id: Option<String>,
    #[serde(rename = "CreditNoteNumber")]
    number: Option<String>,
    status: Option<String>,
    pub total: Option<Box<RawValue>>,
    remaining_credit: Option<Box<RawValue>>,
    allocations: Option<Vec<Allocation>>,
    pub payments: Option<Vec<Payment>>,
    validation_errors: Option<Vec<Said>>,
}

/// What an invoice has got of a credit note.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Allocation {
    #[serde(rename = "AllocationID")]
    pub id: Option<String>,
    amount: Option<Box<RawValue>>,
    invoice: Option<Allocated>,
    is_deleted: Option<bool>,
    validation_errors: Option<Vec<Said>>,
}

#[derive(Deserialize)]
struct Allocated {
    #[serde(rename = "InvoiceID")]
    id: Option<String>,
}

impl Allocation {
    pub fn refusal(&self) -> Option<String> {
        refusal(self.validation_errors.as_ref())
    }

    /// In our words.
    pub fn read(&self, currency: Currency) -> Option<Applied> {
        let invoice_external_id = self.invoice.as_ref()?.id.clone()?;
        Some(Applied { invoice_external_id, amount: money(self.amount.as_deref(), currency)? })
    }
}

impl CreditNote {
    fn stands_as(&self, number: &str) -> bool {
        self.number.as_deref() == Some(number) && !matches!(self.status.as_deref(), Some(VOIDED | DELETED))
    }

    /// Nothing of it can be used yet.
    pub fn is_draft(&self) -> bool {
        matches!(self.status.as_deref(), Some(DRAFT | "SUBMITTED"))
    }

    /// The ids of the payments that stand on it.
    pub fn paid(&self) -> impl Iterator<Item = &str> {
        self.payments.iter().flatten().filter(|payment| payment.stands()).filter_map(|payment| payment.id.as_deref())
    }

    /// What invoices have of it.
    pub fn allocated(&self) -> impl Iterator<Item = &Allocation> {
        self.allocations.iter().flatten().filter(|allocation| allocation.is_deleted != Some(true))
    }

    pub fn total(&self, currency: Currency) -> Option<Money> {
        money(self.total.as_deref(), currency)
    }

    pub fn remaining(&self, currency: Currency) -> Option<Money> {
        money(self.remaining_credit.as_deref(), currency)
    }
}

fn money(raw: Option<&RawValue>, currency: Currency) -> Option<Money> {
    Money::from_decimal(raw?.get(), currency).ok()
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewCreditNotes<'a> {
    credit_notes: [NewCreditNote<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewCreditNote<'a> {
    #[serde(rename = "Type")]
    pub kind: &'static str,
    pub status: &'static str,
    pub credit_note_number: &'a str,
    pub reference: &'a str,
    pub contact: ContactRef<'a>,
    pub date: NaiveDate,
    pub line_amount_types: &'static str,
    pub currency_code: &'a str,
    pub line_items: Vec<CreditLine>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreditLine {
    pub description: String,
    pub quantity: u8,
    pub unit_amount: Box<RawValue>,
    pub account_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_type: Option<String>,
}

impl Xero {
    /// The credit note of this number with its payments and allocations, which a list leaves out.
    pub(super) async fn credit(&self, number: &str) -> Result<Option<(String, CreditNote)>, BooksError> {
        let numbered = [("where", format!(r#"CreditNoteNumber=="{number}""#))];
        let request = self.call(Method::GET, "CreditNotes").query(&numbered);
        let page: Page<CreditNote> = self.rows(Call::Read, request).await?;
        let found = page.rows.into_iter().find(|credit| credit.stands_as(number));
        let Some(found) = found.and_then(|credit| credit.id) else { return Ok(None) };
        let whole = self.one(&format!("CreditNotes/{}", id(&found)?)).await?;
        Ok(Some((found, whole)))
    }

    /// Answers its id.
    pub(super) async fn write_credit(&self, note: NewCreditNote<'_>, key: &str) -> Result<String, BooksError> {
        let request = self.call(Method::PUT, "CreditNotes").header("Idempotency-Key", key);
        let request = request.json(&NewCreditNotes { credit_notes: [note] });
        let page: Page<CreditNote> = self.rows(Call::Write, request).await?;
        let unsaid = || BooksError::Unknown("the answer names no credit note".to_owned());
        let made = page.rows.into_iter().next().ok_or_else(unsaid)?;
        match refusal(made.validation_errors.as_ref()) {
            Some(message) => Err(refused(message)),
            None => made.id.ok_or_else(unsaid),
        }
    }

    pub(super) async fn move_credit(&self, credit_id: &str, status: &str) -> Result<(), BooksError> {
        let moved = json!({"CreditNotes": [{"CreditNoteID": credit_id, "Status": status}]});
        let request = self.call(Method::POST, &format!("CreditNotes/{}", id(credit_id)?)).json(&moved);
        let page: Page<CreditNote> = self.rows(Call::Write, request).await?;
        let said = page.rows.first().and_then(|moved| refusal(moved.validation_errors.as_ref()));
        said.map_or(Ok(()), |message| Err(refused(message)))
    }
}
