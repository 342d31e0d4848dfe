//! Bank debits that were sent and those that came back, as Nacha's limits count them (D10).

use crate::{
    database::on_both,
    shop::{Shop, at, shop},
};
use domain::{
    method::MethodKind,
    payment::{AttemptState, DeclineReason},
};
use store::Attempt;

/// An attempt of this kind that began at this minute, and what was heard of it a minute later.
async fn debit(shop: &Shop, kind: MethodKind, minute: i64, state: AttemptState, reason: Option<DeclineReason>) {
    let mut order = shop.order();
    (order.attempt.kind, order.attempt.created_at) = (kind, at(minute));
    shop.open(order.clone()).await.unwrap();
    let reason = reason.map(|reason| serde_json::to_string(&reason).unwrap());
    let tx = shop.db.begin().await.unwrap();
    tx.attempt_cache(Attempt { state, reason, updated_at: at(minute + 1), ..order.attempt.clone() }).await.unwrap();
    tx.claims_release(order.attempt.id).await.unwrap();
    tx.commit().await.unwrap();
}

on_both!(d10_returns_are_counted_among_the_debits_that_a_bank_was_sent, async |db| {
    use {AttemptState as S, DeclineReason as R, MethodKind as K};
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    for (minute, state, reason) in [
        (1, S::Settled, None),
        (2, S::Processing, None),
        (3, S::Returned, Some(R::NotAuthorised)),
        (4, S::Declined, Some(R::InsufficientFunds)),
        (5, S::Declined, Some(R::NotSent)),
        (6, S::Declined, Some(R::SetUp)),
        (7, S::Voided, None),
        (8, S::RequiresAction, None),
        (9, S::Returned, Some(R::PaidBack)),
    ] {
        debit(&acme, K::AchDebit, minute, state, reason).await;
    }
    debit(&acme, K::BecsDebit, 9, S::Returned, Some(R::NotAuthorised)).await;
    debit(&acme, K::Card, 9, S::Declined, Some(R::Declined)).await;
    debit(&bolt, K::AchDebit, 9, S::Returned, Some(R::AccountClosed)).await;
    let returned = async |since| {
        let mut returned = acme.db.ach_returned(at(since)).await.unwrap();
        returned.sort_by_key(|(_, at)| *at);
        returned
    };
    assert_eq!(returned(0).await, [(R::NotAuthorised, at(4)), (R::InsufficientFunds, at(5))]);
    assert_eq!(acme.db.ach_sent(at(0)).await.unwrap(), 5);
    assert_eq!((returned(3).await.len(), acme.db.ach_sent(at(2)).await.unwrap()), (1, 3), "later than that");
    assert_eq!(bolt.db.ach_returned(at(0)).await.unwrap(), [(R::AccountClosed, at(10))]);
    assert_eq!(bolt.db.ach_sent(at(0)).await.unwrap(), 1);
});
