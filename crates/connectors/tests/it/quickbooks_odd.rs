//! QuickBooks Online as it should not be, and the paths that its simulator does not take: documents that others change
//! meanwhile, long lists, faults that come with success.

use crate::{
    stub::{Asked, Reply, Stub, reply},
    toll::Counted,
    world::{aud, delta, http, nobody, payment, posted_refund, quickbooks, quickbooks_config},
};
use chrono::{DateTime, NaiveDate, Utc};
use connectors::books::{
    Books, BooksError, LineAccount, NewInvoice, PostPayment, Posted, RefusedCause, quickbooks::QuickBooks,
};
use domain::invoice::InvoiceStatus;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const REALM: &str = "/v3/company";

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 7, 1).unwrap()
}

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-07-02T00:00:00Z").unwrap().to_utc()
}

/// An open invoice as the notes have it, 1,250.00 of which is due.
fn invoice(more: &Value) -> Value {
    let mut document = json!({"Id": "130", "SyncToken": "0", "DocNumber": "1001", "CustomerRef": {"value": "58"},
        "TxnDate": "2026-07-01", "DueDate": "2026-07-15", "TotalAmt": 1250.00, "Balance": 1250.00,
        "CurrencyRef": {"value": "AUD"}, "MetaData": {"LastUpdatedTime": "2026-07-01T04:00:00-07:00"}});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

fn one(kind: &str, document: &Value) -> Reply {
    reply(200, json!({kind: document, "time": "2026-07-01T09:00:00.000-07:00"}))
}

fn found(kind: &str, rows: &[Value]) -> Reply {
    let response = if rows.is_empty() { json!({}) } else { json!({kind: rows, "maxResults": rows.len()}) };
    reply(200, json!({"QueryResponse": response, "time": "2026-07-01T09:00:00.000-07:00"}))
}

fn fault(status: u16, code: &str) -> Reply {
    let error = json!({"Message": "A message", "Detail": "A detail", "code": code, "element": ""});
    reply(
        status,
        json!({"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "2026-07-01T09:00:00.000-07:00"}),
    )
}

async fn books(script: impl IntoIterator<Item = Reply>) -> (QuickBooks, Stub) {
    let stub = Stub::start(script).await;
    (quickbooks(&stub.url, "token", now()), stub)
}

fn posting() -> PostPayment {
    PostPayment { amount: aud(125_000), ..payment("130", 1, day(), 1) }
}

fn our_payment(more: &Value) -> Value {
    let mut document = json!({"Id": "145", "SyncToken": "0", "TotalAmt": 1250.00, "UnappliedAmt": 0,
        "PaymentRefNum": "ch_1", "PrivateNote": "ch_1 for 130", "DepositToAccountRef": {"value": "92"}});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

/// Of the parameters in an address, which a POST has too.
fn param(asked: &Asked, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("http://stub.test{}", asked.uri)).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Method and last part of each path.
fn steps(stub: &Stub) -> Vec<String> {
    let step = |asked: &Asked| {
        let path = asked.uri.path();
        assert!(path.starts_with(REALM) && param(asked, "minorversion").as_deref() == Some("75"), "{}", asked.uri);
        let (_, rest) = path[REALM.len() + 1..].split_once('/').unwrap();
        format!("{} {rest}", asked.method)
    };
    stub.asked().iter().map(step).collect()
}

async fn posted(answer: Reply) -> Result<Posted, BooksError> {
    books([one("Invoice", &invoice(&json!({}))), answer]).await.0.post_payment(&posting()).await
}

#[tokio::test]
async fn d30_a_payment_says_all_that_the_notes_ask_for() {
    let (books, stub) = books([one("Invoice", &invoice(&json!({}))), one("Payment", &our_payment(&json!({})))]).await;
    let posted = books.post_payment(&posting()).await.unwrap();
    assert_eq!(posted.invoice.map(|invoice| (invoice.status, invoice.due)), Some((InvoiceStatus::Paid, aud(0))));
    assert_eq!(steps(&stub), ["GET invoice/130", "POST payment"]);
    let asked = &stub.asked()[1];
    assert!((1..=50).contains(&param(asked, "requestid").unwrap().len()));
    assert_eq!((asked.header("authorization"), asked.header("accept")), ("Bearer token", "application/json"));
    assert!(asked.body.contains(r#""TotalAmt":1250.00,"#), "no float has written it: {}", asked.body);
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    let line = r#""Line":[{"Amount":1250.00,"LinkedTxn":[{"TxnId":"130","TxnType":"Invoice"}]}]"#;
    assert!(asked.body.contains(line), "{}", asked.body);
    assert_eq!((&body["CustomerRef"]["value"], &body["TxnDate"]), (&json!("58"), &json!("2026-07-01")));
    assert_eq!((&body["PaymentRefNum"], &body["PrivateNote"]), (&json!("ch_1"), &json!("ch_1 for 130")));
}

#[tokio::test]
async fn d30_what_cannot_be_trusted_is_unreachable_for_a_read_and_unknown_for_a_write() {
    for script in [
        reply(200, ""),
        reply(200, "<html>captive portal</html>"),
        reply(200, r#"{"Payment":{"Id""#),
        reply(200, r#"{"Payment":{}}"#).torn(),
        reply(200, "{}"),
        reply(302, ""),
        reply(500, ""),
        fault(503, "10000"),
        fault(400, "600"),
    ] {
        let outcome = books([script.clone()]).await.0.invoice("130").await;
        assert!(matches!(outcome, Err(BooksError::Unreachable(_))), "{script:?} gave {outcome:?}");
        let outcome = posted(script.clone()).await;
        assert!(matches!(outcome, Err(BooksError::Unknown(_))), "{script:?} gave {outcome:?}");
    }
    let nameless = posted(reply(200, r#"{"Payment":{"TotalAmt":1250.00}}"#)).await;
    assert!(matches!(nameless, Err(BooksError::Unknown(_))), "no id is no proof: {nameless:?}");
    let down = quickbooks(&nobody().await, "token", now());
    assert!(matches!(down.post_payment(&posting()).await, Err(BooksError::Unreachable(_))), "nothing was sent");
}

#[tokio::test]
async fn d30_a_fault_that_comes_with_success_is_a_refusal() {
    let refused = posted(fault(200, "6210")).await;
    assert!(matches!(refused, Err(BooksError::Refused { cause: RefusedCause::PeriodLocked, .. })), "{refused:?}");
    let linked = posted(fault(400, "620")).await;
    assert!(matches!(linked, Err(BooksError::Refused { cause: RefusedCause::NotAwaitingPayment, .. })), "{linked:?}");
}

#[tokio::test]
async fn d9_a_document_that_others_have_changed_is_read_and_judged_once_more() {
    let paying =
        one("Invoice", &invoice(&json!({"Balance": 0, "LinkedTxn": [{"TxnId": "145", "TxnType": "Payment"}]})));
    let ours = |version: &str| one("Payment", &our_payment(&json!({"SyncToken": version})));
    let void = one("Payment", &our_payment(&json!({"TotalAmt": 0, "PrivateNote": "Voided ch_1 for 130"})));
    let owed = one("Invoice", &invoice(&json!({})));
    let script = [paying.clone(), ours("0"), ours("0"), fault(400, "5010"), ours("1"), void.clone(), owed];
    let (books_, stub) = books(script).await;
    let owed = books_.take_back_payment(&posting()).await.unwrap().unwrap();
    assert_eq!((owed.status, owed.due), (InvoiceStatus::Open, aud(125_000)));
    let asked = stub.asked();
    let [first, second] = [&asked[3], &asked[5]];
    assert_eq!(first.uri.query().unwrap().matches("operation=update&include=void").count(), 1);
    assert_eq!(
        serde_json::from_str::<Value>(&first.body).unwrap(),
        json!({"Id": "145", "SyncToken": "0", "sparse": true})
    );
    assert!(second.body.contains(r#""SyncToken":"1""#), "{}", second.body);
    assert_ne!(param(first, "requestid"), param(second, "requestid"), "a refusal is not asked for again");

    // Whoever was faster has voided it.
    let (books_, stub) =
        books([paying.clone(), ours("0"), ours("0"), fault(400, "5010"), void, one("Invoice", &invoice(&json!({})))])
            .await;
    books_.take_back_payment(&posting()).await.unwrap();
    assert_eq!(steps(&stub).iter().filter(|step| *step == "POST payment").count(), 1);

    let stale = || fault(400, "5010");
    let (books_, _) = books([paying, ours("0"), ours("0"), stale(), ours("1"), stale()]).await;
    let busy = books_.take_back_payment(&posting()).await;
    assert!(matches!(busy, Err(BooksError::Unreachable(_))), "later: {busy:?}");
}

#[tokio::test]
async fn d9_a_payment_in_a_bank_deposit_is_left_to_a_person() {
    let paying =
        one("Invoice", &invoice(&json!({"Balance": 0, "LinkedTxn": [{"TxnId": "145", "TxnType": "Payment"}]})));
    let ours = one("Payment", &our_payment(&json!({})));
    let (books, _) = books([paying, ours.clone(), ours, fault(400, "6540")]).await;
    let refused = books.take_back_payment(&posting()).await;
    assert!(matches!(refused, Err(BooksError::Refused { cause: RefusedCause::Other, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_person_may_have_cut_a_reference_off_or_noted_it_alone() {
    let long = "pi_3MtwBwLkdIwHu7ix28a3tqPa";
    let paying =
        one("Invoice", &invoice(&json!({"Balance": 0, "LinkedTxn": [{"TxnId": "145", "TxnType": "Payment"}]})));
    for (number, note, is_found) in [
        (&long[..21], None, true),
        ("", Some("card pi_3MtwBwLkdIwHu7ix28a3tqPa"), true),
        (&long[..21], Some("pi_3MtwBwLkdIwHu7ix28OTHER"), false),
        ("4711", None, false),
    ] {
        let entered = our_payment(&json!({"PaymentRefNum": number, "PrivateNote": note}));
        let (books, _) = books([paying.clone(), one("Payment", &entered), found("Payment", &[])]).await;
        let looked = PostPayment { reference: long.into(), ..posting() };
        assert_eq!(books.find_payment(&looked).await.unwrap().is_some(), is_found, "{number} {note:?}");
    }
}

/// A thousand invoices of one moment.
fn thousand(from: usize, at: &str) -> Vec<Value> {
    let of = |n: usize| {
        invoice(&json!({"Id": n.to_string(), "DocNumber": n.to_string(), "MetaData": {"LastUpdatedTime": at}}))
    };
    (from..from + 1000).map(of).collect()
}

#[tokio::test]
async fn a_list_goes_on_from_what_was_changed_last_and_counts_on_within_a_moment() {
    let (first, later) = ("2026-07-01T01:00:00-07:00", "2026-07-01T02:00:00-07:00");
    let customer =
        json!({"Id": "58", "DisplayName": "Contoso Dental", "PrimaryEmailAddr": {"Address": "ap@contoso.example"}});
    let last = [invoice(&json!({"Id": "9001"}))];
    let (books, stub) = books([
        found("Customer", &[customer]),
        found("Invoice", &thousand(1000, first)),
        found("Invoice", &thousand(1500, later)),
        found("Invoice", &thousand(1500, later)),
        found("Invoice", &last),
    ])
    .await;
    let changes = delta(&books, None).await.unwrap();
    let ids: BTreeSet<_> = changes.invoices.iter().map(|invoice| &invoice.external_id).collect();
    assert_eq!((changes.customers.len(), ids.len()), (1, 1501));
    assert!(changes.deletions_told, "of what was deleted before, nothing is known here");
    assert_eq!(changes.cursor, "2026-07-01T15:59:00+00:00", "when they answered first, and a minute");
    let sentences: Vec<_> = stub.asked().iter().skip(1).map(|asked| param(asked, "query").unwrap()).collect();
    let from = |at: &str, start: u32| {
        format!(
            "SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime >= '{at}' ORDERBY MetaData.LastUpdatedTime STARTPOSITION {start} MAXRESULTS 1000"
        )
    };
    assert_eq!(sentences[1..], [from(first, 1), from(later, 1), from(later, 1001)]);
}

#[tokio::test]
async fn more_than_is_told_at_once_is_listed_and_all_that_is_open_by_itself() {
    let captured = json!({"CDCResponse": [{"QueryResponse": [{}, {"Invoice": thousand(1000, "2026-07-01T01:00:00-07:00")}]}],
        "time": "2026-07-01T05:00:00.000-07:00"});
    let paid = invoice(&json!({"Id": "7", "Balance": 0}));
    let open = thousand(1000, "2026-07-01T01:00:00-07:00");
    let script = [
        reply(200, captured),
        found("Customer", &[]),
        found("Invoice", &[paid]),
        found("Invoice", &open),
        found("Invoice", &[invoice(&json!({}))]),
    ];
    let (books, stub) = books(script).await;
    let since = "2026-06-30T00:00:00+00:00";
    let changes = delta(&books, Some(since)).await.unwrap();
    assert_eq!((changes.invoices[0].external_id.as_str(), changes.invoices[0].status), ("7", InvoiceStatus::Paid));
    assert!(!changes.deletions_told && changes.gone.is_empty());
    let first = books.open_invoices(None).await.unwrap();
    let second = books.open_invoices(first.next.as_deref()).await.unwrap();
    assert_eq!((first.invoices.len(), second.invoices.len(), second.next), (1000, 1, None));
    assert_eq!(steps(&stub), ["GET cdc", "GET query", "GET query", "GET query", "GET query"]);
    let sentences: Vec<_> = stub.asked().iter().skip(1).map(|asked| param(asked, "query").unwrap()).collect();
    assert!(sentences[1].contains(&format!("LastUpdatedTime >= '{since}'")), "{sentences:?}");
    assert!(sentences[2].contains("WHERE Balance > '0' ORDERBY"), "{sentences:?}");
    assert!(sentences[3].contains("Balance > '0' AND MetaData.LastUpdatedTime >= '2026-07-01T01:00:00-07:00'"));
}

#[tokio::test]
async fn rows_that_are_counted_and_not_there_are_no_empty_list() {
    for odd in
        [json!({"QueryResponse": {"maxResults": 2}}), json!({"time": "x"}), json!({"CDCResponse": [{"Fault": {}}]})]
    {
        let (books, _) = books([reply(200, &odd)]).await;
        let looked = books.payments_since(now()).await;
        assert!(matches!(looked, Err(BooksError::Unreachable(_))), "{odd}: {looked:?}");
    }
}

#[tokio::test]
async fn g22_what_would_come_to_more_than_was_meant_is_taken_out_again() {
    let new = NewInvoice {
        idempotency_key: "pay-1-invoice".into(),
        number: "SC-1".into(),
        customer_external_id: "58".into(),
        amount: aud(1_807),
        date: day(),
        description: "Surcharge on payment PAY-1".into(),
        reference: None,
        account: LineAccount::Named("31".into()),
        tax: Some("5".into()),
    };
    for made in [json!({"DocNumber": "SC-1", "TotalAmt": 19.88}), json!({"DocNumber": "1043", "TotalAmt": 18.07})] {
        let made = one("Invoice", &invoice(&made));
        let deleted = one("Invoice", &json!({"domain": "QBO", "status": "Deleted", "Id": "130"}));
        let (books, stub) = books([found("Invoice", &[]), made.clone(), made, deleted]).await;
        assert!(matches!(books.raise_invoice(&new).await, Err(BooksError::Refused { .. })));
        assert_eq!(steps(&stub), ["GET query", "POST invoice", "GET invoice/130", "POST invoice"]);
        assert_eq!(param(&stub.asked()[3], "operation").as_deref(), Some("delete"));
    }
    let ours = invoice(&json!({"DocNumber": "SC-1", "TotalAmt": 18.07, "Balance": 18.07}));
    let (books_, _) =
        books([found("Invoice", &[]), fault(400, "6140"), found("Invoice", std::slice::from_ref(&ours))]).await;
    assert_eq!(books_.raise_invoice(&new).await.unwrap().external_id, "130", "somebody as fast has raised it");
    let (books_, _) = books([found("Invoice", &[]), fault(400, "6140"), found("Invoice", &[])]).await;
    assert!(matches!(books_.raise_invoice(&new).await, Err(BooksError::Refused { .. })));
}

#[tokio::test]
async fn g41_a_receipt_that_comes_to_something_else_is_taken_out_again() {
    let line = json!({"Amount": 1250.00, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "31"}}});
    let sale = one("Invoice", &invoice(&json!({"Line": [line]})));
    let receipt = one("RefundReceipt", &json!({"Id": "160", "SyncToken": "0", "TotalAmt": 22.00}));
    let deleted = one("RefundReceipt", &json!({"domain": "QBO", "status": "Deleted", "Id": "160"}));
    let (books, stub) = books([found("RefundReceipt", &[]), sale, receipt.clone(), receipt, deleted]).await;
    let mut refund = posted_refund("130", 2_000, day(), 1);
    refund.amount = aud(2_000);
    let refused = books.post_refund(&refund).await;
    let Err(BooksError::Refused { message, .. }) = &refused else { panic!("not refused: {refused:?}") };
    assert!(message.contains("RF-1 comes to 22") && message.contains("20.00 was paid back"), "{message}");
    let steps = steps(&stub);
    assert_eq!(steps[1..], ["GET invoice/130", "POST refundreceipt", "GET refundreceipt/160", "POST refundreceipt"]);
    let sent: Value = serde_json::from_str(&stub.asked()[2].body).unwrap();
    assert_eq!((&sent["DocNumber"], &sent["PrivateNote"]), (&json!("RF-1"), &json!("RF-1 re_1")));
}

#[tokio::test]
async fn n6_each_request_passes_the_toll_and_a_payment_that_may_not_is_not_sent() {
    for (passes, sent) in [(0, 0), (1, 1)] {
        let stub = Stub::start([one("Invoice", &invoice(&json!({})))]).await;
        let mut config = quickbooks_config(&stub.url, "token", now());
        config.toll = Counted::for_so_many(passes);
        let outcome = QuickBooks::new(http(), config).post_payment(&posting()).await;
        assert!(matches!(outcome, Err(BooksError::NotNow { .. })), "nobody need look for it: {outcome:?}");
        assert_eq!(stub.asked().len(), sent);
    }
    let stub = Stub::start([fault(429, "003001"), one("Invoice", &invoice(&json!({})))]).await;
    let (mut config, toll) = (quickbooks_config(&stub.url, "token", now()), Counted::for_so_many(2));
    config.toll = toll.clone();
    let books = QuickBooks::new(http(), config);
    assert!(matches!(books.invoice("130").await, Err(BooksError::Busy { .. })));
    assert!(books.invoice("130").await.is_ok());
    let refused: Vec<_> = toll.heard().iter().map(|said| said.refused.is_some()).collect();
    assert_eq!(refused, [true, false], "whoever counts hears that there were too many");
}

#[test]
fn no_debug_output_holds_a_token() {
    let shown = format!("{:?}", quickbooks("https://quickbooks.api.intuit.com", "secret-token", now()));
    assert!(shown.contains("quickbooks.api.intuit.com") && !shown.contains("secret-token"), "{shown}");
}
