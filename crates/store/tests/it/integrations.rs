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

on_both!(d1_a_refused_request_leaves_its_key_and_its_documents_id_to_another_and_a_month_ends_both, async |db| {
    const API: IntegrationKind = IntegrationKind::Api;
    let shop = shop(&db.store, "acme").await;
    key(&shop, API, "wpsk_1").await;
    let (order, wrong, mended) = (TokenHash::of("order 1"), TokenHash::of("wrong"), TokenHash::of("mended"));
    let begin = async |request: &TokenHash, second| {
        let tx = shop.db.begin().await.unwrap();
        let stands = tx.integration_request_begin(API, &order, request, at(second)).await.unwrap();
        tx.commit().await.unwrap();
        stands
    };
    let refuse = async |request: &TokenHash| {
        let tx = shop.db.begin().await.unwrap();
        tx.integration_request_refused(API, &order, request).await.unwrap();
        tx.commit().await.unwrap();
    };
    let end = async |request: &TokenHash, answer| {
        let tx = shop.db.begin().await.unwrap();
        let counts = tx.integration_request_end(API, &order, request, answer).await.unwrap();
        tx.commit().await.unwrap();
        counts
    };
    let prune = async |before| {
        let tx = shop.db.begin().await.unwrap();
        let pruned = tx.integration_requests_prune(API, at(before), 10).await.unwrap();
        tx.commit().await.unwrap();
        pruned
    };
    let first = begin(&wrong, 0).await;
    assert!(!begin(&mended, 1).await.is_of(&mended), "while the first one is being done");
    refuse(&wrong).await;
    let second = begin(&mended, 2).await;
    assert!(second.is_of(&mended) && second.document_id == first.document_id, "there is never a second document");
    refuse(&wrong).await;
    assert!(begin(&mended, 3).await.is_of(&mended), "refused once more, which it was not any longer");
    assert_eq!(end(&mended, "written").await, "written");
    refuse(&mended).await;
    assert_eq!(begin(&mended, 4).await.answer.as_deref(), Some("written"), "what was answered stays");
    assert_eq!((prune(2).await, prune(3).await), (0, 1), "by the request that took the key");
    assert_ne!(begin(&wrong, 5).await.document_id, first.document_id);
});

on_both!(d1_of_the_same_request_twice_at_once_one_refusal_takes_no_answer_away, async |db| {
    let shop = shop(&db.store, "acme").await;
    key(&shop, IntegrationKind::Api, "wpsk_1").await;
    let (order, request) = (TokenHash::of("order 1"), TokenHash::of("request"));
    let tx = shop.db.begin().await.unwrap();
    for _ in 0..2 {
        tx.integration_request_begin(IntegrationKind::Api, &order, &request, at(0)).await.unwrap();
    }
    tx.integration_request_refused(IntegrationKind::Api, &order, &request).await.unwrap();
    let told = tx.integration_request_end(IntegrationKind::Api, &order, &request, "written").await.unwrap();
    let again = tx.integration_request_begin(IntegrationKind::Api, &order, &request, at(1)).await.unwrap();
    assert_eq!((told.as_str(), again.answer.as_deref()), ("written", Some("written")));
});
