//! Xero's documents, spoiled in any way: nothing panics, and no amount is read that the document does not hold.

use crate::{
    rig::{BooksSent, Rig, document, hold, is_amount, now, says},
    world::{delta, payment, usd, xero},
};
use chrono::NaiveDate;
use connectors::books::{
    Books, BooksError,
    xero::{Xero, webhook},
};
use domain::{
    invoice::{BooksInvoice, InvoiceStatus},
    money::Money,
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::Value;
use simulators::mangle::mangled;

const ID: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub const INVOICES: &str = r#"{"Id":"x","Status":"OK","DateTimeUTC":"/Date(1782864600123)/","pagination":{"page":1,"pageSize":1000,"pageCount":1,"itemCount":1},"Invoices":[{"Type":"ACCREC","InvoiceID":"aaaaaaaa-0000-4000-8000-000000000001","InvoiceNumber":"INV-501","Contact":{"ContactID":"c0000000-0000-4000-8000-000000000042","Name":"Acme"},"Date":"/Date(1782864000000+0000)/","DueDate":"/Date(1784073600000+0000)/","Status":"AUTHORISED","CurrencyCode":"USD","Total":1204.5000,"AmountDue":204.5000,"Payments":[],"UpdatedDateUTC":"/Date(1782864005000+0000)/"}]}"#;
const CONTACTS: &str = r#"{"Id":"x","Status":"OK","DateTimeUTC":"/Date(1782864600123)/","pagination":{"page":1,"pageSize":1000,"pageCount":1,"itemCount":1},"Contacts":[{"ContactID":"c0000000-0000-4000-8000-000000000042","ContactNumber":"ACME","ContactStatus":"ACTIVE","Name":"Acme","EmailAddress":"accounts@acme.test","UpdatedDateUTC":"/Date(1782864005000+0000)/"}]}"#;
pub const PAYMENTS: &str = r#"{"Id":"x","Status":"OK","Payments":[{"PaymentID":"bbbbbbbb-0000-4000-8000-000000000001","Status":"AUTHORISED","Amount":1204.50,"Reference":"ch_1","Account":{"AccountID":"a0000000-0000-4000-8000-000000000001","Code":"090"},"ValidationErrors":[]}]}"#;

pub const NEWS: BooksSent = BooksSent {
    header: "x-xero-signature",
    event: r#"{"events":[{"resourceUrl":"https://api.xero.com/api.xro/2.0/Invoices/aaaaaaaa-0000-4000-8000-000000000001","resourceId":"aaaaaaaa-0000-4000-8000-000000000001","eventDateUtc":"2026-07-09T00:44:09.923","eventType":"UPDATE","eventCategory":"INVOICE","tenantId":"11111111-2222-4333-8444-555555555555","tenantType":"ORGANISATION"}],"firstEventSequence":76,"lastEventSequence":76,"entropy":"FXNGWLCCGVANWHKILRUB"}"#,
    secret: "demo-webhook-key",
    read: |headers, raw| {
        webhook::news(&["demo-webhook-key".into()], "11111111-2222-4333-8444-555555555555", headers, raw)
    },
};

pub type Stubbed = Rig<Xero>;

pub fn rig() -> Stubbed {
    Rig::new(|url| xero(url, "token"))
}

/// The rows of a page; its list may be called by any of these names.
fn rows(page: &Value) -> &[Value] {
    let mut lists = ["Invoices", "Contacts", "Payments", "CreditNotes", "Rows"].iter().map(|name| &page[*name]);
    lists.find_map(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn says_amount(value: &Value, amount: Money) -> bool {
    is_amount(value, amount.minor, amount.currency.exponent())
}

fn fits(read: &BooksInvoice, row: &Value) -> TestCaseResult {
    prop_assert_eq!(row["CurrencyCode"].as_str(), Some(read.due.currency.code()));
    prop_assert!(
        says_amount(&row["AmountDue"], read.due) && says_amount(&row["Total"], read.total),
        "{read:?} of {row}"
    );
    let status = row["Status"].as_str();
    prop_assert!(read.status != InvoiceStatus::Open || status == Some("AUTHORISED"), "{read:?} of {row}");
    Ok(())
}

/// One invoice.
pub fn invoice(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let read = rig.hear(says(200, body), rig.adapter.invoice(ID));
    let (Ok(read), Some(page)) = (read, document(body)) else { return Ok(()) };
    let Some(row) = rows(&page).first() else { return Err(TestCaseError::fail(format!("{read:?} of {page}"))) };
    fits(&read, row)
}

#[test]
fn s66_f22_a_spoiled_invoice_is_not_read_or_says_what_stands_in_it() {
    let rig = rig();
    hold(|choices| invoice(&rig, &mangled(INVOICES, choices)));
}

#[test]
fn s66_f22_spoiled_pages_of_changes_hold_no_other_amounts() {
    let rig = rig();
    hold(|choices| {
        let (contacts, invoices) = (mangled(CONTACTS, choices), mangled(INVOICES, choices));
        let pages = vec![says(200, &contacts), says(200, &invoices)];
        let changes = rig.hear_all(pages, delta(&rig.adapter, None));
        let (Ok(changes), Some(page)) = (changes, document(&invoices)) else { return Ok(()) };
        prop_assert!(changes.customers.len() <= 1 && changes.invoices.len() <= rows(&page).len());
        changes.invoices.iter().zip(rows(&page)).try_for_each(|(read, row)| fits(read, row))
    });
}

#[test]
fn f22_spoiled_lists_of_payments_never_panic() {
    let rig = rig();
    let posting = payment(ID, 120_450, NaiveDate::from_ymd_opt(2026, 7, 1).unwrap(), 1);
    hold(|choices| {
        let page = says(200, &mangled(PAYMENTS, choices));
        let _ = rig.hear_all(vec![page.clone(), page.clone()], rig.adapter.payments_since(now()));
        let _ = rig.hear(page, rig.adapter.find_payment(&posting));
        Ok(())
    });
}

/// The answer to the posting of a payment.
pub fn posted(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let day = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
    match rig.hear(says(200, body), rig.adapter.post_payment(&payment(ID, 120_450, day, 1))) {
        Ok(posted) => {
            let Some(page) = document(body) else { return Ok(()) };
            let id = rows(&page).first().and_then(|row| row["PaymentID"].as_str());
            prop_assert_eq!(id, Some(posted.external_id.as_str()), "{}", page);
            Ok(())
        }
        // Anything else would say that nothing stands there.
        Err(BooksError::Unknown(_) | BooksError::Refused { .. }) => Ok(()),
        Err(other) => Err(TestCaseError::fail(format!("{other:?}"))),
    }
}

#[test]
fn d4_f22_a_spoiled_answer_to_a_posting_is_unknown_or_refused_or_names_what_stands_in_it() {
    let rig = rig();
    hold(|choices| posted(&rig, &mangled(PAYMENTS, choices)));
}

#[test]
fn f7_s66_news_are_taken_only_as_they_were_signed_and_name_what_stands_in_them() {
    hold(|choices| NEWS.is_taken_only_as_signed(choices));
}

#[test]
fn the_documents_themselves_are_understood() {
    NEWS.is_taken_as_signed(NEWS.event.as_bytes()).unwrap();
    let rig = rig();
    let read = rig.hear(says(200, INVOICES.as_bytes()), rig.adapter.invoice(ID)).unwrap();
    assert_eq!((read.total, read.due, read.status), (usd(120_450), usd(20_450), InvoiceStatus::Open));
    let day = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
    let posted = rig.hear(says(200, PAYMENTS.as_bytes()), rig.adapter.post_payment(&payment(ID, 120_450, day, 1)));
    assert_eq!(posted.unwrap().external_id, "bbbbbbbb-0000-4000-8000-000000000001");
}
