//! The names that SQLite does not tell are those of the schema.

use super::*;
use crate::{KeyRing, Store};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use std::collections::BTreeSet;

/// Every unique index with its columns, as SQLite spells them in an error.
const IN_THE_SCHEMA: &str = r#"
    SELECT i.name, (SELECT group_concat(m.name || '.' || c.name, ', ') FROM pragma_index_info(i.name) c) AS columns
    FROM sqlite_schema m, pragma_index_list(m.name) i WHERE m.type = 'table' AND i."unique" AND i.origin = 'c'"#;

#[tokio::test]
async fn every_unique_index_is_known_by_its_columns() {
    let place = tempfile::tempdir().expect("a place");
    let keys = KeyRing::generate("test").expect("randomness").parse().expect("a ring");
    let url = format!("sqlite://{}/test.db", place.path().display());
    let store = Store::open(&url, keys).await.expect("it opens");
    store.migrate().await.expect("it migrates");

    let asked = Statement::from_string(DatabaseBackend::Sqlite, IN_THE_SCHEMA);
    let rows = store.pools.read.query_all_raw(asked).await.expect("it answers");
    let text = |row: &sea_orm::QueryResult, column| row.try_get::<String>("", column).expect("a text");
    let schema: BTreeSet<_> = rows.iter().map(|row| (text(row, "columns"), text(row, "name"))).collect();
    let known = UNIQUE.iter().map(|(columns, name)| ((*columns).to_owned(), (*name).to_owned())).collect();
    assert_eq!(schema, known);
}
