//! The keys of a merchant's programs: a secret opens the door of its kind, for as long as nobody retires it or turns the
//! integration off.

use crate::{
    database::on_both,
    shop::{Shop, at, shop},
};
use domain::{ids::IntegrationKeyId, integration::IntegrationKind};
use secrecy::{ExposeSecret, SecretString};
use store::{Error, IntegrationDoor, Store, TokenHash};
use uuid::Uuid;

async fn key(shop: &Shop, kind: IntegrationKind, secret: &str) -> IntegrationKeyId {
    let id = IntegrationKeyId(Uuid::now_v7());
    let tx = shop.db.begin().await.unwrap();
    tx.integration_hold(kind).await.unwrap();
    tx.integration_key_add(id, kind, &SecretString::from(secret), at(0)).await.unwrap();
    tx.integration_switch(kind, true).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn door(store: &Store, kind: IntegrationKind, secret: &str) -> Option<IntegrationDoor> {
    store.door_integration(kind, &TokenHash::of(secret)).await.unwrap()
}

on_both!(s9_a_secret_opens_the_door_of_its_merchant_and_its_kind, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let id = key(&acme, IntegrationKind::Sell, "wpsk_1").await;
    key(&bolt, IntegrationKind::Api, "wpsk_2").await;

    let Some(IntegrationDoor::Open(scope, found)) = door(&db.store, IntegrationKind::Sell, "wpsk_1").await else {
        panic!("it opens");
    };
    assert_eq!((scope.merchant_id(), found), (acme.db.merchant_id(), id));
    let found = scope.integration_key(found).await.unwrap();
    assert_eq!(scope.integration_secret(&found).unwrap().expose_secret(), "wpsk_1");
    assert!(!format!("{found:?}").contains("wpsk_1"), "sealed, and found by its hash");
    for (kind, secret) in
        [(IntegrationKind::Api, "wpsk_1"), (IntegrationKind::Sell, "wpsk_2"), (IntegrationKind::Sell, "")]
    {
        assert!(door(&db.store, kind, secret).await.is_none(), "{kind:?} {secret}");
    }
    assert!(matches!(bolt.db.integration_key(id).await, Err(Error::Missing)));
    assert!(matches!(bolt.db.integration_secret(&found), Err(Error::Missing)));
});

on_both!(s8_an_integration_that_is_off_says_so_and_a_retired_key_opens_nothing, async |db| {
    let shop = shop(&db.store, "acme").await;
    let first = key(&shop, IntegrationKind::Sell, "wpsk_1").await;
    let second = key(&shop, IntegrationKind::Sell, "wpsk_2").await;
    let tx = shop.db.begin().await.unwrap();
    tx.integration_key_retire(first, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(door(&db.store, IntegrationKind::Sell, "wpsk_1").await.is_none());
    let retired = shop.db.integration_key(first).await.unwrap();
    assert!(retired.secret.is_none() && matches!(shop.db.integration_secret(&retired), Err(Error::Missing)));
    let active = shop.db.integration_keys(IntegrationKind::Sell).await.unwrap();
    assert_eq!(active.iter().map(|key| key.id).collect::<Vec<_>>(), [second]);

    let tx = shop.db.begin().await.unwrap();
    tx.integration_switch(IntegrationKind::Sell, false).await.unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(door(&db.store, IntegrationKind::Sell, "wpsk_2").await, Some(IntegrationDoor::Disabled)));
});
