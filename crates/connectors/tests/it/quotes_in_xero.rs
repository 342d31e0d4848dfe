//! The credit of a quote as a draft, which Xero alone has: for a debit that is under way.

use crate::{quickbooks_contract::refused, quotes_in_books::Rig};
use connectors::books::{Advance, BooksError, PostPayment};
use domain::advance::quote_numbers;
use serde_json::json;

/// The credit notes with their numbers and states.
async fn notes(rig: &Rig) -> Vec<(String, String)> {
    let state = rig.sim.state("xero").await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    state["credit_notes"].as_array().unwrap().iter().map(|one| (text(&one["number"]), text(&one["status"]))).collect()
}

fn note(number: &str, status: &str) -> (String, String) {
    (number.to_owned(), status.to_owned())
}

#[tokio::test]
async fn s27_s28_a_credit_is_a_draft_while_a_debit_is_under_way_and_approved_when_its_money_came() {
    let rig = Rig::xero().await;
    assert!(rig.books.drafts_credit());
    rig.arm("reset_after_execute", "PUT /xero/api.xro/2.0/CreditNotes").await;
    assert!(matches!(rig.books.draft_credit(&rig.payment).await, Err(BooksError::Unknown(_))));
    for key in ["pay-1", "pay-again"] {
        let payment = PostPayment { idempotency_key: key.into(), ..rig.payment.clone() };
        rig.books.draft_credit(&payment).await.unwrap();
    }
    assert_eq!(notes(&rig).await, [note("PF_CR_Q-10231", "DRAFT")]);
    assert_eq!((rig.stands().await, rig.credit().await), ([0, 0, 1], None), "it is no credit yet");
    refused(rig.books.apply_credit(&rig.apply(1_000)).await);
    assert_eq!(rig.books.find_payment(&rig.payment).await.unwrap(), None);

    let step = "POST /xero/api.xro/2.0/CreditNotes";
    rig.arm("reset_after_execute", step).await;
    assert!(matches!(rig.books.post_payment(&rig.payment).await, Err(BooksError::Unknown(_))));
    rig.books.post_payment(&rig.payment).await.unwrap();
    assert_eq!(notes(&rig).await, [note("PF_CR_Q-10231", "AUTHORISED")], "the draft was approved, once");
    assert_eq!(rig.stands().await, [1, 1, 1]);
    refused(rig.books.drop_draft_credit(&rig.payment).await);
    assert_eq!(rig.credit().await.unwrap().remaining, rig.payment.amount);
}

#[tokio::test]
async fn s30_s29_the_draft_of_a_failed_payment_is_removed_and_the_next_one_has_another_number() {
    let rig = Rig::xero().await;
    rig.books.drop_draft_credit(&rig.payment).await.unwrap();
    rig.books.draft_credit(&rig.payment).await.unwrap();
    rig.arm("reset_after_execute", "POST /xero/api.xro/2.0/CreditNotes").await;
    assert!(matches!(rig.books.drop_draft_credit(&rig.payment).await, Err(BooksError::Unknown(_))));
    rig.books.drop_draft_credit(&rig.payment).await.unwrap();
    assert_eq!(notes(&rig).await, [note("PF_CR_Q-10231", "DELETED")]);
    let same = PostPayment { idempotency_key: "pay-again".into(), ..rig.payment.clone() };
    refused(rig.books.draft_credit(&same).await);

    let quote = rig.payment.advance.clone().unwrap();
    let second = Advance { number: quote_numbers("Q-10231", 2).invoice, ..quote };
    let second = PostPayment { advance: Some(second), idempotency_key: "pay-2".into(), ..rig.payment.clone() };
    rig.books.draft_credit(&second).await.unwrap();
    rig.books.post_payment(&second).await.unwrap();
    let mut standing = notes(&rig).await;
    standing.sort();
    assert_eq!(standing, [note("PF_CR_Q-10231", "DELETED"), note("PF_CR_Q-10231-2", "AUTHORISED")]);
}

#[tokio::test]
async fn d30_a_pair_that_was_voided_there_is_not_written_anew_under_its_number() {
    let rig = Rig::xero().await;
    rig.books.post_payment(&rig.payment).await.unwrap();
    rig.books.take_back_payment(&rig.payment).await.unwrap();
    let again = PostPayment { idempotency_key: "pay-again".into(), ..rig.payment.clone() };
    let (_, words) = refused(rig.books.post_payment(&again).await);
    assert_eq!(words, "Another invoice stands there with the number PF_Q-10231.");
}

#[tokio::test]
async fn s31_a_payment_that_somebody_made_on_the_invoice_is_not_voided_with_it() {
    let rig = Rig::xero().await;
    rig.arm("http:500", "PUT /xero/api.xro/2.0/Payments").await;
    assert!(rig.books.post_payment(&rig.payment).await.is_err());
    rig.sim.control("xero/invoice", json!({"number": "PF_Q-10231", "pay_minor": 100})).await;
    refused(rig.books.take_back_payment(&rig.payment).await);
    refused(rig.books.post_payment(&rig.payment).await);
}
