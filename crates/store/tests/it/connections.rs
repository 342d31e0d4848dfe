//! Credentials of outside systems: sealed at rest, refreshed by one node, replaced over what was read.

use crate::{
    database::on_both,
    shop::{SECRET, Shop, at, shop},
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use store::{ConnectionState, KeyRing, NewConnection, TokenHash};
use tokio::task::JoinSet;

on_both!(a_stolen_disk_tells_no_secret, async |db| {
    let shop = shop(&db.store, "acme").await;
    let key = SecretString::from("pay-link-key-do-not-tell");
    let tx = shop.db.begin().await.unwrap();
    tx.pay_link_add("email", &key, at(0)).await.unwrap();
    tx.commit().await.unwrap();

    let stolen = db.stolen().await;
    assert!(stolen.contains("stripe") && stolen.contains("1:test:"), "this is the place to look");
    assert!(!stolen.contains(SECRET) && !stolen.contains(key.expose_secret()));

    let connection = shop.db.connection_of_kind("gateway").await.unwrap().unwrap();
    assert!(!format!("{connection:?}").contains(SECRET));
    assert_eq!(shop.db.connection_secret(&connection).unwrap().expose_secret(), SECRET);
    let (scope, link) = db.store.door_pay_link(&TokenHash::of(key.expose_secret())).await.unwrap().unwrap();
    assert_eq!((scope.merchant_id(), link.kind.as_str()), (shop.db.merchant_id(), "email"));
    assert!(db.store.door_pay_link(&TokenHash::of("wrong")).await.unwrap().is_none());
});

on_both!(a_secret_moved_to_another_row_stays_shut, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let theirs = bolt.db.connection(bolt.connection).await.unwrap();
    let mut mine = acme.db.connection(acme.connection).await.unwrap();
    mine.secret = theirs.secret;
    assert!(matches!(acme.db.connection_secret(&mine), Err(store::Error::Sealed)));
    mine.secret = None;
    assert!(matches!(acme.db.connection_secret(&mine), Err(store::Error::Missing)));
    assert!(KeyRing::generate("a").unwrap().parse::<KeyRing>().is_ok());
});

on_both!(one_connection_per_kind, async |db| {
    let shop = shop(&db.store, "acme").await;
    let second = NewConnection { kind: "gateway", provider: "stripe", settings: "{}".into(), secret: None };
    let refused = shop.db.begin().await.unwrap().connection_add(second).await.unwrap_err();
    assert!(refused.is_duplicate("one_connection_per_lane"), "{refused:?}");
});

async fn lease(shop: &Shop, version: i32, now: DateTime<Utc>, until: DateTime<Utc>) -> bool {
    let tx = shop.db.begin().await.unwrap();
    let won = tx.connection_lease_refresh(shop.connection, version, now, until).await.unwrap();
    tx.commit().await.unwrap();
    won
}

async fn replace(shop: &Shop, version: i32, secret: &str) -> bool {
    let tx = shop.db.begin().await.unwrap();
    let won = tx.connection_secret_replace(shop.connection, version, &secret.into()).await.unwrap();
    tx.commit().await.unwrap();
    won
}

on_both!(one_of_eight_nodes_may_refresh, async |db| {
    let shop = shop(&db.store, "acme").await;
    let nodes = [shop.db.clone(), shop.on(&db.node().await).await];
    let mut asking = JoinSet::new();
    for scope in nodes.iter().cycle().take(8) {
        let scope = scope.clone();
        let id = shop.connection;
        asking.spawn(async move {
            let tx = scope.begin().await.unwrap();
            let won = tx.connection_lease_refresh(id, 1, at(0), at(1)).await.unwrap();
            tx.commit().await.unwrap();
            won
        });
    }
    assert_eq!(asking.join_all().await.into_iter().filter(|won| *won).count(), 1);
});

on_both!(a_secret_is_replaced_only_over_the_one_that_was_read, async |db| {
    let shop = shop(&db.store, "acme").await;
    assert!(lease(&shop, 1, at(0), at(1)).await);
    assert!(!lease(&shop, 1, at(0), at(1)).await, "somebody has it");
    assert!(replace(&shop, 1, "second").await);
    assert!(!replace(&shop, 1, "late").await);
    assert!(!lease(&shop, 1, at(0), at(1)).await, "nothing to refresh: the secret is new");
    assert!(lease(&shop, 2, at(0), at(1)).await, "free again");
    assert!(lease(&shop, 2, at(2), at(3)).await, "and when a node died with it");
    let tx = shop.db.begin().await.unwrap();
    tx.connection_lease_end(shop.connection, 1).await.unwrap();
    assert!(!tx.connection_lease_refresh(shop.connection, 2, at(2), at(3)).await.unwrap(), "that was another's");
    tx.connection_lease_end(shop.connection, 2).await.unwrap();
    tx.commit().await.unwrap();
    assert!(lease(&shop, 2, at(2), at(3)).await, "let go of");

    let connection = shop.db.connection(shop.connection).await.unwrap();
    assert_eq!(connection.secret_version, 2);
    assert_eq!(shop.db.connection_secret(&connection).unwrap().expose_secret(), "second");
});

on_both!(a_sync_leaves_its_cursor_and_clears_the_error, async |db| {
    let shop = shop(&db.store, "acme").await;
    let tx = shop.db.begin().await.unwrap();
    tx.connection_state(shop.connection, ConnectionState::Broken, Some("revoked")).await.unwrap();
    tx.commit().await.unwrap();
    let row = shop.db.connection(shop.connection).await.unwrap();
    assert_eq!((row.state, row.last_error.as_deref()), (ConnectionState::Broken, Some("revoked")));

    let tx = shop.db.begin().await.unwrap();
    tx.connection_synced(shop.connection, "page-2", at(3)).await.unwrap();
    tx.commit().await.unwrap();
    let row = shop.db.connection(shop.connection).await.unwrap();
    assert_eq!((row.cursor.as_deref(), row.synced_at, row.last_error), (Some("page-2"), Some(at(3)), None));
});

on_both!(s93_a_lane_has_a_row_of_its_own_and_at_first_no_secret, async |db| {
    let shop = shop(&db.store, "acme").await;
    let tx = shop.db.begin().await.unwrap();
    let books = NewConnection { kind: "books", provider: "xero", settings: "{}".into(), secret: Some("first".into()) };
    let books = tx.connection_add(books).await.unwrap();
    let row = tx.connection(books).await.unwrap();
    for _ in 0..2 {
        tx.lane_add("service", &row).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(shop.db.connection_of_kind("books").await.unwrap().unwrap().id, books, "the one that carries the rest");
    let lanes: Vec<_> = shop.db.connections().await.unwrap().into_iter().filter(|row| row.lane == "service").collect();
    let [service] = &lanes[..] else { panic!("{lanes:?}") };
    assert!(service.secret.is_none() && !service.paused);

    let tx = shop.db.begin().await.unwrap();
    tx.connection_connect(service.id, &"second".into()).await.unwrap();
    tx.connection_pause(service.id, true).await.unwrap();
    tx.connection_tested(service.id, "Acme Pty Ltd", at(3)).await.unwrap();
    tx.commit().await.unwrap();
    let service = shop.db.connection(service.id).await.unwrap();
    assert_eq!(shop.db.connection_secret(&service).unwrap().expose_secret(), "second");
    assert_eq!((service.paused, service.tested_at, service.secret_version), (true, Some(at(3)), 2));
    assert_eq!(service.organisation.as_deref(), Some("Acme Pty Ltd"));
});
