//! Tries in vain as limits count them: exactly those within the time, by invoice, by origin and by merchant.

use crate::{
    database::on_both,
    shop::{Shop, at, shop},
};
use domain::{
    ids::InvoiceId,
    payment::{AttemptState, DeclineReason},
};
use store::Fruitless;

/// A try at this invoice that began at this minute and ended so.
async fn tried(shop: &Shop, invoice: InvoiceId, origin: &str, minute: i64, reason: Option<DeclineReason>) {
    let state = if reason.is_some() { AttemptState::Declined } else { AttemptState::Approved };
    came_to(shop, invoice, origin, minute, state, reason).await;
}

async fn came_to(
    shop: &Shop,
    invoice: InvoiceId,
    origin: &str,
    minute: i64,
    state: AttemptState,
    reason: Option<DeclineReason>,
) {
    let mut order = shop.order_of(&[invoice]);
    order.attempt.origin_hash = Some(origin.into());
    order.attempt.created_at = at(minute);
    shop.open(order.clone()).await.unwrap();
    let reason = reason.map(|reason| serde_json::to_string(&reason).unwrap());
    let tx = shop.db.begin().await.unwrap();
    tx.attempt_cache(store::Attempt { state, reason, ..order.attempt.clone() }).await.unwrap();
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

    let in_vain = async |origin: &'static str| acme.db.tries_in_vain(at(2), (origin, at(0))).await.unwrap();
    assert_eq!(acme.db.declines_of_invoice(acme.invoice, at(0)).await.unwrap(), [at(2), at(1)]);
    assert_eq!(acme.db.declines_of_invoice(acme.invoice, at(1)).await.unwrap(), [at(2)], "later than that");
    assert_eq!(acme.db.declines(at(0)).await.unwrap(), [at(3), at(2), at(1)], "ours are no declines");
    let of = |at, declined| Fruitless { at, declined };
    let fruitless = [of(at(7), false), of(at(4), true), of(at(3), true), of(at(1), true)];
    let told = in_vain("net-1").await;
    assert_eq!(told.of_origin, fruitless, "at every merchant, without what could not be sent");
    assert_eq!(told.declines, [at(3)], "at this one, later than that");
    assert!(in_vain("net-3").await.of_origin.is_empty());
    assert_eq!(acme.db.tries_count(at(0)).await.unwrap(), 4, "no card was tried in two of six");
    assert_eq!(acme.db.tries_count(at(7)).await.unwrap(), 0);
});

on_both!(a_try_that_was_left_open_counts_as_one_in_vain, async |db| {
    use AttemptState::{
        Approved, Created, PendingSettlement, Processing, RequiresAction, Returned, Settled, Unknown, Voided,
    };
    let shop = shop(&db.store, "acme").await;
    for (minute, state) in (1..).zip([Created, Unknown, RequiresAction, Voided]) {
        came_to(&shop, shop.invoice, "idle", minute, state, None).await;
    }
    for state in [Processing, Approved, PendingSettlement, Settled, Returned] {
        came_to(&shop, shop.invoice, "busy", 5, state, None).await;
    }
    let told = shop.db.tries_in_vain(at(0), ("idle", at(1))).await.unwrap().of_origin;
    assert_eq!(told, [4, 3, 2].map(|minute| Fruitless { at: at(minute), declined: false }));
    let busy = shop.db.tries_in_vain(at(0), ("busy", at(0))).await.unwrap().of_origin;
    assert!(busy.is_empty(), "nobody is held for paying");
});
