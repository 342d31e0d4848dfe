//! A session is worth what its person is today.

use crate::{
    database::{Db, on_both},
    shop::{Shop, at, shop},
};
use domain::ids::PersonId;
use sea_orm::ConnectionTrait;
use store::{PlaceDoor, PlaceRow, TokenHash};

async fn person(db: &Db, email: &str, operator: bool) -> PersonId {
    db.store.person_add(email, "$argon2id$", operator, at(0)).await.unwrap()
}

/// Signs in to the place of this number and goes through its door.
async fn enter(db: &Db, person: PersonId, place: usize) -> (TokenHash, Option<PlaceDoor>) {
    let row = db.store.person(person).await.unwrap().unwrap();
    let places = db.store.person_places(&row).await.unwrap();
    let token = TokenHash::of(&format!("token-{place}"));
    db.store.session_start(&token, person, &places[place], at(0), at(60)).await.unwrap();
    let door = door(db, &token).await;
    (token, door)
}

async fn door(db: &Db, token: &TokenHash) -> Option<PlaceDoor> {
    let session = db.store.session(token).await.unwrap().unwrap();
    db.store.door_session(&session).await.unwrap()
}

async fn staff(shop: &Shop, person: PersonId) {
    let tx = shop.db.begin().await.unwrap();
    tx.staff_add(person, at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

on_both!(a_session_lives_from_its_start_to_its_end, async |db| {
    let who = person(db, "op@wise.example", true).await;
    let (token, door) = enter(db, who, 0).await;
    assert!(matches!(door, Some(PlaceDoor::Operator)));
    let session = db.store.session(&token).await.unwrap().unwrap();
    assert_eq!((session.person_id, session.seen_at, session.expires_at), (who, at(0), at(60)));
    db.store.session_seen(&token, at(7)).await.unwrap();
    assert_eq!(db.store.session(&token).await.unwrap().unwrap().seen_at, at(7));
    db.store.session_end(&token).await.unwrap();
    assert_eq!(db.store.session(&token).await.unwrap(), None);
    assert_eq!(db.texts("SELECT token_hash FROM session").await, Vec::<String>::new());
});

on_both!(d20_every_place_opens_its_own_door, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let who = person(db, "both@wise.example", false).await;
    staff(&acme, who).await;
    let tx = bolt.db.begin().await.unwrap();
    let payer_id = tx.payer_add(who, bolt.customer, at(0)).await.unwrap();
    tx.commit().await.unwrap();

    let Some(PlaceDoor::Admin(scope)) = enter(db, who, 0).await.1 else { panic!("staff of acme") };
    assert_eq!(scope.merchant_id(), acme.db.merchant_id());
    let Some(PlaceDoor::Payer { db: scope, payer, customer }) = enter(db, who, 1).await.1 else { panic!("a payer") };
    assert_eq!((scope.merchant_id(), payer, customer), (bolt.db.merchant_id(), payer_id, bolt.customer));
});

on_both!(whoever_loses_a_place_is_out_at_once, async |db| {
    let shop = shop(&db.store, "acme").await;
    let who = person(db, "admin@acme.example", true).await;
    staff(&shop, who).await;
    let tx = shop.db.begin().await.unwrap();
    tx.payer_add(who, shop.customer, at(0)).await.unwrap();
    tx.commit().await.unwrap();
    for (place, lost) in
        [(0, "UPDATE person SET operator = FALSE"), (0, "DELETE FROM staff"), (0, "UPDATE person SET active = FALSE")]
    {
        let (token, before) = enter(db, who, place).await;
        assert!(before.is_some());
        db.bare().await.execute_unprepared(lost).await.unwrap();
        assert!(door(db, &token).await.is_none(), "{lost}");
        db.store.session_end(&token).await.unwrap();
    }
});

on_both!(d20_a_session_does_not_open_what_its_person_never_had, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let (who, other) = (person(db, "a@x.example", false).await, person(db, "b@x.example", false).await);
    let tx = bolt.db.begin().await.unwrap();
    let payer = tx.payer_add(other, bolt.customer, at(0)).await.unwrap();
    tx.commit().await.unwrap();
    let (merchant, merchant_name) = (bolt.db.merchant_id(), String::new());
    let customer_name = String::new();
    for (number, place) in [
        PlaceRow::Operator,
        PlaceRow::Admin { merchant: acme.db.merchant_id(), merchant_name: merchant_name.clone() },
        PlaceRow::Payer { merchant, merchant_name, payer, customer: bolt.customer, customer_name },
    ]
    .into_iter()
    .enumerate()
    {
        let token = TokenHash::of(&number.to_string());
        db.store.session_start(&token, who, &place, at(0), at(60)).await.unwrap();
        assert!(door(db, &token).await.is_none(), "{place:?}");
    }
});

on_both!(sessions_that_are_over_are_deleted, async |db| {
    let who = person(db, "op@wise.example", true).await;
    for (token, seen) in [("used", 50), ("left", 0), ("also left", 1)] {
        let token = TokenHash::of(token);
        db.store.session_start(&token, who, &PlaceRow::Operator, at(0), at(60)).await.unwrap();
        db.store.session_seen(&token, at(seen)).await.unwrap();
    }
    assert_eq!(db.store.sessions_prune(at(50), at(20), 1).await.unwrap(), 1);
    assert_eq!(db.store.sessions_prune(at(50), at(20), 9).await.unwrap(), 1);
    assert!(db.store.session(&TokenHash::of("used")).await.unwrap().is_some());
    assert_eq!(db.store.sessions_prune(at(60), at(20), 9).await.unwrap(), 1, "its absolute limit");
});
