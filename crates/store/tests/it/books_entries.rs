//! A write into the books is meant once, and what the books refused waits for a person (D30).

use crate::{
    database::on_both,
    shop::{Shop, at, shop},
};
use domain::ids::AttemptId;
use store::{
    BooksEntry,
    BooksEntryState::{ByHand, Intended, Leaving, Moved, Needless, Posted, Refused},
    MerchantTx, NewAttempt, Opened,
};

const BY_HAND: &str = "a person must undo it";

/// An open attempt whose money is meant for the books, in a transaction that is still open.
async fn meant(shop: &Shop) -> (NewAttempt, AttemptId, MerchantTx) {
    let order = shop.opened().await;
    let (attempt, tx) = (order.attempt.id, shop.db.begin().await.unwrap());
    assert!(!tx.books_entries_intend(attempt, &order.allocations, at(0)).await.unwrap());
    (order, attempt, tx)
}

on_both!(d30_a_step_is_meant_once_and_moves_on, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (order, attempt, tx) = meant(&shop).await;
    tx.commit().await.unwrap();
    let tx = shop.db.begin().await.unwrap();
    assert!(tx.books_entries_intend(attempt, &order.allocations, at(1)).await.unwrap(), "it was meant before");
    drop(tx);

    let (entry, invoice) = shop.db.books_entries_intended(attempt).await.unwrap().remove(0);
    assert_eq!((entry.amount_minor, invoice.id), (10_000, shop.invoice));
    let to_post = shop.db.attempt_to_post(attempt).await.unwrap();
    assert_eq!(to_post, (order.attempt.clone(), vec![(entry.clone(), invoice)]));
    let key = format!("pay-{}-{}", attempt.0.simple(), shop.invoice.0.simple());
    assert_eq!((entry.state, entry.idempotency_key, entry.updated_at), (Intended, key, at(0)));
    let entry = shop.db.books_entries(attempt).await.unwrap().remove(0);
    assert_eq!(shop.db.books_entries_beside_refunds(attempt).await.unwrap(), (vec![entry.clone()], false));
    for (state, external_id, error) in [(Refused, None, Some("locked period")), (Posted, Some("pmt-1"), None)] {
        let tx = shop.db.begin().await.unwrap();
        tx.books_entry_move(&entry, state, external_id, error, at(2)).await.unwrap();
        tx.commit().await.unwrap();
        let moved = shop.db.books_entries(attempt).await.unwrap().remove(0);
        assert_eq!((moved.state, moved.updated_at), (state, at(2)));
        assert!(shop.db.books_entries_intended(attempt).await.unwrap().is_empty());
        assert_eq!(shop.db.attempt_to_post(attempt).await.unwrap(), (order.attempt.clone(), Vec::new()));
        assert_eq!((moved.external_id.as_deref(), moved.last_error.as_deref()), (external_id, error));
        let refused = shop.db.books_entries_refused().await.unwrap().len();
        assert_eq!(refused, usize::from(state == Refused));
    }
});

on_both!(d30_a_write_ends_once_and_only_as_it_was_read, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (_, attempt, tx) = meant(&shop).await;
    let entry = tx.books_entries(attempt).await.unwrap().remove(0);
    let other_key = BooksEntry { idempotency_key: entry.fresh_key(at(1)), ..entry.clone() };
    let other_amount = BooksEntry { amount_minor: entry.amount_minor - 1, ..entry.clone() };
    for (read, ends) in [(&other_key, false), (&other_amount, false), (&entry, true), (&entry, false)] {
        assert_eq!(tx.books_entry_end(read, Posted, Some("pmt-1"), None, at(2)).await.unwrap(), ends, "{read:?}");
    }
    let ended = tx.books_entries(attempt).await.unwrap().remove(0);
    assert_eq!(ended, BooksEntry { state: Posted, external_id: Some("pmt-1".into()), updated_at: at(2), ..entry });
});

on_both!(d30_money_that_went_back_lets_go_of_what_the_books_refused, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (_, attempt, tx) = meant(&shop).await;
    tx.books_entries_take_back(attempt, BY_HAND, at(1)).await.unwrap();
    let entry = tx.books_entries(attempt).await.unwrap().remove(0);
    assert_eq!(entry.state, Intended, "its job may be writing it this moment");
    tx.books_entry_move(&entry, Refused, None, Some("locked period"), at(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(shop.open(shop.order()).await, Ok(Opened::Taken(_))), "nobody pays what may be paid");

    let tx = shop.db.begin().await.unwrap();
    tx.books_entries_take_back(attempt, BY_HAND, at(2)).await.unwrap();
    tx.commit().await.unwrap();
    let entry = shop.db.books_entries(attempt).await.unwrap().remove(0);
    assert_eq!((entry.state, entry.last_error.as_deref()), (Needless, Some("locked period")));
    assert!(matches!(shop.open(shop.order()).await, Ok(Opened::New)), "the invoice is free");
});

on_both!(e14_what_a_person_has_seen_to_keeps_nobody_off_its_invoice_and_is_theirs_to_undo, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (_, attempt, tx) = meant(&shop).await;
    let entry = tx.books_entries(attempt).await.unwrap().remove(0);
    tx.books_entry_move(&entry, ByHand, None, Some("locked period"), at(1)).await.unwrap();
    tx.claim_release(attempt, shop.invoice).await.unwrap();
    tx.commit().await.unwrap();
    assert!(shop.db.being_recorded(vec![shop.invoice]).await.unwrap().is_empty());
    assert!(shop.db.books_entries_refused().await.unwrap().is_empty());
    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), None);

    let tx = shop.db.begin().await.unwrap();
    tx.books_entries_take_back(attempt, BY_HAND, at(2)).await.unwrap();
    tx.commit().await.unwrap();
    let entry = shop.db.books_entries_refused().await.unwrap().remove(0);
    assert_eq!(entry.last_error.as_deref(), Some(BY_HAND));
});

on_both!(e14_what_is_put_on_another_invoice_is_meant_there_and_stays_moved, async |db| {
    let shop = shop(&db.store, "acme").await;
    let other = shop.invoices(&["INV-2"]).await.remove(0);
    let (order, attempt, tx) = meant(&shop).await;
    let entry = tx.books_entries(attempt).await.unwrap().remove(0);
    tx.books_entry_move(&entry, Refused, None, Some("void"), at(1)).await.unwrap();
    let refused = tx.books_entries(attempt).await.unwrap().remove(0);
    tx.books_entry_reallocate(&refused, other, at(2)).await.unwrap();
    tx.claim_release(attempt, shop.invoice).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), None);
    assert_eq!(shop.db.live_payment(other).await.unwrap(), Some(order.payment.id), "nobody else pays it meanwhile");
    let (meant, invoice) = shop.db.books_entries_intended(attempt).await.unwrap().remove(0);
    assert_eq!((meant.amount_minor, invoice.id), (10_000, other));
    assert_ne!(meant.idempotency_key, entry.idempotency_key);

    // Money that went back and came again goes where it was meant last.
    let tx = shop.db.begin().await.unwrap();
    assert!(tx.books_entries_intend(attempt, &order.allocations, at(3)).await.unwrap());
    tx.commit().await.unwrap();
    let entries = shop.db.books_entries(attempt).await.unwrap();
    let state = |invoice| entries.iter().find(|entry| entry.invoice_id == invoice).unwrap().state;
    assert_eq!((state(shop.invoice), state(other)), (Moved, Intended));
});

on_both!(d9_what_stands_is_to_leave_and_money_that_comes_again_is_meant_anew, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (order, attempt, tx) = meant(&shop).await;
    let entry = tx.books_entries(attempt).await.unwrap().remove(0);
    tx.books_entry_move(&entry, Posted, Some("pmt-1"), None, at(0)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(shop.db.books_entries_waiting(at(9)).await.unwrap().is_empty());

    let tx = shop.db.begin().await.unwrap();
    tx.books_entries_take_back(attempt, BY_HAND, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    let leaving = shop.db.books_entries_waiting(at(9)).await.unwrap().remove(0);
    assert_eq!((leaving.state, leaving.external_id.as_deref()), (Leaving, Some("pmt-1")));
    assert!(shop.db.books_entries_waiting(at(1)).await.unwrap().is_empty(), "it is not long ago");

    let tx = shop.db.begin().await.unwrap();
    assert!(tx.books_entries_intend(attempt, &order.allocations, at(2)).await.unwrap());
    tx.commit().await.unwrap();
    let anew = shop.db.books_entries(attempt).await.unwrap().remove(0);
    assert_eq!((anew.state, anew.updated_at), (Intended, at(2)));
    assert_ne!(anew.idempotency_key, entry.idempotency_key, "the books may answer the old one by what has left");
});
