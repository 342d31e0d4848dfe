//! Xero as it should not be, and the paths that its simulator does not take: broken answers, nulls, documents of
//! tomorrow, pages that move.

use crate::{
    stub::{Reply, Stub, reply},
    toll::Counted,
    world::{delta, http, nobody, payment, usd, xero, xero_config},
};
use chrono::{DateTime, NaiveDate, TimeDelta};
use connectors::books::{Books, BooksError, Posted, RefusedCause, oauth, xero::Xero};
use domain::{
    invoice::{BooksInvoice, InvoiceStatus},
    money::Money,
};
use serde_json::{Value, json, value::RawValue};
use std::time::Duration;

const ID: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const OTHER: &str = "aaaaaaaa-0000-4000-8000-000000000002";
const CONTACT: &str = "c0000000-0000-4000-8000-000000000042";

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 7, 1).unwrap()
}

/// An open invoice; amounts are written as Xero writes them, trailing zeros and all.
fn document(id: &str, more: Value) -> Value {
    let amount = RawValue::from_string("1204.5000".to_owned()).unwrap();
    let mut document = json!({"Type": "ACCREC", "InvoiceID": id, "InvoiceNumber": "INV-501",
        "Contact": {"ContactID": CONTACT, "Name": "Acme"}, "Date": "/Date(1782864000000+0000)/",
        "DueDate": "/Date(1784073600000+0000)/", "DateString": "2026-07-01T00:00:00", "Status": "AUTHORISED",
        "CurrencyCode": "USD", "Total": amount, "AmountDue": amount, "Payments": [], "Reference": null,
        "UpdatedDateUTC": "/Date(1782864005000+0000)/"});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

fn invoices(documents: &[Value]) -> Reply {
    reply(200, json!({"Id": "x", "Status": "OK", "DateTimeUTC": "/Date(1782864600123)/", "Invoices": documents}))
}

fn contacts(pages: u32, documents: &[Value]) -> Reply {
    let paging = json!({"page": 1, "pageSize": 1000, "pageCount": pages, "itemCount": 1});
    reply(200, json!({"DateTimeUTC": "/Date(1782864600123)/", "pagination": paging, "Contacts": documents}))
}

async fn books(script: impl IntoIterator<Item = Reply>) -> (Xero, Stub) {
    let stub = Stub::start(script).await;
    (xero(&stub.url, "token"), stub)
}

async fn read(document: Value) -> Result<BooksInvoice, BooksError> {
    books([invoices(&[document])]).await.0.invoice(ID).await
}

async fn posted(answer: Reply) -> Result<Posted, BooksError> {
    books([answer]).await.0.post_payment(&payment(ID, 120_450, day(), 1)).await
}

#[tokio::test]
async fn s65_an_invoice_is_read_to_the_cent() {
    let read_ = read(document(ID, json!({}))).await.unwrap();
    assert_eq!((read_.total, read_.due), (usd(120_450), usd(120_450)));
    assert_eq!((read_.date, read_.due_date), (day(), NaiveDate::from_ymd_opt(2026, 7, 15).unwrap()));
    assert_eq!((read_.number.as_str(), read_.customer_external_id.as_str()), ("INV-501", CONTACT));
    for (decimal, currency, minor) in [("1204", "JPY", 1204), ("0.125", "KWD", 125), ("0.00", "AUD", 0)] {
        let amount = RawValue::from_string(decimal.to_owned()).unwrap();
        let read_ = read(document(ID, json!({"AmountDue": amount, "Total": amount, "CurrencyCode": currency}))).await;
        assert_eq!(read_.unwrap().due, Money::new(minor, currency.parse().unwrap()));
    }
}

#[tokio::test]
async fn each_status_of_the_books_has_its_meaning() {
    for (status, expected) in [
        ("DRAFT", InvoiceStatus::Draft),
        ("SUBMITTED", InvoiceStatus::Draft),
        ("AUTHORISED", InvoiceStatus::Open),
        ("PAID", InvoiceStatus::Paid),
        ("VOIDED", InvoiceStatus::Void),
        ("DELETED", InvoiceStatus::Void),
        ("FROZEN_SINCE_2031", InvoiceStatus::Draft),
    ] {
        assert_eq!(read(document(ID, json!({"Status": status}))).await.unwrap().status, expected, "{status}");
    }
    let draft = read(document(ID, json!({"Status": "DRAFT", "DueDate": null, "InvoiceNumber": null}))).await.unwrap();
    assert_eq!((draft.due_date, draft.number.as_str()), (day(), ""), "null counts as absent");
    assert!(matches!(read(document(ID, json!({"Type": "ACCPAY"}))).await, Err(BooksError::NotFound)), "a bill");
}

#[tokio::test]
async fn d11_an_amount_that_is_not_exact_is_no_amount() {
    for odd in [
        json!({"AmountDue": 1.005}),
        json!({"AmountDue": null}),
        json!({"CurrencyCode": "BTC"}),
        json!({"Total": "12"}),
    ] {
        let outcome = read(document(ID, odd.clone())).await;
        assert!(matches!(outcome, Err(BooksError::Unreachable(_))), "{odd} gave {outcome:?}");
    }
}

#[tokio::test]
async fn d30_what_cannot_be_trusted_is_unreachable_for_a_read_and_unknown_for_a_write() {
    for script in [
        reply(200, ""),
        reply(200, "<html>captive portal</html>"),
        reply(200, r#"{"Invoices":[{"#),
        reply(200, r#"{"Invoices":[]}"#).torn(),
        reply(302, ""),
        reply(500, ""),
        reply(503, "The Organisation is offline"),
    ] {
        let outcome = books([script.clone()]).await.0.invoice(ID).await;
        assert!(matches!(outcome, Err(BooksError::Unreachable(_))), "{script:?} gave {outcome:?}");
        let outcome = posted(script.clone()).await;
        assert!(matches!(outcome, Err(BooksError::Unknown(_))), "{script:?} gave {outcome:?}");
    }
    for empty in [r#"{"Payments":[]}"#, r#"{"Payments":[{"Status":"AUTHORISED"}]}"#] {
        assert!(matches!(posted(reply(200, empty)).await, Err(BooksError::Unknown(_))), "no id is no proof");
    }
    let down = xero(&nobody().await, "token");
    assert!(matches!(down.invoice(ID).await, Err(BooksError::Unreachable(_))));
    let unsent = down.post_payment(&payment(ID, 1, day(), 1)).await;
    assert!(matches!(unsent, Err(BooksError::Unreachable(_))), "nothing was sent: {unsent:?}");
}

#[tokio::test]
async fn s57_a_document_is_a_pdf_of_ten_megabytes_at_most_or_it_is_not_passed_on() {
    let called = |kind, body: &str| reply(200, body).header("content-type", kind);
    let pdf = |body: &str| called("application/pdf", body);
    let largest = format!("%PDF-1.7{}", " ".repeat(10 * 1024 * 1024 - 8));
    for body in ["%PDF-1.7", &largest] {
        let (xero, stub) = books([pdf(body)]).await;
        assert!(xero.invoice_pdf(ID).await.unwrap() == body.as_bytes());
        let asked = &stub.asked()[0];
        assert_eq!((asked.line(), asked.header("accept")), (format!("GET /Invoices/{ID}"), "application/pdf"));
    }
    for (what, answer) in [
        ("no type", reply(200, "%PDF-1.7")),
        ("another type", called("text/html", "%PDF-1.7")),
        ("the invoice as data", invoices(&[document(ID, json!({}))]).header("content-type", "application/json")),
        ("another document", pdf("<html>captive portal</html>")),
        ("nothing", pdf("")),
        ("too large", pdf(&format!("{largest} "))),
        ("broken off", pdf("%PDF-1.7").torn()),
        ("a redirect", reply(302, "")),
        ("a failure", reply(503, "The Organisation is offline")),
    ] {
        let outcome = books([answer]).await.0.invoice_pdf(ID).await;
        assert!(matches!(outcome, Err(BooksError::Unreachable(_))), "{what}");
    }
    let deleted = books([reply(404, "")]).await.0.invoice_pdf(ID).await;
    assert!(matches!(deleted, Err(BooksError::NotFound)));
}

#[tokio::test]
async fn d30_a_200_that_refuses_the_element_is_a_refusal() {
    let said = json!({"Payments": [{"PaymentID": ID, "StatusAttributeString": "ERROR",
        "ValidationErrors": [{"Message": "Payment amount exceeds the amount outstanding on this document"}]}]});
    let outcome = posted(reply(200, said)).await;
    assert!(matches!(outcome, Err(BooksError::Refused { cause: RefusedCause::MoreThanDue, .. })), "{outcome:?}");
}

#[tokio::test]
async fn throttled_says_how_long() {
    let outcome = posted(reply(429, "").header("retry-after", "37").header("x-rate-limit-problem", "minute")).await;
    assert!(matches!(outcome, Err(BooksError::Busy { after: Some(after) }) if after == Duration::from_secs(37)));
    let outcome = books([reply(429, "")]).await.0.invoice(ID).await;
    assert!(matches!(outcome, Err(BooksError::Busy { after: None })), "too many at once has no time");
}

#[tokio::test]
async fn an_id_or_number_that_xero_cannot_know_is_not_sent() {
    let (xero, stub) = books([]).await;
    for id in ["", "INV-501", "../Contacts", "aaaaaaaa-0000-4000-8000-00000000000?"] {
        assert!(matches!(xero.invoice(id).await, Err(BooksError::NotFound)), "{id}");
        assert!(matches!(xero.invoice_pdf(id).await, Err(BooksError::NotFound)), "{id}");
        assert!(matches!(xero.post_payment(&payment(id, 1, day(), 1)).await, Err(BooksError::NotFound)), "{id}");
    }
    for number in [String::new(), "9".repeat(256), "9".repeat(64 * 1024)] {
        assert!(matches!(xero.invoice_by_number(&number).await, Err(BooksError::NotFound)));
    }
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn a_number_is_matched_whole_and_a_deleted_draft_gives_way() {
    let bill = document(OTHER, json!({"Type": "ACCPAY"}));
    let longer = document(OTHER, json!({"InvoiceNumber": "INV-5011"}));
    let (xero, stub) = books([invoices(&[bill.clone(), longer.clone()])]).await;
    assert!(matches!(xero.invoice_by_number("INV-501").await, Err(BooksError::NotFound)));
    assert_eq!(stub.asked()[0].param("InvoiceNumbers").as_deref(), Some("INV-501"));
    let deleted = document(OTHER, json!({"Status": "DELETED"}));
    let (xero, _) = books([invoices(&[bill, deleted, document(ID, json!({})), longer])]).await;
    assert_eq!(xero.invoice_by_number("INV-501").await.unwrap().external_id, ID);
    let odd = r#"a"b,c&d=e %"#;
    let (xero, stub) = books([invoices(&[document(ID, json!({"InvoiceNumber": odd}))])]).await;
    assert_eq!(xero.invoice_by_number(odd).await.unwrap().number, odd);
    assert_eq!(stub.asked()[0].param("InvoiceNumbers").as_deref(), Some(odd));
}

#[tokio::test]
async fn d30_a_posting_is_found_by_its_reference_even_when_the_copy_leaves_it_out() {
    let ours = |n| payment(ID, 5, day(), n);
    let copies = json!({"Payments": [{"PaymentID": OTHER, "Reference": "ch_9"}, {"PaymentID": ID}]});
    let whole = |reference: &str, status: &str| {
        reply(200, json!({"Payments": [{"PaymentID": ID, "Reference": reference, "Status": status}]}))
    };
    for (reference, status, found) in
        [("ch_1", "AUTHORISED", true), ("ch_1", "DELETED", false), ("ch_2", "AUTHORISED", false)]
    {
        let (xero, stub) = books([invoices(&[document(ID, copies.clone())]), whole(reference, status)]).await;
        let posted = xero.find_payment(&ours(1)).await.unwrap();
        assert_eq!(posted.is_some_and(|p| p.external_id == ID && p.invoice.is_some()), found, "{reference} {status}");
        assert_eq!(stub.lines()[1], format!("GET /Payments/{ID}"));
    }
    let whole = json!({"PaymentID": OTHER, "Reference": "ch_9", "Status": "AUTHORISED", "Amount": 0.05});
    let (xero, stub) = books([invoices(&[document(ID, copies)]), reply(200, json!({"Payments": [whole]}))]).await;
    assert_eq!(xero.find_payment(&ours(9)).await.unwrap().unwrap().external_id, OTHER);
    assert_eq!(stub.lines()[1], format!("GET /Payments/{OTHER}"), "the copy alone does not say whether it stands");
    let (xero, _) = books([invoices(&[document(ID, json!({"Payments": null}))])]).await;
    assert_eq!(xero.find_payment(&ours(1)).await.unwrap(), None);
}

#[tokio::test]
async fn the_clearing_account_may_be_named_by_id_or_code() {
    for (account, key) in [("825", "Code"), ("99999999-0000-4000-8000-000000000825", "AccountID")] {
        let stub = Stub::start([]).await;
        let mut config = xero_config(&stub.url, "token");
        config.clearing_account = account.to_owned();
        let _ = Xero::new(http(), config).post_payment(&payment(ID, 5, day(), 1)).await;
        let body: Value = serde_json::from_str(&stub.asked()[0].body).unwrap();
        assert_eq!(body["Payments"][0]["Account"], json!({key: account}));
        assert_eq!(body["Payments"][0]["Date"], "2026-07-01");
    }
}

#[tokio::test]
async fn a_delta_reads_all_pages_and_never_moves_its_cursor_past_what_it_read() {
    let contact = |n: u32, ms: i64| json!({"ContactID": format!("c-{n}"), "Name": "N", "UpdatedDateUTC": format!("/Date({ms}+0000)/")});
    // The first answer left Xero at 00:10:00.123; something changed while we were reading.
    let late = document(ID, json!({"UpdatedDateUTC": "/Date(1782865000000+0000)/"}));
    let (xero, stub) = books([
        contacts(2, &[contact(1, 1_782_864_000_000)]),
        contacts(1, &[contact(2, 1_782_864_005_000)]),
        invoices(&[late, document(OTHER, json!({"CurrencyCode": "BTC"})), document(OTHER, json!({"Type": "ACCPAY"}))]),
    ])
    .await;
    let changes = delta(&xero, Some("2026-06-30T00:00:00Z")).await.unwrap();
    assert_eq!(changes.cursor, "2026-07-01T00:09:00Z");
    assert_eq!((changes.customers.len(), changes.invoices.len()), (2, 1), "one odd invoice does not stop the others");
    let asked = stub.asked();
    let pages: Vec<_> = asked.iter().map(|asked| (asked.header("if-modified-since"), asked.param("page"))).collect();
    let first = Some("1".to_owned());
    let from_the_last = ("2026-06-30T23:59:59Z", first.clone());
    assert_eq!(pages, [("2026-06-30T00:00:00Z", first.clone()), from_the_last, ("2026-06-30T00:00:00Z", first)]);
    assert!(asked.iter().all(|asked| asked.param("order").as_deref() == Some("UpdatedDateUTC ASC")));
}

#[tokio::test]
async fn s96_more_than_a_page_of_one_moment_is_read_by_ids() {
    let imported = document(ID, json!({"UpdatedDateUTC": "/Date(1782864005000+0000)/"}));
    let page = |pages: u32| {
        let paging = json!({"page": 1, "pageSize": 1000, "pageCount": pages, "itemCount": 2500});
        reply(200, json!({"DateTimeUTC": "/Date(1782864600123)/", "pagination": paging, "Invoices": [imported]}))
    };
    let script = [contacts(1, &[]), page(3), page(3), page(3), page(3), page(3)];
    let (xero, stub) = books(script).await;
    let changes = delta(&xero, None).await.unwrap();
    assert_eq!((changes.invoices.len(), changes.cursor.as_str()), (5, "2026-06-30T23:59:05Z"));
    let asked = stub.asked();
    let orders: Vec<_> = asked.iter().skip(1).map(|a| (a.param("order").unwrap(), a.param("page").unwrap())).collect();
    let order = |by: &str, page: &str| (format!("{by} ASC"), page.to_owned());
    let by_id = ["1", "2", "3"].map(|page| order("InvoiceID", page));
    assert_eq!(orders[..2], [order("UpdatedDateUTC", "1"), order("UpdatedDateUTC", "1")]);
    assert_eq!(orders[2..], by_id, "in an order in which nothing moves forward");
}

#[tokio::test]
async fn a_delta_without_changes_keeps_its_cursor_and_the_first_one_reads_everything() {
    let (xero, stub) = books([contacts(0, &[]), invoices(&[]), contacts(0, &[]), invoices(&[])]).await;
    assert_eq!(delta(&xero, Some("2026-06-30T00:00:00Z")).await.unwrap().cursor, "2026-06-30T00:00:00Z");
    assert_eq!(delta(&xero, None).await.unwrap().cursor, "1970-01-01T00:00:00Z");
    assert!(stub.asked()[2].headers.get("if-modified-since").is_none());
}

#[tokio::test]
async fn a_customer_is_read_with_what_is_filled_in() {
    let full = json!({"ContactID": CONTACT, "Name": "Acme", "ContactNumber": "ACME", "AccountNumber": "7", "EmailAddress": "a@acme.test", "ContactStatus": "ARCHIVED"});
    let bare = json!({"ContactID": ID, "Name": "Bolt", "ContactNumber": null, "AccountNumber": "BOLT", "EmailAddress": "", "ContactStatus": "ACTIVE"});
    let (xero, _) = books([contacts(1, &[full, bare]), invoices(&[])]).await;
    let [acme, bolt] = delta(&xero, None).await.unwrap().customers.try_into().unwrap();
    assert_eq!((acme.code.as_deref(), acme.email.as_deref(), acme.archived), (Some("ACME"), Some("a@acme.test"), true));
    assert_eq!((bolt.code.as_deref(), bolt.email, bolt.archived), (Some("BOLT"), None, false));
}

async fn refreshed(answer: Reply) -> (Result<connectors::books::TokenSet, BooksError>, Stub) {
    let stub = Stub::start([answer]).await;
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let url = format!("{}/connect/token", stub.url);
    (oauth::refresh(&http(), &url, "id", &"client-secret".into(), &"refresh-1".into(), now).await, stub)
}

#[tokio::test]
async fn a_refresh_brings_both_tokens_and_its_refusals_are_told_apart() {
    let granted = json!({"access_token": "a2", "refresh_token": "r2", "expires_in": 1800, "token_type": "Bearer"});
    let (tokens, stub) = refreshed(reply(200, granted)).await;
    let tokens = tokens.unwrap();
    assert_eq!(tokens.expires_at, DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(30));
    assert!(!format!("{tokens:?}").contains("a2") && !format!("{tokens:?}").contains("r2"));
    let asked = &stub.asked()[0];
    assert_eq!(asked.body, "grant_type=refresh_token&refresh_token=refresh-1");
    assert_eq!(asked.header("authorization"), "Basic aWQ6Y2xpZW50LXNlY3JldA==");
    for gone in ["invalid_grant", "invalid_client"] {
        let gone = refreshed(reply(400, json!({ "error": gone }))).await.0;
        assert!(matches!(gone, Err(BooksError::Disconnected(_))), "{gone:?}");
    }
    for broken in [reply(200, "{}"), reply(500, ""), reply(400, "<html>"), reply(200, "").torn()] {
        assert!(matches!(refreshed(broken).await.0, Err(BooksError::Unreachable(_))), "it may be tried again");
    }
}

#[test]
fn no_debug_output_holds_a_token() {
    let shown = format!("{:?} {:?}", xero_config("https://api.xero.com", "secret-token"), xero("x", "secret-token"));
    assert!(shown.contains("api.xero.com") && !shown.contains("secret-token"), "{shown}");
}

#[tokio::test]
async fn n6_each_request_passes_the_toll_and_what_may_not_is_not_sent() {
    let answer = |left: &'static str| contacts(3, &[]).header("x-minlimit-remaining", left);
    let stub = Stub::start([answer("59"), answer("58")]).await;
    let toll = Counted::for_so_many(2);
    let mut config = xero_config(&stub.url, "token");
    config.toll = toll.clone();
    let outcome = delta(&Xero::new(http(), config), None).await;
    assert!(matches!(outcome, Err(BooksError::NotNow { .. })), "{outcome:?}");
    assert_eq!(stub.asked().len(), 2, "the third page was not asked for");
    let heard: Vec<_> = toll.heard().iter().map(|said| said.minute_left).collect();
    assert_eq!(heard, [Some(59), Some(58)]);
}
