//! No query of the scope is without its merchant, whatever is added to it. `owned!` runs this for each table.

use super::*;
use sea_orm::{DatabaseBackend, QueryTrait};
use std::sync::Arc;

fn scope() -> MerchantDb {
    let nowhere = DatabaseConnection::default;
    let keys = crate::KeyRing::generate("test").expect("randomness").parse().expect("a ring");
    let pools = crate::connect::Pools { read: nowhere(), write: nowhere() };
    MerchantDb::new(MerchantId(Uuid::from_u128(7)), Store { pools, keys: Arc::new(keys) })
}

pub(crate) fn names_the_merchant<E: Owned>() {
    let (db, table) = (scope(), E::default().table_name().to_owned());
    for backend in [DatabaseBackend::Postgres, DatabaseBackend::Sqlite] {
        let condition = format!(r#"WHERE "{table}"."merchant_id" = "#);
        let or_all = E::MERCHANT.is_not_null();
        let select = db.find::<E>().filter(or_all.clone()).build(backend).to_string();
        assert!(select.contains(&format!(r#"{condition}'00000000-0000-0000-0000-000000000007' AND "#)), "{select}");
        let update = db.update::<E>().col_expr(E::MERCHANT, Expr::value(1)).build(backend).to_string();
        assert!(update.contains(&condition), "{update}");
        let within = db.mine::<E>(E::MERCHANT, or_all);
        let within = backend.build(&within).to_string();
        assert!(within.contains(&condition), "{within}");
    }
    let by_time = E::find().filter(unindexed::<E>(db.merchant_id())).filter(E::MERCHANT.is_not_null());
    let by_time = by_time.build(DatabaseBackend::Sqlite).to_string();
    assert!(
        by_time.contains(&format!(r#"WHERE (+"{table}"."merchant_id") = '00000000-0000-0000-0000-000000000007' "#)),
        "{by_time}"
    );
}
