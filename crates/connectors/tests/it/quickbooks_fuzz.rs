//! QuickBooks Online's documents, spoiled in any way: nothing panics, no amount is read that the document does not hold, and
//! no answer to a posting says that nothing stands there.

use crate::{
    rig::{BooksSent, Rig, document, hold, is_amount, now, says},
    world::{aud, payment, quickbooks},
};
use chrono::NaiveDate;
use connectors::books::{
    Books, BooksError, PostPayment,
    quickbooks::{QuickBooks, webhook},
};
use domain::invoice::InvoiceStatus;
use proptest::{prelude::*, test_runner::TestCaseResult};
use simulators::mangle::mangled;

pub const INVOICE: &str = r#"{"Invoice":{"Id":"130","SyncToken":"0","DocNumber":"1001","CustomerRef":{"value":"58","name":"Contoso Dental"},"TxnDate":"2026-07-01","DueDate":"2026-07-15","TotalAmt":1250.00,"Balance":1204.50,"CurrencyRef":{"value":"AUD"},"LinkedTxn":[{"TxnId":"145","TxnType":"Payment"}],"MetaData":{"LastUpdatedTime":"2026-07-01T04:00:00-07:00"}},"time":"2026-07-01T09:00:00.000-07:00"}"#;
pub const PAYMENT: &str = r#"{"Payment":{"Id":"145","SyncToken":"0","TotalAmt":1204.50,"UnappliedAmt":0,"PaymentRefNum":"ch_1","PrivateNote":"ch_1 for 130","DepositToAccountRef":{"value":"92"}},"time":"2026-07-01T09:00:00.000-07:00"}"#;
const CAPTURED: &str = r#"{"CDCResponse":[{"QueryResponse":[{"Invoice":[{"Id":"130","DocNumber":"1001","CustomerRef":{"value":"58"},"TxnDate":"2026-07-01","TotalAmt":1250.00,"Balance":1204.50},{"status":"Deleted","Id":"98"}]},{"Customer":[{"Id":"58","DisplayName":"Contoso Dental"}]}]}],"time":"2026-07-01T05:00:00.000-07:00"}"#;

pub const NEWS: BooksSent = BooksSent {
    header: "intuit-signature",
    event: r#"[{"specversion":"1.0","id":"e1","source":"intuit.demo","type":"qbo.invoice.updated.v1","datacontenttype":"application/json","time":"2026-08-01T00:00:00Z","intuitentityid":"130","intuitaccountid":"9130350000000001","data":{}}]"#,
    ..LEGACY_NEWS
};
pub const LEGACY_NEWS: BooksSent = BooksSent {
    header: "intuit-signature",
    event: r#"{"eventNotifications":[{"realmId":"9130350000000001","dataChangeEvent":{"entities":[{"name":"Invoice","id":"130","operation":"Update","lastUpdated":"2026-07-01T20:52:31.657Z"}]}}]}"#,
    secret: "demo-verifier-token",
    read: |headers, raw| webhook::news(&["demo-verifier-token".into()], "9130350000000001", headers, raw),
};

pub type Stubbed = Rig<QuickBooks>;

pub fn rig() -> Stubbed {
    Rig::new(|url| quickbooks(url, "token", now()))
}

fn posting() -> PostPayment {
    let day = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
    PostPayment { amount: aud(120_450), ..payment("130", 1, day, 1) }
}

/// One invoice.
pub fn invoice(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let read = rig.hear(says(200, body), rig.adapter.invoice("130"));
    let (Ok(read), Some(answer)) = (read, document(body)) else { return Ok(()) };
    let row = &answer["Invoice"];
    let (exponent, due, total) = (read.due.currency.exponent(), read.due.minor, read.total.minor);
    let says = is_amount(&row["Balance"], due, exponent) && is_amount(&row["TotalAmt"], total, exponent);
    prop_assert!(says, "{read:?} of {row}");
    prop_assert!((read.status == InvoiceStatus::Open) == (due > 0), "{read:?} of {row}");
    Ok(())
}

#[test]
fn s66_f22_a_spoiled_invoice_is_not_read_or_says_what_stands_in_it() {
    let rig = rig();
    hold(|choices| invoice(&rig, &mangled(INVOICE, choices)));
}

/// The answer to the posting of a payment.
pub fn posted(rig: &Stubbed, body: &[u8]) -> TestCaseResult {
    let script = vec![says(200, INVOICE.as_bytes()), says(200, body)];
    match rig.hear_all(script, rig.adapter.post_payment(&posting())) {
        Ok(posted) => {
            let Some(answer) = document(body) else { return Ok(()) };
            prop_assert_eq!(answer["Payment"]["Id"].as_str(), Some(posted.external_id.as_str()), "{}", answer);
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
    hold(|choices| posted(&rig, &mangled(PAYMENT, choices)));
}

#[test]
fn f22_spoiled_changes_and_spoiled_payments_never_panic() {
    let rig = rig();
    hold(|choices| {
        let _ =
            rig.hear(says(200, &mangled(CAPTURED, choices)), rig.adapter.changes(Some("2026-07-01T00:00:00+00:00")));
        let script = vec![says(200, INVOICE.as_bytes()), says(200, &mangled(PAYMENT, choices))];
        let _ = rig.hear_all(script, rig.adapter.find_payment(&posting()));
        Ok(())
    });
}

#[test]
fn f7_s66_news_in_either_envelope_are_taken_only_as_they_were_signed_and_name_what_stands_in_them() {
    for news in [NEWS, LEGACY_NEWS] {
        news.is_taken_as_signed(news.event.as_bytes()).unwrap();
        hold(|choices| news.is_taken_only_as_signed(choices));
    }
}
