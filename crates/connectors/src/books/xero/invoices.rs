//! Invoices that we raise in Xero ourselves: those of surcharges, of what a bank took back, and of what is paid for quotes
//! (`wire/accounting.md`, 1.5 and 4.2-4.4).

use super::{
    Page, Xero,
    errors::{Call, refused},
    id,
    wire::{ContactRef, Invoice, number},
};
use crate::books::{BooksError, LineAccount, NewInvoice, other_invoice};
use chrono::NaiveDate;
use domain::invoice::{BooksInvoice, InvoiceStatus};
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde_json::{json, value::RawValue};
use uuid::Uuid;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NewInvoices<'a> {
    invoices: [Raised<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Raised<'a> {
    #[serde(rename = "Type")]
    kind: &'static str,
    status: &'static str,
    invoice_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    contact: ContactRef<'a>,
    date: NaiveDate,
    due_date: NaiveDate,
    line_amount_types: &'static str,
    currency_code: &'a str,
    line_items: [RaisedLine<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RaisedLine<'a> {
    description: &'a str,
    quantity: u8,
    unit_amount: Box<RawValue>,
    #[serde(flatten)]
    account: OnAccount<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_type: Option<&'a str>,
}

/// Lines name accounts by their code; a clearing account may have none (1.8).
#[derive(Serialize)]
enum OnAccount<'a> {
    #[serde(rename = "AccountID")]
    Id(Uuid),
    #[serde(rename = "AccountCode")]
    Code(&'a str),
}

impl Xero {
    pub(super) async fn raise(&self, new: &NewInvoice) -> Result<BooksInvoice, BooksError> {
        match self.numbered(&new.number, Invoice::is_sales).await {
            Err(BooksError::NotFound) => {}
            // Nobody's payments belong onto what was voided.
            Ok(found) if found.status == InvoiceStatus::Void || found.total != new.amount => {
                return Err(other_invoice(&new.number));
            }
            found => return found,
        }
        let clearing = self.config.clearing_account.as_str();
        let account = match &new.account {
            LineAccount::Named(code) => OnAccount::Code(code),
            LineAccount::Clearing => Uuid::try_parse(clearing).map_or(OnAccount::Code(clearing), OnAccount::Id),
        };
        let body = NewInvoices {
            invoices: [Raised {
                kind: "ACCREC",
                status: "AUTHORISED",
                invoice_number: &new.number,
                reference: new.reference.as_deref(),
                contact: ContactRef { id: &new.customer_external_id },
                date: new.date,
                due_date: new.date,
                line_amount_types: if new.tax.is_some() { "Inclusive" } else { "NoTax" },
                currency_code: new.amount.currency.code(),
                line_items: [RaisedLine {
                    description: &new.description,
                    quantity: 1,
                    unit_amount: number(new.amount)?,
                    account,
                    tax_type: new.tax.as_deref(),
                }],
            }],
        };
        let request = self.call(Method::PUT, "Invoices").header("Idempotency-Key", &new.idempotency_key);
        self.written(request.json(&body)).await
    }

    pub(super) async fn void(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        let external_id = id(external_id)?;
        let voided = json!({"Invoices": [{"InvoiceID": external_id, "Status": "VOIDED"}]});
        self.written(self.call(Method::POST, &format!("Invoices/{external_id}")).json(&voided)).await
    }

    /// The invoice as the write has left it.
    async fn written(&self, request: RequestBuilder) -> Result<BooksInvoice, BooksError> {
        let page: Page<Invoice> = self.rows(Call::Write, request).await?;
        let unsaid = || BooksError::Unknown("the answer names no invoice".to_owned());
        let written = page.rows.into_iter().next().ok_or_else(unsaid)?;
        match written.refusal() {
            Some(message) => Err(refused(message)),
            None => written.read().ok_or_else(unsaid),
        }
    }
}
