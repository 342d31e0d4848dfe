//! The trail: a line for each act, in their order.

use crate::{database::on_both, shop::at};

on_both!(acts_stand_in_the_trail, async |db| {
    db.store.audit("per_1", "sign in", "admin:mer_1", at(0)).await.unwrap();
    db.store.audit("per_1", "sign out", "admin:mer_1", at(1)).await.unwrap();
    assert_eq!(db.texts("SELECT action FROM audit ORDER BY at").await, ["sign in", "sign out"]);
});
