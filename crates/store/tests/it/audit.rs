//! The trail: a line for each act, in their order.

use crate::{
    database::on_both,
    shop::{at, shop},
};

on_both!(acts_stand_in_the_trail, async |db| {
    let shop = shop(&db.store, "acme").await;
    db.store.audit(Some(shop.db.merchant_id()), "per_1", "payment.void", "pay_1", at(0)).await.unwrap();
    db.store.audit(None, "per_1", "session.start", "per_1", at(1)).await.unwrap();
    assert_eq!(db.texts("SELECT action FROM audit ORDER BY at").await, ["payment.void", "session.start"]);
});
