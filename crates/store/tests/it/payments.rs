//! Lists of payments: what they find, and whose they never show (D20).

use crate::{
    database::on_both,
    shop::{Shop, at, shop},
};
use domain::{ids::PaymentId, payment::AttemptState};
use store::{NewAttempt, PaymentFilter};

fn search(text: &str) -> PaymentFilter {
    PaymentFilter { search: text.into(), ..Default::default() }
}

async fn found(shop: &Shop, filter: &PaymentFilter) -> Vec<PaymentId> {
    let (rows, total) = shop.db.payment_page(filter, 1, 10).await.unwrap();
    assert_eq!(rows.len() as u64, total);
    rows.into_iter().map(|row| row.id).collect()
}

/// A payment as it stands once the gateway said yes.
async fn paid(shop: &Shop) -> NewAttempt {
    let mut order = shop.opened().await;
    order.attempt.state = AttemptState::Approved;
    order.attempt.gateway_id = Some("pi_100".into());
    order.attempt.charge_id = Some("ch_200".into());
    let tx = shop.db.begin().await.unwrap();
    tx.attempt_cache(order.attempt.clone()).await.unwrap();
    tx.commit().await.unwrap();
    order
}

on_both!(d20_a_search_never_shows_another_merchants_payments, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let (ours, theirs) = (paid(&acme).await, paid(&bolt).await);
    let (ours, theirs) = (ours.payment, theirs.payment);
    for typed in ["", "INV-1", "initech", "pi_100", "CH_2", "wp-", "%", "' OR '1'='1"] {
        let mine = found(&acme, &search(typed)).await;
        assert!(!mine.contains(&theirs.id), "{typed}");
        assert_eq!(mine.len(), usize::from(!["%", "' OR '1'='1"].contains(&typed)), "{typed}");
    }
    assert_eq!(found(&acme, &search(&ours.reference)).await, [ours.id]);
    assert!(found(&acme, &search(&theirs.reference)).await.is_empty());
    let of_their_customer = PaymentFilter { customer: Some(bolt.customer), ..search("initech") };
    assert!(found(&acme, &of_their_customer).await.is_empty());
});

on_both!(d20_an_invoice_is_found_by_its_number_at_every_merchant_alone, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let theirs = paid(&bolt).await.payment;
    assert!(found(&acme, &search("INV-1")).await.is_empty(), "the number is ours as well, the payment is not");
    assert_eq!(found(&bolt, &search("INV-1")).await, [theirs.id]);
});

on_both!(a_payment_is_found_by_the_last_four_digits_and_by_no_fewer, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    for shop in [&acme, &bolt] {
        let mut order = shop.order();
        order.payment.reference = "WP-A".into();
        shop.open(order.clone()).await.unwrap();
        order.attempt.method = Some("Visa ··4242".into());
        let tx = shop.db.begin().await.unwrap();
        tx.attempt_cache(order.attempt.clone()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(found(shop, &search("4242")).await, [order.payment.id], "its own, and nobody else's");
    }
    for typed in ["4243", "242", "42424", "Visa", "··", "··42", "··4242"] {
        assert!(found(&acme, &search(typed)).await.is_empty(), "{typed}");
    }
});

on_both!(payments_are_listed_newest_first_by_state_and_with_their_invoices, async |db| {
    let shop = shop(&db.store, "acme").await;
    let [two, three] = shop.invoices(&["INV-2", "INV-3"]).await.try_into().unwrap();
    let first = paid(&shop).await.payment.id;
    let mut order = shop.order_of(&[three, two]);
    for (share, number) in order.allocations.iter_mut().zip(["INV-3", "INV-2"]) {
        share.invoice_number = number.into();
    }
    let second = order.payment.id;
    shop.open(order).await.unwrap();

    assert_eq!(found(&shop, &search("")).await, [second, first]);
    let approved = PaymentFilter { state_in: vec![AttemptState::Approved, AttemptState::Settled], ..search("") };
    assert_eq!(found(&shop, &approved).await, [first]);
    let shares = shop.db.shares_of(vec![first, second]).await.unwrap();
    let numbers = |id: &PaymentId| shares[id].iter().map(|share| share.invoice_number.as_str()).collect::<Vec<_>>();
    assert_eq!(numbers(&first), ["INV-1"]);
    assert_eq!(numbers(&second), ["INV-2", "INV-3"]);
    let (payment, same) = shop.db.payment_with_shares(second).await.unwrap();
    assert_eq!((payment.id, &same), (second, &shares[&second]));
    assert!(shop.db.payment_page(&search(""), u64::MAX, 50).await.unwrap().0.is_empty());
});

on_both!(d12_sums_count_each_currency_and_only_what_came_since, async |db| {
    let shop = shop(&db.store, "acme").await;
    let order = paid(&shop).await;
    let sums = shop.db.payment_sums(&[AttemptState::Approved], at(0)).await.unwrap();
    assert_eq!(sums.iter().map(|sum| sum.money().unwrap()).collect::<Vec<_>>(), [order.payment.amount().unwrap()]);
    assert_eq!(order.payment.amount().unwrap(), order.attempt.amount().unwrap());
    assert!(shop.db.payment_sums(&[AttemptState::Approved], at(1)).await.unwrap().is_empty());
    assert!(shop.db.payment_sums(&[AttemptState::Settled], at(0)).await.unwrap().is_empty());
});

on_both!(n3_the_payments_of_an_invoice_are_those_made_for_it_and_those_moved_to_it, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let [two, three] = acme.invoices(&["INV-2", "INV-3"]).await.try_into().unwrap();
    let order = acme.opened().await;
    let tx = acme.db.begin().await.unwrap();
    tx.books_entries_intend(order.attempt.id, &order.allocations, at(1)).await.unwrap();
    let entry = tx.books_entries(order.attempt.id).await.unwrap().remove(0);
    tx.books_entry_reallocate(&entry, two, at(2)).await.unwrap();
    tx.commit().await.unwrap();
    for (invoice, payments) in
        [(acme.invoice, vec![order.payment.clone()]), (two, vec![order.payment]), (three, vec![])]
    {
        assert_eq!(acme.db.payments_of_invoice(invoice, 9).await.unwrap(), payments);
        assert!(bolt.db.payments_of_invoice(invoice, 9).await.unwrap().is_empty());
    }
});

on_both!(d24_payments_are_read_part_by_part_without_gap_or_repetition, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    bolt.opened().await;
    let mut made = Vec::new();
    for invoice in acme.invoices(&["INV-2", "INV-3", "INV-4"]).await {
        let order = acme.order_of(&[invoice]);
        acme.open(order.clone()).await.unwrap();
        made.push(order);
    }
    made.sort_by_key(|order| std::cmp::Reverse(order.payment.id));
    let (mut read, mut before) = (Vec::new(), None);
    loop {
        let part = acme.db.payments_before(&search("initech"), before, 2).await.unwrap();
        let Some(last) = part.last() else { break };
        before = Some(last.id);
        read.extend(part);
    }
    assert_eq!(read, made.iter().map(|order| order.payment.clone()).collect::<Vec<_>>());
    assert!(acme.db.payments_before(&search("INV-9"), None, 2).await.unwrap().is_empty());
    let ids = read.iter().map(|payment| payment.id).collect();
    assert_eq!(acme.db.attempts_of_payments(ids).await.unwrap().len(), 3);
    assert!(bolt.db.attempts_of_payments(vec![read[0].id]).await.unwrap().is_empty());
});
