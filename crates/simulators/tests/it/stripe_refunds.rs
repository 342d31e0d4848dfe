//! Refunds: in whole, in part, never too much, and the ones that wait or fail.

use serde_json::{Value, json};

use crate::contracts;
use crate::harness::Vendors;

async fn pay(vendors: &Vendors, token: &str) -> String {
    let paid = vendors.read(vendors.charge(token, "key-1")).await.unwrap().json;
    paid["latest_charge"]["id"].as_str().unwrap().to_owned()
}

async fn refund(vendors: &Vendors, id: &Value) -> Value {
    let refund = vendors.stripe_get(&format!("refunds/{}", id.as_str().unwrap())).await.json;
    contracts::stripe("refund", &refund);
    refund
}

async fn refunded(vendors: &Vendors) -> i64 {
    vendors.money_taken().await[0]["refunded_minor"].as_i64().unwrap()
}

#[tokio::test]
async fn refunds_go_up_to_what_was_charged_and_no_further() {
    let vendors = Vendors::start().await;
    let charge = pay(&vendors, "pm_card_visa").await;
    let read = vendors.stripe_get(&format!("charges/{charge}")).await.json;
    let intent = read["payment_intent"].as_str().unwrap();
    let part = vendors.made("refunds", &[("payment_intent", intent), ("amount", "20000")]).await;
    assert_eq!((&part["status"], &part["amount"]), (&json!("succeeded"), &json!(20_000)));
    contracts::stripe("refund", &part);
    let over = vendors.refused("refunds", &[("payment_intent", intent), ("amount", "100451")]).await;
    assert_eq!((over.0, over.1["param"].as_str()), (400, Some("amount")));
    let rest = vendors.made("refunds", &[("charge", &charge), ("reason", "duplicate")]).await;
    assert_eq!(rest["amount"], 100_450);
    assert_eq!(vendors.refused("refunds", &[("charge", &charge)]).await.1["code"], "charge_already_refunded");
    assert_eq!(vendors.refused("refunds", &[("charge", &charge), ("reason", "bored")]).await.1["param"], "reason");
    let read = vendors.stripe_get(&format!("charges/{charge}")).await.json;
    assert_eq!((&read["refunded"], &read["amount_refunded"]), (&json!(true), &json!(120_450)));
    for filter in [format!("charge={charge}"), format!("payment_intent={intent}")] {
        let listed = vendors.stripe_get(&format!("refunds?{filter}")).await.json;
        assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    }
    let kinds = vendors.event_kinds().await;
    assert_eq!(kinds[kinds.len() - 4..], ["refund.created", "charge.refunded", "refund.created", "charge.refunded"]);
}

#[tokio::test]
async fn refunds_at_once_share_what_is_left() {
    let vendors = Vendors::start().await;
    let charge = pay(&vendors, "pm_card_visa").await;
    let form = [("charge", charge.as_str()), ("amount", "50000")];
    let calls = (0..8).map(|_| vendors.stripe_post("refunds", &form));
    let taken = futures::future::join_all(calls).await.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((taken, refunded(&vendors).await), (2, 100_000));
}

#[tokio::test]
async fn a_repeated_key_refunds_once() {
    let vendors = Vendors::start().await;
    let charge = pay(&vendors, "pm_card_visa").await;
    let call = |amount: &'static str| {
        let form = [("charge", charge.clone()), ("amount", amount.to_owned())];
        vendors.stripe("POST", "refunds").header("idempotency-key", "refund-1").form(&form)
    };
    let first = vendors.read(call("100")).await.unwrap();
    let again = vendors.read(call("100")).await.unwrap();
    assert_eq!((&first.json, again.header("idempotent-replayed")), (&again.json, "true"));
    assert_eq!(vendors.read(call("200")).await.unwrap().json["error"]["type"], "idempotency_error");
    assert_eq!(refunded(&vendors).await, 100);
}

#[tokio::test]
async fn a_refund_may_succeed_and_fail_later() {
    let vendors = Vendors::start().await;
    let charge = pay(&vendors, "pm_card_refundFail").await;
    let made = vendors.made("refunds", &[("charge", &charge)]).await;
    assert_eq!((&made["status"], refunded(&vendors).await), (&json!("succeeded"), 120_450));
    vendors.control("advance", json!({ "hours": 1 })).await;
    let failed = refund(&vendors, &made["id"]).await;
    assert_eq!((&failed["status"], &failed["failure_reason"]), (&json!("failed"), &json!("expired_or_canceled_card")));
    assert!(failed["failure_balance_transaction"].is_string());
    assert_eq!(refunded(&vendors).await, 0, "the money is back in the balance, and may be refunded otherwise");
    assert!(vendors.event_kinds().await.contains(&"refund.failed".to_owned()));
}

#[tokio::test]
async fn a_refund_may_wait_and_be_cancelled_while_it_does() {
    let vendors = Vendors::start().await;
    let charge = pay(&vendors, "pm_card_pendingRefund").await;
    let first = vendors.made("refunds", &[("charge", &charge), ("amount", "100")]).await;
    assert_eq!((&first["status"], &first["pending_reason"]), (&json!("pending"), &json!("processing")));
    let second = vendors.made("refunds", &[("charge", &charge), ("amount", "200")]).await;
    let cancel = format!("refunds/{}/cancel", second["id"].as_str().unwrap());
    assert_eq!(vendors.made(&cancel, &[]).await["status"], "canceled");
    assert_eq!(vendors.refused(&cancel, &[]).await.0, 400);
    vendors.control("advance", json!({ "hours": 1 })).await;
    assert_eq!(refund(&vendors, &first["id"]).await["status"], "succeeded");
    assert_eq!(refund(&vendors, &second["id"]).await["status"], "canceled");
    assert_eq!(refunded(&vendors).await, 100);
}

#[tokio::test]
async fn a_debit_is_refunded_only_after_it_has_cleared() {
    let vendors = Vendors::start().await;
    let sent = vendors.debit("pm_usBankAccount_success", &[]).await;
    let form = [("payment_intent", sent["id"].as_str().unwrap()), ("amount", "3000")];
    assert_eq!(vendors.refused("refunds", &form).await.1["code"], "charge_not_refundable");
    vendors.advance(6).await;
    let made = vendors.made("refunds", &form).await;
    assert_eq!(made["status"], "pending");
    vendors.advance(5).await;
    assert_eq!(refund(&vendors, &made["id"]).await["status"], "succeeded");
    assert_eq!(vendors.stripe_get("balance_transactions?type=payment_refund").await.json["data"][0]["amount"], -3000);
}
