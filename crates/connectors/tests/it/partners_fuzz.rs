//! What programs of merchants and of quotes send us, spoiled in any way: nothing panics, and what is taken stands in the body.
//! The bodies are read by `domain`, which may not know of `simulators`; the addresses in them by `quotes.rs` of this crate.

use crate::rig::{document, hold};
use chrono::NaiveDate;
use connectors::quotes::{Return, host_of};
use domain::{
    api_bodies::{CreditSent, CustomerSent, InvoiceSent, PaymentSent},
    money::{Currency, Money},
    own_customer::TERMS_DAYS_USUAL,
    own_invoice::{Prices, TOTAL_MAX_MINOR, is_number},
    quote::SessionAsked,
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use reqwest::Url;
use serde_json::Value;
use simulators::mangle::mangled;

pub const SESSION: &str = r#"{"quote":{"id":"8f2c","number":10231,"version":1,"name":"New firewall"},"account":{"name":"Acme Pty Ltd"},"payer":{"email":"ana@acme.test","first_name":"Ana","last_name":"Example"},"one_time":{"amount_minor":125000,"currency":"USD","tax_minor":0},"recurring":null,"allowed_methods":["card","bank"],"return_url":"https://sell.example/back?quote=8f2c","cancel_url":"https://sell.example/left","acceptance":{"accepted_at":"2026-11-28T10:00:00Z","signer_name":"Ana Example"},"metadata":{"opportunity":"42"}}"#;
pub const CUSTOMER: &str = r#"{"name":"Totara Dental","code":"TOTARA","email":"accounts@totara.test","terms_days":20,"address":"1 Totara Road\nWellington"}"#;
pub const INVOICE: &str = r#"{"customer":"cus_00000000000000000000000000000001","currency":"NZD","date":"2026-11-25","due_date":"2026-12-09","number":"HT-0042","tax_included":true,"notes":"Thank you","lines":[{"description":"Support","quantity":"1.5","unit_price_minor":14000,"tax_percent":"15"},{"description":"Less","quantity":"1","unit_price_minor":-500}]}"#;
pub const PAYMENT: &str = r#"{"amount_minor":8300,"currency":"NZD","date":"2026-11-26","reference":"Bank 4711"}"#;
pub const CREDIT: &str = r#"{"amount_minor":10000,"currency":"NZD","reason":"one hour less"}"#;

/// Of the merchant whose API it is.
const OWN: Currency = Currency::NZD;
/// What is due on the invoice that is paid or credited.
const DUE: Money = Money::new(48_300, OWN);

/// Whether the body holds this number under that name. A list may stand for an object: what is in it has no name.
fn says(sent: &Value, name: &str, number: i64) -> bool {
    sent.is_array() || sent[name].as_i64() == Some(number)
}

/// One line of text, as every database takes it.
fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

/// A request for a session of a quote.
pub fn session(body: &[u8]) -> TestCaseResult {
    let Ok(asked) = serde_json::from_slice::<SessionAsked>(body) else { return Ok(()) };
    for url in [&asked.return_url, &asked.cancel_url] {
        let Some(host) = host_of(url, false) else { continue };
        let back = Return { session: "qs_1", status: "succeeded", at: 1_800_000_000, nonce: "n" };
        let back = back.address(url, &vec![7_u8; 32].into()).and_then(|back| Url::parse(&back).ok());
        let leads_there = back.is_some_and(|back| back.scheme() == "https" && back.host_str() == Some(host.as_str()));
        prop_assert!(leads_there, "{url}");
    }
    let (Ok(amount), Some(sent)) = (asked.read(Currency::USD), document(body)) else { return Ok(()) };
    prop_assert!(says(&sent["one_time"], "amount_minor", amount.minor) || sent.is_array(), "{amount:?} of {sent}");
    prop_assert!((1..=TOTAL_MAX_MINOR).contains(&amount.minor) && amount.currency == Currency::USD, "{amount:?}");
    let kept = [&asked.quote.id, &asked.quote.name, &asked.account.name, &asked.payer.email];
    prop_assert!(kept.iter().all(|text| is_line(text)), "{kept:?}");
    Ok(())
}

#[test]
fn s13_f22_a_spoiled_request_for_a_session_is_refused_or_says_what_stands_in_it() {
    hold(|choices| session(&mangled(SESSION, choices)));
}

pub fn customer(body: &[u8]) -> TestCaseResult {
    let Ok(sent) = serde_json::from_slice::<CustomerSent>(body) else { return Ok(()) };
    let (Ok(read), Some(sent)) = (sent.typed().read(), document(body)) else { return Ok(()) };
    let days = read.terms_days;
    prop_assert!(days == TERMS_DAYS_USUAL || says(&sent, "terms_days", days.into()), "{days} of {sent}");
    let kept = [Some(read.name), read.code, read.email];
    prop_assert!(kept.iter().flatten().all(|text| is_line(text)), "{kept:?}");
    prop_assert!(!read.address.contains('\0'), "{sent}");
    Ok(())
}

pub fn invoice(body: &[u8]) -> TestCaseResult {
    let Ok(sent) = serde_json::from_slice::<InvoiceSent>(body) else { return Ok(()) };
    let (Ok(read), Some(sent)) = (sent.typed(OWN).read(OWN, TERMS_DAYS_USUAL), document(body)) else { return Ok(()) };
    let (sums, number) = (&read.sums, read.number.as_deref());
    prop_assert!((1..=TOTAL_MAX_MINOR).contains(&sums.total.minor), "{sums:?} of {sent}");
    prop_assert_eq!(sums.net.plus(sums.tax), Ok(sums.total));
    prop_assert!(read.due_date >= read.date && number.is_none_or(is_number), "{read:?}");
    prop_assert!(!read.notes.contains('\0') && read.lines.iter().all(|line| is_line(&line.description)), "{read:?}");
    for (line, said) in read.lines.iter().zip(sent["lines"].as_array().into_iter().flatten()) {
        prop_assert!(says(said, "unit_price_minor", line.unit_price.minor), "{line:?} of {said}");
    }
    Ok(())
}

pub fn payment(body: &[u8]) -> TestCaseResult {
    let Ok(sent) = serde_json::from_slice::<PaymentSent>(body) else { return Ok(()) };
    let today = NaiveDate::from_ymd_opt(2026, 11, 28).unwrap();
    let (Ok(read), Some(sent)) = (sent.typed(OWN).read(DUE, today), document(body)) else { return Ok(()) };
    let is_due = (1..=DUE.minor).contains(&read.amount.minor) && says(&sent, "amount_minor", read.amount.minor);
    prop_assert!(is_due && read.date <= today && is_line(&read.reference), "{read:?} of {sent}");
    Ok(())
}

pub fn credit(body: &[u8]) -> TestCaseResult {
    let Ok(sent) = serde_json::from_slice::<CreditSent>(body) else { return Ok(()) };
    let (Ok(read), Some(sent)) = (sent.typed(OWN).read(DUE, Prices::TaxExcluded), document(body)) else {
        return Ok(());
    };
    let is_due = (1..=DUE.minor).contains(&read.amount.minor) && says(&sent, "amount_minor", read.amount.minor);
    prop_assert!(is_due && is_line(&read.reason), "{read:?} of {sent}");
    Ok(())
}

#[test]
fn f22_spoiled_bodies_of_the_api_are_refused_or_say_what_stands_in_them() {
    type Property = fn(&[u8]) -> TestCaseResult;
    let bodies: [(Property, &str); 4] =
        [(customer, CUSTOMER), (invoice, INVOICE), (payment, PAYMENT), (credit, CREDIT)];
    for (property, whole) in bodies {
        hold(|choices| property(&mangled(whole, choices)));
    }
}

#[test]
fn the_bodies_themselves_are_taken() {
    let session: SessionAsked = serde_json::from_str(SESSION).unwrap();
    assert_eq!(session.read(Currency::USD), Ok(Money::new(125_000, Currency::USD)));
    assert_eq!(host_of(&session.return_url, false).as_deref(), Some("sell.example"));
    let customer: CustomerSent = serde_json::from_str(CUSTOMER).unwrap();
    assert_eq!(customer.typed().read().unwrap().terms_days, 20);
    let invoice: InvoiceSent = serde_json::from_str(INVOICE).unwrap();
    assert_eq!(invoice.typed(OWN).read(OWN, TERMS_DAYS_USUAL).unwrap().sums.total, Money::new(20_500, OWN));
    let payment: PaymentSent = serde_json::from_str(PAYMENT).unwrap();
    let today = NaiveDate::from_ymd_opt(2026, 11, 26).unwrap();
    assert_eq!(payment.typed(OWN).read(DUE, today).unwrap().amount, Money::new(8_300, OWN));
    let credit: CreditSent = serde_json::from_str(CREDIT).unwrap();
    assert_eq!(credit.typed(OWN).read(DUE, Prices::TaxExcluded).unwrap().amount, Money::new(10_000, OWN));
}
