//! What partners are told: written with its fact, numbered without gaps, and a queue for each endpoint (D7, D20).

use crate::{
    database::{Db, on_both},
    shop::{Shop, at, shop},
};
use domain::{
    event::EventKind,
    ids::{AttemptId, EndpointId, EventId},
};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeSet;
use store::{Delivery, DeliveryState, Endpoint, Error, EventRow, NewEvent};

const SECRET_OF_ENDPOINT: &str = "whsec_do_not_tell";

async fn add(shop: &Shop, url: &str) -> Result<EndpointId, Error> {
    let tx = shop.db.begin().await.unwrap();
    let id = tx.endpoint_add(url, &SecretString::from(SECRET_OF_ENDPOINT), at(0)).await?;
    tx.commit().await.unwrap();
    Ok(id)
}

/// Writes down that the payment succeeded.
async fn tell(shop: &Shop, attempt: AttemptId) -> Result<(), Error> {
    let tx = shop.db.begin().await.unwrap();
    tx.event_add(NewEvent::of(EventKind::PaymentSucceeded, attempt), at(1)).await?;
    tx.commit().await
}

/// Numbers what waits, as a worker does.
async fn number(shop: &Shop) -> Vec<i64> {
    let tx = shop.db.begin().await.unwrap();
    let (mut sequence, rows) = tx.events_unnumbered(9).await.unwrap();
    let mut given = Vec::new();
    for row in rows {
        sequence += 1;
        given.push(sequence);
        tx.event_number(row.id, sequence, format!("body of {sequence}")).await.unwrap();
    }
    tx.commit().await.unwrap();
    given
}

async fn numbered(shop: &Shop) -> Vec<EventRow> {
    let (mut rows, mut after) = (Vec::new(), 0);
    while let Some(row) = shop.db.event_after(after).await.unwrap() {
        after = row.sequence.unwrap();
        rows.push(row);
    }
    rows
}

fn tried(endpoint: EndpointId, event: EventId, state: DeliveryState, tries: i32) -> Delivery {
    let merchant_id = domain::ids::MerchantId(uuid::Uuid::nil());
    let answer = "HTTP 500 \0".to_owned();
    Delivery { merchant_id, endpoint_id: endpoint, event_id: event, state, tries, answer, tried_at: at(2) }
}

on_both!(d7_events_are_numbered_without_gaps_by_several_workers_and_only_where_somebody_is_told, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let attempt = acme.opened().await.attempt.id;
    let tells = async |shop: &Shop, attempt| {
        let tx = shop.db.begin().await.unwrap();
        tx.attempt_hold_telling(attempt).await.unwrap()
    };
    tell(&acme, attempt).await.unwrap();
    assert!(db.store.door_unnumbered().await.unwrap().is_empty() && !tells(&acme, attempt).await.1, "nobody is told");
    add(&acme, "https://a.example/").await.unwrap();
    assert!(matches!(tell(&bolt, attempt).await, Ok(())), "bolt tells nobody");
    let theirs = bolt.opened().await.attempt.id;
    assert!(!tells(&bolt, theirs).await.1, "though acme does");
    assert_eq!(tells(&acme, attempt).await, (acme.db.attempt(attempt).await.unwrap(), true));
    for _ in 0..5 {
        tell(&acme, attempt).await.unwrap();
    }
    let waiting = db.store.door_unnumbered().await.unwrap();
    let merchants: Vec<_> = waiting.iter().map(|scope| scope.merchant_id()).collect();
    assert_eq!(merchants, [acme.db.merchant_id()]);
    let (one, other) = tokio::join!(number(&acme), number(&acme));
    let given: BTreeSet<_> = one.iter().chain(&other).copied().collect();
    assert_eq!((one.len() + other.len(), given), (5, (1..=5).collect()));
    let rows = numbered(&acme).await;
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row.body == row.sequence.map(|n| format!("body of {n}"))));
    assert_eq!(acme.db.event_head().await.unwrap(), 5);
    let again = acme.db.begin().await.unwrap();
    let twice = again.event_number(rows[0].id, 9, "another".into()).await;
    assert!(matches!(twice, Err(Error::Missing)), "what is numbered stays as it was sent");
});

on_both!(d7_one_url_is_added_once_and_each_endpoint_gets_what_happens_after_it_was_added, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let attempt = acme.opened().await.attempt.id;
    let first = add(&acme, "https://a.example/").await.unwrap();
    let twice = add(&acme, "https://a.example/").await;
    assert!(twice.is_err_and(|cause| cause.is_duplicate("one_endpoint_per_url")));
    add(&bolt, "https://a.example/").await.unwrap();
    tell(&acme, attempt).await.unwrap();
    number(&acme).await;
    let second = add(&acme, "https://b.example/").await.unwrap();
    assert_eq!(behind(db).await, [first], "the second was not there yet");
    tell(&acme, attempt).await.unwrap();
    number(&acme).await;
    assert_eq!(behind(db).await, [first, second]);

    let tx = acme.db.begin().await.unwrap();
    let dead = tx.endpoint_hold(first).await.unwrap();
    let dead = Endpoint { off_since: Some(at(3)), last_error: Some("HTTP 410".into()), ..dead };
    tx.endpoint_move(&dead).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(behind(db).await, [second], "one that was given up holds up no other");
    assert_eq!(acme.db.endpoint(first).await.unwrap(), dead);
});

/// Which endpoints have not got all.
async fn behind(db: &Db) -> Vec<EndpointId> {
    let mut ids: Vec<_> = db.store.door_endpoints_behind().await.unwrap().into_iter().map(|(_, id)| id).collect();
    ids.sort();
    ids
}

on_both!(d7_a_delivery_has_one_row_and_goes_with_its_endpoint_or_its_event, async |db| {
    let acme = shop(&db.store, "acme").await;
    let attempt = acme.opened().await.attempt.id;
    let endpoint = add(&acme, "https://a.example/").await.unwrap();
    let other = add(&acme, "https://b.example/").await.unwrap();
    tell(&acme, attempt).await.unwrap();
    number(&acme).await;
    let event = numbered(&acme).await.remove(0).id;
    let tx = acme.db.begin().await.unwrap();
    tx.delivery_write(tried(endpoint, event, DeliveryState::Failing, 1)).await.unwrap();
    tx.delivery_write(tried(endpoint, event, DeliveryState::Taken, 2)).await.unwrap();
    tx.delivery_write(tried(other, event, DeliveryState::Taken, 1)).await.unwrap();
    tx.commit().await.unwrap();
    let row = acme.db.delivery(endpoint, event).await.unwrap().unwrap();
    assert_eq!((row.state, row.tries, row.answer.as_str()), (DeliveryState::Taken, 2, "HTTP 500 \u{fffd}"));
    assert_eq!(acme.db.deliveries(9).await.unwrap().len(), 2);
    let tx = acme.db.begin().await.unwrap();
    let long_ago = Delivery { tried_at: at(1), ..tried(other, event, DeliveryState::Parked, 10) };
    tx.delivery_write(long_ago).await.unwrap();
    tx.commit().await.unwrap();
    let shown: Vec<_> = acme.db.deliveries(1).await.unwrap().into_iter().map(|row| row.endpoint_id).collect();
    assert_eq!(shown, [other, endpoint], "what was given up is shown, whatever was sent since");

    let tx = acme.db.begin().await.unwrap();
    tx.endpoint_drop(endpoint).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(acme.db.deliveries(9).await.unwrap().len(), 1);
    let tx = acme.db.begin().await.unwrap();
    assert_eq!((tx.events_prune(at(1), 9).await.unwrap(), tx.events_prune(at(2), 9).await.unwrap()), (0, 1));
    tx.commit().await.unwrap();
    assert!(acme.db.deliveries(9).await.unwrap().is_empty());
    assert_eq!(acme.db.event_head().await.unwrap(), 1, "no number comes twice");
});

on_both!(d7_an_endpoint_whose_events_were_all_deleted_while_it_was_off_is_not_behind_for_ever, async |db| {
    let acme = shop(&db.store, "acme").await;
    let attempt = acme.opened().await.attempt.id;
    let endpoint = add(&acme, "https://a.example/").await.unwrap();
    let pass = async || {
        let tx = acme.db.begin().await.unwrap();
        tx.endpoint_pass_deleted(endpoint).await.unwrap();
        tx.commit().await.unwrap();
        acme.db.endpoint(endpoint).await.unwrap().sent_through
    };
    for _ in 0..2 {
        tell(&acme, attempt).await.unwrap();
    }
    number(&acme).await;
    assert_eq!(pass().await, 0, "what is still there is sent");
    let tx = acme.db.begin().await.unwrap();
    assert_eq!(tx.events_prune(at(2), 9).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert_eq!(behind(db).await, [endpoint]);
    assert_eq!(pass().await, 2);
    assert!(behind(db).await.is_empty());
    tell(&acme, attempt).await.unwrap();
    assert_eq!(number(&acme).await, [3]);
    assert_eq!((behind(db).await, pass().await), (vec![endpoint], 2), "and it gets what happens from then on");
});

on_both!(d7_two_secrets_sign_for_a_while_and_neither_is_readable_on_the_disk, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let id = add(&acme, "https://a.example/").await.unwrap();
    let tx = acme.db.begin().await.unwrap();
    let before = tx.endpoint_hold(id).await.unwrap();
    tx.endpoint_secret_replace(&before, &SecretString::from("whsec_fresh"), at(60)).await.unwrap();
    tx.commit().await.unwrap();
    let endpoint = acme.db.endpoint(id).await.unwrap();
    let signing = |minute| {
        let secrets = acme.db.endpoint_secrets(&endpoint, at(minute)).unwrap();
        secrets.iter().map(|secret| secret.expose_secret()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((signing(59), signing(60)), (format!("whsec_fresh {SECRET_OF_ENDPOINT}"), "whsec_fresh".to_owned()));
    assert!(matches!(bolt.db.endpoint_secrets(&endpoint, at(0)), Err(Error::Missing)));
    let stolen = db.texts("SELECT secret || old_secret FROM endpoint").await.join("");
    assert!(stolen.starts_with("1:") && !stolen.contains("whsec") && !db.stolen().await.contains("whsec"));
});

on_both!(d20_no_event_endpoint_or_delivery_of_another_merchant_is_found_or_moved, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let theirs = bolt.opened().await.attempt.id;
    let endpoint = add(&bolt, "https://b.example/").await.unwrap();
    tell(&bolt, theirs).await.unwrap();
    let waiting = acme.db.begin().await.unwrap();
    assert!(waiting.events_unnumbered(9).await.unwrap().1.is_empty());
    waiting.commit().await.unwrap();
    number(&bolt).await;
    let event = numbered(&bolt).await.remove(0).id;
    let tx = bolt.db.begin().await.unwrap();
    tx.delivery_write(tried(endpoint, event, DeliveryState::Taken, 1)).await.unwrap();
    tx.commit().await.unwrap();

    let me = &acme.db;
    assert!(matches!(me.event(event).await, Err(Error::Missing)));
    assert!(matches!(me.endpoint(endpoint).await, Err(Error::Missing)));
    assert!(me.endpoints().await.unwrap().is_empty() && me.deliveries(9).await.unwrap().is_empty());
    assert!(me.events_by_id(vec![event]).await.unwrap().is_empty() && me.event_after(0).await.unwrap().is_none());
    assert!(me.delivery(endpoint, event).await.unwrap().is_none());
    assert_eq!(me.event_head().await.unwrap(), 0);
    add(&acme, "https://a.example/").await.unwrap();
    assert!(matches!(tell(&acme, theirs).await, Err(Error::Missing)), "of another merchant's payment");

    let row = bolt.db.endpoint(endpoint).await.unwrap();
    let tx = acme.db.begin().await.unwrap();
    assert!(matches!(tx.endpoint_hold(endpoint).await, Err(Error::Missing)));
    assert!(matches!(tx.endpoint_move(&row).await, Err(Error::Missing)));
    let secret = SecretString::from("whsec_mine");
    assert!(matches!(tx.endpoint_secret_replace(&row, &secret, at(9)).await, Err(Error::Missing)));
    assert!(matches!(tx.event_number(event, 9, String::new()).await, Err(Error::Missing)));
    tx.endpoint_drop(endpoint).await.unwrap();
    assert_eq!(tx.events_prune(at(9), 9).await.unwrap(), 0);
    tx.commit().await.unwrap();
    assert_eq!(bolt.db.endpoint(endpoint).await.unwrap(), row);
    let foreign = acme.db.begin().await.unwrap();
    let stamped = foreign.delivery_write(tried(endpoint, event, DeliveryState::Taken, 1)).await;
    assert!(matches!(stamped, Err(Error::Missing)), "the stamp is the scope's");
});
