//! The migrations: from nothing, twice, by several nodes at once, and to the same schema on both databases.

use crate::{
    database::{Db, on_bare_postgres, on_both, on_sqlite, sqlite},
    shop::{at, shop},
};
use std::collections::BTreeSet;
use store::Error;

async fn from_nothing(db: &Db) {
    assert!(matches!(db.store.ready().await, Err(Error::Missing)), "the schema is behind");
    let (other, third) = (db.node().await, db.node().await);
    let (a, b, c) = tokio::join!(db.store.migrate(), other.migrate(), third.migrate());
    assert!(a.is_ok() && b.is_ok() && c.is_ok(), "{a:?} {b:?} {c:?}");
    db.store.ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_that_start_at_once_migrate_once_sqlite() {
    from_nothing(&sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_that_start_at_once_migrate_once_postgres() {
    on_bare_postgres(from_nothing).await;
}

on_both!(migrating_again_keeps_what_is_there, async |db| {
    let shop = shop(&db.store, "acme").await;
    db.store.migrate().await.unwrap();
    db.store.ready().await.unwrap();
    assert_eq!(shop.db.merchant().await.unwrap().created_at, at(0));
});

/// Every column with its table and whether it may be empty, and every index that has a name of ours.
async fn shape(db: &Db) -> BTreeSet<String> {
    let (columns, indexes) = if db.store.is_postgres() {
        (
            "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'YES' THEN '?' ELSE '' END
             FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey'",
        )
    } else {
        (
            r#"SELECT t.name || '.' || c.name || CASE WHEN c."notnull" OR c.pk THEN '' ELSE '?' END
               FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'"#,
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND name NOT LIKE 'sqlite_%'",
        )
    };
    [db.texts(columns).await, db.texts(indexes).await].concat().into_iter().collect()
}

on_both!(both_databases_have_the_same_tables_columns_and_indexes, async |db| {
    let here = shape(db).await;
    assert!(here.contains("payment.amount_minor") && here.contains("one_live_attempt_per_invoice"));
    on_sqlite(async |other| assert_eq!(here, shape(other).await)).await;
});
