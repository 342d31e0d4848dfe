//! QuickBooks Online: one adapter per access token, which lives an hour. Source: `wire/accounting.md`, 2, 4.1-4.3 and 4.5.
//! Keeps nothing and refreshes nothing: an expired token is reported, and the engine refreshes it.

mod advances;
mod bodies;
mod changes;
mod credits;
mod customers;
mod errors;
mod invoices;
mod items;
mod limits;
mod payments;
mod query;
mod quotes;
mod refunds;
mod set_up;
pub mod webhook;
mod wire;

pub use limits::LIMITS;

use super::{
    Advances, ApplyCredit, Books, BooksError, BooksPayment, ChangesPage, NewCustomer, NewInvoice, OpenPage, PDF,
    PostPayment, PostRefund, Posted, PostedRefund, QuoteCredit, call::Call, is_pdf, toll::Toll,
};
use crate::http::{Answer, HttpClient};
use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::{
    invoice::{BooksCustomer, BooksInvoice},
    money::Currency,
};
use errors::{Trouble, trouble};
use reqwest::{Method, RequestBuilder, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use wire::{Company, Document, Invoice, One};

/// Of an access token (2.2).
pub const TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);
/// The lowest that there is (2.1).
const MINOR_VERSION: &str = "75";
const JSON: &str = "application/json";
/// Of 50 characters that are allowed (2.12), as many as 18 bytes have in hexadecimal digits.
const REQUEST_ID_BYTES: usize = 18;
/// No number of theirs is longer.
const ID_MAX_DIGITS: usize = 20;
/// Not every change is stamped in order: what was changed so long before is read once more.
const OVERLAP: TimeDelta = TimeDelta::seconds(60);

#[derive(Debug)]
pub struct QuickBooksConfig {
    /// `https://quickbooks.api.intuit.com`.
    pub api_base: String,
    pub realm_id: String,
    /// The id of the account that card payments stand on.
    pub clearing_account: String,
    /// The id of the account that what is paid for quotes is owed on.
    pub prepayment_account: Option<String>,
    /// That of the company: books in one currency do not name it.
    pub home_currency: Currency,
    pub access_token: SecretString,
    /// When it is asked: what changed is told for thirty days.
    pub now: DateTime<Utc>,
    /// Each request passes it.
    pub toll: Arc<dyn Toll>,
}

#[derive(Debug)]
pub struct QuickBooks {
    http: HttpClient,
    config: QuickBooksConfig,
}

/// How a document is undone: an invoice in other words than a payment (2.4, 2.5).
struct Undo {
    entity: &'static str,
    how: &'static [(&'static str, &'static str)],
}

impl QuickBooks {
    #[must_use]
    pub const fn new(http: HttpClient, config: QuickBooksConfig) -> Self {
        Self { http, config }
    }

    fn call(&self, accept: &'static str, method: Method, path: &str) -> RequestBuilder {
        let QuickBooksConfig { api_base, realm_id, access_token, .. } = &self.config;
        let request = self.http.request(method, &format!("{api_base}/v3/company/{realm_id}/{path}"));
        let request = request.query(&[("minorversion", MINOR_VERSION)]);
        request.bearer_auth(access_token.expose_secret()).header(header::ACCEPT, accept)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.call(JSON, Method::GET, path)
    }

    /// A write that is executed once under its key: a repeat is answered as the first was (2.12).
    fn write(&self, entity: &str, key: &str) -> RequestBuilder {
        self.call(JSON, Method::POST, entity).query(&[("requestid", request_id(key))])
    }

    async fn answer(&self, call: Call, request: RequestBuilder) -> Result<Answer, Trouble> {
        let answer = call.send(&self.http, &*self.config.toll, request, limits::allowance).await?;
        match trouble(call, &answer) {
            Some(trouble) => Err(trouble),
            None => Ok(answer),
        }
    }

    async fn one<T: DeserializeOwned>(&self, call: Call, request: RequestBuilder) -> Result<T, Trouble> {
        let answer = self.answer(call, request).await?;
        let one: One<T> = serde_json::from_slice(&answer.body).map_err(|_| call.unreadable(&answer))?;
        one.document.ok_or_else(|| call.unreadable(&answer).into())
    }

    async fn read<T: DeserializeOwned>(&self, entity: &str, external_id: &str) -> Result<T, BooksError> {
        let request = self.get(&format!("{entity}/{}", id(external_id)?));
        Ok(self.one(Call::Read, request).await?)
    }

    /// Undoes a document when it is `to_undo` as it stands; read and decided once more when somebody has changed it in
    /// between. `None` when it was not undone, or is no more.
    async fn undo<T: DeserializeOwned + Document + Send>(
        &self,
        undo: &Undo,
        external_id: &str,
        to_undo: impl Fn(&T) -> Result<bool, BooksError> + Send + Sync,
    ) -> Result<Option<T>, BooksError> {
        let undone = match self.undo_once(undo, external_id, &to_undo).await {
            Err(Trouble::Stale) => self.undo_once(undo, external_id, &to_undo).await,
            undone => undone,
        };
        match undone {
            Err(Trouble::Books(BooksError::NotFound)) => Ok(None),
            undone => Ok(undone?),
        }
    }

    async fn undo_once<T: DeserializeOwned + Document + Send>(
        &self,
        Undo { entity, how }: &Undo,
        external_id: &str,
        to_undo: &(impl Fn(&T) -> Result<bool, BooksError> + Send + Sync),
    ) -> Result<Option<T>, Trouble> {
        let found: T = self.read(entity, external_id).await?;
        if !to_undo(&found)? {
            return Ok(None);
        }
        let version = found.sync_token().unwrap_or_default();
        let body = json!({"Id": external_id, "SyncToken": version, "sparse": true});
        // Nothing is undone twice, for each version can be changed once. Another version or time is another request: what
        // was refused then must not be answered again.
        let asked_ms = self.config.now.timestamp_millis();
        let request = self.write(entity, &format!("undo-{entity}-{external_id}-{version}-{asked_ms}"));
        self.one(Call::Write, request.query(how).json(&body)).await.map(Some)
    }
}

#[async_trait]
impl Books for QuickBooks {
    fn name(&self) -> &'static str {
        "QuickBooks Online"
    }

    fn advances(&self) -> Advances {
        advances(self.config.prepayment_account.as_deref())
    }

    async fn organisation(&self) -> Result<String, BooksError> {
        let company: Company = self.read("companyinfo", &self.config.realm_id).await?;
        Ok(company.name)
    }

    async fn changes(&self, cursor: Option<&str>) -> Result<ChangesPage, BooksError> {
        self.changed_since(cursor).await
    }

    async fn open_invoices(&self, cursor: Option<&str>) -> Result<OpenPage, BooksError> {
        self.open_page(cursor).await
    }

    async fn customers(&self, external_ids: &[String]) -> Result<Vec<BooksCustomer>, BooksError> {
        self.customers_of(external_ids).await
    }

    async fn make_customer(&self, customer: &NewCustomer) -> Result<BooksCustomer, BooksError> {
        self.add_customer(customer).await
    }

    async fn invoice(&self, external_id: &str) -> Result<BooksInvoice, BooksError> {
        let invoice: Invoice = self.read("invoice", external_id).await?;
        if invoice.is_collected() { self.understood(&invoice) } else { Err(BooksError::NotFound) }
    }

    async fn invoice_by_number(&self, number: &str) -> Result<BooksInvoice, BooksError> {
        self.numbered(number).await
    }

    async fn invoice_pdf(&self, external_id: &str) -> Result<Vec<u8>, BooksError> {
        let request = self.call(PDF, Method::GET, &format!("invoice/{}/pdf", id(external_id)?));
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
        match &payment.advance {
            Some(advance) => self.find_advance(payment, advance).await,
            None => self.find(payment).await,
        }
    }

    async fn post_payment(&self, payment: &PostPayment) -> Result<Posted, BooksError> {
        if let Some(quote) = payment.quote() {
            return self.post_quote(payment, quote).await;
        }
        match &payment.advance {
            Some(advance) => self.post_advance(payment, advance).await,
            None => self.post(payment).await,
        }
    }

    async fn take_back_payment(&self, payment: &PostPayment) -> Result<Option<BooksInvoice>, BooksError> {
        if let Some(quote) = payment.quote() {
            return self.take_back_quote(payment, quote).await.map(|()| None);
        }
        match &payment.advance {
            Some(advance) => self.take_back_advance(payment, advance).await.map(|()| None),
            None => self.take_back(payment).await.map(Some),
        }
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
            return self.take_back_quote_refund(refund, quote).await;
        }
        match &refund.advance {
            Some(advance) => self.take_back_advance_refund(refund, advance).await,
            None => self.delete_refund(refund).await,
        }
    }

    async fn quote_credit(&self, payment: &PostPayment) -> Result<Option<QuoteCredit>, BooksError> {
        match payment.quote() {
            Some(quote) => self.read_quote_credit(payment, quote).await,
            None => Ok(None),
        }
    }

    async fn apply_credit(&self, credit: &ApplyCredit) -> Result<BooksInvoice, BooksError> {
        self.use_quote_credit(credit).await
    }

    async fn payments_since(&self, since: DateTime<Utc>) -> Result<Vec<BooksPayment>, BooksError> {
        self.listed_since(since).await
    }
}

/// What pays no invoice is a payment without a line, and is owed to its customer; what is paid for quotes stands on an account
/// of its own.
#[must_use]
pub const fn advances(prepayment_account: Option<&str>) -> Advances {
    Advances { over_payments: true, prepayments: true, quotes: prepayment_account.is_some() }
}

/// The same key always gives the same id, and no other one does.
fn request_id(key: &str) -> String {
    hex::encode(&Sha256::digest(key)[..REQUEST_ID_BYTES])
}

/// Their ids are numbers; anything else is not sent there.
pub(super) fn id(external_id: &str) -> Result<&str, BooksError> {
    let is_number = (1..=ID_MAX_DIGITS).contains(&external_id.len()) && external_id.bytes().all(|b| b.is_ascii_digit());
    if is_number { Ok(external_id) } else { Err(BooksError::NotFound) }
}

/// A moment as queries compare it, a while before it.
fn before(moment: DateTime<Utc>) -> String {
    let earlier = moment.checked_sub_signed(OVERLAP).unwrap_or(moment);
    earlier.to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// Of a write.
fn unsaid(what: &str) -> BooksError {
    BooksError::Unknown(format!("the answer names no {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_an_id_of_its_own_that_is_short_enough() {
        let key = "pay-0193a1b2c3d47e5f8a9b0c0000002f4a-0193a1b2c3d47e5f8a9b0c0000002f4b";
        assert_eq!(request_id(key), request_id(key));
        assert_ne!(request_id(key), request_id(&format!("{key}-1764480000000")));
        assert!(request_id(key).len() <= 50);
    }

    #[test]
    fn only_numbers_are_ids() {
        assert_eq!(id("130").ok(), Some("130"));
        for other in ["", "to-raise-SC-1", "1/pdf", "1?x", "١", "123456789012345678901"] {
            assert!(matches!(id(other), Err(BooksError::NotFound)), "{other}");
        }
    }

    #[test]
    fn a_moment_has_an_offset_and_lies_a_minute_back() {
        let moment = DateTime::parse_from_rfc3339("2026-07-01T05:00:00.123-07:00").expect("a moment");
        assert_eq!(before(moment.to_utc()), "2026-07-01T11:59:00+00:00");
        assert!(!before(DateTime::<Utc>::MIN_UTC).is_empty());
    }
}
