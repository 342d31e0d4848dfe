//! Declines as limits count them: exactly those within the time, by invoice, by origin and by merchant.

use crate::{
    database::on_both,
    shop::{Shop, at, shop},
};
use domain::{
    ids::InvoiceId,
    payment::{AttemptState, DeclineReason},
};
use store::Fruitless;

/// A try at this invoice that ended so at this minute.
async fn tried(shop: &Shop, invoice: InvoiceId, origin: &str, minute: i64, reason: Option<DeclineReason>) {
    let mut order = shop.order_of(&[invoice]);
    order.attempt.origin_hash = Some(origin.into());
    shop.open(order.clone()).await.unwrap();
    let state = if reason.is_some() { AttemptState::Declined } else { AttemptState::Approved };
    let reason = reason.map(|reason| serde_json::to_string(&reason).unwrap());
    let tx = shop.db.begin().await.unwrap();
    tx.attempt_cache(store::Attempt { state, reason, updated_at: at(minute), ..order.attempt.clone() }).await.unwrap();
    tx.claims_release(order.attempt.id).await.unwrap();
    tx.commit().await.unwrap();
}

on_both!(declines_are_counted_by_invoice_origin_and_merchant, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let [other] = acme.invoices(&["INV-2"]).await.try_into().unwrap();
    let declined = Some(DeclineReason::Declined);
    tried(&acme, acme.invoice, "net-1", 1, declined).await;
    tried(&acme, acme.invoice, "net-2", 2, Some(DeclineReason::InsufficientFunds)).await;
    tried(&acme, other, "net-1", 3, declined).await;
    tried(&bolt, bolt.invoice, "net-1", 4, declined).await;
    tried(&acme, other, "net-1", 5, None).await;
    tried(&acme, other, "net-1", 6, Some(DeclineReason::NotSent)).await;
    tried(&acme, other, "net-1", 7, Some(DeclineReason::SetUp)).await;

    let node = db.node().await;
    assert_eq!(acme.db.declines_of_invoice(acme.invoice, at(0)).await.unwrap(), [at(2), at(1)]);
    assert_eq!(acme.db.declines_of_invoice(acme.invoice, at(1)).await.unwrap(), [at(2)], "later than that");
    assert_eq!(acme.db.declines(at(0)).await.unwrap(), [at(3), at(2), at(1)], "ours are no declines");
    let of = |at, declined| Fruitless { at, declined };
    let fruitless = [of(at(7), false), of(at(6), false), of(at(4), true), of(at(3), true), of(at(1), true)];
    assert_eq!(node.fruitless_of_origin("net-1", at(0)).await.unwrap(), fruitless, "at every merchant");
    assert!(node.fruitless_of_origin("net-3", at(0)).await.unwrap().is_empty());
    assert_eq!(acme.db.tries_count(at(-1)).await.unwrap(), 4, "no card was tried in two of six");
    assert_eq!(acme.db.tries_count(at(0)).await.unwrap(), 0);
});
