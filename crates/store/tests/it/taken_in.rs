//! A payment that a restored copy lacks stands with all its rows or not at all, once, whoever takes it in at the same
//! moment (F25).

use crate::{
    database::on_both,
    shop::{Shop, checkout_row, shop},
};
use domain::ids::PaymentId;
use store::{Error, MerchantDb, NewAttempt, NewSlip, PaymentTakenIn};
use tokio::task::JoinSet;
use uuid::Uuid;

/// What one press writes: the attempt is the one that the gateway names, the payment a new one each time.
fn taken_in(shop: &Shop, lost: &NewAttempt) -> PaymentTakenIn {
    let (id, checkout) = (PaymentId(Uuid::now_v7()), checkout_row(&shop.db, shop.invoice));
    let mut allocations = lost.allocations.clone();
    for share in &mut allocations {
        share.payment_id = id;
    }
    let mut payment = lost.payment.clone();
    (payment.id, payment.checkout_id, payment.email) = (id, checkout.id, String::new());
    let mut attempt = lost.attempt.clone();
    attempt.payment_id = id;
    let slip = NewSlip { payment: Some(id), kind: "payment_taken_in", ..lost.slip.clone() };
    PaymentTakenIn { checkout, payment, allocations, attempt, slip }
}

async fn press(db: &MerchantDb, new: PaymentTakenIn) -> Result<bool, Error> {
    let (attempt, invoice) = (new.attempt.id, new.allocations[0].invoice_id);
    let tx = db.begin().await?;
    let is_new = tx.payment_take_in(new).await?;
    if is_new {
        tx.claim_take(attempt, invoice).await?;
        tx.commit().await?;
    }
    Ok(is_new)
}

on_both!(f25_of_many_who_take_a_payment_in_at_once_one_does_and_the_others_leave_nothing, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (other, lost) = (shop.on(&db.node().await).await, shop.order());
    let mut presses = JoinSet::new();
    let mut payments = Vec::new();
    for node in [&shop.db, &other].into_iter().cycle().take(8) {
        let (node, new) = (node.clone(), taken_in(&shop, &lost));
        payments.push(new.payment.id);
        presses.spawn(async move { press(&node, new).await.unwrap() });
    }
    let answers = presses.join_all().await;
    assert_eq!(answers.iter().filter(|is_new| **is_new).count(), 1, "{answers:?}");
    assert!(!press(&shop.db, taken_in(&shop, &lost)).await.unwrap(), "nor does a later one");

    let stands = shop.db.attempt(lost.attempt.id).await.unwrap().payment_id;
    for payment in payments {
        let written = usize::from(payment == stands);
        assert_eq!(shop.db.payment(payment).await.is_ok(), payment == stands);
        assert_eq!(shop.db.allocations(payment).await.unwrap().len(), written);
        assert_eq!(shop.db.audit_slips_of(payment).await.unwrap().len(), written);
    }
    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), Some(stands), "nobody else has its invoice");
    assert_eq!(shop.db.consents_count().await.unwrap(), 0, "nobody knows what was agreed to");
});

on_both!(f25_what_is_written_once_more_because_nobody_said_that_it_stands_is_no_error, async |db| {
    let shop = shop(&db.store, "acme").await;
    let first = taken_in(&shop, &shop.order());
    let mut again = PaymentTakenIn { checkout: checkout_row(&shop.db, shop.invoice), ..first.clone() };
    again.payment.checkout_id = again.checkout.id;
    assert!(press(&shop.db, first).await.unwrap());
    assert!(!press(&shop.db, again).await.unwrap(), "with the same payment");
});

on_both!(f25_a_payment_is_taken_in_beside_one_that_has_its_invoice, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (theirs, lost) = (shop.opened().await, shop.order());
    assert!(press(&shop.db, taken_in(&shop, &lost)).await.unwrap(), "its money was taken");
    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), Some(theirs.payment.id), "and theirs goes on");
});

on_both!(d20_f25_nothing_is_taken_in_for_an_invoice_of_another_merchant, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let lost = acme.order_of(&[bolt.invoice]);
    assert!(matches!(press(&acme.db, taken_in(&acme, &lost)).await, Err(Error::Missing)));
    assert!(matches!(acme.db.attempt(lost.attempt.id).await, Err(Error::Missing)), "it left nothing behind");
});
