//! A checkout is kept as long as a payment refers to it.

use crate::{
    database::on_both,
    shop::{at, checkout, shop},
};

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
