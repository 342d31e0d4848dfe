//! What a database says becomes the same word, whichever it is.

use crate::{
    database::{on_both, on_postgres, on_sqlite},
    shop::{at, shop},
};
use sea_orm::ConnectionTrait;
use store::{Error, KeyRing, NewMerchant, Store};

on_both!(a_unique_index_is_told_by_its_name, async |db| {
    let shop = shop(&db.store, "acme").await;
    let row = shop.db.merchant().await.unwrap();
    let new = NewMerchant {
        key: row.key.clone(),
        currency: row.currency.parse().unwrap(),
        locale: row.face().unwrap().locale,
        name: row.name,
        time_zone: row.time_zone,
        support_email: row.support_email,
        takes_parts: row.takes_parts,
        takes_more: row.takes_more,
        takes_prepayments: row.takes_prepayments,
        retries_debits: row.retries_debits,
    };
    let refused = db.store.merchant_found(new, at(0)).await.err().unwrap();
    assert!(matches!(&refused, Error::Duplicate(name) if name == "merchant_key"), "{refused:?}");
    assert!(refused.is_duplicate("merchant_key") && !refused.is_duplicate("merchant"));
    assert_eq!(db.store.door_rounds().await.unwrap().len(), 1);
});

#[tokio::test]
async fn an_address_that_cannot_be_used_is_not_repeated() {
    for address in ["mysql://u:hunter2@db.example/wisepay", "postgres://u:hunter2@db.example:x/wisepay"] {
        let keys: KeyRing = KeyRing::generate("test").unwrap().parse().unwrap();
        let refused = Store::open(address, keys).await.err().unwrap();
        assert!(matches!(refused, Error::Broken(_)) && !format!("{refused:?}").contains("hunter2"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_locked_file_is_busy() {
    on_sqlite(async |db| {
        let shop = shop(&db.store, "acme").await;
        let bare = db.bare().await;
        bare.execute_unprepared("PRAGMA busy_timeout = 0").await.unwrap();
        let writing = shop.db.begin().await.unwrap();
        let refused: Error = bare.execute_unprepared("DELETE FROM audit").await.unwrap_err().into();
        assert!(matches!(refused, Error::Busy(_)), "{refused:?}");
        writing.commit().await.unwrap();
        bare.execute_unprepared("DELETE FROM audit").await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_busy() {
    on_postgres(async |db| {
        let shop = shop(&db.store, "acme").await;
        let [other] = shop.invoices(&["INV-2"]).await.try_into().unwrap();
        let (first, second) = (shop.order(), shop.order_of(&[other]));
        for order in [&first, &second] {
            shop.open(order.clone()).await.unwrap();
        }
        let (a, b) = (shop.db.begin().await.unwrap(), shop.db.begin().await.unwrap());
        a.attempt_hold(first.attempt.id).await.unwrap();
        b.attempt_hold(second.attempt.id).await.unwrap();
        let crossed = tokio::join!(a.attempt_hold(second.attempt.id), async {
            let held = b.attempt_hold(first.attempt.id).await;
            drop(b);
            held
        });
        let busy = |held: &Result<store::Attempt, Error>| matches!(held, Err(Error::Busy(_)));
        assert!(busy(&crossed.0) != busy(&crossed.1), "one of them: {crossed:?}");
    })
    .await;
}
