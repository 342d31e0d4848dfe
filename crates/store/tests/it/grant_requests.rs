//! What staff ask the books' vendor for: one answer, in time, of the session that asked.

use crate::{
    database::{Db, on_both},
    shop::{Shop, at, shop},
};
use secrecy::{ExposeSecret, SecretString};
use store::{Error, PlaceRow, TokenHash};

const SECRET: &str = "verifier-do-not-tell";

/// The hash of somebody's session.
async fn session(db: &Db, token: &str) -> String {
    let who = db.store.person_add(&format!("{token}@wise.example"), "$argon2id$", true, at(0)).await.unwrap();
    let token = TokenHash::of(token);
    db.store.session_start(&token, who, &PlaceRow::Operator, at(0), at(60)).await.unwrap();
    token.into_text()
}

async fn ask(shop: &Shop, session: &str, state: &str) {
    let tx = shop.db.begin().await.unwrap();
    tx.grant_request_put(session, &TokenHash::of(state), &SECRET.into(), at(10)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn take(shop: &Shop, session: &str, state: &str, minute: i64) -> bool {
    let tx = shop.db.begin().await.unwrap();
    let taken = tx.grant_request_take(session, &TokenHash::of(state), at(minute)).await.unwrap();
    tx.commit().await.unwrap();
    taken
}

async fn keep(shop: &Shop, session: &str, state: &str, secret: Option<&str>) -> Result<(), Error> {
    let (tx, state) = (shop.db.begin().await.unwrap(), TokenHash::of(state).into_text());
    let kept = tx.grant_request_keep(session, &state, secret.map(SecretString::from).as_ref()).await;
    tx.commit().await.unwrap();
    kept
}

on_both!(an_answer_counts_once_in_time_and_for_the_session_that_asked, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let (mine, other) = (session(db, "mine").await, session(db, "other").await);
    ask(&acme, &mine, "one").await;
    assert!(!take(&acme, &mine, "another", 1).await, "another state");
    assert!(!take(&acme, &other, "one", 1).await, "another session");
    assert!(!take(&bolt, &mine, "one", 1).await, "another merchant");
    assert!(!take(&acme, &mine, "one", 10).await, "too late");
    assert!(take(&acme, &mine, "one", 9).await);
    assert!(!take(&acme, &mine, "one", 9).await, "once");

    ask(&acme, &mine, "two").await;
    assert!(!take(&acme, &mine, "one", 1).await, "the later request counts");
    assert!(take(&acme, &mine, "two", 1).await);
});

on_both!(what_is_kept_of_a_request_is_sealed_and_ends_with_it_and_with_its_session, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let mine = session(db, "mine").await;
    ask(&acme, &mine, "one").await;
    let row = acme.db.grant_request(&mine).await.unwrap().unwrap();
    assert_eq!(acme.db.grant_request_secret(&row).unwrap().expose_secret(), SECRET);
    assert!(matches!(bolt.db.grant_request_secret(&row), Err(Error::Missing)));
    assert!(bolt.db.grant_request(&mine).await.unwrap().is_none());
    assert!(!db.stolen().await.contains(SECRET) && !format!("{row:?}").contains(SECRET));

    keep(&acme, &mine, "one", Some("tokens")).await.unwrap();
    let row = acme.db.grant_request(&mine).await.unwrap().unwrap();
    assert_eq!(acme.db.grant_request_secret(&row).unwrap().expose_secret(), "tokens");
    keep(&acme, &mine, "one", None).await.unwrap();
    let row = acme.db.grant_request(&mine).await.unwrap().unwrap();
    assert!(matches!(acme.db.grant_request_secret(&row), Err(Error::Missing)), "it has come to its end");

    db.store.session_end(&TokenHash::of("mine")).await.unwrap();
    assert!(acme.db.grant_request(&mine).await.unwrap().is_none());
    assert!(matches!(keep(&acme, &mine, "one", None).await, Err(Error::Missing)));
});

on_both!(n6_what_comes_of_a_request_is_nothing_to_the_one_that_took_its_place, async |db| {
    let acme = shop(&db.store, "acme").await;
    let mine = session(db, "mine").await;
    ask(&acme, &mine, "one").await;
    assert!(take(&acme, &mine, "one", 1).await);
    ask(&acme, &mine, "two").await;
    // The first answer is being traded still.
    assert!(matches!(keep(&acme, &mine, "one", Some("tokens of one")).await, Err(Error::Missing)));
    assert!(matches!(keep(&acme, &mine, "one", None).await, Err(Error::Missing)));
    assert!(take(&acme, &mine, "two", 2).await);
    let row = acme.db.grant_request(&mine).await.unwrap().unwrap();
    assert_eq!(acme.db.grant_request_secret(&row).unwrap().expose_secret(), SECRET, "its own verifier");
});
