//! What QuickBooks Online answers, in our words: the answers are those of `wire/accounting.md`, 2.

use crate::{
    stub::{Stub, reply},
    world::{Delta, aud, delta, quickbooks},
};
use chrono::{DateTime, NaiveDate, Utc};
use connectors::books::{Books, BooksError};
use domain::{
    invoice::{BooksInvoice, InvoiceStatus},
    money::{Currency, Money},
};

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-07-02T00:00:00Z").unwrap().to_utc()
}

/// Text, so that amounts stand there as they are written.
async fn read(fields: &str) -> Result<BooksInvoice, BooksError> {
    let answer = format!(
        r#"{{"Invoice":{{"Id":"130","SyncToken":"0","DocNumber":"1037","CustomerRef":{{"value":"58","name":"Contoso Dental"}},"TxnDate":"2026-07-01",{fields}}},"time":"2026-07-01T09:00:00.000-07:00"}}"#
    );
    let stub = Stub::start([reply(200, answer)]).await;
    quickbooks(&stub.url, "token", now()).invoice("130").await
}

#[tokio::test]
async fn s65_an_invoice_is_read_to_the_cent() {
    let whole = read(r#""TotalAmt":1250.00,"Balance":1204.5,"DueDate":"2026-07-15""#).await.unwrap();
    assert_eq!((whole.total, whole.due), (aud(125_000), aud(120_450)), "books in one currency do not name it");
    let day = |day| NaiveDate::from_ymd_opt(2026, 7, day).unwrap();
    assert_eq!((whole.date, whole.due_date), (day(1), day(15)));
    assert_eq!((whole.number.as_str(), whole.customer_external_id.as_str()), ("1037", "58"));
    for (amount, currency, minor) in
        [("1204", "JPY", 1204), ("0.125", "KWD", 125), ("0", "USD", 0), ("7.10000", "USD", 710)]
    {
        let fields = format!(r#""TotalAmt":{amount},"Balance":{amount},"CurrencyRef":{{"value":"{currency}"}}"#);
        let read = read(&fields).await.unwrap();
        assert_eq!(read.due, Money::new(minor, currency.parse::<Currency>().unwrap()), "{amount} {currency}");
        assert_eq!(read.due_date, read.date, "only what has a value is told");
    }
}

#[tokio::test]
async fn d11_an_amount_that_is_not_exact_is_no_amount() {
    for odd in [
        r#""TotalAmt":1.005,"Balance":0"#,
        r#""TotalAmt":1,"Balance":null"#,
        r#""TotalAmt":"1","Balance":"1""#,
        r#""TotalAmt":1e3,"Balance":1e3"#,
        r#""TotalAmt":1,"Balance":1,"CurrencyRef":{"value":"BTC"}"#,
    ] {
        let outcome = read(odd).await;
        assert!(matches!(outcome, Err(BooksError::Unreachable(_))), "{odd} gave {outcome:?}");
    }
}

#[tokio::test]
async fn what_stands_of_an_invoice_follows_from_its_balance_and_its_note() {
    use InvoiceStatus::{Open, Paid, Void};
    for (fields, status) in [
        (r#""TotalAmt":1250.00,"Balance":1250.00"#, Open),
        (r#""TotalAmt":1250.00,"Balance":0.01,"PrivateNote":"Voided by mistake, entered again""#, Open),
        (r#""TotalAmt":1250.00,"Balance":0"#, Paid),
        (r#""TotalAmt":0,"Balance":0"#, Paid),
        (r#""TotalAmt":0,"Balance":0,"PrivateNote":"Voided""#, Void),
        (r#""TotalAmt":0,"Balance":0,"PrivateNote":"Voided PF""#, Void),
    ] {
        assert_eq!(read(fields).await.unwrap().status, status, "{fields}");
    }
}

async fn told(body: &str) -> Result<Delta, BooksError> {
    let stub = Stub::start([reply(200, body)]).await;
    let changes = delta(&quickbooks(&stub.url, "token", now()), Some("2026-07-01T00:00:00+00:00")).await;
    assert_eq!(stub.lines().len(), 1, "one metered read");
    changes
}

#[tokio::test]
async fn s66_changes_are_told_with_what_was_deleted() {
    let changes = told(
        r#"{"CDCResponse":[{"QueryResponse":[
            {"Invoice":[
                {"Id":"130","SyncToken":"1","DocNumber":"1001","CustomerRef":{"value":"58"},"TxnDate":"2026-07-01","Balance":0,"TotalAmt":1250.00},
                {"Id":"131","SyncToken":"0","CustomerRef":{"value":"58"},"TxnDate":"2026-07-01","Balance":1,"TotalAmt":1,"CurrencyRef":{"value":"BTC"}},
                {"domain":"QBO","status":"Deleted","Id":"98","MetaData":{"LastUpdatedTime":"2026-07-01T04:00:00-07:00"}}],
             "startPosition":1,"maxResults":3},
            {"Customer":[
                {"Id":"58","SyncToken":"0","DisplayName":"Contoso Dental","Active":true,"PrimaryEmailAddr":{"Address":"ap@contoso.example"},"Balance":0},
                {"Id":"59","DisplayName":"Fabrikam","Active":false,"PrimaryEmailAddr":{"Address":" "}},
                {"domain":"QBO","status":"Deleted","Id":"60"}],
             "startPosition":1,"maxResults":3},
            {}]}],"time":"2026-07-01T05:00:00.000-07:00"}"#,
    )
    .await
    .unwrap();
    let invoices: Vec<_> = changes.invoices.iter().map(|i| (i.external_id.as_str(), i.status)).collect();
    assert_eq!(invoices, [("130", InvoiceStatus::Paid)], "one odd invoice does not stop the others");
    assert_eq!(changes.gone, ["98"]);
    let customers = changes.customers.iter();
    let customers: Vec<_> = customers.map(|c| (c.external_id.as_str(), c.email.as_deref(), c.archived)).collect();
    assert_eq!(customers, [("58", Some("ap@contoso.example"), false), ("59", None, true)]);
    assert_eq!(changes.cursor, "2026-07-01T11:59:00+00:00");
}

#[tokio::test]
async fn s66_nothing_new_moves_the_cursor_and_a_fault_within_moves_nothing() {
    let nothing = told(r#"{"CDCResponse":[{"QueryResponse":[{}]}],"time":"2026-07-01T05:00:00.000-07:00"}"#).await;
    let nothing = nothing.unwrap();
    assert!(nothing.customers.is_empty() && nothing.invoices.is_empty() && nothing.gone.is_empty());
    assert_eq!(nothing.cursor, "2026-07-01T11:59:00+00:00");
    let timeless = told(r#"{"CDCResponse":[{"QueryResponse":[]}]}"#).await.unwrap();
    assert_eq!(timeless.cursor, "2026-07-01T00:00:00+00:00", "the same is asked again");
    let broken = told(r#"{"CDCResponse":[{"Fault":{"Error":[]}}],"time":"2026-07-01T05:00:00.000-07:00"}"#).await;
    assert!(matches!(broken, Err(BooksError::Unreachable(_))), "{broken:?}");
}
