//! Facts about an attempt: appended in order, folded into a cache, and applied one after the other (D3).

use crate::{
    database::on_both,
    shop::{Shop, at, shop},
};
use domain::{
    ids::AttemptId,
    payment::{AttemptState, DeclineReason, Fact, Observation, Source, StepAnswer},
};
use store::{Error, MerchantDb, Observed};
use tokio::task::JoinSet;
use uuid::Uuid;

fn seen(fact: Fact, source: Source) -> Observed {
    Observed { seen: Observation::bare(fact), source, at: at(1) }
}

on_both!(facts_come_back_in_the_order_in_which_they_were_seen, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = shop.opened().await.attempt.id;
    let facts = [
        seen(Fact::Unanswered, Source::Reply),
        seen(Fact::Approved, Source::LookUp),
        seen(Fact::Approved, Source::Webhook),
        seen(Fact::BankNo { reason: DeclineReason::InsufficientFunds }, Source::Webhook),
    ];
    // The last one is written first, as by a node whose clock is behind: the order is that of the places.
    for (place, fact) in facts.iter().enumerate().rev() {
        let tx = shop.db.begin().await.unwrap();
        tx.observation_add(attempt, place, fact).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(shop.db.observations(attempt).await.unwrap(), facts);
});

on_both!(d4_the_sweep_finds_what_nobody_heard_of_and_nothing_else, async |db| {
    let shop = shop(&db.store, "acme").await;
    let [two, three] = shop.invoices(&["INV-2", "INV-3"]).await.try_into().unwrap();
    let mut heard = shop.order_of(&[two]);
    heard.attempt.state = AttemptState::Unknown;
    let mut young = shop.order_of(&[three]);
    young.attempt.created_at = at(5);
    for order in [&heard, &young] {
        shop.open(order.clone()).await.unwrap();
    }
    let lost = shop.opened().await.attempt;

    let swept = db.store.door_unheard(at(5), 10).await.unwrap();
    let swept: Vec<_> = swept.into_iter().map(|(scope, attempt)| (scope.merchant_id(), attempt)).collect();
    assert_eq!(swept, [(lost.merchant_id, lost)]);
    assert!(db.store.door_unheard(at(9), 0).await.unwrap().is_empty());
});

on_both!(n13_a_reading_by_the_key_begins_before_the_first_whatever_the_nodes_clocks_say, async |db| {
    const HOUR_MS: u128 = 60 * 60 * 1_000;
    let shop = shop(&db.store, "acme").await;
    let [two, three] = shop.invoices(&["INV-2", "INV-3"]).await.try_into().unwrap();
    shop.opened().await;
    let (mut first, mut second) = (shop.order_of(&[two]), shop.order_of(&[three]));
    first.attempt.created_at = at(10);
    // By a node whose clock is behind.
    let id = AttemptId(Uuid::from_u128(first.attempt.id.0.as_u128() - (HOUR_MS << 80)));
    (second.attempt.id, second.consent.attempt_id, second.attempt.created_at) = (id, id, at(20));
    for order in [&first, &second] {
        shop.open(order.clone()).await.unwrap();
    }
    let read = async |since, after| {
        let records = shop.db.attempt_records(at(since), after, 9).await.unwrap();
        records.into_iter().map(|record| record.attempt.id).collect::<Vec<_>>()
    };
    assert_eq!(read(5, None).await, [id, first.attempt.id]);
    assert_eq!(read(5, Some(id)).await, [first.attempt.id]);
    assert_eq!(read(15, None).await, [id]);
    assert!(read(30, None).await.is_empty());
});

on_both!(d2_a_step_is_answered_once_and_by_nobody_else, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let attempt = acme.opened().await.attempt;
    let through = async |shop: &Shop| shop.db.attempts_through(attempt.connection_id, at(0)).await.unwrap();
    assert_eq!((through(&acme).await, through(&bolt).await), (vec![attempt.clone()], Vec::new()));
    assert_eq!(acme.db.step_answered(attempt.id).await.unwrap(), None);
    for asked in [StepAnswer::Refused, StepAnswer::Confirmed, StepAnswer::Cancelled] {
        assert_eq!(acme.db.step_answer(attempt.id, asked, at(2)).await.unwrap(), StepAnswer::Refused, "{asked:?}");
    }
    assert!(bolt.db.step_answer(attempt.id, StepAnswer::Confirmed, at(3)).await.is_err(), "it is not theirs");
    assert_eq!(bolt.db.step_answered(attempt.id).await.unwrap(), None);
});

on_both!(the_cache_of_the_fold_writes_all_of_it_and_nothing_else, async |db| {
    let shop = shop(&db.store, "acme").await;
    let mut attempt = shop.opened().await.attempt;
    attempt.state = AttemptState::Returned;
    attempt.reason = Some("account_closed".into());
    attempt.contradicted = true;
    attempt.gateway_id = Some("pi_1".into());
    attempt.charge_id = Some("ch_1".into());
    attempt.method = Some("Visa ··4242".into());
    attempt.action_url = Some("https://bank.example".into());
    attempt.action_fields = Some(r#"[["token","1"]]"#.into());
    attempt.updated_at = at(2);
    let sent = store::Attempt {
        idempotency_key: "another".into(),
        currency: "KWD".into(),
        amount_minor: i64::MIN,
        description: "Facture n° 1".into(),
        return_url: "https://pay.example/1".into(),
        cancel_url: "https://pay.example/2".into(),
        method_token: Some("pm_1".into()),
        created_at: at(1),
        ..attempt.clone()
    };
    cache(&shop, sent).await.unwrap();
    assert_eq!(shop.db.attempt(attempt.id).await.unwrap(), attempt, "what it was begun with stays");
    assert_eq!(shop.db.attempt_by_gateway_id("pi_1").await.unwrap(), Some(attempt.clone()));
    assert_eq!(shop.db.attempts_contradicted().await.unwrap(), [attempt.clone()]);
    for (number, quoting) in [("pi_1", 1), ("ch_1", 1), ("PI_1", 0), ("pi_1\0", 0)] {
        assert_eq!(shop.db.attempts_quoting(number).await.unwrap().len(), quoting, "{number:?}");
    }

    attempt.gateway_id = None;
    attempt.contradicted = false;
    cache(&shop, attempt.clone()).await.unwrap();
    assert_eq!(shop.db.attempt(attempt.id).await.unwrap(), attempt, "and empties them");
    assert!(shop.db.attempts_contradicted().await.unwrap().is_empty());
});

async fn cache(shop: &Shop, attempt: store::Attempt) -> Result<(), Error> {
    let tx = shop.db.begin().await?;
    tx.attempt_cache(attempt).await?;
    tx.commit().await
}

/// Reads a number out of the attempt, adds one and writes it back, as a recorder does with its fold.
async fn record(db: MerchantDb, attempt: AttemptId) -> Result<(), Error> {
    let tx = db.begin().await?;
    let mut held = tx.attempt_hold(attempt).await?;
    let before: u32 = held.action_url.map_or(0, |count| count.parse().unwrap());
    tokio::task::yield_now().await;
    held.action_url = Some((before + 1).to_string());
    tx.attempt_cache(held).await?;
    tx.commit().await
}

on_both!(two_recorders_never_overwrite_each_other, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = shop.opened().await.attempt.id;
    let other = shop.on(&db.node().await).await;
    let mut recorders = JoinSet::new();
    for _ in 0..15 {
        recorders.spawn(record(shop.db.clone(), attempt));
        recorders.spawn(record(other.clone(), attempt));
    }
    for recorded in recorders.join_all().await {
        recorded.unwrap();
    }
    assert_eq!(shop.db.attempt(attempt).await.unwrap().action_url.as_deref(), Some("30"));
});

on_both!(the_newest_attempt_speaks_for_its_payment, async |db| {
    let shop = shop(&db.store, "acme").await;
    let order = shop.opened().await;
    let latest = shop.db.latest_attempts(vec![order.payment.id]).await.unwrap();
    assert_eq!(latest[&order.payment.id], order.attempt);
    assert_eq!(shop.db.payment_of_checkout(shop.checkout).await.unwrap(), Some(order.payment));
});
