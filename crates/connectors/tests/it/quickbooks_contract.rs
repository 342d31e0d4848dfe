//! QuickBooks Online against its simulator: tokens, changes, one read, one posting, and the refusals.

use crate::{
    sim::Sim,
    world::{aud, delta, http, payment, posted_refund, quickbooks},
};
use chrono::TimeDelta;
use connectors::books::{
    Books, BooksError, BooksPayment, LineAccount, NewInvoice, PostPayment, PostRefund, RefusedCause, TokenSet, oauth,
    quickbooks::QuickBooks,
};
use domain::invoice::{BooksInvoice, InvoiceStatus};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use simulators::facts::{SOUTHERN, qbo as known};

/// Longer than a payment's number may be.
const LONG_REFERENCE: &str = "pi_3MtwBwLkdIwHu7ix28a3tqPa";

async fn refresh(sim: &Sim, refresh_token: &SecretString) -> Result<TokenSet, BooksError> {
    let url = format!("{}/qbo/oauth2/v1/tokens/bearer", sim.url);
    let secret = known::PORTAL_CLIENT_SECRET.into();
    oauth::refresh(&http(), &url, known::PORTAL_CLIENT_ID, &secret, refresh_token, sim.now()).await
}

/// Books with an open invoice, and how others reach them.
pub struct Company {
    pub sim: Sim,
    pub books: QuickBooks,
    access_token: SecretString,
}

impl Company {
    pub async fn new() -> Self {
        Self::of(Sim::start().await).await
    }

    async fn of(sim: Sim) -> Self {
        let access_token = refresh(&sim, &known::PORTAL_REFRESH_TOKEN.into()).await.unwrap().access_token;
        let books = quickbooks(&format!("{}/qbo", sim.url), access_token.expose_secret(), sim.now());
        Self { sim, books, access_token }
    }

    async fn later(self, hours: u32) -> Self {
        self.sim.advance_hours(hours).await;
        Self::of(self.sim).await
    }

    /// The two open invoices of which nothing is paid yet that owe most.
    pub async fn open(&self) -> [BooksInvoice; 2] {
        let mut open = delta(&self.books, None).await.unwrap().invoices;
        open.retain(|invoice| invoice.status == InvoiceStatus::Open && invoice.due == invoice.total);
        open.sort_by_key(|invoice| (-invoice.due.minor, invoice.external_id.clone()));
        open.truncate(2);
        open.try_into().unwrap()
    }

    pub fn whole(&self, invoice: &BooksInvoice) -> PostPayment {
        let day = self.sim.now().date_naive();
        PostPayment { amount: invoice.due, ..payment(&invoice.external_id, 1, day, 1) }
    }

    pub fn refund(&self, invoice: &BooksInvoice, minor: i64, n: u32) -> PostRefund {
        let day = self.sim.now().date_naive();
        PostRefund { amount: aud(minor), ..posted_refund(&invoice.external_id, minor, day, n) }
    }

    /// What stands on the clearing account with a reference of ours: references and amounts.
    pub async fn listed(&self) -> Vec<BooksPayment> {
        let listed = self.books.payments_since(self.sim.now() - TimeDelta::hours(3)).await.unwrap();
        let ours = |paid: &BooksPayment| ["ch_", "re_", "pi_"].iter().any(|mark| paid.reference.starts_with(mark));
        listed.into_iter().filter(ours).collect()
    }

    pub async fn amounts(&self) -> Vec<String> {
        self.listed().await.into_iter().map(|paid| paid.amount).collect()
    }

    /// What a person, or another program, does there.
    pub async fn ask(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/qbo/v3/company/{}/{path}", self.sim.url, known::REALM_ID);
        let request = reqwest::Client::new().request(method, url).bearer_auth(self.access_token.expose_secret());
        let request = request.header("accept", "application/json");
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert!(answer["Fault"].is_null(), "{path}: {answer}");
        answer
    }

    async fn document(&self, invoice: &BooksInvoice) -> Value {
        self.ask(reqwest::Method::GET, &format!("invoice/{}", invoice.external_id), None).await["Invoice"].clone()
    }

    /// What the first line of an invoice sells.
    async fn item_of(&self, invoice: &BooksInvoice) -> Value {
        self.document(invoice).await["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"].clone()
    }

    /// One of ours for the customer of another, on its first item and without tax.
    pub async fn new_invoice(&self, of: &BooksInvoice) -> NewInvoice {
        let item = self.item_of(of).await;
        NewInvoice {
            idempotency_key: "pay-1-invoice".into(),
            number: "O'Brien-1".into(),
            customer_external_id: of.customer_external_id.clone(),
            amount: aud(18_070),
            date: self.sim.now().date_naive(),
            description: "Surcharge on payment PAY-1".into(),
            reference: None,
            account: LineAccount::Named(item.as_str().unwrap().to_owned()),
            tax: None,
        }
    }

    /// Voids or deletes an invoice.
    async fn remove(&self, invoice: &BooksInvoice, operation: &str) {
        let version = self.document(invoice).await["SyncToken"].clone();
        let body = json!({"Id": invoice.external_id, "SyncToken": version});
        self.ask(reqwest::Method::POST, &format!("invoice?operation={operation}"), Some(body)).await;
    }
}

pub fn refused<T: std::fmt::Debug>(outcome: Result<T, BooksError>) -> (RefusedCause, String) {
    match outcome {
        Err(BooksError::Refused { cause, message }) => (cause, message),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_newer_token_leaves_the_one_before_good_for_a_day() {
    let sim = Sim::start().await;
    let first = SecretString::from(known::PORTAL_REFRESH_TOKEN);
    let tokens = refresh(&sim, &first).await.unwrap();
    assert!(tokens.expires_at > sim.now() + TimeDelta::minutes(59));
    assert_eq!(tokens.refresh_token.expose_secret(), first.expose_secret(), "it does not change on every call");
    sim.advance_hours(25).await;
    let second = refresh(&sim, &first).await.unwrap().refresh_token;
    assert_ne!(second.expose_secret(), first.expose_secret());
    let grace = refresh(&sim, &first).await;
    assert!(grace.is_ok(), "a lost answer may be asked for again: {grace:?}");
    sim.advance_hours(25).await;
    let late = refresh(&sim, &first).await;
    assert!(matches!(late, Err(BooksError::Disconnected(_))), "{late:?}");
    assert!(refresh(&sim, &second).await.is_ok());
    let unknown = refresh(&sim, &"never-granted".into()).await;
    assert!(matches!(unknown, Err(BooksError::Disconnected(_))), "{unknown:?}");
}

#[tokio::test]
async fn an_expired_or_revoked_token_asks_for_a_fresh_one() {
    let Company { sim, books, .. } = Company::new().await;
    sim.arm("qbo", "token_revoked").await;
    assert!(matches!(books.invoice("1").await, Err(BooksError::TokenExpired | BooksError::Disconnected(_))));
    let Company { sim, books, .. } = Company::of(sim).await;
    sim.advance_hours(1).await;
    assert!(matches!(books.changes(None).await, Err(BooksError::TokenExpired)));
    let stranger = quickbooks(&format!("{}/qbo", sim.url), "never-granted", sim.now());
    assert!(matches!(stranger.invoice("1").await, Err(BooksError::TokenExpired | BooksError::Disconnected(_))));
}

#[tokio::test]
async fn the_first_delta_brings_everything_and_the_next_one_what_changed() {
    let company = Company::new().await;
    assert_eq!(company.books.organisation().await.unwrap(), SOUTHERN.name);
    let all = delta(&company.books, None).await.unwrap();
    assert!(all.customers.iter().all(|customer| !customer.name.is_empty()) && !all.customers.is_empty());
    let [open, _] = company.open().await;
    let whose = |invoice: &BooksInvoice| all.customers.iter().any(|c| c.external_id == invoice.customer_external_id);
    assert!(all.invoices.iter().all(whose), "of every invoice it is known whose it is");

    let company = company.later(2).await;
    company.books.post_payment(&company.whole(&open)).await.unwrap();
    let next = delta(&company.books, Some(&all.cursor)).await.unwrap();
    let paid = next.invoices.iter().find(|invoice| invoice.external_id == open.external_id).unwrap();
    assert_eq!((paid.status, paid.due), (InvoiceStatus::Paid, aud(0)), "paid ones are seen too");
    assert!(next.gone.is_empty() && next.deletions_told);
    let last = delta(&company.books, Some(&next.cursor)).await.unwrap();
    assert_eq!(last.invoices.len(), 1, "within the overlap the same comes again, and no more");
}

#[tokio::test]
async fn what_was_voided_or_deleted_is_told_for_thirty_days_and_missed_after_them() {
    let company = Company::new().await;
    let all = delta(&company.books, None).await.unwrap();
    let [voided, deleted] = company.open().await;
    company.remove(&voided, "void").await;
    company.remove(&deleted, "delete").await;
    let told = delta(&company.books, Some(&all.cursor)).await.unwrap();
    let of = |changes: &[BooksInvoice], id: &str| changes.iter().find(|i| i.external_id == id).map(|i| i.status);
    assert_eq!(of(&told.invoices, &voided.external_id), Some(InvoiceStatus::Void));
    assert_eq!((told.gone, told.deletions_told), (vec![deleted.external_id.clone()], true));

    let company = company.later(31 * 24).await;
    let listed = delta(&company.books, Some(&all.cursor)).await.unwrap();
    assert_eq!(of(&listed.invoices, &voided.external_id), Some(InvoiceStatus::Void));
    assert!(listed.gone.is_empty() && !listed.deletions_told, "it is told no more: {:?}", listed.gone);
    let open = company.books.open_invoices(None).await.unwrap();
    let is_open = |one: &BooksInvoice| open.invoices.iter().any(|other| other.external_id == one.external_id);
    assert!(open.next.is_none() && !open.invoices.is_empty() && !is_open(&deleted) && !is_open(&voided));
    let ids: Vec<_> = all.customers.iter().map(|customer| customer.external_id.clone()).collect();
    assert_eq!(company.books.customers(&ids).await.unwrap().len(), ids.len());
}

#[tokio::test]
async fn s65_one_invoice_is_read_by_id_and_by_its_whole_number() {
    let company = Company::new().await;
    let ([open, _], books) = (company.open().await, &company.books);
    assert_eq!(books.invoice(&open.external_id).await.unwrap(), open);
    assert_eq!(books.invoice_by_number(&open.number).await.unwrap(), open);
    let beginning = &open.number[..open.number.len() - 1];
    for number in [beginning, "", "nothing", "1' OR '1' = '1", r"1\", "a-number-of-more-than-21-characters"] {
        assert!(matches!(books.invoice_by_number(number).await, Err(BooksError::NotFound)), "{number}");
    }
    for nowhere in ["999999999", "00000000-0000-4000-8000-000000000000", "to-raise-SC-1"] {
        assert!(matches!(books.invoice(nowhere).await, Err(BooksError::NotFound)), "{nowhere}");
    }
}

#[tokio::test]
async fn g22_an_invoice_of_ours_is_raised_once_also_with_an_apostrophe_and_voided_while_nothing_is_paid() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let surcharge = company.new_invoice(&open).await;
    let raised = company.books.raise_invoice(&surcharge).await.unwrap();
    assert_eq!((raised.status, raised.due, raised.number.as_str()), (InvoiceStatus::Open, aud(18_070), "O'Brien-1"));
    assert_eq!(company.books.raise_invoice(&surcharge).await.unwrap(), raised, "found and not raised again");
    let other = NewInvoice { amount: aud(18_071), idempotency_key: "pay-2-invoice".into(), ..surcharge };
    refused(company.books.raise_invoice(&other).await);

    company.books.post_payment(&company.whole(&raised)).await.unwrap();
    assert_eq!(refused(company.books.void_invoice(&raised.external_id).await).0, RefusedCause::NotAwaitingPayment);
    company.books.take_back_payment(&company.whole(&raised)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(company.books.void_invoice(&raised.external_id).await.unwrap().status, InvoiceStatus::Void);
    }
}

#[tokio::test]
async fn d9_what_a_bank_took_back_is_raised_once_on_an_item_of_the_clearing_account() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let (number, account) = ("RT-1".to_owned(), LineAccount::Clearing);
    let new = NewInvoice { number, reference: Some("PAY-1".into()), account, ..company.new_invoice(&open).await };
    let raised = company.books.raise_invoice(&new).await.unwrap();
    assert_eq!((raised.due, raised.reference.as_deref()), (aud(18_070), Some("PAY-1")));
    assert_eq!(company.books.raise_invoice(&new).await.unwrap(), raised, "found and not raised again");
    let again = NewInvoice { number: "RT-2".into(), idempotency_key: "return-2".into(), ..new };
    let again = company.books.raise_invoice(&again).await.unwrap();
    let [first, second] = [company.item_of(&raised).await, company.item_of(&again).await];
    assert_eq!(first, second, "the item is made once");
    let item = company.ask(reqwest::Method::GET, &format!("item/{}", first.as_str().unwrap()), None).await;
    assert_eq!(item["Item"]["IncomeAccountRef"]["value"], known::CLEARING_ACCOUNT_ID);
}

#[tokio::test]
async fn s57_an_invoice_comes_as_a_document() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let pdf = company.books.invoice_pdf(&open.external_id).await.unwrap();
    assert!(company.books.has_pdf() && pdf.starts_with(b"%PDF-"));
    assert!(matches!(company.books.invoice_pdf("999999999").await, Err(BooksError::NotFound)));
    company.sim.arm("qbo", "http:500").await;
    assert!(matches!(company.books.invoice_pdf(&open.external_id).await, Err(BooksError::Unreachable(_))));
}

#[tokio::test]
async fn d30_posting_twice_with_the_same_key_is_one_payment_and_it_can_be_found() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let posting = PostPayment { reference: LONG_REFERENCE.into(), ..company.whole(&open) };
    let part = PostPayment {
        amount: aud(100),
        idempotency_key: "pay-part".into(),
        reference: "ch_part".into(),
        ..posting.clone()
    };
    assert_eq!(company.books.find_payment(&part).await.unwrap(), None);
    let first = company.books.post_payment(&part).await.unwrap();
    let left = aud(open.due.minor - 100);
    assert_eq!(first.invoice.as_ref().map(|i| (i.status, i.due)), Some((InvoiceStatus::Open, left)));
    assert_eq!(company.books.post_payment(&part).await.unwrap().external_id, first.external_id, "not executed again");
    assert_eq!(company.books.invoice(&open.external_id).await.unwrap().due, left);

    let rest = PostPayment { amount: left, ..posting };
    let second = company.books.post_payment(&rest).await.unwrap();
    assert_eq!(second.invoice.as_ref().map(|i| (i.status, i.due)), Some((InvoiceStatus::Paid, aud(0))));
    assert_eq!(company.books.post_payment(&rest).await.unwrap().external_id, second.external_id, "nothing is due now");
    let found = company.books.find_payment(&rest).await.unwrap().unwrap();
    assert_eq!((found.external_id, found.invoice.unwrap().status), (second.external_id, InvoiceStatus::Paid));
    let unknown = PostPayment { reference: "ch_other".into(), ..rest.clone() };
    assert_eq!(company.books.find_payment(&unknown).await.unwrap(), None);

    let mut listed = company.listed().await;
    listed.sort_by_key(|paid| paid.amount.len());
    let references: Vec<_> = listed.iter().map(|paid| paid.reference.as_str()).collect();
    assert_eq!(references, ["ch_part", LONG_REFERENCE], "also whole, where its number has no room for it");
    assert!(listed.iter().all(|paid| paid.invoice_external_id.as_ref() == Some(&open.external_id)));
}

#[tokio::test]
async fn d30_a_payment_over_another_amount_is_not_taken_for_ours() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let ours = company.whole(&open);
    let theirs = PostPayment { amount: aud(100), ..ours.clone() };
    company.books.post_payment(&theirs).await.unwrap();
    for outcome in
        [company.books.find_payment(&ours).await.map(drop), company.books.take_back_payment(&ours).await.map(drop)]
    {
        assert!(refused(outcome).1.starts_with("A payment of 1.00 stands there with the reference ch_1, which is of "));
    }
    assert_eq!(company.amounts().await, ["1.00"], "a person must put it right");
}

#[tokio::test]
async fn d9_a_payment_is_voided_once_and_its_invoice_is_owed_again() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let posting = company.whole(&open);
    company.books.post_payment(&posting).await.unwrap();
    company.sim.arm("qbo", "period_locked").await;
    assert_eq!(refused(company.books.take_back_payment(&posting).await).0, RefusedCause::PeriodLocked);
    let company = company.later(1).await;
    for _ in 0..2 {
        let owed = company.books.take_back_payment(&posting).await.unwrap().unwrap();
        assert_eq!((owed.status, owed.due), (InvoiceStatus::Open, open.due));
        assert!(company.amounts().await.is_empty());
    }
    let again = PostPayment { idempotency_key: "pay-again".into(), ..posting };
    company.books.post_payment(&again).await.unwrap();
    assert_eq!(company.amounts().await.len(), 1, "it can be paid again");
}

#[tokio::test]
async fn d9_a_payment_is_found_and_taken_out_also_when_its_invoice_is_no_more() {
    for operation in ["void", "delete"] {
        let company = Company::new().await;
        let [open, other] = company.open().await;
        let posting = company.whole(&open);
        // The share of another invoice in the same payment has its reference too.
        let share = PostPayment {
            invoice_external_id: other.external_id.clone(),
            amount: aud(100),
            idempotency_key: "pay-2".into(),
            ..posting.clone()
        };
        company.books.post_payment(&share).await.unwrap();
        let posted = company.books.post_payment(&posting).await.unwrap();
        company.remove(&open, operation).await;
        let found = company.books.find_payment(&posting).await.unwrap().unwrap();
        assert_eq!(found.external_id, posted.external_id, "it is credit now, and stands there");
        let taken = company.books.take_back_payment(&posting).await;
        match operation {
            "void" => assert_eq!(taken.unwrap().unwrap().status, InvoiceStatus::Void),
            _ => assert!(matches!(taken, Err(BooksError::NotFound)), "{taken:?}"),
        }
        assert_eq!(company.amounts().await, ["1.00"], "{operation}: the other share stays");
    }
}

#[tokio::test]
async fn d30_money_for_an_invoice_that_was_deleted_is_left_to_a_person() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    company.remove(&open, "delete").await;
    let posting = company.whole(&open);
    let (cause, words) = refused(company.books.post_payment(&posting).await);
    assert_eq!(
        (cause, words.as_str()),
        (RefusedCause::NotAwaitingPayment, "The invoice was deleted in QuickBooks Online.")
    );
    assert!(company.amounts().await.is_empty());
}

#[tokio::test]
async fn d30_a_posting_whose_answer_is_lost_is_unknown_and_then_found_once() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let (step, mut amounts) = (format!("POST /qbo/v3/company/{}/payment", known::REALM_ID), Vec::new());
    for (n, fault) in ["timeout_after_execute", "reset_after_execute", "http_after_execute:500"].into_iter().enumerate()
    {
        let (reference, idempotency_key) = (format!("ch_{n}"), format!("pay-lost-{n}"));
        let posting = PostPayment { amount: aud(100), reference, idempotency_key, ..company.whole(&open) };
        company.sim.control("faults", json!({"vendor": "qbo", "fault": fault, "times": 1, "match": step})).await;
        let lost = company.books.post_payment(&posting).await;
        assert!(matches!(lost, Err(BooksError::Unknown(_))), "{fault}: {lost:?}");
        assert!(company.books.find_payment(&posting).await.unwrap().is_some(), "{fault}");
        amounts.push("1.00");
        assert_eq!(company.amounts().await, amounts, "{fault}");
    }
}

#[tokio::test]
async fn d30_each_refusal_of_a_posting_has_its_cause() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let whole = company.whole(&open);
    company.sim.arm("qbo", "period_locked").await;
    assert_eq!(refused(company.books.post_payment(&whole).await).0, RefusedCause::PeriodLocked);
    let more = PostPayment { amount: aud(open.due.minor + 1), idempotency_key: "pay-more".into(), ..whole.clone() };
    assert_eq!(refused(company.books.post_payment(&more).await).0, RefusedCause::MoreThanDue);
    let fresh = PostPayment { idempotency_key: "pay-fresh".into(), ..whole };
    company.books.post_payment(&fresh).await.unwrap();
    let late = PostPayment { amount: aud(1), reference: "ch_late".into(), idempotency_key: "pay-late".into(), ..fresh };
    assert_eq!(refused(company.books.post_payment(&late).await).0, RefusedCause::NotAwaitingPayment);
    assert_eq!(company.amounts().await.len(), 1);
}

#[tokio::test]
async fn throttled_and_broken_are_told_apart() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let read = async || company.books.invoice(&open.external_id).await;
    company.sim.arm("qbo", "http:429").await;
    assert!(matches!(read().await, Err(BooksError::Busy { after: Some(_) })));
    for fault in ["http:500", "timeout_before"] {
        company.sim.arm("qbo", fault).await;
        assert!(matches!(read().await, Err(BooksError::Unreachable(_))), "{fault}");
    }
    assert_eq!(read().await.unwrap().due, open.due, "and afterwards all is well");
}
