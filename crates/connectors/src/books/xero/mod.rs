//! Xero: one adapter per access token, which lives half an hour. Source: `wire/accounting.md`, 1, 4.1-4.2 and 4.5.
//! Keeps nothing and refreshes nothing: an expired token is reported, and the engine refreshes it.

mod advances;
mod changes;
mod contacts;
mod credit_notes;
mod dates;
mod errors;
mod invoices;
mod limits;
mod notes;
pub mod oauth;
mod quotes;
mod refunds;
mod set_up;
pub mod webhook;
mod wire;

pub use limits::LIMITS;

use super::{
    Advances, ApplyCredit, Books, BooksError, BooksPayment, ChangesPage, NewCustomer, NewInvoice, OpenPage, PDF,
    PostPayment, PostRefund, Posted, PostedRefund, QuoteCredit, is_pdf, other_amount, toll::Toll,
};
use crate::http::{Answer, HttpClient};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    invoice::{BooksCustomer, BooksInvoice, InvoiceStatus},
    money::Money,
};
use errors::{Call, refused};
use reqwest::{Method, RequestBuilder, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;
use wire::{Invoice, NewPayments, Organisation, Page, Paid, Payment};

/// Of an access token (1.2.2).
pub const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(30);
const PAGE_SIZE: usize = 1000;
/// 500,000 changes in one delta; Xero itself refuses more than 100,000 records (1.1).
const PAGES_MAX: u32 = 500;
/// Longer numbers cannot exist in Xero (1.5), and are not sent there.
const NUMBER_MAX_CHARS: usize = 255;
const JSON: &str = "application/json";

#[derive(Debug)]
pub struct XeroConfig {
    /// `https://api.xero.com/api.xro/2.0`.
    pub api_base: String,
    pub tenant_id: String,
    /// The account that card payments stand on: its id, or its code.
    pub clearing_account: String,
    /// That account is a bank account, as Xero asks of what advances stand on.
    pub clearing_is_bank: bool,
    /// The code of the account that prepayments are owed on.
    pub prepayment_account: Option<String>,
    /// The tax code, of no percent, of what is paid before its invoice comes; without one, those documents bear no tax.
    pub zero_tax: Option<String>,
    pub access_token: SecretString,
    /// Each request passes it.
    pub toll: Arc<dyn Toll>,
}

#[derive(Debug)]
pub struct Xero {
    http: HttpClient,
    config: XeroConfig,
}

impl Xero {
    #[must_use]
    pub const fn new(http: HttpClient, config: XeroConfig) -> Self {
        Self { http, config }
    }

    /// How the lines of what is paid before its invoice comes bear their tax.
    fn zero_tax(&self) -> (&'static str, Option<&str>) {
        match self.config.zero_tax.as_deref() {
            Some(code) => ("Inclusive", Some(code)),
            None => (refunds::NO_TAX, None),
        }
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.call_for(JSON, method, path)
    }

    fn call_for(&self, accept: &'static str, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, &format!("{}/{path}", self.config.api_base));
        request
            .bearer_auth(self.config.access_token.expose_secret())
            .header("xero-tenant-id", &self.config.tenant_id)
            .header(header::ACCEPT, accept)
    }

    async fn answer(&self, call: Call, request: RequestBuilder) -> Result<Answer, BooksError> {
        let answer = call.send(&self.http, &*self.config.toll, request, limits::allowance).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(call.failure(&answer)) }
    }

    async fn rows<T: DeserializeOwned>(&self, call: Call, request: RequestBuilder) -> Result<Page<T>, BooksError> {
        let answer = self.answer(call, request).await?;
        serde_json::from_slice(&answer.body).map_err(|_| call.unreadable(&answer))
    }

    async fn one<T: DeserializeOwned>(&self, path: &str) -> Result<T, BooksError> {
        let page = self.rows(Call::Read, self.call(Method::GET, path)).await?;
        page.rows.into_iter().next().ok_or(BooksError::NotFound)
    }

    async fn invoice_document(&self, external_id: &str) -> Result<Invoice, BooksError> {
        self.one(&format!("Invoices/{}", id(external_id)?)).await
    }

    fn page(&self, path: &str, filter: &[(&str, &str)], since: Option<&str>, number: u32) -> RequestBuilder {
        let paging = [("page", number.to_string()), ("pageSize", PAGE_SIZE.to_string())];
        let request = self.call(Method::GET, path).query(filter).query(&paging);
        match since {
            Some(since) => request.header(header::IF_MODIFIED_SINCE, since),
            None => request,
        }
    }

    /// All pages of what changed. In the order of ids, because a document that is edited meanwhile would move to the end
    /// of an order by time, and pull one that we have not read yet onto a page that we have. Each page is let go of as soon
    /// as it is read: on the wire a document is ten times of what we keep.
    async fn delta<T: DeserializeOwned, R>(
        &self,
        path: &str,
        filter: &[(&str, &str)],
        since: Option<&str>,
        read: impl Fn(T) -> Option<R> + Send,
    ) -> Result<Vec<R>, BooksError> {
        let mut all = Vec::new();
        for number in 1..=PAGES_MAX {
            let page: Page<T> = self.rows(Call::Read, self.page(path, filter, since, number)).await?;
            let last = page.is_last(number);
            all.extend(page.rows.into_iter().filter_map(&read));
            if last {
                return Ok(all);
            }
        }
        Err(BooksError::Unreachable(format!("{path} has more than {PAGES_MAX} pages of changes")))
    }
}

impl Xero {
    /// The payment that was made, and its id.
    async fn pay(&self, body: &NewPayments<'_>, key: &str) -> Result<(String, Payment), BooksError> {
        let request = self.call(Method::PUT, "Payments").header("Idempotency-Key", key);
        let page: Page<Payment> = self.rows(Call::Write, request.json(body)).await?;
        let unsaid = || BooksError::Unknown("the answer names no payment".to_owned());
        let posted = page.rows.into_iter().next().ok_or_else(unsaid)?;
        if let Some(message) = posted.refusal() {
            return Err(refused(message));
        }
        Ok((posted.id.clone().ok_or_else(unsaid)?, posted))
    }

    /// The payments of one type that stand on the clearing account.
    async fn standing(&self, payment_type: &str, since: DateTime<Utc>) -> Result<Vec<BooksPayment>, BooksError> {
        let of_type = format!(r#"PaymentType=="{payment_type}""#);
        let filter = [("where", of_type.as_str()), ("order", "PaymentID ASC")];
        let since = dates::cursor(since);
        let all: Vec<Payment> = self.delta("Payments", &filter, Some(&since), Some).await?;
        Ok(all.into_iter().filter_map(|payment| payment.standing_on(&self.config.clearing_account)).collect())
    }
}

impl Xero {
    /// The payment of this invoice that carries the reference, with its id: read by itself, because the copies on the
    /// invoice may leave out what decides.
    async fn payment_on(
        &self,
        invoice: &Invoice,
        payment: &PostPayment,
    ) -> Result<Option<(String, Payment)>, BooksError> {
        let found = self.payment_among(Some(invoice.payments()), &payment.reference).await?;
        match found.as_ref().and_then(|(_, found)| found.amount()) {
            Some(text) if Money::from_decimal(text, payment.amount.currency) != Ok(payment.amount) => {
                Err(other_amount(payment, text))
            }
            _ => Ok(found),
        }
    }

    /// The payment that stands and carries the reference, of those whose copies a document has.
    async fn payment_among(
        &self,
        copies: Option<&[Payment]>,
        reference: &str,
    ) -> Result<Option<(String, Payment)>, BooksError> {
        for copy in copies.unwrap_or_default() {
            let Some(payment_id) = &copy.id else { continue };
            if copy.reference.as_ref().is_some_and(|other| other != reference) {
                continue;
            }
            let found: Payment = self.one(&format!("Payments/{}", id(payment_id)?)).await?;
            if found.is(reference) {
                return Ok(Some((payment_id.clone(), found)));
            }
        }
        Ok(None)
    }

    /// The invoice of this number, of those that are meant.
    async fn numbered(&self, number: &str, is_meant: fn(&Invoice) -> bool) -> Result<BooksInvoice, BooksError> {
        if number.is_empty() || number.chars().count() > NUMBER_MAX_CHARS {
            return Err(BooksError::NotFound);
        }
        let request = self.call(Method::GET, "Invoices").query(&[("InvoiceNumbers", number), ("page", "1")]);
        let page: Page<Invoice> = self.rows(Call::Read, request).await?;
        let ours = page.rows.iter().filter(|i| is_meant(i) && i.number() == Some(number)).filter_map(readable);
        // A deleted draft may have left its number to a later invoice.
        ours.min_by_key(|invoice| invoice.status == InvoiceStatus::Void).ok_or(BooksError::NotFound)
    }

    /// Has a payment pay an invoice, onto the clearing account.
    async fn pay_invoice(&self, invoice: &str, payment: &PostPayment) -> Result<(String, Payment), BooksError> {
        let PostPayment { amount, date, reference, idempotency_key, .. } = payment;
        let paid = Paid::Invoice { id: id(invoice)? };
        let body = NewPayments::of(paid, *amount, *date, reference, &self.config.clearing_account)?;
        self.pay(&body, idempotency_key).await
    }

    async fn delete_payment(&self, external_id: &str) -> Result<(), BooksError> {
        let delete = self.call(Method::POST, &format!("Payments/{}", id(external_id)?));
        self.answer(Call::Write, delete.json(&json!({"Status": "DELETED"}))).await.map(drop)
    }
}

#[async_trait]
impl Books for Xero {
    fn name(&self) -> &'static str {
        "Xero"
    }

    fn advances(&self) -> Advances {
        let XeroConfig { clearing_is_bank, prepayment_account, .. } = &self.config;
        advances(*clearing_is_bank, prepayment_account.as_deref())
    }

    fn drafts_credit(&self) -> bool {
        true
    }

    async fn organisation(&self) -> Result<String, BooksError> {
        Ok(self.one::<Organisation>("Organisation").await?.name)
    }

    async fn changes(&self, cursor: Option<&str>) -> Result<ChangesPage, BooksError> {
        self.changes_page(cursor).await
    }

    async fn open_invoices(&self, cursor: Option<&str>) -> Result<OpenPage, BooksError> {
        self.open_page(cursor).await
    }

    async fn customers(&self, external_ids: &[String]) -> Result<Vec<BooksCustomer>, BooksError> {
        self.contacts(external_ids).await
    }

    async fn make_customer(&self, customer: &NewCustomer) -> Result<BooksCustomer, BooksError> {
        self.make_contact(customer).await
    }

    async fn invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        let invoice = self.invoice_document(external_id).await?;
        if !invoice.is_collected() {
            return Err(BooksError::NotFound);
        }
        readable(&invoice).ok_or_else(|| BooksError::Unreachable("an invoice that is not understood".to_owned()))
    }

    async fn invoice_by_number(&self, number: &str) -> Result<BooksInvoice, BooksError> {
        self.numbered(number, Invoice::is_collected).await
    }

    async fn invoice_pdf(&self, external_id: &str) -> Result<Vec<u8>, BooksError> {
        let request = self.call_for(PDF, Method::GET, &format!("Invoices/{}", id(external_id)?));
        let answer = self.answer(Call::Read, request).await?;
        if is_pdf(&answer) { Ok(answer.body) } else { Err(Call::Read.unreadable(&answer)) }
    }

    async fn raise_invoice(&self, invoice: &NewInvoice) -> Result<BooksInvoice, BooksError> {
        self.raise(invoice).await
    }

    async fn void_invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        self.void(external_id).await
    }

    async fn find_payment(&self, payment: &PostPayment) -> Result<Option<Posted>, BooksError> {
        if let Some(quote) = payment.quote() {
            return self.find_quote(payment, quote).await;
        }
        if let Some(advance) = &payment.advance {
            return self.find_advance(payment, advance).await;
        }
        let invoice = self.invoice_document(&payment.invoice_external_id).await?;
        let found = self.payment_on(&invoice, payment).await?;
        Ok(found.map(|(external_id, _)| Posted { external_id, invoice: readable(&invoice) }))
    }

    async fn post_payment(&self, payment: &PostPayment) -> Result<Posted, BooksError> {
        if let Some(quote) = payment.quote() {
            return self.post_quote(payment, quote).await;
        }
        if let Some(advance) = &payment.advance {
            return self.post_advance(payment, advance).await;
        }
        let (external_id, posted) = self.pay_invoice(&payment.invoice_external_id, payment).await?;
        Ok(Posted { external_id, invoice: posted.invoice.as_ref().and_then(Invoice::read) })
    }

    async fn take_back_payment(&self, payment: &PostPayment) -> Result<Option<BooksInvoice>, BooksError> {
        if let Some(quote) = payment.quote() {
            return self.take_back_quote(payment, quote).await.map(|()| None);
        }
        if let Some(advance) = &payment.advance {
            return self.take_back_advance(payment, advance).await.map(|()| None);
        }
        let invoice = self.invoice_document(&payment.invoice_external_id).await?;
        if let Some((external_id, found)) = self.payment_on(&invoice, payment).await? {
            if let Some(why) = found.left_to_a_person() {
                return Err(refused(format!("Its payment {why}.")));
            }
            self.delete_payment(&external_id).await?;
        }
        self.invoice(&payment.invoice_external_id).await.map(Some)
    }

    async fn post_refund(&self, refund: &PostRefund) -> Result<PostedRefund, BooksError> {
        if let Some(quote) = refund.quote() {
            return self.refund_quote(refund, quote).await;
        }
        match &refund.advance {
            Some(advance) => self.refund_advance(refund, advance).await,
            None => self.write_refund(refund).await,
        }
    }

    async fn take_back_refund(&self, refund: &PostRefund) -> Result<(), BooksError> {
        if let Some(quote) = refund.quote() {
            return self.void_quote_refund(refund, quote).await;
        }
        match &refund.advance {
            Some(advance) => self.void_advance_refund(refund, advance).await,
            None => self.void_refund(refund).await,
        }
    }

    async fn note_invoice(&self, external_id: &str, words: &str) -> Result<(), BooksError> {
        self.note(external_id, words).await
    }

    async fn draft_credit(&self, payment: &PostPayment) -> Result<(), BooksError> {
        match payment.quote() {
            Some(quote) => self.draft_quote_credit(payment, quote).await,
            None => Ok(()),
        }
    }

    async fn drop_draft_credit(&self, payment: &PostPayment) -> Result<(), BooksError> {
        match payment.quote() {
            Some(quote) => self.drop_quote_draft(payment, quote).await,
            None => Ok(()),
        }
    }

    async fn quote_credit(&self, payment: &PostPayment) -> Result<Option<QuoteCredit>, BooksError> {
        match payment.quote() {
            Some(quote) => self.read_quote_credit(payment, quote).await,
            None => Ok(None),
        }
    }

    async fn apply_credit(&self, credit: &ApplyCredit) -> Result<BooksInvoice, BooksError> {
        self.allocate_quote_credit(credit).await
    }

    async fn payments_since(&self, since: DateTime<Utc>) -> Result<Vec<BooksPayment>, BooksError> {
        let mut standing = self.standing("ACCRECPAYMENT", since).await?;
        let mut paid_back = self.standing("ARCREDITPAYMENT", since).await?;
        if self.config.clearing_is_bank {
            standing.extend(self.advances_since(since).await?);
            for payment_type in ["AROVERPAYMENTPAYMENT", "ARPREPAYMENTPAYMENT"] {
                paid_back.extend(self.standing(payment_type, since).await?);
            }
        }
        let negative = |paid: BooksPayment| BooksPayment {
            amount: format!("-{}", paid.amount),
            // What is called an invoice there is the credit.
            invoice_external_id: None,
            ..paid
        };
        standing.extend(paid_back.into_iter().map(negative));
        Ok(standing)
    }
}

/// What follows from how a clearing account is set up.
#[must_use]
pub const fn advances(clearing_is_bank: bool, prepayment_account: Option<&str>) -> Advances {
    let quotes = prepayment_account.is_some();
    Advances { over_payments: clearing_is_bank, prepayments: clearing_is_bank && quotes, quotes }
}

/// An invoice of a kind that we cannot read must not stop the sync of all others.
fn readable(invoice: &Invoice) -> Option<BooksInvoice> {
    let read = invoice.read();
    if read.is_none() {
        tracing::warn!(invoice.number = invoice.number(), "an invoice in Xero is not understood and left out");
    }
    read
}

/// Xero's ids are UUIDs; anything else is not sent there.
fn id(external_id: &str) -> Result<Uuid, BooksError> {
    Uuid::try_parse(external_id).map_err(|_| BooksError::NotFound)
}
