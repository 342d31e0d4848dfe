//! One invoice, one live attempt (D1): double clicks, two tabs, two nodes, and what lets an invoice go.

use crate::{
    database::on_both,
    shop::{Shop, at, checkout, open, shop},
};
use domain::{
    ids::{AttemptId, InvoiceId},
    payment::AttemptState,
};
use std::time::Duration;
use store::{Attempt, BooksEntryState, Error, MerchantDb, NewAttempt, NewRetry, Opened};
use tokio::task::JoinSet;
use uuid::Uuid;

on_both!(d1_a_second_payment_of_an_invoice_is_told_who_has_it, async |db| {
    let shop = shop(&db.store, "acme").await;
    let first = shop.opened().await;

    let second = shop.order();
    let answer = shop.open(second.clone()).await.unwrap();
    assert!(matches!(answer, Opened::Taken(by) if by == first.payment.id));
    assert!(matches!(shop.db.payment(second.payment.id).await, Err(Error::Missing)), "it left nothing behind");
    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), Some(first.payment.id));
    assert_eq!(shop.db.under_way(vec![shop.invoice]).await.unwrap(), [(shop.invoice, AttemptState::Created)].into());
});

on_both!(d1_a_press_begins_with_the_invoice_and_with_who_has_taken_it, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let [other] = acme.invoices(&["INV-2"]).await.try_into().unwrap();
    acme.open(acme.order_of(&[acme.invoice, other])).await.unwrap();
    for (all, claims) in [(vec![acme.invoice], 1), (vec![acme.invoice, other], 2)] {
        let read = acme.db.checkout_read(acme.invoice, &all).await.unwrap();
        assert_eq!((read.claims, acme.db.claims_taken(&all).await.unwrap()), (claims, claims));
        assert_eq!((read.invoice, read.customer), acme.db.invoice_with_customer(acme.invoice).await.unwrap());
    }
    let theirs = bolt.db.checkout_read(bolt.invoice, &[bolt.invoice, acme.invoice]).await.unwrap();
    assert_eq!((theirs.invoice.id, theirs.claims), (bolt.invoice, 0), "what is another merchant's is not counted");
});

on_both!(d1_a_replayed_form_is_the_same_payment, async |db| {
    let shop = shop(&db.store, "acme").await;
    let order = shop.opened().await;
    for _ in 0..2 {
        assert!(matches!(shop.open(order.clone()).await, Ok(Opened::Same)));
    }
    assert_eq!(shop.db.attempts_of(order.payment.id).await.unwrap(), [order.attempt]);
    assert_eq!(shop.db.allocations(order.payment.id).await.unwrap(), order.allocations);
});

on_both!(d1_the_id_of_another_checkouts_payment_grants_nothing, async |db| {
    let shop = shop(&db.store, "acme").await;
    let theirs = shop.opened().await;
    let mut forged = theirs.clone();
    forged.payment.checkout_id = checkout(&shop.db, shop.invoice).await.unwrap();
    assert!(matches!(shop.open(forged).await, Err(Error::Missing)));
});

on_both!(d1_a_released_claim_allows_the_next, async |db| {
    let shop = shop(&db.store, "acme").await;
    let declined = shop.opened().await;
    shop.release(&declined).await;
    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), None);

    let next = shop.opened().await;
    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), Some(next.payment.id));
});

on_both!(d1_a_claim_is_taken_back_unless_somebody_else_has_the_invoice, async |db| {
    let shop = shop(&db.store, "acme").await;
    let ended = shop.opened().await;
    let again = async |release, retake| {
        let tx = shop.db.begin().await.unwrap();
        tx.claims_release(release).await.unwrap();
        tx.claims_retake(retake).await.unwrap();
        tx.commit().await.unwrap();
    };
    let mut late = shop.order();
    late.claims_seen = shop.db.claims_taken(&[shop.invoice]).await.unwrap();
    again(ended.attempt.id, ended.attempt.id).await;
    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), Some(ended.payment.id));

    shop.release(&ended).await;
    assert!(matches!(shop.db.attempt_open(late).await, Ok(Opened::Outdated)), "who asked before must ask again");
    let next = shop.opened().await;
    let tx = shop.db.begin().await.unwrap();
    tx.claims_retake(ended.attempt.id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), Some(next.payment.id), "first come, first served");
});

on_both!(d1_money_that_waits_for_the_books_keeps_others_off_even_without_a_claim, async |db| {
    let shop = shop(&db.store, "acme").await;
    let ended = shop.opened().await;
    shop.release(&ended).await;
    // Its money comes after all while another payment has the invoice; then that one is declined.
    let other = shop.opened().await;
    let tx = shop.db.begin().await.unwrap();
    tx.books_entries_intend(ended.attempt.id, &ended.allocations, at(1)).await.unwrap();
    tx.claims_retake(ended.attempt.id).await.unwrap();
    tx.claims_release(other.attempt.id).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), Some(ended.payment.id));
    for state in [BooksEntryState::Refused, BooksEntryState::Posted] {
        let next = shop.order();
        assert!(matches!(shop.open(next).await, Ok(Opened::Taken(by)) if by == ended.payment.id));
        let entry = shop.db.books_entries(ended.attempt.id).await.unwrap().remove(0);
        let tx = shop.db.begin().await.unwrap();
        tx.books_entry_move(&entry, state, None, None, at(2)).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert!(matches!(shop.open(shop.order()).await, Ok(Opened::New)), "it stands in the books: the balance says so");
});

on_both!(d1_a_payment_that_came_and_went_makes_the_balance_old, async |db| {
    let shop = shop(&db.store, "acme").await;
    let late = shop.order();
    let quick = shop.opened().await;
    shop.release(&quick).await;

    assert!(matches!(shop.db.attempt_open(late.clone()).await, Ok(Opened::Outdated)));
    assert!(matches!(shop.db.payment(late.payment.id).await, Err(Error::Missing)), "it left nothing behind");
    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), None);
    assert!(matches!(shop.open(late).await, Ok(Opened::New)), "it asked again");
});

on_both!(d1_a_payment_of_several_invoices_takes_all_or_none, async |db| {
    let shop = shop(&db.store, "acme").await;
    let [two, three] = shop.invoices(&["INV-2", "INV-3"]).await.try_into().unwrap();
    let first = shop.order_of(&[two]);
    shop.open(first.clone()).await.unwrap();

    let answer = shop.open(shop.order_of(&[shop.invoice, three, two])).await.unwrap();
    assert!(matches!(answer, Opened::Taken(by) if by == first.payment.id));
    let under_way = shop.db.under_way(vec![shop.invoice, two, three]).await.unwrap();
    assert_eq!(under_way.into_keys().collect::<Vec<_>>(), [two], "the others are free");
});

on_both!(d1_a_second_tab_waits_for_the_first_and_finds_it_taken, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (first, second) = (shop.order(), shop.order());
    let tab = shop.db.attempt_write(first.clone()).await.unwrap().ok().unwrap();
    let other = tokio::spawn({
        let db = shop.db.clone();
        async move { open(&db, second).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!other.is_finished(), "it waits");
    tab.commit().await.unwrap();
    assert!(matches!(other.await.unwrap(), Ok(Opened::Taken(by)) if by == first.payment.id));
});

on_both!(d1_a_second_tab_gets_the_invoice_when_the_first_one_fails, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (first, second) = (shop.order(), shop.order());
    let tab = shop.db.attempt_write(first.clone()).await.unwrap().ok().unwrap();
    let other = tokio::spawn({
        let db = shop.db.clone();
        async move { open(&db, second).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(tab);
    assert!(matches!(other.await.unwrap(), Ok(Opened::New)));
    assert!(matches!(shop.db.payment(first.payment.id).await, Err(Error::Missing)));
});

/// What every order was answered, when all are sent at once from two nodes.
async fn storm(nodes: [&MerchantDb; 2], orders: Vec<NewAttempt>) -> Vec<Opened> {
    let mut tabs = JoinSet::new();
    for (order, db) in orders.into_iter().zip(nodes.into_iter().cycle()) {
        let db = db.clone();
        tabs.spawn(async move { open(&db, order).await });
    }
    tabs.join_all().await.into_iter().map(Result::unwrap).collect()
}

fn count(answers: &[Opened], like: fn(&Opened) -> bool) -> usize {
    answers.iter().filter(|answer| like(answer)).count()
}

on_both!(d1_ten_tabs_on_two_nodes_open_one_attempt, async |db| {
    let shop = shop(&db.store, "acme").await;
    let other = shop.on(&db.node().await).await;
    let orders: Vec<_> = (0..10).map(|_| shop.order()).collect();
    let answers = storm([&shop.db, &other], orders).await;
    assert_eq!(count(&answers, |a| matches!(a, Opened::New)), 1, "{answers:?}");
    assert_eq!(count(&answers, |a| matches!(a, Opened::Taken(_))), 9, "{answers:?}");
    assert_eq!(db.texts("SELECT 'x' FROM claim").await.len(), 1);
    assert_eq!(db.texts("SELECT 'x' FROM payment").await.len(), 1);
});

on_both!(d1_ten_posts_of_one_form_open_one_attempt, async |db| {
    let shop = shop(&db.store, "acme").await;
    let other = shop.on(&db.node().await).await;
    let answers = storm([&shop.db, &other], vec![shop.order(); 10]).await;
    assert_eq!(count(&answers, |a| matches!(a, Opened::New)), 1, "{answers:?}");
    assert_eq!(count(&answers, |a| matches!(a, Opened::Same)), 9, "{answers:?}");
});

on_both!(d1_payments_of_the_same_invoices_in_any_order_do_not_block_each_other, async |db| {
    let shop = shop(&db.store, "acme").await;
    let other = shop.on(&db.node().await).await;
    for round in 0..10 {
        let numbers = ["A", "B", "C", "D"].map(|letter| format!("{letter}-{round}"));
        let invoices: Vec<InvoiceId> = shop.invoices(&numbers.each_ref().map(String::as_str)).await;
        let backwards: Vec<_> = invoices.iter().rev().copied().collect();
        let answers = storm([&shop.db, &other], vec![shop.order_of(&invoices), shop.order_of(&backwards)]).await;
        assert_eq!(count(&answers, |a| matches!(a, Opened::New)), 1, "{answers:?}");
    }
});

/// Tries the debit of this payment again.
async fn retry(shop: &Shop, order: &NewAttempt) -> Result<Opened, Error> {
    let (id, invoices) = (AttemptId(Uuid::now_v7()), vec![shop.invoice]);
    let first = order.attempt.clone();
    let attempt = Attempt { id, idempotency_key: id.to_string(), retry: 1, created_at: at(1), ..first };
    let claims_seen = shop.db.claims_taken(&invoices).await?;
    let slip = order.slip.clone();
    shop.db.attempt_retry(NewRetry { after: order.attempt.id, invoices, attempt, slip, claims_seen }).await
}

/// Its attempt has failed, and let go of the invoice.
async fn failed(shop: &Shop) -> NewAttempt {
    let order = shop.opened().await;
    let tx = shop.db.begin().await.unwrap();
    tx.attempt_cache(Attempt { state: AttemptState::Declined, ..order.attempt.clone() }).await.unwrap();
    tx.claims_release(order.attempt.id).await.unwrap();
    tx.commit().await.unwrap();
    order
}

on_both!(d1_d10_a_debit_is_tried_again_once_and_only_when_it_has_failed, async |db| {
    let (shop, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let order = failed(&shop).await;
    assert!(matches!(retry(&shop, &order).await, Ok(Opened::New)));
    assert!(matches!(retry(&shop, &order).await, Ok(Opened::Same)), "the job runs twice");
    let tries = shop.db.attempts_of(order.payment.id).await.unwrap();
    assert_eq!(tries.iter().map(|attempt| attempt.retry).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(shop.db.live_payment(shop.invoice).await.unwrap(), Some(order.payment.id));
    assert!(matches!(retry(&bolt, &order).await, Err(Error::Missing)), "another merchant's");

    let open = bolt.opened().await;
    assert!(matches!(retry(&bolt, &open).await, Ok(Opened::Same)), "it has not failed");
});

on_both!(d1_d10_a_debit_is_not_tried_again_beside_another_payment, async |db| {
    let shop = shop(&db.store, "acme").await;
    let order = failed(&shop).await;
    let other = shop.opened().await;
    assert!(matches!(retry(&shop, &order).await, Ok(Opened::Taken(by)) if by == other.payment.id));
    assert_eq!(shop.db.attempts_of(order.payment.id).await.unwrap().len(), 1, "it left nothing behind");
});

on_both!(d19_what_nobody_waited_for_and_a_bank_asked_about_needs_its_payer_and_nothing_else_does, async |db| {
    let (shop, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let order = failed(&shop).await;
    let write = async |attempt: Attempt| {
        let tx = shop.db.begin().await.unwrap();
        tx.attempt_cache(attempt).await.unwrap();
        tx.commit().await.unwrap();
        let needing = shop.db.attempts_needing_payer().await.unwrap();
        assert!(bolt.db.attempts_needing_payer().await.unwrap().is_empty(), "another merchant's");
        needing.into_iter().map(|attempt| attempt.id).collect::<Vec<_>>()
    };
    let asks = || Some("\"authentication_failed\"".to_owned());
    let attended = Attempt { state: AttemptState::Declined, reason: asks(), ..order.attempt.clone() };
    assert!(write(attended).await.is_empty(), "its payer was there");
    assert!(matches!(retry(&shop, &order).await, Ok(Opened::New)));
    let tried = shop.db.attempts_of(order.payment.id).await.unwrap().pop().unwrap();
    assert!(tried.is_unattended() && !order.attempt.is_unattended());
    for (state, reason, needs) in [
        (AttemptState::Processing, None, false),
        (AttemptState::Declined, Some("\"insufficient_funds\"".to_owned()), false),
        (AttemptState::Declined, asks(), true),
        (AttemptState::Approved, None, false),
    ] {
        let needing = write(Attempt { state, reason, ..tried.clone() }).await;
        assert_eq!(needing, if needs { vec![tried.id] } else { Vec::new() }, "{state:?}");
    }
});
