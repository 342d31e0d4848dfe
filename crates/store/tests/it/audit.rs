//! The trail: it stands with the act, and not without it.

use crate::{
    database::on_both,
    shop::{at, shop},
};

on_both!(a_line_stands_with_the_act_or_not_at_all, async |db| {
    let shop = shop(&db.store, "acme").await;
    let tx = shop.db.begin().await.unwrap();
    tx.audit("per_1", "payment.void", "pay_1", at(0)).await.unwrap();
    drop(tx);
    let tx = shop.db.begin().await.unwrap();
    tx.audit("per_1", "payment.take", "pay_1", at(0)).await.unwrap();
    tx.commit().await.unwrap();
    db.store.audit(None, "per_1", "session.start", "per_1", at(1)).await.unwrap();
    assert_eq!(db.texts("SELECT action FROM audit ORDER BY at").await, ["payment.take", "session.start"]);
});
