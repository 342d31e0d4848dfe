//! The migrations: from nothing, twice, by several nodes at once, and to the same schema on both databases.

use crate::{
    database::{Db, on_bare_postgres, on_both, on_sqlite, sqlite},
    shop::{at, shop},
};
use migrations::Migrator;
use sea_orm::ConnectionTrait;
use sea_orm_migration::MigratorTrait;
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

/// One row of each table that `m047_fewer_trees` makes anew on SQLite, and what those refer to, as far as they must.
const BEFORE_M047: &str = "PRAGMA foreign_keys = OFF;
    INSERT INTO merchant (id, key, name, currency, locale, time_zone, support_email, created_at)
        VALUES (X'01', 'acme', 'Acme', 'USD', 'en-US', 'UTC', 's@acme.example', '2026-01-01');
    INSERT INTO attempt (merchant_id, id, payment_id, connection_id, idempotency_key, currency, amount_minor, description,
        return_url, cancel_url, state, contradicted, created_at, updated_at)
        VALUES (X'01', X'02', X'03', X'04', 'key', 'USD', 100, '', '', '', 'approved', 0, '2026-01-01', '2026-01-01');
    INSERT INTO journal (merchant_id, id, attempt_id, kind, at)
        VALUES (X'01', X'05', X'02', 'payment_taken', '2026-01-01');
    INSERT INTO posting (merchant_id, journal_id, line, account, currency, amount_minor)
        VALUES (X'01', X'05', 0, 'receivable', 'USD', -100);
    INSERT INTO observation (merchant_id, id, attempt_id, place, source, body, at)
        VALUES (X'01', X'06', X'02', 7, 'reply', 'approved', '2026-01-01');
    INSERT INTO audit_slip (merchant_id, id, kind, actor, body, at)
        VALUES (X'01', X'07', 'money_came', 'gateway', '{}', '2026-01-01');
    PRAGMA foreign_keys = ON";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i6_what_stands_survives_that_its_table_is_made_anew() {
    let (db, all) = (sqlite().await, Migrator::get_migration_files());
    let before = all.iter().position(|known| known.name() == "m047_fewer_trees").unwrap();
    let bare = db.bare().await;
    Migrator::up(&bare, Some(u32::try_from(before).unwrap())).await.unwrap();
    bare.execute_unprepared(BEFORE_M047).await.unwrap();
    db.store.migrate().await.unwrap();

    let kept = "SELECT source || body || place || hex(merchant_id) || hex(attempt_id) || hex(id) FROM observation
        UNION ALL SELECT account || amount_minor || hex(journal_id) FROM posting
        UNION ALL SELECT kind || actor || hex(id) FROM audit_slip";
    assert_eq!(db.texts(kept).await, ["replyapproved7010206", "receivable-10005", "money_camegateway07"]);
    let by_key = "SELECT name FROM pragma_table_list WHERE wr ORDER BY name";
    assert_eq!(db.texts(by_key).await, ["audit_slip", "observation", "posting"]);
    for table in ["observation", "posting"] {
        for change in [format!("UPDATE {table} SET merchant_id = merchant_id"), format!("DELETE FROM {table}")] {
            let refused = bare.execute_unprepared(&change).await.unwrap_err().to_string();
            assert!(refused.contains("is append-only"), "{change}: {refused}");
        }
    }
    let orphan =
        "INSERT INTO audit_slip (merchant_id, id, kind, actor, body, at) VALUES (X'09', X'07', '', '', '', '')";
    assert!(bare.execute_unprepared(orphan).await.is_err(), "it still refers to its merchant");
}

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
