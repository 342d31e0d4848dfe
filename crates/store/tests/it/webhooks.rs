//! A vendor tells everything at least once; we store it once (D5, D6).

use crate::{
    database::on_both,
    shop::{Shop, at, shop},
};
use store::{Error, NewWebhook, Webhook, WebhookState};

async fn receive(shop: &Shop, event_id: &str, raw: &str) -> Webhook {
    let new = NewWebhook {
        connection: shop.connection,
        event_id: event_id.into(),
        kind: "charge.succeeded".into(),
        news: "{}".into(),
        raw: raw.into(),
    };
    let tx = shop.db.begin().await.unwrap();
    let row = tx.webhook_receive(new, at(0)).await.unwrap();
    tx.commit().await.unwrap();
    row
}

on_both!(d5_an_event_delivered_twice_is_the_first_row, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let first = receive(&acme, "evt_1", "first").await;
    assert_eq!((first.state, first.received_at), (WebhookState::Received, at(0)));
    let again = receive(&acme, "evt_1", "second").await;
    assert_eq!(again, first);
    assert_ne!(receive(&bolt, "evt_1", "theirs").await.id, first.id, "another merchant's event of the same name");

    let tx = acme.db.begin().await.unwrap();
    tx.webhook_move(first.id, WebhookState::Processed).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(receive(&acme, "evt_1", "third").await.state, WebhookState::Processed);
});

on_both!(staff_are_told_when_news_of_a_connection_came_last, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    receive(&acme, "evt_1", "{}").await;
    let newest = async |shop: &Shop| shop.db.webhook_newest_at(acme.connection).await.unwrap();
    assert_eq!((newest(&acme).await, newest(&bolt).await), (Some(at(0)), None), "and nobody else is");
    assert_eq!(bolt.db.webhook_newest_at(bolt.connection).await.unwrap(), None);
});

on_both!(d6_news_about_nothing_we_know_is_parked, async |db| {
    let shop = shop(&db.store, "acme").await;
    let row = receive(&shop, "evt_2", "{}").await;
    assert!(shop.db.webhooks_parked(9).await.unwrap().is_empty());
    let tx = shop.db.begin().await.unwrap();
    tx.webhook_move(row.id, WebhookState::Parked).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.db.webhooks_parked(9).await.unwrap().len(), 1);
    assert_eq!(shop.db.webhook(row.id).await.unwrap().state, WebhookState::Parked);
});

on_both!(d6_parked_news_that_can_be_read_at_last_is_received_anew_and_no_other, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let row = receive(&acme, "evt_1", "{}").await;
    let read_anew = async |shop: &Shop| {
        let new = NewWebhook {
            connection: shop.connection,
            event_id: "evt_1".into(),
            kind: "charge.refunded".into(),
            news: "[]".into(),
            raw: "later".into(),
        };
        let tx = shop.db.begin().await.unwrap();
        let read = tx.webhook_read_anew(row.id, new).await;
        tx.commit().await.unwrap();
        read
    };
    assert!(matches!(read_anew(&acme).await, Err(Error::Missing)), "it is not parked");
    let tx = acme.db.begin().await.unwrap();
    tx.webhook_move(row.id, WebhookState::Parked).await.unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(read_anew(&bolt).await, Err(Error::Missing)), "it is another merchant's");
    read_anew(&acme).await.unwrap();
    let now = acme.db.webhook(row.id).await.unwrap();
    assert_eq!((now.state, now.kind.as_str(), now.news.as_str()), (WebhookState::Received, "charge.refunded", "[]"));
    assert_eq!((now.raw.as_str(), now.received_at), ("later", at(0)));
});

on_both!(s66_several_news_of_one_connection_are_ended_at_once_and_nobody_elses, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let mut news = Vec::new();
    for event in ["evt_1", "evt_2", "evt_3"] {
        news.push(receive(&acme, event, "{}").await.id);
    }
    let theirs = receive(&bolt, "evt_1", "{}").await.id;
    let of = async |shop: &Shop, connection| {
        let ids = [&news[..], &[theirs]].concat();
        let mut found = shop.db.webhooks_received(connection, ids).await.unwrap();
        found.sort_by_key(|row| row.event_id.clone());
        found.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(of(&acme, acme.connection).await, news);
    assert!(of(&acme, bolt.connection).await.is_empty(), "another connection");
    assert!(of(&bolt, acme.connection).await.is_empty(), "another merchant");

    let tx = acme.db.begin().await.unwrap();
    tx.webhook_move(news[2], WebhookState::Parked).await.unwrap();
    tx.webhooks_processed(vec![news[0], news[2], theirs]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(of(&acme, acme.connection).await, [news[1]]);
    assert_eq!(acme.db.webhook(news[2]).await.unwrap().state, WebhookState::Parked, "it was worked already");
    assert_eq!(of(&bolt, bolt.connection).await, [theirs]);
});

on_both!(the_raw_bytes_of_old_processed_news_go_and_the_row_stays, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (done, parked) = (receive(&shop, "evt_1", "raw").await, receive(&shop, "evt_2", "raw").await);
    let waiting = receive(&shop, "evt_3", "raw").await;
    let tx = shop.db.begin().await.unwrap();
    tx.webhook_move(done.id, WebhookState::Processed).await.unwrap();
    tx.webhook_move(parked.id, WebhookState::Parked).await.unwrap();
    assert_eq!(tx.webhooks_prune(at(0), 9).await.unwrap(), 0, "too young");
    assert_eq!((tx.webhooks_prune(at(1), 9).await.unwrap(), tx.webhooks_prune(at(1), 9).await.unwrap()), (1, 0));
    tx.commit().await.unwrap();
    for (row, raw) in [(&done, ""), (&parked, "raw"), (&waiting, "raw")] {
        assert_eq!(shop.db.webhook(row.id).await.unwrap().raw, raw);
    }
    assert_eq!(receive(&shop, "evt_1", "again").await.state, WebhookState::Processed, "still known");
});
