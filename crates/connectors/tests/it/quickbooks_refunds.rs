//! What is paid back in QuickBooks Online's simulator, and what is paid in advance.

use crate::{
    quickbooks_contract::{Company, refused},
    world::{advance, aud},
};
use connectors::books::{Books, BooksError, PostPayment, PostRefund, RefusedCause};
use domain::{advance::AdvanceKind, invoice::InvoiceStatus};
use serde_json::json;
use simulators::facts::qbo as known;

/// The expense of a refund is written, and its answer lost.
async fn expense_unheard(company: &Company, refund: &PostRefund) {
    let step = format!("POST /qbo/v3/company/{}/purchase", known::REALM_ID);
    let lost = json!({"vendor": "qbo", "fault": "reset_after_execute", "times": 1, "match": step});
    company.sim.control("faults", lost).await;
    assert!(matches!(company.books.post_refund(refund).await, Err(BooksError::Unknown(_))));
}

#[tokio::test]
async fn g41_a_refund_is_a_receipt_out_of_the_clearing_account_that_stands_once() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    company.books.post_payment(&company.whole(&open)).await.unwrap();
    let refund = company.refund(&open, 2_000, 1);
    let posted = company.books.post_refund(&refund).await.unwrap();
    assert_eq!(posted.credit_id, None, "the receipt is the payment too");
    assert_eq!(company.books.post_refund(&refund).await.unwrap(), posted, "found and not written again");
    assert_eq!(company.books.invoice(&open.external_id).await.unwrap().status, InvoiceStatus::Paid);
    let listed = company.listed().await;
    let ours = listed.iter().find(|paid| paid.external_id == posted.external_id).unwrap();
    assert_eq!((ours.reference.as_str(), ours.amount.as_str()), ("re_1", "-20.00"));
    assert_eq!(ours.invoice_external_id, None);
    let another = PostRefund { amount: aud(2_001), ..refund.clone() };
    refused(company.books.post_refund(&another).await);
    for _ in 0..2 {
        company.books.take_back_refund(&refund).await.unwrap();
        assert_eq!(company.amounts().await, [open.due.to_decimal()]);
    }
}

#[tokio::test]
async fn d30_a_refund_whose_answer_is_lost_or_whose_period_is_closed_stands_once_or_not_at_all() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let open = company.books.raise_invoice(&company.new_invoice(&open).await).await.unwrap();
    let refund = company.refund(&open, 2_000, 1);
    company.sim.arm("qbo", "period_locked").await;
    assert_eq!(refused(company.books.post_refund(&refund).await).0, RefusedCause::PeriodLocked);
    let step = format!("POST /qbo/v3/company/{}/refundreceipt", known::REALM_ID);
    let refund = PostRefund { idempotency_key: "refund-again".into(), ..refund };
    company
        .sim
        .control("faults", json!({"vendor": "qbo", "fault": "reset_after_execute", "times": 1, "match": step}))
        .await;
    assert!(matches!(company.books.post_refund(&refund).await, Err(BooksError::Unknown(_))));
    company.books.post_refund(&refund).await.unwrap();
    assert_eq!(company.amounts().await, ["-20.00"]);
}

#[tokio::test]
async fn g29_g34_an_advance_is_found_by_its_number_and_voided_while_nothing_of_it_is_used() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    for (n, kind) in [AdvanceKind::OverPayment, AdvanceKind::Prepayment].into_iter().enumerate() {
        let credit = advance(kind, &open.customer_external_id);
        let ours = PostPayment {
            advance: Some(credit),
            amount: aud(9_550),
            idempotency_key: format!("pay-{kind:?}"),
            reference: format!("ch_{n}"),
            ..company.whole(&open)
        };
        assert_eq!(company.books.find_payment(&ours).await.unwrap(), None);
        let posted = company.books.post_payment(&ours).await.unwrap();
        assert_eq!(company.books.post_payment(&ours).await.unwrap(), posted, "the same key writes nothing twice");
        assert_eq!(company.books.find_payment(&ours).await.unwrap(), Some(posted.clone()));
        let other = PostPayment { amount: aud(9_551), ..ours.clone() };
        refused(company.books.find_payment(&other).await);
        assert_eq!(company.amounts().await, ["95.50"]);
        for _ in 0..2 {
            assert_eq!(company.books.take_back_payment(&ours).await.unwrap(), None);
        }
        assert_eq!((company.books.find_payment(&ours).await.unwrap(), company.amounts().await), (None, vec![]));
    }
}

#[tokio::test]
async fn g37_an_advance_is_refunded_out_of_itself_and_no_further_than_it_goes() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let credit = advance(AdvanceKind::Prepayment, &open.customer_external_id);
    let ours = PostPayment { advance: Some(credit), amount: aud(500), ..company.whole(&open) };
    let refund = PostRefund { advance: ours.advance.clone(), ..company.refund(&open, 100, 1) };
    refused(company.books.post_refund(&refund).await);
    company.books.post_payment(&ours).await.unwrap();
    expense_unheard(&company, &refund).await;
    let posted = company.books.post_refund(&refund).await.unwrap();
    assert_eq!(company.books.post_refund(&refund).await.unwrap(), posted, "found and not written again");
    let mut listed = company.listed().await;
    listed.sort_by_key(|paid| paid.amount.len());
    let listed: Vec<_> = listed.iter().map(|paid| (paid.reference.as_str(), paid.amount.as_str())).collect();
    assert_eq!(listed, [("ch_1", "5.00"), ("re_1", "-1.00")]);

    let more = PostRefund { advance: ours.advance.clone(), ..company.refund(&open, 401, 2) };
    assert_eq!(refused(company.books.post_refund(&more).await).0, RefusedCause::MoreThanDue);
    assert_eq!(refused(company.books.take_back_payment(&ours).await).0, RefusedCause::MoreThanDue, "part is used");
    for _ in 0..2 {
        company.books.take_back_refund(&refund).await.unwrap();
        assert_eq!(company.amounts().await, ["5.00"]);
    }
    company.books.take_back_payment(&ours).await.unwrap();
    assert!(company.amounts().await.is_empty());
}

#[tokio::test]
async fn d30_g37_of_an_advance_that_went_between_two_steps_of_its_refund_no_expense_is_left() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let credit = advance(AdvanceKind::OverPayment, &open.customer_external_id);
    let ours = PostPayment { advance: Some(credit), amount: aud(500), ..company.whole(&open) };
    let refund = PostRefund { advance: ours.advance.clone(), ..company.refund(&open, 100, 1) };
    company.books.post_payment(&ours).await.unwrap();
    expense_unheard(&company, &refund).await;
    // A person voids it.
    company.books.take_back_payment(&ours).await.unwrap();
    assert_eq!(company.amounts().await, ["-1.00"]);
    refused(company.books.post_refund(&refund).await);
    assert!(company.amounts().await.is_empty(), "nobody owes it");
}

#[tokio::test]
async fn g37_an_advance_that_a_person_applied_is_no_payment_of_ours_on_that_invoice() {
    let company = Company::new().await;
    let [open, _] = company.open().await;
    let credit = advance(AdvanceKind::OverPayment, &open.customer_external_id);
    let ours = PostPayment { advance: Some(credit), amount: aud(500), ..company.whole(&open) };
    let posted = company.books.post_payment(&ours).await.unwrap();
    let document = company.ask(reqwest::Method::GET, &format!("payment/{}", posted.external_id), None).await;
    let linked = json!({"Amount": 1, "LinkedTxn": [{"TxnId": open.external_id, "TxnType": "Invoice"}]});
    let mut applied = document["Payment"].clone();
    applied["Line"] = json!([linked]);
    company.ask(reqwest::Method::POST, "payment", Some(applied)).await;
    assert_eq!(refused(company.books.take_back_payment(&ours).await).0, RefusedCause::MoreThanDue);
    let whole = PostPayment { amount: aud(open.due.minor - 100), ..company.whole(&open) };
    assert_eq!(company.books.find_payment(&whole).await.unwrap(), None);
}
