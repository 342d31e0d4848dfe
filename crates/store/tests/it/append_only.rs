//! What is written once: facts, journals with their lines, and the sealed audit trail (`m034_append_only`).

use crate::{database::on_both, shop::shop, tenancy::story};
use sea_orm::ConnectionTrait;

on_both!(i6_facts_journals_and_the_sealed_trail_are_neither_changed_nor_deleted, async |db| {
    let shop = shop(&db.store, "acme").await;
    story(&db.store, &shop).await;
    let tx = shop.db.begin().await.unwrap();
    assert!(tx.audit_seal(64).await.unwrap() > 0);
    tx.commit().await.unwrap();

    let bare = db.bare().await;
    for table in ["observation", "refund_observation", "dispute_observation", "journal", "posting", "audit_line"] {
        let rows = format!("SELECT CAST(count(*) AS TEXT) FROM {table}");
        let before = db.texts(&rows).await;
        assert_ne!(before, ["0"], "{table} has rows that somebody could change");
        let mut changes = vec![format!("UPDATE {table} SET merchant_id = merchant_id"), format!("DELETE FROM {table}")];
        if db.store.is_postgres() {
            changes.push(format!("TRUNCATE {table} CASCADE"));
        }
        for change in changes {
            let refused = bare.execute_unprepared(&change).await.unwrap_err().to_string();
            assert!(refused.contains("is append-only"), "{change}: {refused}");
        }
        assert_eq!(db.texts(&rows).await, before, "{table}");
    }
    // A demo that starts over drops these tables and makes them again.
    db.store.migrate_afresh().await.unwrap();
    db.store.ready().await.unwrap();
});
