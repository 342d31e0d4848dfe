//! A checkout is kept as long as a payment refers to it.

use crate::{
    database::on_both,
    shop::{Shop, at, checkout, checkout_row, shop},
};
use domain::ids::{CheckoutId, InvoiceId};

/// A checkout of the shop's invoice and two more, out of the order of their ids.
async fn of_three(shop: &Shop) -> (CheckoutId, [InvoiceId; 3]) {
    let [two, three] = shop.invoices(&["INV-2", "INV-3"]).await.try_into().unwrap();
    let (row, chosen) = (checkout_row(&shop.db, three), [three, shop.invoice, two]);
    shop.db.checkout_add_several(row.clone(), &chosen).await.unwrap();
    (row.id, chosen)
}

async fn kept(shop: &Shop, checkout: CheckoutId) -> Vec<(InvoiceId, Option<(i64, i64)>)> {
    let rows = shop.db.checkout_invoices(checkout).await.unwrap();
    rows.into_iter().map(|row| (row.invoice_id, row.pay_minor.zip(row.due_minor))).collect()
}

on_both!(g28_a_checkout_keeps_what_its_payer_chose_in_their_order, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (id, [one, two, three]) = of_three(&shop).await;
    assert_eq!(kept(&shop, id).await, [(one, None), (two, None), (three, None)]);
    assert!(kept(&shop, shop.checkout).await.is_empty(), "the one of a link needs no row");
});

on_both!(g27_a_checkout_keeps_the_part_that_is_paid_of_each, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (id, [one, two, three]) = of_three(&shop).await;
    let (part, more) = (Some((5, 9)), Some((9, 7)));
    for amounts in [[(one, part), (two, None), (three, more)], [(one, None), (two, part), (three, None)]] {
        shop.db.checkout_amounts(id, &amounts, at(1)).await.unwrap();
        assert_eq!(kept(&shop, id).await, amounts);
    }
    assert_eq!(shop.db.checkout_invoices(id).await.unwrap()[0].chosen_at, at(1));
    shop.db.checkout_amounts(shop.checkout, &[(shop.invoice, part)], at(1)).await.unwrap();
    assert_eq!(kept(&shop, shop.checkout).await, [(shop.invoice, part)], "also of the one of a link");
});

on_both!(n3_an_invoice_was_opened_with_each_checkout_that_has_it, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let (_, [_, one, two]) = of_three(&acme).await;
    let later = checkout_row(&acme.db, two);
    acme.db.checkout_add(store::Checkout { created_at: at(5), ..later }).await.unwrap();
    let opened = async |invoice, limit| acme.db.checkouts_opened(invoice, limit).await.unwrap();
    assert_eq!(opened(one, 9).await, [at(0), at(0)], "the one of a link, and the one of several");
    assert_eq!((opened(two, 9).await, opened(two, 1).await), (vec![at(5), at(0)], vec![at(5)]));
    assert!(bolt.db.checkouts_opened(one, 9).await.unwrap().is_empty());
});

on_both!(what_was_chosen_goes_with_its_checkout, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (id, _) = of_three(&shop).await;
    let tx = shop.db.begin().await.unwrap();
    assert_eq!(tx.checkouts_prune(at(61), 9).await.unwrap(), 2, "the shop's own as well");
    tx.commit().await.unwrap();
    assert!(kept(&shop, id).await.is_empty());
});

on_both!(old_checkouts_are_deleted_unless_a_payment_came_of_them, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    acme.opened().await;
    for _ in 0..3 {
        checkout(&acme.db, acme.invoice).await.unwrap();
    }
    let prune = async |before, limit| {
        let tx = acme.db.begin().await.unwrap();
        let pruned = tx.checkouts_prune(at(before), limit).await.unwrap();
        tx.commit().await.unwrap();
        pruned
    };
    assert_eq!(prune(60, 9).await, 0, "not expired before that");
    assert_eq!((prune(61, 2).await, prune(61, 2).await, prune(61, 2).await), (2, 1, 0));
    for (shop, what) in [(&acme, "the one that was paid"), (&bolt, "another merchant's")] {
        assert!(db.store.door_checkout(shop.checkout, at(0)).await.unwrap().is_some(), "{what}");
    }
});
